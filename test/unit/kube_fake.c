/* SPDX-License-Identifier: Apache-2.0 */
#include "kube_fake.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../../lib/log.h"

static void world_note(struct world *d, const char *what, const char *text)
{
	size_t more = strlen(what) + strlen(text) + 3;

	if (d->was_read)
		d->len = 0;
	d->was_read = false;
	if (!d->quiet) {
		if (d->len + more > d->room) {
			d->room = 2 * (d->len + more);
			d->diary = realloc(d->diary, d->room);
		}
		d->len += sprintf(d->diary + d->len, "%s%s%s\n", what,
				  *text ? " " : "", text);
	}
	if (d->free_in && !strcmp(d->free_in, what)) {
		kube_watch_free(d->w);
		d->w = NULL;
		d->free_in = NULL;
	}
}

/* ---- the clock ---------------------------------------------------------- */

static double world_now(void *arg)
{
	return ((struct world *)arg)->now;
}

static double world_random(void *arg)
{
	struct world *d = arg;

	if (d->chance >= 0)
		return d->chance;
	d->seed = d->seed * 1103515245u + 12345u;
	return (d->seed >> 8 & 0xffff) / 65536.0;
}

static void world_arm(double seconds, void *arg)
{
	struct world *d = arg;

	d->due = seconds < 0 ? -1 : d->now + seconds;
}

/* ---- the transport ------------------------------------------------------ */

static struct kube_call *world_start(void *self, const struct kube_request *r)
{
	struct world *d = self;

	d->requests++;
	if (d->open)
		abort(); /* two at once */
	snprintf(d->call.path, sizeof(d->call.path), "%s", r->path);
	snprintf(d->call.accept, sizeof(d->call.accept), "%s",
		 r->accept ? r->accept : "");
	d->call.r = *r;
	if (d->refuse)
		return NULL;
	d->open = true;
	world_note(d, "GET", d->call.path);
	return &d->call;
}

static void world_cancel(struct kube_call *c)
{
	struct world *d =
		(struct world *)((char *)c - offsetof(struct world, call));

	d->cancelled++;
	d->open = false;
}

/* ---- the receiver ------------------------------------------------------- */

struct world_object *world_find(struct world *d, const char *name)
{
	int i;

	for (i = 0; i < d->n_objects; i++)
		if (!strcmp(d->objects[i].name, name))
			return &d->objects[i];
	return NULL;
}

static void world_remove(struct world *d, struct world_object *o)
{
	*o = d->objects[--d->n_objects];
}

const char *world_text(const cJSON *object, const char *key)
{
	const char *text = cJSON_GetStringValue(
		cJSON_GetObjectItemCaseSensitive(object, key));

	return text ? text : "";
}

static void world_name(const cJSON *json, char *out, size_t size,
		       const char **version)
{
	const cJSON *m = cJSON_GetObjectItemCaseSensitive(json, "metadata");
	const char *namespace = world_text(m, "namespace");

	snprintf(out, size, "%s%s%s", namespace, *namespace ? "/" : "",
		 world_text(m, "name"));
	*version = world_text(m, "resourceVersion");
}

static unsigned long long world_hash(const cJSON *json)
{
	char *text = cJSON_PrintUnformatted(json), *c;
	unsigned long long hash = 0xcbf29ce484222325;

	for (c = text; *c; c++)
		hash = (hash ^ (unsigned char)*c) * 0x100000001b3;
	free(text);
	return hash;
}

static void world_listing(void *arg)
{
	struct world *d = arg;
	int i;

	for (i = 0; i < d->n_objects; i++)
		d->objects[i].told = false;
	world_note(d, "listing", "");
}

