/* SPDX-License-Identifier: Apache-2.0 */
#include "kube_http_world.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../../lib/cleanup.h"
#include "../../lib/state.h"

/* ---- the server ------------------------------------------------------- */

struct http_world w = {.dir = "/tmp/fairlead-http-XXXXXX"};
static pid_t server;
static int server_stdin = -1;

static struct {
	char name[16];
	int port;
} ports[16];

int start_server(void **state)
{
	int in[2], out[2], n = 0;
	char line[64];
	FILE *f;

	(void)state;
	if (!mkdtemp(w.dir) || pipe2(in, O_CLOEXEC) || pipe2(out, O_CLOEXEC))
		return -1;
	server = fork();
	if (!server) {
		dup2(in[0], 0);
		dup2(out[1], 1);
		execl("/usr/bin/python3", "python3", "test/kube/http_server.py",
		      w.dir, NULL);
		_exit(127);
	}
	close(in[0]);
	close(out[1]);
	server_stdin = in[1];
	f = fdopen(out[0], "r");
	while (n < 16 && fgets(line, sizeof(line), f) &&
	       sscanf(line, "%15s %d", ports[n].name, &ports[n].port) == 2)
		n++;
	fclose(f);
	return n ? 0 : -1;
}

int stop_server(void **state)
{
	char command[128];

	(void)state;
	close(server_stdin); /* its sign to end */
	waitpid(server, NULL, 0);
	snprintf(command, sizeof(command), "rm -rf %s", w.dir);
	return system(command);
}

int port_of(const char *name)
{
	for (size_t i = 0; i < 16; i++)
		if (!strcmp(ports[i].name, name))
			return ports[i].port;
	fail_msg("no server %s", name);
	return 0;
}

/* ---- a client --------------------------------------------------------- */

char *format(const char *fmt, ...)
{
	va_list ap;
	char *text;

	va_start(ap, fmt);
	assert_true(vasprintf(&text, fmt, ap) >= 0);
	va_end(ap);
	return text;
}

void copy_file(const char *from, const char *to)
{
	__cleanup(mem_free) char *source = format("%s/%s", w.dir, from);
	__cleanup(mem_free) char *target = format("%s/%s", w.dir, to);
	__cleanup(mem_free) char *data = NULL;
	size_t len;

	assert_int_equal(file_read(source, 1 << 20, &data, &len, NULL), 0);
	assert_int_equal(file_write_atomic(target, data, len, 0600, NULL), 0);
}

void put_token(const char *token)
{
	__cleanup(mem_free) char *path = format("%s/token", w.dir);

	assert_int_equal(
		file_write_atomic(path, token, strlen(token), 0600, NULL), 0);
}

int setup(void **state)
{
	(void)state;
	memset(&w.err, 0, sizeof(w.err));
	w.base = event_base_new();
	copy_file("ca.crt", "roots.crt");
	w.config.ca_file = format("%s/roots.crt", w.dir);
	return w.base ? 0 : -1;
}

int teardown(void **state)
{
	(void)state;
	kube_http_close(w.http);
	w.http = NULL;
	event_base_free(w.base);
	kube_config_free(&w.config);
	return 0;
}

void open_host(const char *scheme, const char *host, const char *name)
{
	w.config.server = format("%s://%s:%d", scheme, host, port_of(name));
	if (kube_http_open(w.base, &w.config, &w.http, &w.err))
		fail_msg("%s", w.err.msg);
}

void open_to(const char *name)
{
	open_host("https", "127.0.0.1", name);
}

/* The pointer of a call is no good once it has ended. */
void cancel(struct fetch *f)
{
	kube_http_cancel(f->call);
	f->call = NULL;
}

static void close_http(void)
{
	kube_http_close(w.http);
	w.http = NULL;
}

static int on_data(const char *data, size_t len, void *arg)
{
	struct fetch *f = arg;

	assert_int_equal(f->n_done, 0);
	f->n_data++;
	for (size_t i = 0; i < len; i++, f->len++)
		if (f->len + 1 < sizeof(f->body))
			f->body[f->len] = data[i];
	if (f->cancels)
		cancel(f->cancels);
	if (f->closes_in_data)
		close_http();
	return f->stops;
}

static void on_done(const struct kube_result *r, void *arg)
{
	struct fetch *f = arg;
	const struct kube_request again = {.path = "/echo"};

	f->r = *r;
	f->n_done++;
	if (f->cancels)
		cancel(f->cancels);
	f->call = NULL;
	if (f->starts)
		start(f->starts, &again);
	if (f->closes_in_done)
		close_http();
}

void start(struct fetch *f, const struct kube_request *r)
{
	struct kube_request request = *r;

	request.data = on_data;
	request.done = on_done;
	request.arg = f;
	f->call = kube_http_start(w.http, &request);
	assert_int_equal(f->n_done, 0);
}

static void give_up(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	*(bool *)arg = true;
}

/* Lets the loop run until *n is at least want; it is broken after 30 s. */
void run_until(const int *n, int want)
{
	struct timeval tv = {.tv_sec = 30};
	bool over = false;
	struct event *guard = evtimer_new(w.base, give_up, &over);

	event_add(guard, &tv);
	while (*n < want && !over)
		event_base_loop(w.base, EVLOOP_ONCE);
	event_free(guard);
	assert_false(over);
}

void run_for_ms(int ms)
{
	struct timeval tv = {.tv_sec = ms / 1000, .tv_usec = ms % 1000 * 1000};
	bool over = false;
	struct event *guard = evtimer_new(w.base, give_up, &over);

	event_add(guard, &tv);
	while (!over)
		event_base_loop(w.base, EVLOOP_ONCE);
	event_free(guard);
}

struct fetch get(const char *path)
{
	const struct kube_request r = {.path = path, .idle = 20};
	struct fetch f = {0};

	start(&f, &r);
	run_until(&f.n_done, 1);
	return f;
}

void assert_says(const char *text, const char *what)
{
	if (!strstr(text, what))
		fail_msg("\"%s\" does not say \"%s\"", text, what);
}

void assert_says_not(const char *text, const char *what)
{
	if (strstr(text, what))
		fail_msg("\"%s\" says \"%s\"", text, what);
}

void assert_fine(const struct fetch *f)
{
	if (f->r.error || f->r.status != 200)
		fail_msg("status %d, error %d: %s", f->r.status, f->r.error,
			 f->r.message);
	assert_string_equal(f->r.message, "");
	assert_true(f->r.retry_after < 0);
}

void assert_fails(const char *path, int error, const char *sentence)
{
	struct fetch f = get(path);

	assert_int_equal(f.n_done, 1);
	if (f.r.error != error)
		fail_msg("error %d: %s", f.r.error, f.r.message);
	assert_says(f.r.message, sentence);
}

int connection_of(const struct fetch *f)
{
	const char *at = strstr(f->body, "connection: ");

	assert_non_null(at);
	return atoi(at + strlen("connection: "));
}
