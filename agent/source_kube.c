/* SPDX-License-Identifier: Apache-2.0 */
/*
 *	kube_watch --object, gone, listing, listed--> store --> model
 *	                                               |
 *	                     changed(), once for all that came together
 */
#include "source_kube.h"

#include <errno.h>
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../lib/log.h"
#include "agent.h"
#include "memory.h"
#include "object_read.h"
#include "start_delay.h"

/* Pods that have ended keep neither address nor identity. */
#define ALIVE                                                                  \
	"fieldSelector=status.phase%21%3DSucceeded%2Cstatus.phase%21%3DFailed"

static const struct kube_resource resources[RESOURCE_MAX] = {
	[RESOURCE_NODES] = {.name = "nodes",
			    .group = "",
			    .path = "/api/v1/nodes",
			    .select = ""},
	[RESOURCE_NAMESPACES] = {.name = "namespaces",
				 .group = "",
				 .path = "/api/v1/namespaces",
				 .select = "",
				 .metadata_only = true},
	[RESOURCE_PODS] = {.name = "pods",
			   .group = "",
			   .path = "/api/v1/pods",
			   .select = ALIVE},
	[RESOURCE_NETWORK_POLICIES] =
		{.name = "networkpolicies",
		 .group = "networking.k8s.io",
		 .path = "/apis/networking.k8s.io/v1/networkpolicies",
		 .select = ""},
	[RESOURCE_CLUSTER_NETWORK_POLICIES] =
		{.name = "clusternetworkpolicies",
		 .group = "policy.networking.k8s.io",
		 .path = "/apis/policy.networking.k8s.io/v1alpha2/"
			 "clusternetworkpolicies",
		 .select = "",
		 .optional = true},
	[RESOURCE_SERVICES] = {.name = "services",
			       .group = "",
			       .path = "/api/v1/services",
			       .select = ""},
	[RESOURCE_ENDPOINT_SLICES] =
		{.name = "endpointslices",
		 .group = "discovery.k8s.io",
		 .path = "/apis/discovery.k8s.io/v1/endpointslices",
		 .select = ""},
};

/* Seconds from something new to `changed`. */
static const double AT_ONCE = 0;
static const double LISTING = 3;
static const double TROUBLE = 0.3; /* it has several watches, mostly */

const struct kube_resource *source_kube_resource(enum resource r)
{
	return &resources[r];
}

bool source_kube_is_required(enum resource r)
{
	return r != RESOURCE_SERVICES && r != RESOURCE_ENDPOINT_SLICES;
}

/* ---- news ----------------------------------------------------------- */

/* The sooner of what is due already and this, in seconds. */
static void news(struct source_kube *s, double delay)
{
	struct timeval tv = {delay, (delay - (long)delay) * 1e6};
	double due = clock_seconds() + delay;

	if (evtimer_pending(s->news, NULL) && s->due <= due)
		return;
	s->due = due;
	event_add(s->news, &tv);
}

static void on_news(evutil_socket_t fd, short what, void *arg)
{
	struct source_kube *s = arg;

	(void)fd;
	(void)what;
	s->changed(s->arg);
}

/* Something else than pods. */
static void other_news(struct source_kube *s, double delay)
{
	pod_news_more(&s->store.news);
	news(s, delay);
}

static void on_condition(void *arg)
{
	other_news(arg, AT_ONCE);
}

/* A list is taken in as a whole, unless that takes long. Of an
 * object is news what it says, or that it is odd. */
static void tell(struct source_kube_watch *w, bool object, bool odd)
{
	double delay = w->listing ? LISTING : AT_ONCE;

	if (odd || (object && w->resource != RESOURCE_PODS))
		other_news(w->source, delay);
	else if (object)
		news(w->source, delay);
}

/* ---- what the watches say ------------------------------------------- */

static void on_listing(void *arg)
{
	struct source_kube_watch *w = arg;

	w->listing = true;
	store_list(&w->source->store, w->resource);
}

/* Whether it is news that the object is, or no longer is, odd. */
static bool judge(struct source_kube_watch *w, const char *namespace,
		  const char *name, const char *reason)
{
	struct source_kube *s = w->source;

	if (*reason)
		return bad_add(&s->bad, w->resource, s->store.list[w->resource],
			       namespace, name, reason);
	return bad_remove(&s->bad, w->resource, namespace, name);
}

/* Does anything follow from it? */
static bool matters(const struct source_kube_watch *w)
{
	return source_kube_is_required(w->resource);
}

