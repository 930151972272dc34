/* SPDX-License-Identifier: Apache-2.0 */
/* Lists and watches of one resource, against a server that the test plays. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "kube_fake.h"

static const struct kube_resource pods = {
	.name = "pods",
	.group = "",
	.path = "/api/v1/pods",
	.select = "",
};
static const struct kube_resource policies = {
	.name = "clusternetworkpolicies",
	.group = "policy.networking.k8s.io",
	.path = "/apis/policy.networking.k8s.io/v1alpha2/clusternetworkpolicies",
	.select = "",
	.optional = true,
};

#define LIST_PATH "GET /api/v1/pods?limit=500"
#define WATCH_PATH(v)                                                          \
	"GET /api/v1/pods?watch=true&allowWatchBookmarks=true"                 \
	"&resourceVersion=" v "&timeoutSeconds=450"
#define META(v) "\"metadata\":{\"resourceVersion\":\"" v "\"}"
#define NEXT(v, t)                                                             \
	"\"metadata\":{\"resourceVersion\":\"" v "\",\"continue\":\"" t "\"}"
#define POD(name, v)                                                           \
	"{\"metadata\":{\"namespace\":\"blue\",\"name\":\"" name               \
	"\",\"resourceVersion\":\"" v "\"}}"
#define LIST(meta, items)                                                      \
	"{\"kind\":\"PodList\"," meta ",\"items\":[" items "]}"
#define EVENT(type, object) "{\"type\":\"" type "\",\"object\":" object "}\n"
#define BOOKMARK(v)	    EVENT("BOOKMARK", "{\"kind\":\"Pod\"," META(v) "}")
#define ERROR_EVENT(code, reason)                                              \
	EVENT("ERROR", "{\"kind\":\"Status\",\"message\":\"because\\nso\","    \
		       "\"reason\":\"" reason "\",\"code\":" code "}")

static struct world d;

static void open_world(const struct kube_resource *r)
{
	memset(&d, 0, sizeof(d));
	world_open(&d, r);
}

static int tear_down(void **state)
{
	(void)state;
	world_close(&d);
	memset(&d, 0, sizeof(d));
	return 0;
}

static const struct kube_watch_state *st(void)
{
	return kube_watch_state(d.w);
}

static void happened(const char *wanted)
{
	assert_string_equal(world_diary(&d), wanted);
}

static void says(const char *wanted)
{
	if (!strstr(st()->error, wanted))
		fail_msg("not \"%s\": %s", wanted, st()->error);
}

/* Up to a watch that was just asked for, from version 5, of pod a (4). */
static void start_watching(const struct kube_resource *r)
{
	open_world(r);
	world_wait(&d);
	world_answer(&d, LIST(META("5"), POD("a", "4")));
	world_wait(&d);
	world_diary(&d);
}

/* The watch ends as it usually does. */
static void end_long_watch(void)
{
	d.now += 400;
	world_end_well(&d);
}

/* ---- the usual --------------------------------------------------------- */

static void a_list_is_followed_by_a_watch_from_its_version(void **state)
{
	(void)state;
	open_world(&pods);
	happened("");
	assert_true(world_wait(&d) == 0);
	happened(LIST_PATH "\n");
	assert_int_equal(st()->phase, KUBE_LISTING);
	assert_false(st()->listed);
	world_answer(&d, LIST(META("5"), POD("a", "4") "," POD("b", "5")));
	happened("listing\nobject blue/a 4\nobject blue/b 5\nlisted\n");
	assert_true(st()->listed);
	assert_true(st()->connected == d.now);
	assert_true(world_wait(&d) == 0);
	happened(WATCH_PATH("5") "\n");
	assert_int_equal(st()->phase, KUBE_WATCHING);
	/* a little longer than the server is to take for it */
	assert_true(d.call.r.idle > 450 && d.call.r.idle < 500);
	d.now += 1;
	world_send(&d, EVENT("ADDED", POD("c", "6")));
	world_send(&d, EVENT("MODIFIED", POD("a", "7"))
			       EVENT("DELETED", POD("b", "9")));
	happened("object blue/c 6\nobject blue/a 7\ngone blue/b 9\n");
	assert_string_equal(st()->version, "9");
	assert_int_equal(st()->events, 3);
	assert_int_equal(st()->lists, 1);
	assert_int_equal(st()->watches, 1);
	assert_int_equal(st()->relists, 0);
	assert_int_equal(st()->errors, 0);
	assert_true(st()->last_event == d.now);
	assert_string_equal(st()->error, "");
}

static void it_starts_by_itself_on_the_event_loop(void **state)
{
	struct event_base *base = event_base_new();
	const struct kube_watch_ops ops = {
		.object = world_on_object, .gone = world_on_gone, .arg = &d};
	struct kube_watch *w;

	(void)state;
	open_world(&pods);
	w = kube_watch_new(base, &d.resource, &d.transport, &ops);
	assert_int_equal(d.requests, 0);
	event_base_loop(base, EVLOOP_NONBLOCK);
	assert_int_equal(d.requests, 1);
	world_answer(&d, LIST(META("5"), POD("a", "4")));
	event_base_loop(base, EVLOOP_NONBLOCK);
	assert_int_equal(d.requests, 2);
	kube_watch_free(w);
	assert_int_equal(d.cancelled, 1);
	event_base_loop(base, EVLOOP_NONBLOCK);
	assert_int_equal(d.requests, 2);
	event_base_free(base);
}

