/* SPDX-License-Identifier: Apache-2.0 */
/* What a source that is an API server says of itself. */
#include <stdio.h>
#include <string.h>

#include "agent.h"
#include "metrics.h"
#include "source_kube.h"

static const char *const phases[] = {
	[KUBE_LISTING] = "listing",
	[KUBE_WATCHING] = "watching",
	[KUBE_WAITING] = "waiting",
	[KUBE_ABSENT] = "absent",
};

static const struct source_kube *kube_of(const struct source *s)
{
	return (const struct source_kube *)s;
}

/* NULL: it is not followed. */
static const struct kube_watch_state *state_of(const struct source_kube *s,
					       enum resource r)
{
	return s->watches[r].watch ? kube_watch_state(s->watches[r].watch)
				   : NULL;
}

/* ---- problems ------------------------------------------------------- */

/* "list pods: no route to host": the trouble without its resource. */
static const char *trouble_of(const struct source_kube *s, enum resource r)
{
	const char *name = source_kube_resource(r)->name;
	const char *error = s->watches[r].error;
	const char *found = strstr(error, name);

	if (found && !strncmp(found + strlen(name), ": ", 2) &&
	    found - error <= 6)
		return found + strlen(name) + 2;
	return error;
}

/* Most often it is one trouble that all of them have: it is told once. */
static void add_errors(const struct source_kube *s, struct problems *out)
{
	for (int r = 0; r < RESOURCE_MAX; r++) {
		const char *trouble = trouble_of(s, r);
		int same = 0, before = 0;

		if (!*trouble)
			continue;
		for (int i = 0; i < RESOURCE_MAX; i++) {
			if (strcmp(trouble, trouble_of(s, i)))
				continue;
			same++;
			before += i < r;
		}
		if (same > 1 && !before)
			problems_add(out, "%s: %s", s->config.server, trouble);
		else if (same == 1)
			problems_add(out, "%s: %s: %s", s->config.server,
				     source_kube_resource(r)->name, trouble);
	}
}

static void add_of_object(struct object *o, void *arg)
{
	const struct problems *p = object_problems(o);

	for (size_t i = 0; p && i < p->n; i++)
		problems_add(arg, "%s", p->items[i]);
}

void source_kube_problems(const struct source *source, struct problems *out)
{
	const struct source_kube *s = kube_of(source);

	add_errors(s, out);
	if (s->condition && *node_condition_problem(s->condition))
		problems_add(out, "%s", node_condition_problem(s->condition));
	bad_problems(&s->bad, out);
	model_each(&s->store.model, OBJECT_NODE, add_of_object, out);
	model_each(&s->store.model, OBJECT_POLICY, add_of_object, out);
}

/* ---- status --------------------------------------------------------- */

struct summary {
	double connected;  /* all of them are, since; 0: one is not */
	double last_event; /* of any of them */
};

static struct summary summarize(const struct source_kube *s)
{
	struct summary sum = {0};
	bool all = true;

	for (int r = 0; r < RESOURCE_MAX; r++) {
		const struct kube_watch_state *state = state_of(s, r);

		if (!state)
			continue;
		if (state->last_event > sum.last_event)
			sum.last_event = state->last_event;
		if (state->phase == KUBE_ABSENT)
			continue;
		if (!state->connected)
			all = false;
		else if (state->connected > sum.connected)
			sum.connected = state->connected;
	}
	if (!all)
		sum.connected = 0;
	return sum;
}

static void add_ago(cJSON *o, const char *key, double when)
{
	if (when > 0)
		cJSON_AddNumberToObject(o, key, clock_seconds() - when);
}

static void add_http(const struct source_kube *s, cJSON *out)
{
	struct kube_http_stats stats = {0};

	if (!s->http)
		return;
	kube_http_stats(s->http, &stats);
	if (stats.http_version)
		cJSON_AddStringToObject(out, "httpVersion",
					stats.http_version == 20 ? "2" : "1.1");
	cJSON_AddNumberToObject(out, "requests", stats.requests);
	cJSON_AddNumberToObject(out, "connections", stats.connections);
	cJSON_AddNumberToObject(out, "bytes", stats.bytes_in);
}

static cJSON *describe_watch(const struct source_kube *s, enum resource r,
			     const struct kube_watch_state *state)
{
	cJSON *one = cJSON_CreateObject();

	cJSON_AddStringToObject(one, "name", source_kube_resource(r)->name);
	cJSON_AddStringToObject(one, "phase", phases[state->phase]);
	cJSON_AddBoolToObject(one, "listed", state->listed);
	cJSON_AddNumberToObject(one, "objects", s->store.n[r]);
	cJSON_AddNumberToObject(one, "events", state->events);
	cJSON_AddNumberToObject(one, "resyncs", state->relists);
	cJSON_AddNumberToObject(one, "errors", state->errors);
	cJSON_AddNumberToObject(one, "bytes", state->bytes);
	add_ago(one, "connectedSeconds", state->connected);
	add_ago(one, "lastEventSecondsAgo", state->last_event);
	if (*state->error)
		cJSON_AddStringToObject(one, "error", state->error);
	return one;
}

