/* SPDX-License-Identifier: Apache-2.0 */
/* A source that is an API server, by a transport that does as it is told. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <cmocka.h>

#include "../../agent/manifest_kinds.h"
#include "../../agent/source_kube.h"
#include "../../kube/watch_private.h"

#define NODES	   "/api/v1/nodes"
#define NAMESPACES "/api/v1/namespaces"
#define PODS	   "/api/v1/pods"
#define POLICIES   "/apis/networking.k8s.io/v1/networkpolicies"
#define CLUSTER	   "/apis/policy.networking.k8s.io/v1alpha2/clusternetworkpolicies"
#define SERVICES   "/api/v1/services"

/* ---- the transport -------------------------------------------------- */

enum { CALLS_MAX = 64 };

struct kube_call {
	bool open;
	char method[16], path[512], body[1024];
	struct kube_request request;
};

static struct kube_call calls[CALLS_MAX];
static int n_calls;

static struct kube_call *start(void *self, const struct kube_request *r)
{
	struct kube_call *c = &calls[n_calls++];

	(void)self;
	assert_true(n_calls < CALLS_MAX);
	c->open = true;
	c->request = *r;
	snprintf(c->method, sizeof(c->method), "%s",
		 r->method ? r->method : "GET");
	snprintf(c->path, sizeof(c->path), "%s", r->path);
	snprintf(c->body, sizeof(c->body), "%s", r->body ? r->body : "");
	return c;
}

static void cancel(struct kube_call *c)
{
	c->open = false;
}

static const struct kube_transport transport = {start, cancel, NULL};

/* ---- the source ----------------------------------------------------- */

static struct event_base *base;
static struct config config;
static struct source *source;
static int news;

static void changed(void *arg)
{
	(void)arg;
	news++;
}

static void turn(void)
{
	for (int i = 0; i < 20; i++)
		event_base_loop(base, EVLOOP_NONBLOCK);
}

/* Until a second has gone by, or there is news. */
static void turn_until_news(void)
{
	const struct timespec nap = {0, 5000000};

	for (int i = 0; i < 400 && !news; i++) {
		turn();
		nanosleep(&nap, NULL);
	}
}

static void open_source(void)
{
	source = source_kube_new(base, &config, &transport,
				 "https://api.test:443", changed, NULL);
	turn();
}

static int setup(void **state)
{
	(void)state;
	memset(calls, 0, sizeof(calls));
	n_calls = news = 0;
	base = event_base_new();
	config_defaults(&config);
	strcpy(config.node_name, "node-a");
	strcpy(config.kubeconfig, "in-cluster");
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	source_close(source);
	source = NULL;
	event_base_free(base);
	return 0;
}

/* ---- what the server says ------------------------------------------- */

/* The open request for the path, NULL: there is none. */
static struct kube_call *find(const char *path, bool watch)
{
	size_t len = strlen(path);

	for (int i = n_calls; i--;) {
		struct kube_call *c = &calls[i];

		if (c->open && !strncmp(c->path, path, len) &&
		    (c->path[len] == '?' || !c->path[len]) &&
		    !strstr(c->path, "watch=") == !watch)
			return c;
	}
	return NULL;
}

static struct kube_call *expect(const char *path, bool watch)
{
	struct kube_call *c = find(path, watch);

	if (!c)
		fail_msg("%s of %s is not asked for",
			 watch ? "a watch" : "a list", path);
	return c;
}

static void finish(struct kube_call *c, int status, int error,
		   const char *message)
{
	struct kube_result r = {
		.status = status, .error = error, .retry_after = -1};

	snprintf(r.message, sizeof(r.message), "%s", message);
	c->open = false;
	c->request.done(&r, c->request.arg);
	turn();
}

static void send_text(struct kube_call *c, const char *text)
{
	assert_int_equal(c->request.data(text, strlen(text), c->request.arg),
			 0);
	turn();
}

