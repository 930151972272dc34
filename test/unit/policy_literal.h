/* SPDX-License-Identifier: Apache-2.0 */
/* What the objects of a world mean, taken literally and slowly: what compiled
 * policies, and the datapath that follows them, are held against. Include after
 * policy_world.h. */
#pragma once

#include <stdio.h>
#include <string.h>

struct question {
	const struct test_world *t;
	size_t pod; /* whose policy */
	enum fl_direction direction;
	struct fl_addr peer;
	__u8 proto;
	__u16 port;
};

static inline const char *namespace_labels(const struct test_world *t,
					   const char *name)
{
	static char labels[256];
	const char *rest = "";
	size_t len = snprintf(labels, sizeof(labels),
			      "kubernetes.io/metadata.name=%s", name) +
		     1;

	for (size_t i = 0; i < t->w.n_namespaces; i++)
		if (!strcmp(t->namespaces[i].name, name))
			rest = t->namespaces[i].labels;
	for (; *rest; rest += strlen(rest) + 1) {
		strcpy(labels + len, rest);
		len += strlen(rest) + 1;
	}
	labels[len] = '\0';
	return labels;
}

static inline const struct policy_pod *peer_pod(const struct question *q)
{
	for (size_t i = 0; i < q->t->w.n_pods; i++) {
		const struct policy_pod *p = &q->t->pods[i];

		for (size_t j = 0; j < p->n_addrs; j++)
			if (!p->host_network && !p->terminal &&
			    addr_equal(&p->addrs[j], &q->peer))
				return p;
	}
	return NULL;
}

static inline bool node_is_peer(const struct question *q,
				const struct selector *s)
{
	for (size_t i = 0; i < q->t->w.n_nodes; i++) {
		const struct policy_node *n = &q->t->nodes[i];

		for (size_t j = 0; j < n->n_addrs; j++)
			if (addr_equal(&n->addrs[j], &q->peer) &&
			    selector_matches(s, n->labels))
				return true;
	}
	return false;
}

static inline bool peer_matches(const struct question *q,
				const struct policy *policy,
				const struct policy_peer *peer)
{
	const struct policy_pod *pod = peer_pod(q);

	switch (peer->kind) {
	case POLICY_PEER_NODES:
		return node_is_peer(q, &peer->members);
	case POLICY_PEER_CIDR:
		for (size_t i = 0; i < peer->n_except; i++)
			if (prefix_contains(&peer->except[i], &q->peer))
				return false;
		return prefix_contains(&peer->cidr, &q->peer);
	case POLICY_PEER_PODS:
		if (!pod || !selector_matches(&peer->members, pod->labels))
			return false;
		if (peer->own_namespace)
			return !strcmp(pod->namespace, policy->namespace);
		return selector_matches(&peer->namespaces,
					namespace_labels(q->t, pod->namespace));
	}
	return false;
}

static inline bool port_matches(const struct question *q,
				const struct policy_port *p)
{
	const struct policy_pod *to =
		q->direction == FL_INGRESS ? &q->t->pods[q->pod] : peer_pod(q);

	if (!p->name)
		return q->proto == p->proto && p->first <= q->port &&
		       q->port <= p->last;
	for (size_t i = 0; to && i < to->n_ports; i++)
		if (!strcmp(to->ports[i].name, p->name) &&
		    to->ports[i].proto == q->proto &&
		    to->ports[i].number == q->port &&
		    (!p->proto || p->proto == q->proto))
			return true;
	return false;
}

static inline bool rule_matches(const struct question *q,
				const struct policy *p,
				const struct policy_rule *r)
{
	bool peer = !r->n_peers, port = !r->n_ports;

	if (r->direction != q->direction)
		return false;
	for (size_t i = 0; i < r->n_peers; i++)
		peer |= peer_matches(q, p, &r->peers[i]);
	for (size_t i = 0; i < r->n_ports; i++)
		port |= port_matches(q, &r->ports[i]);
	return peer && port;
}

