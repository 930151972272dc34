/* SPDX-License-Identifier: Apache-2.0 */
/* Lists and events of an API server become the model, in whatever order. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "../../agent/object_read.h"
#include "../../agent/shared.h"
#include "../../agent/store.h"
#include "../../lib/cleanup.h"
#include "../../lib/json.h"
#include "recorded.h"

static struct store store;

static int forget(void **state)
{
	(void)state;
	store_free(&store);
	return 0;
}

/* And nothing is kept of what objects had in common. */
static int tear_down(void **state)
{
	forget(state);
	assert_int_equal(shared_count(), 0);
	assert_int_equal(shared_bytes(), 0);
	return 0;
}

static struct object *read_text(enum resource r, const char *text)
{
	__cleanup(json_free) cJSON *json = cJSON_Parse(text);
	struct object *o = NULL;
	struct err e = {0};

	assert_non_null(json);
	if (object_read(r, json, &o, &e))
		fail_msg("%s", e.msg);
	return o;
}

static bool put(enum resource r, const char *text)
{
	return store_put(&store, r, read_text(r, text));
}

#define POD(ns, name, ip)                                                      \
	"{\"metadata\": {\"namespace\": \"" ns "\", \"name\": \"" name "\"},"  \
	" \"status\": {\"phase\": \"Running\", \"podIP\": \"" ip "\"}}"
#define NETWORK_POLICY(name)                                                   \
	"{\"metadata\": {\"namespace\": \"default\", \"name\": \"" name "\"}," \
	" \"spec\": {\"podSelector\": {}}}"
#define CLUSTER_POLICY(name, priority)                                         \
	"{\"metadata\": {\"name\": \"" name "\"}, \"spec\": {"                 \
	"\"tier\": \"Admin\", \"priority\": " #priority ","                    \
	"\"subject\": {\"namespaces\": {}},"                                   \
	"\"ingress\": [{\"action\": \"Deny\","                                 \
	" \"from\": [{\"namespaces\": {}}]}]}}"

static const struct pod *pod(const char *ns, const char *name)
{
	return (const struct pod *)model_find(&store.model, OBJECT_POD, ns,
					      name);
}

static void assert_pod_addr(const char *ns, const char *name, const char *want)
{
	char text[ADDR_STRLEN];

	assert_non_null(pod(ns, name));
	assert_int_equal(pod(ns, name)->n_addrs, 1);
	assert_string_equal(addr_format(&pod(ns, name)->addrs[0], text), want);
}

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
	forget(NULL);
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
	forget(NULL);
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

/* ---- lists ---------------------------------------------------------- */

static void what_a_list_leaves_out_goes_when_it_was_whole(void **state)
{
	(void)state;
	store_list(&store, RESOURCE_PODS);
	put(RESOURCE_PODS, POD("a", "x", "10.0.0.1"));
	put(RESOURCE_PODS, POD("a", "y", "10.0.0.2"));
	put(RESOURCE_PODS, POD("a", "z", "10.0.0.3"));
	assert_int_equal(store_sweep(&store, RESOURCE_PODS), 0);

	store_list(&store, RESOURCE_PODS);
	assert_false(put(RESOURCE_PODS, POD("a", "x", "10.0.0.1")));
	assert_true(put(RESOURCE_PODS, POD("a", "y", "10.0.0.9")));
	assert_int_equal(store.n[RESOURCE_PODS], 3);
	assert_int_equal(store_sweep(&store, RESOURCE_PODS), 1);
	assert_non_null(pod("a", "x"));
	assert_pod_addr("a", "y", "10.0.0.9");
	assert_null(pod("a", "z"));
	assert_int_equal(store.n[RESOURCE_PODS], 2);
}

