/* SPDX-License-Identifier: Apache-2.0 */
#include "manifest_kinds.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "../lib/yaml.h"

enum { SENTENCE_ROOM = 512 };

/* "FILE:LINE: KIND NAME: PATH: reason" */
static void describe(const struct reader *r, const cJSON *at, const char *path,
		     const char *fmt, va_list ap, char *out)
{
	char reason[256], file[232] = "", where[320] = "";

	vsnprintf(reason, sizeof(reason), fmt, ap);
	if (r->file)
		snprintf(file, sizeof(file), "%.200s:%d: ", r->file,
			 yaml_line(at));
	if (r->kind)
		snprintf(where, sizeof(where), "%.63s%s%.253s: ", r->kind,
			 r->name ? " " : "", r->name ? r->name : "");
	snprintf(out, SENTENCE_ROOM, "%s%s%s%s%s", file, where,
		 path ? path : "", path ? ": " : "", reason);
}

int reader_fail(struct reader *r, const cJSON *at, const char *path,
		const char *fmt, ...)
{
	char text[SENTENCE_ROOM];
	va_list ap;

	va_start(ap, fmt);
	describe(r, at, path, fmt, ap, text);
	va_end(ap);
	return err_set(r->err, EINVAL, "%s", text);
}

static void tell(struct reader *r, const char *text)
{
	if (r->problems)
		problems_add(r->problems, "%s", text);
	else
		err_set(r->err, EINVAL, "%s", text);
}

int reader_odd(struct reader *r, const cJSON *at, const char *path,
	       const char *fmt, ...)
{
	char text[SENTENCE_ROOM];
	va_list ap;

	va_start(ap, fmt);
	describe(r, at, path, fmt, ap, text);
	va_end(ap);
	if (r->file)
		return err_set(r->err, EINVAL, "%s", text);
	tell(r, text);
	return 0;
}

void reader_tell(struct reader *r, const cJSON *at, const char *path,
		 const char *fmt, ...)
{
	char text[SENTENCE_ROOM];
	va_list ap;

	va_start(ap, fmt);
	describe(r, at, path, fmt, ap, text);
	va_end(ap);
	tell(r, text);
}

static bool is_type(const cJSON *value, enum field_type type)
{
	switch (type) {
	case FIELD_OBJECT:
		return cJSON_IsObject(value);
	case FIELD_LIST:
		return cJSON_IsArray(value);
	case FIELD_STRING:
		return cJSON_IsString(value);
	case FIELD_BOOL:
		return cJSON_IsBool(value);
	}
	return false;
}

static const char *const type_names[] = {
	[FIELD_OBJECT] = "an object",
	[FIELD_LIST] = "a list",
	[FIELD_STRING] = "a string",
	[FIELD_BOOL] = "true or false",
};

int reader_field(struct reader *r, const cJSON *parent, const char *path,
		 enum field_type type, const cJSON **out)
{
	const char *dot = strrchr(path, '.');
	const cJSON *value;

	value = cJSON_GetObjectItemCaseSensitive(parent, dot ? dot + 1 : path);
	if (!value || cJSON_IsNull(value)) {
		*out = NULL;
		return 0;
	}
	if (!is_type(value, type))
		return reader_fail(r, value, path, "must be %s",
				   type_names[type]);
	*out = value;
	return 0;
}

int reader_string(struct reader *r, const cJSON *parent, const char *path,
		  const char **out)
{
	const cJSON *value = NULL;
	int rc = reader_field(r, parent, path, FIELD_STRING, &value);

	if (!rc)
		*out = value ? value->valuestring : "";
	return rc;
}

/* A string as an item of a list. */
int reader_item(struct reader *r, const cJSON *item, const char *path, int i,
		const char **out)
{
	char full[96];

	snprintf(full, sizeof(full), "%s[%d]", path, i);
	if (!cJSON_IsString(item))
		return reader_fail(r, item, full, "must be a string");
	*out = item->valuestring;
	return 0;
}

int reader_each(struct reader *r, const cJSON *parent, const char *path,
		int (*fn)(struct reader *r, const cJSON *item, void *arg),
		void *arg)
{
	const cJSON *list = NULL, *item;
	int rc = reader_field(r, parent, path, FIELD_LIST, &list);

	if (rc)
		return rc;
	cJSON_ArrayForEach (item, list) {
		if (!cJSON_IsObject(item))
			return reader_fail(r, item, path, "must be objects");
		rc = fn(r, item, arg);
		if (rc)
			return rc;
	}
	return 0;
}

int reader_proto(struct reader *r, const cJSON *at, const char *path, __u8 *out)
{
	const char *text;
	int rc = reader_string(r, at, path, &text);

	if (rc)
		return rc;
	if (!*text || !strcmp(text, "TCP"))
		*out = IPPROTO_TCP;
	else if (!strcmp(text, "UDP"))
		*out = IPPROTO_UDP;
	else if (!strcmp(text, "SCTP"))
		*out = IPPROTO_SCTP;
	else
		return reader_odd(r, at, path,
				  "\"%.64s\" is neither TCP, UDP nor SCTP",
				  text);
	return 0;
}

int reader_port(struct reader *r, const cJSON *at, const char *path, __u16 *out)
{
	const char *dot = strrchr(path, '.');
	const cJSON *number = cJSON_GetObjectItemCaseSensitive(at, dot + 1);

	if (!cJSON_IsNumber(number) || number->valuedouble < 1 ||
	    number->valuedouble > UINT16_MAX ||
	    number->valuedouble != (int)number->valuedouble)
		return reader_odd(r, at, path,
				  "must be a number from 1 to 65535");
	*out = number->valuedouble;
	return 0;
}
