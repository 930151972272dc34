/* SPDX-License-Identifier: Apache-2.0 */
/* What is too old, and what is no list: against a server that the test plays.
 */
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

#define T(name) cmocka_unit_test_teardown(name, close_world)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(a_version_too_old_leads_to_a_list_after_a_while),
		T(other_errors_of_a_watch_resume_it_and_list_in_the_end),
		T(an_expired_token_begins_the_list_again),
		T(large_lists_are_asked_for_further_apart),
		T(nothing_is_listed_unless_the_list_was_whole),
		T(a_list_that_breaks_off_is_no_list),
		T(a_page_that_fails_is_asked_for_again),
		T(a_list_ends_even_if_the_server_has_no_end),
		T(a_malformed_event_is_not_met_for_ever),
		T(an_event_between_two_failures_is_progress),
		T(nothing_is_taken_after_an_end_of_our_own),
		T(what_came_before_a_malformed_event_counts),
		T(a_request_that_cannot_be_made_is_tried_again),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
