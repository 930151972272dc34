/* SPDX-License-Identifier: Apache-2.0 */
/* Lists of entries are sorted and searched the same, however they came. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "../../agent/entries.h"

struct key {
	unsigned char bytes[6];
};

enum { MANY = 3000 };

static struct entries list;

static int tear_down(void **state)
{
	(void)state;
	entries_free(&list);
	return 0;
}

static struct key key_of(unsigned int first, unsigned int rest)
{
	return (struct key){{first, rest >> 24, rest >> 16, rest >> 8, rest}};
}

static void add(unsigned int first, unsigned int rest, int value)
{
	struct key k = key_of(first, rest);

	entries_add(&list, &k, &value);
}

static int compare(const void *a, const void *b)
{
	return memcmp(a, b, sizeof(struct key) + sizeof(int));
}

/* Sorts a copy in the plainest way, and looks up all that is there. */
static void check(void)
{
	size_t size = list.n * (sizeof(struct key) + sizeof(int));
	char *want = malloc(size + 1);

	memcpy(want, list.data, size);
	qsort(want, list.n, sizeof(struct key) + sizeof(int), compare);
	entries_sort(&list);
	assert_memory_equal(list.data, want, size);
	free(want);
	entries_unique(&list, NULL, NULL);
	for (size_t i = 0; i < list.n; i++)
		assert_ptr_equal(entries_find(&list, entries_key(&list, i)),
				 entries_value(&list, i));
	for (size_t i = list.n; i--;)
		assert_ptr_equal(entries_find(&list, entries_key(&list, i)),
				 entries_value(&list, i));
	for (size_t i = 0; i < list.n; i++) {
		size_t at = (i * 1009 + 7) % list.n;

		assert_ptr_equal(entries_find(&list, entries_key(&list, at)),
				 entries_value(&list, at));
	}
}

static void begin(void)
{
	entries_free(&list);
	entries_init(&list, sizeof(struct key), sizeof(int));
}

/* ---- sorting and looking up ----------------------------------------- */

static void what_comes_in_any_order_is_sorted_and_found(void **state)
{
	(void)state;
	for (unsigned int seed = 1; seed <= 20; seed++) {
		begin();
		srand(seed);
		for (int i = 0; i < MANY; i++)
			add(rand() % (1 + seed * 10), rand() % MANY, rand());
		check();
	}
}

static void what_is_in_order_stays_as_it_is(void **state)
{
	(void)state;
	begin();
	for (int i = 0; i < MANY; i++)
		add(i / 100, i, i);
	check();
	assert_int_equal(list.n, MANY);
}

/* As prefixes in the order of addresses: of several lengths, mixed. */
static void what_is_in_order_but_for_its_first_byte(void **state)
{
	(void)state;
	begin();
	srand(5);
	for (int i = 0; i < MANY; i++)
		add(i % 23 ? 128 : 120, i, i);
	check();
	assert_int_equal(list.n, MANY);
}

/* As a list that another one was appended to. */
static void two_lists_in_order_become_one(void **state)
{
	(void)state;
	for (int split = 0; split <= 100; split += 10) {
		begin();
		for (int i = 0; i < MANY; i++)
			if (i % 100 < split)
				add(128, i * 7, i);
		for (int i = 0; i < MANY; i++)
			if (i % 100 >= split)
				add(128, i * 7, i);
		check();
		assert_int_equal(list.n, MANY);
	}
}

static void equal_keys_are_sorted_by_their_values(void **state)
{
	(void)state;
	begin();
	for (int i = 0; i < 100; i++)
		add(1, i % 10, (i * 37 % 100) << 24);
	entries_sort(&list);
	for (size_t i = 1; i < list.n; i++)
		assert_true(compare(entries_key(&list, i - 1),
				    entries_key(&list, i)) <= 0);
	check();
	assert_int_equal(list.n, 10);
}

static void what_is_not_there_is_not_found(void **state)
{
	struct key k = key_of(1, 1);

	(void)state;
	begin();
	assert_null(entries_find(&list, &k));
	for (int i = 0; i < MANY; i++)
		add(i % 3, i * 2, i);
	entries_sort(&list);
	for (int i = 0; i < MANY; i++) {
		k = key_of(i % 3, i * 2 + 1);
		assert_null(entries_find(&list, &k));
		k = key_of(i % 3, i * 2);
		assert_non_null(entries_find(&list, &k));
	}
	k = key_of(255, 0);
	assert_null(entries_find(&list, &k));
	k = key_of(0, 1);
	assert_null(entries_find(&list, &k));
	/* fewer than where the last one was found */
	list.n = 1;
	k = key_of(2, MANY);
	assert_null(entries_find(&list, &k));
}

#define TEST(name) cmocka_unit_test_teardown(name, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(what_comes_in_any_order_is_sorted_and_found),
		TEST(what_is_in_order_stays_as_it_is),
		TEST(what_is_in_order_but_for_its_first_byte),
		TEST(two_lists_in_order_become_one),
		TEST(equal_keys_are_sorted_by_their_values),
		TEST(what_is_not_there_is_not_found),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
