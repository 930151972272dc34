/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Requests to an API server, many at once on one event loop: libcurl's multi
 * interface, HTTP/2 where the server offers it, TLS always verified. The token
 * and the certificates are read again for each new connection or request, so
 * that rotation needs no restart.
 */
#pragma once

#include <stddef.h>

#include <event2/event.h>

#include "config.h"

struct kube_http;
struct kube_call;

/* How an exchange ended. */
struct kube_result {
	int status; /* of HTTP, 0: no answer came */
	/* 0, or what went wrong below HTTP: -ECANCELED (data() said so),
	 * -ETIMEDOUT, -ECONNREFUSED, -EPROTO, -EACCES (TLS), -EIO ... A stream
	 * that ends early is an error where the framing tells. */
	int error;
	char message[256];	  /* for people, "" if all went well */
	double retry_after;	  /* seconds, < 0: the server did not say */
	unsigned long long bytes; /* of body, as it went over the wire */
};

/* Strings are copied. Callbacks are never called from within
 * kube_http_start(), nor after `done` or kube_http_cancel(). */
struct kube_request {
	const char *method;	  /* NULL: GET */
	const char *path;	  /* "/api/v1/pods?limit=500" */
	const char *accept;	  /* NULL: application/json */
	const char *content_type; /* of body */
	const char *body;	  /* NULL: none */
	unsigned int timeout;	  /* seconds for all of it, 0: for ever */
	unsigned int idle;	  /* seconds without a byte, 0: for ever */
	/* The head of a 2xx answer is there; its body may be long in coming.
	 * May be NULL. */
	void (*accepted)(void *arg);
	/* A piece of the body, of a 2xx answer only (the first 1 KiB of any
	 * other is in kube_result.message). Not 0: stop. */
	int (*data)(const char *data, size_t len, void *arg);
	void (*done)(const struct kube_result *r, void *arg);
	void *arg;
};

/* config must outlive it. */
int kube_http_open(struct event_base *base, const struct kube_config *config,
		   struct kube_http **out, struct err *e);
void kube_http_close(struct kube_http *h); /* cancels; NULL is fine */

struct kube_call *kube_http_start(struct kube_http *h,
				  const struct kube_request *r);
void kube_http_cancel(struct kube_call *c); /* NULL is fine */

/* Counters for status and metrics. */
struct kube_http_stats {
	unsigned long long requests, connections, bytes_in;
	int http_version; /* of the last answer: 11, 20; 0: none yet */
};
void kube_http_stats(const struct kube_http *h, struct kube_http_stats *out);

/* What kube_watch needs of a transport: kube_http is one, tests have their
 * own. start never calls back before it returns. */
struct kube_transport {
	struct kube_call *(*start)(void *self, const struct kube_request *r);
	void (*cancel)(struct kube_call *c);
	void *self;
};
struct kube_transport kube_http_transport(struct kube_http *h);