/* The server went away in the middle, and was asked anew. */
static void a_list_that_broke_off_takes_nothing_away(void **state)
{
	(void)state;
	store_list(&store, RESOURCE_PODS);
	put(RESOURCE_PODS, POD("a", "x", "10.0.0.1"));
	put(RESOURCE_PODS, POD("a", "y", "10.0.0.2"));
	store_sweep(&store, RESOURCE_PODS);

	store_list(&store, RESOURCE_PODS);
	put(RESOURCE_PODS, POD("a", "x", "10.0.0.1"));
	store_list(&store, RESOURCE_PODS);
	assert_int_equal(store.n[RESOURCE_PODS], 2);
	put(RESOURCE_PODS, POD("a", "y", "10.0.0.2"));
	assert_int_equal(store_sweep(&store, RESOURCE_PODS), 1);
	assert_null(pod("a", "x"));
	assert_non_null(pod("a", "y"));
}

static void events_during_a_list_count(void **state)
{
	(void)state;
	store_list(&store, RESOURCE_PODS);
	put(RESOURCE_PODS, POD("a", "old", "10.0.0.1"));
	put(RESOURCE_PODS, POD("a", "gone", "10.0.0.2"));
	store_sweep(&store, RESOURCE_PODS);

	store_list(&store, RESOURCE_PODS);
	put(RESOURCE_PODS, POD("a", "new", "10.0.0.3"));
	assert_true(store_remove(&store, RESOURCE_PODS, "a", "gone"));
	put(RESOURCE_PODS, POD("a", "old", "10.0.0.4"));
	assert_int_equal(store_sweep(&store, RESOURCE_PODS), 0);
	assert_pod_addr("a", "new", "10.0.0.3");
	assert_pod_addr("a", "old", "10.0.0.4");
	assert_null(pod("a", "gone"));
}

static void an_empty_list_that_was_whole_empties(void **state)
{
	(void)state;
	store_list(&store, RESOURCE_PODS);
	assert_int_equal(store_sweep(&store, RESOURCE_PODS), 0);
	put(RESOURCE_PODS, POD("a", "x", "10.0.0.1"));
	store_list(&store, RESOURCE_PODS);
	assert_int_equal(store_sweep(&store, RESOURCE_PODS), 1);
	assert_int_equal(store.n[RESOURCE_PODS], 0);
	assert_int_equal(store.model.n[OBJECT_POD], 0);
}

static void both_kinds_of_policies_are_swept_apart(void **state)
{
	(void)state;
	store_list(&store, RESOURCE_NETWORK_POLICIES);
	store_list(&store, RESOURCE_CLUSTER_NETWORK_POLICIES);
	put(RESOURCE_NETWORK_POLICIES, NETWORK_POLICY("p"));
	put(RESOURCE_CLUSTER_NETWORK_POLICIES, CLUSTER_POLICY("p", 1));
	assert_int_equal(store.model.n[OBJECT_POLICY], 2);

	store_list(&store, RESOURCE_NETWORK_POLICIES);
	assert_int_equal(store_sweep(&store, RESOURCE_NETWORK_POLICIES), 1);
	assert_int_equal(store.n[RESOURCE_CLUSTER_NETWORK_POLICIES], 1);
	assert_non_null(model_find(&store.model, OBJECT_POLICY, "", "p"));

	put(RESOURCE_NETWORK_POLICIES, NETWORK_POLICY("p"));
	store_list(&store, RESOURCE_CLUSTER_NETWORK_POLICIES);
	assert_int_equal(store_sweep(&store, RESOURCE_CLUSTER_NETWORK_POLICIES),
			 1);
	assert_non_null(
		model_find(&store.model, OBJECT_POLICY, "default", "p"));
	assert_null(model_find(&store.model, OBJECT_POLICY, "", "p"));
}

/* ---- any order ------------------------------------------------------ */

enum { NAMES = 40, VERSIONS = 5 };

static void name_of(int i, char *ns, char *name)
{
	/* some that sort differently with and without what comes between */
	sprintf(ns, "%s", i % 3 ? i % 3 == 1 ? "a" : "a-b" : "a.b");
	sprintf(name, "p%d", i);
}

static struct object *version_of(int i, int version)
{
	char ns[8], name[16], text[256];

	name_of(i, ns, name);
	snprintf(text, sizeof(text),
		 "{\"metadata\": {\"namespace\": \"%s\", \"name\": \"%s\"},"
		 " \"status\": {\"podIP\": \"10.0.%d.%d\"}}",
		 ns, name, version, i);
	return read_text(RESOURCE_PODS, text);
}

