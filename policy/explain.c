/* SPDX-License-Identifier: Apache-2.0 */
#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../lib/identity.h"
#include "cache.h"
#include "points.h"

/* ---- entries -------------------------------------------------------- */

static int compare_keys(const void *a, const void *b)
{
	const struct fl_policy_key *x = &((const struct policy_entry *)a)->key;
	const struct fl_policy_key *y = &((const struct policy_entry *)b)->key;

	if (x->policy_id != y->policy_id)
		return x->policy_id < y->policy_id ? -1 : 1;
	if (x->direction != y->direction)
		return (int)x->direction - (int)y->direction;
	if (x->identity != y->identity)
		return x->identity < y->identity ? -1 : 1;
	if (x->proto != y->proto)
		return (int)x->proto - (int)y->proto;
	if (x->port != y->port)
		return (int)ntohs(x->port) - (int)ntohs(y->port);
	return (int)x->prefix_len - (int)y->prefix_len;
}

/* The longest entry that matches, from a whole port up to any protocol. */
static const struct policy_entry *longest(const struct policy_compiled *c,
					  const struct fl_policy_key *full)
{
	struct policy_entry want = {.key = *full};
	__u16 port = ntohs(full->port);

	for (int bits = 16; bits >= 0; bits--) {
		const struct policy_entry *e;

		want.key.port = htons(port & (0xffffu << (16 - bits)));
		want.key.prefix_len = FL_POLICY_BITS_PROTO + bits;
		e = bsearch(&want, c->entries, c->n_entries, sizeof(want),
			    compare_keys);
		if (e)
			return e;
	}
	want.key.proto = 0;
	want.key.port = 0;
	want.key.prefix_len = FL_POLICY_BITS_ANY;
	return bsearch(&want, c->entries, c->n_entries, sizeof(want),
		       compare_keys);
}

struct policy_verdict policy_explain(const struct policy_compiled *c,
				     __u32 policy_id,
				     enum fl_direction direction,
				     __u32 identity, __u8 proto, __u16 port)
{
	struct policy_verdict v = {.verdict = FL_DENY};
	struct fl_policy_key key = {
		.policy_id = policy_id,
		.identity = identity,
		.direction = direction,
		.proto = proto,
		.port = htons(port),
	};

	if (!c->n_entries)
		return v;
	v.entry = longest(c, &key);
	key.identity = FL_IDENTITY_ANY;
	if (!v.entry)
		v.entry = longest(c, &key);
	if (!v.entry)
		return v;
	v.verdict = v.entry->value.verdict;
	v.rule = v.entry->value.rule;
	return v;
}

/* ---- identities ----------------------------------------------------- */

/* The longest prefix in the list around p (or p itself). */
static const struct policy_identity *around(const struct policy_compiled *c,
					    const struct point *p)
{
	const struct policy_identity *best = NULL;
	size_t low = 0, high = c->n_identities;

	while (low < high) {
		size_t middle = (low + high) / 2;
		struct point at = point_of(&c->identities[middle].prefix);

		if (point_compare(&at, p) <= 0)
			low = middle + 1;
		else
			high = middle;
	}
	/* what is around it is in front of it, but not always next to it */
	for (int len = p->len; len >= 0 && !best; len--) {
		struct point at = *p;
		size_t from = 0, to = low;

		at.len = len;
		at.high = len ? at.high & (len >= 64 ? ~0ull
						     : ~0ull << (64 - len))
			      : 0;
		at.low = len <= 64 ? 0 : at.low & (~0ull << (128 - len));
		while (from < to) {
			size_t middle = (from + to) / 2;
			struct point here =
				point_of(&c->identities[middle].prefix);
			int d = point_compare(&here, &at);

			if (!d)
				best = &c->identities[middle];
			if (d < 0)
				from = middle + 1;
			else
				to = middle;
		}
		low = to;
	}
	return best;
}

static int compare_prefix(const void *key, const void *item)
{
	struct point here =
		point_of(&((const struct policy_identity *)item)->prefix);

	return point_compare(key, &here);
}

const struct policy_identity *
policy_identity_exact(const struct policy_compiled *c,
		      const struct fl_prefix *p)
{
	struct point at = point_of(p);

	return c->n_identities ? bsearch(&at, c->identities, c->n_identities,
					 sizeof(*c->identities), compare_prefix)
			       : NULL;
}

const struct policy_identity *
policy_identity_find(const struct policy_compiled *c, const struct fl_addr *a)
{
	struct fl_prefix p = {128, *a};
	struct point at = point_of(&p);

	return around(c, &at);
}

const struct policy_identity *
policy_identity_around(const struct policy_compiled *c,
		       const struct fl_prefix *p)
{
	struct point at = point_of(p);

	return at.len-- ? around(c, &at) : NULL;
}

__u32 policy_identity_of(const struct policy_compiled *c,
			 const struct fl_prefix *p, __u32 otherwise)
{
	struct point at = point_of(p);
	const struct policy_identity *i = around(c, &at);

	return i && i->identity >= FL_IDENTITY_FIRST_FREE ? i->identity
							  : otherwise;
}

/* ---- by number ------------------------------------------------------ */

static int compare_rule(const void *key, const void *item)
{
	__u32 number = *(const __u32 *)key;
	const struct policy_rule_info *r = item;

	return number < r->number ? -1 : number > r->number;
}

const struct policy_rule_info *policy_rule_find(const struct policy_compiled *c,
						__u32 number)
{
	return c->n_rules ? bsearch(&number, c->rules, c->n_rules,
				    sizeof(*c->rules), compare_rule)
			  : NULL;
}

static int compare_group(const void *key, const void *item)
{
	__u32 number = *(const __u32 *)key;
	const struct policy_group *g = item;

	return number < g->policy_id ? -1 : number > g->policy_id;
}

const struct policy_group *policy_group_find(const struct policy_compiled *c,
					     __u32 policy_id)
{
	return c->n_groups ? bsearch(&policy_id, c->groups, c->n_groups,
				     sizeof(*c->groups), compare_group)
			   : NULL;
}

const char *policy_identity_describe(const struct policy_compiled *c,
				     __u32 identity, char *buf, size_t size)
{
	const char *name = identity_reserved_name(identity);
	const struct policy_cache *cache = c->cache;
	size_t used = 0, n;

	snprintf(buf, size, "%s", name ? name : "nobody");
	for (size_t i = 0; cache && i < cache->ids.n_numbers; i++) {
		const uint32_t *list;

		if (!identity || cache->ids.numbers[i] != identity)
			continue;
		list = intern_list(&cache->ids.sets, i, &n);
		for (size_t j = 0; j < n && used < size; j++)
			used += snprintf(
				buf + used, size - used, "%s%s", j ? "; " : "",
				(const char *)intern_key(&cache->catalog.texts,
							 list[j], NULL));
	}
	return buf;
}
