/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <locale.h>
#include <stdlib.h>
#include <string.h>

#include "../../ctl/format.h"
#include "../../ctl/table.h"
#include "../../lib/cleanup.h"

static const struct column columns[] = {
	{"NAME", TEXT, 0, 8, true},
	{"N", NUMBER, 0, 0, false},
	{"EXTRA", TEXT, 2, 0, false},
	{"MORE", TEXT, 1, 0, false},
};

static struct table *two_rows(void)
{
	struct table *t = table_new(columns, 4);

	table_cell(t, PLAIN, "default/web-7d4b9c6f5d-x2x9p");
	table_cell(t, PLAIN, "%d", 7);
	table_cell(t, BAD, "one");
	table_cell(t, PLAIN, "two");
	table_cell(t, PLAIN, "a");
	table_cell(t, PLAIN, "%d", 12345);
	table_cell(t, PLAIN, "%s", "");
	table_cell(t, PLAIN, "%s", "");
	return t;
}

static void assert_prints(struct table *t, struct look look, const char *wanted)
{
	__cleanup(mem_free) char *text = NULL;
	size_t len;
	FILE *out = open_memstream(&text, &len);

	table_print(t, &look, out);
	fclose(out);
	table_free(&t);
	assert_string_equal(text, wanted);
}

static void columns_align_and_no_line_ends_in_blanks(void **state)
{
	(void)state;
	assert_prints(two_rows(), (struct look){.headers = true},
		      "NAME                              N  EXTRA  MORE\n"
		      "default/web-7d4b9c6f5d-x2x9p      7  one    two\n"
		      "a                             12345\n");
}

static void without_headers_there_are_only_rows(void **state)
{
	(void)state;
	assert_prints(two_rows(), (struct look){0},
		      "default/web-7d4b9c6f5d-x2x9p      7  one  two\n"
		      "a                             12345\n");
}

static void a_narrow_terminal_cuts_names_in_the_middle_first(void **state)
{
	(void)state;
	assert_prints(two_rows(), (struct look){.headers = true, .width = 40},
		      "NAME                      N  EXTRA  MORE\n"
		      "defaul..9c6f5d-x2x9p      7  one    two\n"
		      "a                     12345\n");
}

static void a_narrower_one_drops_the_least_important_columns(void **state)
{
	(void)state;
	assert_prints(two_rows(), (struct look){.headers = true, .width = 22},
		      "NAME           N  MORE\n"
		      "def..2x9p      7  two\n"
		      "a          12345\n"
		      "(too narrow for EXTRA; --wide shows all)\n");
	assert_prints(two_rows(), (struct look){.headers = true, .width = 5},
		      "NAME          N\n"
		      "de..2x9p      7\n"
		      "a         12345\n"
		      "(too narrow for EXTRA, MORE; --wide shows all)\n");
}

/* B goes first, but it is C that does not fit. */
static void what_fits_after_all_comes_back(void **state)
{
	static const struct column three[] = {{"A", TEXT, 0, 0, false},
					      {"B", NUMBER, 2, 0, false},
					      {"C", TEXT, 1, 0, false}};
	struct table *t = table_new(three, 3);

	(void)state;
	table_cell(t, PLAIN, "a");
	table_cell(t, PLAIN, "1");
	table_cell(t, PLAIN, "much too long for that");
	assert_prints(t, (struct look){.headers = true, .width = 10},
		      "A  B\n"
		      "a  1\n"
		      "(too narrow for C; --wide shows all)\n");
}

static void what_goes_early_goes_before_a_cell_is_cut(void **state)
{
	static const struct column two[] = {
		{"A", TEXT, 0, 3, false}, {"B", NUMBER, DROP_EARLY, 0, false}};
	struct table *t = table_new(two, 2);

	(void)state;
	table_cell(t, PLAIN, "abcdefgh");
	table_cell(t, PLAIN, "123");
	assert_prints(t, (struct look){.width = 8}, "abcdefgh\n");
}

