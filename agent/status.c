/* SPDX-License-Identifier: Apache-2.0 */
#include "status.h"

#include <string.h>

enum { PROBLEMS_MAX = 50 }; /* an answer has 64 KiB */

static void add_source(const struct agent *a, cJSON *answer)
{
	cJSON *list = cJSON_AddArrayToObject(answer, "sources");
	cJSON *one;

	if (!a->source)
		return;
	one = cJSON_CreateObject();
	cJSON_AddStringToObject(one, "name", a->source->ops->name);
	cJSON_AddBoolToObject(one, "synced", agent_is_synced(a));
	a->source->ops->describe(a->source, one);
	cJSON_AddItemToArray(list, one);
}

static void add_counts(const struct agent *a, cJSON *answer)
{
	const struct model *m = agent_model(a);
	cJSON *objects = cJSON_AddObjectToObject(answer, "objects");

	cJSON_AddNumberToObject(objects, "nodes", m->n[OBJECT_NODE]);
	cJSON_AddNumberToObject(objects, "namespaces", m->n[OBJECT_NAMESPACE]);
	cJSON_AddNumberToObject(objects, "pods", m->n[OBJECT_POD]);
	cJSON_AddNumberToObject(objects, "policies", m->n[OBJECT_POLICY]);
	cJSON_AddNumberToObject(objects, "notEnforcedYet", agent_later(a));
	cJSON_AddNumberToObject(answer, "endpoints", a->endpoints.n);
}

/* The counts are of what is in force. */
static void add_policy(const struct agent *a, cJSON *answer)
{
	const struct policies *p = &a->policies;
	const struct policy_stats *s = &p->good.stats;
	const struct inputs in = agent_inputs(a);
	cJSON *o = cJSON_AddObjectToObject(answer, "policy");

	cJSON_AddNumberToObject(o, "policies", p->n);
	cJSON_AddNumberToObject(o, "invalid", p->n_invalid);
	cJSON_AddNumberToObject(o, "problems", p->n_problems);
	cJSON_AddNumberToObject(o, "selectors", s->selectors);
	cJSON_AddNumberToObject(o, "identities", s->identities);
	cJSON_AddNumberToObject(o, "policyIDs", s->policy_ids);
	cJSON_AddNumberToObject(o, "entries", a->found_policy.n);
	cJSON_AddNumberToObject(o, "compileSeconds", p->seconds);
	cJSON_AddBoolToObject(o, "audit", inputs_audit(&in));
	cJSON_AddBoolToObject(o, "inForce", !p->kept[0]);
	if (p->kept[0])
		cJSON_AddStringToObject(o, "reason", p->kept);
}

static void add_addr(cJSON *o, const char *key, const struct fl_addr *addr)
{
	char text[ADDR_STRLEN];

	if (!addr_is_zero(addr))
		cJSON_AddStringToObject(o, key, addr_format(addr, text));
}

static void add_uplinks(const struct agent *a, cJSON *answer)
{
	cJSON *list = cJSON_AddArrayToObject(answer, "uplinks");

	for (int i = 0; i < a->desired.uplink_list.n; i++) {
		const struct uplink *u = &a->desired.uplink_list.items[i];
		cJSON *one = cJSON_CreateObject();

		cJSON_AddStringToObject(one, "device", u->name);
		cJSON_AddNumberToObject(one, "ifindex", u->ifindex);
		cJSON_AddNumberToObject(one, "mtu", u->value.mtu);
		add_addr(one, "ipv4", &u->value.v4);
		add_addr(one, "ipv6", &u->value.v6);
		cJSON_AddItemToArray(list, one);
	}
}

static void add_node(const struct agent *a, cJSON *answer)
{
	const struct node_facts *node = &a->desired.node;
	cJSON *list = cJSON_AddArrayToObject(answer, "podCIDRs");
	char text[PREFIX_STRLEN];

	for (int i = 0; i < node->n_pod_cidrs; i++)
		cJSON_AddItemToArray(list, cJSON_CreateString(prefix_format(
						   &node->pod_cidrs[i], text)));
	cJSON_AddStringToObject(answer, "mode",
				a->config.overlay ? "overlay" : "native");
	cJSON_AddNumberToObject(answer, "mtu", node->mtu);
}

static void add_reconcile(const struct agent *a, cJSON *answer)
{
	const struct agent_stats *s = &a->stats;
	cJSON *o = cJSON_AddObjectToObject(answer, "reconcile");

	cJSON_AddNumberToObject(o, "passes", s->passes);
	cJSON_AddNumberToObject(o, "errors", s->errors);
	cJSON_AddNumberToObject(o, "lastSeconds", s->last_seconds);
	cJSON_AddNumberToObject(o, "secondsAgo",
				clock_seconds() - a->last_pass);
	cJSON_AddNumberToObject(o, "added", s->added);
	cJSON_AddNumberToObject(o, "changed", s->changed);
	cJSON_AddNumberToObject(o, "removed", s->removed);
}

static void add_problems(const struct agent *a, cJSON *answer)
{
	cJSON *list = cJSON_AddArrayToObject(answer, "problems");

	for (size_t i = 0; i < a->problems.n && i < PROBLEMS_MAX; i++)
		cJSON_AddItemToArray(list,
				     cJSON_CreateString(a->problems.items[i]));
	cJSON_AddNumberToObject(answer, "problemsInAll", a->problems.n);
}

void status_fill(const struct agent *a, cJSON *answer)
{
	const char *why = agent_not_ready(a);

	cJSON_AddStringToObject(answer, "node", a->config.node_name);
	cJSON_AddStringToObject(answer, "version", FAIRLEAD_VERSION);
	cJSON_AddBoolToObject(answer, "ready", !why);
	if (why)
		cJSON_AddStringToObject(answer, "reason", why);
	add_node(a, answer);
	add_source(a, answer);
	add_counts(a, answer);
	add_policy(a, answer);
	add_uplinks(a, answer);
	add_reconcile(a, answer);
	add_problems(a, answer);
}
