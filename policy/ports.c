/* SPDX-License-Identifier: Apache-2.0 */
#include "ports.h"

#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

#include "store.h"

static const __u8 protos[] = {
	[PORTS_TCP] = IPPROTO_TCP,
	[PORTS_UDP] = IPPROTO_UDP,
	[PORTS_SCTP] = IPPROTO_SCTP,
};

static bool rule_matches(const struct ports_rule *r, __u8 proto, __u32 port)
{
	if (r->all)
		return true;
	for (size_t i = 0; i < r->n_matches; i++)
		if (r->matches[i].proto == proto &&
		    r->matches[i].first <= port && port <= r->matches[i].last)
			return true;
	return false;
}

/* The first rule that decides; Pass goes on with the next tier. */
static __u32 decide(const struct ports_rule *rules, size_t n, bool closed,
		    __u8 proto, __u32 port)
{
	int passed = -1;

	for (size_t i = 0; i < n; i++) {
		const struct ports_rule *r = &rules[i];

		if (closed && r->tier > POLICY_TIER_NETWORK)
			return PORTS_NOTHING;
		if ((int)r->tier <= passed || !rule_matches(r, proto, port))
			continue;
		if (r->action == POLICY_ACCEPT)
			return PORTS_VALUE(r->number, FL_ALLOW);
		if (r->action == POLICY_DENY)
			return PORTS_VALUE(r->number, FL_DENY);
		passed = r->tier;
	}
	return PORTS_VALUE(0, closed ? FL_DENY : FL_ALLOW);
}

/* Where the answer may change: the first port of each piece. */
static void add_edges(const struct ports_rule *rules, size_t n, __u8 proto,
		      struct numbers *edges)
{
	edges->n = 0;
	numbers_add(edges, 0);
	for (size_t i = 0; i < n; i++)
		for (size_t j = 0; !rules[i].all && j < rules[i].n_matches;
		     j++) {
			const struct ports_match *m = &rules[i].matches[j];

			if (m->proto != proto)
				continue;
			numbers_add(edges, m->first);
			if (m->last < 65535)
				numbers_add(edges, m->last + 1u);
		}
	numbers_sort(edges);
}

static void add_span(struct ports_function *f, enum ports_class c, __u32 last,
		     __u32 value)
{
	size_t n = f->n[c];

	if (n && f->spans[c][n - 1].value == value) {
		f->spans[c][n - 1].last = last;
		return;
	}
	f->spans[c] = store_room(f->spans[c], f->room[c], n, 1);
	f->spans[c][f->n[c]++] = (struct ports_span){last, value};
}

void ports_resolve(const struct ports_rule *rules, size_t n, bool closed,
		   struct ports_function *out)
{
	struct ports_function f = {0};
	struct numbers edges = {0};

	for (int c = PORTS_TCP; c < PORTS_OTHER; c++) {
		add_edges(rules, n, protos[c], &edges);
		for (size_t i = 0; i < edges.n; i++)
			add_span(&f, c,
				 i + 1 < edges.n ? edges.items[i + 1] - 1
						 : 65535,
				 decide(rules, n, closed, protos[c],
					edges.items[i]));
	}
	f.other = decide(rules, n, closed, 0, 0);
	numbers_free(&edges);
	*out = f;
}

__u32 ports_value(const struct ports_function *f, __u8 proto, __u16 port)
{
	for (int c = PORTS_TCP; c < PORTS_OTHER; c++)
		for (size_t i = 0; proto == protos[c] && i < f->n[c]; i++)
			if (port <= f->spans[c][i].last)
				return f->spans[c][i].value;
	return f->other;
}

void ports_free(struct ports_function *f)
{
	for (int c = PORTS_TCP; c < PORTS_OTHER; c++)
		free(f->spans[c]);
	memset(f, 0, sizeof(*f));
}