static void pages_are_asked_for_until_there_are_no_more(void **state)
{
	(void)state;
	open_world(&pods);
	world_wait(&d);
	world_answer(&d, LIST(NEXT("5", "x+/="), POD("a", "4")));
	happened(LIST_PATH "\nlisting\nobject blue/a 4\n");
	assert_false(st()->listed);
	assert_true(world_wait(&d) == 0);
	happened(LIST_PATH "&continue=x%2B%2F%3D\n");
	world_answer(&d, LIST(NEXT("5", "y"), ""));
	world_wait(&d);
	happened(LIST_PATH "&continue=y\n");
	/* members may come after the items */
	world_answer(&d, "{\"items\":[" POD("b", "5") "]," META("5") "}");
	happened("object blue/b 5\nlisted\n");
	world_wait(&d);
	happened(WATCH_PATH("5") "\n");
	assert_int_equal(st()->lists, 1);
}

static void a_watch_starts_from_the_version_of_the_first_page(void **state)
{
	(void)state;
	open_world(&pods);
	world_wait(&d);
	world_answer(&d, LIST(NEXT("5", "x"), POD("a", "4")));
	world_wait(&d);
	world_answer(&d, LIST(META("8"), POD("b", "7")));
	world_diary(&d);
	world_wait(&d);
	happened(WATCH_PATH("5") "\n");
}

static void selections_and_metadata_are_asked_for(void **state)
{
	struct kube_resource r = pods;

	(void)state;
	r.select = "fieldSelector=spec.nodeName%3Dn1";
	r.metadata_only = true;
	open_world(&r);
	world_wait(&d);
	happened(LIST_PATH "&fieldSelector=spec.nodeName%3Dn1\n");
	assert_string_equal(d.call.accept,
			    "application/json;as=PartialObjectMetadataList;"
			    "g=meta.k8s.io;v=v1,application/json");
	world_answer(&d, LIST(META("5"), ""));
	world_diary(&d);
	world_wait(&d);
	happened(WATCH_PATH("5") "&fieldSelector=spec.nodeName%3Dn1\n");
	assert_string_equal(d.call.accept,
			    "application/json;as=PartialObjectMetadata;"
			    "g=meta.k8s.io;v=v1,application/json");
}

static void a_watch_goes_on_at_once_from_the_last_version_seen(void **state)
{
	(void)state;
	start_watching(&pods);
	world_send(&d, EVENT("ADDED", POD("b", "7")));
	end_long_watch();
	assert_true(world_wait(&d) == 0);
	happened("object blue/b 7\n" WATCH_PATH("7") "\n");
	world_send(&d, BOOKMARK("30"));
	end_long_watch();
	assert_true(world_wait(&d) == 0);
	happened(WATCH_PATH("30") "\n");
	assert_int_equal(st()->bookmarks, 1);
	assert_int_equal(st()->events, 1);
	assert_int_equal(st()->lists, 1);
	assert_string_equal(st()->error, "");
	assert_true(st()->connected > 0);
}

/* Restored from a backup, it is behind us and has nothing to say. */
static void a_server_that_says_nothing_at_all_is_asked_for_a_list(void **state)
{
	(void)state;
	start_watching(&pods);
	d.now += 450;
	world_end_well(&d);
	assert_true(world_wait(&d) >= 0);
	happened(LIST_PATH "\n");
	world_answer(&d, LIST(META("3"), POD("a", "2")));
	world_wait(&d);
	happened("listing\nobject blue/a 2\nlisted\n" WATCH_PATH("3") "\n");
	assert_int_equal(st()->relists, 1);
}

/* ---- events -------------------------------------------------------------- */

static void an_event_seen_twice_is_told_once(void **state)
{
	(void)state;
	start_watching(&pods);
	world_send(&d,
		   EVENT("ADDED", POD("b", "7")) EVENT("ADDED", POD("b", "7")));
	world_send(&d, EVENT("MODIFIED", POD("a", "8")));
	happened("object blue/b 7\nobject blue/a 8\n");
}

static void a_version_that_goes_back_leads_to_a_list(void **state)
{
	static const char *const later[] = {
		EVENT("MODIFIED", POD("b", "6")),
		EVENT("DELETED", POD("b", "06")),
		BOOKMARK("4"),
		EVENT("ADDED", POD("b", "6")) EVENT("ADDED", POD("c", "9")),
	};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(later) / sizeof(*later); i++) {
		start_watching(&pods);
		world_send(&d, EVENT("ADDED", POD("b", "10")));
		world_answer(&d, later[i]);
		happened("object blue/b 10\n");
		says("lost its history");
		assert_int_equal(st()->errors, 1);
		assert_true(world_wait(&d) >= 0.1);
		happened(LIST_PATH "\n");
		world_close(&d);
	}
	open_world(&pods);
}

