/* SPDX-License-Identifier: Apache-2.0 */
#include "socket.h"

#include <errno.h>
#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/listener.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "../lib/cleanup.h"
#include "memory.h"

enum { REQUEST_MAX = 64 << 10, CLIENTS_MAX = 32, BACKLOG = 256 };

static const struct timeval IDLE = {10, 0};

struct socket {
	struct evconnlistener *listener;
	struct request_ops ops;
	struct socket_stats stats;
	char path[108];
	unsigned int n_clients;
	struct client *clients;
};

struct client {
	struct socket *socket;
	struct bufferevent *stream;
	bool closing; /* as soon as the answer is out */
	struct client *next, **prev;
};

/* ---- clients -------------------------------------------------------- */

static void client_free(struct client *c)
{
	struct socket *s = c->socket;

	*c->prev = c->next;
	if (c->next)
		c->next->prev = c->prev;
	bufferevent_free(c->stream);
	free(c);
	s->n_clients--;
	evconnlistener_enable(s->listener);
}

static void send_line(struct client *c, char *text)
{
	struct evbuffer *out = bufferevent_get_output(c->stream);

	if (text)
		evbuffer_add_printf(out, "%s\n", text);
	cJSON_free(text);
}

static void refuse(struct client *c, const char *reason)
{
	c->socket->stats.failed++;
	c->closing = true;
	bufferevent_disable(c->stream, EV_READ);
	send_line(c, request_refuse(reason));
}

static void on_read(struct bufferevent *stream, void *arg)
{
	struct evbuffer *in = bufferevent_get_input(stream);
	struct client *c = arg;
	struct socket *s = c->socket;
	char *line;
	size_t len;
	bool ok;

	while (!c->closing &&
	       (line = evbuffer_readln(in, &len, EVBUFFER_EOL_LF))) {
		s->stats.requests++;
		send_line(c, request_answer(&s->ops, line, len, &ok));
		s->stats.failed += !ok;
		free(line);
	}
	if (!c->closing && evbuffer_get_length(in) >= REQUEST_MAX)
		refuse(c, "request is longer than 64 KiB");
}

static void on_written(struct bufferevent *stream, void *arg)
{
	struct client *c = arg;

	(void)stream;
	if (c->closing)
		client_free(c);
}

/* The end, an error, or nothing heard for a while. What was sent last may
 * still be on its way out. */
static void on_event(struct bufferevent *stream, short what, void *arg)
{
	struct client *c = arg;

	if (what & BEV_EVENT_EOF &&
	    evbuffer_get_length(bufferevent_get_output(stream))) {
		c->closing = true;
		return;
	}
	client_free(c);
}

static void on_client(struct evconnlistener *listener, evutil_socket_t fd,
		      struct sockaddr *addr, int len, void *arg)
{
	struct event_base *base = evconnlistener_get_base(listener);
	struct client *c = memory_alloc(sizeof(*c));
	struct socket *s = arg;

	(void)addr;
	(void)len;
	c->socket = s;
	c->stream = bufferevent_socket_new(base, fd, BEV_OPT_CLOSE_ON_FREE);
	if (!c->stream) {
		close(fd);
		free(c);
		return;
	}
	c->next = s->clients;
	c->prev = &s->clients;
	if (c->next)
		c->next->prev = &c->next;
	s->clients = c;
	bufferevent_setcb(c->stream, on_read, on_written, on_event, c);
	bufferevent_setwatermark(c->stream, EV_READ, 0, REQUEST_MAX);
	bufferevent_set_timeouts(c->stream, &IDLE, &IDLE);
	bufferevent_enable(c->stream, EV_READ | EV_WRITE);
	/* The others wait in the queue until one is done. */
	if (++s->n_clients == CLIENTS_MAX)
		evconnlistener_disable(listener);
}

/* ---- the socket ----------------------------------------------------- */

static int listen_at(const char *path, int *out, struct err *e)
{
	struct sockaddr_un addr = {.sun_family = AF_UNIX};
	__cleanup(fd_close) int fd = -1;
	mode_t mask;
	int rc;

	strcpy(addr.sun_path, path);
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return err_sys(e, errno, "socket");
	unlink(path);
	mask = umask(0177);
	rc = bind(fd, (struct sockaddr *)&addr, sizeof(addr)) ||
	     listen(fd, BACKLOG);
	umask(mask);
	if (rc)
		return err_sys(e, errno, "listen at %s", path);
	*out = take_fd(&fd);
	return 0;
}

static int listener_open(struct socket *s, struct event_base *base,
			 struct err *e)
{
	int fd = -1, rc = listen_at(s->path, &fd, e);

	if (rc)
		return rc;
	s->listener = evconnlistener_new(
		base, on_client, s,
		LEV_OPT_CLOSE_ON_FREE | LEV_OPT_CLOSE_ON_EXEC, 0, fd);
	if (s->listener)
		return 0;
	close(fd);
	return err_set(e, ENOMEM, "out of memory");
}

int socket_open(struct event_base *base, const char *state_dir,
		const struct request_ops *ops, struct socket **out,
		struct err *e)
{
	struct socket *s = memory_alloc(sizeof(*s));

	*out = s;
	s->ops = *ops;
	if (snprintf(s->path, sizeof(s->path), "%s/agent.sock", state_dir) >=
	    (int)sizeof(s->path)) {
		s->path[0] = 0;
		return err_set(e, ENAMETOOLONG,
			       "state-dir %s: too long for a socket's path",
			       state_dir);
	}
	return listener_open(s, base, e);
}

/* Who is connected stays so: a connection needs no file. */
int socket_heal(struct socket *s, struct err *e)
{
	struct evconnlistener *old = s->listener;
	struct stat st;
	int rc;

	if (!old || !lstat(s->path, &st) || errno != ENOENT)
		return 0;
	rc = listener_open(s, evconnlistener_get_base(old), e);
	if (rc) {
		s->listener = old;
		return rc;
	}
	evconnlistener_free(old);
	return 0;
}

void socket_close(struct socket *s)
{
	if (!s)
		return;
	while (s->clients)
		client_free(s->clients);
	if (s->listener) {
		evconnlistener_free(s->listener);
		unlink(s->path);
	}
	free(s);
}

const struct socket_stats *socket_stats(const struct socket *s)
{
	return &s->stats;
}
