/* SPDX-License-Identifier: Apache-2.0 */
/* An object comes, changes and goes: what is kept of it, and what is news. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../../agent/shared.h"
#include "store_world.h"

/* ---- one object ----------------------------------------------------- */

static void what_is_put_is_there_until_it_is_removed(void **state)
{
	(void)state;
	assert_true(put(RESOURCE_PODS, POD("a", "x", "10.0.0.1")));
	assert_true(put(RESOURCE_PODS, POD("b", "x", "10.0.0.2")));
	assert_int_equal(store.n[RESOURCE_PODS], 2);
	assert_int_equal(store.model.n[OBJECT_POD], 2);
	assert_pod_addr("a", "x", "10.0.0.1");
	assert_pod_addr("b", "x", "10.0.0.2");

	assert_true(store_remove(&store, RESOURCE_PODS, "a", "x"));
	assert_false(store_remove(&store, RESOURCE_PODS, "a", "x"));
	assert_null(pod("a", "x"));
	assert_int_equal(store.n[RESOURCE_PODS], 1);
	assert_int_equal(store.model.n[OBJECT_POD], 1);
}

static void a_newer_version_takes_the_place_of_the_older(void **state)
{
	(void)state;
	assert_true(put(RESOURCE_PODS, POD("a", "x", "10.0.0.1")));
	assert_true(put(RESOURCE_PODS, POD("a", "x", "10.0.0.9")));
	assert_int_equal(store.n[RESOURCE_PODS], 1);
	assert_int_equal(store.model.n[OBJECT_POD], 1);
	assert_pod_addr("a", "x", "10.0.0.9");
}

static void the_same_once_more_is_no_news(void **state)
{
	size_t bytes;

	(void)state;
	put(RESOURCE_PODS, POD("a", "x", "10.0.0.1"));
	put(RESOURCE_NETWORK_POLICIES, NETWORK_POLICY("p"));
	put(RESOURCE_CLUSTER_NETWORK_POLICIES, CLUSTER_POLICY("p", 5));
	bytes = store.bytes[RESOURCE_PODS];
	assert_false(put(RESOURCE_PODS, POD("a", "x", "10.0.0.1")));
	assert_false(put(RESOURCE_NETWORK_POLICIES, NETWORK_POLICY("p")));
	assert_false(
		put(RESOURCE_CLUSTER_NETWORK_POLICIES, CLUSTER_POLICY("p", 5)));
	assert_true(
		put(RESOURCE_CLUSTER_NETWORK_POLICIES, CLUSTER_POLICY("p", 6)));
	assert_int_equal(store.n[RESOURCE_PODS], 1);
	assert_int_equal(store.bytes[RESOURCE_PODS], bytes);
}

static void bytes_are_counted_by_resource(void **state)
{
	(void)state;
	put(RESOURCE_PODS, POD("a", "x", "10.0.0.1"));
	put(RESOURCE_NETWORK_POLICIES, NETWORK_POLICY("p"));
	assert_true(store.bytes[RESOURCE_PODS] >= sizeof(struct object));
	assert_true(store.bytes[RESOURCE_NETWORK_POLICIES] >=
		    sizeof(struct policy));
	assert_int_equal(store.bytes[RESOURCE_NODES], 0);
	store_remove(&store, RESOURCE_PODS, "a", "x");
	store_remove(&store, RESOURCE_NETWORK_POLICIES, "default", "p");
	assert_int_equal(store.bytes[RESOURCE_PODS], 0);
	assert_int_equal(store.bytes[RESOURCE_NETWORK_POLICIES], 0);
}

/* ---- what is news --------------------------------------------------- */

static bool pod_news(const char *before, const char *after)
{
	store_forget(NULL);
	put(RESOURCE_PODS, before);
	return put(RESOURCE_PODS, after);
}