static void versions_are_compared_as_numbers_of_any_length(void **state)
{
	static const struct {
		const char *a, *b;
		int order;
		bool known;
	} cases[] = {
		{"9", "10", -1, true},
		{"10", "9", 1, true},
		{"007", "7", 0, true},
		{"0", "0", 0, true},
		{"a9", "b1", 0, false},
		{"", "1", 0, false},
		{"1", "-1", 0, false},
		{"99999999999999999999999", "100000000000000000000000", -1,
		 true},
	};
	bool known;
	size_t i;
	int o;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		o = version_compare(cases[i].a, cases[i].b, &known);
		assert_int_equal(known, cases[i].known);
		assert_int_equal((o > 0) - (o < 0), cases[i].order);
	}
	open_world(&pods);
}

static void versions_that_are_no_numbers_have_no_order(void **state)
{
	(void)state;
	open_world(&pods);
	world_wait(&d);
	world_answer(&d, LIST(META("zz&y"), ""));
	world_diary(&d);
	world_wait(&d);
	happened(WATCH_PATH("zz%26y") "\n");
	world_send(&d, EVENT("ADDED", POD("b", "aa")));
	happened("object blue/b aa\n");
	assert_string_equal(st()->version, "aa");
}

static void unknown_events_are_ignored(void **state)
{
	(void)state;
	start_watching(&pods);
	world_send(&d, EVENT("RENAMED", POD("b", "7"))
			       EVENT("ADDED", POD("c", "8")));
	happened("object blue/c 8\n");
	assert_string_equal(st()->error, "");
}

static void an_event_cut_off_by_the_end_comes_whole_the_next_time(void **state)
{
	(void)state;
	start_watching(&pods);
	world_send(&d, EVENT("ADDED", POD("b", "7")));
	world_send(&d, "{\"type\":\"ADDED\",\"object\":{\"metadata\":{");
	d.now += 100;
	world_end_well(&d);
	happened("object blue/b 7\n");
	says("in the middle");
	assert_true(world_wait(&d) <= 0.5);
	happened(WATCH_PATH("7") "\n");
	world_send(&d, EVENT("ADDED", POD("c", "8")));
	happened("object blue/c 8\n");
	assert_int_equal(st()->lists, 1);
}

static void an_answer_ends_the_error_before_its_body_comes(void **state)
{
	(void)state;
	start_watching(&pods);
	world_end(&d, 0, -ECONNREFUSED, "", -1);
	says("watch pods: Connection refused");
	assert_int_equal(st()->phase, KUBE_WAITING);
	assert_true(st()->connected == 0);
	assert_true(st()->retry_at > d.now);
	world_wait(&d);
	says("refused");
	assert_true(st()->retry_at == 0);
	d.states = 0;
	d.call.r.accepted(d.call.r.arg);
	assert_string_equal(st()->error, "");
	assert_true(st()->connected == d.now);
	assert_int_equal(d.states, 1);
}

/* ---- too old ---------------------------------------------------------------
 */

static void a_version_too_old_leads_to_a_list_after_a_while(void **state)
{
	int how;

	(void)state;
	for (how = 0; how < 3; how++) {
		start_watching(&pods);
		if (how == 0)
			world_answer(&d, ERROR_EVENT("410", "Expired"));
		else if (how == 1)
			world_answer(&d, ERROR_EVENT("0", "Gone"));
		else
			world_end(&d, 410, 0, "Expired: too old", -1);
		assert_int_equal(st()->phase, KUBE_WAITING);
		assert_true(world_wait(&d) >= 0.1);
		happened(LIST_PATH "\n");
		world_answer(&d, LIST(META("50"), POD("b", "40")));
		happened("listing\nobject blue/b 40\nlisted\n");
		assert_int_equal(st()->relists, 1);
		assert_int_equal(d.n_objects, 1);
		world_wait(&d);
		happened(WATCH_PATH("50") "\n");
		world_close(&d);
	}
	open_world(&pods);
}

static void other_errors_of_a_watch_resume_it_and_list_in_the_end(void **state)
{
	int i;

	(void)state;
	start_watching(&pods);
	for (i = 1; i < WATCH_STUCK_MAX; i++) {
		world_answer(&d, ERROR_EVENT("504", "Timeout"));
		says("the server says 504: because so");
		assert_true(world_wait(&d) >= 0.1);
		happened(WATCH_PATH("5") "\n");
	}
	world_answer(&d, ERROR_EVENT("504", "Timeout"));
	assert_true(world_wait(&d) >= 0.1);
	happened(LIST_PATH "\n");
}

