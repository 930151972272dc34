/* SPDX-License-Identifier: Apache-2.0 */
/* The text that Prometheus reads. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "../../agent/metrics.h"

static struct evbuffer *out;
static struct metrics_maps maps;

static int set_up(void **state)
{
	(void)state;
	out = evbuffer_new();
	memset(&maps, 0, sizeof(maps));
	return !out;
}

static int tear_down(void **state)
{
	(void)state;
	evbuffer_free(out);
	return 0;
}

static const char *text(void)
{
	evbuffer_add(out, "", 1);
	return (char *)evbuffer_pullup(out, -1);
}

static void assert_has(const char *line)
{
	if (!strstr(text(), line))
		fail_msg("no \"%s\" in:\n%s", line, text());
}

static void a_family_has_help_type_and_values(void **state)
{
	(void)state;
	metrics_head(out, "objects", "gauge", "Objects of the cluster");
	metrics_value(out, "objects", "kind=\"Pod\"", 3);
	metrics_value(out, "objects", NULL, 0.5);
	assert_string_equal(text(),
			    "# HELP fairlead_objects Objects of the cluster\n"
			    "# TYPE fairlead_objects gauge\n"
			    "fairlead_objects{kind=\"Pod\"} 3\n"
			    "fairlead_objects 0.5\n");
}

static void large_counters_are_written_in_full(void **state)
{
	(void)state;
	metrics_value(out, "bytes_total", NULL, 123456789012345.0);
	assert_has("fairlead_bytes_total 123456789012345\n");
}

static void packets_are_counted_by_hook_reason_and_verdict(void **state)
{
	(void)state;
	maps.packets[FL_HOOK_FROM_POD][FL_PASS_LOCAL] =
		(struct fl_metric){7, 700};
	maps.packets[FL_HOOK_FROM_UPLINK][FL_DROP_POLICY] =
		(struct fl_metric){2, 120};
	metrics_format_maps(&maps, out);
	assert_has("fairlead_packets_total{hook=\"from_pod\",reason=\"local\","
		   "verdict=\"pass\"} 7\n");
	assert_has("fairlead_bytes_total{hook=\"from_uplink\","
		   "reason=\"policy\",verdict=\"drop\"} 120\n");
	/* what never happened has no line */
	assert_null(strstr(text(), "to_pod"));
}

static void every_counter_and_map_is_there(void **state)
{
	(void)state;
	maps.counters[FL_COUNT_FLOWS_REAPED] = 42;
	maps.n_usage = 1;
	strcpy(maps.usage[0].name, "fl_flows");
	maps.usage[0].entries = 10;
	maps.usage[0].max_entries = 65536;
	maps.usage[0].bytes = 1 << 20;
	metrics_format_maps(&maps, out);
#define X(id, name, sentence)                                                  \
	assert_has("# HELP fairlead_" name "_total " sentence "\n");
	FL_COUNTERS(X)
#undef X
	assert_has("fairlead_flows_reaped_total 42\n");
	assert_has("fairlead_map_entries{map=\"fl_flows\"} 10\n");
	assert_has("fairlead_map_max_entries{map=\"fl_flows\"} 65536\n");
	assert_has("fairlead_map_bytes{map=\"fl_flows\"} 1048576\n");
}

static void each_family_is_declared_once(void **state)
{
	const char *p;
	int n = 0;

	(void)state;
	maps.packets[0][0].packets = 1;
	maps.packets[1][1].packets = 1;
	metrics_format_maps(&maps, out);
	for (p = text(); (p = strstr(p, "TYPE fairlead_packets_total")); p++)
		n++;
	assert_int_equal(n, 1);
}

static void label_values_are_escaped(void **state)
{
	char buf[32];

	(void)state;
	assert_string_equal(metrics_escape("a\"b\\c\nd", buf, sizeof(buf)),
			    "a\\\"b\\\\c\\nd");
	assert_string_equal(metrics_escape("plain", buf, sizeof(buf)), "plain");
	/* cut, but never in the middle of an escape, and always ended */
	assert_string_equal(metrics_escape("\"\"\"\"\"\"", buf, 6), "\\\"\\\"");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_family_has_help_type_and_values),
		TEST(large_counters_are_written_in_full),
		TEST(packets_are_counted_by_hook_reason_and_verdict),
		TEST(every_counter_and_map_is_there),
		TEST(each_family_is_declared_once),
		TEST(label_values_are_escaped),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
