/* SPDX-License-Identifier: Apache-2.0 */
#include "compile.h"

#include <stdlib.h>
#include <string.h>

#include "cache.h"
#include "verdicts.h"

/* What is made on the way. */
struct compiling {
	const struct policy_world *w;
	const struct policy_compiled *before;
	struct policy_cache *cache; /* what of it stays */
	struct numbers order;
	struct groups groups;
	struct verdicts verdicts;
	struct numbers by_policy_id; /* groups */
};

/* ---- policy ids ----------------------------------------------------- */

static int compare_by_id(const void *a, const void *b)
{
	const struct policy_group *x = a, *y = b;

	return x->policy_id < y->policy_id ? -1 : x->policy_id > y->policy_id;
}

static void number_groups(struct compiling *c)
{
	const struct policy_cache *old = c->before ? c->before->cache : NULL;
	struct numbering *n = &c->cache->groups;

	numbering_begin(n, old ? &old->groups : NULL, 1);
	for (size_t i = 0; i < c->groups.n; i++) {
		struct group *g = &c->groups.items[i];

		g->policy_id = numbering_keep(n, g->hash);
	}
	if (old)
		cache_inherit_groups(old, c->w, &c->groups, n);
	for (size_t i = 0; i < c->groups.n; i++) {
		struct group *g = &c->groups.items[i];

		if (!g->policy_id)
			g->policy_id = numbering_new(n, g->hash);
	}
	numbering_finish(n);
}

static __u32 flags_of(const struct group *g)
{
	return (g->governs[FL_INGRESS] ? FL_ENDPOINT_INGRESS : 0) |
	       (g->governs[FL_EGRESS] ? FL_ENDPOINT_EGRESS : 0);
}

static void list_groups(struct compiling *c, struct policy_compiled *out)
{
	out->n_groups = c->groups.n;
	out->groups = store_alloc(c->groups.n, sizeof(*out->groups));
	for (size_t i = 0; i < c->groups.n; i++) {
		struct group *g = &c->groups.items[i];

		out->groups[i] = (struct policy_group){
			.policy_id = g->policy_id,
			.flags = flags_of(g),
			.policies = g->policies,
			.n_policies = g->n_policies,
			.n_endpoints = g->n_endpoints,
		};
		g->policies = NULL;
	}
	if (out->n_groups)
		qsort(out->groups, out->n_groups, sizeof(*out->groups),
		      compare_by_id);
}

static void list_endpoints(struct compiling *c, struct policy_compiled *out)
{
	out->n_endpoints = c->w->n_endpoints;
	out->endpoints = store_alloc(out->n_endpoints, sizeof(*out->endpoints));
	for (size_t i = 0; i < out->n_endpoints; i++) {
		long group = c->groups.of_endpoint[i];

		if (group < 0)
			continue;
		out->endpoints[i] = (struct policy_governed){
			c->groups.items[group].policy_id,
			flags_of(&c->groups.items[group]),
		};
	}
}

struct ranked {
	uint32_t policy_id, group;
};

static int compare_ranked(const void *a, const void *b)
{
	const struct ranked *x = a, *y = b;

	return x->policy_id < y->policy_id ? -1 : x->policy_id > y->policy_id;
}

static void order_groups(struct compiling *c)
{
	struct ranked *all = store_alloc(c->groups.n, sizeof(*all));

	for (size_t i = 0; i < c->groups.n; i++)
		all[i] = (struct ranked){c->groups.items[i].policy_id, i};
	if (c->groups.n)
		qsort(all, c->groups.n, sizeof(*all), compare_ranked);
	for (size_t i = 0; i < c->groups.n; i++)
		numbers_add(&c->by_policy_id, all[i].group);
	free(all);
}

/* ---- entries, rules and figures ------------------------------------- */

static int compare_rules(const void *a, const void *b)
{
	const struct policy_rule_info *x = a, *y = b;

	return x->number < y->number ? -1 : x->number > y->number;
}