static void an_expired_token_begins_the_list_again(void **state)
{
	(void)state;
	open_world(&pods);
	world_wait(&d);
	world_answer(&d, LIST(NEXT("5", "x"), POD("a", "4")));
	world_wait(&d);
	world_diary(&d);
	world_end(&d, 410, 0, "Expired: too old", -1);
	assert_true(world_wait(&d) >= 0.1);
	happened(LIST_PATH "\n");
	assert_false(st()->listed);
	/* it happens again: then all at once */
	world_answer(&d, LIST(NEXT("6", "y"), POD("a", "4")));
	happened("listing\nobject blue/a 4\n");
	world_wait(&d);
	world_diary(&d);
	world_end(&d, 410, 0, "Expired: too old", -1);
	assert_true(world_wait(&d) >= 0.1);
	happened("GET /api/v1/pods\n");
	world_answer(&d, LIST(META("7"), POD("a", "4")));
	happened("listing\nobject blue/a 4\nlisted\n");
	world_wait(&d);
	/* and pages the next time */
	world_answer(&d, ERROR_EVENT("410", "Expired"));
	world_diary(&d);
	world_wait(&d);
	happened(LIST_PATH "\n");
}

/* All nodes ask at once when a server has forgotten what it told. */
static void large_lists_are_asked_for_further_apart(void **state)
{
	static const char pod[] = "," POD("a", "4");
	char *items = malloc(20000 * sizeof(pod)), *at = items;
	double wait;

	(void)state;
	start_watching(&pods);
	world_answer(&d, ERROR_EVENT("410", "Expired"));
	wait = world_wait(&d);
	assert_true(wait > 0.9 && wait < 1.1); /* half of 2 s */
	d.quiet = true;
	for (int i = 0; i < 20000; i++)
		at = stpcpy(at, pod + !i);
	world_send(&d, "{\"kind\":\"PodList\"," META("6") ",\"items\":[");
	world_send(&d, items);
	world_answer(&d, "]}");
	world_wait(&d);
	world_answer(&d, ERROR_EVENT("410", "Expired"));
	wait = world_wait(&d);
	assert_true(wait > 2.9 && wait < 3.1); /* half of 6 s */
	free(items);
}

/* ---- refusals --------------------------------------------------------------
 */

static void a_missing_rule_is_named(void **state)
{
	(void)state;
	open_world(&pods);
	world_wait(&d);
	world_end(&d, 403, 0, "Forbidden: pods is forbidden", -1);
	assert_string_equal(st()->error,
			    "forbidden: the ClusterRole needs: apiGroups: "
			    "[\"\"], resources: [\"pods\"], verbs: [\"list\"]");
	assert_true(d.due - d.now >= 30 && d.due - d.now <= 60);
	assert_false(st()->listed);
	world_close(&d);

	open_world(&policies);
	world_wait(&d);
	world_answer(&d, LIST(META("5"), ""));
	world_wait(&d);
	world_end(&d, 403, 0, "", -1);
	says("apiGroups: [\"policy.networking.k8s.io\"], resources: "
	     "[\"clusternetworkpolicies\"], verbs: [\"watch\"]");
	assert_true(world_wait(&d) >= 30);
	assert_non_null(strstr(world_diary(&d), "watch=true"));
}

static void an_unknown_token_is_tried_again_soon(void **state)
{
	int i;

	(void)state;
	start_watching(&pods);
	for (i = 0; i < 20; i++) {
		world_end(&d, 401, 0, "Unauthorized", -1);
		says("unauthorized");
		assert_true(d.due - d.now <= 15);
		world_wait(&d);
		happened(WATCH_PATH("5") "\n");
	}
}

static void the_server_says_when_to_come_again(void **state)
{
	static const struct {
		int status;
		double after, least, most;
	} cases[] = {
		{429, 1, 1.05, 1.5}, {503, 7, 7.05, 7.5},
		{503, -1, 0.1, 0.5}, {429, 1e9, 120.05, 121},
		{500, 0, 0.1, 0.5},  {504, 1, 1.05, 1.5},
	};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		start_watching(&pods);
		world_end(&d, cases[i].status, 0, "HTTP 429: later",
			  cases[i].after);
		says("watch pods: HTTP 429: later");
		assert_true(d.due - d.now >= cases[i].least);
		assert_true(d.due - d.now <= cases[i].most);
		world_wait(&d);
		happened(WATCH_PATH("5") "\n");
		world_close(&d);
	}
	open_world(&pods);
}

static void a_resource_that_must_be_there_is_asked_for_again(void **state)
{
	(void)state;
	open_world(&pods);
	world_wait(&d);
	world_end(&d, 404, 0, "NotFound: no such thing", -1);
	says("list pods: HTTP 404: NotFound: no such thing");
	assert_int_equal(st()->phase, KUBE_WAITING);
	assert_false(st()->listed);
	assert_true(world_wait(&d) >= 30);
	happened(LIST_PATH "\n" LIST_PATH "\n");
}

