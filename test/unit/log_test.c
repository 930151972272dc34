/* SPDX-License-Identifier: Apache-2.0 */
/* Each test logs into a pipe and looks at what came out of the other end. */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cjson/cJSON.h>
#include <cmocka.h>

#include "../../lib/log.h"

static int ends[2];
static char out[65536];
static char long_text[8192];

static int open_pipe(void **state)
{
	(void)state;
	memset(long_text, '\x01', sizeof(long_text) - 1);
	if (pipe2(ends, O_NONBLOCK | O_CLOEXEC))
		return -1;
	log_set_fd(ends[1]);
	log_set_level(LOG_LEVEL_INFO);
	log_set_format(LOG_FORMAT_TEXT);
	return 0;
}

static int close_pipe(void **state)
{
	(void)state;
	log_set_fd(STDERR_FILENO);
	close(ends[0]);
	close(ends[1]);
	return 0;
}

/* All that was logged since the last look. */
static const char *logged(void)
{
	ssize_t n = read(ends[0], out, sizeof(out) - 1);

	out[n > 0 ? n : 0] = '\0';
	return out;
}

/* Behind "2026-01-31T10:00:00.000Z ". */
static const char *behind_time(const char *line)
{
	assert_true(strlen(line) > 25);
	assert_int_equal(line[10], 'T');
	assert_int_equal(line[23], 'Z');
	assert_int_equal(line[24], ' ');
	return line + 25;
}

/* The line as an object, and that it is one line. */
static cJSON *object(void)
{
	const char *line = logged();
	const char *end = strchr(line, '\n');
	cJSON *json;

	assert_non_null(end);
	assert_int_equal(end[1], '\0');
	json = cJSON_Parse(line);
	if (!cJSON_IsObject(json))
		fail_msg("not JSON: %s", line);
	return json;
}

static void assert_field(const cJSON *json, const char *key, const char *value)
{
	const cJSON *v = cJSON_GetObjectItemCaseSensitive(json, key);

	assert_true(cJSON_IsString(v));
	assert_string_equal(v->valuestring, value);
}

/* ---- levels and names -------------------------------------------------- */

static void lines_above_the_level_are_not_written(void **state)
{
	(void)state;
	log_debug("unseen", NULL);
	assert_string_equal(logged(), "");
	log_info("seen", NULL);
	assert_non_null(strstr(logged(), "seen"));
	log_set_level(LOG_LEVEL_ERROR);
	log_warn("unseen", NULL);
	assert_string_equal(logged(), "");
	log_error("seen", NULL);
	assert_non_null(strstr(logged(), "seen"));
	log_set_level(LOG_LEVEL_DEBUG);
	log_debug("seen", NULL);
	assert_non_null(strstr(logged(), "seen"));
}

static void names_of_levels_and_formats_are_read_exactly(void **state)
{
	enum log_level level = LOG_LEVEL_WARN;
	enum log_format format = LOG_FORMAT_TEXT;

	(void)state;
	assert_int_equal(log_level_parse("debug", &level), 0);
	assert_int_equal(level, LOG_LEVEL_DEBUG);
	assert_int_equal(log_level_parse("error", &level), 0);
	assert_int_equal(level, LOG_LEVEL_ERROR);
	assert_int_equal(log_level_parse("Info", &level), -EINVAL);
	assert_int_equal(log_level_parse("", &level), -EINVAL);
	assert_int_equal(level, LOG_LEVEL_ERROR);
	assert_int_equal(log_format_parse("json", &format), 0);
	assert_int_equal(format, LOG_FORMAT_JSON);
	assert_int_equal(log_format_parse("xml", &format), -EINVAL);
	assert_int_equal(format, LOG_FORMAT_JSON);
}

/* ---- text -------------------------------------------------------------- */

static void text_line_is_time_level_sentence_and_pairs(void **state)
{
	(void)state;
	log_info("endpoint added", "pod=%s ifindex=%d", "default/web-0", 7);
	assert_string_equal(behind_time(logged()),
			    "info  endpoint added pod=default/web-0 "
			    "ifindex=7\n");
	log_error("it broke", NULL);
	assert_string_equal(behind_time(logged()), "error it broke\n");
}