static void all_that_is_looked_at_of_a_pod_is_news(void **state)
{
#define META "\"namespace\": \"a\", \"name\": \"x\""
	static const char before[] = "{\"metadata\": {" META "}}";

	(void)state;
	assert_true(pod_news(before, "{\"metadata\": {" META
				     ",\"labels\": {\"a\": \"b\"}}}"));
	assert_true(pod_news(before, "{\"metadata\": {" META
				     ",\"uid\": \"another\"}}"));
	assert_true(pod_news(before,
			     "{\"metadata\": {" META ",\"deletionTimestamp\": "
			     "\"2026-01-01T00:00:00Z\"}}"));
	assert_true(pod_news(before,
			     "{\"metadata\": {" META ",\"annotations\": "
			     "{\"fairlead.io/policy-audit\": \"true\"}}}"));
	assert_true(pod_news(before, "{\"metadata\": {" META "}, \"spec\": "
				     "{\"nodeName\": \"n\"}}"));
	assert_true(pod_news(before, "{\"metadata\": {" META "}, \"spec\": "
				     "{\"hostNetwork\": true}}"));
	assert_true(pod_news(before,
			     "{\"metadata\": {" META "}, \"spec\": "
			     "{\"containers\": [{\"ports\": [{\"name\": "
			     "\"http\", \"containerPort\": 80}]}]}}"));
	assert_true(pod_news(before, "{\"metadata\": {" META "}, \"status\": "
				     "{\"phase\": \"Failed\"}}"));
	assert_true(pod_news(before, "{\"metadata\": {" META "}, \"status\": "
				     "{\"podIP\": \"10.0.0.1\"}}"));
	assert_false(pod_news(
		before, "{\"metadata\": {" META ", \"resourceVersion\": \"7\","
			"\"annotations\": {\"a\": \"b\"}}, \"spec\": "
			"{\"containers\": [{\"image\": \"i\"}]}, \"status\": "
			"{\"conditions\": [{\"type\": \"Ready\"}]}}"));
#undef META
}

static bool node_news(const char *before, const char *after)
{
	store_forget(NULL);
	put(RESOURCE_NODES, before);
	return put(RESOURCE_NODES, after);
}

static void all_that_is_looked_at_of_a_node_is_news(void **state)
{
#define META   "\"name\": \"n\""
#define BEFORE "{\"metadata\": {" META "}}"
	(void)state;
	assert_true(node_news(BEFORE, "{\"metadata\": {" META
				      ", \"labels\": {\"a\": \"\"}}}"));
	assert_true(node_news(BEFORE, "{\"metadata\": {" META
				      "}, \"spec\": {\"podCIDR\": "
				      "\"10.1.0.0/24\"}}"));
	assert_true(node_news(BEFORE,
			      "{\"metadata\": {" META "}, \"status\": "
			      "{\"addresses\": [{\"type\": \"InternalIP\", "
			      "\"address\": \"10.0.0.1\"}]}}"));
	assert_true(node_news(BEFORE,
			      "{\"metadata\": {" META ", \"annotations\": "
			      "{\"fairlead.io/policy-audit\": \"true\"}}}"));
	assert_true(node_news(BEFORE,
			      "{\"metadata\": {" META ", \"annotations\": "
			      "{\"fairlead.io/policy-audit\": \"perhaps\"}}}"));
	assert_false(node_news(
		BEFORE, "{\"metadata\": {" META ", \"annotations\": "
			"{\"fairlead.io/policy-audit\": \"false\"}}, "
			"\"status\": {\"conditions\": [{\"type\": \"Ready\"}],"
			"\"images\": []}}"));
#undef META
#undef BEFORE
}

static void the_order_of_labels_is_no_news(void **state)
{
	(void)state;
	put(RESOURCE_NAMESPACES, "{\"metadata\": {\"name\": \"a\", "
				 "\"labels\": {\"x\": \"1\", \"y\": \"2\"}}}");
	assert_false(put(RESOURCE_NAMESPACES,
			 "{\"metadata\": {\"name\": \"a\", "
			 "\"labels\": {\"y\": \"2\", \"x\": \"1\"}}}"));
	assert_true(put(RESOURCE_NAMESPACES, "{\"metadata\": {\"name\": \"a\", "
					     "\"labels\": {\"x\": \"1\"}}}"));
}