static void what_is_optional_may_be_absent(void **state)
{
	int i;

	(void)state;
	open_world(&policies);
	world_wait(&d);
	world_diary(&d);
	world_end(&d, 404, 0, "", -1);
	happened("listing\nlisted\n");
	assert_int_equal(st()->phase, KUBE_ABSENT);
	assert_true(st()->listed);
	assert_string_equal(st()->error, "");
	/* asked again now and then, without a word */
	for (i = 0; i < 3; i++) {
		assert_true(world_wait(&d) >= 240);
		assert_int_equal(st()->phase, KUBE_ABSENT);
		world_diary(&d);
		world_end(&d, 404, 0, "", -1);
		happened("");
		assert_int_equal(st()->phase, KUBE_ABSENT);
	}
	world_wait(&d);
	world_diary(&d);
	world_send(&d, "{\"kind\":\"PodList\",");
	assert_int_equal(st()->phase, KUBE_LISTING);
	world_answer(&d, META("5") ",\"items\":[" POD("a", "4") "]}");
	happened("listing\nobject blue/a 4\nlisted\n");
	world_wait(&d);
	assert_int_equal(st()->phase, KUBE_WATCHING);
}

/* A server that starts may have forgotten for a moment. */
static void what_was_there_is_not_gone_with_the_first_404(void **state)
{
	int i;

	(void)state;
	start_watching(&policies);
	world_end(&d, 404, 0, "", -1);
	world_wait(&d);
	world_diary(&d);
	for (i = 1; i < WATCH_MISSING_MAX; i++) {
		world_end(&d, 404, 0, "", -1);
		happened("");
		assert_int_equal(st()->phase, KUBE_WAITING);
		assert_int_equal(d.n_objects, 1);
		assert_true(world_wait(&d) >= 20);
		world_diary(&d);
	}
	world_end(&d, 404, 0, "", -1);
	happened("listing\nlisted\n");
	assert_int_equal(d.n_objects, 0);
	assert_int_equal(st()->phase, KUBE_ABSENT);
}

/* ---- what is no answer -----------------------------------------------------
 */

static void nothing_is_listed_unless_the_list_was_whole(void **state)
{
	static const char *const bad[] = {
		"",
		"{}",
		"<html>",
		"{\"kind\":\"Status\",\"code\":500}",
		"{\"kind\":\"Status\",\"metadata\":{\"resourceVersion\":\"1\"},"
		"\"items\":[]}",
		"{\"kind\":\"PodList\",\"items\":[]}",
		"{\"kind\":\"PodList\",\"metadata\":{},\"items\":[]}",
		"{\"kind\":\"PodList\",\"metadata\":[],\"items\":[]}",
		"{\"kind\":\"PodList\",\"metadata\":{\"resourceVersion\":7},"
		"\"items\":[]}",
		"{\"kind\":\"PodList\"," META("5") "}",
		"{\"kind\":\"PodList\"," META("5") ",\"items\":[",
		"{\"kind\":\"PodList\"," META("5") ",\"items\":[" POD("a", "4"),
		"{\"kind\":\"PodList\"," META("5") ",\"items\":[]",
		LIST(META("5"), "{\"a\":tru}"),
		LIST(META("5"), "{\"a\":\"\xff\"}"),
	};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		start_watching(&pods);
		world_answer(&d, ERROR_EVENT("410", "Expired"));
		world_wait(&d);
		world_diary(&d);
		world_answer(&d, bad[i]);
		if (strstr(world_diary(&d), "listed"))
			fail_msg("listed: %s", bad[i]);
		assert_int_equal(d.n_objects, 1);
		assert_int_equal(st()->phase, KUBE_WAITING);
		assert_true(*st()->error);
		assert_true(world_wait(&d) >= 0.1);
		happened(LIST_PATH "\n");
		world_close(&d);
	}
	open_world(&pods);
}

static void a_list_that_breaks_off_is_no_list(void **state)
{
	(void)state;
	open_world(&pods);
	world_wait(&d);
	/* all of it came, but the framing says that it did not */
	world_send(&d, LIST(META("5"), POD("a", "4")));
	world_end(&d, 200, -EPROTO, "closed early", -1);
	assert_null(strstr(world_diary(&d), "listed"));
	says("list pods: closed early");
	assert_true(world_wait(&d) >= 0.1);
	happened(LIST_PATH "\n");
}

static void a_page_that_fails_is_asked_for_again(void **state)
{
	(void)state;
	open_world(&pods);
	world_wait(&d);
	world_answer(&d, LIST(NEXT("5", "x"), POD("a", "4")));
	world_wait(&d);
	world_diary(&d);
	world_end(&d, 429, 0, "", 1);
	world_wait(&d);
	happened(LIST_PATH "&continue=x\n");
	world_end(&d, 0, -ECONNRESET, "", -1);
	world_wait(&d);
	happened(LIST_PATH "&continue=x\n");
	/* but not for ever */
	world_end(&d, 500, 0, "", -1);
	world_wait(&d);
	happened(LIST_PATH "\n");
	world_answer(&d, LIST(NEXT("5", "x"), POD("a", "4")));
	happened("listing\nobject blue/a 4\n");
	world_wait(&d);
	world_diary(&d);
	/* and not if the page was no page */
	world_answer(&d, "nonsense");
	world_wait(&d);
	happened(LIST_PATH "\n");
}

