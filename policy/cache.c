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

static void remember_sets(struct policy_cache *cache,
			  const struct catalog *catalog,
			  const struct identities *ids)
{
	size_t len;

	for (size_t i = 0; i < catalog_n(catalog); i++) {
		const char *text = intern_key(&catalog->texts, i, &len);

		intern_add(&cache->texts, text, len, NULL);
	}
	cache->set_numbers = store_alloc(ids->sets.n, sizeof(uint32_t));
	for (size_t i = 0; ids->numbers && i < ids->sets.n; i++) {
		const void *key;

		if (!ids->numbers[i])
			continue;
		key = intern_key(&ids->sets, i, &len);
		cache->set_numbers[intern_add(&cache->sets, key, len, NULL)] =
			ids->numbers[i];
	}
}

void cache_remember(struct policy_cache *cache, const struct policy_world *w,
		    const struct groups *groups, const struct catalog *catalog,
		    const struct identities *ids)
{
	remember_endpoints(cache, w, groups);
	remember_sets(cache, catalog, ids);
}

void cache_free(struct policy_cache *c)
{
	if (!c)
		return;
	numbering_free(&c->identities);
	numbering_free(&c->groups);
	numbering_free(&c->rules);
	intern_free(&c->texts);
	intern_free(&c->sets);
	free(c->set_numbers);
	free(c->endpoints);
	free(c);
}
