/* SPDX-License-Identifier: Apache-2.0 */
/* A source that is an API server, by a transport that does as it is told: what
 * it asks for, and what is news of it. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "source_kube_world.h"

/* ---- the beginning -------------------------------------------------- */

static void it_asks_for_what_it_needs_and_no_more(void **state)
{
	(void)state;
	source_config.watch_services = true;
	open_source();
	assert_non_null(strstr(expect(PODS, false)->path,
			       "fieldSelector=status.phase%21%3DSucceeded"
			       "%2Cstatus.phase%21%3DFailed"));
	assert_non_null(strstr(expect(NAMESPACES, false)->request.accept,
			       "PartialObjectMetadataList"));
	assert_non_null(find(SERVICES, false));
	assert_int_equal(n_calls, 7);
}

static void services_are_asked_for_only_where_that_is_switched_on(void **state)
{
	(void)state;
	open_source();
	assert_null(find(SERVICES, false));
	assert_int_equal(n_calls, 5);
}

static void it_is_complete_when_all_lists_were_whole(void **state)
{
	(void)state;
	open_source();
	assert_false(source->ops->is_complete(source));
	list(NODES, NODE_A);
	list(NAMESPACES, "");
	list(PODS, "");
	list(POLICIES, "");
	assert_false(source->ops->is_complete(source));
	assert_non_null(
		strstr(source->ops->waiting(source), "clusternetworkpolicies"));
	refuse_list(CLUSTER, 404);
	assert_true(source->ops->is_complete(source));
}

static void nothing_follows_from_some_of_the_nodes(void **state)
{
	struct kube_call *c;

	(void)state;
	open_source();
	list(PODS, POD_AT("web", "5", "10.1.0.5"));
	c = expect(NODES, false);
	send_text(c, "{\"metadata\":{\"resourceVersion\":\"10\","
		     "\"continue\":\"abc\"},\"items\":[" NODE_A "]}");
	assert_null(model_node(source_model(), "node-a"));
	assert_false(has_pod("web"));
	finish(c, 200, 0, "");
	c = expect(NODES, false);
	assert_non_null(strstr(c->path, "continue=abc"));
	assert_null(model_node(source_model(), "node-a"));
	list(NODES, NODE_B);
	assert_non_null(model_node(source_model(), "node-a"));
	assert_non_null(model_node(source_model(), "node-b"));
	assert_true(has_pod("web"));
}

static void what_is_waited_for_has_its_reason(void **state)
{
	(void)state;
	open_source();
	list(NODES, NODE_A);
	list(NAMESPACES, "");
	refuse_list(PODS, 403);
	assert_non_null(strstr(source->ops->waiting(source), "api.test"));
	assert_non_null(strstr(source->ops->waiting(source),
			       "pods: forbidden: the ClusterRole needs"));
	assert_problem("pods: forbidden: the ClusterRole needs");
}

/* ---- news ----------------------------------------------------------- */

static void what_comes_together_is_told_once(void **state)
{
	(void)state;
	open_whole();
	tell(PODS,
	     EVENT("ADDED", POD_AT("a", "11", "10.2.0.1"))
		     EVENT("ADDED", POD_AT("b", "12", "10.2.0.2"))
			     EVENT("DELETED", POD_AT("web", "13", "10.1.0.5")));
	assert_int_equal(news, 1);
	assert_true(has_pod("a") && has_pod("b") && !has_pod("web"));
}

static void what_says_nothing_new_is_not_told(void **state)
{
	(void)state;
	open_whole();
	tell(PODS, EVENT("MODIFIED", POD_AT("web", "11", "10.1.0.5")));
	tell(NODES, EVENT("MODIFIED", NODE_B_AT("12")));
	tell(PODS, EVENT("DELETED", POD_AT("nobody", "12", "10.1.0.9")));
	assert_int_equal(news, 0);
}

#define SERVICE                                                                \
	"{\"metadata\":{\"namespace\":\"default\",\"name\":\"web\","           \
	"\"resourceVersion\":\"7\"},\"spec\":{\"type\":\"ClusterIP\","         \
	"\"clusterIP\":\"10.96.0.7\",\"clusterIPs\":[\"10.96.0.7\"],"          \
	"\"ports\":[{\"port\":80,\"protocol\":\"TCP\"}]}}"

static void services_are_known_and_nothing_follows_from_them(void **state)
{
	(void)state;
	source_config.watch_services = true;
	open_whole();
	list(SERVICES, SERVICE);
	assert_int_equal(source_model()->n[OBJECT_SERVICE], 1);
	assert_int_equal(news, 0);
}