static void a_list_ends_even_if_the_server_has_no_end(void **state)
{
	(void)state;
	open_world(&pods);
	world_wait(&d);
	world_answer(&d, LIST(NEXT("5", "x"), ""));
	world_wait(&d);
	world_diary(&d);
	world_answer(&d, LIST(NEXT("5", "x"), ""));
	happened("");
	says("does not end");
	assert_true(world_wait(&d) >= 0.1);
	happened(LIST_PATH "\n");
}

static void a_malformed_event_is_not_met_for_ever(void **state)
{
	static const char *const bad[] = {
		"[]",
		"{]",
		"{}",
		"{\"type\":\"ADDED\"}",
		"{\"object\":{}}",
		EVENT("ADDED", "[]"),
		EVENT("ADDED", "{}"),
		EVENT("ADDED", "{\"metadata\":{\"resourceVersion\":\"\"}}"),
		EVENT("ADDED", "{\"metadata\":{\"resourceVersion\":1}}"),
		"{\"type\":\"ADDED\",\"object\":{\"a\":nul}}",
		"{\"type\":\"ADDED\",\"object\":{\"a\":\"\xff\"}}",
		"\x01",
	};
	size_t i;
	int n;

	(void)state;
	for (i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		start_watching(&pods);
		for (n = 1; n < WATCH_STUCK_MAX; n++) {
			world_answer(&d, bad[i]);
			says("watch pods: ");
			assert_true(world_wait(&d) >= 0.1);
			happened(WATCH_PATH("5") "\n");
		}
		world_answer(&d, bad[i]);
		world_wait(&d);
		happened(LIST_PATH "\n");
		world_close(&d);
	}
	open_world(&pods);
}

static void an_event_between_two_failures_is_progress(void **state)
{
	char event[256];
	int i;

	(void)state;
	start_watching(&pods);
	for (i = 6; i < 6 + 3 * WATCH_STUCK_MAX; i++) {
		snprintf(event, sizeof(event), EVENT("ADDED", POD("b", "%d")),
			 i);
		world_send(&d, event);
		world_answer(&d, ERROR_EVENT("500", "InternalError"));
		world_wait(&d);
		assert_non_null(strstr(d.call.path, "watch=true"));
	}
}

static void nothing_is_taken_after_an_end_of_our_own(void **state)
{
	(void)state;
	start_watching(&pods);
	assert_int_not_equal(world_send(&d, ERROR_EVENT("410", "Expired")), 0);
	/* a transport that goes on all the same */
	assert_int_not_equal(world_send(&d, EVENT("ADDED", POD("b", "7"))), 0);
	happened("");
	says("");
	world_end(&d, 200, -ECANCELED, "", -1);
	says("410");
}

static void what_came_before_a_malformed_event_counts(void **state)
{
	(void)state;
	start_watching(&pods);
	world_answer(&d, EVENT("ADDED", POD("b", "7")) "{\"type\":5}");
	happened("object blue/b 7\n");
	world_wait(&d);
	happened(WATCH_PATH("7") "\n");
}

static void a_request_that_cannot_be_made_is_tried_again(void **state)
{
	(void)state;
	open_world(&pods);
	d.refuse = true;
	world_wait(&d);
	says("could not be made");
	assert_true(world_wait(&d) >= 0.1);
	d.refuse = false;
	assert_true(world_wait(&d) >= 0.1);
	happened(LIST_PATH "\n");
}

/* ---- storms ----------------------------------------------------------------
 */

static void close_watch(void)
{
	world_end_well(&d);
}
static void tell_one_and_close(void)
{
	char event[256];

	snprintf(event, sizeof(event), EVENT("ADDED", POD("b", "%u")),
		 d.requests + 100);
	world_answer(&d, event);
}
static void refuse(void)
{
	world_end(&d, 0, -ECONNREFUSED, "", -1);
}
static void too_many(void)
{
	world_end(&d, 429, 0, "", 1);
}
static void too_many_at_once(void)
{
	world_end(&d, 429, 0, "", 0);
}
static void break_down(void)
{
	world_end(&d, 503, 0, "", -1);
}
static void unknown_us(void)
{
	world_end(&d, 401, 0, "", -1);
}
static void gone_by_event(void)
{
	world_answer(&d, ERROR_EVENT("410", "Expired"));
}
static void gone_by_status(void)
{
	world_end(&d, 410, 0, "", -1);
}
static void error_event(void)
{
	world_answer(&d, ERROR_EVENT("500", "InternalError"));
}
static void nonsense(void)
{
	world_answer(&d, "<html>");
}
static void go_back(void)
{
	world_answer(&d, EVENT("ADDED", POD("b", "1")));
}
static void bad_request(void)
{
	world_end(&d, 400, 0, "", -1);
}
static void nothing_like_it(void)
{
	world_end(&d, 404, 0, "", -1);
}
static void good_list(void)
{
	world_answer(&d, LIST(META("5"), POD("a", "4")));
}
static void page_one(void)
{
	world_answer(&d, LIST(NEXT("5", "x"), POD("a", "4")));
}

