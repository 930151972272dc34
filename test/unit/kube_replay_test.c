/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a real API server sent, to a watch: whole, byte by byte, cut anywhere,
 * and with the connection lost anywhere. The same objects each time, and they
 * are those that a plain reading of the JSON gives.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "kube_fake.h"
#include "kube_recorded.h"

static struct world d, wanted; /* of wanted, the objects only */
static char resource_path[1024];
static struct kube_resource resource = {
	.name = "things",
	.group = "example.com",
	.path = resource_path,
	.select = "",
};

static const struct kube_watch_state *st(void)
{
	return kube_watch_state(d.w);
}

static void open_world(const struct recorded *r)
{
	memset(&d, 0, sizeof(d));
	snprintf(resource_path, sizeof(resource_path), "%s", r->path);
	resource_path[strcspn(resource_path, "?")] = '\0';
	world_open(&d, &resource);
	world_wait(&d);
}

/* A watch from the version, of nothing so far. */
static void open_watch(const struct recorded *r, const char *version)
{
	char list[200];

	open_world(r);
	snprintf(list, sizeof(list),
		 "{\"kind\":\"List\",\"metadata\":{\"resourceVersion\":\"%s\"},"
		 "\"items\":[]}",
		 version);
	world_answer(&d, list);
	world_wait(&d);
	assert_non_null(strstr(d.call.path, "watch=true"));
}

/* The end of the recorded answer, as the transport would tell of it. */
static void end_as(const struct recorded *r)
{
	char message[64] = "";

	if (r->status != 200)
		snprintf(message, sizeof(message), "HTTP %d", r->status);
	world_end(&d, r->status, r->whole ? 0 : -EPROTO, message,
		  r->retry_after);
}

static void feed(const char *body, size_t len, size_t piece)
{
	size_t at, n;

	for (at = 0; at < len; at += n) {
		n = len - at < piece ? len - at : piece;
		assert_int_equal(world_send_n(&d, body + at, n), 0);
	}
}

static int by_name(const void *a, const void *b)
{
	return strcmp(((const struct world_object *)a)->name,
		      ((const struct world_object *)b)->name);
}

static void is_as_wanted(const char *name, const char *how, size_t at)
{
	struct world_object *a = d.objects, *b = wanted.objects;
	int i;

	if (d.n_objects != wanted.n_objects)
		fail_msg("%s, %s at %zu: %d objects, not %d", name, how, at,
			 d.n_objects, wanted.n_objects);
	qsort(a, d.n_objects, sizeof(*a), by_name);
	qsort(b, d.n_objects, sizeof(*b), by_name);
	for (i = 0; i < d.n_objects; i++)
		if (strcmp(a[i].name, b[i].name) || a[i].hash != b[i].hash ||
		    strcmp(a[i].version, b[i].version))
			fail_msg("%s, %s at %zu: %s %s is not %s %s", name, how,
				 at, a[i].name, a[i].version, b[i].name,
				 b[i].version);
}

static void want_nothing(void)
{
	free(wanted.diary);
	memset(&wanted, 0, sizeof(wanted));
	wanted.quiet = true;
}

/* ---- lists -----------------------------------------------------------------
 */

static void want_list(const struct recorded *r)
{
	cJSON *list = cJSON_Parse(r->body), *item;

	assert_non_null(list);
	want_nothing();
	cJSON_ArrayForEach (item, cJSON_GetObjectItem(list, "items"))
		world_on_object(item, &wanted);
	cJSON_Delete(list);
}

static void play_list(const struct recorded *r, size_t cut, size_t piece)
{
	open_world(r);
	d.quiet = true;
	feed(r->body, cut, piece);
	feed(r->body + cut, r->len - cut, piece);
	end_as(r);
	is_as_wanted(r->name, "cut", cut);
	assert_int_equal(st()->errors, 0);
	assert_int_equal(st()->listed, !strstr(r->body, "\"continue\":"));
	world_close(&d);
}

