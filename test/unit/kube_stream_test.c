/* SPDX-License-Identifier: Apache-2.0 */
/* Objects cut out of what an API server sends, however it comes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "../../kube/stream.h"
#include "../../lib/cleanup.h"
#include "../../lib/json.h"
#include "kube_recorded.h"

enum { LIST = KUBE_STREAM_LIST, WATCH = KUBE_STREAM_WATCH };

/* What came: each object as "object\n", each member as "name=json\n"; kept, or
 * compared with what came before. */
struct seen {
	char *text;
	size_t len, room;
	int objects, members;
	int stop_at; /* return -EINTR at that object */
	const struct seen *wanted;
	bool differs;
};

static void seen_add(struct seen *s, const char *text, size_t len)
{
	const struct seen *w = s->wanted;

	if (w && !s->differs)
		s->differs = s->len + len > w->len ||
			     memcmp(w->text + s->len, text, len);
	s->len += len;
	if (w)
		return;
	if (s->len + 1 > s->room) {
		s->room = 2 * (s->len + 1);
		s->text = realloc(s->text, s->room);
	}
	memcpy(s->text + s->len - len, text, len);
	s->text[s->len] = '\0';
}

static void seen_free(struct seen *s)
{
	free(s->text);
	*s = (struct seen){0};
}

static int see_object(const char *json, size_t len, void *arg)
{
	struct seen *s = arg;

	assert_int_equal(json[len], '\0');
	seen_add(s, json, len);
	seen_add(s, "\n", 1);
	return ++s->objects == s->stop_at ? -EINTR : 0;
}

static int see_member(const char *name, const char *json, size_t len, void *arg)
{
	struct seen *s = arg;

	assert_int_equal(json[len], '\0');
	seen_add(s, name, strlen(name));
	seen_add(s, "=", 1);
	seen_add(s, json, len);
	seen_add(s, "\n", 1);
	s->members++;
	return 0;
}

static struct kube_stream *stream(int kind, struct seen *s)
{
	struct kube_stream_ops ops = {
		.object = see_object, .member = see_member, .arg = s};

	return kube_stream_new(kind, &ops);
}

/* Feed text in pieces of the size; *whole: may it end there? */
static int feed(int kind, const char *text, size_t len, size_t piece,
		struct seen *s, bool *whole)
{
	struct kube_stream *k = stream(kind, s);
	struct err e = {0};
	size_t at, n;
	int ret = 0;

	for (at = 0; at < len && !ret; at += n) {
		n = len - at < piece ? len - at : piece;
		ret = kube_stream_feed(k, text + at, n, &e);
	}
	if (ret && ret != -EINTR)
		assert_true(e.msg[0] && e.code == -ret);
	if (ret)
		assert_false(kube_stream_is_whole(k));
	*whole = kube_stream_is_whole(k);
	kube_stream_free(k);
	return ret;
}

struct case_ {
	int kind;
	const char *text;
	const char *seen;
	int ret;
	bool whole;
};