static void text_from_elsewhere_cannot_forge_a_line(void **state)
{
	const char *line;

	(void)state;
	log_warn("bad name", "name=\"%s\"",
		 "x\ny\r\x1b[31m\x9b\xc2\x9b\xc3\xa9");
	line = logged();
	assert_ptr_equal(strchr(line, '\n'), line + strlen(line) - 1);
	assert_string_equal(behind_time(line),
			    "warn  bad name name=\"x\\ny\\x0d\\x1b[31m"
			    "\\x9b\\xc2\\x9b\xc3\xa9\"\n");
}

static void values_in_text_can_be_told_apart_whatever_they_hold(void **state)
{
	(void)state;
	log_warn("x", "error=\"%s\" pod=%s n=%d%%", "key \"a b\": is missing\\",
		 "d/a\x1b[31m b\"\\", 5);
	assert_string_equal(behind_time(logged()),
			    "warn  x error=\"key \\\"a b\\\": is missing\\\\\" "
			    "pod=\"d/a\\x1b[31m b\\\"\\\\\" n=5%\n");
	log_warn("x", "a=\"%s\" b=%s c=%s d=%.2f/%zu", "", "", "k=v", 1.5,
		 (size_t)7);
	assert_string_equal(behind_time(logged()),
			    "warn  x a=\"\" b= c=\"k=v\" d=1.50/7\n");
}

static void argument_cannot_forge_a_pair(void **state)
{
	cJSON *json;

	(void)state;
	log_info("x", "a=%s b=\"%s\" c=%s", "1 c=2", "3\" c=4", "5");
	assert_string_equal(behind_time(logged()),
			    "info  x a=\"1 c=2\" b=\"3\\\" c=4\" c=5\n");
	log_set_format(LOG_FORMAT_JSON);
	log_info("x", "a=%s b=\"%s\" c=%s", "1 c=2", "3\" c=4", "5");
	json = object();
	assert_field(json, "a", "1 c=2");
	assert_field(json, "b", "3\" c=4");
	assert_field(json, "c", "5");
	assert_int_equal(cJSON_GetArraySize(json), 6);
	cJSON_Delete(json);
}

static void pairs_made_beforehand_are_written_as_they_are(void **state)
{
	char pairs[256];
	cJSON *json;

	(void)state;
	log_pairs(pairs, sizeof(pairs), "a=%s b=\"%s\"", "1", "two \"%s\"");
	log_write_pairs(LOG_LEVEL_INFO, "x", pairs);
	assert_string_equal(behind_time(logged()),
			    "info  x a=1 b=\"two \\\"%s\\\"\"\n");
	log_pairs(pairs, 40, "a=%s b=%s", long_text, "lost");
	assert_string_equal(pairs, " a=\"\\x01\\x01\\x01\\x01\\x01...\"");
	log_pairs(pairs, 8, "a=%s", "x");
	assert_string_equal(pairs, "");
	log_set_format(LOG_FORMAT_JSON);
	log_pairs(pairs, sizeof(pairs), "a=%s b=\"%s\"", "1", "two \"%s\"");
	log_write_pairs(LOG_LEVEL_INFO, "x", pairs);
	json = object();
	assert_field(json, "a", "1");
	assert_field(json, "b", "two \"%s\"");
	cJSON_Delete(json);
}

/* ---- JSON -------------------------------------------------------------- */

static void json_line_has_time_level_sentence_and_pairs(void **state)
{
	cJSON *json;

	(void)state;
	log_set_format(LOG_FORMAT_JSON);
	log_info("endpoint added", "pod=%s ifindex=%d empty= last=%s",
		 "default/web-0", 7, "z");
	json = object();
	assert_field(json, "level", "info");
	assert_field(json, "msg", "endpoint added");
	assert_field(json, "pod", "default/web-0");
	assert_field(json, "ifindex", "7");
	assert_field(json, "empty", "");
	assert_field(json, "last", "z");
	assert_int_equal(cJSON_GetArraySize(json), 7);
	cJSON_Delete(json);
}

