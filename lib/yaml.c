/* SPDX-License-Identifier: Apache-2.0 */
#include "yaml.h"

#include <errno.h>
#include <limits.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <yaml.h>

#include "cleanup.h"
#include "json.h"

enum {
	DEPTH_MAX = 64,
	TEXT_MAX = 64 << 20,
	/* cJSON looks at the low ten bits of a value's type only; the line
	 * lives in those above. */
	LINE_SHIFT = 10,
	LINE_MAX_KNOWN = (1 << (31 - LINE_SHIFT)) - 1,
};

#define TAG(name) "tag:yaml.org,2002:" name

struct reader {
	yaml_parser_t parser;
	const char *name;
	const char *text;
	struct err *err;
};

static void event_delete(yaml_event_t *event)
{
	yaml_event_delete(event);
}

static void parser_delete(struct reader *r)
{
	yaml_parser_delete(&r->parser);
}

int yaml_line(const cJSON *value)
{
	return value ? (int)((unsigned int)value->type >> LINE_SHIFT) : 0;
}

static size_t event_line(const yaml_event_t *event)
{
	return event->start_mark.line + 1;
}

static int fail(struct reader *r, size_t line, int code, const char *reason)
{
	return err_set(r->err, code, "%s:%zu: %s", r->name, line, reason);
}

static int fail_memory(struct reader *r)
{
	return err_set(r->err, ENOMEM, "%s: out of memory", r->name);
}

/* What libyaml has to say; bad bytes it reports by their offset only. */
static int fail_syntax(struct reader *r)
{
	yaml_parser_t *p = &r->parser;
	const char *problem = p->problem ? p->problem : "not YAML";
	size_t line = p->problem_mark.line + 1;

	if (p->error == YAML_MEMORY_ERROR)
		return fail_memory(r);
	if (p->error == YAML_READER_ERROR) {
		line = 1;
		for (size_t i = 0; i < p->problem_offset; i++)
			line += r->text[i] == '\n';
	}
	if (p->context)
		return err_set(r->err, EINVAL, "%s:%zu: %s %s", r->name, line,
			       p->context, problem);
	return fail(r, line, EINVAL, problem);
}

static int next_event(struct reader *r, yaml_event_t *event)
{
	if (!yaml_parser_parse(&r->parser, event))
		return fail_syntax(r);
	return 0;
}

/* ---- scalars -------------------------------------------------------- */

static bool is_one_of(const char *s, const char *const *words)
{
	for (; *words; words++)
		if (!strcmp(s, *words))
			return true;
	return false;
}

static const char *const nulls[] = {"", "~", "null", "Null", "NULL", NULL};
static const char *const trues[] = {"true", "True", "TRUE", NULL};
static const char *const falses[] = {"false", "False", "FALSE", NULL};
static const char *const not_json[] = {
	".inf",	 ".Inf",  ".INF", "+.inf", "+.Inf", "+.INF", "-.inf",
	"-.Inf", "-.INF", ".nan", ".NaN",  ".NAN",  NULL};

/* [-+]? ( . [0-9]+ | [0-9]+ ( . [0-9]* )? ) ( [eE] [-+]? [0-9]+ )? */
static bool is_decimal(const char *s)
{
	size_t whole, fraction = 0;

	s += *s == '-' || *s == '+';
	whole = strspn(s, "0123456789");
	s += whole;
	if (*s == '.') {
		fraction = strspn(++s, "0123456789");
		s += fraction;
	}
	if (!whole && !fraction)
		return false;
	if (*s == 'e' || *s == 'E') {
		s++;
		s += *s == '-' || *s == '+';
		if (!*s)
			return false;
		s += strspn(s, "0123456789");
	}
	return !*s;
}

static bool is_based(const char *s, const char *prefix, const char *digits)
{
	size_t skip = strlen(prefix);

	return !strncmp(s, prefix, skip) && s[skip] &&
	       !s[skip + strspn(s + skip, digits)];
}

