/* SPDX-License-Identifier: Apache-2.0 */
/* Lists and watches of one resource, against a server that the test plays. */
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

/* ---- silence ------------------------------------------------------------ */

/* Restored from a backup, it is behind us and has nothing to say. */
static void a_silent_server_that_is_behind_is_asked_for_a_list(void **state)
{
	(void)state;
	start_watching(&pods);
	d.now += 450;
	world_end_well(&d);
	assert_true(world_wait(&d) == 0);
	happened(CHECK_PATH "\n");
	assert_int_equal(st()->phase, KUBE_WATCHING);
	world_answer(&d, LIST(NEXT("3", "x"), POD("a", "2")));
	happened("");
	assert_true(world_wait(&d) <= 1);
	happened(LIST_PATH "\n");
	world_answer(&d, LIST(META("3"), POD("a", "2")));
	world_wait(&d);
	happened("listing\nobject blue/a 2\nlisted\n" WATCH_PATH("3") "\n");
	assert_int_equal(st()->relists, 1);
	/* and so is one whose version cannot be compared */
	d.now += 450;
	world_end_well(&d);
	world_wait(&d);
	world_answer(&d, LIST(META("x7"), ""));
	world_wait(&d);
	happened(CHECK_PATH "\n" LIST_PATH "\n");
}

/* A real one ends each watch soon that is from a version it has yet to reach.
 */
static void
a_server_that_ends_watches_at_once_is_asked_where_it_is(void **state)
{
	int i;

	(void)state;
	start_watching(&pods);
	for (i = 1; i < WATCH_STUCK_MAX; i++) {
		close_watch();
		world_wait(&d);
		happened(WATCH_PATH("5") "\n");
	}
	close_watch();
	assert_true(world_wait(&d) >= 0.1);
	happened(CHECK_PATH "\n");
	world_answer(&d, LIST(META("4"), ""));
	world_wait(&d);
	happened(LIST_PATH "\n");
}

/* Nothing that it says is taken: what came since the watch has ended is told
 * by the next one, from where the last was. */
static void a_silent_server_with_nothing_to_say_is_watched_on(void **state)
{
	static const char *const answers[] = {
		LIST(META("5"), POD("a", "4")),
		LIST(NEXT("900", "x"), POD("b", "899")),
		LIST(META("900"), ""),
	};
	size_t i;

	(void)state;
	start_watching(&pods);
	for (i = 0; i < 3; i++) {
		d.now += 450;
		world_end_well(&d);
		world_wait(&d);
		assert_string_equal(
			d.call.accept,
			"application/json;as=PartialObjectMetadataList;"
			"g=meta.k8s.io;v=v1,application/json");
		world_answer(&d, answers[i]);
		assert_true(world_wait(&d) == 0);
		happened(CHECK_PATH "\n" WATCH_PATH("5") "\n");
	}
	assert_int_equal(st()->lists, 1);
	assert_int_equal(st()->checks, 3);
	assert_string_equal(st()->error, "");
	assert_true(st()->connected > 0);
}

static void a_check_that_fails_is_no_reason_for_a_list(void **state)
{
	static void (*const ends[])(void) = {refuse, too_many, break_down,
					     unknown_us};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(ends) / sizeof(*ends); i++) {
		start_watching(&pods);
		d.now += 450;
		world_end_well(&d);
		world_wait(&d);
		ends[i]();
		says("list pods: ");
		assert_true(world_wait(&d) >= 0.1);
		happened(CHECK_PATH "\n" WATCH_PATH("5") "\n");
		world_close(&d);
	}
	/* nor is an answer that is none */
	for (i = 0; i < 3; i++) {
		start_watching(&pods);
		d.now += 450;
		world_end_well(&d);
		world_wait(&d);
		world_answer(&d, i == 0	  ? "{\"kind\":\"Status\"}"
				 : i == 1 ? "{\"items\":[]}"
					  : LIST(META(""), ""));
		says("list pods: ");
		assert_true(world_wait(&d) >= 0.1);
		happened(CHECK_PATH "\n" WATCH_PATH("5") "\n");
		world_close(&d);
	}
	open_world(&pods);
}

/* ---- what cannot be read ------------------------------------------------ */

#define UNREADABLE(name, v)                                                    \
	"{\"metadata\":{\"name\":\"" name                                      \
	"\",\"namespace\":\"blue\",\"resourceVersion\":\"" v                   \
	"\"},\"spec\":{\"a\":tru}}"