static void take_verdicts(struct compiling *c, struct policy_compiled *out)
{
	struct verdicts *v = &c->verdicts;
	uint32_t end = 0, *place;

	out->entries = v->entries;
	out->n_entries = v->n;
	out->rules = v->rules;
	out->n_rules = v->n_rules;
	if (!out->n_rules)
		return;
	qsort(out->rules, out->n_rules, sizeof(*out->rules), compare_rules);
	end = out->rules[out->n_rules - 1].number + 1;
	place = store_alloc(end, sizeof(*place));
	for (size_t i = 0; i < out->n_rules; i++)
		place[out->rules[i].number] = i;
	for (size_t i = 0; i < out->n_entries; i++)
		if (out->entries[i].value.rule)
			out->rules[place[out->entries[i].value.rule]]
				.n_entries++;
	free(place);
}

/* A node of the kernel's trie is about this large, and there may be a second
 * one, without a value, for each. */
enum { ENTRY_BYTES = 128, PREFIX_BYTES = 160 };

static void count(const struct compiling *c, struct policy_compiled *out)
{
	const struct identities *ids = &c->cache->ids;
	struct policy_stats *s = &out->stats;

	s->selectors = catalog_n(&c->cache->catalog);
	for (size_t i = 0; i < ids->n_numbers; i++)
		s->identities += ids->numbers[i] >= FL_IDENTITY_FIRST_FREE;
	s->policy_ids = out->n_groups;
	s->entries = out->n_entries;
	policy_count_prefixes(out);
}

void policy_count_prefixes(struct policy_compiled *c)
{
	c->stats.prefixes = c->n_identities;
	c->stats.bytes = c->stats.entries * ENTRY_BYTES +
			 c->stats.prefixes * PREFIX_BYTES;
}

/* ---- compiling ------------------------------------------------------ */

static void find_identities(struct compiling *c, struct policy_compiled *out)
{
	const struct policy_cache *old = c->before ? c->before->cache : NULL;
	struct policy_cache *cache = c->cache;

	identities_collect(c->w, &cache->ns, &cache->catalog, &cache->classes,
			   &cache->ids);
	numbering_begin(&cache->identities, old ? &old->identities : NULL,
			FL_IDENTITY_FIRST_FREE);
	identities_number(&cache->ids, &cache->catalog, c->before,
			  &cache->identities);
	numbering_finish(&cache->identities);
	identities_list(&cache->ids, out);
}

static void find_verdicts(struct compiling *c, struct policy_compiled *out)
{
	const struct policy_cache *old = c->before ? c->before->cache : NULL;
	struct policy_cache *cache = c->cache;

	c->verdicts = (struct verdicts){
		.w = c->w,
		.catalog = &cache->catalog,
		.groups = &c->groups,
		.ids = &cache->ids,
		.numbering = &cache->rules,
	};
	order_groups(c);
	numbering_begin(&cache->rules, old ? &old->rules : NULL, 1);
	verdicts_make(&c->verdicts, &c->by_policy_id);
	numbering_finish(&cache->rules);
	take_verdicts(c, out);
}

static void compiling_free(struct compiling *c)
{
	groups_free(&c->groups);
	numbers_free(&c->order);
	numbers_free(&c->by_policy_id);
}

void policy_compile(const struct policy_world *world,
		    const struct policy_compiled *previous,
		    struct policy_compiled *out)
{
	struct policy_cache *cache = store_alloc(1, sizeof(*cache));
	struct compiling c = {world, previous, .cache = cache};
	struct policy_compiled result = {.cache = cache};

	namespaces_collect(world, &cache->ns);
	groups_order(world, &c.order);
	groups_collect(world, &cache->ns, &c.order, &c.groups);
	number_groups(&c);
	catalog_collect(world, &cache->ns, &c.groups, &cache->catalog);
	find_identities(&c, &result);
	find_verdicts(&c, &result);
	list_endpoints(&c, &result);
	complaints_collect(world, &c.order, &cache->catalog, &cache->ids,
			   &result);
	cache_remember(cache, world, &c.groups, &result);
	list_groups(&c, &result);
	count(&c, &result);
	compiling_free(&c);
	*out = result;
}

void policy_compiled_free(struct policy_compiled *c)
{
	for (size_t i = 0; i < c->n_groups; i++)
		free(c->groups[i].policies);
	for (size_t i = 0; i < c->n_rules; i++)
		free(c->rules[i].text);
	for (size_t i = 0; i < c->n_problems; i++)
		free(c->problems[i]);
	free(c->entries);
	free(c->identities);
	free(c->endpoints);
	free(c->groups);
	free(c->rules);
	free(c->problems);
	cache_free(c->cache);
	memset(c, 0, sizeof(*c));
}
