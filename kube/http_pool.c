/* SPDX-License-Identifier: Apache-2.0 */
#include "http_parts.h"

#include <errno.h>
#include <stdlib.h>

/* libcurl counts those that are in use, too, and closes an idle one beyond it:
 * over HTTP/1.1 each watch has a connection of its own. */
enum { CONNECTIONS_KEPT = 16 };

/* ---- from the event loop to libcurl ----------------------------------- */

static long local_port(const struct kube_call *c)
{
	long port = 0;

	c->h->curl->easy_getinfo(c->easy, CURLINFO_LOCAL_PORT, &port);
	return port;
}

/* Where several calls share an HTTP/2 connection that breaks, libcurl 7.88
 * tells one of them and may forget the others: nothing ever comes for them (one
 * run in five of "truncated" in test/e2e/kube_api_test). So it is their end
 * too; who asked goes on from where he was. */
static void end_companions(struct http_pool *p, long port)
{
	struct kube_result result;
	struct kube_call *c;

	TAILQ_FOREACH(c, &p->h->calls, link)
	{
		if (c->dead || c->pool != p || local_port(c) != port)
			continue;
		http_result_fill(c, CURLE_RECV_ERROR, &result);
		http_finish(c, &result);
	}
}

static bool is_broken(CURLcode code)
{
	return code == CURLE_RECV_ERROR || code == CURLE_SEND_ERROR ||
	       code == CURLE_PARTIAL_FILE || code == CURLE_GOT_NOTHING ||
	       code == CURLE_HTTP2 || code == CURLE_HTTP2_STREAM;
}

static void end_calls(struct http_pool *p)
{
	const struct libcurl *curl = p->h->curl;
	struct kube_result result;
	struct kube_call *c;
	CURLcode code;
	CURLMsg *m;
	long port;
	int left;

	while ((m = curl->multi_info_read(p->multi, &left))) {
		if (m->msg != CURLMSG_DONE)
			continue;
		curl->easy_getinfo(m->easy_handle, CURLINFO_PRIVATE, &c);
		code = m->data.result;
		port = local_port(c);
		http_result_fill(c, code, &result);
		http_finish(c, &result);
		if (port && is_broken(code))
			end_companions(p, port);
	}
}

static void act(struct http_pool *p, curl_socket_t fd, int what)
{
	struct kube_http *h = p->h;
	int running;

	http_enter(h);
	h->curl->multi_socket_action(p->multi, fd, what, &running);
	end_calls(p);
	http_leave(h);
}

static void socket_is_ready(evutil_socket_t fd, short what, void *arg)
{
	act(arg, fd,
	    (what & EV_READ ? CURL_CSELECT_IN : 0) |
		    (what & EV_WRITE ? CURL_CSELECT_OUT : 0));
}

static void time_is_up(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	act(arg, CURL_SOCKET_TIMEOUT, 0);
}

/* ---- from libcurl to the event loop ----------------------------------- */

static int watch_socket(CURL *easy, curl_socket_t fd, int what, void *arg,
			void *socket_arg)
{
	struct event *event = socket_arg;
	struct http_pool *p = arg;

	(void)easy;
	if (event)
		event_free(event);
	if (what == CURL_POLL_REMOVE)
		return 0;
	event = event_new(p->h->base, fd,
			  EV_PERSIST | (what & CURL_POLL_IN ? EV_READ : 0) |
				  (what & CURL_POLL_OUT ? EV_WRITE : 0),
			  socket_is_ready, p);
	p->h->curl->multi_assign(p->multi, fd, event);
	return event && !event_add(event, NULL) ? 0 : -1;
}

static int set_timer(CURLM *multi, long ms, void *arg)
{
	struct http_pool *p = arg;
	struct timeval tv = {.tv_sec = ms / 1000, .tv_usec = ms % 1000 * 1000};

	(void)multi;
	if (ms < 0)
		return event_del(p->timer);
	return event_add(p->timer, &tv);
}

/* ---- pools ------------------------------------------------------------ */

struct http_pool *http_pool_new(struct kube_http *h)
{
	const struct libcurl *curl = h->curl;
	struct http_pool *p = calloc(1, sizeof(*p));

	if (!p)
		return NULL;
	p->h = h;
	p->multi = curl->multi_init();
	p->timer = event_new(h->base, -1, 0, time_is_up, p);
	if (!p->multi || !p->timer) {
		http_pool_free(p);
		return NULL;
	}
	curl->multi_setopt(p->multi, CURLMOPT_SOCKETFUNCTION, watch_socket);
	curl->multi_setopt(p->multi, CURLMOPT_SOCKETDATA, p);
	curl->multi_setopt(p->multi, CURLMOPT_TIMERFUNCTION, set_timer);
	curl->multi_setopt(p->multi, CURLMOPT_TIMERDATA, p);
	curl->multi_setopt(p->multi, CURLMOPT_PIPELINING,
			   (long)CURLPIPE_MULTIPLEX);
	curl->multi_setopt(p->multi, CURLMOPT_MAXCONNECTS,
			   (long)CONNECTIONS_KEPT);
	return p;
}

void http_pool_free(struct http_pool *p)
{
	if (!p)
		return;
	if (p->multi)
		p->h->curl->multi_cleanup(p->multi);
	if (p->timer)
		event_free(p->timer);
	free(p);
}

int http_pool_add(struct http_pool *p, struct kube_call *c)
{
	CURLMcode code = p->h->curl->multi_add_handle(p->multi, c->easy);

	if (code)
		return code == CURLM_OUT_OF_MEMORY ? -ENOMEM : -EIO;
	c->pool = p;
	p->n_calls++;
	return 0;
}

void http_pool_remove(struct http_pool *p, struct kube_call *c)
{
	p->h->curl->multi_remove_handle(p->multi, c->easy);
	c->pool = NULL;
	p->n_calls--;
}