static void an_object_that_cannot_be_read_does_not_stop_the_others(void **state)
{
	(void)state;
	start_watching(&pods);
	gone_by_event();
	world_wait(&d);
	world_diary(&d);
	world_answer(&d, LIST(META("9"), POD("b", "7") "," UNREADABLE(
						 "a", "8") "," POD("c", "9")));
	happened("listing\nobject blue/b 7\n"
		 "unreadable blue/a: an item:1: not valid JSON\n"
		 "object blue/c 9\nlisted\n");
	assert_int_equal(d.n_objects, 3);
	world_wait(&d);
	world_diary(&d);
	world_send(&d, EVENT("MODIFIED", UNREADABLE("b", "10")));
	world_send(&d, EVENT("DELETED", UNREADABLE("c", "11")));
	happened("unreadable blue/b: an event:1: not valid JSON\n"
		 "gone blue/c 11\n");
	assert_string_equal(st()->version, "11");
	assert_string_equal(st()->error, "");
}

/* In pieces, as it comes from a connection. */
static void send_large(const char *before, const char *after)
{
	size_t size = 1 << 20;
	char *piece = malloc(size);

	memset(piece, 'x', size);
	assert_int_equal(world_send(&d, before), 0);
	for (int i = 0; i < 17; i++)
		assert_int_equal(world_send_n(&d, piece, size), 0);
	assert_int_equal(world_send(&d, after), 0);
	free(piece);
}

#define LARGE_BEFORE(name, v)                                                  \
	"{\"kind\":\"Pod\",\"metadata\":{\"name\":\"" name                     \
	"\",\"namespace\":\"blue\",\"resourceVersion\":\"" v                   \
	"\",\"annotations\":{\"a\":\""

static void an_object_that_is_too_large_is_skipped_by_name(void **state)
{
	(void)state;
	open_world(&pods);
	world_wait(&d);
	world_diary(&d);
	send_large("{\"kind\":\"PodList\"," META(
			   "9") ",\"items\":[" LARGE_BEFORE("a", "4"),
		   "\"}}}," POD("b", "5") "]}");
	world_end_well(&d);
	happened("listing\nunreadable blue/a: more than 16 MiB\n"
		 "object blue/b 5\nlisted\n");
	world_wait(&d);
	world_diary(&d);
	send_large("{\"type\":\"ADDED\",\"object\":" LARGE_BEFORE("c", "10"),
		   "\"}}}}" EVENT("ADDED", POD("e", "11")));
	happened("unreadable blue/c: more than 16 MiB\nobject blue/e 11\n");
	send_large("{\"type\":\"DELETED\",\"object\":" LARGE_BEFORE("e", "12"),
		   "\"}}}}");
	happened("gone blue/e 12\n");
	assert_string_equal(st()->version, "12");
}

/* Without a name nobody can say what the list does not have. */
static void an_object_too_large_to_have_a_name_stops_the_list(void **state)
{
	(void)state;
	start_watching(&pods);
	gone_by_event();
	world_wait(&d);
	world_diary(&d);
	send_large("{\"kind\":\"PodList\"," META("9") ",\"items\":[{\"a\":\"",
		   "");
	assert_int_not_equal(world_send(&d, "\"}]}"), 0);
	world_end(&d, 200, -ECANCELED, "stopped", -1);
	happened("");
	says("list pods: more than 16 MiB");
	assert_int_equal(d.n_objects, 1);
	assert_true(world_wait(&d) >= 0.1);
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

/* ---- freed by its own callbacks --------------------------------------------
 */

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

#define T(name) cmocka_unit_test_teardown(name, close_world)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(a_list_is_followed_by_a_watch_from_its_version),
		T(it_starts_by_itself_on_the_event_loop),
		T(pages_are_asked_for_until_there_are_no_more),
		T(a_watch_starts_from_the_version_of_the_first_page),
		T(selections_and_metadata_are_asked_for),
		T(a_watch_goes_on_at_once_from_the_last_version_seen),
		T(a_silent_server_that_is_behind_is_asked_for_a_list),
		T(a_server_that_ends_watches_at_once_is_asked_where_it_is),
		T(a_silent_server_with_nothing_to_say_is_watched_on),
		T(a_check_that_fails_is_no_reason_for_a_list),
		T(an_object_that_cannot_be_read_does_not_stop_the_others),
		T(an_object_that_is_too_large_is_skipped_by_name),
		T(an_object_too_large_to_have_a_name_stops_the_list),
		T(an_event_seen_twice_is_told_once),
		T(a_version_that_goes_back_leads_to_a_list),
		T(versions_are_compared_as_numbers_of_any_length),
		T(versions_that_are_no_numbers_have_no_order),
		T(unknown_events_are_ignored),
		T(an_event_cut_off_by_the_end_comes_whole_the_next_time),
		T(an_answer_ends_the_error_before_its_body_comes),
		T(it_may_be_freed_by_any_of_its_callbacks),
		T(it_may_be_freed_while_it_tells_of_a_failure),
		T(freeing_it_ends_its_request),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
