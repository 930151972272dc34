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

void entries_reserve(struct entries *e, size_t n)
{
	if (n > e->room)
		e->data = memory_grow_to(e->data, &e->room, n, item_size(e));
}

void entries_add(struct entries *e, const void *key, const void *value)
{
	char *item;

	if (e->n == e->room)
		entries_reserve(e, e->room ? 2 * e->room : 16);
	item = e->data + e->n++ * item_size(e);
	memcpy(item, key, e->key_size);
	if (e->value_size)
		memcpy(item + e->key_size, value, e->value_size);
}

/* ---- sorting: what comes in order, or nearly so, costs little --------- */

static int compare(const void *a, const void *b, void *arg)
{
	const struct entries *e = arg;

	return memcmp(a, b, item_size(e));
}

/* How many items from first on, before end, are in order. */
static size_t run_length(const struct entries *e, size_t first, size_t end)
{
	size_t size = item_size(e), n = 1;
	const char *item = e->data + first * size;

	for (; first + n < end && memcmp(item, item + size, size) <= 0; n++)
		item += size;
	return n;
}

/* Two runs side by side become one. */
static void merge(struct entries *e, size_t first, size_t second, size_t end)
{
	size_t size = item_size(e), n = (second - first) * size;
	char *to = e->data + first * size, *b = e->data + second * size;
	char *copy = memory_alloc(n), *a = copy;
	const char *a_end = copy + n, *b_end = e->data + end * size;

	memcpy(copy, to, n);
	while (a < a_end) {
		bool take_b = b < b_end && memcmp(b, a, size) < 0;

		memcpy(to, take_b ? b : a, size);
		to += size;
		*(take_b ? &b : &a) += size;
	}
	free(copy);
}

static void sort_range(struct entries *e, size_t first, size_t end)
{
	size_t size = item_size(e), second;

	if (first == end)
		return;
	second = first + run_length(e, first, end);
	if (second == end)
		return;
	if (second + run_length(e, second, end) == end)
		merge(e, first, second, end);
	else
		qsort_r(e->data + first * size, end - first, size, compare, e);
}

/* By the first byte of the key: the length of a prefix, often. What is in order
 * by addresses falls into a few lists that are in order. */
static void scatter(struct entries *e, size_t starts[257])
{
	size_t size = item_size(e), next[256];
	char *to = memory_alloc(e->n * size);

	for (size_t i = 0; i < e->n; i++)
		starts[(unsigned char)e->data[i * size] + 1]++;
	for (int byte = 0; byte < 256; byte++)
		starts[byte + 1] += starts[byte];
	memcpy(next, starts, sizeof(next));
	for (size_t i = 0; i < e->n; i++) {
		const char *item = e->data + i * size;

		memcpy(to + next[(unsigned char)*item]++ * size, item, size);
	}
	free(e->data);
	e->data = to;
	e->room = e->n;
}

void entries_sort(struct entries *e)
{
	size_t starts[257] = {0};

	size_t first, second;

	if (!e->n)
		return;
	first = run_length(e, 0, e->n);
	if (first == e->n)
		return;
	second = run_length(e, first, e->n);
	if (first + second == e->n) {
		merge(e, 0, first, e->n);
		return;
	}
	scatter(e, starts);
	for (int byte = 0; byte < 256; byte++)
		sort_range(e, starts[byte], starts[byte + 1]);
}

/* ---- the rest ------------------------------------------------------- */

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

static int compare_key(const struct entries *e, const void *key, size_t i)
{
	return memcmp(key, entries_key(e, i), e->key_size);
}

/* Where the key is or would be is within low..high. Who looks up one key after
 * another, in their order, begins where the last one was. */
static void narrow(const struct entries *e, const void *key, size_t *low,
		   size_t *high)
{
	size_t at = e->last < e->n ? e->last : 0, step = 1;

	if (compare_key(e, key, at) >= 0) {
		for (*low = at; *low + step < e->n; step *= 2) {
			if (compare_key(e, key, *low + step) < 0) {
				*high = *low + step;
				return;
			}
			*low += step;
		}
		*high = e->n;
		return;
	}
	*high = at;
	*low = 0;
}

const void *entries_find(const struct entries *e, const void *key)
{
	size_t low, high;

	if (!e->n)
		return NULL;
	narrow(e, key, &low, &high);
	while (low < high) {
		size_t middle = (low + high) / 2;
		int c = compare_key(e, key, middle);

		if (!c) {
			((struct entries *)e)->last = middle;
			return entries_value(e, middle);
		}
		if (c < 0)
			high = middle;
		else
			low = middle + 1;
	}
	((struct entries *)e)->last = low ? low - 1 : 0;
	return NULL;
}

/* ---- changes in place ------------------------------------------------- */

/* The first of low..high whose key is not below this one, else high. */
static size_t lower_bound(const struct entries *e, const void *key, size_t low,
			  size_t high)
{
	while (low < high) {
		size_t middle = (low + high) / 2;

		if (compare_key(e, key, middle) > 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static void move(struct entries *e, size_t to, size_t from, size_t n)
{
	size_t size = item_size(e);

	if (n && to != from)
		memmove(e->data + to * size, e->data + from * size, n * size);
}

void entries_patch(struct entries *e, const struct entries *changes)
{
	size_t new = 0, at = 0, end = e->n;

	for (size_t i = 0; i < changes->n; i++) {
		const void *key = entries_key(changes, i);

		at = lower_bound(e, key, at, end);
		if (at < end && !compare_key(e, key, at))
			entries_set(e, at, entries_value(changes, i));
		else
			new ++;
	}
	entries_reserve(e, e->n + new);
	/* From the end: what is behind a new one moves once. */
	for (size_t i = changes->n; new &&i--;) {
		const char *item = entries_key(changes, i);

		at = lower_bound(e, item, 0, end);
		if (at < end && !compare_key(e, item, at))
			continue;
		move(e, at + new, at, end - at);
		memcpy(e->data + (at + --new) * item_size(e), item,
		       item_size(e));
		e->n++;
		end = at;
	}
}

void entries_drop(struct entries *e, const struct entries *keys)
{
	size_t kept = 0, from = 0;

	for (size_t i = 0; i < keys->n; i++) {
		const void *key = entries_key(keys, i);
		size_t at = lower_bound(e, key, from, e->n);

		if (at == e->n || compare_key(e, key, at))
			continue;
		move(e, kept, from, at - from);
		kept += at - from;
		from = at + 1;
	}
	move(e, kept, from, e->n - from);
	e->n = kept + e->n - from;
}

/* ---- differences ------------------------------------------------------ */

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
