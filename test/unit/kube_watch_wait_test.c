/* SPDX-License-Identifier: Apache-2.0 */
/* Refusals, and how long a watch waits after each. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "kube_watch_world.h"

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
	assert_true(d.due - d.now >= 1 && d.due - d.now <= 2);
	assert_false(st()->listed);
	world_close(&d);

	open_world(&policies);
	world_wait(&d);
	world_answer(&d, LIST(META("5"), ""));
	world_wait(&d);
	world_end(&d, 403, 0, "", -1);
	says("apiGroups: [\"policy.networking.k8s.io\"], resources: "
	     "[\"clusternetworkpolicies\"], verbs: [\"watch\"]");
	assert_true(world_wait(&d) >= 1);
	assert_non_null(strstr(world_diary(&d), "watch=true"));
}

/* The rules of a new installation come seconds after its agents; where they
 * never come, nobody is to be asked all day. */
static void
a_refusal_is_asked_about_soon_at_first_then_once_a_minute(void **state)
{
	double limit = 2, wait;
	int i;

	(void)state;
	open_world(&pods);
	d.chance = -1;
	world_wait(&d);
	for (i = 0; i < 30; i++) {
		world_end(&d, 403, 0, "Forbidden", -1);
		wait = world_wait(&d);
		assert_true(wait >= limit / 2 && wait <= limit);
		limit = limit < 30 ? 2 * limit : 60;
	}
	assert_true(limit == 60);
	/* once there is a watch that lives it begins again */
	world_answer(&d, LIST(META("5"), ""));
	world_wait(&d);
	end_long_watch();
	world_wait(&d);
	world_end(&d, 403, 0, "Forbidden", -1);
	assert_true(d.due - d.now >= 1 && d.due - d.now <= 2);
}

static void a_refusal_may_say_when_to_come_again(void **state)
{
	(void)state;
	open_world(&pods);
	world_wait(&d);
	world_end(&d, 403, 0, "Forbidden", 30);
	assert_true(d.due - d.now >= 31 && d.due - d.now <= 32);
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
	assert_true(world_wait(&d) >= 1);
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
	/* asked again each minute, about, without a word */
	d.chance = -1;
	for (i = 0; i < 30; i++) {
		assert_true(d.due - d.now >= 45 && d.due - d.now <= 75);
		world_wait(&d);
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

/* Three times, over a minute or so: a server that starts, or one of several
 * that is behind, may say so once or twice. */
static void what_was_there_and_is_asked_for_often_is_gone_sooner(void **state)
{
	const struct kube_watch_pace pace = {.absent = 3};
	double began;
	int i;

	(void)state;
	open_world(&policies);
	kube_watch_set_pace(d.w, &pace);
	world_wait(&d);
	good_list();
	world_wait(&d);
	end_long_watch();
	began = d.now;
	for (i = 0; i <= WATCH_MISSING_MAX; i++) {
		assert_int_equal(d.n_objects, 1);
		world_wait(&d);
		nothing_like_it();
	}
	assert_int_equal(d.n_objects, 0);
	assert_true(d.now - began >= 3 && d.now - began <= 6);
	assert_true(d.due - d.now >= 2 && d.due - d.now <= 4);
}

/* ---- the beginning ------------------------------------------------------ */

static void the_first_request_waits_for_as_long_as_it_is_told(void **state)
{
	const struct kube_watch_pace pace = {.first = 7.5};

	(void)state;
	open_world(&pods);
	kube_watch_set_pace(d.w, &pace);
	assert_int_equal(st()->phase, KUBE_LISTING);
	assert_true(st()->retry_at == d.now + 7.5);
	assert_true(world_wait(&d) == 7.5);
	happened(LIST_PATH "\n");
	good_list();
	assert_true(world_wait(&d) == 0);
}

/* ---- storms -----------------------------------------------------------
 */

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

#define T(name) cmocka_unit_test_teardown(name, close_world)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(a_missing_rule_is_named),
		T(a_refusal_is_asked_about_soon_at_first_then_once_a_minute),
		T(a_refusal_may_say_when_to_come_again),
		T(an_unknown_token_is_tried_again_soon),
		T(the_server_says_when_to_come_again),
		T(a_resource_that_must_be_there_is_asked_for_again),
		T(what_is_optional_may_be_absent),
		T(what_was_there_is_not_gone_with_the_first_404),
		T(what_was_there_and_is_asked_for_often_is_gone_sooner),
		T(the_first_request_waits_for_as_long_as_it_is_told),
		T(a_server_that_fails_for_ever_is_not_stormed),
		T(a_watch_that_lived_ends_the_back_off),
		T(a_server_that_is_back_is_asked_soon_for_what_it_forgot),
		T(where_another_is_answered_it_does_not_wait),
		T(no_wait_is_shorter_than_a_tenth_of_a_second),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
