/* SPDX-License-Identifier: Apache-2.0 */
#include "model.h"

#include <errno.h>
#include <search.h>
#include <stdlib.h>
#include <string.h>

#include "memory.h"

static const struct {
	const char *name;
	size_t size;
} kinds[] = {
	[OBJECT_NODE] = {"Node", sizeof(struct node)},
	[OBJECT_NAMESPACE] = {"Namespace", sizeof(struct namespace)},
	[OBJECT_POD] = {"Pod", sizeof(struct pod)},
	[OBJECT_POLICY] = {"Policy", sizeof(struct policy_object)},
};
_Static_assert(sizeof(kinds) / sizeof(kinds[0]) == OBJECT_KIND_MAX,
	       "a kind has no name");

const char *object_kind_name(enum object_kind kind)
{
	return kinds[kind].name;
}

struct object *object_new(enum object_kind kind)
{
	struct object *o = memory_alloc(kinds[kind].size);

	o->kind = kind;
	return o;
}

static void pod_free(struct pod *pod)
{
	for (size_t i = 0; i < pod->n_ports; i++)
		free((char *)pod->ports[i].name);
	free(pod->ports);
	free(pod->uid);
	free(pod->node);
	free(pod->labels);
}

static void policy_object_free(struct policy_object *p)
{
	policy_free(p->policy);
	problems_free(&p->problems);
	problems_free(&p->reports);
}

void object_free(struct object *o)
{
	if (!o)
		return;
	if (o->kind == OBJECT_NODE)
		free(((struct node *)o)->labels);
	else if (o->kind == OBJECT_NAMESPACE)
		free(((struct namespace *)o)->labels);
	else if (o->kind == OBJECT_POD)
		pod_free((struct pod *)o);
	else if (o->kind == OBJECT_POLICY)
		policy_object_free((struct policy_object *)o);
	free(o->namespace);
	free(o->name);
	free(o);
}

void object_list_add(struct object_list *l, struct object *o)
{
	l->items = list_room(l->items, l->room, l->n);
	l->items[l->n++] = o;
}

void object_list_free(struct object_list *l)
{
	for (size_t i = 0; i < l->n; i++)
		object_free(l->items[i]);
	free(l->items);
	memset(l, 0, sizeof(*l));
}

static int compare(const void *a, const void *b)
{
	const struct object *x = a, *y = b;
	int c = strcmp(x->namespace, y->namespace);

	return c ? c : strcmp(x->name, y->name);
}

static void keep(void *o)
{
	(void)o;
}

void model_clear(struct model *m)
{
	for (int i = 0; i < OBJECT_KIND_MAX; i++)
		tdestroy(m->trees[i], keep);
	memset(m, 0, sizeof(*m));
}

int model_add(struct model *m, struct object *o, struct object **other)
{
	struct object **slot = tsearch(o, &m->trees[o->kind], compare);

	if (!slot)
		return -ENOMEM;
	if (*slot != o) {
		*other = *slot;
		return -EEXIST;
	}
	m->n[o->kind]++;
	return 0;
}

struct object *model_find(const struct model *m, enum object_kind kind,
			  const char *namespace, const char *name)
{
	struct object key = {
		.namespace = (char *)namespace,
		.name = (char *)name,
	};
	struct object **slot = tfind(&key, &m->trees[kind], compare);

	return slot ? *slot : NULL;
}

const struct node *model_node(const struct model *m, const char *name)
{
	return (const struct node *)model_find(m, OBJECT_NODE, "", name);
}

struct walk {
	void (*fn)(struct object *o, void *arg);
	void *arg;
};

static void visit(const void *slot, VISIT order, void *closure)
{
	struct walk *w = closure;

	if (order == postorder || order == leaf)
		w->fn(*(struct object **)slot, w->arg);
}

void model_each(const struct model *m, enum object_kind kind,
		void (*fn)(struct object *o, void *arg), void *arg)
{
	struct walk w = {fn, arg};

	twalk_r(m->trees[kind], visit, &w);
}
