/* SPDX-License-Identifier: Apache-2.0 */
#include "node_condition.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "../lib/log.h"
#include "memory.h"

enum {
	PATCH_TIMEOUT = 30, /* seconds */
	AGAIN_MIN = 10,	    /* seconds between two attempts */
	AGAIN_MAX = 300,
};

struct node_condition {
	const struct kube_transport *transport;
	const char *node;
	struct kube_call *call; /* NULL: none is under way */
	struct event *again;	/* pending: not before it fires */
	unsigned int wait;	/* seconds, before the next attempt */
	bool ready;
	bool is_set; /* it is True, or not there */
	char problem[512];
	void (*changed)(void *arg);
	void *arg;
};

/* ---- the request ---------------------------------------------------- */

static void add_time(cJSON *o, const char *key)
{
	time_t now = time(NULL);
	struct tm utc;
	char text[40];

	strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%SZ",
		 gmtime_r(&now, &utc));
	cJSON_AddStringToObject(o, key, text);
}

/* A strategic merge: conditions of other types stay as they are. */
static char *format_patch(void)
{
	cJSON *patch = cJSON_CreateObject(), *one = cJSON_CreateObject();
	cJSON *status = cJSON_AddObjectToObject(patch, "status");
	char *text;

	cJSON_AddItemToArray(cJSON_AddArrayToObject(status, "conditions"), one);
	cJSON_AddStringToObject(one, "type", "NetworkUnavailable");
	cJSON_AddStringToObject(one, "status", "False");
	cJSON_AddStringToObject(one, "reason", "FairleadIsUp");
	cJSON_AddStringToObject(one, "message",
				"Fairlead serves pods on this node");
	add_time(one, "lastHeartbeatTime");
	add_time(one, "lastTransitionTime");
	text = cJSON_PrintUnformatted(patch);
	cJSON_Delete(patch);
	return text;
}

static void set_problem(struct node_condition *c, const struct kube_result *r)
{
	char text[sizeof(c->problem)] = "";

	if (r->status == 403)
		snprintf(text, sizeof(text),
			 "condition NetworkUnavailable of Node %.100s cannot "
			 "be cleared: %.150s; a ClusterRole must allow it: "
			 "apiGroups [\"\"], resources [\"nodes/status\"], "
			 "verbs [\"patch\"]",
			 c->node, r->message);
	else if (r->status < 200 || r->status > 299)
		snprintf(text, sizeof(text),
			 "condition NetworkUnavailable of Node %.100s cannot "
			 "be cleared: %.250s",
			 c->node, r->message);
	if (!strcmp(text, c->problem))
		return;
	strcpy(c->problem, text);
	c->changed(c->arg);
}

static void on_done(const struct kube_result *r, void *arg)
{
	struct node_condition *c = arg;
	struct timeval delay = {AGAIN_MIN, 0};

	c->call = NULL;
	set_problem(c, r);
	if (c->problem[0]) {
		delay.tv_sec = c->wait;
		c->wait = c->wait * 2 < AGAIN_MAX ? c->wait * 2 : AGAIN_MAX;
	} else {
		log_info("condition NetworkUnavailable cleared", "node=%s",
			 c->node);
		c->is_set = false;
		c->wait = AGAIN_MIN;
	}
	event_add(c->again, &delay);
}

/* Once it is due; and never twice within seconds, whoever sets it. */
static void patch_if_due(struct node_condition *c)
{
	char path[512], *body;
	struct kube_request r = {
		.method = "PATCH",
		.path = path,
		.content_type = "application/strategic-merge-patch+json",
		.timeout = PATCH_TIMEOUT,
		.done = on_done,
		.arg = c,
	};

	if (!c->ready || !c->is_set || c->call ||
	    evtimer_pending(c->again, NULL))
		return;
	snprintf(path, sizeof(path), "/api/v1/nodes/%s/status", c->node);
	body = format_patch();
	r.body = body;
	c->call = c->transport->start(c->transport->self, &r);
	cJSON_free(body);
}

static void on_again(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	patch_if_due(arg);
}

/* ---- what is told --------------------------------------------------- */

static const char *text_of(const cJSON *o, const char *key)
{
	const char *text =
		cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(o, key));

	return text ? text : "";
}

void node_condition_see(struct node_condition *c, const cJSON *node)
{
	const cJSON *meta = cJSON_GetObjectItemCaseSensitive(node, "metadata");
	const cJSON *status = cJSON_GetObjectItemCaseSensitive(node, "status");
	const cJSON *one;
	bool is_set = true;

	if (strcmp(text_of(meta, "name"), c->node))
		return;
	cJSON_ArrayForEach (
		one, cJSON_GetObjectItemCaseSensitive(status, "conditions"))
		if (!strcmp(text_of(one, "type"), "NetworkUnavailable") &&
		    !strcmp(text_of(one, "status"), "False"))
			is_set = false;
	c->is_set = is_set;
	patch_if_due(c);
}

void node_condition_ready(struct node_condition *c)
{
	c->ready = true;
	patch_if_due(c);
}

const char *node_condition_problem(const struct node_condition *c)
{
	return c->problem;
}

struct node_condition *
node_condition_new(struct event_base *base,
		   const struct kube_transport *transport, const char *node,
		   void (*changed)(void *arg), void *arg)
{
	struct node_condition *c = memory_alloc(sizeof(*c));

	c->transport = transport;
	c->node = node;
	c->wait = AGAIN_MIN;
	c->changed = changed;
	c->arg = arg;
	c->again = evtimer_new(base, on_again, c);
	return c;
}

void node_condition_free(struct node_condition *c)
{
	if (!c)
		return;
	if (c->call)
		c->transport->cancel(c->call);
	event_free(c->again);
	free(c);
}
