/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <errno.h>
#include <string.h>

#include "../../ctl/ctl.h"
#include "../../ctl/option.h"
#include "../../lib/cleanup.h"

struct sample {
	bool flag;
	const char *text;
	unsigned int count;
	unsigned int port;
	double seconds;
	int proto;
};

#define AT(field) offsetof(struct sample, field)

static const struct option table[] = {
	{"flag", 'f', NULL, set_flag, AT(flag), "a flag"},
	{"text", 0, "TEXT", set_text, AT(text), "a text"},
	{"limit", 'n', "N", set_count, AT(count), "a number"},
	{"port", 'p', "N", set_port, AT(port), "a port"},
	{"interval", 0, "S", set_seconds, AT(seconds), "seconds"},
	{"proto", 0, "P", set_proto, AT(proto), "a protocol"},
	{0},
};

static struct sample v;
static struct ctl c;
static char *words[16];
static int n_words;
static struct err e;

/* Parses a line of words that are one blank apart. */
static int parse(const char *text, bool stop)
{
	static char line[256];
	const struct option_set sets[] = {{table, &v}, {global_options, &c}};
	int argc = 0;
	char *at;

	v = (struct sample){.proto = -1};
	c = (struct ctl){0};
	e = (struct err){0};
	snprintf(line, sizeof(line), "%s", text);
	for (at = strtok(line, " "); at; at = strtok(NULL, " "))
		words[argc++] = at;
	return option_parse(sets, 2, argc, words, stop, &n_words, &e);
}

static void options_and_words_mix(void **state)
{
	(void)state;
	assert_int_equal(parse("one --flag --limit=5 two -p 80 --json", false),
			 0);
	assert_int_equal(n_words, 2);
	assert_string_equal(words[0], "one");
	assert_string_equal(words[1], "two");
	assert_true(v.flag);
	assert_int_equal(v.count, 5);
	assert_int_equal(v.port, 80);
	assert_true(c.json);
}

static void two_dashes_end_the_options(void **state)
{
	(void)state;
	assert_int_equal(parse("-f -- --flag -", false), 0);
	assert_int_equal(n_words, 2);
	assert_string_equal(words[0], "--flag");
	assert_string_equal(words[1], "-");
}

static void the_first_word_can_stop_it(void **state)
{
	(void)state;
	assert_int_equal(parse("--json flows --unknown", true), 0);
	assert_int_equal(n_words, 2);
	assert_string_equal(words[0], "flows");
	assert_string_equal(words[1], "--unknown");
}

static void assert_refused(const char *text, const char *why)
{
	assert_int_equal(parse(text, false), -EINVAL);
	if (!strstr(e.msg, why))
		fail_msg("%s: \"%s\" lacks \"%s\"", text, e.msg, why);
}

static void an_unknown_option_is_told_the_nearest(void **state)
{
	(void)state;
	assert_refused("--limt 5", "--limt (did you mean --limit?)");
	assert_refused("--bpf-rot=/x", "--bpf-rot (did you mean --bpf-root?)");
	assert_refused("--xyzzyxyzzy", "unknown option --xyzzyxyzzy");
	assert_refused("-z", "unknown option -z");
	assert_refused("-fn", "unknown option -fn");
}

static void a_prefix_of_an_option_is_not_the_option(void **state)
{
	(void)state;
	assert_refused("--lim 5", "unknown option --lim");
	assert_refused("--limitless 5", "unknown option --limitless");
}

static void values_are_checked(void **state)
{
	(void)state;
	assert_refused("--limit", "--limit needs a value");
	assert_refused("--flag=yes", "--flag takes no value");
	assert_refused("--limit x", "--limit: x is no number");
	assert_refused("--limit=-1", "--limit: -1 is no number");
	assert_refused("--limit 5x", "5x is no number");
	assert_refused("--limit 99999999999999999999", "is no number");
	assert_refused("--text=", "--text: is empty");
	assert_refused("--port 0", "0 is no port");
	assert_refused("--port 65536", "65536 is no port");
	assert_refused("--interval nan", "is no number of seconds");
	assert_refused("--interval -1", "is no number of seconds");
	assert_refused("--proto gre", "gre is no protocol");
	assert_refused("--color red", "red is none of auto, always, never");
}

static void good_values_arrive(void **state)
{
	(void)state;
	assert_int_equal(parse("--interval 0.5 --proto icmpv6 --text a=b "
			       "--color=always",
			       false),
			 0);
	assert_true(v.seconds == 0.5);
	assert_int_equal(v.proto, 58);
	assert_string_equal(v.text, "a=b");
	assert_int_equal(c.color, COLOR_ALWAYS);
	assert_int_equal(parse("-n5 -p 80", false), 0);
	assert_int_equal(v.count, 5);
	assert_int_equal(v.port, 80);
}

static void every_command_teaches_within_eighty_columns(void **state)
{
	(void)state;
	for (unsigned int i = 0; command_at(i); i++) {
		__cleanup(mem_free) char *text = NULL;
		size_t len;
		FILE *out = open_memstream(&text, &len);

		help_command(command_at(i), out);
		fclose(out);
		assert_non_null(strstr(text, "\nexamples:\n  fairlead "));
		for (char *at = strtok(text, "\n"); at; at = strtok(NULL, "\n"))
			if (strlen(at) > 80)
				fail_msg("%s: %s", command_at(i)->name, at);
	}
}

static void no_two_options_of_a_command_share_a_name_or_letter(void **state)
{
	(void)state;
	for (unsigned int i = 0; command_at(i); i++) {
		const struct option *own = command_at(i)->options;

		for (; own && own->name; own++)
			for (const struct option *g = global_options; g->name;
			     g++) {
				assert_string_not_equal(own->name, g->name);
				if (own->letter && own->letter == g->letter)
					fail_msg("%s: -%c", command_at(i)->name,
						 own->letter);
			}
	}
}

static void help_knows_commands_reasons_and_near_misses(void **state)
{
	__cleanup(mem_free) char *text = NULL;
	size_t len;
	FILE *out = open_memstream(&text, &len);

	(void)state;
	assert_int_equal(help_topic("flows", out, &e), EXIT_FINE);
	assert_int_equal(help_topic("spoofed_address", out, &e), EXIT_FINE);
	assert_int_equal(help_topic("reasons", out, &e), EXIT_FINE);
	assert_int_equal(help_topic("exit-codes", out, &e), EXIT_FINE);
	assert_int_equal(help_topic("flow", out, &e), EXIT_USAGE);
	assert_non_null(strstr(e.msg, "did you mean flows?"));
	assert_int_equal(help_topic("spoofed_mak", out, &e), EXIT_USAGE);
	assert_non_null(strstr(e.msg, "did you mean spoofed_mac?"));
	fclose(out);
	assert_non_null(strstr(text, "spoofed source address"));
	assert_string_equal(command_nearest("staus"), "status");
	assert_null(command_nearest("xyzzyxyzzy"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(options_and_words_mix),
		cmocka_unit_test(two_dashes_end_the_options),
		cmocka_unit_test(the_first_word_can_stop_it),
		cmocka_unit_test(an_unknown_option_is_told_the_nearest),
		cmocka_unit_test(a_prefix_of_an_option_is_not_the_option),
		cmocka_unit_test(values_are_checked),
		cmocka_unit_test(good_values_arrive),
		cmocka_unit_test(every_command_teaches_within_eighty_columns),
		cmocka_unit_test(
			no_two_options_of_a_command_share_a_name_or_letter),
		cmocka_unit_test(help_knows_commands_reasons_and_near_misses),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
