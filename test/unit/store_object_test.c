/* SPDX-License-Identifier: Apache-2.0 */
/* What a real server sent, and what makes no sense. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../../agent/object_read.h"
#include "../../lib/cleanup.h"
#include "../../lib/json.h"
#include "recorded.h"
#include "store_world.h"

/* ---- what a real server sent ---------------------------------------- */

static struct object *read_json(enum resource r, const cJSON *json)
{
	struct object *o = NULL;
	struct err e = {0};

	if (object_read(r, json, &o, &e) || e.code)
		fail_msg("%s", e.msg);
	return o;
}

/* Returns how many events were news. */
static int play_recorded(enum resource r, const char *file)
{
	__cleanup(json_free) cJSON *events = recorded_json(file);
	const cJSON *event, *json;
	const char *type, *ns, *name;
	int news = 0;

	cJSON_ArrayForEach (event, events) {
		type = cJSON_GetObjectItem(event, "type")->valuestring;
		json = cJSON_GetObjectItem(event, "object");
		if (!strcmp(type, "BOOKMARK"))
			continue;
		if (strcmp(type, "DELETED")) {
			news += store_put(&store, r, read_json(r, json));
			continue;
		}
		assert_int_equal(object_read_name(json, &ns, &name), 0);
		news += store_remove(&store, r, ns, name);
	}
	return news;
}

/* Each of the three pods: it appears, has a node, runs and has an address, is
 * being deleted, succeeds, is gone. The 31 events say more. */
static void a_pods_life_is_six_pieces_of_news(void **state)
{
	(void)state;
	assert_int_equal(play_recorded(RESOURCE_PODS, "cluster-pods-watch"),
			 3 * 6);
	assert_int_equal(store.n[RESOURCE_PODS], 0);
	assert_int_equal(store.bytes[RESOURCE_PODS], 0);
}

static void heartbeats_of_nodes_are_no_news(void **state)
{
	(void)state;
	assert_int_equal(play_recorded(RESOURCE_NODES, "cluster-nodes-watch"),
			 2);
	assert_int_equal(store.n[RESOURCE_NODES], 2);
}

/* A pod that is to go keeps its address until its last process has ended. */
static void a_terminating_pod_is_there_until_it_ends(void **state)
{
	__cleanup(json_free) cJSON *events =
		recorded_json("cluster-pods-watch");
	const cJSON *event;
	int terminating = 0, ended = 0;

	(void)state;
	cJSON_ArrayForEach (event, events) {
		const cJSON *json = cJSON_GetObjectItem(event, "object");
		const cJSON *meta = cJSON_GetObjectItem(json, "metadata");
		const struct pod *p;
		struct object *o;

		if (!cJSON_GetObjectItem(meta, "deletionTimestamp"))
			continue;
		o = read_json(RESOURCE_PODS, json);
		p = (struct pod *)o;
		assert_int_equal(p->n_addrs, 1);
		if (p->phase == POD_RUNNING)
			terminating++;
		else
			ended += p->phase == POD_SUCCEEDED;
		object_free(o);
	}
	assert_true(terminating >= 2);
	assert_true(ended >= 2);
}

static void list_recorded(enum resource r, const char *file)
{
	__cleanup(json_free) cJSON *list = recorded_json(file);
	const cJSON *item;

	store_list(&store, r);
	cJSON_ArrayForEach (item, cJSON_GetObjectItem(list, "items"))
		store_put(&store, r, read_json(r, item));
	store_sweep(&store, r);
}

static void recorded_lists_become_the_model(void **state)
{
	const struct node *node;
	const struct pod *p;

	(void)state;
	for (int turn = 0; turn < 2; turn++) {
		list_recorded(RESOURCE_NODES, "nodes-list-whole");
		list_recorded(RESOURCE_NAMESPACES, "namespaces-list-whole");
		list_recorded(RESOURCE_PODS, "pods-list-whole");
		list_recorded(RESOURCE_NETWORK_POLICIES,
			      "networkpolicies-list-whole");
	}
	assert_int_equal(store.n[RESOURCE_NODES], 5);
	assert_int_equal(store.n[RESOURCE_NAMESPACES], 6);
	assert_int_equal(store.n[RESOURCE_PODS], 7);
	assert_int_equal(store.n[RESOURCE_NETWORK_POLICIES], 5);

	node = model_node(&store.model, "node-b");
	assert_int_equal(node->n_pod_cidrs, 2);
	assert_int_equal(node->n_addrs, 3);
	node = model_node(&store.model, "node-without-podcidr");
	assert_int_equal(node->n_pod_cidrs, 0);
	p = pod("red", "web-0");
	assert_string_equal(p->node, "node-a");
	assert_string_equal(p->labels, "app=web");
	assert_int_equal(p->n_ports, 3);
	assert_int_equal(pod("red", "web-1")->n_addrs, 2);
	assert_true(pod("blue", "host-0")->host_network);
	assert_int_equal(pod("blue", "done-0")->phase, POD_SUCCEEDED);
	assert_int_equal(pod("blue", "pending-0")->n_addrs, 0);
}

