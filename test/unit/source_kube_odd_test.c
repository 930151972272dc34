/* SPDX-License-Identifier: Apache-2.0 */
/* Objects of an API server that make no sense, or are too much. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../../agent/manifest_kinds.h"
#include "source_kube_world.h"

/* ---- objects that make no sense ------------------------------------- */

#define BAD_NODE_B NODE("node-b", "14", "\"spec\":\"nonsense\"")

static void an_object_that_cannot_be_read_is_named(void **state)
{
	(void)state;
	open_whole();
	tell(NODES, EVENT("MODIFIED", BAD_NODE_B));
	assert_int_equal(news, 1);
	assert_problem("Node node-b: spec: must be an object");
	assert_non_null(model_node(source_model(), "node-b"));
	tell(NODES, EVENT("MODIFIED", BAD_NODE_B));
	assert_int_equal(news, 1);
	tell(NODES, EVENT("MODIFIED", NODE_B_AT("15")));
	assert_int_equal(news, 2);
	assert_int_equal(count_problems(), 0);
}

static void it_stays_in_force_over_a_new_list(void **state)
{
	(void)state;
	open_whole();
	forget_list(NODES);
	list(NODES, NODE_A "," BAD_NODE_B);
	assert_non_null(model_node(source_model(), "node-b"));
	assert_problem("Node node-b");
	forget_list(NODES);
	list(NODES, NODE_A);
	assert_null(model_node(source_model(), "node-b"));
	assert_int_equal(count_problems(), 0);
}

static void it_goes_with_its_problem(void **state)
{
	(void)state;
	open_whole();
	tell(PODS, EVENT("MODIFIED", POD("web", "11", "\"spec\":7")));
	assert_problem("Pod web: spec: must be an object (namespace default)");
	assert_true(has_pod("web"));
	tell(PODS, EVENT("DELETED", POD("web", "12", "\"spec\":7")));
	assert_false(has_pod("web"));
	assert_int_equal(count_problems(), 0);
}

static void many_bad_objects_are_not_many_sentences(void **state)
{
	char event[512];

	(void)state;
	open_whole();
	for (int i = 0; i < 300; i++) {
		snprintf(event, sizeof(event),
			 EVENT("ADDED", POD("bad-%d", "%d", "\"spec\":7")), i,
			 20 + i);
		tell(PODS, event);
	}
	assert_true(count_problems() < 30);
	assert_problem("more objects at least cannot be read");
}

/* ---- objects that are too much --------------------------------------- */

/* A list of pods "web", with what it has, and "other"; whole. */
static void list_pods(const char *web)
{
	struct kube_call *c = expect(PODS, false);

	send_text(c, "{\"metadata\":{\"resourceVersion\":\"20\"},\"items\":[");
	send_text(c, web);
	send_text(c, "," POD_AT("other", "6", "10.1.0.6") "]}");
	finish(c, 200, 0, "");
}

/* So many labels of 2 * 50 bytes. */
static char *pod_with_labels(int n)
{
	char *text = malloc(200 + 120 * n), *at = text;

	at += sprintf(at, "{\"metadata\":{\"namespace\":\"default\","
			  "\"name\":\"web\",\"resourceVersion\":\"22\","
			  "\"labels\":{");
	for (int i = 0; i < n; i++)
		at += sprintf(at, "%s\"k%049d\":\"v%049d\"", i ? "," : "", i,
			      i);
	sprintf(at, "}},\"status\":{\"podIP\":\"10.1.0.5\"}}");
	return text;
}

static char *pod_with_ports(int n)
{
	char *text = malloc(200 + 80 * n), *at = text;

	at += sprintf(at, "{\"metadata\":{\"namespace\":\"default\","
			  "\"name\":\"web\",\"resourceVersion\":\"22\"},"
			  "\"spec\":{\"containers\":[{\"ports\":[");
	for (int i = 0; i < n; i++)
		at += sprintf(at, "%s{\"name\":\"p%d\",\"containerPort\":%d}",
			      i ? "," : "", i, i + 1);
	sprintf(at, "]}]},\"status\":{\"podIP\":\"10.1.0.5\"}}");
	return text;
}

