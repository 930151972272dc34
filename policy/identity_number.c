/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Numbers for identities. The same set of selectors keeps its number. A set
 * that is new takes over the number of one that is no more if all that had it
 * and are still there are now of this one set: so a selector that matches
 * everybody renumbers nobody, and never is a number seen to mean more than its
 * old or its new members.
 */
#include <stdlib.h>

#include "identity.h"
#include "points.h"

static uint64_t set_hash(const struct identities *ids,
			 const struct catalog *catalog, uint32_t set)
{
	const uint32_t *list;
	uint64_t sum = 0;
	size_t n;

	list = intern_list(&ids->sets, set, &n);
	for (size_t i = 0; i < n; i++)
		sum += hash_number(n, catalog->items[list[i]].hash);
	return sum;
}

static uint32_t set_of(const struct identity_prefix *p)
{
	return p->unknown ? 0 : p->set;
}

struct succession {
	struct identities *ids;
	const struct numbering *numbering;
	uint32_t *heir; /* by old number: set, 0: none seen */
	bool *split;	/* by old number: more than one */
};

static void follow(struct succession *s, uint32_t old,
		   const struct identity_prefix *now)
{
	uint32_t set = set_of(now);

	if (old < FL_IDENTITY_FIRST_FREE || numbering_taken(s->numbering, old))
		return;
	if (!set || s->ids->numbers[set] ||
	    (s->heir[old] && s->heir[old] != set))
		s->split[old] = true;
	s->heir[old] = set;
}

static void find_heirs(struct succession *s,
		       const struct policy_compiled *before)
{
	size_t i = 0, j = 0;

	while (i < s->ids->n && j < before->n_identities) {
		struct point x = point_of(&s->ids->items[i].prefix);
		struct point y = point_of(&before->identities[j].prefix);
		int d = point_compare(&x, &y);

		if (!d)
			follow(s, before->identities[j].identity,
			       &s->ids->items[i]);
		i += d <= 0;
		j += d >= 0;
	}
}

static void inherit(struct identities *ids, const uint64_t *hashes,
		    const struct policy_compiled *before,
		    struct numbering *numbering)
{
	struct succession s = {.ids = ids, .numbering = numbering};
	uint32_t end = FL_IDENTITY_FIRST_FREE;

	for (size_t i = 0; i < before->n_identities; i++)
		if (before->identities[i].identity >= end)
			end = before->identities[i].identity + 1;
	s.heir = store_alloc(end, sizeof(*s.heir));
	s.split = store_alloc(end, sizeof(*s.split));
	find_heirs(&s, before);
	for (uint32_t old = FL_IDENTITY_FIRST_FREE; old < end; old++) {
		uint32_t set = s.heir[old];

		if (set && !s.split[old] && !ids->numbers[set] &&
		    numbering_inherit(numbering, hashes[set], old))
			ids->numbers[set] = old;
	}
	free(s.heir);
	free(s.split);
}

void identities_number(struct identities *ids, const struct catalog *catalog,
		       const struct policy_compiled *before,
		       struct numbering *numbering)
{
	size_t n = ids->sets.n;
	uint64_t *hashes = store_alloc(n, sizeof(*hashes));

	ids->numbers = store_alloc(n, sizeof(*ids->numbers));
	ids->n_numbers = n;
	if (ids->own_node)
		ids->numbers[ids->own_node] = FL_IDENTITY_HOST;
	for (size_t i = 0; i < ids->n; i++) {
		uint32_t set = set_of(&ids->items[i]);

		if (!set || hashes[set] || ids->numbers[set])
			continue;
		hashes[set] = set_hash(ids, catalog, set);
		ids->numbers[set] = numbering_keep(numbering, hashes[set]);
	}
	if (before)
		inherit(ids, hashes, before, numbering);
	for (size_t i = 0; i < ids->n; i++) {
		uint32_t set = set_of(&ids->items[i]);

		if (set && !ids->numbers[set])
			ids->numbers[set] =
				numbering_new(numbering, hashes[set]);
	}
	free(hashes);
}

static uint32_t identity_of(const struct identities *ids,
			    const struct identity_prefix *p)
{
	if (p->unknown)
		return FL_IDENTITY_UNKNOWN;
	return p->set ? ids->numbers[p->set] : p->reserved;
}

void identities_list(const struct identities *ids, struct policy_compiled *out)
{
	out->identities = store_alloc(ids->n, sizeof(*out->identities));
	out->n_identities = 0;
	for (size_t i = 0; i < ids->n; i++) {
		const struct identity_prefix *p = &ids->items[i];
		uint32_t identity = identity_of(ids, p);
		uint32_t around = FL_IDENTITY_WORLD;

		if (p->parent >= 0)
			around = identity_of(ids, &ids->items[p->parent]);
		if (identity == around && !p->keep)
			continue;
		out->identities[out->n_identities++] =
			(struct policy_identity){p->prefix, identity};
	}
}
