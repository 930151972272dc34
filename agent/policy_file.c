/* SPDX-License-Identifier: Apache-2.0 */
#include "policy_file.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../lib/cleanup.h"
#include "../lib/json.h"
#include "memory.h"

/* ---- names ---------------------------------------------------------- */

static cJSON *endpoint_name(const struct policies *p,
			    const struct endpoint_record *r, size_t i)
{
	const struct pod *pod = world_endpoint_pod(p->world, i);
	char name[520];

	if (pod)
		snprintf(name, sizeof(name), "%.253s/%.253s", pod->o.namespace,
			 pod->o.name);
	else if (*r->pod_name)
		snprintf(name, sizeof(name), "%.253s/%.253s", r->pod_namespace,
			 r->pod_name);
	else
		snprintf(name, sizeof(name), "%.255s", r->container_id);
	return cJSON_CreateString(name);
}

/* As in NetworkPolicy: namespace and name. */
static const char *policy_name(const struct policy *policy, char buf[520])
{
	snprintf(buf, 520, "%.253s%s%.253s", policy->namespace,
		 *policy->namespace ? "/" : "", policy->name);
	return buf;
}

/* ---- policies ------------------------------------------------------- */

static bool group_has(const struct policy_group *g, size_t policy)
{
	for (size_t i = 0; i < g->n_policies; i++)
		if (g->policies[i] == policy)
			return true;
	return false;
}

static void add_members(const struct policies *p,
			const struct endpoints *endpoints, __u32 policy_id,
			cJSON *list)
{
	for (size_t i = 0; i < endpoints->n; i++)
		if (p->good.endpoints[i].policy_id == policy_id)
			cJSON_AddItemToArray(
				list,
				endpoint_name(p, &endpoints->items[i], i));
}

static void add_texts(cJSON *o, const char *key, char **texts, size_t n)
{
	cJSON *list = cJSON_AddArrayToObject(o, key);

	for (size_t i = 0; i < n; i++)
		cJSON_AddItemToArray(list, cJSON_CreateString(texts[i]));
}

static void add_policy(const struct policies *p,
		       const struct endpoints *endpoints, size_t i, cJSON *list)
{
	const struct policy_object *object = world_policy(p->world, i);
	const struct policy *policy = object->policy;
	cJSON *o = cJSON_CreateObject(), *selects;

	cJSON_AddStringToObject(o, "kind", policy_kind_name(policy->kind));
	cJSON_AddStringToObject(o, "namespace", policy->namespace);
	cJSON_AddStringToObject(o, "name", policy->name);
	cJSON_AddStringToObject(o, "tier", policy_tier_name(policy->tier));
	cJSON_AddNumberToObject(o, "priority", policy->priority);
	cJSON_AddBoolToObject(o, "valid", !policy->invalid);
	selects = cJSON_AddArrayToObject(o, "selects");
	for (size_t g = 0; g < p->good.n_groups; g++)
		if (group_has(&p->good.groups[g], i))
			add_members(p, endpoints, p->good.groups[g].policy_id,
				    selects);
	add_texts(o, "problems", object->problems.items, object->problems.n);
	cJSON_AddItemToArray(list, o);
}

/* ---- rules, identities, groups -------------------------------------- */

static void add_rule(const struct policies *p, const struct policy_rule_info *r,
		     cJSON *list)
{
	const struct policy *policy = world_policy(p->world, r->policy)->policy;
	cJSON *o = cJSON_CreateObject();
	char name[520];

	cJSON_AddNumberToObject(o, "number", r->number);
	cJSON_AddStringToObject(o, "policy", policy_name(policy, name));
	cJSON_AddStringToObject(o, "kind", policy_kind_name(policy->kind));
	cJSON_AddStringToObject(o, "direction",
				r->direction == FL_INGRESS ? "ingress"
							   : "egress");
	cJSON_AddStringToObject(o, "text", r->text);
	cJSON_AddItemToArray(list, o);
}

static int compare_numbers(const void *a, const void *b)
{
	__u32 x = *(const __u32 *)a, y = *(const __u32 *)b;

	return x < y ? -1 : x > y;
}

