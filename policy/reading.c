/* SPDX-License-Identifier: Apache-2.0 */
#include "reading.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../lib/addr.h"
#include "../lib/json.h"
#include "store.h"

size_t reading_enter(struct reading *r, const char *fmt, ...)
{
	size_t where = r->path_len, room = sizeof(r->path) - where;
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(r->path + where, room, fmt, ap);
	va_end(ap);
	if (n > 0)
		r->path_len += (size_t)n < room ? (size_t)n : room - 1;
	return where;
}

void reading_leave(struct reading *r, size_t where)
{
	r->path_len = where;
	r->path[where] = '\0';
}

void reading_problem(struct reading *r, const cJSON *at, const char *fmt, ...)
{
	char reason[256];
	struct policy_problem p = {
		.kind = policy_kind_name(r->policy->kind),
		.namespace = r->policy->namespace ? r->policy->namespace : "",
		.name = r->policy->name ? r->policy->name : "",
		.at = at,
		.path = r->path,
		.reason = reason,
	};
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(reason, sizeof(reason), fmt, ap);
	va_end(ap);
	r->problems++;
	r->policy->invalid = true;
	if (r->fn)
		r->fn(&p, r->arg);
}

/* ---- objects and lists ---------------------------------------------- */

const cJSON *reading_get(const cJSON *object, const char *name)
{
	const cJSON *value = cJSON_GetObjectItemCaseSensitive(object, name);

	return cJSON_IsNull(value) ? NULL : value;
}

static bool is_known(const char *name, const char *const *known)
{
	for (; *known; known++)
		if (!strcmp(name, *known))
			return true;
	return false;
}

static void unknown_field(struct reading *r, const cJSON *field,
			  const char *const *known)
{
	const char *near = word_nearest(field->string, known);

	if (near)
		reading_problem(r, field, "unknown field; is it %s?", near);
	else
		reading_problem(r, field, "unknown field");
}

bool reading_object(struct reading *r, const cJSON *value,
		    const char *const *known)
{
	const cJSON *field;

	if (!cJSON_IsObject(value)) {
		reading_problem(r, value, "must be an object");
		return false;
	}
	cJSON_ArrayForEach (field, value) {
		bool is = is_known(field->string, known);
		size_t where;

		if (is && cJSON_GetObjectItemCaseSensitive(
				  value, field->string) == field)
			continue;
		r->spec_unclear |= !strcmp(r->path, "spec");
		where = reading_enter(r, ".%.63s", field->string);
		if (is)
			reading_problem(r, field, "is there twice");
		else
			unknown_field(r, field, known);
		reading_leave(r, where);
	}
	return true;
}

int reading_one_of(struct reading *r, const cJSON *object,
		   const char *const *names)
{
	int found = -1, n = 0;
	char all[128] = "";

	for (int i = 0; names[i]; i++) {
		size_t len = strlen(all);

		snprintf(all + len, sizeof(all) - len, "%s%s", i ? ", " : "",
			 names[i]);
		if (!reading_get(object, names[i]))
			continue;
		found = i;
		n++;
	}
	if (n == 1)
		return found;
	reading_problem(r, object, "must have exactly one of %s", all);
	return -1;
}

const cJSON *reading_list(struct reading *r, const cJSON *object,
			  const char *name, int min, int max)
{
	const cJSON *list = reading_get(object, name);
	size_t where;
	int n;

	if (!list)
		return NULL;
	where = reading_enter(r, ".%s", name);
	n = cJSON_GetArraySize(list);
	if (!cJSON_IsArray(list))
		reading_problem(r, list, "must be a list");
	else if (n < min)
		reading_problem(r, list, "must not be empty");
	else if (max && n > max)
		reading_problem(r, list, "more than %d", max);
	reading_leave(r, where);
	return cJSON_IsArray(list) ? list : NULL;
}

/* ---- values --------------------------------------------------------- */

bool reading_string(struct reading *r, const cJSON *value, const char **out)
{
	if (!cJSON_IsString(value)) {
		reading_problem(r, value, "must be a string");
		return false;
	}
	*out = value->valuestring;
	return true;
}

bool reading_int(struct reading *r, const cJSON *value, int min, int max,
		 int *out)
{
	double d;

	if (!cJSON_IsNumber(value)) {
		reading_problem(r, value, "must be a number");
		return false;
	}
	d = value->valuedouble;
	if (!(d >= min && d <= max) || d != (int)d) {
		reading_problem(r, value, "%g is not in %d..%d", d, min, max);
		return false;
	}
	*out = (int)d;
	return true;
}

int reading_word(struct reading *r, const cJSON *value,
		 const char *const *words)
{
	const char *text;
	char all[128] = "";

	if (!reading_string(r, value, &text))
		return -1;
	for (int i = 0; words[i]; i++) {
		size_t len = strlen(all);

		if (!strcmp(text, words[i]))
			return i;
		snprintf(all + len, sizeof(all) - len, "%s%s", i ? ", " : "",
			 words[i]);
	}
	reading_problem(r, value, "\"%.64s\" is none of %s", text, all);
	return -1;
}

bool reading_cidr(struct reading *r, const cJSON *value, struct fl_prefix *out)
{
	const char *text;

	if (!reading_string(r, value, &text))
		return false;
	if (strchr(text, '/') && !prefix_parse(text, false, out))
		return true;
	reading_problem(r, value, "\"%.64s\" is not a CIDR", text);
	return false;
}

/* An IANA service name, as ports of containers have. */
static bool is_port_name(const char *s)
{
	size_t len = strlen(s);

	return len && len <= 15 &&
	       !s[strspn(s, "abcdefghijklmnopqrstuvwxyz0123456789-")] &&
	       strpbrk(s, "abcdefghijklmnopqrstuvwxyz") && s[0] != '-' &&
	       s[len - 1] != '-' && !strstr(s, "--");
}

bool reading_port_name(struct reading *r, const cJSON *value, char **out)
{
	const char *text;

	if (!reading_string(r, value, &text))
		return false;
	if (!is_port_name(text)) {
		reading_problem(r, value,
				"\"%.64s\" is neither a number nor the name "
				"of a port",
				text);
		return false;
	}
	*out = store_copy(text);
	return true;
}
