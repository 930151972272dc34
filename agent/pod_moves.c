/* SPDX-License-Identifier: Apache-2.0 */
#include "pod_moves.h"

#include <stdlib.h>
#include <string.h>

#include "memory.h"

/* ---- which addresses ------------------------------------------------- */

static int compare(const void *a, const void *b)
{
	const struct policy_move *x = a, *y = b;

	return addr_compare(&x->addr, &y->addr);
}

static struct policy_move *find(const struct pod_moves *moves,
				const struct fl_addr *a)
{
	const struct policy_move key = {.addr = *a};

	return moves->n ? bsearch(&key, moves->items, moves->n, sizeof(key),
				  compare)
			: NULL;
}

static bool has_addr(const struct pod_moves *moves,
		     const struct endpoint_record *r)
{
	for (int i = 0; i < r->n_addrs; i++)
		if (find(moves, &r->addrs[i]))
			return true;
	return false;
}

/* What an endpoint is governed by follows from its Pod, which has its name or,
 * where nobody has told that, its address. */
static bool is_of_endpoint(const struct pod_news *news,
			   const struct pod_moves *moves,
			   const struct endpoints *endpoints)
{
	for (size_t i = 0; i < endpoints->n; i++) {
		const struct endpoint_record *r = &endpoints->items[i];

		if (pod_news_has_name(news, r->pod_namespace, r->pod_name) ||
		    has_addr(moves, r))
			return true;
	}
	return false;
}

static void list_addrs(const struct pod_news *news, struct pod_moves *out)
{
	size_t n = 0;

	out->items = memory_alloc((news->n_addrs + 1) * sizeof(*out->items));
	out->pods = memory_alloc((news->n_addrs + 1) * sizeof(*out->pods));
	for (size_t i = 0; i < news->n_addrs; i++)
		out->items[i].addr = news->addrs[i];
	qsort(out->items, news->n_addrs, sizeof(*out->items), compare);
	for (size_t i = 0; i < news->n_addrs; i++)
		if (!n || compare(&out->items[n - 1], &out->items[i]))
			out->items[n++] = out->items[i];
	out->n = n;
}

/* ---- who has them: nearly all pods are others ------------------------- */

enum { BITS = 1 << 16 };

struct search {
	struct pod_moves *moves;
	unsigned char maybe[BITS / 8]; /* by hash: one of them */
	bool shared;		       /* two pods have one */
};

static unsigned int hash(const struct fl_addr *a)
{
	__u64 words[2];

	memcpy(words, a, sizeof(words));
	return ((words[0] ^ words[1] * 3) * 0x9e3779b97f4a7c15ull) >> 48;
}

static void see_addr(struct search *s, const struct pod *pod,
		     const struct fl_addr *a)
{
	unsigned int bit = hash(a);
	struct policy_move *found;

	if (!(s->maybe[bit / 8] & 1 << bit % 8))
		return;
	found = find(s->moves, a);
	if (!found)
		return;
	if (found->pod) {
		s->shared = true;
		return;
	}
	s->moves->pods[found - s->moves->items] = world_pod(pod);
	found->pod = &s->moves->pods[found - s->moves->items];
}

static void see_pod(struct object *o, void *arg)
{
	const struct pod *pod = (struct pod *)o;

	if (!pod_has_addrs(pod))
		return;
	for (int i = 0; i < pod->n_addrs; i++)
		see_addr(arg, pod, &pod->addrs[i]);
}

bool pod_moves_find(const struct pod_news *news, const struct model *m,
		    const struct endpoints *endpoints, struct pod_moves *out)
{
	struct search s = {.moves = out};

	memset(out, 0, sizeof(*out));
	if (!news || news->more)
		return false;
	list_addrs(news, out);
	if (is_of_endpoint(news, out, endpoints)) {
		pod_moves_free(out);
		return false;
	}
	for (size_t i = 0; i < out->n; i++) {
		unsigned int bit = hash(&out->items[i].addr);

		s.maybe[bit / 8] |= 1 << bit % 8;
	}
	if (out->n)
		model_each(m, OBJECT_POD, see_pod, &s);
	if (s.shared)
		pod_moves_free(out);
	return !s.shared;
}

void pod_moves_free(struct pod_moves *m)
{
	free(m->items);
	free(m->pods);
	memset(m, 0, sizeof(*m));
}

/* ---- what follows ---------------------------------------------------- */

bool pod_moves_apply(const struct pod_moves *moves, struct policies *p,
		     const struct entries *routes, struct entries *now,
		     struct entries *want)
{
	struct route_lengths lengths;

	if (!policy_move(&p->good, moves->items, moves->n))
		return false;
	if (!p->good.n_identities)
		return true; /* no route is a pod's */
	route_lengths_find(routes, &lengths);
	for (size_t i = 0; i < moves->n; i++) {
		const struct fl_prefix key = {128, moves->items[i].addr};
		const void *have = entries_find(routes, &key);
		struct fl_route r;

		if (have)
			entries_add(now, &key, have);
		if (policies_route(&p->good, routes, &lengths, &key, &r))
			entries_add(want, &key, &r);
	}
	return true;
}
