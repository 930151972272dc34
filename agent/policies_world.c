/* SPDX-License-Identifier: Apache-2.0 */
#include "policies.h"

#include <linux/rtnetlink.h>
#include <stdlib.h>
#include <string.h>

#include "memory.h"

struct policies_world {
	struct policy_world world; /* the first: see pod_at() */
	struct policy_namespace *namespaces;
	const struct pod **pods;
	struct policy_node *nodes;
	struct fl_addr *node_addrs; /* of all nodes, side by side */
	size_t n_node_addrs;
	const struct policy **policies;
	const struct policy_object **policy_objects;
	struct policy_endpoint *endpoints;
	const struct pod **endpoint_pods; /* NULL: not known */
	struct fl_addr *own_addrs;
	size_t n_own_addrs, own_addrs_room;
};

struct build {
	const struct inputs *in;
	const struct node_facts *node;
	struct policies_world *w;
};

/* ---- objects -------------------------------------------------------- */

static void add_namespace(struct object *o, void *arg)
{
	struct policies_world *w = ((struct build *)arg)->w;

	w->namespaces[w->world.n_namespaces++] = (struct policy_namespace){
		.name = o->name,
		.labels = ((struct namespace *)o)->labels,
	};
}

struct policy_pod world_pod(const struct pod *pod)
{
	return (struct policy_pod){
		.namespace = pod->o.namespace,
		.name = pod->o.name,
		.labels = pod->labels,
		.addrs = pod->addrs,
		.n_addrs = pod->n_addrs,
		.ports = pod->ports,
		.n_ports = pod->n_ports,
		.host_network = pod->host_network,
		.terminal =
			pod->phase == POD_SUCCEEDED || pod->phase == POD_FAILED,
		.ending = pod->ending,
	};
}

/* There are many: of each only where it is, while it is compiled. */
static struct policy_pod pod_at(const struct policy_world *world, size_t i)
{
	return world_pod(((const struct policies_world *)world)->pods[i]);
}

static void add_pod(struct object *o, void *arg)
{
	struct policies_world *w = ((struct build *)arg)->w;

	w->pods[w->world.n_pods++] = (const struct pod *)o;
}

static void add_policy(struct object *o, void *arg)
{
	struct policies_world *w = ((struct build *)arg)->w;
	const struct policy_object *policy = (struct policy_object *)o;

	w->policy_objects[w->world.n_policies] = policy;
	w->policies[w->world.n_policies++] = policy->policy;
}

/* ---- nodes ---------------------------------------------------------- */

static bool has_addr(const struct fl_addr *list, size_t n,
		     const struct fl_addr *a)
{
	for (size_t i = 0; i < n; i++)
		if (addr_equal(&list[i], a))
			return true;
	return false;
}

static void add_own_addr(struct policies_world *w,
			 const struct policy_node *node,
			 const struct fl_addr *a)
{
	if (has_addr(node->addrs, node->n_addrs, a) ||
	    has_addr(w->own_addrs, w->n_own_addrs, a))
		return;
	w->own_addrs =
		list_room(w->own_addrs, w->own_addrs_room, w->n_own_addrs);
	w->own_addrs[w->n_own_addrs++] = *a;
}

/* Everything that the host answers to, as in fl_routes. */
static void fill_own(const struct build *b, struct policy_node *out)
{
	const struct facts *f = b->in->facts;
	struct policies_world *w = b->w;

	out->own = true;
	out->pod_cidrs = b->node->pod_cidrs;
	out->n_pod_cidrs = b->node->n_pod_cidrs;
	for (int i = 0; i < b->node->n_host_addrs; i++)
		add_own_addr(w, out, &b->node->host_addrs[i]);
	for (size_t i = 0; i < f->n_addrs; i++)
		if (f->addrs[i].scope == RT_SCOPE_UNIVERSE)
			add_own_addr(w, out, &f->addrs[i].addr);
	out->more_addrs = w->own_addrs;
	out->n_more_addrs = w->n_own_addrs;
}

static void add_node(struct object *o, void *arg)
{
	struct build *b = arg;
	struct policies_world *w = b->w;
	const struct node *node = (struct node *)o;
	struct fl_addr *addrs = &w->node_addrs[w->n_node_addrs];
	struct fl_addr *more = addrs + node->n_addrs;
	struct policy_node *out = &w->nodes[w->world.n_nodes++];

	for (int i = 0; i < node->n_addrs; i++)
		addrs[i] = node->addrs[i].addr;
	for (int i = 0; i < node->n_pod_cidrs; i++)
		more[i] = desired_host_addr(&node->pod_cidrs[i]);
	w->n_node_addrs += node->n_addrs + node->n_pod_cidrs;
	*out = (struct policy_node){
		.name = o->name,
		.labels = node->labels,
		.addrs = addrs,
		.n_addrs = node->n_addrs,
		.more_addrs = more,
		.n_more_addrs = node->n_pod_cidrs,
		.pod_cidrs = node->pod_cidrs,
		.n_pod_cidrs = node->n_pod_cidrs,
	};
	if (!strcmp(o->name, b->in->config->node_name))
		fill_own(b, out);
}

/* A node that nobody has told of has addresses all the same. */
static void add_unlisted_own(struct build *b)
{
	struct policies_world *w = b->w;
	struct policy_node *out;

	if (model_node(b->in->model, b->in->config->node_name))
		return;
	out = &w->nodes[w->world.n_nodes++];
	out->name = b->in->config->node_name;
	out->labels = "";
	fill_own(b, out);
}