static void a_node_comes_and_goes(void **state)
{
	(void)state;
	open_whole();
	tell(NODES, EVENT("DELETED", NODE_B_AT("11")));
	assert_null(model_node(source_model(), "node-b"));
	tell(NODES, EVENT("ADDED", NODE_B_AT("12")));
	assert_non_null(model_node(source_model(), "node-b"));
	assert_int_equal(news, 2);
}

/* ---- lists again ---------------------------------------------------- */

static void what_went_unseen_goes_with_a_whole_list(void **state)
{
	struct kube_call *c;

	(void)state;
	open_whole();
	forget_list(PODS);
	c = expect(PODS, false);
	send_text(c, "{\"metadata\":{\"resourceVersion\":\"20\"},"
		     "\"items\":[" POD_AT("new", "15", "10.2.0.7"));
	assert_true(has_pod("web"));
	assert_true(has_pod("new"));
	send_text(c, "]}");
	finish(c, 200, 0, "");
	assert_false(has_pod("web"));
	assert_true(has_pod("new"));
	assert_true(news > 0);
}

static void half_a_list_takes_nothing_away(void **state)
{
	struct kube_call *c;

	(void)state;
	open_whole();
	forget_list(PODS);
	c = expect(PODS, false);
	send_text(c, "{\"metadata\":{\"resourceVersion\":\"20\"},\"items\":[");
	finish(c, 200, -5, "the connection broke");
	turn();
	assert_true(has_pod("web"));
	assert_true(source->ops->is_complete(source));
}

/* ---- the server is away --------------------------------------------- */

static void what_is_known_stays_while_the_server_is_away(void **state)
{
	static const char *const paths[] = {NODES, NAMESPACES, PODS, POLICIES};

	(void)state;
	open_whole();
	for (int i = 0; i < 4; i++)
		finish(expect(paths[i], true), 0, -111, "connection refused");
	turn_until_news();
	for (int i = 0; i < 200; i++) {
		const struct timespec nap = {0, 5000000};

		/* every attempt fails */
		for (int j = 0; j < n_calls; j++)
			if (calls[j].open)
				finish(&calls[j], 0, -111,
				       "connection refused");
		turn();
		nanosleep(&nap, NULL);
		if (n_calls > CALLS_MAX - 10)
			break;
	}
	assert_true(source->ops->is_complete(source));
	assert_true(has_pod("web"));
	assert_non_null(model_node(source_model(), "node-b"));
	assert_int_equal(count_problems(), 1); /* one trouble, told once */
	assert_problem("https://api.test:443: connection refused");
}

static double nearly_one(void *arg)
{
	(void)arg;
	return 0.99;
}

static struct kube_watch *watch_of(enum resource r)
{
	return ((struct source_kube *)source)->watches[r].watch;
}

static void where_one_is_answered_the_others_ask(void **state)
{
	const struct timespec nap = {0, 5000000};
	struct kube_watch *w;

	(void)state;
	open_whole();
	/* pods have been refused for long and wait for a minute */
	w = watch_of(RESOURCE_PODS);
	w->clock.random = nearly_one;
	w->silences = 20;
	finish(expect(PODS, true), 0, -111, "connection refused");
	assert_true(kube_watch_state(w)->retry_at > watch_now(w) + 50);
	finish(expect(NODES, true), 0, -111, "connection refused");
	assert_true(kube_watch_state(w)->retry_at > watch_now(w) + 50);
	for (int i = 0; i < 400 && !find(NODES, true); i++) {
		turn();
		nanosleep(&nap, NULL);
	}
	tell(NODES, EVENT("BOOKMARK", NODE("", "12", "\"spec\":{}")));
	assert_true(kube_watch_state(w)->retry_at < watch_now(w) + 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(it_asks_for_what_it_needs_and_no_more),
		TEST(services_are_asked_for_only_where_that_is_switched_on),
		TEST(it_is_complete_when_all_lists_were_whole),
		TEST(nothing_follows_from_some_of_the_nodes),
		TEST(what_is_waited_for_has_its_reason),
		TEST(what_comes_together_is_told_once),
		TEST(what_says_nothing_new_is_not_told),
		TEST(services_are_known_and_nothing_follows_from_them),
		TEST(a_node_comes_and_goes),
		TEST(what_went_unseen_goes_with_a_whole_list),
		TEST(half_a_list_takes_nothing_away),
		TEST(what_is_known_stays_while_the_server_is_away),
		TEST(where_one_is_answered_the_others_ask),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
