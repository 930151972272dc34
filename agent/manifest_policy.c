/* SPDX-License-Identifier: Apache-2.0 */
#include "manifest_kinds.h"

#include <stdio.h>

#include "../lib/cleanup.h"
#include "../lib/yaml.h"
#include "memory.h"
#include "shared.h"

struct reading {
	struct reader *r;
	struct policy_object *policy;
	const cJSON *json;
};

static void on_problem(const struct policy_problem *p, void *arg)
{
	struct reading *reading = arg;
	struct policy_object *policy = reading->policy;
	const cJSON *at = p->at ? p->at : reading->json;
	char where[300] = "";

	if (reading->r->file)
		snprintf(where, sizeof(where), "%.255s:%d: ", reading->r->file,
			 yaml_line(at));
	problems_add(&policy->problems, "%s: %s", p->path, p->reason);
	problems_add(&policy->reports, "%s%s %s%s%s: %s: %s", where, p->kind,
		     p->namespace, *p->namespace ? "/" : "", p->name, p->path,
		     p->reason);
}

static int read_as(struct reader *r, const cJSON *json, enum policy_kind kind,
		   struct object **out)
{
	__cleanup(object_drop) struct object *o = object_new(OBJECT_POLICY);
	struct policy_object *policy = (struct policy_object *)o;
	struct reading reading = {r, policy, json};

	if (policy_read_as(kind, json, on_problem, &reading, &policy->policy))
		return reader_fail(r, json, NULL, "%s",
				   policy->problems.n
					   ? policy->problems.items[0]
					   : "not a policy");
	o->namespace = shared_text(policy->policy->namespace);
	o->name = memory_copy(policy->policy->name);
	*out = take_ptr(o);
	return 0;
}

static int read_kind(struct reader *r, const cJSON *json, enum policy_kind kind,
		     struct object **out)
{
	const char *api;
	int rc = reader_string(r, json, "apiVersion", &api);

	if (rc)
		return rc;
	if ((r->file || *api) && !policy_is_kind(api, r->kind))
		return reader_fail(r, json, "apiVersion",
				   "\"%.64s\" is not one that Fairlead reads",
				   api);
	return read_as(r, json, kind, out);
}

int network_policy_object_read(struct reader *r, const cJSON *json,
			       struct object **out)
{
	return read_kind(r, json, POLICY_NETWORK, out);
}

int cluster_policy_object_read(struct reader *r, const cJSON *json,
			       struct object **out)
{
	return read_kind(r, json, POLICY_CLUSTER, out);
}
