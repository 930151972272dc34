/* SPDX-License-Identifier: Apache-2.0 */
#include "verdict.h"

#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>

#include "../lib/cleanup.h"
#include "../loader/loader.h"
#include "alloc.h"
#include "format.h"

#define PORTS 65536

/* ---- order ----------------------------------------------------------- */

static int compare(long long a, long long b)
{
	return a < b ? -1 : a > b;
}

/* Within one peer and protocol: the shorter prefix first, so that who goes
 * through them in order ends with the longest that matches. */
static int by_key(const void *a, const void *b)
{
	const struct fl_policy_key *x = &((const struct verdict_entry *)a)->key;
	const struct fl_policy_key *y = &((const struct verdict_entry *)b)->key;
	int c = compare(x->direction, y->direction);

	c = c ? c : compare(x->identity, y->identity);
	c = c ? c : compare(x->proto, y->proto);
	c = c ? c : compare(x->prefix_len, y->prefix_len);
	return c ? c : compare(ntohs(x->port), ntohs(y->port));
}

static bool is_any_proto(const struct verdict_entry *en)
{
	return en->key.prefix_len <= FL_POLICY_BITS_ANY;
}

/* ---- rows ------------------------------------------------------------ */

static void append(char **text, const char *more)
{
	size_t len = *text ? strlen(*text) : 0;
	char *joined = must_alloc(len + strlen(more) + 3, 1);

	sprintf(joined, "%s%s%s", len ? *text : "", len ? ", " : "", more);
	free(*text);
	*text = joined;
}

static struct verdict_row *row_of(struct verdict_list *v, size_t from,
				  const struct verdict_entry *en)
{
	struct verdict_row *row;

	for (size_t i = from; i < v->n; i++)
		if (v->rows[i].verdict == en->value.verdict &&
		    v->rows[i].rule == en->value.rule)
			return &v->rows[i];
	v->rows = must_grow(v->rows, v->n, &v->room, sizeof(*v->rows));
	row = &v->rows[v->n++];
	*row = (struct verdict_row){
		.direction = en->key.direction,
		.identity = en->key.identity,
		.verdict = en->value.verdict,
		.rule = en->value.rule,
	};
	return row;
}

/* "tcp 80" for the first range of a protocol in a row, then "81-85". */
static void append_range(struct verdict_list *v, size_t from, bool *named,
			 const struct verdict_entry *en, unsigned int first,
			 unsigned int last)
{
	struct verdict_row *row = row_of(v, from, en);
	size_t at = row - v->rows - from;
	char proto[FORMAT_LEN], text[FORMAT_LEN + 32];
	const char *name = "", *gap = "";

	if (!named[at]) {
		name = format_proto(en->key.proto, proto);
		gap = " ";
	}
	named[at] = true;
	if (first == 0 && last == PORTS - 1)
		snprintf(text, sizeof(text), "%s", name);
	else if (first == last)
		snprintf(text, sizeof(text), "%s%s%u", name, gap, first);
	else
		snprintf(text, sizeof(text), "%s%s%u-%u", name, gap, first,
			 last);
	append(&row->ports, text);
}

static bool same_answer(const struct verdict_entry *a,
			const struct verdict_entry *b)
{
	return a == b || (a && b && a->value.verdict == b->value.verdict &&
			  a->value.rule == b->value.rule);
}

/* The entries of one peer and protocol: which one has each port. */
static void add_proto(struct verdict_list *v, size_t from,
		      const struct verdict_entry *entries, size_t n)
{
	__cleanup(mem_free) const struct verdict_entry **owner =
		must_alloc(PORTS, sizeof(*owner));
	__cleanup(mem_free) bool *named =
		must_alloc(v->n - from + n + 1, sizeof(*named));

	for (size_t i = 0; i < n; i++) {
		unsigned int bits =
			entries[i].key.prefix_len - FL_POLICY_BITS_PROTO;
		unsigned int port = ntohs(entries[i].key.port);
		unsigned int last = port | (PORTS - 1) >> bits;

		for (; port <= last; port++)
			owner[port] = &entries[i];
	}
	for (unsigned int first = 0, next; first < PORTS; first = next) {
		next = first + 1;
		while (next < PORTS && same_answer(owner[next], owner[first]))
			next++;
		if (owner[first])
			append_range(v, from, named, owner[first], first,
				     next - 1);
	}
}

