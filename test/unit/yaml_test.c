/* SPDX-License-Identifier: Apache-2.0 */
/* YAML and JSON texts become one kind of tree, or an error with its line. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <errno.h>
#include <cmocka.h>

#include "../../lib/cleanup.h"
#include "../../lib/json.h"
#include "../../lib/yaml.h"

static int parse(const char *text, cJSON **out, struct err *e)
{
	return yaml_parse("f.yaml", text, strlen(text), out, e);
}

/* The text's documents, printed as JSON. */
static void assert_tree(const char *text, const char *json)
{
	__cleanup(json_free) cJSON *tree = NULL;
	__cleanup(mem_free) char *printed = NULL;
	struct err e = {0};

	if (parse(text, &tree, &e))
		fail_msg("%s", e.msg);
	printed = cJSON_PrintUnformatted(tree);
	assert_string_equal(printed, json);
}

static void assert_refused(const char *text, const char *sentence)
{
	cJSON *tree = NULL;
	struct err e = {0};

	assert_int_equal(parse(text, &tree, &e), -EINVAL);
	assert_null(tree);
	if (!strstr(e.msg, sentence))
		fail_msg("\"%s\" does not say \"%s\"", e.msg, sentence);
}

static void scalars_have_the_types_of_the_core_schema(void **state)
{
	(void)state;
	assert_tree("[1, -2, +3, 0x1F, 0o17, 1.5, 1e3, .5, 2.]",
		    "[[1,-2,3,31,15,1.5,1000,0.5,2]]");
	assert_tree("[true, False, TRUE, null, ~, Null]",
		    "[[true,false,true,null,null,null]]");
	assert_tree("a:\nb: x\n", "[{\"a\":null,\"b\":\"x\"}]");
}

static void what_yaml_11_made_of_words_stays_a_string(void **state)
{
	(void)state;
	assert_tree("[yes, no, on, off, 12:30, 1_000, 0b1, 1e, '.', -]",
		    "[[\"yes\",\"no\",\"on\",\"off\",\"12:30\",\"1_000\","
		    "\"0b1\",\"1e\",\".\",\"-\"]]");
}

static void quoted_scalars_are_strings(void **state)
{
	(void)state;
	assert_tree("['1', \"true\", \"\", !!str 5]",
		    "[[\"1\",\"true\",\"\",\"5\"]]");
	assert_tree("a: |\n  1\n", "[{\"a\":\"1\\n\"}]");
}

static void json_with_tabs_and_no_spaces_is_yaml(void **state)
{
	(void)state;
	assert_tree(
		"{\n\t\"a\":{\"b\":[1,\"x\"]},\n\t\"c\":\"\\u00e9\\/\"\n}\n",
		"[{\"a\":{\"b\":[1,\"x\"]},\"c\":\"\303\251/\"}]");
}

static void several_documents_are_all_read(void **state)
{
	(void)state;
	assert_tree("a: 1\n---\nb: 2\n...\n---\nc: 3\n",
		    "[{\"a\":1},{\"b\":2},{\"c\":3}]");
	assert_tree("", "[]");
	assert_tree("# only a comment\n", "[]");
	assert_tree("---\n", "[null]");
}

static void each_value_knows_its_line(void **state)
{
	__cleanup(json_free) cJSON *tree = NULL;
	const cJSON *doc, *list;
	struct err e;

	(void)state;
	assert_int_equal(
		parse("# c\na: 1\nb:\n  - x\n  - 'y'\n---\nz: 1\n", &tree, &e),
		0);
	doc = cJSON_GetArrayItem(tree, 0);
	assert_int_equal(yaml_line(doc), 2);
	assert_int_equal(yaml_line(cJSON_GetObjectItem(doc, "a")), 2);
	list = cJSON_GetObjectItem(doc, "b");
	assert_int_equal(yaml_line(list), 4);
	assert_int_equal(yaml_line(cJSON_GetArrayItem(list, 1)), 5);
	assert_int_equal(yaml_line(cJSON_GetArrayItem(tree, 1)), 7);
	assert_int_equal(yaml_line(NULL), 0);
}