static inline bool selects(const struct question *q, const struct policy *p)
{
	const struct policy_pod *pod = &q->t->pods[q->pod];

	if (!p->governs[q->direction] ||
	    !selector_matches(&p->pods, pod->labels))
		return false;
	if (p->kind == POLICY_NETWORK)
		return !strcmp(p->namespace, pod->namespace);
	return selector_matches(&p->namespaces,
				namespace_labels(q->t, pod->namespace));
}

static inline void rule_title(const struct policy *p,
			      const struct policy_rule *r, char *out,
			      size_t size)
{
	char title[128];

	policy_title(p, title, sizeof(title));
	snprintf(out, size, "%s, %s rule %u", title,
		 r->direction == FL_INGRESS ? "ingress" : "egress",
		 r->index + 1);
}

/* 1: allowed, 0: denied, -1: not decided here. */
static inline int ask_cluster(const struct question *q, enum policy_tier tier,
			      char *why, size_t size)
{
	for (int priority = 0; priority <= 1000; priority++)
		for (size_t i = 0; i < q->t->w.n_policies; i++) {
			const struct policy *p = q->t->policies[i];

			if (p->kind != POLICY_CLUSTER || p->tier != tier ||
			    p->priority != priority || !selects(q, p))
				continue;
			if (p->invalid) {
				snprintf(why, size, "invalid");
				return 0;
			}
			for (size_t j = 0; j < p->n_rules; j++) {
				const struct policy_rule *r = &p->rules[j];

				if (!rule_matches(q, p, r))
					continue;
				rule_title(p, r, why, size);
				if (r->action == POLICY_PASS)
					return -1;
				return r->action == POLICY_ACCEPT;
			}
		}
	return -1;
}

/* To NetworkPolicies the way to the own node is always open. */
static inline bool is_own_node(const struct question *q)
{
	bool found = false;

	for (size_t i = 0; i < q->t->w.n_nodes; i++) {
		const struct policy_node *n = &q->t->nodes[i];

		for (size_t j = 0; n->own && j < n->n_addrs; j++)
			found |= addr_equal(&n->addrs[j], &q->peer);
		for (size_t j = 0; n->own && j < n->n_more_addrs; j++)
			found |= addr_equal(&n->more_addrs[j], &q->peer);
	}
	return found && q->direction == FL_EGRESS;
}

/* why: all rules that allow it, each with a "|" behind it. */
static inline int ask_network(const struct question *q, char *why, size_t size)
{
	bool selected = false;
	char title[160];

	why[0] = '\0';
	for (size_t i = 0; i < q->t->w.n_policies; i++) {
		const struct policy *p = q->t->policies[i];

		if (p->kind != POLICY_NETWORK || !selects(q, p))
			continue;
		selected = true;
		for (size_t j = 0; j < p->n_rules; j++) {
			size_t len = strlen(why);

			if (!rule_matches(q, p, &p->rules[j]))
				continue;
			rule_title(p, &p->rules[j], title, sizeof(title));
			snprintf(why + len, size - len, "%s|", title);
		}
	}
	if (!selected)
		return -1;
	return *why || is_own_node(q);
}

static inline int expected(const struct question *q, char *why, size_t size)
{
	int verdict = ask_cluster(q, POLICY_TIER_ADMIN, why, size);

	if (verdict < 0)
		verdict = ask_network(q, why, size);
	if (verdict < 0) {
		why[0] = '\0';
		verdict = ask_cluster(q, POLICY_TIER_BASELINE, why, size);
		if (verdict < 0)
			why[0] = '\0';
	}
	return verdict < 0 ? 1 : verdict;
}

static inline bool is_governed(const struct question *q)
{
	for (size_t i = 0; i < q->t->w.n_policies; i++)
		if (selects(q, q->t->policies[i]))
			return true;
	return false;
}