/* All entries of one peer and direction. */
static void add_peer(struct verdict_list *v,
		     const struct verdict_entry *entries, size_t n)
{
	const struct verdict_entry *any = NULL;
	size_t from = v->n;

	for (size_t i = 0, next; i < n; i = next) {
		next = i + 1;
		if (is_any_proto(&entries[i])) {
			any = &entries[i];
			continue;
		}
		while (next < n && !is_any_proto(&entries[next]) &&
		       entries[next].key.proto == entries[i].key.proto)
			next++;
		add_proto(v, from, entries + i, next - i);
	}
	if (any) {
		bool alone = v->n == from;
		struct verdict_row *row = row_of(v, from, any);

		append(&row->ports, alone ? "any" : "any other");
		row->is_rest = true;
	}
}

void verdict_list_make(struct verdict_entry *entries, size_t n,
		       struct verdict_list *out)
{
	if (n)
		qsort(entries, n, sizeof(*entries), by_key);
	for (size_t i = 0, next; i < n; i = next) {
		next = i + 1;
		while (next < n &&
		       entries[next].key.direction ==
			       entries[i].key.direction &&
		       entries[next].key.identity == entries[i].key.identity)
			next++;
		add_peer(out, entries + i, next - i);
	}
}

void verdict_list_free(struct verdict_list *v)
{
	for (size_t i = 0; i < v->n; i++)
		free(v->rows[i].ports);
	free(v->rows);
	*v = (struct verdict_list){0};
}

/* ---- the map --------------------------------------------------------- */

struct keeping {
	struct verdict_entry *entries;
	size_t n, room;
	__u32 policy_id;
	unsigned int view;
};

static int keep(const void *key, const void *value, void *arg)
{
	const struct fl_policy_key *k = key;
	const struct fl_policy_entry *entry = value;
	struct keeping *l = arg;

	if (k->policy_id != l->policy_id ||
	    entry->verdict[l->view] == FL_UNSAID)
		return 0;
	l->entries = must_grow(l->entries, l->n, &l->room, sizeof(*l->entries));
	memcpy(&l->entries[l->n].key, key, sizeof(*k));
	l->entries[l->n].value.rule = entry->rule[l->view];
	l->entries[l->n].value.verdict = entry->verdict[l->view];
	l->n++;
	return 0;
}

int verdict_list_read(const struct ctl *c, __u32 policy_id,
		      struct verdict_list *out, struct err *e)
{
	__cleanup(fd_close) int fd = ctl_map_open(c, FL_MAP_POLICY, e);
	struct keeping l = {.policy_id = policy_id, .view = ctl_view(c)};
	int rc = fd < 0 ? fd : map_each(fd, keep, &l, e);

	if (!rc)
		verdict_list_make(l.entries, l.n, out);
	free(l.entries);
	return rc;
}

/* ---- words ----------------------------------------------------------- */

bool verdict_list_end_in_deny(const struct verdict_list *v,
			      unsigned int direction)
{
	for (size_t i = 0; i < v->n; i++) {
		const struct verdict_row *row = &v->rows[i];

		if (row->direction == direction &&
		    row->identity == FL_IDENTITY_ANY && row->is_rest)
			return false;
	}
	return true;
}

const char *verdict_reason(const struct verdict_row *row,
			   const struct rulebook *book, char buf[RULE_TEXT_LEN])
{
	if (row->rule)
		return rulebook_rule(book, row->rule, buf);
	if (row->verdict == FL_DENY)
		return "no rule allows it";
	return row->identity == FL_IDENTITY_ANY ? "no rule denies it"
						: "a pod reaches its own node";
}
