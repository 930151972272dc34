/* SPDX-License-Identifier: Apache-2.0 */
#include "verdicts.h"

#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>

#include "verdicts_making.h"

/* ---- what an identity comes to -------------------------------------- */

static bool calls(const struct policy_rule *r, const struct catalog *c,
		  const struct catalog_selector *port)
{
	const char *name;
	size_t len;

	if (port->kind != CATALOG_PORT)
		return false;
	name = intern_key(&c->port_names, port->name, &len);
	for (size_t i = 0; i < r->n_ports; i++)
		if (r->ports[i].name && strlen(r->ports[i].name) == len &&
		    !memcmp(r->ports[i].name, name, len) &&
		    (!r->ports[i].proto || r->ports[i].proto == port->proto))
			return true;
	return false;
}

static void ask_match(struct making *m, size_t *n, const struct ports_match *p)
{
	m->asked_matches =
		store_room(m->asked_matches, m->asked_matches_room, *n, 1);
	m->asked_matches[(*n)++] = *p;
}

/* The rule's ports by number, and those that the peer has by name. */
static size_t ask_matches(struct making *m, const struct applied *a, size_t n,
			  const uint32_t *set, size_t n_set)
{
	const struct catalog *c = m->v->catalog;

	for (size_t i = 0; i < a->n_matches; i++)
		ask_match(m, &n, &m->matches[a->first_match + i]);
	for (size_t i = 0; a->names && i < n_set; i++) {
		const struct catalog_selector *s = &c->items[set[i]];
		struct ports_match p = {s->proto, s->port, s->port};

		if (calls(a->source->rule, c, s))
			ask_match(m, &n, &p);
	}
	return n;
}

/* The verdicts for who has this set and is matched by these rules. */
static void resolve(struct making *m, const uint32_t *rules, size_t n,
		    const uint32_t *set, size_t n_set,
		    struct ports_function *out)
{
	size_t n_matches = 0;

	m->asked = store_room(m->asked, m->asked_room, 0, n);
	for (size_t i = 0; i < n; i++) {
		const struct applied *a = &m->rules[rules[i]];
		size_t before = n_matches;

		n_matches = ask_matches(m, a, n_matches, set, n_set);
		m->asked[i] = a->ports;
		m->asked[i].n_matches = n_matches - before;
		/* of whom nothing is known may be any port */
		m->asked[i].all |=
			!set && a->names && a->ports.action == POLICY_DENY;
	}
	n_matches = 0;
	for (size_t i = 0; i < n; i++) {
		size_t own = m->asked[i].n_matches;

		m->asked[i].matches = own ? &m->asked_matches[n_matches] : NULL;
		n_matches += own;
	}
	ports_resolve(m->asked, n, m->closed, out);
}

/* Rules that match this set, in order, to m->list; what else its verdicts hang
 * on behind them in m->signature. */
static void sign(struct making *m, const uint32_t *set, size_t n)
{
	bool names = false;

	m->list.n = m->signature.n = 0;
	for (size_t i = 0; i < m->everybody.n; i++)
		numbers_add(&m->list, m->everybody.items[i]);
	for (size_t i = 0; i < n; i++)
		for (size_t j = 0; j < m->by_selector[set[i]].n; j++)
			numbers_add(&m->list, m->by_selector[set[i]].items[j]);
	numbers_sort(&m->list);
	for (size_t i = 0; i < m->list.n; i++) {
		numbers_add(&m->signature, m->list.items[i]);
		names |= m->rules[m->list.items[i]].names;
	}
	numbers_add(&m->signature, UINT32_MAX);
	for (size_t i = 0; names && i < n; i++)
		if (m->v->catalog->items[set[i]].kind == CATALOG_PORT)
			numbers_add(&m->signature, set[i]);
}

static const struct ports_cover *cover_of(struct making *m, uint32_t set)
{
	struct ports_function f;
	const uint32_t *list;
	uint32_t i;
	bool is_new;
	size_t n;

	list = intern_list(&m->v->ids->sets, set, &n);
	sign(m, list, n);
	i = intern_add(&m->signatures, m->signature.items,
		       m->signature.n * sizeof(*m->signature.items), &is_new);
	if (!is_new)
		return &m->covers[i];
	m->covers = store_room(m->covers, m->covers_room, i, 1);
	m->covers[i] = (struct ports_cover){0};
	resolve(m, m->list.items, m->list.n, list, n, &f);
	ports_cover(&f, &m->below, &m->covers[i]);
	ports_free(&f);
	return &m->covers[i];
}

/* ---- entries -------------------------------------------------------- */

static void emit(struct making *m, uint32_t identity,
		 const struct ports_cover *cover)
{
	struct verdicts *v = m->v;

	v->entries = store_room(v->entries, v->room, v->n, cover->n);
	for (size_t i = 0; i < cover->n; i++) {
		const struct ports_prefix *p = &cover->items[i];

		v->entries[v->n++] = (struct policy_entry){
			.key = {.prefix_len = p->bits,
				.policy_id = m->group->policy_id,
				.identity = identity,
				.direction = m->direction,
				.proto = p->proto,
				.port = htons(p->port)},
			.value = {.rule = PORTS_RULE(p->value),
				  .verdict = PORTS_VERDICT(p->value)},
		};
	}
}

struct candidate {
	uint32_t number, set;
};

static int compare_candidates(const void *a, const void *b)
{
	const struct candidate *x = a, *y = b;

	return x->number < y->number ? -1 : x->number > y->number;
}

/* Identities of which some rule knows, by their sets. */
static void find_candidates(struct shared *s, uint32_t selector,
			    struct numbers *out)
{
	const struct numbers *sets = &s->sets_of[selector];

