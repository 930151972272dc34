/* SPDX-License-Identifier: Apache-2.0 */
#include "verdicts.h"

#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>

#include "ports.h"

/* A rule as it applies to one group. */
struct applied {
	const struct catalog_rule *source; /* NULL: an invalid policy's deny */
	struct ports_rule ports;	   /* matches: those by number */
	size_t first_match, n_matches;	   /* in matches */
	bool names; /* egress: has ports by name, of the peer */
};

/* One group and direction. */
struct making {
	struct verdicts *v;
	const struct group *group;
	enum fl_direction direction;
	struct applied *rules;
	size_t n, room;
	struct ports_match *matches;
	size_t n_matches, matches_room;
	bool closed;
	struct numbers everybody;    /* rules without peers */
	struct numbers *by_selector; /* rules by selector */
	struct numbers touched;	     /* selectors that have some */
	struct ports_function below; /* for those whom no selector matches */
	/* what identities come to, by which rules match and which ports they
	 * have: few are different */
	struct intern signatures;
	struct ports_cover *covers;
	size_t covers_room;
	struct ports_rule *asked;
	struct ports_match *asked_matches;
	size_t asked_room, asked_matches_room;
	struct numbers signature, list;
};

/* State for all of them. */
struct shared {
	struct verdicts *v;
	struct numbers *sets_of; /* by selector: sets that identities have */
	uint32_t *rule_numbers;	 /* by rule of the catalog, 0: none yet */
	uint32_t *deny_numbers;	 /* by policy * 2 + direction */
	uint32_t *seen;		 /* by set: the last pass that looked at it */
	uint32_t pass;
	struct numbers *by_selector;
};

/* ---- rules by number ------------------------------------------------ */

static char *rule_text(const struct policy *p, enum fl_direction direction,
		       const struct policy_rule *r)
{
	const char *way = direction == FL_INGRESS ? "ingress" : "egress";
	char title[600];

	policy_title(p, title, sizeof(title));
	if (!r)
		return store_format("%s, which is invalid: %s is denied", title,
				    way);
	if (*r->name)
		return store_format("%s, %s rule %s", title, way, r->name);
	return store_format("%s, %s rule %u", title, way, r->index + 1);
}

static uint32_t add_rule(struct verdicts *v, uint32_t place,
			 enum fl_direction direction,
			 const struct policy_rule *r)
{
	const struct policy *p = v->w->policies[place];
	uint64_t hash = hash_number(p->kind, direction);
	struct policy_rule_info info = {
		.policy = place,
		.direction = direction,
		.text = rule_text(p, direction, r),
	};

	hash = hash_text(hash_text(hash, p->namespace), p->name);
	hash = hash_number(hash, r ? r->index : UINT32_MAX);
	info.number = numbering_keep(v->numbering, hash);
	if (!info.number)
		info.number = numbering_new(v->numbering, hash);
	v->rules = store_room(v->rules, v->rules_room, v->n_rules, 1);
	v->rules[v->n_rules++] = info;
	return info.number;
}

/* ---- the rules of a group ------------------------------------------- */

static void add_match(struct making *m, __u8 proto, __u16 first, __u16 last)
{
	m->matches = store_room(m->matches, m->matches_room, m->n_matches, 1);
	m->matches[m->n_matches++] = (struct ports_match){proto, first, last};
}

/* By name: what the group's pods call so (ingress). */
static void add_named(struct making *m, const struct policy_port *port)
{
	const struct policy_pod *pod = &m->v->w->pods[m->group->pod];

	for (size_t i = 0; i < pod->n_ports; i++)
		if (!strcmp(pod->ports[i].name, port->name) &&
		    (!port->proto || port->proto == pod->ports[i].proto))
			add_match(m, pod->ports[i].proto, pod->ports[i].number,
				  pod->ports[i].number);
}