static cJSON *plain_scalar(const char *s)
{
	if (is_one_of(s, nulls))
		return cJSON_CreateNull();
	if (is_one_of(s, trues))
		return cJSON_CreateTrue();
	if (is_one_of(s, falses))
		return cJSON_CreateFalse();
	if (is_based(s, "0o", "01234567"))
		return cJSON_CreateNumber(strtoull(s + 2, NULL, 8));
	if (is_based(s, "0x", "0123456789abcdefABCDEF"))
		return cJSON_CreateNumber(strtoull(s + 2, NULL, 16));
	if (is_decimal(s))
		return cJSON_CreateNumber(strtod(s, NULL));
	return cJSON_CreateString(s);
}

/* The tags of the core schema; a text's own types are refused. */
static int tagged_scalar(struct reader *r, const yaml_event_t *event,
			 cJSON **out)
{
	const char *tag = (const char *)event->data.scalar.tag;
	const char *s = (const char *)event->data.scalar.value;

	if (!strcmp(tag, "!") || !strcmp(tag, TAG("str")))
		*out = cJSON_CreateString(s);
	else if (!strcmp(tag, TAG("null")) || !strcmp(tag, TAG("bool")) ||
		 !strcmp(tag, TAG("int")) || !strcmp(tag, TAG("float")))
		*out = plain_scalar(s);
	else
		return err_set(r->err, EINVAL, "%s:%zu: unknown tag %s",
			       r->name, event_line(event), tag);
	return 0;
}

static int read_scalar(struct reader *r, const yaml_event_t *event, cJSON **out)
{
	const char *s = (const char *)event->data.scalar.value;
	bool plain = event->data.scalar.style == YAML_PLAIN_SCALAR_STYLE;
	int rc;

	if (strlen(s) != event->data.scalar.length)
		return fail(r, event_line(event), EINVAL,
			    "zero byte in a string");
	if (event->data.scalar.tag) {
		rc = tagged_scalar(r, event, out);
		if (rc)
			return rc;
	} else if (plain && is_one_of(s, not_json)) {
		return fail(r, event_line(event), EINVAL,
			    "infinite or no number");
	} else {
		*out = plain ? plain_scalar(s) : cJSON_CreateString(s);
	}
	return *out ? 0 : fail_memory(r);
}

/* ---- collections ---------------------------------------------------- */

static int read_value(struct reader *r, yaml_event_t *first, int depth,
		      cJSON **out);

static int read_sequence(struct reader *r, int depth, cJSON *array)
{
	int rc;

	for (;;) {
		__cleanup(event_delete) yaml_event_t event = {0};
		cJSON *item = NULL;

		rc = next_event(r, &event);
		if (rc || event.type == YAML_SEQUENCE_END_EVENT)
			return rc;
		rc = read_value(r, &event, depth + 1, &item);
		if (rc)
			return rc;
		cJSON_AddItemToArray(array, item);
	}
}

/* Keys are strings, however they look: "8080: x" has the key "8080". */
static int check_key(struct reader *r, const yaml_event_t *event,
		     const cJSON *object)
{
	const char *key = (const char *)event->data.scalar.value;
	const cJSON *other;

	if (event->type == YAML_ALIAS_EVENT)
		return fail(r, event_line(event), EINVAL,
			    "anchors and aliases are not supported");
	if (event->type != YAML_SCALAR_EVENT)
		return fail(r, event_line(event), EINVAL,
			    "key that is not a string");
	if (event->data.scalar.anchor)
		return fail(r, event_line(event), EINVAL,
			    "anchors and aliases are not supported");
	if (strlen(key) != event->data.scalar.length)
		return fail(r, event_line(event), EINVAL, "zero byte in a key");
	other = cJSON_GetObjectItemCaseSensitive(object, key);
	if (other)
		return err_set(
			r->err, EINVAL,
			"%s:%zu: duplicate key \"%s\" (first on line %d)",
			r->name, event_line(event), key, yaml_line(other));
	return 0;
}

