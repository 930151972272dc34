/* SPDX-License-Identifier: Apache-2.0 */
/* The distinct peers ("selectors") of the policies that are in force here, by
 * number, and the rules in terms of them. */
#pragma once

#include "groups.h"

enum catalog_kind {
	CATALOG_PODS,
	CATALOG_CIDR,
	CATALOG_NODES,
	CATALOG_PORT, /* pods that have a certain named port */
	CATALOG_OWN_NODE,
};

struct catalog_selector {
	enum catalog_kind kind;
	const struct policy_peer *peer; /* not of PORT and OWN_NODE */
	long own_namespace;  /* PODS: the only one it looks at, -1: all */
	uint32_t namespaces; /* PODS: number of the selector of those */
	uint32_t name;	     /* PORT: number of the name */
	uint8_t proto;	     /* PORT */
	uint16_t port;	     /* PORT */
	uint64_t hash;	     /* of its text */
};

struct catalog_rule {
	const struct policy_rule *rule;
	uint32_t policy; /* its place in the world */
	uint32_t *peers; /* selectors, sorted */
	size_t n_peers;
};

/* A name that egress rules call ports of their peers by. */
struct catalog_name {
	bool by_all;	   /* by a rule whose peers cannot be told by labels */
	struct numbers by; /* else by rules with these selectors */
};

struct catalog {
	struct intern texts; /* of selectors */
	struct catalog_selector *items;
	size_t room;
	struct intern namespace_texts;
	const struct selector **namespace_selectors;
	size_t namespace_room;
	struct intern port_names;
	struct catalog_name *names;
	size_t names_room;
	struct catalog_rule *rules;
	size_t n_rules, rules_room;
	size_t *first_rule; /* by a policy's place; SIZE_MAX: not in force */
	/* What every NetworkPolicy's egress allows besides: its peer is the own
	 * node. None where none governs egress. */
	struct catalog_rule own_node;
	uint32_t own_node_peer;
};

void catalog_collect(const struct policy_world *w, const struct namespaces *ns,
		     const struct groups *g, struct catalog *out);
/* What only rules need. */
void catalog_forget_rules(struct catalog *c);
void catalog_free(struct catalog *c); /* and empty */

static inline size_t catalog_n(const struct catalog *c)
{
	return c->texts.n;
}

/* The selector of pods that have this port under this name. */
uint32_t catalog_port(struct catalog *c, uint32_t name,
		      const struct policy_named_port *p);