static void apply(struct making *m, const struct catalog_rule *source,
		  enum policy_tier tier, uint32_t number)
{
	const struct policy_rule *r = source->rule;
	struct applied a = {
		.source = source,
		.ports = {.tier = tier,
			  .action = r->action,
			  .number = number,
			  .all = !r->n_ports},
		.first_match = m->n_matches,
	};

	for (size_t i = 0; i < r->n_ports; i++) {
		if (!r->ports[i].name)
			add_match(m, r->ports[i].proto, r->ports[i].first,
				  r->ports[i].last);
		else if (m->direction == FL_INGRESS)
			add_named(m, &r->ports[i]);
		else
			a.names = true;
	}
	a.n_matches = m->n_matches - a.first_match;
	m->rules = store_room(m->rules, m->room, m->n, 1);
	m->rules[m->n++] = a;
}

static void apply_deny(struct making *m, enum policy_tier tier, uint32_t number)
{
	m->rules = store_room(m->rules, m->room, m->n, 1);
	m->rules[m->n++] = (struct applied){
		.ports = {.tier = tier,
			  .action = POLICY_DENY,
			  .number = number,
			  .all = true},
	};
}

/* Which of several rules that allow the same is told does not matter. The most
 * general first, and fewer entries are needed. */
static int generality(const struct policy_rule *r)
{
	return (r->n_peers ? 2 : 0) + (r->n_ports ? 1 : 0);
}

static void apply_policy(struct shared *s, struct making *m, uint32_t place,
			 int rank)
{
	const struct catalog *c = m->v->catalog;
	const struct policy *p = m->v->w->policies[place];
	size_t first = c->first_rule[place];

	for (size_t i = 0; i < p->n_rules; i++) {
		const struct catalog_rule *r = &c->rules[first + i];
		uint32_t *number = &s->rule_numbers[first + i];

		if (r->rule->direction != m->direction ||
		    (rank >= 0 && generality(r->rule) != rank))
			continue;
		if (!*number)
			*number = add_rule(m->v, place, m->direction, r->rule);
		apply(m, r, p->tier, *number);
	}
}

static void apply_tier(struct shared *s, struct making *m,
		       enum policy_tier tier, int rank)
{
	for (size_t i = 0; i < m->group->n_policies; i++) {
		uint32_t place = m->group->policies[i], *number;
		const struct policy *p = m->v->w->policies[place];

		if (p->tier != tier || !p->governs[m->direction])
			continue;
		m->closed |= p->kind == POLICY_NETWORK;
		if (p->invalid && p->kind == POLICY_CLUSTER) {
			number = &s->deny_numbers[2 * place + m->direction];
			if (!*number)
				*number = add_rule(m->v, place, m->direction,
						   NULL);
			apply_deny(m, tier, *number);
		} else {
			apply_policy(s, m, place, rank);
		}
	}
}

static void index_rules(struct making *m)
{
	for (size_t i = 0; i < m->n; i++) {
		const struct applied *a = &m->rules[i];
		size_t n = a->source ? a->source->n_peers : 0;

		if (!n)
			numbers_add(&m->everybody, i);
		for (size_t j = 0; j < n; j++) {
			struct numbers *list =
				&m->by_selector[a->source->peers[j]];

			if (!list->n)
				numbers_add(&m->touched, a->source->peers[j]);
			numbers_add(list, i);
		}
	}
}

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
	}
	n_matches = 0;
	for (size_t i = 0; i < n; i++) {
		m->asked[i].matches = m->asked_matches + n_matches;
		n_matches += m->asked[i].n_matches;
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

	apply_tier(s, &m, POLICY_TIER_ADMIN, -1);
	for (int rank = 0; rank <= 3; rank++)
		apply_tier(s, &m, POLICY_TIER_NETWORK, rank);
	if (!m.closed)
		apply_tier(s, &m, POLICY_TIER_BASELINE, -1);
	index_rules(&m);
	resolve(&m, m.everybody.items, m.everybody.n, NULL, 0, &m.below);
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