static const struct case_ cases[] = {
	{LIST,
	 "{\"kind\":\"L\",\"metadata\":{\"resourceVersion\":\"1\"},"
	 "\"items\":[{\"a\":1},{\"b\":[]}]}\n",
	 "kind=\"L\"\nmetadata={\"resourceVersion\":\"1\"}\n{\"a\":1}\n"
	 "{\"b\":[]}\n",
	 0, true},
	/* after the items, and with white space anywhere */
	{LIST,
	 " \t\r\n{ \"items\" : [ { } , {\"a\" : 1 } ] , "
	 "\"metadata\" : { } , \"x\" : true } \n",
	 "{ }\n{\"a\" : 1 }\nmetadata={ }\nx=true\n", 0, true},
	{LIST,
	 "{\"items\":[],\"n\":-1.5e+3,\"o\":null,\"t\":\"]}\\\"\","
	 "\"a\":[1,[2]]}",
	 "n=-1.5e+3\no=null\nt=\"]}\\\"\"\na=[1,[2]]\n", 0, true},
	{LIST, "{\"items\":null}", "", 0, true},
	{LIST, "{\"items\":nul}", "", -EPROTO, false},
	{LIST, "{\"items\":nulll}", "", -EPROTO, false},
	/* no list at all: that is not an empty one */
	{LIST, "{\"kind\":\"Status\",\"code\":500}",
	 "kind=\"Status\"\ncode=500\n", 0, false},
	{LIST, "{}", "", 0, false},
	{LIST, "", "", 0, false},
	{LIST, "{\"items\":[]", "", 0, false},
	{LIST, "{\"items\":[{\"a\":1}", "{\"a\":1}\n", 0, false},
	{LIST, "{\"items\":[{\"a\":1}]", "{\"a\":1}\n", 0, false},
	{LIST, "{\"items\":[],}", "", -EPROTO, false},
	{LIST, "{\"items\":[{},]}", "{}\n", -EPROTO, false},
	{LIST, "{\"items\":[{} {}]}", "{}\n", -EPROTO, false},
	{LIST, "{\"items\":[1]}", "", -EPROTO, false},
	{LIST, "{\"items\":[null]}", "", -EPROTO, false},
	{LIST, "{\"items\":{}}", "", -EPROTO, false},
	{LIST, "{\"items\":[],\"items\":[{}]}", "", -EPROTO, false},
	{LIST, "{\"items\":[]}{", "", -EPROTO, false},
	{LIST, "{\"items\":[]}x", "", -EPROTO, false},
	{LIST, "{\"a\" \"b\"}", "", -EPROTO, false},
	{LIST, "{\"a\":}", "", -EPROTO, false},
	{LIST, "{,}", "", -EPROTO, false},
	{LIST, "[]", "", -EPROTO, false},
	{LIST, "<html>502 Bad Gateway</html>", "", -EPROTO, false},
	{LIST, "{\"a\":[1}", "", -EPROTO, false},
	{LIST, "{\"a\":{1]", "", -EPROTO, false},
	{LIST, "{\"a\":\"\n\"}", "", -EPROTO, false},
	{LIST, "{\"a\":12\x01}", "a=12\n", -EPROTO, false},
	{WATCH, "", "", 0, true},
	{WATCH, "\n\n", "", 0, true},
	{WATCH, "{\"a\":1}\n{\"b\":2}{\"c\":3}\r\n",
	 "{\"a\":1}\n{\"b\":2}\n{\"c\":3}\n", 0, true},
	/* brackets, quotes and backslashes within strings */
	{WATCH, "{\"a\":\"}\"}{\"b\":\"\\\"}\"}{\"c\":\"\\\\\"}{\"d\":\"[{\"}",
	 "{\"a\":\"}\"}\n{\"b\":\"\\\"}\"}\n{\"c\":\"\\\\\"}\n"
	 "{\"d\":\"[{\"}\n",
	 0, true},
	{WATCH, "{\"a\":\"\xc3\xa9\xe2\x82\xac\"}",
	 "{\"a\":\"\xc3\xa9\xe2\x82\xac\"}\n", 0, true},
	{WATCH, "{\"a\":1}\n{\"b\":", "{\"a\":1}\n", 0, false},
	{WATCH, "{\"a\":1", "", 0, false},
	{WATCH, "{\"a\":\"", "", 0, false},
	{WATCH, "{\"a\":1}}", "{\"a\":1}\n", -EPROTO, false},
	{WATCH, "{\"a\":1},{\"b\":1}", "{\"a\":1}\n", -EPROTO, false},
	{WATCH, "{\"a\":[}]", "", -EPROTO, false},
	{WATCH, "{\"a\":\"\\\x01\"}", "", -EPROTO, false},
	{WATCH, "[]", "", -EPROTO, false},
	{WATCH, "null", "", -EPROTO, false},
	{WATCH, "\"x\"", "", -EPROTO, false},
	{WATCH, "\xef\xbb\xbf{}", "", -EPROTO, false},
};

static void values_are_cut_out_in_pieces_of_any_size(void **state)
{
	struct seen s;
	size_t i, piece, len;
	bool whole;
	int ret;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		len = strlen(cases[i].text);
		for (piece = 1; piece <= len + 1; piece++) {
			s = (struct seen){0};
			ret = feed(cases[i].kind, cases[i].text, len, piece, &s,
				   &whole);
			if (ret != cases[i].ret || whole != cases[i].whole ||
			    strcmp(s.text ? s.text : "", cases[i].seen))
				fail_msg("%s by %zu: %d, whole %d, seen:\n%s",
					 cases[i].text, piece, ret, whole,
					 s.text ? s.text : "");
			seen_free(&s);
		}
	}
}

