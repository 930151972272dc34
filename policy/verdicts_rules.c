/* SPDX-License-Identifier: Apache-2.0 */
#include "verdicts_making.h"

#include <string.h>

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
	const struct policy_pod pod = policy_world_pod(m->v->w, m->group->pod);

	for (size_t i = 0; i < pod.n_ports; i++)
		if (!strcmp(pod.ports[i].name, port->name) &&
		    (!port->proto || port->proto == pod.ports[i].proto))
			add_match(m, pod.ports[i].proto, pod.ports[i].number,
				  pod.ports[i].number);
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

/* To NetworkPolicies a pod's own node is part of it. The last of the tier, so
 * that no more is written where others allow it. */
static void apply_own_node(struct making *m)
{
	const struct catalog_rule *r = &m->v->catalog->own_node;

	if (!m->closed || m->direction != FL_EGRESS || !r->n_peers)
		return;
	m->rules = store_room(m->rules, m->room, m->n, 1);
	m->rules[m->n++] = (struct applied){
		.source = r,
		.ports = {.tier = POLICY_TIER_NETWORK,
			  .action = POLICY_ACCEPT,
			  .all = true},
	};
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

void making_find_rules(struct shared *s, struct making *m)
{
	apply_tier(s, m, POLICY_TIER_ADMIN, -1);
	for (int rank = 0; rank <= 3; rank++)
		apply_tier(s, m, POLICY_TIER_NETWORK, rank);
	apply_own_node(m);
	if (!m->closed)
		apply_tier(s, m, POLICY_TIER_BASELINE, -1);
	index_rules(m);
}
