/* SPDX-License-Identifier: Apache-2.0 */
#include "cache.h"

#include <stdlib.h>

#include "../lib/addr.h"

static int compare_endpoints(const void *a, const void *b)
{
	const struct cached_endpoint *x = a, *y = b;

	return addr_compare(&x->addr, &y->addr);
}

static uint32_t old_id(const struct policy_cache *old,
		       const struct policy_endpoint *e)
{
	struct cached_endpoint key = {0};
	const struct cached_endpoint *found;

	if (!e->n_addrs || !old->n_endpoints)
		return 0;
	key.addr = e->addrs[0];
	found = bsearch(&key, old->endpoints, old->n_endpoints, sizeof(key),
			compare_endpoints);
	return found ? found->policy_id : 0;
}

struct heir {
	uint32_t old;
	long group;
};

static int compare_heirs(const void *a, const void *b)
{
	const struct heir *x = a, *y = b;

	if (x->old != y->old)
		return x->old < y->old ? -1 : 1;
	return x->group < y->group ? -1 : x->group > y->group;
}

static void take_over(const struct heir *heirs, size_t n, struct groups *groups,
		      struct numbering *numbering)
{
	size_t next;

	for (size_t i = 0; i < n; i = next) {
		struct group *g = &groups->items[heirs[i].group];
		bool split = false;

		for (next = i; next < n && heirs[next].old == heirs[i].old;
		     next++)
			split |= heirs[next].group != heirs[i].group;
		if (!split && !g->policy_id &&
		    numbering_inherit(numbering, g->hash, heirs[i].old))
			g->policy_id = heirs[i].old;
	}
}

void cache_inherit_groups(const struct policy_cache *old,
			  const struct policy_world *w, struct groups *groups,
			  struct numbering *numbering)
{
	struct heir *heirs = store_alloc(w->n_endpoints, sizeof(*heirs));
	size_t n = 0;

	for (size_t i = 0; i < w->n_endpoints; i++) {
		uint32_t id = old_id(old, &w->endpoints[i]);

		if (id && groups->of_endpoint[i] >= 0)
			heirs[n++] = (struct heir){id, groups->of_endpoint[i]};
	}
	if (n)
		qsort(heirs, n, sizeof(*heirs), compare_heirs);
	take_over(heirs, n, groups, numbering);
	free(heirs);
}

static void remember_endpoints(struct policy_cache *cache,
			       const struct policy_world *w,
			       const struct groups *groups)
{
	cache->endpoints =
		store_alloc(w->n_endpoints, sizeof(*cache->endpoints));
	for (size_t i = 0; i < w->n_endpoints; i++) {
		long group = groups->of_endpoint[i];

		if (group < 0 || !w->endpoints[i].n_addrs)
			continue;
		cache->endpoints[cache->n_endpoints++] =
			(struct cached_endpoint){
				w->endpoints[i].addrs[0],
				groups->items[group].policy_id};
	}
	if (cache->n_endpoints)
		qsort(cache->endpoints, cache->n_endpoints,
		      sizeof(*cache->endpoints), compare_endpoints);
}

/* ---- for pods that come and go (move.c) -------------------------------- */

static void count_uses(struct policy_cache *cache,
		       const struct policy_compiled *c)
{
	cache->n_uses = FL_IDENTITY_FIRST_FREE;
	for (size_t i = 0; i < c->n_identities; i++)
		if (c->identities[i].identity >= cache->n_uses)
			cache->n_uses = c->identities[i].identity + 1;
	cache->uses = store_alloc(cache->n_uses, sizeof(*cache->uses));
	for (size_t i = 0; i < c->n_identities; i++)
		cache->uses[c->identities[i].identity]++;
}

struct addrs {
	struct fl_addr *items;
	size_t n, room;
};

static void add_addrs(struct addrs *l, const struct fl_addr *addrs, size_t n)
{
	l->items = store_room(l->items, l->room, l->n, n);
	for (size_t i = 0; i < n; i++)
		l->items[l->n++] = addrs[i];
}

static void add_prefixes(struct addrs *l, const struct fl_prefix *p, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (p[i].prefix_len == 128)
			add_addrs(l, &p[i].addr, 1);
}

static int compare_addrs(const void *a, const void *b)
{
	return addr_compare(a, b);
}

/* Where identity.c meets anything but a pod at a whole address. */
static void list_fixed(struct policy_cache *cache, const struct policy_world *w)
{
	struct addrs l = {0};

	for (size_t i = 0; i < w->n_nodes; i++) {
		const struct policy_node *n = &w->nodes[i];

		add_addrs(&l, n->addrs, n->n_addrs);
		add_addrs(&l, n->more_addrs, n->n_more_addrs);
		add_prefixes(&l, n->pod_cidrs, n->n_pod_cidrs);
	}
	for (size_t i = 0; i < w->n_endpoints; i++)
		add_addrs(&l, w->endpoints[i].addrs, w->endpoints[i].n_addrs);
	for (size_t i = 0; i < catalog_n(&cache->catalog); i++) {
		const struct catalog_selector *s = &cache->catalog.items[i];

		if (s->kind != CATALOG_CIDR)
			continue;
		add_prefixes(&l, &s->peer->cidr, 1);
		add_prefixes(&l, s->peer->except, s->peer->n_except);
	}
	if (l.n)
		qsort(l.items, l.n, sizeof(*l.items), compare_addrs);
	cache->fixed = l.items;
	cache->n_fixed = l.n;
}

void cache_remember(struct policy_cache *cache, const struct policy_world *w,
		    const struct groups *groups,
		    const struct policy_compiled *c)
{
	remember_endpoints(cache, w, groups);
	count_uses(cache, c);
	if (c->n_identities)
		list_fixed(cache, w);
	namespaces_forget_pods(&cache->ns);
	catalog_forget_rules(&cache->catalog);
	classes_forget_pods(&cache->classes);
	identities_forget_prefixes(&cache->ids);
}

void cache_free(struct policy_cache *c)
{
	if (!c)
		return;
	numbering_free(&c->identities);
	numbering_free(&c->groups);
	numbering_free(&c->rules);
	classes_free(&c->classes);
	catalog_free(&c->catalog);
	identities_free(&c->ids);
	namespaces_free(&c->ns);
	free(c->uses);
	free(c->fixed);
	free(c->endpoints);
	free(c);
}
