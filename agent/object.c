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
	bool in_one_piece;
} kinds[] = {
	[OBJECT_NODE] = {"Node", sizeof(struct node), false},
	[OBJECT_NAMESPACE] = {"Namespace", sizeof(struct namespace), false},
	[OBJECT_POD] = {"Pod", sizeof(struct pod), true},
	[OBJECT_POLICY] = {"Policy", sizeof(struct policy_object), false},
	[OBJECT_SERVICE] = {"Service", sizeof(struct service), true},
	[OBJECT_ENDPOINT_SLICE] = {"EndpointSlice",
				   sizeof(struct endpoint_slice), true},
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

struct object *object_pack(enum object_kind kind, const struct object *from,
			   const void *behind, size_t size)
{
	size_t front = kinds[kind].size, name_size = strlen(from->name) + 1;
	char *piece = memory_alloc(front + size + name_size);
	struct object *o = (struct object *)piece;

	memcpy(piece, from, front);
	if (size)
		memcpy(piece + front, behind, size);
	o->kind = kind;
	o->name = memcpy(piece + front + size, from->name, name_size);
	return o;
}

__u32 pod_uid(const char *uid)
{
	__u64 h = 0xcbf29ce484222325ull;
	__u32 number;

	if (!*uid)
		return 0;
	for (; *uid; uid++)
		h = (h ^ (unsigned char)*uid) * 0x100000001b3ull;
	number = h ^ h >> 32;
	return number ? number : 1;
}

static void pod_free(struct pod *pod)
{
	for (size_t i = 0; i < pod->n_ports; i++)
		shared_drop(pod->ports[i].name);
	shared_drop(pod->ports);
	shared_drop(pod->node);
	shared_drop(pod->labels);
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

static void service_free(struct service *s)
{
	for (size_t i = 0; i < s->n_ports; i++) {
		shared_drop(s->ports[i].name);
		shared_drop(s->ports[i].target_name);
	}
	shared_drop(s->ports);
	shared_drop(s->selector);
}

static void slice_free(struct endpoint_slice *s)
{
	for (size_t i = 0; i < s->n_ports; i++)
		shared_drop(s->ports[i].name);
	for (size_t i = 0; i < s->n_endpoints; i++)
		shared_drop(s->endpoints[i].node);
	shared_drop(s->ports);
	shared_drop(s->service);
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
	else if (o->kind == OBJECT_SERVICE)
		service_free((struct service *)o);
	else if (o->kind == OBJECT_ENDPOINT_SLICE)
		slice_free((struct endpoint_slice *)o);
	shared_drop(o->namespace);
	if (!kinds[o->kind].in_one_piece)
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
	       a->audit == b->audit && a->ending == b->ending &&
	       a->uid == b->uid && a->node == b->node &&
	       a->labels == b->labels && a->ports == b->ports &&
	       !memcmp(a->addrs, b->addrs, a->n_addrs * sizeof(*a->addrs));
}

static bool same_policy(const struct policy_object *a,
			const struct policy_object *b)
{
	return policy_equal(a->policy, b->policy) &&
	       problems_equal(&a->problems, &b->problems);
}

static bool same_service(const struct service *a, const struct service *b)
{
	size_t n = a->n_cluster_ips + a->n_external_ips + a->n_balancer_ips;

	return a->selector == b->selector && a->ports == b->ports &&
	       a->n_ports == b->n_ports && a->type == b->type &&
	       a->affinity_seconds == b->affinity_seconds &&
	       a->headless == b->headless &&
	       a->internal_local == b->internal_local &&
	       a->external_local == b->external_local &&
	       a->n_cluster_ips == b->n_cluster_ips &&
	       a->n_external_ips == b->n_external_ips &&
	       a->n_balancer_ips == b->n_balancer_ips &&
	       !memcmp(a->addrs, b->addrs, n * sizeof(*a->addrs));
}

static bool same_slice(const struct endpoint_slice *a,
		       const struct endpoint_slice *b)
{
	bool same = a->service == b->service && a->ports == b->ports &&
		    a->n_ports == b->n_ports && a->v6 == b->v6 &&
		    a->n_endpoints == b->n_endpoints;

	for (size_t i = 0; same && i < a->n_endpoints; i++) {
		const struct slice_endpoint *x = &a->endpoints[i];
		const struct slice_endpoint *y = &b->endpoints[i];

		same = x->node == y->node && x->ready == y->ready &&
		       x->serving == y->serving &&
		       x->terminating == y->terminating &&
		       addr_equal(&x->addr, &y->addr);
	}
	return same;
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
	case OBJECT_SERVICE:
		return same_service((const struct service *)a,
				    (const struct service *)b);
	case OBJECT_ENDPOINT_SLICE:
		return same_slice((const struct endpoint_slice *)a,
				  (const struct endpoint_slice *)b);
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

	if (!kinds[o->kind].in_one_piece)
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
