/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../lib/addr.h"
#include "../lib/dns_name.h"
#include "reading.h"
#include "store.h"

struct kind {
	const char *api, *name;
	enum policy_kind kind;
};

static const struct kind kinds[] = {
	{"networking.k8s.io/v1", "NetworkPolicy", POLICY_NETWORK},
	{"policy.networking.k8s.io/v1alpha2", "ClusterNetworkPolicy",
	 POLICY_CLUSTER},
};

static const struct kind *find_kind(const char *api, const char *name)
{
	for (size_t i = 0; i < sizeof(kinds) / sizeof(*kinds); i++)
		if (api && name && !strcmp(api, kinds[i].api) &&
		    !strcmp(name, kinds[i].name))
			return &kinds[i];
	return NULL;
}

bool policy_is_kind(const char *api, const char *kind)
{
	return find_kind(api, kind);
}

/* ---- parts ---------------------------------------------------------- */

struct policy_rule *reading_add_rule(struct reading *r,
				     enum fl_direction direction)
{
	struct policy *p = r->policy;
	struct policy_rule rule = {.direction = direction};
	struct policy_rule *more =
		store_alloc(p->n_rules + 1, sizeof(*p->rules));

	for (size_t i = 0; i < p->n_rules; i++)
		rule.index += p->rules[i].direction == direction;
	rule.name = store_copy("");
	if (p->n_rules)
		memcpy(more, p->rules, p->n_rules * sizeof(*more));
	free(p->rules);
	p->rules = more;
	p->rules[p->n_rules] = rule;
	return &p->rules[p->n_rules++];
}

struct policy_peer *reading_add_peer(struct policy_rule *rule,
				     enum policy_peer_kind kind)
{
	size_t room = rule->n_peers;

	rule->peers = store_room(rule->peers, room, rule->n_peers, 1);
	rule->peers[rule->n_peers] = (struct policy_peer){.kind = kind};
	return &rule->peers[rule->n_peers++];
}

void reading_add_port(struct policy_rule *rule, const struct policy_port *p)
{
	size_t room = rule->n_ports;

	rule->ports = store_room(rule->ports, room, rule->n_ports, 1);
	rule->ports[rule->n_ports++] = *p;
}

static char *cidr_text(const struct policy_peer *peer)
{
	char text[PREFIX_STRLEN];
	char *all = store_copy(prefix_format(&peer->cidr, text));

	for (size_t i = 0; i < peer->n_except; i++) {
		char *more =
			store_format("%s%s%s", all, i ? "," : " except ",
				     prefix_format(&peer->except[i], text));

		free(all);
		all = more;
	}
	return all;
}

static char *pods_text(const struct policy *p, const struct policy_peer *peer)
{
	const char *members = peer->members.text ? peer->members.text : "";
	const char *namespaces =
		peer->namespaces.text ? peer->namespaces.text : "";
	const char *pods = *members ? "pods " : "all pods";

	if (peer->own_namespace)
		return store_format("%s%s in namespace %s", pods, members,
				    p->namespace);
	if (!*namespaces)
		return store_format("%s%s in all namespaces", pods, members);
	return store_format("%s%s in namespaces %s", pods, members, namespaces);
}

void reading_finish_peer(const struct policy *p, struct policy_peer *peer)
{
	switch (peer->kind) {
	case POLICY_PEER_PODS:
		peer->text = pods_text(p, peer);
		return;
	case POLICY_PEER_CIDR:
		peer->text = cidr_text(peer);
		return;
	case POLICY_PEER_NODES:
		peer->text = store_format(
			"%s%s", peer->members.n_terms ? "nodes " : "all nodes",
			peer->members.text);
		return;
	}
}

/* ---- metadata ------------------------------------------------------- */