static void on_object(const cJSON *json, void *arg)
{
	const char *namespace = "", *name = "";
	struct source_kube_watch *w = arg;
	struct source_kube *s = w->source;
	struct object *o = NULL;
	struct err e = {0};
	bool changed = false, odd;
	int rc;

	if (s->condition && w->resource == RESOURCE_NODES)
		node_condition_see(s->condition, json);
	object_read_name(json, &namespace, &name);
	rc = object_read(w->resource, json, &o, &e);
	if (!rc)
		changed = store_put(&s->store, w->resource, o) && matters(w);
	else if (rc == -E2BIG) /* whatever it was, it is nobody now */
		changed = store_remove(&s->store, w->resource, namespace, name);
	else /* its last good version stays in force, also over a list */
		store_keep(&s->store, w->resource, namespace, name);
	odd = judge(w, namespace, name, e.msg);
	tell(w, changed, odd);
}

/* As an object that cannot be read. */
static void on_unreadable(const char *namespace, const char *name,
			  const char *why, void *arg)
{
	struct source_kube_watch *w = arg;
	char reason[512];

	snprintf(reason, sizeof(reason), "%s %.253s: %.200s",
		 object_read_kind(w->resource), name, why);
	store_keep(&w->source->store, w->resource, namespace, name);
	tell(w, false, judge(w, namespace, name, reason));
}

static void on_gone(const cJSON *json, void *arg)
{
	const char *namespace, *name;
	struct source_kube_watch *w = arg;
	struct source_kube *s = w->source;
	bool changed, odd;

	if (object_read_name(json, &namespace, &name))
		return;
	changed = store_remove(&s->store, w->resource, namespace, name) &&
		  matters(w);
	odd = bad_remove(&s->bad, w->resource, namespace, name);
	tell(w, changed, odd);
}

static bool is_complete(const struct source *source)
{
	const struct source_kube *s = (const struct source_kube *)source;

	for (int r = 0; r < RESOURCE_MAX; r++)
		if (source_kube_is_required(r) && !s->watches[r].listed)
			return false;
	return true;
}

static void on_listed(void *arg)
{
	struct source_kube_watch *w = arg;
	struct source_kube *s = w->source;
	bool was_complete = is_complete(&s->source);
	size_t gone = store_sweep(&s->store, w->resource);
	bool changed =
		bad_sweep(&s->bad, w->resource, s->store.list[w->resource]);

	w->listing = false;
	changed |= matters(w) && (gone || !w->listed);
	w->listed = true;
	if (gone)
		log_info("gone while nobody watched", "resource=%s objects=%zu",
			 resources[w->resource].name, gone);
	if (!was_complete && is_complete(&s->source))
		log_info("all of the cluster is known",
			 "nodes=%zu namespaces=%zu pods=%zu policies=%zu",
			 s->store.model.n[OBJECT_NODE],
			 s->store.model.n[OBJECT_NAMESPACE],
			 s->store.model.n[OBJECT_POD],
			 s->store.model.n[OBJECT_POLICY]);
	malloc_trim(0); /* pages and trees of JSON are gone */
	/* what came before the end may wait for a second still */
	if (changed || evtimer_pending(s->news, NULL))
		other_news(s, AT_ONCE);
}

/* The server answers one of them. */
static void hurry(struct source_kube *s)
{
	for (int r = 0; r < RESOURCE_MAX; r++)
		if (s->watches[r].watch)
			kube_watch_hurry(s->watches[r].watch);
}

/* Only what is wrong concerns others. */
static void on_state(void *arg)
{
	struct source_kube_watch *w = arg;
	const struct kube_watch_state *state;

	if (!w->watch)
		return; /* it is being made */
	state = kube_watch_state(w->watch);
	if (!strcmp(state->error, w->error))
		return;
	memcpy(w->error, state->error, sizeof(w->error));
	if (!*w->error)
		hurry(w->source);
	other_news(w->source, TROUBLE);
}

/* ---- the source ----------------------------------------------------- */

/* Nothing follows from some of the nodes. */
static const struct model *get_model(const struct source *source)
{
	const struct source_kube *s = (const struct source_kube *)source;

	return s->watches[RESOURCE_NODES].listed ? &s->store.model
						 : &s->nothing;
}

static const struct pod_news *get_pod_news(const struct source *source)
{
	return &((const struct source_kube *)source)->store.news;
}

static void on_news_seen(struct source *source)
{
	pod_news_free(&((struct source_kube *)source)->store.news);
}

static unsigned int get_later(const struct source *s)
{
	(void)s;
	return 0; /* services are kube-proxy's */
}

