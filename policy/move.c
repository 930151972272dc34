/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Pods that come and go, without compiling: an address whose set of selectors
 * has a number already only needs that number. A set that is new, or that was
 * the last of its kind, changes more than a prefix: numbers, and the entries of
 * fl_policy.
 */
#include <stdlib.h>
#include <string.h>

#include "../lib/addr.h"
#include "cache.h"
#include "points.h"

enum { NOBODY = UINT32_MAX };

/* What becomes of one address. NOBODY: there is no entry. */
struct step {
	struct point point;
	__u32 before, after;
};

static int compare_addrs(const void *a, const void *b)
{
	return addr_compare(a, b);
}

static bool is_fixed(const struct policy_cache *k, const struct fl_addr *a)
{
	return k->n_fixed &&
	       bsearch(a, k->fixed, k->n_fixed, sizeof(*a), compare_addrs);
}

/* ---- who an address is ---------------------------------------------- */

static bool cidr_holds(const struct policy_peer *peer, const struct point *at)
{
	struct point cidr = point_of(&peer->cidr), except;

	if (point_is_v4(&cidr) != point_is_v4(at) || !point_contains(&cidr, at))
		return false;
	for (size_t i = 0; i < peer->n_except; i++) {
		except = point_of(&peer->except[i]);
		if (point_contains(&except, at))
			return false;
	}
	return true;
}

static void add_cidrs(const struct catalog *catalog, const struct point *at,
		      struct numbers *set)
{
	for (size_t i = 0; i < catalog_n(catalog); i++)
		if (catalog->items[i].kind == CATALOG_CIDR &&
		    cidr_holds(catalog->items[i].peer, at))
			numbers_add(set, i);
}

static bool add_pod(struct policy_cache *k, const struct policy_pod *pod,
		    struct numbers *set)
{
	long namespace = namespaces_find(&k->ns, pod->namespace);
	const uint32_t *list;
	size_t n;

	if (namespace < 0)
		return false;
	list = intern_list(&k->ids.sets,
			   classes_match(&k->classes, pod, namespace), &n);
	for (size_t i = 0; i < n; i++)
		numbers_add(set, list[i]);
	return true;
}

static bool identify(struct policy_cache *k, const struct point *at,
		     const struct policy_pod *pod, __u32 *out)
{
	struct numbers set = {0};
	long number = -1;

	if (add_pod(k, pod, &set)) {
		add_cidrs(&k->catalog, at, &set);
		numbers_sort(&set);
		number = intern_find(&k->ids.sets, set.items,
				     set.n * sizeof(*set.items));
	}
	*out = FL_IDENTITY_POD;
	if (set.n)
		*out = number >= 0 && (size_t)number < k->ids.n_numbers
			       ? k->ids.numbers[number]
			       : 0;
	numbers_free(&set);
	return number >= 0 && *out;
}

/* ---- the list -------------------------------------------------------- */

/* As identities_list() has it: nothing that is said around it already. */
static __u32 entry_for(const struct policy_compiled *c, const struct point *at,
		       __u32 identity)
{
	struct fl_prefix p = point_prefix(at);
	const struct policy_identity *around = policy_identity_around(c, &p);

	return identity == (around ? around->identity : FL_IDENTITY_WORLD)
		       ? NOBODY
		       : identity;
}

static bool find_step(struct policy_compiled *c, const struct policy_move *m,
		      struct step *out)
{
	const struct fl_prefix p = {128, m->addr};
	const struct policy_identity *now = policy_identity_exact(c, &p);
	__u32 identity;

	*out = (struct step){point_of(&p), NOBODY, NOBODY};
	if (now)
		out->before = now->identity;
	if (is_fixed(c->cache, &m->addr))
		return false;
	if (!m->pod)
		return true;
	if (!identify(c->cache, &out->point, m->pod, &identity))
		return false;
	out->after = entry_for(c, &out->point, identity);
	return true;
}

/* Is there still somebody of each who had it? */
static bool count(struct policy_cache *k, const struct step *steps, size_t n)
{
	bool whole = true;

	for (size_t i = 0; i < n; i++) {
		if (steps[i].before != NOBODY)
			k->uses[steps[i].before]--;
		if (steps[i].after != NOBODY)
			k->uses[steps[i].after]++;
	}
	for (size_t i = 0; i < n; i++)
		whole &= steps[i].before == NOBODY ||
			 steps[i].before < FL_IDENTITY_FIRST_FREE ||
			 k->uses[steps[i].before];
	return whole;
}

static void count_back(struct policy_cache *k, const struct step *steps,
		       size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (steps[i].before != NOBODY)
			k->uses[steps[i].before]++;
		if (steps[i].after != NOBODY)
			k->uses[steps[i].after]--;
	}
}

static int compare_steps(const void *a, const void *b)
{
	const struct step *x = a, *y = b;

	return point_compare(&x->point, &y->point);
}

/* The first of low..high that is not in front of it. */
static size_t place(const struct policy_compiled *c, const struct point *at,
		    size_t low, size_t high)
{
	while (low < high) {
		size_t middle = (low + high) / 2;
		struct point here = point_of(&c->identities[middle].prefix);

		if (point_compare(&here, at) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static void move(struct policy_compiled *c, size_t to, size_t from, size_t n)
{
	memmove(&c->identities[to], &c->identities[from],
		n * sizeof(*c->identities));
}

/* What goes, and what stays with another identity. */
static void drop(struct policy_compiled *c, const struct step *steps, size_t n)
{
	size_t kept = 0, from = 0;

	for (size_t i = 0; i < n; i++) {
		size_t at;

		if (steps[i].before == NOBODY)
			continue;
		at = place(c, &steps[i].point, from, c->n_identities);
		c->identities[at].identity = steps[i].after;
		if (steps[i].after != NOBODY)
			continue;
		move(c, kept, from, at - from);
		kept += at - from;
		from = at + 1;
	}
	move(c, kept, from, c->n_identities - from);
	c->n_identities = kept + c->n_identities - from;
}

/* What comes; from the end, so that what is behind it moves once. */
static void add(struct policy_compiled *c, const struct step *steps, size_t n)
{
	size_t new = 0, room = c->n_identities, end = room;

	for (size_t i = 0; i < n; i++)
		new += steps[i].before == NOBODY &&steps[i].after != NOBODY;
	if (!new)
		return;
	c->identities =
		store_fit(c->identities, end + new, sizeof(*c->identities));
	c->n_identities = room + new;
	while (n--) {
		size_t at;

		if (steps[n].before != NOBODY || steps[n].after == NOBODY)
			continue;
		at = place(c, &steps[n].point, 0, end);
		move(c, at + new, at, end - at);
		c->identities[at + --new] = (struct policy_identity){
			point_prefix(&steps[n].point), steps[n].after};
		end = at;
	}
}

bool policy_move(struct policy_compiled *c, const struct policy_move *moves,
		 size_t n)
{
	struct step *steps;
	size_t done = 0;
	bool whole;

	if (!c->n_identities)
		return true;
	steps = store_alloc(n, sizeof(*steps));
	while (done < n && find_step(c, &moves[done], &steps[done]))
		done++;
	whole = done == n && count(c->cache, steps, n);
	if (done == n && !whole)
		count_back(c->cache, steps, n);
	if (whole && n) {
		qsort(steps, n, sizeof(*steps), compare_steps);
		drop(c, steps, n);
		add(c, steps, n);
		policy_count_prefixes(c);
	}
	free(steps);
	return whole;
}
