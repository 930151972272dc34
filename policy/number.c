/* SPDX-License-Identifier: Apache-2.0 */
#include "number.h"

#include <stdlib.h>
#include <string.h>

#include "store.h"

static bool has_bit(const struct numbering *n, const uint64_t *bits,
		    uint32_t number)
{
	return number / 64 < n->words && bits[number / 64] >> number % 64 & 1;
}

static void room_for(struct numbering *n, uint32_t number)
{
	size_t words = number / 64 + 1;
	uint64_t *taken, *old;

	if (words <= n->words)
		return;
	words += words / 2;
	taken = store_alloc(words, sizeof(*taken));
	old = store_alloc(words, sizeof(*old));
	if (n->words) {
		memcpy(taken, n->taken, n->words * sizeof(*taken));
		memcpy(old, n->old, n->words * sizeof(*old));
	}
	free(n->taken);
	free(n->old);
	n->taken = taken;
	n->old = old;
	n->words = words;
}

void numbering_begin(struct numbering *n, const struct numbering *before,
		     uint32_t first)
{
	memset(n, 0, sizeof(*n));
	n->before = before;
	n->first = n->next = first;
	for (size_t i = 0; before && i < before->n; i++) {
		uint32_t number = before->items[i].number;

		room_for(n, number);
		n->old[number / 64] |= 1ull << number % 64;
	}
}

static void take(struct numbering *n, uint64_t hash, uint32_t number)
{
	room_for(n, number);
	n->taken[number / 64] |= 1ull << number % 64;
	n->old[number / 64] |= 1ull << number % 64;
	n->items = store_room(n->items, n->room, n->n, 1);
	n->items[n->n++] = (struct numbered){hash, number};
}

static int compare(const void *a, const void *b)
{
	const struct numbered *x = a, *y = b;

	if (x->hash != y->hash)
		return x->hash < y->hash ? -1 : 1;
	return x->number < y->number ? -1 : x->number > y->number;
}

bool numbering_taken(const struct numbering *n, uint32_t number)
{
	return has_bit(n, n->taken, number);
}

uint32_t numbering_keep(struct numbering *n, uint64_t hash)
{
	const struct numbering *b = n->before;
	size_t low = 0, high = b ? b->n : 0;

	while (low < high) {
		size_t middle = (low + high) / 2;

		if (b->items[middle].hash < hash)
			low = middle + 1;
		else
			high = middle;
	}
	if (!b || low == b->n || b->items[low].hash != hash ||
	    numbering_taken(n, b->items[low].number))
		return 0;
	take(n, hash, b->items[low].number);
	return b->items[low].number;
}

bool numbering_inherit(struct numbering *n, uint64_t hash, uint32_t number)
{
	if (numbering_taken(n, number))
		return false;
	take(n, hash, number);
	return true;
}

uint32_t numbering_new(struct numbering *n, uint64_t hash)
{
	uint32_t number;

	while (has_bit(n, n->old, n->next))
		n->next++;
	number = n->next++;
	take(n, hash, number);
	return number;
}

void numbering_finish(struct numbering *n)
{
	if (n->n)
		qsort(n->items, n->n, sizeof(*n->items), compare);
	free(n->taken);
	free(n->old);
	n->taken = n->old = NULL;
	n->words = 0;
	n->before = NULL;
}

void numbering_free(struct numbering *n)
{
	free(n->items);
	free(n->taken);
	free(n->old);
	memset(n, 0, sizeof(*n));
}

/* ---- hashes --------------------------------------------------------- */

uint64_t hash_number(uint64_t seed, uint64_t number)
{
	uint64_t h = (seed ^ number) + 0x9e3779b97f4a7c15ull;

	h = (h ^ h >> 30) * 0xbf58476d1ce4e5b9ull;
	h = (h ^ h >> 27) * 0x94d049bb133111ebull;
	return h ^ h >> 31;
}

uint64_t hash_text(uint64_t seed, const char *text)
{
	for (; *text; text++)
		seed = (seed ^ (unsigned char)*text) * 0x100000001b3ull;
	return hash_number(seed, 0);
}
