/* SPDX-License-Identifier: Apache-2.0 */
#include "source_kube_bad.h"

#include <stdlib.h>
#include <string.h>

#include "memory.h"

/* So many are remembered: a server that sends nothing else is not to fill our
 * memory. */
enum { BAD_MAX = 100, SHOWN_MAX = 20 };

struct bad_object {
	enum resource resource;
	unsigned int list; /* the last that had it */
	char *namespace, *name, *reason;
};

static struct bad_object *find(const struct source_kube_bad *b, enum resource r,
			       const char *namespace, const char *name)
{
	for (size_t i = 0; i < b->n; i++) {
		struct bad_object *o = &b->items[i];

		if (o->resource == r && !strcmp(o->name, name) &&
		    !strcmp(o->namespace, namespace))
			return o;
	}
	return NULL;
}

static void drop(struct source_kube_bad *b, struct bad_object *o)
{
	free(o->namespace);
	free(o->name);
	free(o->reason);
	*o = b->items[--b->n];
}

bool bad_add(struct source_kube_bad *b, enum resource r, unsigned int list,
	     const char *namespace, const char *name, const char *reason)
{
	struct bad_object *o = find(b, r, namespace, name);

	if (!o && b->n == BAD_MAX) {
		b->full = true;
		return false;
	}
	if (!o) {
		b->items = list_room(b->items, b->room, b->n);
		o = &b->items[b->n++];
		*o = (struct bad_object){
			.resource = r,
			.namespace = memory_copy(namespace),
			.name = memory_copy(name),
		};
	}
	o->list = list;
	if (o->reason && !strcmp(o->reason, reason))
		return false;
	free(o->reason);
	o->reason = memory_copy(reason);
	return true;
}

bool bad_remove(struct source_kube_bad *b, enum resource r,
		const char *namespace, const char *name)
{
	struct bad_object *o = find(b, r, namespace, name);

	if (o)
		drop(b, o);
	return o;
}

bool bad_sweep(struct source_kube_bad *b, enum resource r, unsigned int list)
{
	size_t before = b->n;

	for (size_t i = b->n; i--;)
		if (b->items[i].resource == r && b->items[i].list != list)
			drop(b, &b->items[i]);
	if (b->n < BAD_MAX)
		b->full = false;
	return b->n != before;
}

/* The reason names kind and name. */
void bad_problems(const struct source_kube_bad *b, struct problems *out)
{
	for (size_t i = 0; i < b->n && i < SHOWN_MAX; i++) {
		const struct bad_object *o = &b->items[i];

		if (*o->namespace)
			problems_add(out, "%s (namespace %s)", o->reason,
				     o->namespace);
		else
			problems_add(out, "%s", o->reason);
	}
	if (b->n > SHOWN_MAX)
		problems_add(out, "%zu more objects%s cannot be read",
			     b->n - SHOWN_MAX, b->full ? " at least" : "");
}

void bad_free(struct source_kube_bad *b)
{
	while (b->n)
		drop(b, &b->items[b->n - 1]);
	free(b->items);
	memset(b, 0, sizeof(*b));
}