/* A server that answers each list and each watch like that, for ever. */
static const struct storm {
	const char *name;
	const struct kube_resource *resource;
	void (*list)(void);
	void (*page)(void); /* with a token; NULL: as list */
	void (*watch)(void);
} storms[] = {
	{"closes at once", &pods, good_list, NULL, close_watch},
	{"one event and closes", &pods, good_list, NULL, tell_one_and_close},
	{"resets", &pods, good_list, NULL, refuse},
	{"is not there", &pods, refuse, NULL, refuse},
	{"429 with a time", &pods, too_many, NULL, too_many},
	{"429 with no time", &pods, too_many_at_once, NULL, too_many_at_once},
	{"503", &pods, break_down, NULL, break_down},
	{"watches are 503", &pods, good_list, NULL, break_down},
	{"401", &pods, unknown_us, NULL, unknown_us},
	{"watches are 401", &pods, good_list, NULL, unknown_us},
	{"410 after each list", &pods, good_list, NULL, gone_by_event},
	{"status 410 after each list", &pods, good_list, NULL, gone_by_status},
	{"410 for lists", &pods, gone_by_status, NULL, close_watch},
	{"tokens expire", &pods, page_one, gone_by_status, close_watch},
	{"pages are 503", &pods, page_one, break_down, close_watch},
	{"pages are nonsense", &pods, page_one, nonsense, close_watch},
	{"pages without end", &pods, page_one, page_one, close_watch},
	{"ERROR events", &pods, good_list, NULL, error_event},
	{"nonsense", &pods, nonsense, NULL, nonsense},
	{"nonsense events", &pods, good_list, NULL, nonsense},
	{"versions go back", &pods, good_list, NULL, go_back},
	{"400", &pods, bad_request, NULL, bad_request},
	{"watches are 400", &pods, good_list, NULL, bad_request},
	{"watches are 404", &pods, good_list, NULL, nothing_like_it},
	{"optional, and 404", &policies, nothing_like_it, NULL, close_watch},
	{"optional, watches 404", &policies, good_list, NULL, nothing_like_it},
};

static void answer_as(const struct storm *s)
{
	if (strstr(d.call.path, "watch=true"))
		s->watch();
	else if (s->page && strstr(d.call.path, "continue="))
		s->page();
	else
		s->list();
}

static void a_server_that_fails_for_ever_is_not_stormed(void **state)
{
	double first, minute;
	size_t i;
	unsigned int n;

	(void)state;
	for (i = 0; i < sizeof(storms) / sizeof(*storms); i++) {
		open_world(storms[i].resource);
		d.quiet = true;
		d.chance = -1;
		first = d.now;
		minute = 0;
		for (n = 0; n < 10000; n++) {
			if (world_wait(&d) < 0)
				fail_msg("%s: gave up", storms[i].name);
			answer_as(&storms[i]);
			if (!minute && d.now - first > 60)
				minute = n;
		}
		/* 10,000 requests take days, and the first minute is not
		 * much worse */
		if (d.now - first < 10000 * 5 || minute > 60)
			fail_msg("%s: 10000 requests in %.0f s, %.0f in the "
				 "first minute",
				 storms[i].name, d.now - first, minute);
		world_close(&d);
	}
	open_world(&pods);
}

static void a_watch_that_lived_ends_the_back_off(void **state)
{
	int i;

	(void)state;
	start_watching(&pods);
	d.chance = 0.999;
	for (i = 0; i < 20; i++) {
		close_watch();
		world_wait(&d);
	}
	close_watch();
	assert_true(d.due - d.now > 50 && d.due - d.now <= 60);
	says("ended it after 0.0 s");
	world_wait(&d);
	world_send(&d, BOOKMARK("9"));
	assert_string_equal(st()->error, "");
	end_long_watch();
	assert_true(world_wait(&d) == 0);
	close_watch();
	assert_true(d.due - d.now <= 0.5);
}

/* An hour without an answer, then one that says what is wrong. */
static void a_server_that_is_back_is_asked_soon_for_what_it_forgot(void **state)
{
	int i;

	(void)state;
	start_watching(&pods);
	d.chance = 0.999;
	for (i = 0; i < 60; i++) {
		refuse();
		world_wait(&d);
	}
	refuse();
	assert_true(d.due - d.now > 50 && d.due - d.now <= 60);
	world_wait(&d);
	gone_by_status();
	assert_true(d.due - d.now <= 2);
	world_wait(&d);
	world_diary(&d);
	good_list();
	happened("listing\nobject blue/a 4\nlisted\n");
}

static void where_another_is_answered_it_does_not_wait(void **state)
{
	int i;

	(void)state;
	start_watching(&pods);
	d.chance = 0.999;
	for (i = 0; i < 20; i++) {
		refuse();
		world_wait(&d);
	}
	kube_watch_hurry(d.w); /* it is asking */
	refuse();
	assert_true(d.due - d.now > 50);
	kube_watch_hurry(d.w);
	assert_true(d.due - d.now <= 1);
	world_wait(&d);
	/* what was answered, however badly, is another matter */
	break_down();
	for (i = 0; i < 20; i++) {
		world_wait(&d);
		break_down();
	}
	kube_watch_hurry(d.w);
	assert_true(d.due - d.now > 50);
}

