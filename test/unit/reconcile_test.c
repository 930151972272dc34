/* SPDX-License-Identifier: Apache-2.0 */
/* From what a map holds to what it should hold, and nothing more than that. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <errno.h>
#include <cmocka.h>

#include "../../agent/changes.h"
#include "../../agent/entries.h"
#include "../../agent/problems.h"

/* Keys and values are a byte each: "a1b2" is a -> 1, b -> 2. */
static struct entries have, want;
static char written[64]; /* what was done: "+a1", "-b", in order */
static struct changes changes;
static int marks;

static void fill(struct entries *e, const char *text)
{
	entries_free(e);
	for (; *text; text += 2)
		entries_add(e, text, text + 1);
	entries_sort(e);
}

static int set_up(void **state)
{
	(void)state;
	entries_init(&have, 1, 1);
	entries_init(&want, 1, 1);
	memset(&changes, 0, sizeof(changes));
	written[0] = 0;
	marks = 0;
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	entries_free(&have);
	entries_free(&want);
	return 0;
}

static int update(const void *key, const void *value, void *arg)
{
	(void)arg;
	if (*(const char *)key == 'x')
		return -E2BIG;
	strcat(written, "+");
	strncat(written, key, 1);
	strncat(written, value, 1);
	return 0;
}

static int remove_key(const void *key, void *arg)
{
	(void)arg;
	strcat(written, "-");
	strncat(written, key, 1);
	return 0;
}

static void mark(void *arg)
{
	(void)arg;
	assert_string_equal(written, ""); /* before anything is done */
	marks++;
}

static void apply(const char *from, const char *to,
		  const struct changes_policy *p)
{
	fill(&have, from);
	fill(&want, to);
	changes_apply(p, &have, &want, &changes);
}

#define POLICY(...)                                                            \
	(&(struct changes_policy){.update = update,                            \
				  .remove = remove_key,                        \
				  .before_raise = mark,                        \
				  __VA_ARGS__})

/* ---- entries -------------------------------------------------------- */

static void entries_are_found_however_they_were_added(void **state)
{
	(void)state;
	fill(&have, "d4a1c3b2e5");
	for (const char *key = "abcde"; *key; key++)
		assert_int_equal(*(char *)entries_find(&have, key),
				 *key - 'a' + '1');
	assert_null(entries_find(&have, "f"));
	assert_null(entries_find(&have, "A"));
	fill(&have, "");
	assert_null(entries_find(&have, "a"));
}

static bool prefer_nine(const void *key, const void *first, const void *second,
			void *arg)
{
	(void)key;
	(void)first;
	(void)arg;
	return *(const char *)second == '9';
}

static void one_of_equal_keys_remains(void **state)
{
	(void)state;
	fill(&have, "a1b2a1a9b3c4");
	entries_unique(&have, prefer_nine, NULL);
	assert_int_equal(have.n, 3);
	assert_int_equal(*(char *)entries_find(&have, "a"), '9');
	assert_int_equal(*(char *)entries_find(&have, "b"), '2');
	entries_unique(&have, NULL, NULL);
	assert_int_equal(have.n, 3);
}

/* ---- changes -------------------------------------------------------- */

static void only_the_difference_is_written(void **state)
{
	(void)state;
	apply("a1b2c3", "a1b9d4", POLICY(.sweep = true));
	assert_string_equal(written, "+b9-c+d4");
	assert_int_equal(changes.added, 1);
	assert_int_equal(changes.changed, 1);
	assert_int_equal(changes.removed, 1);
	assert_true(changes.raise);
}

static void a_map_that_is_right_is_left_alone(void **state)
{
	(void)state;
	apply("a1b2", "b2a1", POLICY(.sweep = true));
	assert_string_equal(written, "");
	assert_false(changes.raise);
	assert_int_equal(marks, 0);
	apply("", "", POLICY(.sweep = true));
	assert_string_equal(written, "");
}

static void nothing_is_removed_before_every_source_has_spoken(void **state)
{
	(void)state;
	apply("a1b2c3", "a9d4", POLICY(.sweep = false));
	assert_string_equal(written, "+a9+d4");
	assert_int_equal(changes.kept, 2);
	assert_int_equal(changes.removed, 0);
}

static void an_empty_list_removes_nothing_without_a_sweep(void **state)
{
	(void)state;
	apply("a1b2c3", "", POLICY(.sweep = false));
	assert_string_equal(written, "");
	assert_false(changes.raise);
	assert_int_equal(changes.kept, 3);
}

static bool not_b(const void *key, const void *have_value,
		  const void *want_value, void *arg)
{
	(void)have_value;
	(void)want_value;
	(void)arg;
	return *(const char *)key != 'b';
}

static void what_is_not_allowed_right_now_is_left(void **state)
{
	(void)state;
	apply("a1b2", "", POLICY(.sweep = true, .allowed = not_b));
	assert_string_equal(written, "-a");
	assert_int_equal(changes.kept, 1);
	written[0] = 0;
	apply("b1", "b2", POLICY(.sweep = true, .allowed = not_b));
	assert_string_equal(written, "");
}

static bool not_for_additions(const void *have_value, const void *want_value)
{
	(void)want_value;
	return have_value;
}

static void what_cannot_change_a_decision_does_not_raise_the_epoch(void **state)
{
	(void)state;
	apply("a1", "a1b2", POLICY(.raises = not_for_additions));
	assert_string_equal(written, "+b2");
	assert_false(changes.raise);
	assert_int_equal(marks, 0);
}

static void a_batch_raises_the_epoch_once_and_marks_it_before(void **state)
{
	(void)state;
	apply("a1b2c3", "a2b3c4", POLICY(.sweep = true));
	assert_true(changes.raise);
	assert_int_equal(marks, 1);
	written[0] = 0;
	apply("a1", "a2",
	      POLICY(.sweep = true)); /* the next map of the batch */
	assert_int_equal(marks, 1);
	assert_int_equal(changes.changed, 4);
}

static void one_failure_does_not_stop_the_others(void **state)
{
	(void)state;
	apply("", "a1x2z3", POLICY(.sweep = true));
	assert_string_equal(written, "+a1+z3");
	assert_int_equal(changes.failed, 1);
	assert_int_equal(changes.error, -E2BIG);
	assert_int_equal(changes.added, 2);
}

/* ---- problems ------------------------------------------------------- */

static void problems_take_the_place_of_those_before(void **state)
{
	struct problems before = {0}, now = {0};

	(void)state;
	problems_add(&before, "%s", "old");
	problems_add(&now, "new %d", 1);
	assert_false(problems_equal(&before, &now));
	problems_report(&before, &now);
	assert_int_equal(before.n, 1);
	assert_string_equal(before.items[0], "new 1");
	assert_int_equal(now.n, 0);
	problems_free(&before);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(entries_are_found_however_they_were_added),
		TEST(one_of_equal_keys_remains),
		TEST(only_the_difference_is_written),
		TEST(a_map_that_is_right_is_left_alone),
		TEST(nothing_is_removed_before_every_source_has_spoken),
		TEST(an_empty_list_removes_nothing_without_a_sweep),
		TEST(what_is_not_allowed_right_now_is_left),
		TEST(what_cannot_change_a_decision_does_not_raise_the_epoch),
		TEST(a_batch_raises_the_epoch_once_and_marks_it_before),
		TEST(one_failure_does_not_stop_the_others),
		TEST(problems_take_the_place_of_those_before),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
