/* SPDX-License-Identifier: Apache-2.0 */
/* What a source that is an API server tells it: the Node's condition; and what
 * it says of itself. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "source_kube_world.h"

/* ---- the condition -------------------------------------------------- */

#define NODE_A_WITH(version, condition)                                        \
	NODE("node-a", version,                                                \
	     "\"spec\":{\"podCIDRs\":[\"10.1.0.0/24\"]},\"status\":{"          \
	     "\"addresses\":[{\"type\":\"InternalIP\","                        \
	     "\"address\":\"192.0.2.1\"}],\"conditions\":["                    \
	     "{\"type\":\"NetworkUnavailable\",\"status\":\"" condition        \
	     "\"}]}")

static struct kube_call *find_patch(void)
{
	for (int i = n_calls; i--;)
		if (calls[i].open && !strcmp(calls[i].method, "PATCH"))
			return &calls[i];
	return NULL;
}

static void the_condition_is_cleared_once_the_node_is_ready(void **state)
{
	struct kube_call *c;

	(void)state;
	source_config.network_unavailable = true;
	open_whole();
	assert_null(find_patch());
	source->ops->ready(source);
	c = find_patch();
	assert_non_null(c);
	assert_string_equal(c->path, "/api/v1/nodes/node-a/status");
	assert_string_equal(c->request.content_type,
			    "application/strategic-merge-patch+json");
	assert_non_null(strstr(c->body, "\"NetworkUnavailable\""));
	assert_non_null(strstr(c->body, "\"status\":\"False\""));
	assert_non_null(strstr(c->body, "FairleadIsUp"));
	finish(c, 200, 0, "");
	source->ops->ready(source);
	assert_null(find_patch());
}

static void a_condition_that_is_clear_is_left_alone(void **state)
{
	(void)state;
	source_config.network_unavailable = true;
	open_whole();
	tell(NODES, EVENT("MODIFIED", NODE_A_WITH("11", "False")));
	source->ops->ready(source);
	assert_null(find_patch());
	tell(NODES, EVENT("MODIFIED", NODE_A_WITH("12", "True")));
	assert_non_null(find_patch());
}

static void a_refusal_names_the_rule_that_is_missing(void **state)
{
	(void)state;
	source_config.network_unavailable = true;
	open_whole();
	source->ops->ready(source);
	finish(find_patch(), 403, 0, "forbidden");
	assert_problem("resources [\"nodes/status\"], verbs [\"patch\"]");
	assert_true(news > 0);
}

static void nobody_is_written_to_who_did_not_ask_for_it(void **state)
{
	(void)state;
	open_whole();
	source->ops->ready(source);
	tell(NODES, EVENT("MODIFIED", NODE_A_WITH("12", "True")));
	source->ops->ready(source);
	assert_null(find_patch());
}

/* ---- what it says of itself ----------------------------------------- */

static const cJSON *resource_of(const cJSON *status, const char *name)
{
	const cJSON *one;

	cJSON_ArrayForEach (one, cJSON_GetObjectItem(status, "resources"))
		if (!strcmp(cJSON_GetObjectItem(one, "name")->valuestring,
			    name))
			return one;
	fail_msg("no %s", name);
	return NULL;
}

static void status_has_each_resource(void **state)
{
	cJSON *status = cJSON_CreateObject();
	const cJSON *pods;

	(void)state;
	open_whole();
	tell(PODS, EVENT("ADDED", POD_AT("a", "11", "10.2.0.1")));
	source->ops->describe(source, status);
	assert_string_equal(cJSON_GetObjectItem(status, "server")->valuestring,
			    "https://api.test:443");
	pods = resource_of(status, "pods");
	assert_int_equal(cJSON_GetObjectItem(pods, "objects")->valueint, 2);
	assert_int_equal(cJSON_GetObjectItem(pods, "events")->valueint, 1);
	assert_int_equal(cJSON_GetObjectItem(pods, "resyncs")->valueint, 0);
	assert_string_equal(cJSON_GetObjectItem(pods, "phase")->valuestring,
			    "watching");
	assert_string_equal(
		cJSON_GetObjectItem(
			resource_of(status, "clusternetworkpolicies"), "phase")
			->valuestring,
		"absent");
	cJSON_Delete(status);
}

static void metrics_have_each_resource(void **state)
{
	struct evbuffer *out = evbuffer_new();
	char *text;

	(void)state;
	open_whole();
	source->ops->metrics(source, out);
	evbuffer_add(out, "", 1);
	text = (char *)evbuffer_pullup(out, -1);
	assert_non_null(strstr(text, "fairlead_kube_objects{resource=\"pods\"}"
				     " 1\n"));
	assert_non_null(strstr(text, "fairlead_kube_objects{resource=\"nodes\"}"
				     " 2\n"));
	assert_non_null(strstr(
		text, "fairlead_kube_resyncs_total{resource=\"pods\"} 0\n"));
	assert_non_null(strstr(text,
			       "fairlead_kube_watching{"
			       "resource=\"clusternetworkpolicies\"} 0\n"));
	evbuffer_free(out);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(the_condition_is_cleared_once_the_node_is_ready),
		TEST(a_condition_that_is_clear_is_left_alone),
		TEST(a_refusal_names_the_rule_that_is_missing),
		TEST(nobody_is_written_to_who_did_not_ask_for_it),
		TEST(status_has_each_resource),
		TEST(metrics_have_each_resource),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
