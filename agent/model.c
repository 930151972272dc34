/* SPDX-License-Identifier: Apache-2.0 */
#include "model.h"

#include <errno.h>
#include <string.h>

void model_clear(struct model *m)
{
	for (int i = 0; i < OBJECT_KIND_MAX; i++)
		index_free(&m->index[i]);
	memset(m, 0, sizeof(*m));
}

int model_add(struct model *m, struct object *o, struct object **other)
{
	struct object *there = index_add(&m->index[o->kind], o);

	if (there) {
		*other = there;
		return -EEXIST;
	}
	m->n[o->kind]++;
	return 0;
}

struct object *model_replace(struct model *m, struct object *o)
{
	return index_replace(&m->index[o->kind], o);
}

struct object *model_remove(struct model *m, enum object_kind kind,
			    const char *namespace, const char *name)
{
	struct object *o = index_remove(&m->index[kind], namespace, name);

	m->n[kind] -= o != NULL;
	return o;
}

struct object *model_find(const struct model *m, enum object_kind kind,
			  const char *namespace, const char *name)
{
	return index_find(&m->index[kind], namespace, name);
}

const struct node *model_node(const struct model *m, const char *name)
{
	return (const struct node *)model_find(m, OBJECT_NODE, "", name);
}

void model_each(const struct model *m, enum object_kind kind,
		void (*fn)(struct object *o, void *arg), void *arg)
{
	index_each(&m->index[kind], fn, arg);
}
