/* SPDX-License-Identifier: Apache-2.0 */
#include "object.h"

#include <stdio.h>
#include <stdlib.h>

static void peer_free(struct policy_peer *p)
{
	selector_free(&p->namespaces);
	selector_free(&p->members);
	free(p->except);
	free(p->text);
}

void policy_rule_free(struct policy_rule *r)
{
	for (size_t i = 0; i < r->n_peers; i++)
		peer_free(&r->peers[i]);
	for (size_t i = 0; i < r->n_ports; i++)
		free(r->ports[i].name);
	free(r->peers);
	free(r->ports);
	free(r->name);
}

void policy_free(struct policy *p)
{
	if (!p)
		return;
	for (size_t i = 0; i < p->n_rules; i++)
		policy_rule_free(&p->rules[i]);
	free(p->rules);
	selector_free(&p->namespaces);
	selector_free(&p->pods);
	free(p->namespace);
	free(p->name);
	free(p);
}

const char *policy_kind_name(enum policy_kind kind)
{
	return kind == POLICY_NETWORK ? "NetworkPolicy"
				      : "ClusterNetworkPolicy";
}

const char *policy_tier_name(enum policy_tier tier)
{
	static const char *const names[POLICY_TIER_MAX] = {
		[POLICY_TIER_ADMIN] = "Admin",
		[POLICY_TIER_NETWORK] = "NetworkPolicy",
		[POLICY_TIER_BASELINE] = "Baseline",
	};

	return names[tier];
}

const char *policy_title(const struct policy *p, char *buf, size_t size)
{
	if (p->kind == POLICY_NETWORK)
		snprintf(buf, size, "%s/%s", p->namespace, p->name);
	else
		snprintf(buf, size, "ClusterNetworkPolicy %s (%s)", p->name,
			 policy_tier_name(p->tier));
	return buf;
}
