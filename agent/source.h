/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where the cluster's objects come from: a directory of manifests, or an API
 * server. What a source says stays in force while it is out of reach.
 */
#pragma once

#include <cjson/cJSON.h>
#include <event2/buffer.h>
#include <event2/event.h>

#include "../lib/config.h"
#include "model.h"
#include "pod_news.h"
#include "problems.h"

struct source;

struct source_ops {
	const char *name; /* "cluster-dir", "kubernetes" */
	const struct model *(*model)(const struct source *s);
	/* Everything has been delivered at least once: what is not in the
	 * model does not exist. */
	bool (*is_complete)(const struct source *s);
	/* While it is not complete: what is waited for, a sentence. */
	const char *(*waiting)(const struct source *s);
	/* What is wrong with the source or its objects right now. */
	void (*problems)(const struct source *s, struct problems *out);
	/* How many objects there are that nobody enforces yet. */
	unsigned int (*later)(const struct source *s);
	/* What has changed since the last call of the other, if it is only
	 * pods. Either both or neither; NULL: it may be anything. */
	const struct pod_news *(*pod_news)(const struct source *s);
	void (*news_seen)(struct source *s);
	/* For `fairlead status`: members added to an object. */
	void (*describe)(const struct source *s, cJSON *out);
	/* For /metrics; NULL: nothing. */
	void (*metrics)(const struct source *s, struct evbuffer *out);
	/* After each pass that leaves the node ready; NULL: who cares. */
	void (*ready)(struct source *s);
	void (*close)(struct source *s);
};

/* What every source begins with. */
struct source {
	const struct source_ops *ops;
};

/* The one that the configuration names; *out is NULL where it names none.
 * `changed` is called whenever there is news, never from within this call. It
 * does not wait for anything and fails only for what cannot get better by
 * itself (a kubeconfig that makes no sense). */
int source_open(struct event_base *base, const struct config *c,
		void (*changed)(void *arg), void *arg, struct source **out,
		struct err *e);
void source_close(struct source *s); /* NULL is fine */
