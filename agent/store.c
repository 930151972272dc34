/* SPDX-License-Identifier: Apache-2.0 */
#include "store.h"

#include <stdlib.h>
#include <string.h>

#include "memory.h"

static const enum object_kind kinds[RESOURCE_MAX] = {
	[RESOURCE_NODES] = OBJECT_NODE,
	[RESOURCE_NAMESPACES] = OBJECT_NAMESPACE,
	[RESOURCE_PODS] = OBJECT_POD,
	[RESOURCE_NETWORK_POLICIES] = OBJECT_POLICY,
	[RESOURCE_CLUSTER_NETWORK_POLICIES] = OBJECT_POLICY,
	[RESOURCE_SERVICES] = OBJECT_SERVICE,
	[RESOURCE_ENDPOINT_SLICES] = OBJECT_ENDPOINT_SLICE,
};

static void count_in(struct store *s, struct object *o)
{
	s->n[o->resource]++;
	s->bytes[o->resource] += object_bytes(o);
}

/* It has left the model. */
static void drop(struct store *s, struct object *o)
{
	s->n[o->resource]--;
	s->bytes[o->resource] -= object_bytes(o);
	object_free(o);
}

static void tell(struct store *s, const struct object *before,
		 const struct object *after)
{
	const struct object *o = before ? before : after;

	if (o->kind == OBJECT_POD)
		pod_news_add(&s->news, (const struct pod *)before,
			     (const struct pod *)after);
}

bool store_put(struct store *s, enum resource r, struct object *o)
{
	struct object *old = NULL;

	o->resource = r;
	o->list = s->list[r];
	if (!model_add(&s->model, o, &old)) {
		count_in(s, o);
		tell(s, NULL, o);
		return true;
	}
	old->list = o->list;
	if (object_equal(old, o)) {
		object_free(o);
		return false;
	}
	model_replace(&s->model, o);
	tell(s, old, o);
	drop(s, old);
	count_in(s, o);
	return true;
}

void store_keep(struct store *s, enum resource r, const char *namespace,
		const char *name)
{
	struct object *o = model_find(&s->model, kinds[r], namespace, name);

	if (o)
		o->list = s->list[r];
}

bool store_remove(struct store *s, enum resource r, const char *namespace,
		  const char *name)
{
	struct object *o = model_remove(&s->model, kinds[r], namespace, name);

	if (!o)
		return false;
	tell(s, o, NULL);
	drop(s, o);
	return true;
}

void store_list(struct store *s, enum resource r)
{
	s->list[r]++;
}

struct stale {
	const struct store *s;
	enum resource r;
	struct object **items;
	size_t n, room;
};

static void find_stale(struct object *o, void *arg)
{
	struct stale *stale = arg;

	if (o->resource != stale->r || o->list == stale->s->list[stale->r])
		return;
	stale->items = list_room(stale->items, stale->room, stale->n);
	stale->items[stale->n++] = o;
}

size_t store_sweep(struct store *s, enum resource r)
{
	struct stale stale = {.s = s, .r = r};

	model_each(&s->model, kinds[r], find_stale, &stale);
	for (size_t i = 0; i < stale.n; i++) {
		struct object *o = stale.items[i];

		model_remove(&s->model, o->kind, o->namespace, o->name);
		tell(s, o, NULL);
		drop(s, o);
	}
	free(stale.items);
	return stale.n;
}

static void free_one(struct object *o, void *arg)
{
	(void)arg;
	object_free(o);
}

void store_free(struct store *s)
{
	for (int kind = 0; kind < OBJECT_KIND_MAX; kind++)
		model_each(&s->model, kind, free_one, NULL);
	model_clear(&s->model);
	pod_news_free(&s->news);
	memset(s, 0, sizeof(*s));
}