static void an_invalid_policy_that_becomes_valid_is_news(void **state)
{
	(void)state;
	assert_true(put(RESOURCE_NETWORK_POLICIES,
			"{\"metadata\": {\"namespace\": \"default\", "
			"\"name\": \"p\"}, \"spec\": {\"podSelector\": {}, "
			"\"unheard-of\": 1}}"));
	assert_int_equal(object_problems(model_find(&store.model, OBJECT_POLICY,
						    "default", "p"))
				 ->n,
			 1);
	assert_true(put(RESOURCE_NETWORK_POLICIES, NETWORK_POLICY("p")));
	assert_int_equal(object_problems(model_find(&store.model, OBJECT_POLICY,
						    "default", "p"))
				 ->n,
			 0);
}

/* ---- what they share ------------------------------------------------ */

static void what_is_equal_is_kept_once(void **state)
{
	const char *a = shared_text("web"), *b = shared_text("web");

	(void)state;
	assert_ptr_equal(a, b);
	assert_int_equal(shared_count(), 1);
	assert_ptr_not_equal(a, shared_block("web", 3));
	assert_int_equal(shared_count(), 2);
	shared_drop(a);
	assert_string_equal(b, "web");
	shared_drop(b);
	assert_int_equal(shared_count(), 1);
	shared_drop(shared_block("web", 3));
	shared_drop(shared_block("", 0));
	assert_int_equal(shared_count(), 1);
	b = shared_block("web", 3);
	shared_drop(b);
	shared_drop(b);
	shared_drop(NULL);
}

static void many_shared_texts_come_and_go(void **state)
{
	enum { MANY = 5000 };
	static const char *all[MANY];
	char text[32];

	(void)state;
	for (int turn = 0; turn < 2; turn++) {
		for (int i = 0; i < MANY; i++) {
			snprintf(text, sizeof(text), "text-%d", i);
			all[i] = shared_text(text);
			assert_string_equal(all[i], text);
		}
		for (int i = 0; i < MANY; i++) {
			snprintf(text, sizeof(text), "text-%d", i);
			assert_ptr_equal(shared_text(text), all[i]);
			shared_drop(all[i]);
		}
		assert_int_equal(shared_count(), MANY);
		for (int i = 0; i < MANY; i++)
			shared_drop(all[i * 7 % MANY]);
		assert_int_equal(shared_count(), 0);
	}
}

static void pods_of_one_workload_share_their_labels(void **state)
{
#define OF_APP(name)                                                           \
	"{\"metadata\": {\"name\": \"" name "\", \"labels\": "                 \
	"{\"app\": \"web\"}}, \"spec\": {\"nodeName\": \"n\"}}"
	(void)state;
	put(RESOURCE_PODS, OF_APP("a"));
	put(RESOURCE_PODS, OF_APP("b"));
	assert_ptr_equal(pod("default", "a")->labels,
			 pod("default", "b")->labels);
	assert_ptr_equal(pod("default", "a")->node, pod("default", "b")->node);
	store_remove(&store, RESOURCE_PODS, "default", "a");
	assert_string_equal(pod("default", "b")->labels, "app=web");
#undef OF_APP
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(what_is_put_is_there_until_it_is_removed),
		TEST(a_newer_version_takes_the_place_of_the_older),
		TEST(the_same_once_more_is_no_news),
		TEST(bytes_are_counted_by_resource),
		TEST(all_that_is_looked_at_of_a_pod_is_news),
		TEST(all_that_is_looked_at_of_a_node_is_news),
		TEST(the_order_of_labels_is_no_news),
		TEST(an_invalid_policy_that_becomes_valid_is_news),
		TEST(what_is_equal_is_kept_once),
		TEST(many_shared_texts_come_and_go),
		TEST(pods_of_one_workload_share_their_labels),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
