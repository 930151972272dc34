/* SPDX-License-Identifier: Apache-2.0 */
/*
 * libcurl must not be called from its own callbacks, and a callback may do
 * anything: begin calls, cancel any, close the whole. So calls begin from the
 * event loop, and between http_enter() and http_leave() what is over is only
 * marked; the last leave frees it.
 */
#include "http_parts.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>

#include "../lib/cleanup.h"
#include "../lib/log.h"

/* ---- what is over ----------------------------------------------------- */

static void destroy(struct kube_http *h);

static void reap_calls(struct kube_http *h)
{
	struct kube_call *c, *next;

	h->any_dead = false;
	for (c = TAILQ_FIRST(&h->calls); c; c = next) {
		next = TAILQ_NEXT(c, link);
		if (!c->dead)
			continue;
		TAILQ_REMOVE(&h->calls, c, link);
		if (c->pool) {
			http_call_account(c);
			http_pool_remove(c->pool, c);
		}
		http_call_free(c);
	}
}

static void reap_pools(struct kube_http *h)
{
	struct http_pool *p, *next;

	for (p = SLIST_FIRST(&h->pools); p; p = next) {
		next = SLIST_NEXT(p, link);
		if (p->n_calls || (p == h->pool && !h->closing))
			continue;
		SLIST_REMOVE(&h->pools, p, http_pool, link);
		http_pool_free(p);
	}
}

static void reap(struct kube_http *h)
{
	if (h->any_dead)
		reap_calls(h);
	reap_pools(h);
	if (h->closing)
		destroy(h);
}

static void mark_dead(struct kube_call *c)
{
	c->dead = true;
	c->h->any_dead = true;
	if (c->idle_timer)
		event_del(c->idle_timer);
	if (c->connect_timer)
		event_del(c->connect_timer);
}

void http_enter(struct kube_http *h)
{
	h->busy++;
}

void http_leave(struct kube_http *h)
{
	if (!--h->busy)
		reap(h);
}

void http_finish(struct kube_call *c, const struct kube_result *r)
{
	/* A connection that does not answer gets no new requests. */
	if (r->error == -ETIMEDOUT && c->pool && c->pool == c->h->pool)
		c->h->pool = NULL;
	if (c->pool)
		http_pool_remove(c->pool, c);
	if (c->dead)
		return;
	mark_dead(c);
	if (c->request.done)
		c->request.done(r, c->request.arg);
}

/* ---- to begin --------------------------------------------------------- */

static void silence(evutil_socket_t fd, short what, void *arg)
{
	struct kube_call *c = arg;
	struct kube_http *h = c->h;
	struct kube_result result;

	(void)fd;
	(void)what;
	http_enter(h);
	c->fell_silent = true;
	http_result_fill(c, CURLE_OPERATION_TIMEDOUT, &result);
	http_finish(c, &result);
	http_leave(h);
}

/* While one call connects, libcurl lets the others wait for its connection, and
 * none of their time counts: should it not come, one after the other would have
 * its ten seconds. */
static void check_connected(evutil_socket_t fd, short what, void *arg)
{
	struct kube_call *c = arg;
	struct kube_http *h = c->h;
	struct kube_result result;
	curl_off_t ready = 0;

	(void)fd;
	(void)what;
	h->curl->easy_getinfo(c->easy, CURLINFO_PRETRANSFER_TIME_T, &ready);
	if (ready)
		return;
	http_enter(h);
	snprintf(c->curl_error, sizeof(c->curl_error),
		 "no connection within %d s", CONNECT_SECONDS);
	http_result_fill(c, CURLE_OPERATION_TIMEDOUT, &result);
	http_finish(c, &result);
	http_leave(h);
}

static int make_timers(struct kube_call *c, struct err *e)
{
	/* libcurl's own limit comes first: it knows more to say. */
	const struct timeval connect = {.tv_sec = CONNECT_SECONDS + 1};

	c->connect_timer = evtimer_new(c->h->base, check_connected, c);
	if (!c->connect_timer || event_add(c->connect_timer, &connect))
		return err_sys(e, ENOMEM, "begin a request");
	if (!c->request.idle)
		return 0;
	c->idle_timer = evtimer_new(c->h->base, silence, c);
	return c->idle_timer ? 0 : err_sys(e, ENOMEM, "begin a request");
}