static void a_nul_byte_is_refused_wherever_it_is(void **state)
{
	static const char text[] =
		"{\"k\":\"v\",\"n\":12,\"items\":[{\"a\":1}]}";
	size_t at, len = sizeof(text) - 1;
	char bad[sizeof(text) + 1];
	struct seen s;
	bool whole;

	(void)state;
	for (at = 0; at <= len; at++) {
		memcpy(bad, text, at);
		bad[at] = '\0';
		memcpy(bad + at + 1, text + at, len - at);
		s = (struct seen){0};
		assert_int_equal(feed(LIST, bad, len + 1, 7, &s, &whole),
				 -EPROTO);
		seen_free(&s);
	}
}

static void the_receiver_can_stop_it(void **state)
{
	struct seen s = {.stop_at = 2};
	struct kube_stream *k = stream(WATCH, &s);
	struct err e;

	(void)state;
	assert_int_equal(kube_stream_feed(k, "{}{}{}", 6, &e), -EINTR);
	assert_int_equal(s.objects, 2);
	/* and then it is over */
	assert_int_equal(kube_stream_feed(k, "{}", 2, &e), -EPROTO);
	assert_int_equal(s.objects, 2);
	assert_false(kube_stream_is_whole(k));
	kube_stream_free(k);
	seen_free(&s);
}

/* {"a":"xxxx..."} of len bytes in all */
static char *large(size_t len)
{
	char *text = malloc(len + 1);

	memset(text, 'x', len);
	memcpy(text, "{\"a\":\"", 6);
	memcpy(text + len - 2, "\"}", 3);
	return text;
}

static void an_object_has_a_largest_size(void **state)
{
	char *text = large(KUBE_OBJECT_MAX + 1);
	struct seen s = {0};
	bool whole;

	(void)state;
	assert_int_equal(
		feed(WATCH, text, KUBE_OBJECT_MAX + 1, 100000, &s, &whole),
		-E2BIG);
	assert_int_equal(s.objects, 0);
	free(text);

	text = large(KUBE_OBJECT_MAX);
	assert_int_equal(feed(WATCH, text, KUBE_OBJECT_MAX, 100000, &s, &whole),
			 0);
	assert_int_equal(s.objects, 1);
	seen_free(&s);
	free(text);
}

/* 1.5 MiB in etcd, nothing but "<": what a user may put into a Pod must not
 * stop the list that it is in. */
static void the_largest_object_of_a_cluster_is_taken(void **state)
{
	size_t n = 1536 << 10, len = 6 + 6 * n + 2;
	__cleanup(json_free) cJSON *json = NULL;
	char *text = large(len);
	struct seen s = {0};
	struct err e = {0};
	bool whole;

	(void)state;
	for (size_t i = 0; i < n; i++)
		memcpy(text + 6 + 6 * i, "\\u003c", 6);
	assert_int_equal(feed(WATCH, text, len, 100000, &s, &whole), 0);
	assert_int_equal(s.objects, 1);
	assert_int_equal(json_parse("it", text, len, &json, &e), 0);
	assert_int_equal(strlen(json->child->valuestring), n);
	seen_free(&s);
	free(text);
}

static void an_object_has_a_largest_depth(void **state)
{
	char text[2 * KUBE_DEPTH_MAX + 16] = "{\"a\":";
	struct seen s = {0};
	bool whole;
	int i;

	(void)state;
	for (i = 1; i < KUBE_DEPTH_MAX; i++)
		strcat(text, "[");
	for (i = 1; i < KUBE_DEPTH_MAX; i++)
		strcat(text, "]");
	strcat(text, "}");
	assert_int_equal(feed(WATCH, text, strlen(text), 9, &s, &whole), 0);
	assert_int_equal(s.objects, 1);
	memset(text + 5, '[', KUBE_DEPTH_MAX);
	assert_int_equal(feed(WATCH, text, strlen(text), 9, &s, &whole),
			 -E2BIG);
	assert_int_equal(s.objects, 1);
	seen_free(&s);
}

static void a_member_has_a_longest_name(void **state)
{
	char text[1000] = "{\"";
	struct seen s = {0};
	bool whole;

	(void)state;
	memset(text + 2, 'n', 500);
	strcpy(text + 502, "\":1,\"items\":[]}");
	assert_int_equal(feed(LIST, text, strlen(text), 50, &s, &whole),
			 -E2BIG);
	seen_free(&s);
}

/* ---- what a real server sent ---------------------------------------------*/

static int kind_of(const struct recorded *r)
{
	return strstr(r->path, "watch=true") ? WATCH : LIST;
}

static void is_the_same(const struct seen *s, const char *name, size_t at)
{
	if (s->differs || s->len != s->wanted->len)
		fail_msg("%s: cut at %zu it is something else", name, at);
}

