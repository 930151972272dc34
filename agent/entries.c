/* SPDX-License-Identifier: Apache-2.0 */
#include "entries.h"

#include <stdlib.h>
#include <string.h>

#include "memory.h"

static size_t item_size(const struct entries *e)
{
	return e->key_size + e->value_size;
}

void entries_init(struct entries *e, size_t key_size, size_t value_size)
{
	memset(e, 0, sizeof(*e));
	e->key_size = key_size;
	e->value_size = value_size;
}

void entries_free(struct entries *e)
{
	free(e->data);
	entries_init(e, e->key_size, e->value_size);
}

void entries_add(struct entries *e, const void *key, const void *value)
{
	char *item;

	e->data = memory_grow(e->data, &e->room, e->n, item_size(e));
	item = e->data + e->n++ * item_size(e);
	memcpy(item, key, e->key_size);
	memcpy(item + e->key_size, value, e->value_size);
}

static int compare(const void *a, const void *b, void *arg)
{
	const struct entries *e = arg;

	return memcmp(a, b, item_size(e));
}

void entries_sort(struct entries *e)
{
	if (e->n)
		qsort_r(e->data, e->n, item_size(e), compare, e);
}

void entries_unique(struct entries *e,
		    bool (*prefer)(const void *key, const void *first,
				   const void *second, void *arg),
		    void *arg)
{
	size_t size = item_size(e), kept = 0;

	for (size_t i = 0; i < e->n; i++) {
		char *last = e->data + (kept ? kept - 1 : 0) * size;
		const char *item = e->data + i * size;

		if (!kept || memcmp(last, item, e->key_size))
			memmove(e->data + kept++ * size, item, size);
		else if (prefer && prefer(item, last + e->key_size,
					  item + e->key_size, arg))
			memmove(last, item, size);
	}
	e->n = kept;
}

const void *entries_key(const struct entries *e, size_t i)
{
	return e->data + i * item_size(e);
}

const void *entries_value(const struct entries *e, size_t i)
{
	return e->data + i * item_size(e) + e->key_size;
}

void entries_set(struct entries *e, size_t i, const void *value)
{
	memcpy(e->data + i * item_size(e) + e->key_size, value, e->value_size);
}

const void *entries_find(const struct entries *e, const void *key)
{
	size_t low = 0, high = e->n;

	while (low < high) {
		size_t middle = (low + high) / 2;
		int c = memcmp(key, entries_key(e, middle), e->key_size);

		if (!c)
			return entries_value(e, middle);
		if (c < 0)
			high = middle;
		else
			low = middle + 1;
	}
	return NULL;
}

static int compare_at(const struct entries *have, size_t h,
		      const struct entries *want, size_t w)
{
	if (h == have->n)
		return 1;
	if (w == want->n)
		return -1;
	return memcmp(entries_key(have, h), entries_key(want, w),
		      have->key_size);
}

int entries_diff(const struct entries *have, const struct entries *want,
		 entries_fn fn, void *arg)
{
	size_t h = 0, w = 0;
	int rc = 0;

	while (!rc && (h < have->n || w < want->n)) {
		int c = compare_at(have, h, want, w);

		if (c < 0) {
			rc = fn(entries_key(have, h), entries_value(have, h),
				NULL, arg);
			h++;
		} else if (c > 0) {
			rc = fn(entries_key(want, w), NULL,
				entries_value(want, w), arg);
			w++;
		} else {
			const void *old = entries_value(have, h++);
			const void *new = entries_value(want, w);

			if (memcmp(old, new, have->value_size))
				rc = fn(entries_key(want, w), old, new, arg);
			w++;
		}
	}
	return rc;
}
