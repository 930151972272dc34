/* SPDX-License-Identifier: Apache-2.0 */
#include "store.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../lib/log.h"

static void *must(void *p)
{
	if (p)
		return p;
	log_error("out of memory", NULL);
	exit(1);
}

void *store_alloc(size_t n, size_t size)
{
	return must(calloc(n ? n : 1, size));
}

void *store_fit(void *items, size_t n, size_t size)
{
	return must(reallocarray(items, n, size));
}

char *store_copy(const char *text)
{
	return must(strdup(text));
}

char *store_format(const char *fmt, ...)
{
	char *text = NULL;
	va_list ap;

	va_start(ap, fmt);
	if (vasprintf(&text, fmt, ap) < 0)
		text = NULL;
	va_end(ap);
	return must(text);
}

void *store_grow(void *items, size_t *room, size_t n, size_t more, size_t size)
{
	size_t want = *room ? *room : 8;

	if (n + more <= *room)
		return items;
	while (want < n + more)
		want *= 2;
	*room = want;
	return must(reallocarray(items, want, size));
}

/* ---- lists of numbers ----------------------------------------------- */

void numbers_add(struct numbers *l, uint32_t value)
{
	l->items = store_room(l->items, l->room, l->n, 1);
	l->items[l->n++] = value;
}

static int compare_numbers(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return x < y ? -1 : x > y;
}

void numbers_sort(struct numbers *l)
{
	size_t n = 0;

	if (l->n < 2)
		return;
	qsort(l->items, l->n, sizeof(*l->items), compare_numbers);
	for (size_t i = 0; i < l->n; i++)
		if (!n || l->items[n - 1] != l->items[i])
			l->items[n++] = l->items[i];
	l->n = n;
}

void numbers_free(struct numbers *l)
{
	free(l->items);
	memset(l, 0, sizeof(*l));
}

/* ---- distinct keys -------------------------------------------------- */

struct intern_item {
	size_t at;
	uint32_t len;
	uint32_t hash;
};

static uint64_t mix(uint64_t h, uint64_t word)
{
	h = (h ^ word) * 0x9fb21c651e98df25ull;
	return h ^ h >> 32;
}

static uint32_t hash_bytes(const char *key, size_t len)
{
	uint64_t h = len * 0x9e3779b97f4a7c15ull, word;

	for (; len >= sizeof(word); key += sizeof(word), len -= sizeof(word)) {
		memcpy(&word, key, sizeof(word));
		h = mix(h, word);
	}
	word = 0;
	memcpy(&word, key, len);
	h = mix(mix(h, word), len);
	return h ^ h >> 29;
}

/* The slot that holds the key, or the free one where it belongs. */
static uint32_t *slot_of(const struct intern *t, const void *key, size_t len,
			 uint32_t hash)
{
	size_t mask = t->n_slots - 1;

	for (size_t i = hash & mask;; i = (i + 1) & mask) {
		uint32_t number = t->slots[i];
		const struct intern_item *item;

		if (!number)
			return &t->slots[i];
		item = &t->items[number - 1];
		if (item->hash == hash && item->len == len &&
		    !memcmp(t->bytes + item->at, key, len))
			return &t->slots[i];
	}
}

static void rehash(struct intern *t)
{
	size_t mask;

	t->n_slots = t->n_slots ? 2 * t->n_slots : 64;
	mask = t->n_slots - 1;
	free(t->slots);
	t->slots = store_alloc(t->n_slots, sizeof(*t->slots));
	for (size_t n = 0; n < t->n; n++) {
		size_t i = t->items[n].hash & mask;

		while (t->slots[i])
			i = (i + 1) & mask;
		t->slots[i] = n + 1;
	}
}

uint32_t intern_add(struct intern *t, const void *key, size_t len, bool *is_new)
{
	uint32_t hash = hash_bytes(key ? key : "", len), *slot;
	size_t padded = (len + 8) & ~(size_t)7; /* never nothing */

	if (2 * t->n >= t->n_slots)
		rehash(t);
	slot = slot_of(t, key ? key : "", len, hash);
	if (is_new)
		*is_new = !*slot;
	if (*slot)
		return *slot - 1;
	t->items = store_room(t->items, t->items_room, t->n, 1);
	t->bytes = store_room(t->bytes, t->bytes_room, t->n_bytes, padded);
	if (len) /* NOLINTNEXTLINE: of a key, so there is one */
		memcpy(t->bytes + t->n_bytes, key, len);
	t->items[t->n] = (struct intern_item){t->n_bytes, len, hash};
	t->n_bytes += padded;
	*slot = ++t->n;
	return t->n - 1;
}

long intern_find(const struct intern *t, const void *key, size_t len)
{
	if (!t->n)
		return -1;
	return (long)*slot_of(t, key ? key : "", len,
			      hash_bytes(key ? key : "", len)) -
	       1;
}

const void *intern_key(const struct intern *t, uint32_t number, size_t *len)
{
	if (len)
		*len = t->items[number].len;
	return t->bytes + t->items[number].at;
}

void intern_free(struct intern *t)
{
	free(t->items);
	free(t->bytes);
	free(t->slots);
	memset(t, 0, sizeof(*t));
}

uint32_t intern_numbers(struct intern *t, const struct numbers *l)
{
	return intern_add(t, l->items, l->n * sizeof(*l->items), NULL);
}

const uint32_t *intern_list(const struct intern *t, uint32_t number, size_t *n)
{
	const uint32_t *list = intern_key(t, number, n);

	*n /= sizeof(*list);
	return list;
}