/* The line is kept beside the type: neither the type nor a number suffers. */
static void the_line_does_not_disturb_the_value(void **state)
{
	__cleanup(json_free) cJSON *tree = NULL;
	const cJSON *doc;
	struct err e;

	(void)state;
	assert_int_equal(parse("\n\n\n\nn: 443\nt: true\n", &tree, &e), 0);
	doc = cJSON_GetArrayItem(tree, 0);
	assert_true(cJSON_IsObject(doc));
	assert_true(cJSON_IsNumber(cJSON_GetObjectItem(doc, "n")));
	assert_int_equal(cJSON_GetObjectItem(doc, "n")->valueint, 443);
	assert_true(cJSON_IsTrue(cJSON_GetObjectItem(doc, "t")));
}

static void a_syntax_error_names_the_line(void **state)
{
	(void)state;
	assert_refused("a: 1\nb: [1, 2\nc: 3\n", "f.yaml:3: ");
	assert_refused("a: 1\n\tb: 2\n", "f.yaml:2: ");
	assert_refused("a: 1\nb: \"\xff\"\n", "f.yaml:2: ");
	assert_refused("{\"a\": ", "f.yaml:");
}

static void duplicate_keys_are_refused(void **state)
{
	(void)state;
	assert_refused("a: 1\nb: 2\na: 3\n",
		       "f.yaml:3: duplicate key \"a\" (first on line 1)");
	/* cJSON's own search would take these two for one key */
	assert_tree("{a: 1, A: 2}", "[{\"a\":1,\"A\":2}]");
}

static void anchors_and_aliases_are_refused(void **state)
{
	(void)state;
	assert_refused("a: &x 1\n", "f.yaml:1: anchors and aliases");
	assert_refused("a: 1\nb: *x\n", "f.yaml:2: anchors and aliases");
	assert_refused("a: &x [1]\n", "anchors and aliases");
	assert_refused("&x {a: 1}\n", "anchors and aliases");
	assert_refused("&k a: 1\n", "anchors and aliases");
	assert_refused("*k : 1\n", "anchors and aliases");
}

static void what_json_cannot_hold_is_refused(void **state)
{
	(void)state;
	assert_refused("a: .inf\n", "f.yaml:1: infinite or no number");
	assert_refused("a: .NaN\n", "infinite or no number");
	assert_refused("a: \"x\\0y\"\n", "zero byte in a string");
	assert_refused("\"x\\0y\": 1\n", "zero byte in a key");
	assert_refused("? [1]\n: 2\n", "key that is not a string");
	assert_refused("a: !mine 1\n", "unknown tag !mine");
}

static void nesting_is_bounded(void **state)
{
	char text[2 * 100 + 1];

	(void)state;
	memset(text, '[', 100);
	memset(text + 100, ']', 100);
	text[200] = 0;
	assert_refused(text, "nested too deep");
	memset(text, '[', 60);
	memset(text + 60, ']', 60);
	text[120] = 0;
	cJSON *tree = NULL;
	struct err e;

	assert_int_equal(parse(text, &tree, &e), 0);
	cJSON_Delete(tree);
}

static void a_text_beyond_the_limit_is_refused(void **state)
{
	cJSON *tree = NULL;
	struct err e;

	(void)state;
	assert_int_equal(yaml_parse("f", "", (64 << 20) + 1, &tree, &e),
			 -EFBIG);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(scalars_have_the_types_of_the_core_schema),
		cmocka_unit_test(what_yaml_11_made_of_words_stays_a_string),
		cmocka_unit_test(quoted_scalars_are_strings),
		cmocka_unit_test(json_with_tabs_and_no_spaces_is_yaml),
		cmocka_unit_test(several_documents_are_all_read),
		cmocka_unit_test(each_value_knows_its_line),
		cmocka_unit_test(the_line_does_not_disturb_the_value),
		cmocka_unit_test(a_syntax_error_names_the_line),
		cmocka_unit_test(duplicate_keys_are_refused),
		cmocka_unit_test(anchors_and_aliases_are_refused),
		cmocka_unit_test(what_json_cannot_hold_is_refused),
		cmocka_unit_test(nesting_is_bounded),
		cmocka_unit_test(a_text_beyond_the_limit_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