static void all_is_json(struct seen *s)
{
	char *line, *next, *json;
	struct err e;
	cJSON *value;

	for (line = s->text; line && *line; line = next) {
		next = strchr(line, '\n');
		*next++ = '\0';
		json = *line == '{' ? line : strchr(line, '=') + 1;
		if (json_parse("recorded", json, strlen(json), &value, &e))
			fail_msg("%s", e.msg);
		cJSON_Delete(value);
	}
}

/* A list is cut anew for each boundary. */
static void cut_list(const struct recorded *r, const struct seen *whole)
{
	struct kube_stream *k;
	struct seen s;
	struct err e;
	size_t at;

	for (at = 1; at < r->len; at++) {
		s = (struct seen){.wanted = whole};
		k = stream(LIST, &s);
		assert_int_equal(kube_stream_feed(k, r->body, at, &e), 0);
		assert_false(kube_stream_is_whole(k) && at + 1 < r->len);
		assert_int_equal(
			kube_stream_feed(k, r->body + at, r->len - at, &e), 0);
		assert_true(kube_stream_is_whole(k));
		kube_stream_free(k);
		is_the_same(&s, r->name, at);
	}
}

/* Between two events a stream is as new: so each event by itself, a line, is
 * cut at each boundary. */
static void cut_watch(const struct recorded *r)
{
	const char *line, *end;
	struct kube_stream *k;
	struct seen s, whole;
	size_t at, len;
	struct err e;
	bool ends;

	for (line = r->body; *line; line = end) {
		end = strchr(line, '\n') + 1;
		len = end - line;
		whole = (struct seen){0};
		assert_int_equal(feed(WATCH, line, len, len, &whole, &ends), 0);
		assert_int_equal(whole.objects, 1);
		for (at = 1; at < len; at++) {
			s = (struct seen){.wanted = &whole};
			k = stream(WATCH, &s);
			assert_int_equal(kube_stream_feed(k, line, at, &e), 0);
			assert_int_equal(kube_stream_is_whole(k),
					 at + 1 >= len);
			assert_int_equal(
				kube_stream_feed(k, line + at, len - at, &e),
				0);
			assert_true(kube_stream_is_whole(k));
			kube_stream_free(k);
			is_the_same(&s, r->name, at);
		}
		seen_free(&whole);
	}
}

static void replay(struct recorded *r, void *arg)
{
	static const size_t pieces[] = {1, 2, 3, 7, 64, 1000, 4096, 16384};
	struct seen whole = {0}, s;
	bool ends;
	size_t i;

	if (r->status != 200)
		return;
	++*(int *)arg;
	assert_int_equal(
		feed(kind_of(r), r->body, r->len, r->len + 1, &whole, &ends),
		0);
	assert_true(ends);
	for (i = 0; i < sizeof(pieces) / sizeof(*pieces); i++) {
		s = (struct seen){.wanted = &whole};
		assert_int_equal(
			feed(kind_of(r), r->body, r->len, pieces[i], &s, &ends),
			0);
		assert_true(ends);
		is_the_same(&s, r->name, pieces[i]);
	}
	if (kind_of(r) == WATCH)
		cut_watch(r);
	else if (r->len < 5000 || !strcmp(r->name, "cluster-pods-list"))
		cut_list(r, &whole);
	all_is_json(&whole);
	seen_free(&whole);
}

static void recorded_lists_are_the_same_however_they_are_cut(void **state)
{
	int n = 0;

	(void)state;
	recorded_each("-list", replay, &n);
	assert_true(n > 50);
}

static void recorded_watches_are_the_same_however_they_are_cut(void **state)
{
	int n = 0;

	(void)state;
	recorded_each("-watch", replay, &n);
	assert_true(n > 25);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(values_are_cut_out_in_pieces_of_any_size),
		cmocka_unit_test(a_nul_byte_is_refused_wherever_it_is),
		cmocka_unit_test(the_receiver_can_stop_it),
		cmocka_unit_test(an_object_has_a_largest_size),
		cmocka_unit_test(the_largest_object_of_a_cluster_is_taken),
		cmocka_unit_test(an_object_has_a_largest_depth),
		cmocka_unit_test(a_member_has_a_longest_name),
		cmocka_unit_test(
			recorded_lists_are_the_same_however_they_are_cut),
		cmocka_unit_test(
			recorded_watches_are_the_same_however_they_are_cut),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
