/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What kube_http is made of, for its own files:
 *
 *	http.c		 open, start, cancel, close; when what may be freed
 *	http_pool.c	 connections: libcurl's multi handle on the event loop
 *	http_request.c	 a request as libcurl is told of it
 *	http_call.c	 what comes back
 *	http_identity.c	 certificates, as the files have them now
 *	http_result.c	 how it ended, in words
 */
#pragma once

#include <stdbool.h>
#include <sys/queue.h>

#include "http.h"
#include "libcurl.h"
#include "server_url.h"

enum {
	CONNECT_SECONDS = 10,
	ERROR_BODY_MAX = 8 << 10, /* what is kept of it, to be read as JSON */
};

/* ---- connections ------------------------------------------------------ */

/*
 * Requests share connections within a pool. A connection that fell silent is
 * not to be given new requests, and libcurl cannot be told so of one: the whole
 * pool retires, and goes when its last call has ended.
 */
struct http_pool {
	SLIST_ENTRY(http_pool) link;
	struct kube_http *h;
	CURLM *multi;
	struct event *timer;
	unsigned int n_calls;
};

struct http_pool *http_pool_new(struct kube_http *h); /* NULL: it failed */
void http_pool_free(struct http_pool *p);	      /* NULL is fine */
int http_pool_add(struct http_pool *p, struct kube_call *c);
/* An empty pool that has retired stays until http_leave(). */
void http_pool_remove(struct http_pool *p, struct kube_call *c);

/* ---- certificates ----------------------------------------------------- */

/* PEM as it was read, shared by the calls that were made with it. */
struct http_identity {
	unsigned int refs;
	char *ca, *cert, *key; /* NULL: none */
};

/* What the files hold now: *current itself if that is still so, else it is
 * replaced. The caller gets a reference. */
int http_identity_get(const struct kube_config *config,
		      struct http_identity **current,
		      struct http_identity **out, struct err *e);
void http_identity_put(struct http_identity *i); /* NULL is fine */

/* ---- calls ------------------------------------------------------------ */

struct kube_call {
	TAILQ_ENTRY(kube_call) link;
	struct kube_http *h;
	struct http_pool *pool; /* NULL: not begun, or over */
	CURL *easy;
	struct curl_slist *headers, *connect_to;
	struct http_identity *identity;
	struct event *idle_timer, *connect_timer;
	struct kube_request request; /* strings are ours */
	bool begun, dead;	     /* dead: to be freed, no callbacks */
	bool stopped, headers_too_big, body_is_enough, fell_silent;
	bool is_counted; /* as a connection */
	size_t header_bytes;
	unsigned long long bytes_seen;
	double retry_after;
	char *error_body;
	size_t error_len;
	char curl_error[CURL_ERROR_SIZE];
};

struct kube_call *http_call_new(struct kube_http *h,
				const struct kube_request *r);
void http_call_free(struct kube_call *c); /* not within a pool any more */
long http_call_status(const struct kube_call *c); /* 0: no answer yet */
/* Something came (or it begins): the idle timer starts anew. */
void http_call_hear(struct kube_call *c);
/* libcurl's callbacks. */
size_t http_call_on_header(char *line, size_t size, size_t n, void *call);
size_t http_call_on_data(char *data, size_t size, size_t n, void *call);
/* Makes the easy handle. */
int http_call_prepare(struct kube_call *c, struct err *e);
/* Counts what has come so far. */
void http_call_account(struct kube_call *c);

/* What came of it; code is libcurl's. */
void http_result_fill(struct kube_call *c, CURLcode code,
		      struct kube_result *out);
/* Seconds from now, < 0: it says nothing. */
double http_retry_after(const struct libcurl *curl, const char *value);

/* ---- all of it -------------------------------------------------------- */

TAILQ_HEAD(call_list, kube_call);

struct kube_http {
	struct event_base *base;
	const struct kube_config *config;
	const struct libcurl *curl;
	struct server_url server;
	struct http_pool *pool; /* for new calls; NULL: make one */
	SLIST_HEAD(, http_pool) pools;
	struct http_identity *identity;
	struct call_list calls;
	struct event *kick; /* there are calls to begin */
	char user_agent[96];
	unsigned int busy; /* within a callback: nothing is freed */
	bool any_dead, closing;
	struct kube_http_stats stats;
};

/* Around everything that may call back. leave: h may be gone. */
void http_enter(struct kube_http *h);
void http_leave(struct kube_http *h);
/* The call is over; its pool still has it. */
void http_finish(struct kube_call *c, const struct kube_result *r);