void world_on_object(const cJSON *json, void *arg)
{
	char name[256], line[400];
	struct world *d = arg;
	struct world_object *o;
	const char *version;

	world_name(json, name, sizeof(name), &version);
	o = world_find(d, name);
	if (!o && d->n_objects == WORLD_OBJECTS)
		abort();
	if (!o)
		o = &d->objects[d->n_objects++];
	snprintf(o->name, sizeof(o->name), "%s", name);
	snprintf(o->version, sizeof(o->version), "%s", version);
	o->hash = world_hash(json);
	o->told = true;
	snprintf(line, sizeof(line), "%s %s", name, version);
	world_note(d, "object", line);
}

void world_on_gone(const cJSON *json, void *arg)
{
	char name[256], line[400];
	struct world *d = arg;
	struct world_object *o;
	const char *version;

	world_name(json, name, sizeof(name), &version);
	o = world_find(d, name);
	if (o)
		world_remove(d, o);
	snprintf(line, sizeof(line), "%s %s", name, version);
	world_note(d, "gone", line);
}

static void world_unreadable(const char *namespace, const char *name,
			     const char *reason, void *arg)
{
	struct world *d = arg;
	struct world_object *o;
	char line[700];

	snprintf(line, sizeof(line), "%s%s%s", namespace, *namespace ? "/" : "",
		 name);
	o = world_find(d, line);
	if (o)
		o->told = true;
	snprintf(line + strlen(line), sizeof(line) - strlen(line), ": %s",
		 reason);
	world_note(d, "unreadable", line);
}

static void world_listed(void *arg)
{
	struct world *d = arg;
	int i;

	for (i = d->n_objects - 1; i >= 0; i--)
		if (!d->objects[i].told)
			world_remove(d, &d->objects[i]);
	world_note(d, "listed", "");
}

static void world_state(void *arg)
{
	struct world *d = arg;

	d->states++;
	if (d->free_in && !strcmp(d->free_in, "state")) {
		kube_watch_free(d->w);
		d->w = NULL;
		d->free_in = NULL;
	}
}

/* ---- for tests ---------------------------------------------------------- */

void world_open(struct world *d, const struct kube_resource *r)
{
	const struct kube_watch_ops ops = {
		.listing = world_listing,
		.object = world_on_object,
		.gone = world_on_gone,
		.unreadable = world_unreadable,
		.listed = world_listed,
		.state = world_state,
		.arg = d,
	};
	const struct watch_clock clock = {world_now, world_random, world_arm,
					  d};

	log_set_level(LOG_LEVEL_ERROR);
	d->resource = *r;
	d->transport = (struct kube_transport){world_start, world_cancel, d};
	d->now = 1000;
	d->due = -1;
	d->chance = 0.5;
	d->seed = 1;
	d->w = kube_watch_new_clocked(NULL, &d->resource, &d->transport, &ops,
				      &clock);
}

void world_close(struct world *d)
{
	kube_watch_free(d->w);
	free(d->diary);
}

const char *world_diary(struct world *d)
{
	bool news = d->diary && !d->was_read;

	d->was_read = true;
	return news ? d->diary : "";
}

double world_wait(struct world *d)
{
	double before = d->now;

	if (d->due < 0)
		return -1;
	d->now = d->due;
	d->due = -1;
	kube_watch_due(d->w);
	return d->now - before;
}

int world_send_n(struct world *d, const char *data, size_t len)
{
	if (!d->open)
		abort();
	return d->call.r.data(data, len, d->call.r.arg);
}

int world_send(struct world *d, const char *text)
{
	return world_send_n(d, text, strlen(text));
}

void world_end(struct world *d, int status, int error, const char *message,
	       double retry_after)
{
	struct kube_result r = {
		.status = status,
		.error = error,
		.retry_after = retry_after,
	};

	if (!d->open)
		abort();
	d->open = false;
	snprintf(r.message, sizeof(r.message), "%s", message);
	d->call.r.done(&r, d->call.r.arg);
}

void world_end_well(struct world *d)
{
	world_end(d, 200, 0, "", -1);
}

void world_answer(struct world *d, const char *text)
{
	if (world_send(d, text))
		world_end(d, 200, -ECANCELED, "stopped", -1);
	else
		world_end_well(d);
}