/* ---- endpoints ------------------------------------------------------ */

struct pod_name {
	const char *namespace, *name;
};

static int compare_pod(const void *key, const void *item)
{
	const struct pod_name *k = key;
	const struct pod *pod = *(const struct pod *const *)item;
	int c = strcmp(k->namespace, pod->o.namespace);

	return c ? c : strcmp(k->name, pod->o.name);
}

static bool shares_addr(const struct endpoint_record *r, const struct pod *pod)
{
	for (int i = 0; i < r->n_addrs; i++)
		if (has_addr(pod->addrs, pod->n_addrs, &r->addrs[i]))
			return true;
	return false;
}

/* An older pod of the same name has another UID. So has a static pod, but that
 * has the endpoint's address as soon as there is a status. */
static bool is_same_pod(const struct endpoint_record *r, const struct pod *pod)
{
	return !*r->pod_uid || !pod->uid || pod_uid(r->pod_uid) == pod->uid ||
	       shares_addr(r, pod);
}

static long find_by_addr(const struct policies_world *w,
			 const struct endpoint_record *r)
{
	for (size_t i = 0; i < w->world.n_pods; i++)
		if (pod_has_addrs(w->pods[i]) && shares_addr(r, w->pods[i]))
			return i;
	return -1;
}

static long find_pod(const struct policies_world *w,
		     const struct endpoint_record *r)
{
	const struct pod_name key = {r->pod_namespace, r->pod_name};
	const struct pod **found;

	if (!*r->pod_name)
		return find_by_addr(w, r);
	found = bsearch(&key, w->pods, w->world.n_pods, sizeof(*w->pods),
			compare_pod);
	return found && is_same_pod(r, *found) ? found - w->pods : -1;
}

static void add_endpoints(const struct build *b)
{
	const struct endpoints *list = b->in->endpoints;
	struct policies_world *w = b->w;

	for (size_t i = 0; i < list->n; i++) {
		long pod = find_pod(w, &list->items[i]);

		w->endpoints[i] = (struct policy_endpoint){
			.addrs = list->items[i].addrs,
			.n_addrs = list->items[i].n_addrs,
			.pod = pod,
		};
		w->endpoint_pods[i] = pod < 0 ? NULL : w->pods[pod];
	}
	w->world.n_endpoints = list->n;
}

/* ---- all of it ------------------------------------------------------ */

static void count_addrs(struct object *o, void *arg)
{
	const struct node *node = (struct node *)o;

	*(size_t *)arg += node->n_addrs + node->n_pod_cidrs;
}

static size_t count_node_addrs(const struct model *m)
{
	size_t n = 0;

	model_each(m, OBJECT_NODE, count_addrs, &n);
	return n;
}

static void make_room(const struct inputs *in, struct policies_world *w)
{
	const size_t *n = in->model->n;

#define ROOM(field, count)                                                     \
	(w->field = memory_alloc(((count) + 1) * sizeof(*w->field)))
	ROOM(namespaces, n[OBJECT_NAMESPACE]);
	ROOM(pods, n[OBJECT_POD]);
	ROOM(nodes, n[OBJECT_NODE]);
	ROOM(node_addrs, count_node_addrs(in->model));
	ROOM(policies, n[OBJECT_POLICY]);
	ROOM(policy_objects, n[OBJECT_POLICY]);
	ROOM(endpoints, in->endpoints->n);
	ROOM(endpoint_pods, in->endpoints->n);
#undef ROOM
	w->world.namespaces = w->namespaces;
	w->world.pod = pod_at;
	w->world.nodes = w->nodes;
	w->world.policies = w->policies;
	w->world.endpoints = w->endpoints;
}

struct policies_world *world_build(const struct inputs *in,
				   const struct node_facts *node)
{
	struct policies_world *w = memory_alloc(sizeof(*w));
	struct build b = {in, node, w};

	make_room(in, w);
	model_each(in->model, OBJECT_NAMESPACE, add_namespace, &b);
	model_each(in->model, OBJECT_POD, add_pod, &b);
	model_each(in->model, OBJECT_NODE, add_node, &b);
	model_each(in->model, OBJECT_POLICY, add_policy, &b);
	add_unlisted_own(&b);
	add_endpoints(&b);
	return w;
}

static void *let_go(void *list)
{
	free(list);
	return NULL;
}

void world_forget_cluster(struct policies_world *w)
{
	struct policy_world *world = &w->world;

	world->namespaces = w->namespaces = let_go(w->namespaces);
	w->pods = let_go(w->pods);
	world->nodes = w->nodes = let_go(w->nodes);
	world->endpoints = w->endpoints = let_go(w->endpoints);
	w->node_addrs = let_go(w->node_addrs);
	w->own_addrs = let_go(w->own_addrs);
	world->n_namespaces = world->n_pods = world->n_nodes = 0;
	world->n_endpoints = w->n_own_addrs = w->own_addrs_room = 0;
}

void world_free(struct policies_world *w)
{
	if (!w)
		return;
	world_forget_cluster(w);
	free(w->policies);
	free(w->policy_objects);
	free(w->endpoint_pods);
	free(w);
}

const struct policy_world *world_get(const struct policies_world *w)
{
	return &w->world;
}

const struct pod *world_endpoint_pod(const struct policies_world *w, size_t i)
{
	return w->endpoint_pods[i];
}

const struct policy_object *world_policy(const struct policies_world *w,
					 size_t i)
{
	return w->policy_objects[i];
}
