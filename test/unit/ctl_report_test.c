/* SPDX-License-Identifier: Apache-2.0 */
/* The archive of `fairlead bugreport`, as tar reads it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

#include "../../ctl/metric.h"
#include "../../ctl/report.h"

static char dir[] = "/tmp/ctl_report_test.XXXXXX";
static char archive[64], input[64];
static volatile bool stop;
static struct report report;

static int set_up(void **state)
{
	struct err e = {0};

	(void)state;
	stop = false;
	report = (struct report){.root = "r", .stop = &stop};
	report.deadline_ns = metrics_clock() + 60000000000ULL;
	report.contents_out =
		open_memstream(&report.contents, &report.contents_len);
	assert_int_equal(tar_create(archive, &report.tar, &e), 0);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	fclose(report.contents_out);
	free(report.contents);
	tar_free(&report.tar);
	unlink(archive);
	unlink(input);
	return 0;
}

/* What `tar OPTIONS` prints of it. */
static void read_back(const char *options, char *out, size_t size)
{
	struct err e = {0};
	char command[256];
	size_t n;
	FILE *f;

	assert_int_equal(tar_finish(report.tar, &e), 0);
	snprintf(command, sizeof(command), "tar %s %s", options, archive);
	f = popen(command, "r");
	assert_non_null(f);
	n = fread(out, 1, size - 1, f);
	out[n] = '\0';
	assert_int_equal(pclose(f), 0);
}

static void a_file_may_have_a_name_of_any_length(void **state)
{
	static const int lengths[] = {1, 97, 98, 99, 100, 150, 210};
	char expected[2048] = "", got[2048];

	(void)state;
	for (size_t i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++) {
		char name[256];

		snprintf(name, sizeof(name), "state/%.*s", lengths[i],
			 "0000000000000000000000000000000000000000000000000000"
			 "0000000000000000000000000000000000000000000000000000"
			 "0000000000000000000000000000000000000000000000000000"
			 "000000000000000000000000000000000000000000000000000"
			 "000000");
		report_text(&report, name, "x", 1);
		sprintf(expected + strlen(expected), "r/%s\n", name);
	}
	assert_int_equal(report.failed.code, 0);
	read_back("-tzf", got, sizeof(got));
	assert_string_equal(got, expected);
}

/* The name that tells of the secret is in the part that is cut off. */
static void of_a_log_that_is_cut_the_first_line_is_whole(void **state)
{
	FILE *f = fopen(input, "w");
	char got[64];

	(void)state;
	fputs("token=", f);
	for (int i = 0; i < REPORT_FILE_MAX; i++)
		putc('s', f);
	fputs("\nthe end\n", f);
	fclose(f);
	report_file(&report, "log", input, REPORT_TAIL);
	read_back("-xzOf", got, sizeof(got));
	assert_string_equal(got, "the end\n");
}

static void nothing_is_added_once_it_is_stopped(void **state)
{
	(void)state;
	stop = true;
	report_file(&report, "uptime", "/proc/uptime", REPORT_HEAD);
	assert_int_equal(report.failed.code, EINTR);
	tar_free(&report.tar);
	assert_int_equal(access(archive, F_OK), -1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
			a_file_may_have_a_name_of_any_length, set_up,
			tear_down),
		cmocka_unit_test_setup_teardown(
			of_a_log_that_is_cut_the_first_line_is_whole, set_up,
			tear_down),
		cmocka_unit_test_setup_teardown(
			nothing_is_added_once_it_is_stopped, set_up, tear_down),
	};
	int failed;

	if (!mkdtemp(dir))
		return 1;
	snprintf(archive, sizeof(archive), "%s/r.tar.gz", dir);
	snprintf(input, sizeof(input), "%s/input", dir);
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	rmdir(dir);
	return failed;
}