/* It is not the pod that it was before, either: whoever may label a Pod could
 * keep what its old labels allowed. */
static void assert_unknown(char *fits, char *web, const char *problem)
{
	char *event = malloc(strlen(web) + 64);

	open_whole();
	forget_list(PODS);
	list_pods(fits);
	assert_true(has_pod("web"));
	assert_int_equal(count_problems(), 0);
	sprintf(event, EVENT("MODIFIED", "%s"), web);
	tell(PODS, event);
	assert_false(has_pod("web"));
	assert_problem(problem);
	forget_list(PODS);
	list_pods(web);
	assert_false(has_pod("web"));
	assert_true(has_pod("other"));
	assert_problem(problem);
	tell(PODS, EVENT("MODIFIED", POD_AT("web", "25", "10.1.0.5")));
	assert_true(has_pod("web"));
	assert_int_equal(count_problems(), 0);
	free(event);
	free(web);
	free(fits);
}

static void a_pod_with_too_many_labels_is_unknown(void **state)
{
	(void)state;
	assert_unknown(pod_with_labels((POD_LABELS_MAX - 1) / 102),
		       pod_with_labels(POD_LABELS_MAX / 102 + 1),
		       "Pod web: metadata.labels: more than 64 KiB: it is not "
		       "known to policies (namespace default)");
}

static void a_pod_with_too_many_named_ports_is_unknown(void **state)
{
	(void)state;
	assert_unknown(pod_with_ports(POD_PORTS_MAX),
		       pod_with_ports(POD_PORTS_MAX + 1),
		       "Pod web: ports: more than 1,000 named ports");
}

static void an_object_that_is_no_json_is_named_and_stays(void **state)
{
	(void)state;
	open_whole();
	forget_list(PODS);
	list_pods(POD("web", "15", "\"spec\":tru"));
	assert_true(has_pod("web"));
	assert_true(has_pod("other"));
	assert_problem(
		"Pod web: an item:1: not valid JSON (namespace default)");
	tell(PODS, EVENT("DELETED", POD("web", "25", "\"spec\":tru")));
	assert_false(has_pod("web"));
	assert_int_equal(count_problems(), 0);
}

/* What cannot be told from the next object: nothing of the list is known to be
 * gone, it is asked for again, and somebody is told which one it is. */
static void a_list_that_is_broken_in_the_middle_takes_nothing_away(void **state)
{
	static const char text[] =
		"{\"metadata\":{\"resourceVersion\":\"20\"},\"items\":["
		"{\"metadata\":{\"name\":\"x\"]}";
	struct kube_call *c;

	(void)state;
	open_whole();
	forget_list(PODS);
	c = expect(PODS, false);
	assert_int_not_equal(
		c->request.data(text, strlen(text), c->request.arg), 0);
	finish(c, 200, -125, "stopped");
	assert_true(has_pod("web"));
	assert_problem(
		"https://api.test:443: pods: not the JSON expected: byte");
	turn_until(PODS, false);
	list(PODS, POD_AT("other", "6", "10.1.0.6"));
	assert_false(has_pod("web"));
	assert_int_equal(count_problems(), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(an_object_that_cannot_be_read_is_named),
		TEST(it_stays_in_force_over_a_new_list),
		TEST(it_goes_with_its_problem),
		TEST(many_bad_objects_are_not_many_sentences),
		TEST(a_pod_with_too_many_labels_is_unknown),
		TEST(a_pod_with_too_many_named_ports_is_unknown),
		TEST(an_object_that_is_no_json_is_named_and_stays),
		TEST(a_list_that_is_broken_in_the_middle_takes_nothing_away),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
