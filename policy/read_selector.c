/* SPDX-License-Identifier: Apache-2.0 */
#include <ctype.h>
#include <string.h>

#include "reading.h"
#include "store.h"

/* Letters and digits at both ends, also "-_." between them. */
static bool is_label_word(const char *s, size_t len)
{
	if (!len || len > 63 || !isalnum((unsigned char)s[0]) ||
	    !isalnum((unsigned char)s[len - 1]))
		return false;
	for (size_t i = 0; i < len; i++)
		if (!isalnum((unsigned char)s[i]) && !strchr("-_.", s[i]))
			return false;
	return true;
}

/* "name" or "example.com/name". */
static bool is_label_key(const char *s)
{
	static const char letters[] = "abcdefghijklmnopqrstuvwxyz0123456789-.";
	const char *slash = strchr(s, '/'), *name = slash ? slash + 1 : s;
	size_t len = slash ? (size_t)(slash - s) : 0;

	if (slash && (!len || len > 253 || strspn(s, letters) != len ||
		      !isalnum((unsigned char)s[0]) ||
		      !isalnum((unsigned char)s[len - 1])))
		return false;
	return is_label_word(name, strlen(name));
}

static bool read_key(struct reading *r, const cJSON *at, const char *key)
{
	if (is_label_key(key))
		return true;
	reading_problem(r, at, "\"%.64s\" is not the key of a label", key);
	return false;
}

static bool read_value(struct reading *r, const cJSON *value, const char **out)
{
	if (!reading_string(r, value, out))
		return false;
	if (!**out || is_label_word(*out, strlen(*out)))
		return true;
	reading_problem(r, value, "\"%.64s\" is not the value of a label",
			*out);
	return false;
}

static struct selector_term *add_term(struct selector *s, const char *key,
				      enum selector_op op)
{
	size_t room = s->n_terms;

	s->terms = store_room(s->terms, room, s->n_terms, 1);
	s->terms[s->n_terms] = (struct selector_term){
		.key = store_copy(key),
		.op = op,
	};
	return &s->terms[s->n_terms++];
}

static void add_value(struct selector_term *t, const char *value)
{
	size_t room = t->n_values;

	t->values = store_room(t->values, room, t->n_values, 1);
	t->values[t->n_values++] = store_copy(value);
}

static void read_labels(struct reading *r, const cJSON *labels,
			struct selector *out)
{
	size_t where = reading_enter(r, ".matchLabels");
	const cJSON *label;
	const char *value;

	if (!cJSON_IsObject(labels))
		reading_problem(r, labels, "must be an object");
	else
		cJSON_ArrayForEach (label, labels) {
			size_t here =
				reading_enter(r, "[%.64s]", label->string);

			if (read_key(r, label, label->string) &&
			    read_value(r, label, &value))
				add_value(add_term(out, label->string,
						   SELECTOR_IN),
					  value);
			reading_leave(r, here);
		}
	reading_leave(r, where);
}

static void read_values(struct reading *r, const cJSON *expression,
			struct selector_term *t)
{
	const cJSON *list = reading_list(r, expression, "values", 0, 0), *item;
	bool wants = t->op == SELECTOR_IN || t->op == SELECTOR_NOT_IN;
	int n = cJSON_GetArraySize(list), i = 0;
	size_t where = reading_enter(r, ".values");
	const char *value;

	if (wants && !n)
		reading_problem(r, list ? list : expression,
				"must not be empty with this operator");
	if (!wants && n)
		reading_problem(r, list, "must be empty with this operator");
	cJSON_ArrayForEach (item, list) {
		size_t here = reading_enter(r, "[%d]", i++);

		if (read_value(r, item, &value))
			add_value(t, value);
		reading_leave(r, here);
	}
	reading_leave(r, where);
}

static void read_expression(struct reading *r, const cJSON *json,
			    struct selector *out)
{
	static const char *const known[] = {"key", "operator", "values", NULL};
	static const char *const ops[] = {
		[SELECTOR_IN] = "In",
		[SELECTOR_NOT_IN] = "NotIn",
		[SELECTOR_EXISTS] = "Exists",
		[SELECTOR_NOT_EXISTS] = "DoesNotExist",
		NULL,
	};
	const cJSON *key, *word;
	const char *text = "";
	size_t where;
	int op;

	if (!reading_object(r, json, known))
		return;
	key = reading_get(json, "key");
	where = reading_enter(r, ".key");
	if (!key)
		reading_problem(r, json, "missing");
	else if (reading_string(r, key, &text))
		read_key(r, key, text);
	reading_leave(r, where);
	word = reading_get(json, "operator");
	where = reading_enter(r, ".operator");
	op = word ? reading_word(r, word, ops) : -1;
	if (!word)
		reading_problem(r, json, "missing");
	reading_leave(r, where);
	if (op >= 0)
		read_values(r, json, add_term(out, text, op));
}

void reading_selector(struct reading *r, const cJSON *value,
		      struct selector *out)
{
	static const char *const known[] = {"matchLabels", "matchExpressions",
					    NULL};
	unsigned int before = r->problems;
	const cJSON *labels, *list, *item;
	int i = 0;

	if (value && reading_object(r, value, known)) {
		labels = reading_get(value, "matchLabels");
		if (labels)
			read_labels(r, labels, out);
		list = reading_list(r, value, "matchExpressions", 0, 0);
		cJSON_ArrayForEach (item, list) {
			size_t where =
				reading_enter(r, ".matchExpressions[%d]", i++);

			read_expression(r, item, out);
			reading_leave(r, where);
		}
	}
	if (r->problems != before)
		selector_free(out); /* fail closed: everything */
	selector_finish(out);
}
