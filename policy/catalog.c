/* SPDX-License-Identifier: Apache-2.0 */
#include "catalog.h"

#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "number.h"

static uint32_t add_selector(struct catalog *c, const char *text,
			     const struct catalog_selector *s)
{
	bool is_new;
	uint32_t i = intern_add(&c->texts, text, strlen(text) + 1, &is_new);

	if (!is_new)
		return i;
	c->items = store_room(c->items, c->room, i, 1);
	c->items[i] = *s;
	c->items[i].hash = hash_text(0, text);
	return i;
}

static uint32_t add_namespaces(struct catalog *c, const struct selector *s)
{
	bool is_new;
	uint32_t i = intern_add(&c->namespace_texts, s->text, strlen(s->text),
				&is_new);

	if (!is_new)
		return i;
	c->namespace_selectors =
		store_room(c->namespace_selectors, c->namespace_room, i, 1);
	c->namespace_selectors[i] = s;
	return i;
}

static uint32_t add_peer(struct catalog *c, const struct namespaces *ns,
			 const struct policy *policy,
			 const struct policy_peer *peer)
{
	static const enum catalog_kind kinds[] = {
		[POLICY_PEER_PODS] = CATALOG_PODS,
		[POLICY_PEER_CIDR] = CATALOG_CIDR,
		[POLICY_PEER_NODES] = CATALOG_NODES,
	};
	struct catalog_selector s = {
		.kind = kinds[peer->kind],
		.peer = peer,
		.own_namespace = -1,
	};

	if (peer->kind == POLICY_PEER_PODS && peer->own_namespace)
		s.own_namespace = namespaces_find(ns, policy->namespace);
	else if (peer->kind == POLICY_PEER_PODS)
		s.namespaces = add_namespaces(c, &peer->namespaces);
	return add_selector(c, peer->text, &s);
}

/* ---- names of ports ------------------------------------------------- */

static struct catalog_name *add_name(struct catalog *c, const char *name)
{
	bool is_new;
	uint32_t i = intern_add(&c->port_names, name, strlen(name), &is_new);

	if (is_new) {
		c->names = store_room(c->names, c->names_room, i, 1);
		c->names[i] = (struct catalog_name){0};
	}
	return &c->names[i];
}

static void add_names(struct catalog *c, const struct catalog_rule *r)
{
	for (size_t i = 0; i < r->rule->n_ports; i++) {
		struct catalog_name *name;

		if (!r->rule->ports[i].name)
			continue;
		name = add_name(c, r->rule->ports[i].name);
		name->by_all |= !r->n_peers;
		for (size_t j = 0; j < r->n_peers; j++) {
			name->by_all |=
				c->items[r->peers[j]].kind != CATALOG_PODS;
			numbers_add(&name->by, r->peers[j]);
		}
		numbers_sort(&name->by);
	}
}

uint32_t catalog_port(struct catalog *c, uint32_t name,
		      const struct policy_named_port *p)
{
	struct catalog_selector s = {
		.kind = CATALOG_PORT,
		.own_namespace = -1,
		.name = name,
		.proto = p->proto,
		.port = p->number,
	};
	const char *proto = p->proto == IPPROTO_TCP   ? "TCP"
			    : p->proto == IPPROTO_UDP ? "UDP"
						      : "SCTP";
	char text[64];

	snprintf(text, sizeof(text), "port %.15s=%u/%s", p->name, p->number,
		 proto);
	return add_selector(c, text, &s);
}

/* ---- rules ---------------------------------------------------------- */

static void add_rule(struct catalog *c, const struct namespaces *ns,
		     const struct policy *policy, uint32_t place,
		     const struct policy_rule *rule)
{
	struct catalog_rule r = {.rule = rule, .policy = place};
	struct numbers peers = {0};

	for (size_t i = 0; i < rule->n_peers; i++)
		numbers_add(&peers, add_peer(c, ns, policy, &rule->peers[i]));
	numbers_sort(&peers);
	r.peers = peers.items;
	r.n_peers = peers.n;
	c->rules = store_room(c->rules, c->rules_room, c->n_rules, 1);
	c->rules[c->n_rules++] = r;
	if (rule->direction == FL_EGRESS)
		add_names(c, &r);
}

static void add_policy(struct catalog *c, const struct policy_world *w,
		       const struct namespaces *ns, uint32_t place)
{
	const struct policy *p = w->policies[place];

	if (c->first_rule[place] != SIZE_MAX)
		return;
	c->first_rule[place] = c->n_rules;
	for (size_t i = 0; i < p->n_rules; i++)
		add_rule(c, ns, p, place, &p->rules[i]);
}

/* Only a selector tells the own node from others, once CIDRs match them. */
static void add_own_node(struct catalog *c, const struct policy_world *w)
{
	static const struct catalog_selector own = {
		.kind = CATALOG_OWN_NODE,
		.own_namespace = -1,
	};
	bool needed = false;

	for (size_t i = 0; i < w->n_policies; i++)
		needed |= c->first_rule[i] != SIZE_MAX &&
			  w->policies[i]->kind == POLICY_NETWORK &&
			  w->policies[i]->governs[FL_EGRESS];
	if (!needed)
		return;
	c->own_node_peer = add_selector(c, "this node", &own);
	c->own_node.n_peers = 1;
}

void catalog_collect(const struct policy_world *w, const struct namespaces *ns,
		     const struct groups *g, struct catalog *out)
{
	struct catalog c = {0};

	c.first_rule = store_alloc(w->n_policies, sizeof(*c.first_rule));
	for (size_t i = 0; i < w->n_policies; i++)
		c.first_rule[i] = SIZE_MAX;
	for (size_t i = 0; i < g->n; i++)
		for (size_t j = 0; j < g->items[i].n_policies; j++)
			add_policy(&c, w, ns, g->items[i].policies[j]);
	add_own_node(&c, w);
	*out = c;
	out->own_node.peers = &out->own_node_peer;
}

void catalog_forget_rules(struct catalog *c)
{
	for (size_t i = 0; i < c->n_rules; i++)
		free(c->rules[i].peers);
	free(c->rules);
	free(c->first_rule);
	c->rules = NULL;
	c->first_rule = NULL;
	c->n_rules = c->rules_room = 0;
}

void catalog_free(struct catalog *c)
{
	catalog_forget_rules(c);
	for (size_t i = 0; i < c->port_names.n; i++)
		numbers_free(&c->names[i].by);
	free(c->names);
	free(c->items);
	free(c->namespace_selectors);
	intern_free(&c->texts);
	intern_free(&c->namespace_texts);
	intern_free(&c->port_names);
	memset(c, 0, sizeof(*c));
}