/* A whole list. */
static void list(const char *path, const char *items)
{
	struct kube_call *c = expect(path, false);
	char text[4096];

	snprintf(text, sizeof(text),
		 "{\"metadata\":{\"resourceVersion\":\"10\"},\"items\":[%s]}",
		 items);
	send_text(c, text);
	finish(c, 200, 0, "");
}

static void refuse(const char *path, int status)
{
	finish(expect(path, false), status, 0, "");
}

/* Events of an open watch, in one piece. */
static void tell(const char *path, const char *events)
{
	send_text(expect(path, true), events);
}

#define NODE(name, version, more)                                              \
	"{\"metadata\":{\"name\":\"" name "\",\"resourceVersion\":\"" version  \
	"\"}," more "}"
#define NODE_A                                                                 \
	NODE("node-a", "3",                                                    \
	     "\"spec\":{\"podCIDRs\":[\"10.1.0.0/24\"]},\"status\":{"          \
	     "\"addresses\":[{\"type\":\"InternalIP\","                        \
	     "\"address\":\"192.0.2.1\"}]}")
#define NODE_B_AT(version)                                                     \
	NODE("node-b", version, "\"spec\":{\"podCIDRs\":[\"10.2.0.0/24\"]}")
#define NODE_B NODE_B_AT("4")
#define POD(name, version, more)                                               \
	"{\"metadata\":{\"namespace\":\"default\",\"name\":\"" name            \
	"\",\"resourceVersion\":\"" version "\"}," more "}"
#define POD_AT(name, version, addr)                                            \
	POD(name, version, "\"status\":{\"podIPs\":[{\"ip\":\"" addr "\"}]}")
#define EVENT(type, object) "{\"type\":\"" type "\",\"object\":" object "}\n"

static void list_all(void)
{
	list(NODES, NODE_A "," NODE_B);
	list(NAMESPACES, "{\"metadata\":{\"name\":\"default\"}}");
	list(PODS, POD_AT("web", "5", "10.1.0.5"));
	list(POLICIES, "");
	refuse(CLUSTER, 404);
}

static void open_whole(void)
{
	open_source();
	list_all();
	assert_true(source->ops->is_complete(source));
	news = 0;
}

static const struct model *model(void)
{
	return source->ops->model(source);
}

static bool has_pod(const char *name)
{
	return model_find(model(), OBJECT_POD, "default", name);
}

static void assert_problem(const char *sentence)
{
	struct problems p = {0};
	bool found = false;

	source->ops->problems(source, &p);
	for (size_t i = 0; i < p.n; i++) {
		found |= strstr(p.items[i], sentence) != NULL;
		print_message("# problem: %s\n", p.items[i]);
	}
	problems_free(&p);
	if (!found)
		fail_msg("no problem says \"%s\"", sentence);
}

static size_t count_problems(void)
{
	struct problems p = {0};
	size_t n;

	source->ops->problems(source, &p);
	n = p.n;
	problems_free(&p);
	return n;
}

/* ---- the beginning -------------------------------------------------- */

static void it_asks_for_what_it_needs_and_no_more(void **state)
{
	(void)state;
	config.watch_services = true;
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
	refuse(CLUSTER, 404);
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
	assert_null(model_node(model(), "node-a"));
	assert_false(has_pod("web"));
	finish(c, 200, 0, "");
	c = expect(NODES, false);
	assert_non_null(strstr(c->path, "continue=abc"));
	assert_null(model_node(model(), "node-a"));
	list(NODES, NODE_B);
	assert_non_null(model_node(model(), "node-a"));
	assert_non_null(model_node(model(), "node-b"));
	assert_true(has_pod("web"));
}

static void what_is_waited_for_has_its_reason(void **state)
{
	(void)state;
	open_source();
	list(NODES, NODE_A);
	list(NAMESPACES, "");
	refuse(PODS, 403);
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
	config.watch_services = true;
	open_whole();
	list(SERVICES, SERVICE);
	assert_int_equal(model()->n[OBJECT_SERVICE], 1);
	assert_int_equal(news, 0);
}

