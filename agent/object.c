/* SPDX-License-Identifier: Apache-2.0 */
#include "model.h"

#include <malloc.h>
#include <stdlib.h>
#include <string.h>

#include "memory.h"
#include "shared.h"

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

struct pod *pod_new(const struct pod *from, const struct fl_addr *addrs)
{
	size_t addrs_size = from->n_addrs * sizeof(*addrs);
	size_t name_size = strlen(from->o.name) + 1;
	struct pod *pod = memory_alloc(sizeof(*pod) + addrs_size + name_size);
	char *behind = (char *)pod->addrs;

	*pod = *from;
	pod->o.kind = OBJECT_POD;
	if (addrs_size)
		memcpy(behind, addrs, addrs_size);
	pod->o.name = memcpy(behind + addrs_size, from->o.name, name_size);
	return pod;
}

__u64 pod_uid(const char *uid)
{
	__u64 h = 0xcbf29ce484222325ull;

	if (!*uid)
		return 0;
	for (; *uid; uid++)
		h = (h ^ (unsigned char)*uid) * 0x100000001b3ull;
	return h ? h : 1;
}

static void pod_free(struct pod *pod)
{
	for (size_t i = 0; i < pod->n_ports; i++)
		shared_drop(pod->ports[i].name);
	shared_drop(pod->ports);
	shared_drop(pod->node);
	shared_drop(pod->labels);
	pod->o.name = NULL; /* of one piece with it */
}

static void node_free(struct node *node)
{
	shared_drop(node->labels);
	problems_free(&node->problems);
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
		node_free((struct node *)o);
	else if (o->kind == OBJECT_NAMESPACE)
		shared_drop(((struct namespace *)o)->labels);
	else if (o->kind == OBJECT_POD)
		pod_free((struct pod *)o);
	else if (o->kind == OBJECT_POLICY)
		policy_object_free((struct policy_object *)o);
	shared_drop(o->namespace);
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

/* ---- equality: what is shared is the same pointer -------------------- */

static bool same_node(const struct node *a, const struct node *b)
{
	bool same = a->n_addrs == b->n_addrs &&
		    a->n_pod_cidrs == b->n_pod_cidrs && a->audit == b->audit &&
		    !memcmp(a->pod_cidrs, b->pod_cidrs,
			    a->n_pod_cidrs * sizeof(*a->pod_cidrs)) &&
		    a->labels == b->labels &&
		    problems_equal(&a->problems, &b->problems);

	for (int i = 0; same && i < a->n_addrs; i++)
		same = a->addrs[i].internal == b->addrs[i].internal &&
		       a->addrs[i].tunnel == b->addrs[i].tunnel &&
		       addr_equal(&a->addrs[i].addr, &b->addrs[i].addr);
	return same;
}

static bool same_pod(const struct pod *a, const struct pod *b)
{
	return a->n_addrs == b->n_addrs && a->n_ports == b->n_ports &&
	       a->host_network == b->host_network && a->phase == b->phase &&
	       a->audit == b->audit && a->uid == b->uid && a->node == b->node &&
	       a->labels == b->labels && a->ports == b->ports &&
	       !memcmp(a->addrs, b->addrs, a->n_addrs * sizeof(*a->addrs));
}

static bool same_policy(const struct policy_object *a,
			const struct policy_object *b)
{
	return policy_equal(a->policy, b->policy) &&
	       problems_equal(&a->problems, &b->problems);
}

bool object_equal(const struct object *a, const struct object *b)
{
	if (a->kind != b->kind)
		return false;
	switch ((enum object_kind)a->kind) {
	case OBJECT_NODE:
		return same_node((const struct node *)a,
				 (const struct node *)b);
	case OBJECT_NAMESPACE:
		return ((const struct namespace *)a)->labels ==
		       ((const struct namespace *)b)->labels;
	case OBJECT_POD:
		return same_pod((const struct pod *)a, (const struct pod *)b);
	case OBJECT_POLICY:
		return same_policy((const struct policy_object *)a,
				   (const struct policy_object *)b);
	case OBJECT_KIND_MAX:
		break;
	}
	return false;
}

/* ---- size ----------------------------------------------------------- */

/* A block of the heap with what the allocator keeps of it. */
static size_t block(const void *p)
{
	return p ? malloc_usable_size((void *)p) + sizeof(size_t) : 0;
}

static size_t problems_bytes(const struct problems *p)
{
	size_t sum = block(p->items);

	for (size_t i = 0; i < p->n; i++)
		sum += block(p->items[i]);
	return sum;
}

static size_t policy_object_bytes(const struct policy_object *p)
{
	return policy_bytes(p->policy) + problems_bytes(&p->problems) +
	       problems_bytes(&p->reports);
}

size_t object_bytes(const struct object *o)
{
	size_t sum = block(o);

	if (o->kind != OBJECT_POD)
		sum += block(o->name);
	if (o->kind == OBJECT_NODE)
		sum += problems_bytes(&((const struct node *)o)->problems);
	else if (o->kind == OBJECT_POLICY)
		sum += policy_object_bytes((const struct policy_object *)o);
	return sum;
}

const struct problems *object_problems(const struct object *o)
{
	if (o->kind == OBJECT_NODE)
		return &((const struct node *)o)->problems;
	if (o->kind == OBJECT_POLICY)
		return &((const struct policy_object *)o)->reports;
	return NULL;
}
