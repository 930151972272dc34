/* SPDX-License-Identifier: Apache-2.0 */
#include "groups.h"

#include <stdlib.h>
#include <string.h>

#include "number.h"

/* ---- order ---------------------------------------------------------- */

struct ranked {
	const struct policy *policy;
	uint32_t place;
};

static int compare_ranked(const void *a, const void *b)
{
	const struct ranked *x = a, *y = b;
	const struct policy *p = x->policy, *q = y->policy;
	int d = (int)p->tier - (int)q->tier;

	if (!d && p->kind == POLICY_CLUSTER && q->kind == POLICY_CLUSTER)
		d = p->priority - q->priority;
	if (!d)
		d = strcmp(p->namespace, q->namespace);
	if (!d)
		d = strcmp(p->name, q->name);
	return d ? d : (x->place < y->place ? -1 : x->place > y->place);
}

void groups_order(const struct policy_world *w, struct numbers *out)
{
	struct ranked *all = store_alloc(w->n_policies, sizeof(*all));

	for (size_t i = 0; i < w->n_policies; i++)
		all[i] = (struct ranked){w->policies[i], i};
	if (w->n_policies)
		qsort(all, w->n_policies, sizeof(*all), compare_ranked);
	out->n = 0;
	for (size_t i = 0; i < w->n_policies; i++)
		numbers_add(out, all[i].place);
	free(all);
}

/* ---- who selects whom ----------------------------------------------- */

struct collecting {
	const struct policy_world *w;
	const struct namespaces *ns;
	struct groups *g;
	struct numbers *own; /* by namespace: its NetworkPolicies */
	struct numbers cluster[POLICY_TIER_MAX];
	struct numbers list, key;
	uint64_t *hashes; /* by the policy's place */
};

static void sort_out(struct collecting *c, const struct numbers *order)
{
	c->own = store_alloc(c->ns->names.n, sizeof(*c->own));
	c->hashes = store_alloc(c->w->n_policies, sizeof(*c->hashes));
	for (size_t i = 0; i < order->n; i++) {
		const struct policy *p = c->w->policies[order->items[i]];
		struct numbers *list = &c->cluster[p->tier];
		uint64_t hash = hash_text(p->kind + 1, p->namespace);

		if (p->kind == POLICY_NETWORK)
			list = &c->own[namespaces_find(c->ns, p->namespace)];
		numbers_add(list, order->items[i]);
		c->hashes[order->items[i]] = hash_text(hash, p->name);
	}
}

static void add_selecting(struct collecting *c, const struct numbers *from,
			  size_t pod)
{
	const char *namespace = c->ns->labels[c->ns->of_pod[pod]];
	const char *labels = policy_world_pod(c->w, pod).labels;

	for (size_t i = 0; i < from->n; i++) {
		const struct policy *p = c->w->policies[from->items[i]];

		if (p->kind == POLICY_CLUSTER &&
		    !selector_matches(&p->namespaces, namespace))
			continue;
		if (!p->governs[FL_INGRESS] && !p->governs[FL_EGRESS])
			continue;
		if (selector_matches(&p->pods, labels))
			numbers_add(&c->list, from->items[i]);
	}
}

/* The ports of the pod that ingress rules call by this name. */
static void add_ports(struct collecting *c, const struct policy_port *port,
		      const struct policy_pod *pod)
{
	for (size_t i = 0; i < pod->n_ports; i++)
		if (!strcmp(pod->ports[i].name, port->name) &&
		    (!port->proto || port->proto == pod->ports[i].proto))
			numbers_add(&c->key,
				    (uint32_t)pod->ports[i].proto << 16 |
					    pod->ports[i].number);
	numbers_add(&c->key, UINT32_MAX);
}

static void add_named_ports(struct collecting *c, const struct policy *p,
			    const struct policy_pod *pod)
{
	for (size_t i = 0; i < p->n_rules; i++) {
		const struct policy_rule *r = &p->rules[i];

		for (size_t j = 0; j < r->n_ports; j++)
			if (r->direction == FL_INGRESS && r->ports[j].name)
				add_ports(c, &r->ports[j], pod);
	}
}

static void add_group(struct collecting *c, size_t pod)
{
	struct groups *g = c->g;
	struct group group = {
		.pod = pod,
		.n_policies = c->list.n,
		.policies = store_alloc(c->list.n, sizeof(*group.policies)),
	};

	memcpy(group.policies, c->list.items,
	       c->list.n * sizeof(*group.policies));
	for (size_t i = 0; i < c->list.n; i++) {
		const struct policy *p = c->w->policies[c->list.items[i]];

		group.governs[FL_INGRESS] |= p->governs[FL_INGRESS];
		group.governs[FL_EGRESS] |= p->governs[FL_EGRESS];
		group.hash =
			hash_number(group.hash, c->hashes[c->list.items[i]]);
	}
	for (size_t i = c->list.n + 1; i < c->key.n; i++)
		group.hash = hash_number(group.hash, c->key.items[i]);
	g->items = store_room(g->items, g->room, g->n, 1);
	g->items[g->n++] = group;
}

static long group_of(struct collecting *c, size_t pod)
{
	const struct policy_pod p = policy_world_pod(c->w, pod);
	uint32_t number;

	if (p.host_network)
		return -1;
	c->list.n = c->key.n = 0;
	add_selecting(c, &c->cluster[POLICY_TIER_ADMIN], pod);
	add_selecting(c, &c->own[c->ns->of_pod[pod]], pod);
	add_selecting(c, &c->cluster[POLICY_TIER_BASELINE], pod);
	if (!c->list.n)
		return -1;
	numbers_add(&c->key, c->list.n);
	for (size_t i = 0; i < c->list.n; i++)
		numbers_add(&c->key, c->list.items[i]);
	for (size_t i = 0; i < c->list.n; i++)
		add_named_ports(c, c->w->policies[c->list.items[i]], &p);
	number = intern_numbers(&c->g->keys, &c->key);
	if (number == c->g->n)
		add_group(c, pod);
	c->g->items[number].n_endpoints++;
	return number;
}

void groups_collect(const struct policy_world *w, const struct namespaces *ns,
		    const struct numbers *order, struct groups *out)
{
	struct collecting c = {.w = w, .ns = ns, .g = out};

	memset(out, 0, sizeof(*out));
	sort_out(&c, order);
	out->of_endpoint =
		store_alloc(w->n_endpoints, sizeof(*out->of_endpoint));
	for (size_t i = 0; i < w->n_endpoints; i++) {
		long pod = w->endpoints[i].pod;

		out->of_endpoint[i] = pod < 0 ? -1 : group_of(&c, pod);
	}
	for (size_t i = 0; i < ns->names.n; i++)
		numbers_free(&c.own[i]);
	for (int i = 0; i < POLICY_TIER_MAX; i++)
		numbers_free(&c.cluster[i]);
	numbers_free(&c.list);
	numbers_free(&c.key);
	free(c.hashes);
	free(c.own);
}

void groups_free(struct groups *g)
{
	for (size_t i = 0; i < g->n; i++)
		free(g->items[i].policies);
	free(g->items);
	free(g->of_endpoint);
	intern_free(&g->keys);
	memset(g, 0, sizeof(*g));
}