/* Each object's own events in their order (the last is a removal for every
 * fourth), those of different ones mixed at random, and a list in between. */
static void play(unsigned int seed)
{
	int next[NAMES] = {0}, left = NAMES * VERSIONS;

	srand(seed);
	while (left) {
		int i = rand() % NAMES;
		char ns[8], name[16];

		if (next[i] == VERSIONS)
			continue;
		left--;
		name_of(i, ns, name);
		if (++next[i] == VERSIONS && i % 4 == 0)
			store_remove(&store, RESOURCE_PODS, ns, name);
		else
			store_put(&store, RESOURCE_PODS,
				  version_of(i, next[i]));
		if (left == NAMES) {
			store_list(&store, RESOURCE_PODS);
			for (int j = 0; j < NAMES; j++)
				if (next[j] &&
				    !(next[j] == VERSIONS && j % 4 == 0))
					store_put(&store, RESOURCE_PODS,
						  version_of(j, next[j]));
			assert_int_equal(store_sweep(&store, RESOURCE_PODS), 0);
		}
	}
}

static void check_order(struct object *o, void *arg)
{
	const struct object **last = arg;

	if (*last)
		assert_true(strcmp((*last)->namespace, o->namespace) < 0 ||
			    (!strcmp((*last)->namespace, o->namespace) &&
			     strcmp((*last)->name, o->name) < 0));
	*last = o;
}

static void any_order_of_events_ends_the_same(void **state)
{
	(void)state;
	for (unsigned int seed = 1; seed <= 20; seed++) {
		const struct object *last = NULL;

		forget(NULL);
		play(seed);
		assert_int_equal(store.n[RESOURCE_PODS], NAMES * 3 / 4);
		for (int i = 0; i < NAMES; i++) {
			char ns[8], name[16], want[32];

			name_of(i, ns, name);
			snprintf(want, sizeof(want), "10.0.%d.%d", VERSIONS, i);
			if (i % 4)
				assert_pod_addr(ns, name, want);
			else
				assert_null(pod(ns, name));
		}
		model_each(&store.model, OBJECT_POD, check_order, &last);
	}
}

/* More than an index keeps in one piece, in order, backwards and at random. */
static void many_are_found_and_go(void **state)
{
	enum { MANY = 3000 };
	char text[160], name[16];

	(void)state;
	for (int turn = 0; turn < 3; turn++) {
		const struct object *last = NULL;

		srand(turn);
		for (int i = 0; i < MANY; i++) {
			int which = turn == 1 ? MANY - 1 - i : i;

			which = turn == 2 ? i * 1009 % MANY : which;
			snprintf(text, sizeof(text),
				 "{\"metadata\": {\"namespace\": \"n%d\", "
				 "\"name\": \"p%04d\"}}",
				 which % 7, which);
			assert_true(put(RESOURCE_PODS, text));
		}
		model_each(&store.model, OBJECT_POD, check_order, &last);
		for (int i = 0; i < MANY; i++) {
			char ns[8];
			int which = i * 1013 % MANY;

			snprintf(ns, sizeof(ns), "n%d", which % 7);
			snprintf(name, sizeof(name), "p%04d", which);
			assert_non_null(pod(ns, name));
			assert_true(
				store_remove(&store, RESOURCE_PODS, ns, name));
			assert_null(pod(ns, name));
			if (i % 500 == 0) {
				last = NULL;
				model_each(&store.model, OBJECT_POD,
					   check_order, &last);
			}
		}
		assert_int_equal(store.n[RESOURCE_PODS], 0);
		assert_int_equal(store.bytes[RESOURCE_PODS], 0);
	}
}

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

#define TEST(name) cmocka_unit_test_teardown(name, tear_down)

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
		TEST(what_a_list_leaves_out_goes_when_it_was_whole),
		TEST(a_list_that_broke_off_takes_nothing_away),
		TEST(events_during_a_list_count),
		TEST(an_empty_list_that_was_whole_empties),
		TEST(both_kinds_of_policies_are_swept_apart),
		TEST(any_order_of_events_ends_the_same),
		TEST(many_are_found_and_go),
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