static void a_node_comes_and_goes(void **state)
{
	(void)state;
	open_whole();
	tell(NODES, EVENT("DELETED", NODE_B_AT("11")));
	assert_null(model_node(model(), "node-b"));
	tell(NODES, EVENT("ADDED", NODE_B_AT("12")));
	assert_non_null(model_node(model(), "node-b"));
	assert_int_equal(news, 2);
}

/* ---- lists again ---------------------------------------------------- */

/* The request is made, in a while. */
static void turn_until(const char *path, bool watch)
{
	const struct timespec nap = {0, 5000000};

	for (int i = 0; i < 2000 && !find(path, watch); i++) {
		turn();
		nanosleep(&nap, NULL);
	}
}

static void forget(const char *path)
{
	static const char gone[] =
		"{\"type\":\"ERROR\",\"object\":{\"kind\":\"Status\","
		"\"code\":410,\"reason\":\"Expired\"}}\n";
	struct kube_call *c = expect(path, true);

	assert_int_not_equal(
		c->request.data(gone, strlen(gone), c->request.arg), 0);
	finish(c, 0, -125, "");
	turn_until(path, false);
}

static void what_went_unseen_goes_with_a_whole_list(void **state)
{
	struct kube_call *c;

	(void)state;
	open_whole();
	forget(PODS);
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
	forget(PODS);
	c = expect(PODS, false);
	send_text(c, "{\"metadata\":{\"resourceVersion\":\"20\"},\"items\":[");
	finish(c, 200, -5, "the connection broke");
	turn();
	assert_true(has_pod("web"));
	assert_true(source->ops->is_complete(source));
}

/* ---- objects that make no sense ------------------------------------- */

#define BAD_NODE_B NODE("node-b", "14", "\"spec\":\"nonsense\"")

static void an_object_that_cannot_be_read_is_named(void **state)
{
	(void)state;
	open_whole();
	tell(NODES, EVENT("MODIFIED", BAD_NODE_B));
	assert_int_equal(news, 1);
	assert_problem("Node node-b: spec: must be an object");
	assert_non_null(model_node(model(), "node-b"));
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
	forget(NODES);
	list(NODES, NODE_A "," BAD_NODE_B);
	assert_non_null(model_node(model(), "node-b"));
	assert_problem("Node node-b");
	forget(NODES);
	list(NODES, NODE_A);
	assert_null(model_node(model(), "node-b"));
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
	forget(PODS);
	list_pods(fits);
	assert_true(has_pod("web"));
	assert_int_equal(count_problems(), 0);
	sprintf(event, EVENT("MODIFIED", "%s"), web);
	tell(PODS, event);
	assert_false(has_pod("web"));
	assert_problem(problem);
	forget(PODS);
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
	forget(PODS);
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
	forget(PODS);
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
	assert_non_null(model_node(model(), "node-b"));
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
	config.network_unavailable = true;
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
	config.network_unavailable = true;
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
	config.network_unavailable = true;
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

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

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
		TEST(an_object_that_cannot_be_read_is_named),
		TEST(it_stays_in_force_over_a_new_list),
		TEST(it_goes_with_its_problem),
		TEST(many_bad_objects_are_not_many_sentences),
		TEST(a_pod_with_too_many_labels_is_unknown),
		TEST(a_pod_with_too_many_named_ports_is_unknown),
		TEST(an_object_that_is_no_json_is_named_and_stays),
		TEST(a_list_that_is_broken_in_the_middle_takes_nothing_away),
		TEST(what_is_known_stays_while_the_server_is_away),
		TEST(where_one_is_answered_the_others_ask),
		TEST(the_condition_is_cleared_once_the_node_is_ready),
		TEST(a_condition_that_is_clear_is_left_alone),
		TEST(a_refusal_names_the_rule_that_is_missing),
		TEST(nobody_is_written_to_who_did_not_ask_for_it),
		TEST(status_has_each_resource),
		TEST(metrics_have_each_resource),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