/* ---- freed by its own callbacks --------------------------------------------
 */

static void no_wait_is_shorter_than_a_tenth_of_a_second(void **state)
{
	(void)state;
	start_watching(&pods);
	d.chance = 0;
	refuse();
	assert_true(world_wait(&d) >= 0.1);
	go_back();
	assert_true(world_wait(&d) >= 0.1);
}

static void it_may_be_freed_by_any_of_its_callbacks(void **state)
{
	static const char *const where[] = {"listing", "object", "listed",
					    "gone", "state"};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(where) / sizeof(*where); i++) {
		open_world(&pods);
		world_wait(&d);
		d.free_in = strcmp(where[i], "gone") ? where[i] : NULL;
		if (world_send(&d, LIST(META("5"), POD("a", "4"))) == 0)
			world_end_well(&d);
		if (!strcmp(where[i], "gone")) {
			world_wait(&d);
			d.free_in = where[i];
			world_send(&d, EVENT("DELETED", POD("a", "6"))
					       EVENT("ADDED", POD("b", "7")));
			assert_null(world_find(&d, "blue/b"));
		}
		assert_null(d.w);
		assert_true(d.due < 0);
		assert_false(d.open);
		world_close(&d);
	}
	open_world(&pods);
}

static void it_may_be_freed_while_it_tells_of_a_failure(void **state)
{
	static void (*const ends[])(void) = {
		refuse,	     break_down, unknown_us,  gone_by_event,
		error_event, nonsense,	 close_watch, nothing_like_it,
	};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(ends) / sizeof(*ends); i++) {
		start_watching(&pods);
		d.call.r.accepted(d.call.r.arg);
		d.free_in = "state";
		ends[i]();
		assert_null(d.w);
		assert_true(d.due < 0);
		world_close(&d);
	}
	/* absent: in each of the two calls */
	for (i = 0; i < 2; i++) {
		open_world(&policies);
		world_wait(&d);
		d.free_in = i ? "listed" : "listing";
		world_end(&d, 404, 0, "", -1);
		assert_null(d.w);
		world_close(&d);
	}
	open_world(&pods);
}

static void freeing_it_ends_its_request(void **state)
{
	(void)state;
	start_watching(&pods);
	kube_watch_free(d.w);
	d.w = NULL;
	assert_int_equal(d.cancelled, 1);
	assert_true(d.due < 0);
	kube_watch_free(NULL);
}

#define T(name) cmocka_unit_test_teardown(name, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(a_list_is_followed_by_a_watch_from_its_version),
		T(it_starts_by_itself_on_the_event_loop),
		T(pages_are_asked_for_until_there_are_no_more),
		T(a_watch_starts_from_the_version_of_the_first_page),
		T(selections_and_metadata_are_asked_for),
		T(a_watch_goes_on_at_once_from_the_last_version_seen),
		T(a_server_that_says_nothing_at_all_is_asked_for_a_list),
		T(an_event_seen_twice_is_told_once),
		T(a_version_that_goes_back_leads_to_a_list),
		T(versions_are_compared_as_numbers_of_any_length),
		T(versions_that_are_no_numbers_have_no_order),
		T(unknown_events_are_ignored),
		T(an_event_cut_off_by_the_end_comes_whole_the_next_time),
		T(an_answer_ends_the_error_before_its_body_comes),
		T(a_version_too_old_leads_to_a_list_after_a_while),
		T(other_errors_of_a_watch_resume_it_and_list_in_the_end),
		T(an_expired_token_begins_the_list_again),
		T(large_lists_are_asked_for_further_apart),
		T(a_missing_rule_is_named),
		T(an_unknown_token_is_tried_again_soon),
		T(the_server_says_when_to_come_again),
		T(a_resource_that_must_be_there_is_asked_for_again),
		T(what_is_optional_may_be_absent),
		T(what_was_there_is_not_gone_with_the_first_404),
		T(nothing_is_listed_unless_the_list_was_whole),
		T(a_list_that_breaks_off_is_no_list),
		T(a_page_that_fails_is_asked_for_again),
		T(a_list_ends_even_if_the_server_has_no_end),
		T(a_malformed_event_is_not_met_for_ever),
		T(an_event_between_two_failures_is_progress),
		T(nothing_is_taken_after_an_end_of_our_own),
		T(what_came_before_a_malformed_event_counts),
		T(a_request_that_cannot_be_made_is_tried_again),
		T(a_server_that_fails_for_ever_is_not_stormed),
		T(a_watch_that_lived_ends_the_back_off),
		T(a_server_that_is_back_is_asked_soon_for_what_it_forgot),
		T(where_another_is_answered_it_does_not_wait),
		T(no_wait_is_shorter_than_a_tenth_of_a_second),
		T(it_may_be_freed_by_any_of_its_callbacks),
		T(it_may_be_freed_while_it_tells_of_a_failure),
		T(freeing_it_ends_its_request),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