	for (size_t i = 0; i < sets->n; i++) {
		if (s->seen[sets->items[i]] == s->pass)
			continue;
		s->seen[sets->items[i]] = s->pass;
		numbers_add(out, sets->items[i]);
	}
}

static void emit_identities(struct shared *s, struct making *m)
{
	const struct catalog *c = m->v->catalog;
	struct numbers sets = {0};
	struct candidate *all;
	bool names = false;

	s->pass++;
	for (size_t i = 0; i < m->touched.n; i++)
		find_candidates(s, m->touched.items[i], &sets);
	for (size_t i = 0; i < m->everybody.n; i++)
		names |= m->rules[m->everybody.items[i]].names;
	for (size_t i = 0; names && i < catalog_n(c); i++)
		if (c->items[i].kind == CATALOG_PORT)
			find_candidates(s, i, &sets);
	all = store_alloc(sets.n, sizeof(*all));
	for (size_t i = 0; i < sets.n; i++)
		all[i] = (struct candidate){m->v->ids->numbers[sets.items[i]],
					    sets.items[i]};
	qsort(all, sets.n, sizeof(*all), compare_candidates);
	for (size_t i = 0; i < sets.n; i++)
		emit(m, all[i].number, cover_of(m, all[i].set));
	free(all);
	numbers_free(&sets);
}

static void emit_anybody(struct making *m)
{
	struct ports_cover cover = {0};

	ports_cover(&m->below, NULL, &cover);
	emit(m, FL_IDENTITY_ANY, &cover);
	ports_cover_free(&cover);
}

/* May it be what the rule denies? */
static bool may_deny_pods(const struct making *m, const struct applied *a)
{
	bool pods = false;

	for (size_t i = 0; a->source && i < a->source->n_peers; i++)
		pods |= m->v->catalog->items[a->source->peers[i]].kind !=
			CATALOG_NODES;
	return pods && a->ports.action == POLICY_DENY;
}

/* Pods that are not known yet may turn out to be whom a rule denies: they are
 * allowed what everybody is, less what any rule denies anybody. (Rules that
 * accept or pass do not speak for them.) */
static void emit_unknown(struct making *m)
{
	struct ports_cover cover = {0};
	struct ports_function f;

	m->list.n = 0;
	for (size_t i = 0; i < m->everybody.n; i++)
		numbers_add(&m->list, m->everybody.items[i]);
	for (size_t i = 0; i < m->n; i++)
		if (may_deny_pods(m, &m->rules[i]))
			numbers_add(&m->list, i);
	if (m->list.n == m->everybody.n)
		return;
	numbers_sort(&m->list);
	resolve(m, m->list.items, m->list.n, NULL, 0, &f);
	ports_cover(&f, &m->below, &cover);
	emit(m, FL_IDENTITY_UNKNOWN, &cover);
	ports_cover_free(&cover);
	ports_free(&f);
}

static void making_free(struct making *m)
{
	for (size_t i = 0; i < m->touched.n; i++)
		m->by_selector[m->touched.items[i]].n = 0;
	for (size_t i = 0; i < m->signatures.n; i++)
		ports_cover_free(&m->covers[i]);
	free(m->rules);
	free(m->matches);
	free(m->covers);
	free(m->asked);
	free(m->asked_matches);
	ports_free(&m->below);
	intern_free(&m->signatures);
	numbers_free(&m->everybody);
	numbers_free(&m->touched);
	numbers_free(&m->signature);
	numbers_free(&m->list);
}

static void make(struct shared *s, const struct group *g,
		 enum fl_direction direction)
{
	struct making m = {
		.v = s->v,
		.group = g,
		.direction = direction,
		.by_selector = s->by_selector,
	};

	making_find_rules(s, &m);
	resolve(&m, m.everybody.items, m.everybody.n, NULL, 0, &m.below);
	emit_unknown(&m);
	emit_identities(s, &m);
	emit_anybody(&m);
	making_free(&m);
}

/* ---- all of them ---------------------------------------------------- */

static void find_sets(struct shared *s)
{
	const struct identities *ids = s->v->ids;

	for (uint32_t set = 1; set < ids->sets.n; set++) {
		const uint32_t *list;
		size_t n;

		if (!ids->numbers || !ids->numbers[set])
			continue;
		list = intern_list(&ids->sets, set, &n);
		for (size_t i = 0; i < n; i++)
			numbers_add(&s->sets_of[list[i]], set);
	}
}

void verdicts_make(struct verdicts *v, const struct numbers *order)
{
	size_t n = catalog_n(v->catalog);
	struct shared s = {.v = v};

	s.sets_of = store_alloc(n, sizeof(*s.sets_of));
	s.by_selector = store_alloc(n, sizeof(*s.by_selector));
	s.rule_numbers =
		store_alloc(v->catalog->n_rules, sizeof(*s.rule_numbers));
	s.deny_numbers =
		store_alloc(2 * v->w->n_policies, sizeof(*s.deny_numbers));
	s.seen = store_alloc(v->ids->sets.n, sizeof(*s.seen));
	find_sets(&s);
	for (size_t i = 0; i < order->n; i++) {
		const struct group *g = &v->groups->items[order->items[i]];

		if (g->governs[FL_INGRESS])
			make(&s, g, FL_INGRESS);
		if (g->governs[FL_EGRESS])
			make(&s, g, FL_EGRESS);
	}
	for (size_t i = 0; i < n; i++) {
		numbers_free(&s.sets_of[i]);
		numbers_free(&s.by_selector[i]);
	}
	free(s.sets_of);
	free(s.by_selector);
	free(s.rule_numbers);
	free(s.deny_numbers);
	free(s.seen);
}