static void on_ready(struct source *source)
{
	struct source_kube *s = (struct source_kube *)source;

	if (s->condition)
		node_condition_ready(s->condition);
}

static const char *waiting(const struct source *source)
{
	const struct source_kube *s = (const struct source_kube *)source;
	static char why[768];
	size_t len;

	len = snprintf(why, sizeof(why),
		       "not all of %.100s is known yet: ", s->config.server);
	for (int r = 0; r < RESOURCE_MAX; r++) {
		const struct source_kube_watch *w = &s->watches[r];

		if (!source_kube_is_required(r) || w->listed)
			continue;
		snprintf(why + len, sizeof(why) - len, "%s%s%.400s",
			 resources[r].name, *w->error ? ": " : "", w->error);
		break;
	}
	return why;
}

static void close_source(struct source *source)
{
	struct source_kube *s = (struct source_kube *)source;

	for (int r = 0; r < RESOURCE_MAX; r++)
		kube_watch_free(s->watches[r].watch);
	node_condition_free(s->condition);
	kube_http_close(s->http);
	kube_config_free(&s->config);
	store_free(&s->store);
	bad_free(&s->bad);
	event_free(s->news);
	free(s);
}

static const struct source_ops kube_ops = {
	.name = "kubernetes",
	.model = get_model,
	.is_complete = is_complete,
	.waiting = waiting,
	.problems = source_kube_problems,
	.later = get_later,
	.pod_news = get_pod_news,
	.news_seen = on_news_seen,
	.describe = source_kube_describe,
	.metrics = source_kube_metrics,
	.ready = on_ready,
	.close = close_source,
};

/* ---- opening -------------------------------------------------------- */

static void follow(struct source_kube *s, enum resource r,
		   const struct kube_watch_pace *pace)
{
	struct source_kube_watch *w = &s->watches[r];
	const struct kube_watch_ops ops = {
		.listing = on_listing,
		.object = on_object,
		.gone = on_gone,
		.unreadable = on_unreadable,
		.listed = on_listed,
		.state = on_state,
		.arg = w,
	};

	w->watch = kube_watch_new(s->base, &resources[r], &s->transport, &ops);
	if (w->watch)
		kube_watch_set_pace(w->watch, pace);
}

static struct source_kube *make(struct event_base *base,
				void (*changed)(void *arg), void *arg)
{
	struct source_kube *s = memory_alloc(sizeof(*s));

	s->source.ops = &kube_ops;
	s->base = base;
	s->changed = changed;
	s->arg = arg;
	s->news = evtimer_new(base, on_news, s);
	for (int r = 0; r < RESOURCE_MAX; r++) {
		s->watches[r].source = s;
		s->watches[r].resource = r;
	}
	return s;
}

static void start(struct source_kube *s, const struct config *c, double delay)
{
	const struct kube_watch_pace pace = {
		.first = delay,
		.absent = c->optional_interval,
	};

	if (c->network_unavailable)
		s->condition = node_condition_new(
			s->base, &s->transport, c->node_name, on_condition, s);
	for (int r = 0; r < RESOURCE_MAX; r++)
		if (source_kube_is_required(r) || c->watch_services)
			follow(s, r, &pace);
}

int source_kube_config(const struct config *c, struct kube_config *out,
		       struct err *e)
{
	if (config_is_in_cluster(c))
		return kube_config_in_cluster("", out, e);
	return kube_config_read(c->kubeconfig, c->kube_context, out, e);
}

int source_kube_open(struct event_base *base, const struct config *c,
		     void (*changed)(void *arg), void *arg, struct source **out,
		     struct err *e)
{
	struct source_kube *s = make(base, changed, arg);
	int rc = source_kube_config(c, &s->config, e);
	double delay;

	if (!rc)
		rc = kube_http_open(base, &s->config, &s->http, e);
	if (rc) {
		close_source(&s->source);
		return rc;
	}
	s->transport = kube_http_transport(s->http);
	log_info("follows an API server", "server=%s config=\"%s\"",
		 s->config.server, s->config.origin);
	delay = start_delay(c);
	if (delay > 0)
		log_info("asks a little later, as others boot as well",
			 "seconds=%.1f", delay);
	start(s, c, delay);
	*out = &s->source;
	return 0;
}

struct source *source_kube_new(struct event_base *base, const struct config *c,
			       const struct kube_transport *transport,
			       const char *server, void (*changed)(void *arg),
			       void *arg)
{
	struct source_kube *s = make(base, changed, arg);

	s->config.server = memory_copy(server);
	s->transport = *transport;
	start(s, c, 0);
	return &s->source;
}