static void color_wraps_the_text_and_never_the_padding(void **state)
{
	static const struct column two[] = {{"A", TEXT, 0, 0, false},
					    {"B", NUMBER, 0, 0, false}};
	struct table *t = table_new(two, 2);

	(void)state;
	table_cell(t, BAD, "x");
	table_cell(t, GOOD, "1");
	table_cell(t, PLAIN, "long");
	table_cell(t, PLAIN, "100");
	assert_prints(t, (struct look){.color = true},
		      "\033[1;31mx\033[0m       \033[32m1\033[0m\n"
		      "long  100\n");
}

static void names_cannot_command_the_terminal(void **state)
{
	static const struct column one[] = {{"A", TEXT, 0, 0, false}};
	struct table *t = table_new(one, 1);

	(void)state;
	table_cell(t, PLAIN, "%s",
		   "a\033[2Jb\nc\xc2\x9b"
		   "1m\xff\xe2\x80\xaex");
	assert_prints(t, (struct look){0}, "a?[2Jb?c?1m??x\n");
}

static void characters_count_and_not_bytes(void **state)
{
	static const struct column two[] = {{"A", TEXT, 0, 4, false},
					    {"B", TEXT, 0, 0, false}};
	struct table *t = table_new(two, 2);

	(void)state;
	table_cell(t, PLAIN, "%s", "\xc3\xa4\xc3\xb6\xc3\xbc");
	table_cell(t, PLAIN, "%s", "x");
	table_cell(t, PLAIN, "%s", "abcdefgh\xc3\xa4");
	table_cell(t, PLAIN, "%s", "y");
	assert_prints(t, (struct look){.width = 8},
		      "\xc3\xa4\xc3\xb6\xc3\xbc    x\n"
		      "abc..  y\n");
}

static void a_cut_never_splits_a_character(void **state)
{
	static const struct column two[] = {{"A", TEXT, 0, 4, true},
					    {"B", TEXT, 0, 0, false}};
	struct table *t = table_new(two, 2);

	(void)state;
	table_cell(t, PLAIN, "%s",
		   "\xe6\x97\xa5\xe6\x9c\xac\xe8\xaa\x9e\xe6\x97\xa5");
	table_cell(t, PLAIN, "x");
	/* 7 columns: two, the mark, and two of three: one stays empty. */
	assert_prints(t, (struct look){.width = 10},
		      "\xe6\x97\xa5..\xe6\x97\xa5   x\n");
}

static void words_wrap_at_the_width(void **state)
{
	__cleanup(mem_free) char *text = NULL;
	size_t len;
	FILE *out = open_memstream(&text, &len);

	(void)state;
	text_wrap("one two  three four", 2, 11, out);
	text_wrap("one two", 0, 0, out);
	text_wrap_from("abcdefgh ij", 3, 8, out);
	fclose(out);
	assert_string_equal(text, "  one two\n  three\n  four\n"
				  "one two\n"
				  "abcdefgh\n   ij\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(columns_align_and_no_line_ends_in_blanks),
		cmocka_unit_test(without_headers_there_are_only_rows),
		cmocka_unit_test(
			a_narrow_terminal_cuts_names_in_the_middle_first),
		cmocka_unit_test(
			a_narrower_one_drops_the_least_important_columns),
		cmocka_unit_test(what_fits_after_all_comes_back),
		cmocka_unit_test(what_goes_early_goes_before_a_cell_is_cut),
		cmocka_unit_test(color_wraps_the_text_and_never_the_padding),
		cmocka_unit_test(names_cannot_command_the_terminal),
		cmocka_unit_test(characters_count_and_not_bytes),
		cmocka_unit_test(a_cut_never_splits_a_character),
		cmocka_unit_test(words_wrap_at_the_width),
	};

	setlocale(LC_CTYPE, "C.UTF-8");
	return cmocka_run_group_tests(tests, NULL, NULL);
}