/* Large lists at some boundaries; kube_stream's test has them all. */
static void replay_list(struct recorded *r, void *arg)
{
	size_t at, step = r->len < 2500 ? 1 : r->len / 60 + 1;

	if (r->status != 200)
		return;
	++*(int *)arg;
	want_list(r);
	play_list(r, r->len, r->len);
	play_list(r, r->len, 1);
	for (at = 1; at < r->len; at += step)
		play_list(r, at, r->len);
}

static void recorded_lists_give_the_same_objects_however_they_come(void **state)
{
	int n = 0;

	(void)state;
	recorded_each("-list", replay_list, &n);
	assert_true(n > 50);
}

/* Nothing is swept before a list is whole. */
static void a_recorded_list_that_breaks_off_sweeps_nothing(void **state)
{
	struct recorded r;
	size_t at;

	(void)state;
	recorded_read("services-list-limit2-page1", &r);
	snprintf(r.path, sizeof(r.path), "/api/v1/services");
	for (at = 0; at < r.len; at++) {
		open_world(&r);
		d.objects[0] = (struct world_object){.name = "old"};
		d.n_objects = 1;
		if (at)
			feed(r.body, at, at);
		world_end(&d, 200, at % 2 ? 0 : -EPROTO, "", -1);
		/* (the newline at the very end is not missed) */
		assert_false(st()->listed);
		assert_non_null(world_find(&d, "old"));
		assert_int_equal(st()->errors, at + 1 < r.len || at % 2 == 0);
		world_close(&d);
	}
	free(r.body);
}

static void recorded_pages_add_up_to_the_whole_list(void **state)
{
	static const char *const kinds[] = {
		"nodes",    "pods",	      "namespaces",
		"services", "endpointslices", "networkpolicies",
	};
	struct recorded r;
	char name[100];
	size_t i;
	int page;

	(void)state;
	for (i = 0; i < sizeof(kinds) / sizeof(*kinds); i++) {
		snprintf(name, sizeof(name), "%s-list-whole", kinds[i]);
		recorded_read(name, &r);
		want_list(&r);
		free(r.body);
		for (page = 1; page == 1 || !st()->listed; page++) {
			snprintf(name, sizeof(name), "%s-list-limit2-page%d",
				 kinds[i], page);
			recorded_read(name, &r);
			if (page == 1)
				open_world(&r);
			else
				world_wait(&d);
			assert_int_equal(!!strstr(d.call.path, "continue="),
					 page > 1);
			feed(r.body, r.len, 1000);
			end_as(&r);
			free(r.body);
		}
		assert_int_equal(page, i == 1 || i == 3 ? 5 : 4);
		is_as_wanted(kinds[i], "pages", 0);
		assert_string_equal(st()->version, "256");
		world_close(&d);
	}
}

/* ---- watches ---------------------------------------------------------------
 */

/* The version that a recorded watch began at, "" if it is not one of ours:
 * those that begin with what there is are in no order. */
static void version_of(const struct recorded *r, char version[64])
{
	const char *at = strstr(r->path, "resourceVersion=");

	version[0] = '\0';
	if (r->status != 200 || !at || strstr(r->path, "sendInitialEvents") ||
	    !strstr(r->path, "watch=true") || strstr(r->body, "\"ERROR\""))
		return;
	sscanf(at, "resourceVersion=%63[0-9]", version);
	if (!strcmp(version, "0"))
		version[0] = '\0';
}

/* One line into the objects; version: what it moves it to. */
static void want_event(const char *line, size_t len, char version[64])
{
	cJSON *event = cJSON_ParseWithLength(line, len);
	cJSON *object = cJSON_GetObjectItem(event, "object");
	const char *type = world_text(event, "type");

	assert_non_null(event);
	if (!strcmp(type, "DELETED"))
		world_on_gone(object, &wanted);
	else if (strcmp(type, "BOOKMARK"))
		world_on_object(object, &wanted);
	snprintf(version, 64, "%s",
		 world_text(cJSON_GetObjectItem(object, "metadata"),
			    "resourceVersion"));
	cJSON_Delete(event);
}

static size_t line_length(const char *line)
{
	return strchr(line, '\n') + 1 - line;
}