static void add_identities(const struct policy_compiled *c, cJSON *list)
{
	__cleanup(mem_free) __u32 *numbers =
		memory_alloc((c->n_identities + 1) * sizeof(*numbers));
	char text[512];

	for (size_t i = 0; i < c->n_identities; i++)
		numbers[i] = c->identities[i].identity;
	qsort(numbers, c->n_identities, sizeof(*numbers), compare_numbers);
	for (size_t i = 0; i < c->n_identities; i++) {
		cJSON *o;

		if (numbers[i] < FL_IDENTITY_FIRST_FREE ||
		    (i && numbers[i] == numbers[i - 1]))
			continue;
		o = cJSON_CreateObject();
		cJSON_AddNumberToObject(o, "number", numbers[i]);
		cJSON_AddStringToObject(o, "text",
					policy_identity_describe(c, numbers[i],
								 text,
								 sizeof(text)));
		cJSON_AddItemToArray(list, o);
	}
}

static void add_group(const struct policies *p,
		      const struct endpoints *endpoints,
		      const struct policy_group *g, cJSON *list)
{
	cJSON *o = cJSON_CreateObject(), *policies;
	char name[520];

	cJSON_AddNumberToObject(o, "policyID", g->policy_id);
	cJSON_AddBoolToObject(o, "ingress", g->flags & FL_ENDPOINT_INGRESS);
	cJSON_AddBoolToObject(o, "egress", g->flags & FL_ENDPOINT_EGRESS);
	policies = cJSON_AddArrayToObject(o, "policies");
	for (size_t i = 0; i < g->n_policies; i++) {
		const struct policy_object *policy =
			world_policy(p->world, g->policies[i]);

		cJSON_AddItemToArray(policies, cJSON_CreateString(policy_name(
						       policy->policy, name)));
	}
	add_members(p, endpoints, g->policy_id,
		    cJSON_AddArrayToObject(o, "endpoints"));
	cJSON_AddItemToArray(list, o);
}

static void add_stats(const struct policy_stats *s, cJSON *o)
{
	cJSON_AddNumberToObject(o, "selectors", s->selectors);
	cJSON_AddNumberToObject(o, "identities", s->identities);
	cJSON_AddNumberToObject(o, "policyIDs", s->policy_ids);
	cJSON_AddNumberToObject(o, "entries", s->entries);
	cJSON_AddNumberToObject(o, "prefixes", s->prefixes);
	cJSON_AddNumberToObject(o, "bytes", s->bytes);
}

/* ---- all of it ------------------------------------------------------ */

char *policy_file_format(const struct policies *p,
			 const struct endpoints *endpoints, __u32 epoch)
{
	__cleanup(json_free) cJSON *o = cJSON_CreateObject();
	const struct policy_compiled *c = &p->good;
	cJSON *list;

	cJSON_AddNumberToObject(o, "version", 1);
	cJSON_AddNumberToObject(o, "epoch", epoch);
	list = cJSON_AddArrayToObject(o, "policies");
	for (size_t i = 0; p->world && i < world_get(p->world)->n_policies; i++)
		add_policy(p, endpoints, i, list);
	list = cJSON_AddArrayToObject(o, "rules");
	for (size_t i = 0; i < c->n_rules; i++)
		add_rule(p, &c->rules[i], list);
	add_identities(c, cJSON_AddArrayToObject(o, "identities"));
	list = cJSON_AddArrayToObject(o, "groups");
	for (size_t i = 0; i < c->n_groups; i++)
		add_group(p, endpoints, &c->groups[i], list);
	add_texts(o, "problems", c->problems, c->n_problems);
	add_stats(&c->stats, cJSON_AddObjectToObject(o, "stats"));
	return json_print(o, false);
}

bool policy_file_is_gone(const char *state_dir)
{
	char path[512];

	snprintf(path, sizeof(path), "%s/policy.json", state_dir);
	return access(path, F_OK) && errno == ENOENT;
}

int policy_file_write(const char *state_dir, const char *text, struct err *e)
{
	char path[512];

	snprintf(path, sizeof(path), "%s/policy.json", state_dir);
	return file_write_atomic(path, text, strlen(text), 0600, e);
}
