/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "../../loader/args.h"

#define WORDS_MAX 12

struct line {
	char text[256];
	char *argv[WORDS_MAX];
	int argc;
};

/* "load --json" -> argv with the program's name in front. */
static int parse(struct line *l, const char *words, struct loader_args *out,
		 struct err *e)
{
	char *save = NULL, *word;

	snprintf(l->text, sizeof(l->text), "fairlead-loader %s", words);
	l->argc = 0;
	for (word = strtok_r(l->text, " ", &save); word;
	     word = strtok_r(NULL, " ", &save))
		l->argv[l->argc++] = word;
	return loader_args_parse(l->argc, l->argv, out, e);
}

static void assert_refused(const char *words, const char *sentence)
{
	struct loader_args a = {.command = LOADER_STATUS};
	struct err e = {0};
	struct line l;

	assert_int_equal(parse(&l, words, &a, &e), -EINVAL);
	assert_non_null(strstr(e.msg, sentence));
	assert_int_equal(a.command, LOADER_STATUS); /* untouched */
}

static void every_command_is_known(void **state)
{
	static const struct {
		const char *words;
		enum loader_command command;
	} cases[] = {
		{"load", LOADER_LOAD},
		{"unload", LOADER_UNLOAD},
		{"attach x", LOADER_ATTACH},
		{"detach x", LOADER_DETACH},
		{"status", LOADER_STATUS},
		{"install d", LOADER_INSTALL},
		{"uninstall d", LOADER_UNINSTALL},
	};
	struct loader_args a;
	struct line l;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		assert_int_equal(parse(&l, cases[i].words, &a, NULL), 0);
		assert_int_equal(a.command, cases[i].command);
	}
}

static void switches_may_stand_before_or_behind_the_command(void **state)
{
	struct loader_args a;
	struct line l;

	(void)state;
	assert_int_equal(parse(&l, "--json status", &a, NULL), 0);
	assert_true(a.json);
	assert_int_equal(parse(&l, "load --rebuild", &a, NULL), 0);
	assert_true(a.rebuild);
	assert_false(a.json);
	assert_int_equal(parse(&l, "--devices unload", &a, NULL), 0);
	assert_true(a.devices);
}

static void options_of_the_configuration_are_left_in_order(void **state)
{
	struct loader_args a;
	struct line l;

	(void)state;
	assert_int_equal(parse(&l,
			       "--bpf-root /x attach eth0 --attach=tcx "
			       "--role pod --mtu 1400",
			       &a, NULL),
			 0);
	assert_int_equal(a.command, LOADER_ATTACH);
	assert_string_equal(a.device, "eth0");
	assert_true(a.has_role);
	assert_int_equal(a.role, ATTACH_POD);
	assert_int_equal(a.n_options, 6);
	assert_string_equal(a.options[0], "fairlead-loader");
	assert_string_equal(a.options[1], "--bpf-root");
	assert_string_equal(a.options[2], "/x");
	assert_string_equal(a.options[3], "--attach=tcx");
	assert_string_equal(a.options[4], "--mtu");
	assert_string_equal(a.options[5], "1400");
}

static void a_value_that_looks_like_a_command_is_a_value(void **state)
{
	struct loader_args a;
	struct line l;

	(void)state;
	assert_int_equal(parse(&l, "--node-name load status", &a, NULL), 0);
	assert_int_equal(a.command, LOADER_STATUS);
	assert_int_equal(a.n_options, 3);
}

static void every_role_is_known_in_both_spellings(void **state)
{
	struct loader_args a;
	struct line l;

	(void)state;
	assert_int_equal(parse(&l, "attach x --role=overlay", &a, NULL), 0);
	assert_int_equal(a.role, ATTACH_OVERLAY);
	assert_int_equal(parse(&l, "attach x --role uplink", &a, NULL), 0);
	assert_int_equal(a.role, ATTACH_UPLINK);
	assert_int_equal(parse(&l, "attach x", &a, NULL), 0);
	assert_false(a.has_role);
}

static void what_makes_no_sense_is_refused_with_a_sentence(void **state)
{
	(void)state;
	assert_refused("", "a command is missing");
	assert_refused("laod", "unknown command \"laod\"");
	assert_refused("attach", "attach: which device?");
	assert_refused("attach a b", "one word too many: \"b\"");
	assert_refused("load eth0", "one word too many: \"eth0\"");
	assert_refused("attach a --role", "--role is pod, overlay or uplink");
	assert_refused("attach a --role nic", "not \"nic\"");
	assert_refused("load --json", "--json goes with status only");
	assert_refused("unload --rebuild", "--rebuild goes with load only");
	assert_refused("load --devices", "--devices goes with unload only");
	assert_refused("install", "install: which directory?");
	assert_refused("uninstall", "uninstall: which directory?");
	assert_refused("install d --stay", "--stay goes with uninstall only");
	assert_refused("status --role pod", "--role goes with attach only");
}

static void help_and_version_need_no_command(void **state)
{
	struct loader_args a;
	struct line l;

	(void)state;
	assert_int_equal(parse(&l, "--help", &a, NULL), 0);
	assert_true(a.help);
	assert_int_equal(parse(&l, "-h", &a, NULL), 0);
	assert_true(a.help);
	assert_int_equal(parse(&l, "--version", &a, NULL), 0);
	assert_true(a.version);
}

static void a_device_without_a_role_gets_the_one_of_its_name(void **state)
{
	(void)state;
	assert_int_equal(loader_role_guess("fl_vxlan", "fl_vxlan"),
			 ATTACH_OVERLAY);
	assert_int_equal(loader_role_guess("vx0", "vx0"), ATTACH_OVERLAY);
	assert_int_equal(loader_role_guess("fl_0123456789ab", "fl_vxlan"),
			 ATTACH_POD);
	assert_int_equal(loader_role_guess("eth0", "fl_vxlan"), ATTACH_UPLINK);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_command_is_known),
		cmocka_unit_test(
			switches_may_stand_before_or_behind_the_command),
		cmocka_unit_test(
			options_of_the_configuration_are_left_in_order),
		cmocka_unit_test(a_value_that_looks_like_a_command_is_a_value),
		cmocka_unit_test(every_role_is_known_in_both_spellings),
		cmocka_unit_test(
			what_makes_no_sense_is_refused_with_a_sentence),
		cmocka_unit_test(help_and_version_need_no_command),
		cmocka_unit_test(
			a_device_without_a_role_gets_the_one_of_its_name),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