static void metadata_will_do_for_namespaces(void **state)
{
	(void)state;
	assert_true(put(RESOURCE_NAMESPACES,
			"{\"kind\": \"PartialObjectMetadata\", "
			"\"apiVersion\": \"meta.k8s.io/v1\", \"metadata\": "
			"{\"name\": \"red\", \"labels\": {\"a\": \"b\"}}}"));
	assert_string_equal(((struct namespace *)model_find(
				     &store.model, OBJECT_NAMESPACE, "", "red"))
				    ->labels,
			    "a=b");
}

/* ---- what makes no sense -------------------------------------------- */

static struct object *read_odd(enum resource r, const char *text,
			       const char *sentence)
{
	__cleanup(json_free) cJSON *json = cJSON_Parse(text);
	const struct problems *list;
	struct object *o = NULL;
	struct err e = {0};
	const char *said;

	assert_non_null(json);
	assert_int_equal(object_read(r, json, &o, &e), 0);
	list = object_problems(o);
	said = list && list->n ? list->items[0] : e.msg;
	if (!strstr(said, sentence))
		fail_msg("\"%s\" does not say \"%s\"", said, sentence);
	return o;
}

static void the_rest_of_a_pod_counts_whatever_its_status_says(void **state)
{
	struct object *o =
		read_odd(RESOURCE_PODS,
			 "{\"metadata\": {\"name\": \"x\"}, \"status\": "
			 "{\"phase\": \"Dreaming\", \"podIP\": \"10.0.0.1\"}}",
			 "Pod x: status.phase: \"Dreaming\" is not a phase");
	struct pod *p = (struct pod *)o;

	(void)state;
	assert_int_equal(p->phase, POD_UNKNOWN);
	assert_int_equal(p->n_addrs, 1);
	object_free(o);

	o = read_odd(
		RESOURCE_PODS,
		"{\"metadata\": {\"name\": \"x\"}, \"status\": {\"podIPs\":"
		"[{\"ip\": \"10.0.0.256\"}, {\"ip\": \"10.0.0.1\"}]}}",
		"Pod x: status.podIPs: \"10.0.0.256\" is not an address");
	assert_int_equal(((struct pod *)o)->n_addrs, 1);
	object_free(o);

	o = read_odd(RESOURCE_PODS,
		     "{\"metadata\": {\"name\": \"x\"}, \"spec\": "
		     "{\"containers\": [{\"ports\": [{\"name\": \"a\", "
		     "\"containerPort\": 1, \"protocol\": \"QUIC\"}, "
		     "{\"name\": \"b\", \"containerPort\": 2}]}]}}",
		     "Pod x: ports.protocol: \"QUIC\" is neither");
	assert_int_equal(((struct pod *)o)->n_ports, 1);
	assert_string_equal(((struct pod *)o)->ports[0].name, "b");
	object_free(o);
}

static void the_rest_of_a_node_counts_whatever_its_addresses_are(void **state)
{
	struct object *o = read_odd(
		RESOURCE_NODES,
		"{\"metadata\": {\"name\": \"n\"}, \"spec\": {\"podCIDRs\": "
		"[\"10.1.0.0/33\", \"10.2.0.0/24\"]}, \"status\": "
		"{\"addresses\": [{\"type\": \"InternalIP\", \"address\": "
		"\"none\"}, {\"type\": \"InternalIP\", \"address\": "
		"\"10.0.0.1\"}]}}",
		"Node n: spec.podCIDRs: \"10.1.0.0/33\" is not a range");
	struct node *node = (struct node *)o;

	(void)state;
	assert_int_equal(node->n_pod_cidrs, 1);
	assert_int_equal(node->n_addrs, 1);
	assert_int_equal(node->problems.n, 2);
	object_free(o);
}

static void what_has_no_name_is_no_object(void **state)
{
	__cleanup(json_free) cJSON *json = cJSON_Parse("{\"metadata\": {}}");
	struct object *o = NULL;

	(void)state;
	for (int r = 0; r < RESOURCE_MAX; r++) {
		struct err e = {0};

		assert_true(object_read(r, json, &o, &e) < 0);
		assert_true(*e.msg);
		assert_null(o);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_pods_life_is_six_pieces_of_news),
		TEST(heartbeats_of_nodes_are_no_news),
		TEST(a_terminating_pod_is_there_until_it_ends),
		TEST(recorded_lists_become_the_model),
		TEST(metadata_will_do_for_namespaces),
		TEST(the_rest_of_a_pod_counts_whatever_its_status_says),
		TEST(the_rest_of_a_node_counts_whatever_its_addresses_are),
		TEST(what_has_no_name_is_no_object),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
