/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "../../lib/err.h"

static char long_text[4096];

static int make_long_text(void **state)
{
	(void)state;
	memset(long_text, 'x', sizeof(long_text) - 1);
	return 0;
}

static void set_keeps_code_and_sentence_and_returns_minus_code(void **state)
{
	struct err e = {};

	(void)state;
	assert_int_equal(err_set(&e, EBUSY, "%s has %d", "eth0", 3), -EBUSY);
	assert_int_equal(e.code, EBUSY);
	assert_string_equal(e.msg, "eth0 has 3");
}

static void set_replaces_what_was_there(void **state)
{
	struct err e = {};

	(void)state;
	err_set(&e, EBUSY, "a long first sentence");
	err_set(&e, EIO, "short");
	assert_int_equal(e.code, EIO);
	assert_string_equal(e.msg, "short");
}

static void sys_appends_what_the_code_means(void **state)
{
	struct err e = {};

	(void)state;
	assert_int_equal(err_sys(&e, ENOENT, "open %s", "/x"), -ENOENT);
	assert_int_equal(e.code, ENOENT);
	assert_string_equal(e.msg, "open /x: No such file or directory");
}

static void wrap_puts_context_in_front_and_keeps_the_code(void **state)
{
	struct err e = {};

	(void)state;
	err_sys(&e, EPERM, "bpf_link_create");
	assert_int_equal(err_wrap(&e, "attach %s", "eth0"), -EPERM);
	assert_int_equal(err_wrap(&e, "endpoint %d", 7), -EPERM);
	assert_int_equal(e.code, EPERM);
	assert_string_equal(e.msg, "endpoint 7: attach eth0: bpf_link_create: "
				   "Operation not permitted");
}

static void nobody_has_to_want_the_sentence(void **state)
{
	(void)state;
	assert_int_equal(err_set(NULL, EBUSY, "x"), -EBUSY);
	assert_int_equal(err_sys(NULL, ENOENT, "x"), -ENOENT);
	assert_true(err_wrap(NULL, "x") < 0);
}

static void sentence_too_long_is_cut_within_its_room(void **state)
{
	struct {
		struct err e;
		char guard[8];
	} s = {.guard = "guarded"};

	(void)state;
	err_set(&s.e, EIO, "%s", long_text);
	assert_int_equal(strlen(s.e.msg), sizeof(s.e.msg) - 1);
	err_sys(&s.e, EIO, "%s", long_text);
	assert_int_equal(strlen(s.e.msg), sizeof(s.e.msg) - 1);
	err_wrap(&s.e, "context");
	assert_int_equal(strlen(s.e.msg), sizeof(s.e.msg) - 1);
	assert_memory_equal(s.e.msg, "context: xxx", 12);
	err_wrap(&s.e, "%s", long_text);
	assert_int_equal(strlen(s.e.msg), sizeof(s.e.msg) - 1);
	assert_string_equal(s.guard, "guarded");
}

int main(void)
{
	const struct CMUnitTest err[] = {
		cmocka_unit_test(
			set_keeps_code_and_sentence_and_returns_minus_code),
		cmocka_unit_test(set_replaces_what_was_there),
		cmocka_unit_test(sys_appends_what_the_code_means),
		cmocka_unit_test(wrap_puts_context_in_front_and_keeps_the_code),
		cmocka_unit_test(nobody_has_to_want_the_sentence),
		cmocka_unit_test(sentence_too_long_is_cut_within_its_room),
	};

	return cmocka_run_group_tests(err, make_long_text, NULL);
}