static void want_watch(const struct recorded *r, char version[64])
{
	const char *line;

	want_nothing();
	for (line = r->body; *line; line += line_length(line))
		want_event(line, line_length(line), version);
}

static void play_watch(const struct recorded *r, size_t piece)
{
	char from[64], last[64], query[100];

	version_of(r, from);
	snprintf(last, sizeof(last), "%s", from);
	open_watch(r, from);
	d.quiet = true;
	want_watch(r, last);
	feed(r->body, r->len, piece);
	is_as_wanted(r->name, "in pieces", piece);
	assert_string_equal(st()->version, last);
	assert_int_equal(st()->errors, 0);
	d.now += 100;
	end_as(r);
	assert_true(world_wait(&d) >= 0);
	/* it goes on from there */
	assert_non_null(strstr(d.call.path, "watch=true"));
	snprintf(query, sizeof(query), "resourceVersion=%s&", last);
	assert_non_null(strstr(d.call.path, query));
	world_close(&d);
}

/* Each event by itself, in two pieces. */
static void cut_events(const struct recorded *r)
{
	char version[64], before[64];
	size_t at, len, step;
	const char *line;

	version_of(r, version);
	for (line = r->body; *line; line += len) {
		len = line_length(line);
		step = len < 600 ? 1 : len / 40;
		snprintf(before, sizeof(before), "%s", version);
		want_nothing();
		want_event(line, len, version);
		for (at = 1; at < len; at += step) {
			open_watch(r, before);
			feed(line, at, at);
			feed(line + at, len - at, len);
			is_as_wanted(r->name, "event cut", at);
			assert_string_equal(st()->version, version);
			world_close(&d);
		}
	}
}

/* The connection is lost at each byte of each event, well or badly, and what
 * was not whole is sent again. */
static void lose_events(const struct recorded *r)
{
	char version[64], wanted_version[64], query[100];
	unsigned long long told;
	const char *line;
	size_t at, len;

	version_of(r, version);
	open_watch(r, version);
	d.quiet = true;
	want_nothing();
	for (line = r->body; *line; line += len) {
		len = line_length(line);
		told = st()->events + st()->bookmarks;
		snprintf(query, sizeof(query), "resourceVersion=%s&", version);
		for (at = 0; at + 1 < len; at++) {
			if (at)
				feed(line, at, at);
			d.now += 100;
			world_end(&d, 200, at % 2 ? 0 : -ECONNRESET, "", -1);
			assert_int_equal(st()->events + st()->bookmarks, told);
			assert_true(world_wait(&d) <= 0.5);
			assert_non_null(strstr(d.call.path, query));
		}
		/* whole but for the newline: that counts */
		feed(line, len - 1, len);
		assert_int_equal(st()->events + st()->bookmarks, told + 1);
		want_event(line, len, wanted_version);
		snprintf(version, sizeof(version), "%s", wanted_version);
		assert_string_equal(st()->version, version);
		d.now += 100;
		world_end(&d, 200, -ECONNRESET, "", -1);
		world_wait(&d);
	}
	is_as_wanted(r->name, "lost", 0);
	assert_int_equal(st()->lists, 1);
	world_close(&d);
}

static void replay_watch(struct recorded *r, void *arg)
{
	static const size_t pieces[] = {1, 7, 1000, 16384, 1 << 20};
	char version[64];
	size_t i;

	version_of(r, version);
	if (!*version || !r->len)
		return;
	++*(int *)arg;
	for (i = 0; i < sizeof(pieces) / sizeof(*pieces); i++)
		play_watch(r, pieces[i]);
	cut_events(r);
	lose_events(r);
}

static void
recorded_watches_give_the_same_objects_however_they_come(void **state)
{
	int n = 0;

	(void)state;
	recorded_each("-watch", replay_watch, &n);
	assert_true(n >= 14);
}

/* ---- refusals --------------------------------------------------------------
 */

