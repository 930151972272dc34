/* SPDX-License-Identifier: Apache-2.0 */
#include "selector.h"

#include <stdlib.h>
#include <string.h>

#include "store.h"

const char *label_find(const char *labels, const char *key, size_t key_len)
{
	for (const char *l = labels; *l; l += strlen(l) + 1)
		if (!strncmp(l, key, key_len) && l[key_len] == '=')
			return l + key_len + 1;
	return NULL;
}

static bool has_value(const struct selector_term *t, const char *value)
{
	for (size_t i = 0; i < t->n_values; i++)
		if (!strcmp(t->values[i], value))
			return true;
	return false;
}

bool selector_term_matches(const struct selector_term *t, const char *labels)
{
	const char *value = label_find(labels, t->key, strlen(t->key));

	switch (t->op) {
	case SELECTOR_IN:
		return value && has_value(t, value);
	case SELECTOR_NOT_IN:
		return !value || !has_value(t, value);
	case SELECTOR_EXISTS:
		return value;
	case SELECTOR_NOT_EXISTS:
		return !value;
	}
	return false;
}

bool selector_matches(const struct selector *s, const char *labels)
{
	for (size_t i = 0; i < s->n_terms; i++)
		if (!selector_term_matches(&s->terms[i], labels))
			return false;
	return true;
}

/* ---- order and text ------------------------------------------------- */

static int compare_texts(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static int compare_terms(const void *a, const void *b)
{
	const struct selector_term *x = a, *y = b;
	int d = strcmp(x->key, y->key);

	if (!d)
		d = (int)x->op - (int)y->op;
	if (!d)
		d = (int)x->n_values - (int)y->n_values;
	for (size_t i = 0; !d && i < x->n_values; i++)
		d = strcmp(x->values[i], y->values[i]);
	return d;
}

static void sort_values(struct selector_term *t)
{
	size_t n = 0;

	if (t->n_values)
		qsort(t->values, t->n_values, sizeof(*t->values),
		      compare_texts);
	for (size_t i = 0; i < t->n_values; i++) {
		if (n && !strcmp(t->values[n - 1], t->values[i]))
			free(t->values[i]);
		else
			t->values[n++] = t->values[i];
	}
	t->n_values = n;
}

static char *join_values(const struct selector_term *t)
{
	char *text = store_copy("");

	for (size_t i = 0; i < t->n_values; i++) {
		char *more = store_format("%s%s%s", text, i ? "," : "",
					  t->values[i]);

		free(text);
		text = more;
	}
	return text;
}

static char *term_text(const struct selector_term *t)
{
	char *values, *text = NULL;

	if (t->op == SELECTOR_EXISTS)
		return store_copy(t->key);
	if (t->op == SELECTOR_NOT_EXISTS)
		return store_format("!%s", t->key);
	values = join_values(t);
	if (t->n_values == 1)
		text = store_format("%s%s%s", t->key,
				    t->op == SELECTOR_IN ? "=" : "!=", values);
	else
		text = store_format("%s %s (%s)", t->key,
				    t->op == SELECTOR_IN ? "in" : "notin",
				    values);
	free(values);
	return text;
}

void selector_finish(struct selector *s)
{
	for (size_t i = 0; i < s->n_terms; i++)
		sort_values(&s->terms[i]);
	if (s->n_terms)
		qsort(s->terms, s->n_terms, sizeof(*s->terms), compare_terms);
	free(s->text);
	s->text = store_copy("");
	for (size_t i = 0; i < s->n_terms; i++) {
		char *term = term_text(&s->terms[i]);
		char *more =
			store_format("%s%s%s", s->text, i ? "," : "", term);

		free(term);
		free(s->text);
		s->text = more;
	}
}

void selector_free(struct selector *s)
{
	for (size_t i = 0; i < s->n_terms; i++) {
		for (size_t j = 0; j < s->terms[i].n_values; j++)
			free(s->terms[i].values[j]);
		free(s->terms[i].values);
		free(s->terms[i].key);
	}
	free(s->terms);
	free(s->text);
	memset(s, 0, sizeof(*s));
}