static char *read_name(struct reading *r, const cJSON *meta, const char *field,
		       const char *otherwise)
{
	const cJSON *value = reading_get(meta, field);
	size_t where = reading_enter(r, "metadata.%s", field);
	const char *text = otherwise;
	bool ok = true;

	if (value)
		ok = reading_string(r, value, &text);
	if (ok && text && !*text && otherwise)
		text = otherwise;
	if (ok && !text)
		reading_problem(r, meta, "missing");
	else if (ok && !is_dns_name(text))
		reading_problem(r, value, "\"%.64s\" is not a DNS name", text);
	reading_leave(r, where);
	return r->problems ? NULL : store_copy(text);
}

static int read_meta(struct reading *r, const cJSON *json)
{
	const cJSON *meta = reading_get(json, "metadata");
	struct policy *p = r->policy;
	size_t where;

	if (!cJSON_IsObject(meta)) {
		where = reading_enter(r, "metadata");
		reading_problem(r, meta ? meta : json, "must be an object");
		reading_leave(r, where);
		return -EINVAL;
	}
	p->name = read_name(r, meta, "name", NULL);
	if (p->name && p->kind == POLICY_NETWORK)
		p->namespace = read_name(r, meta, "namespace", "default");
	else
		p->namespace = store_copy("");
	return p->name && p->namespace ? 0 : -EINVAL;
}

/* ---- the object ----------------------------------------------------- */

static void read_spec(struct reading *r, const cJSON *json)
{
	static const char *const known[] = {"apiVersion", "kind",   "metadata",
					    "spec",	  "status", NULL};
	const cJSON *spec = reading_get(json, "spec");
	struct policy *p = r->policy;
	size_t where;

	reading_object(r, json, known);
	where = reading_enter(r, "spec");
	p->governs[FL_INGRESS] = p->governs[FL_EGRESS] = true;
	if (!cJSON_IsObject(spec))
		reading_problem(r, spec ? spec : json, "must be an object");
	else if (p->kind == POLICY_NETWORK)
		network_policy_read(r, spec);
	else
		cluster_policy_read(r, spec);
	reading_leave(r, where);
}

/* What is wrong somewhere is trusted nowhere. */
static void forget_rules(struct policy *p)
{
	for (size_t i = 0; i < p->n_rules; i++)
		policy_rule_free(&p->rules[i]);
	free(p->rules);
	p->rules = NULL;
	p->n_rules = 0;
}

static void finish(struct reading *r)
{
	struct policy *p = r->policy;

	for (size_t i = 0; i < p->n_rules; i++)
		for (size_t j = 0; j < p->rules[i].n_peers; j++)
			reading_finish_peer(p, &p->rules[i].peers[j]);
	if (p->invalid)
		forget_rules(p);
	if (!p->namespaces.text)
		selector_finish(&p->namespaces);
	if (!p->pods.text)
		selector_finish(&p->pods);
}

static void begin(struct reading *r, enum policy_kind kind)
{
	r->policy = store_alloc(1, sizeof(*r->policy));
	r->policy->kind = kind;
	r->policy->tier = kind == POLICY_NETWORK ? POLICY_TIER_NETWORK
						 : POLICY_TIER_ADMIN;
}

int policy_read_as(enum policy_kind kind, const cJSON *json,
		   policy_problem_fn fn, void *arg, struct policy **out)
{
	struct reading r = {.fn = fn, .arg = arg};

	begin(&r, kind);
	if (read_meta(&r, json)) {
		policy_free(r.policy);
		return -EINVAL;
	}
	read_spec(&r, json);
	finish(&r);
	*out = r.policy;
	return 0;
}

int policy_read(const cJSON *json, policy_problem_fn fn, void *arg,
		struct policy **out)
{
	const cJSON *api = reading_get(json, "apiVersion");
	const cJSON *name = reading_get(json, "kind");
	const struct kind *k = find_kind(cJSON_GetStringValue(api),
					 cJSON_GetStringValue(name));
	struct reading r = {.fn = fn, .arg = arg};

	if (k)
		return policy_read_as(k->kind, json, fn, arg, out);
	begin(&r, POLICY_NETWORK);
	reading_problem(&r, json, "not a kind of policy");
	policy_free(r.policy);
	return -EINVAL;
}