static int to_pool(struct kube_call *c, struct err *e)
{
	struct kube_http *h = c->h;
	int ret;

	if (!h->pool) {
		h->pool = http_pool_new(h);
		if (!h->pool)
			return err_sys(e, ENOMEM, "begin a request");
		SLIST_INSERT_HEAD(&h->pools, h->pool, link);
	}
	ret = http_pool_add(h->pool, c);
	return ret ? err_sys(e, -ret, "begin a request") : 0;
}

static void begin(struct kube_call *c)
{
	struct kube_result result = {.retry_after = -1};
	struct err e = {0};
	int ret;

	c->begun = true;
	c->h->stats.requests++;
	ret = http_call_prepare(c, &e);
	if (!ret)
		ret = make_timers(c, &e);
	if (!ret)
		ret = to_pool(c, &e);
	if (!ret) {
		http_call_hear(c);
		return;
	}
	result.error = ret;
	snprintf(result.message, sizeof(result.message), "%.255s", e.msg);
	http_finish(c, &result);
}

static void begin_calls(evutil_socket_t fd, short what, void *arg)
{
	struct kube_http *h = arg;
	struct kube_call *c;

	(void)fd;
	(void)what;
	http_enter(h);
	TAILQ_FOREACH(c, &h->calls, link)
	if (!c->begun && !c->dead)
		begin(c);
	http_leave(h);
}

struct kube_call *kube_http_start(struct kube_http *h,
				  const struct kube_request *r)
{
	struct timeval now = {0};
	struct kube_call *c = http_call_new(h, r);

	TAILQ_INSERT_TAIL(&h->calls, c, link);
	if (event_add(h->kick, &now)) {
		log_error("out of memory", NULL);
		exit(1);
	}
	return c;
}

void kube_http_cancel(struct kube_call *c)
{
	struct kube_http *h;

	if (!c || c->dead)
		return;
	h = c->h;
	mark_dead(c);
	if (!h->busy)
		reap(h);
}

/* ---- open and close --------------------------------------------------- */

static const char *architecture(const char *machine)
{
	static const char *const names[][2] = {{"x86_64", "amd64"},
					       {"aarch64", "arm64"}};

	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
		if (!strcmp(machine, names[i][0]))
			return names[i][1];
	return machine;
}

static void destroy(struct kube_http *h)
{
	http_identity_put(h->identity);
	if (h->kick)
		event_free(h->kick);
	free(h);
}

int kube_http_open(struct event_base *base, const struct kube_config *config,
		   struct kube_http **out, struct err *e)
{
	struct server_url server;
	const struct libcurl *curl;
	struct kube_http *h;
	struct utsname uts;
	int ret;

	ret = server_url_parse(config->server, &server, e);
	if (ret)
		return ret;
	ret = libcurl_load(&curl, e);
	if (ret)
		return ret;
	h = calloc(1, sizeof(*h));
	if (!h)
		return err_sys(e, ENOMEM, "API client");
	TAILQ_INIT(&h->calls);
	SLIST_INIT(&h->pools);
	h->base = base;
	h->config = config;
	h->curl = curl;
	h->server = server;
	h->kick = evtimer_new(base, begin_calls, h);
	if (!h->kick || uname(&uts)) {
		destroy(h);
		return err_sys(e, ENOMEM, "API client");
	}
	snprintf(h->user_agent, sizeof(h->user_agent),
		 "fairlead-agent/" FAIRLEAD_VERSION " (linux/%.40s)",
		 architecture(uts.machine));
	*out = h;
	return 0;
}

void kube_http_close(struct kube_http *h)
{
	struct kube_call *c;

	if (!h)
		return;
	h->closing = true;
	TAILQ_FOREACH(c, &h->calls, link)
	mark_dead(c);
	event_del(h->kick);
	if (!h->busy)
		reap(h);
}

void kube_http_stats(const struct kube_http *h, struct kube_http_stats *out)
{
	*out = h->stats;
}

static struct kube_call *transport_start(void *self,
					 const struct kube_request *r)
{
	return kube_http_start(self, r);
}

struct kube_transport kube_http_transport(struct kube_http *h)
{
	return (struct kube_transport){.start = transport_start,
				       .cancel = kube_http_cancel,
				       .self = h};
}
