/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The source that is an API server: one kube_watch for each resource, their
 * objects in a store. What it says stays in force while it is away.
 */
#pragma once

#include "../kube/http.h"
#include "../kube/watch.h"
#include "node_condition.h"
#include "source.h"
#include "source_kube_bad.h"
#include "store.h"

struct source_kube;

/* One resource. */
struct source_kube_watch {
	struct source_kube *source;
	enum resource resource;
	struct kube_watch *watch; /* NULL: not followed */
	bool listing;		  /* a list has begun and is not whole yet */
	bool listed;		  /* was whole, at least once */
	char error[512];	  /* as it was reported last */
};

struct source_kube {
	struct source source;
	struct event_base *base;
	const char *node_name; /* the caller's */
	struct kube_config config;
	struct kube_http *http; /* NULL: a test's transport */
	struct kube_transport transport;
	struct source_kube_watch watches[RESOURCE_MAX];
	struct store store;
	struct model nothing; /* until the nodes are known */
	struct source_kube_bad bad;
	struct node_condition *condition; /* NULL: not asked for */
	struct event *news;		  /* pending: `changed` is due */
	double due;			  /* then, CLOCK_MONOTONIC */
	void (*changed)(void *arg);
	void *arg;
};

/* As the configuration says: kubeconfig, kube-context, watch-services,
 * start-spread, optional-interval, network-unavailable, node-name; c must
 * outlive it. */
int source_kube_open(struct event_base *base, const struct config *c,
		     void (*changed)(void *arg), void *arg, struct source **out,
		     struct err *e);
/* The same by another transport, for tests; server is what it is called. */
struct source *source_kube_new(struct event_base *base, const struct config *c,
			       const struct kube_transport *transport,
			       const char *server, void (*changed)(void *arg),
			       void *arg);
/* Where the API server is, as the configuration says. */
int source_kube_config(const struct config *c, struct kube_config *out,
		       struct err *e);

/* ---- private to source_kube*.c -------------------------------------- */

/* Does the datapath hang on it? What does not is followed, but not waited
 * for. */
bool source_kube_is_required(enum resource r);
const struct kube_resource *source_kube_resource(enum resource r);
void source_kube_problems(const struct source *s, struct problems *out);
void source_kube_describe(const struct source *s, cJSON *out);
void source_kube_metrics(const struct source *s, struct evbuffer *out);