static void
quoted_value_keeps_spaces_quotes_and_what_looks_like_keys(void **state)
{
	cJSON *json;

	(void)state;
	log_set_format(LOG_FORMAT_JSON);
	log_info("x", "error=\"%s\" file=%s",
		 "cannot open \"a b\": key=value missing", "/etc/x");
	json = object();
	assert_field(json, "error", "cannot open \"a b\": key=value missing");
	assert_field(json, "file", "/etc/x");
	assert_int_equal(cJSON_GetArraySize(json), 5);
	cJSON_Delete(json);
}

static void unquoted_value_with_spaces_is_kept_whole(void **state)
{
	cJSON *json;

	(void)state;
	log_set_format(LOG_FORMAT_JSON);
	log_info("x", "a=%s b=%s", "one two three", "four five");
	json = object();
	assert_field(json, "a", "one two three");
	assert_field(json, "b", "four five");
	cJSON_Delete(json);
}

static void json_survives_control_characters_and_broken_utf8(void **state)
{
	cJSON *json;

	(void)state;
	log_set_format(LOG_FORMAT_JSON);
	log_info(
		"a\"b\\c", "v=\"%s\"",
		"\n\t\x01 \xc3\xa9 \xff \xc0\x80 \xed\xa0\x80 \xf0\x9f\x98\x80");
	json = object();
	assert_field(json, "msg", "a\"b\\c");
	assert_field(json, "v",
		     "\n\t\x01 \xc3\xa9 \xef\xbf\xbd \xef\xbf\xbd\xef\xbf\xbd "
		     "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd \xf0\x9f\x98\x80");
	cJSON_Delete(json);
}

/* ---- limits ------------------------------------------------------------ */

/* 8191 control characters are six bytes each in JSON. */
static void line_too_long_is_cut_but_stays_a_line(void **state)
{
	const char *line;
	cJSON *json;

	(void)state;
	log_info("long", "v=%s", long_text);
	line = logged();
	assert_ptr_equal(strchr(line, '\n'), line + strlen(line) - 1);
	assert_non_null(strstr(line, "...\"\n"));

	log_set_format(LOG_FORMAT_JSON);
	log_info("long", "first=1 v=%s", long_text);
	json = object();
	assert_field(json, "msg", "long");
	assert_field(json, "first", "1");
	assert_int_equal(cJSON_GetArraySize(json), 5);
	cJSON_Delete(json);

	log_info(long_text, NULL);
	json = object();
	assert_field(json, "level", "info");
	cJSON_Delete(json);
}

static void log_that_cannot_be_written_changes_nothing(void **state)
{
	(void)state;
	log_set_fd(-1);
	errno = EDOM;
	log_info("lost", "a=%d", 1);
	assert_int_equal(errno, EDOM);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, open_pipe, close_pipe)

int main(void)
{
	const struct CMUnitTest log[] = {
		TEST(lines_above_the_level_are_not_written),
		TEST(names_of_levels_and_formats_are_read_exactly),
		TEST(text_line_is_time_level_sentence_and_pairs),
		TEST(text_from_elsewhere_cannot_forge_a_line),
		TEST(values_in_text_can_be_told_apart_whatever_they_hold),
		TEST(argument_cannot_forge_a_pair),
		TEST(pairs_made_beforehand_are_written_as_they_are),
		TEST(json_line_has_time_level_sentence_and_pairs),
		TEST(quoted_value_keeps_spaces_quotes_and_what_looks_like_keys),
		TEST(unquoted_value_with_spaces_is_kept_whole),
		TEST(json_survives_control_characters_and_broken_utf8),
		TEST(line_too_long_is_cut_but_stays_a_line),
		TEST(log_that_cannot_be_written_changes_nothing),
	};

	return cmocka_run_group_tests(log, NULL, NULL);
}