static const struct refusal {
	const char *name;
	const char *error;    /* "" : none */
	const char *next;     /* is in the next request's path */
	const char *not_next; /* and this is not */
	double least, most;   /* until then */
} refusals[] = {
	{"error-401-bad-token", "unauthorized", "limit=500", "watch", .1, 15},
	{"error-401-bad-token-watch", "unauthorized", "watch=true", "limit", .1,
	 15},
	{"error-403-anonymous",
	 "apiGroups: [\"example.com\"], resources: "
	 "[\"things\"], verbs: [\"list\"]",
	 "limit=500", "watch", 1, 2},
	{"error-403-list", "verbs: [\"list\"]", "limit=500", "watch", 1, 2},
	{"error-403-watch", "verbs: [\"watch\"]", "watch=true", "limit", 1, 2},
	{"error-404-no-such-resource", "HTTP 404", "limit=500", "watch", 1, 2},
	{"error-400-bad-continue", "HTTP 400", "limit=500", "continue", .1, 2},
	{"error-504-rv-too-large", "HTTP 504", "limit=500", "watch", 1.1, 1.5},
	{"error-503-aggregated-api", "HTTP 503", "limit=500", "watch", .1, .5},
	{"error-429-flow-control-list", "HTTP 429", "limit=500", "watch", 1.1,
	 1.5},
	{"error-429-flow-control-watch", "HTTP 429", "watch=true", "limit", 1.1,
	 1.5},
	{"error-etcd-frozen-list", "HTTP 504", "limit=500", "watch", .1, .5},
	{"pods-410-list-exact", "HTTP 410", "limit=500", "watch", .1, 2},
	{"pods-410-list-continue", "HTTP 410", "limit=500", "continue", .1, 2},
	{"nodes-410-watch-after-restart",
	 "the server says 410: too old resource version: 256 (401)",
	 "limit=500", "watch", .1, 2},
	{"pods-410-watch-resumed-after-restart", "the server says 410",
	 "limit=500", "watch", .1, 2},
	{"error-watch-rv-too-large", "ended it after", "watch=true", "limit",
	 .1, .5},
};

/* Up to the request that is then refused. */
static void ask_as(const struct recorded *r)
{
	if (strstr(r->path, "watch=true")) {
		open_watch(r, "256");
		return;
	}
	open_world(r);
	if (!strstr(r->path, "continue="))
		return;
	world_answer(&d, "{\"items\":[],\"metadata\":{\"continue\":\"x\","
			 "\"resourceVersion\":\"256\"}}");
	world_wait(&d);
	assert_non_null(strstr(d.call.path, "continue=x"));
}

static void refuse(struct recorded *r, void *arg)
{
	const struct refusal *f = arg;
	double wait;
	int ret = 0;

	if (strcmp(r->name, f->name))
		return;
	ask_as(r);
	if (r->status == 200 && r->len)
		ret = world_send_n(&d, r->body, r->len);
	if (ret)
		world_end(&d, 200, -ECANCELED, "", -1);
	else
		end_as(r);
	if (!strstr(st()->error, f->error))
		fail_msg("%s: %s", f->name, st()->error);
	assert_int_equal(st()->errors, 1);
	wait = world_wait(&d);
	if (wait < f->least || wait > f->most)
		fail_msg("%s: again after %f", f->name, wait);
	if (!strstr(d.call.path, f->next) || strstr(d.call.path, f->not_next))
		fail_msg("%s: then %s", f->name, d.call.path);
	world_close(&d);
}

static void recorded_refusals_are_understood(void **state)
{
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(refusals) / sizeof(*refusals); i++)
		assert_int_equal(recorded_each(refusals[i].name, refuse,
					       (void *)&refusals[i]) > 0,
				 1);
}

static int tear_down(void **state)
{
	(void)state;
	want_nothing();
	return 0;
}

#define T(name) cmocka_unit_test_teardown(name, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(recorded_lists_give_the_same_objects_however_they_come),
		T(a_recorded_list_that_breaks_off_sweeps_nothing),
		T(recorded_pages_add_up_to_the_whole_list),
		T(recorded_watches_give_the_same_objects_however_they_come),
		T(recorded_refusals_are_understood),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
