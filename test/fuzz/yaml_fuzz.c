/* SPDX-License-Identifier: Apache-2.0 */
/* YAML and JSON as such: what is read can be written and read again, and is the
 * same by both readers. */
#include "fuzz.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "../../lib/cleanup.h"
#include "../../lib/json.h"
#include "../../lib/yaml.h"

/* JSON has no way to write these. */
static bool is_finite(const cJSON *tree)
{
	const cJSON *child;

	if (cJSON_IsNumber(tree) && !isfinite(tree->valuedouble))
		return false;
	cJSON_ArrayForEach (child, tree)
		if (!is_finite(child))
			return false;
	return true;
}

/* What libyaml reads raw: neither DEL nor U+0080 to U+009F but U+0085, nor the
 * byte order mark and what is no character. JSON's own reader takes them. */
static bool is_printable(const char *text)
{
	const unsigned char *s = (const unsigned char *)text;

	for (; s && *s; s++)
		if (*s == 0x7f || (*s == 0xc2 && s[1] < 0xa0) ||
		    (*s == 0xef && s[1] >= 0xbb))
			return false;
	return true;
}

/* Can libyaml read it, once it is written as JSON? A key may have 1024 bytes
 * there. */
static bool is_readable(const cJSON *tree)
{
	const cJSON *child;

	if (!is_printable(tree->valuestring) || !is_printable(tree->string) ||
	    (tree->string && strlen(tree->string) > 500))
		return false;
	cJSON_ArrayForEach (child, tree)
		if (!is_readable(child))
			return false;
	return true;
}

static void check_document(const cJSON *document)
{
	__cleanup(json_free) cJSON *again = NULL;
	__cleanup(mem_free) char *text = NULL;
	struct err e;

	fuzz_check_json(document);
	if (!is_readable(document))
		return;
	text = cJSON_Print(document);
	fuzz_check(text);
	fuzz_check(!yaml_parse("again", text, strlen(text), &again, &e));
	fuzz_check(cJSON_GetArraySize(again) == 1);
	fuzz_check(cJSON_Compare(document, again->child, true));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	__cleanup(json_free) cJSON *documents = NULL, *json = NULL;
	__cleanup(mem_free) char *text = fuzz_text(data, size);
	const cJSON *document;
	struct err e = {0};

	if (yaml_parse("input", text, size, &documents, &e))
		fuzz_check(e.code && *e.msg && !documents);
	if (documents && is_finite(documents))
		cJSON_ArrayForEach (document, documents) {
			fuzz_check(yaml_line(document) >= 0);
			check_document(document);
		}
	if (json_parse("input", text, size, &json, &e))
		fuzz_check(e.code && *e.msg && !json);
	else if (is_finite(json))
		fuzz_check_json(json);
	/* What both can read, both read alike; but for white space in strings
	 * that should have been escaped, which YAML folds. */
	if (documents && json && is_finite(json) && !strpbrk(text, "\t\r\n")) {
		fuzz_check(cJSON_GetArraySize(documents) == 1);
		fuzz_check(cJSON_Compare(documents->child, json, true));
	}
	return 0;
}