void source_kube_describe(const struct source *source, cJSON *out)
{
	const struct source_kube *s = kube_of(source);
	const struct summary sum = summarize(s);
	cJSON *list;

	cJSON_AddStringToObject(out, "server", s->config.server);
	if (s->config.origin)
		cJSON_AddStringToObject(out, "config", s->config.origin);
	cJSON_AddBoolToObject(out, "connected", sum.connected > 0);
	add_ago(out, "connectedSeconds", sum.connected);
	add_ago(out, "lastEventSecondsAgo", sum.last_event);
	add_http(s, out);
	list = cJSON_AddArrayToObject(out, "resources");
	for (int r = 0; r < RESOURCE_MAX; r++) {
		const struct kube_watch_state *state = state_of(s, r);

		if (state)
			cJSON_AddItemToArray(list, describe_watch(s, r, state));
	}
}

/* ---- metrics -------------------------------------------------------- */

enum value {
	WATCHING,
	OBJECTS,
	OBJECT_BYTES,
	LISTS,
	RESYNCS,
	WATCHES,
	EVENTS,
	BOOKMARKS,
	ERRORS,
	BYTES,
	LAST_EVENT,
	VALUE_MAX,
};

static const struct {
	const char *name, *type, *help;
} values[VALUE_MAX] = {
	[WATCHING] = {"kube_watching", "gauge",
		      "1: changes of the resource come as they happen"},
	[OBJECTS] = {"kube_objects", "gauge", "Objects that are known"},
	[OBJECT_BYTES] = {"kube_object_bytes", "gauge",
			  "Memory of the objects that are known"},
	[LISTS] = {"kube_lists_total", "counter", "Lists asked for"},
	[RESYNCS] = {"kube_resyncs_total", "counter",
		     "Lists asked for that were not the first"},
	[WATCHES] = {"kube_watches_total", "counter", "Watches asked for"},
	[EVENTS] = {"kube_events_total", "counter", "Changes told by watches"},
	[BOOKMARKS] = {"kube_bookmarks_total", "counter",
		       "Bookmarks told by watches"},
	[ERRORS] = {"kube_errors_total", "counter",
		    "Lists and watches that failed"},
	[BYTES] = {"kube_received_bytes_total", "counter",
		   "Bytes of lists and watches"},
	[LAST_EVENT] = {"kube_last_event_seconds", "gauge",
			"Since a watch told something, bookmarks too"},
};

static double value_of(const struct source_kube *s, enum resource r,
		       const struct kube_watch_state *state, enum value which)
{
	switch (which) {
	case WATCHING:
		return state->phase == KUBE_WATCHING && state->connected > 0;
	case OBJECTS:
		return s->store.n[r];
	case OBJECT_BYTES:
		return s->store.bytes[r];
	case LISTS:
		return state->lists;
	case RESYNCS:
		return state->relists;
	case WATCHES:
		return state->watches;
	case EVENTS:
		return state->events;
	case BOOKMARKS:
		return state->bookmarks;
	case ERRORS:
		return state->errors;
	case BYTES:
		return state->bytes;
	case LAST_EVENT:
		return clock_seconds() - state->last_event;
	case VALUE_MAX:
		break;
	}
	return 0;
}

static void add_values(const struct source_kube *s, enum value which,
		       struct evbuffer *out)
{
	const char *name = values[which].name;
	char labels[80];

	metrics_head(out, name, values[which].type, values[which].help);
	for (int r = 0; r < RESOURCE_MAX; r++) {
		const struct kube_watch_state *state = state_of(s, r);

		if (!state || (which == LAST_EVENT && state->last_event <= 0))
			continue;
		snprintf(labels, sizeof(labels), "resource=\"%s\"",
			 source_kube_resource(r)->name);
		metrics_value(out, name, labels, value_of(s, r, state, which));
	}
}

void source_kube_metrics(const struct source *source, struct evbuffer *out)
{
	const struct source_kube *s = kube_of(source);
	const struct summary sum = summarize(s);
	struct kube_http_stats stats = {0};

	metrics_one(out, "kube_connected", "gauge",
		    "1: all resources are followed", sum.connected > 0);
	for (int i = 0; i < VALUE_MAX; i++)
		add_values(s, i, out);
	if (!s->http)
		return;
	kube_http_stats(s->http, &stats);
	metrics_one(out, "kube_requests_total", "counter",
		    "Requests to the API server", stats.requests);
	metrics_one(out, "kube_connections_total", "counter",
		    "Connections made to the API server", stats.connections);
	metrics_one(out, "kube_http_bytes_total", "counter",
		    "Bytes received from the API server", stats.bytes_in);
}