static int read_mapping(struct reader *r, int depth, cJSON *object)
{
	int rc;

	for (;;) {
		__cleanup(event_delete) yaml_event_t key = {0};
		__cleanup(event_delete) yaml_event_t event = {0};
		cJSON *value = NULL;

		rc = next_event(r, &key);
		if (rc || key.type == YAML_MAPPING_END_EVENT)
			return rc;
		rc = check_key(r, &key, object);
		if (rc)
			return rc;
		rc = next_event(r, &event);
		if (rc)
			return rc;
		rc = read_value(r, &event, depth + 1, &value);
		if (rc)
			return rc;
		if (!cJSON_AddItemToObject(object,
					   (const char *)key.data.scalar.value,
					   value)) {
			cJSON_Delete(value);
			return fail_memory(r);
		}
	}
}

static const char *event_anchor(const yaml_event_t *event)
{
	const unsigned char *anchor = NULL;

	if (event->type == YAML_SCALAR_EVENT)
		anchor = event->data.scalar.anchor;
	else if (event->type == YAML_SEQUENCE_START_EVENT)
		anchor = event->data.sequence_start.anchor;
	else if (event->type == YAML_MAPPING_START_EVENT)
		anchor = event->data.mapping_start.anchor;
	return (const char *)anchor;
}

static int read_value(struct reader *r, yaml_event_t *first, int depth,
		      cJSON **out)
{
	__cleanup(json_free) cJSON *value = NULL;
	size_t line = event_line(first);
	int rc = 0;

	if (first->type == YAML_ALIAS_EVENT || event_anchor(first))
		return fail(r, line, EINVAL,
			    "anchors and aliases are not supported");
	if (depth > DEPTH_MAX)
		return fail(r, line, EINVAL, "nested too deep");
	if (first->type == YAML_SCALAR_EVENT) {
		rc = read_scalar(r, first, &value);
	} else if (first->type == YAML_SEQUENCE_START_EVENT) {
		value = cJSON_CreateArray();
		rc = value ? read_sequence(r, depth, value) : fail_memory(r);
	} else if (first->type == YAML_MAPPING_START_EVENT) {
		value = cJSON_CreateObject();
		rc = value ? read_mapping(r, depth, value) : fail_memory(r);
	} else {
		rc = fail(r, line, EINVAL, "value expected");
	}
	if (rc)
		return rc;
	if (line <= LINE_MAX_KNOWN)
		/* NOLINTNEXTLINE: without a value there was an error */
		value->type |= (int)(line << LINE_SHIFT);
	*out = take_ptr(value);
	return 0;
}

static int read_documents(struct reader *r, cJSON *documents)
{
	int rc;

	for (;;) {
		__cleanup(event_delete) yaml_event_t event = {0};
		cJSON *document = NULL;

		rc = next_event(r, &event);
		if (rc || event.type == YAML_STREAM_END_EVENT)
			return rc;
		if (event.type == YAML_STREAM_START_EVENT ||
		    event.type == YAML_DOCUMENT_START_EVENT ||
		    event.type == YAML_DOCUMENT_END_EVENT)
			continue;
		rc = read_value(r, &event, 1, &document);
		if (rc)
			return rc;
		cJSON_AddItemToArray(documents, document);
	}
}

int yaml_parse(const char *name, const char *text, size_t len, cJSON **out,
	       struct err *e)
{
	__cleanup(parser_delete) struct reader r = {
		.name = name, .text = text, .err = e};
	__cleanup(json_free) cJSON *documents = NULL;
	int rc;

	if (!yaml_parser_initialize(&r.parser))
		return fail_memory(&r);
	if (len > TEXT_MAX)
		return err_set(e, EFBIG, "%s: longer than %d bytes", name,
			       TEXT_MAX);
	documents = cJSON_CreateArray();
	if (!documents)
		return fail_memory(&r);
	yaml_parser_set_input_string(&r.parser, (const unsigned char *)text,
				     len);
	rc = read_documents(&r, documents);
	if (rc)
		return rc;
	*out = take_ptr(documents);
	return 0;
}
