/* SPDX-License-Identifier: Apache-2.0 */
/* policy.networking.k8s.io/v1alpha2 ClusterNetworkPolicy. */
#include <stdlib.h>
#include <string.h>

#include "reading.h"
#include "store.h"

/* As the API limits each of its lists. */
enum { LIST_MAX = 25, NAME_MAX_LEN = 100 };

static const cJSON *required(struct reading *r, const cJSON *object,
			     const char *name)
{
	const cJSON *value = reading_get(object, name);
	size_t where;

	if (value)
		return value;
	where = reading_enter(r, ".%s", name);
	reading_problem(r, object, "missing");
	reading_leave(r, where);
	return NULL;
}

/* ---- rules ---------------------------------------------------------- */

static void read_name(struct reading *r, const cJSON *json,
		      struct policy_rule *rule)
{
	const cJSON *value = reading_get(json, "name");
	size_t where = reading_enter(r, ".name");
	const char *text;

	if (value && reading_string(r, value, &text)) {
		if (strlen(text) > NAME_MAX_LEN)
			reading_problem(r, value, "longer than %d letters",
					NAME_MAX_LEN);
		free(rule->name);
		rule->name = store_copy(text);
	}
	reading_leave(r, where);
}

static void read_action(struct reading *r, const cJSON *json,
			struct policy_rule *rule)
{
	static const char *const actions[] = {
		[POLICY_ACCEPT] = "Accept",
		[POLICY_DENY] = "Deny",
		[POLICY_PASS] = "Pass",
		NULL,
	};
	const cJSON *value = required(r, json, "action");
	size_t where = reading_enter(r, ".action");
	int action = value ? reading_word(r, value, actions) : -1;

	if (action >= 0)
		rule->action = action;
	reading_leave(r, where);
}

/* Only pods have ports with names. */
static void check_named_ports(struct reading *r, const cJSON *json,
			      const struct policy_rule *rule)
{
	bool outside = false, named = false;

	for (size_t i = 0; i < rule->n_peers; i++)
		outside |= rule->peers[i].kind != POLICY_PEER_PODS;
	for (size_t i = 0; i < rule->n_ports; i++)
		named |= rule->ports[i].name != NULL;
	if (outside && named)
		reading_problem(r, json,
				"destinationNamedPort cannot stand beside "
				"networks or nodes");
}

static void read_rule(struct reading *r, const cJSON *json,
		      enum fl_direction direction)
{
	static const char *const ingress[] = {"name", "action", "from",
					      "protocols", NULL};
	static const char *const egress[] = {"name", "action", "to",
					     "protocols", NULL};
	bool in = direction == FL_INGRESS;
	struct policy_rule *rule = reading_add_rule(r, direction);
	const char *peers = in ? "from" : "to";
	const cJSON *list, *item;
	int i = 0;

	if (!reading_object(r, json, in ? ingress : egress))
		return;
	read_name(r, json, rule);
	read_action(r, json, rule);
	required(r, json, peers);
	list = reading_list(r, json, peers, 1, LIST_MAX);
	cJSON_ArrayForEach (item, list) {
		size_t where = reading_enter(r, ".%s[%d]", peers, i++);

		cluster_peer_read(r, rule, item);
		reading_leave(r, where);
	}
	i = 0;
	list = reading_list(r, json, "protocols", 1, LIST_MAX);
	cJSON_ArrayForEach (item, list) {
		size_t where = reading_enter(r, ".protocols[%d]", i++);

		cluster_protocol_read(r, rule, item);
		reading_leave(r, where);
	}
	check_named_ports(r, json, rule);
}

/* A direction without rules is not governed; one whose rules cannot be counted
 * is. */
static void read_rules(struct reading *r, const cJSON *spec, const char *name,
		       enum fl_direction direction)
{
	const cJSON *list = reading_list(r, spec, name, 0, LIST_MAX), *item;
	int i = 0;

	cJSON_ArrayForEach (item, list) {
		size_t where = reading_enter(r, ".%s[%d]", name, i++);

		read_rule(r, item, direction);
		reading_leave(r, where);
	}
	if (!i && (list || !reading_get(spec, name)) && !r->spec_unclear)
		r->policy->governs[direction] = false;
}

/* ---- spec ----------------------------------------------------------- */

static void read_place(struct reading *r, const cJSON *spec)
{
	static const char *const tiers[] = {"Admin", "Baseline", NULL};
	const cJSON *value = required(r, spec, "tier");
	size_t where = reading_enter(r, ".tier");

	if (value && reading_word(r, value, tiers) == 1)
		r->policy->tier = POLICY_TIER_BASELINE;
	reading_leave(r, where);
	value = required(r, spec, "priority");
	where = reading_enter(r, ".priority");
	if (value)
		reading_int(r, value, 0, 1000, &r->policy->priority);
	reading_leave(r, where);
}

static void read_pods(struct reading *r, const cJSON *json,
		      struct selector *namespaces, struct selector *pods)
{
	static const char *const known[] = {"namespaceSelector", "podSelector",
					    NULL};
	size_t where;

	if (!reading_object(r, json, known))
		return;
	where = reading_enter(r, ".namespaceSelector");
	reading_selector(r, reading_get(json, "namespaceSelector"), namespaces);
	reading_leave(r, where);
	required(r, json, "podSelector");
	where = reading_enter(r, ".podSelector");
	reading_selector(r, reading_get(json, "podSelector"), pods);
	reading_leave(r, where);
}

static void read_subject(struct reading *r, const cJSON *spec)
{
	static const char *const known[] = {"namespaces", "pods", NULL};
	const cJSON *subject = required(r, spec, "subject");
	struct policy *p = r->policy;
	unsigned int before = r->problems;
	size_t where = reading_enter(r, ".subject"), here;
	int which = -1;

	if (subject && reading_object(r, subject, known))
		which = reading_one_of(r, subject, known);
	here = reading_enter(r, which == 0 ? ".namespaces" : ".pods");
	if (which == 0)
		reading_selector(r, reading_get(subject, "namespaces"),
				 &p->namespaces);
	if (which == 1)
		read_pods(r, reading_get(subject, "pods"), &p->namespaces,
			  &p->pods);
	reading_leave(r, here);
	reading_leave(r, where);
	if (r->problems == before)
		return;
	selector_free(&p->namespaces);
	selector_free(&p->pods);
}

void cluster_policy_read(struct reading *r, const cJSON *spec)
{
	static const char *const known[] = {"tier",    "priority", "subject",
					    "ingress", "egress",   NULL};

	reading_object(r, spec, known);
	read_place(r, spec);
	read_subject(r, spec);
	read_rules(r, spec, "ingress", FL_INGRESS);
	read_rules(r, spec, "egress", FL_EGRESS);
}
