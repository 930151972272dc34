/* SPDX-License-Identifier: Apache-2.0 */
#include "shared.h"

#include <malloc.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "memory.h"

struct shared {
	struct shared *next; /* in its bucket */
	uint32_t hash, refs;
	size_t size;
	char block[];
};

/* One thread, one table. As many buckets as blocks, or up to twice that. */
static struct {
	struct shared **buckets;
	size_t n_buckets, n, bytes;
} table;

static uint32_t hash_of(const void *block, size_t size)
{
	const unsigned char *p = block;
	uint64_t h = 0xcbf29ce484222325ull;

	for (size_t i = 0; i < size; i++)
		h = (h ^ p[i]) * 0x100000001b3ull;
	return h ^ h >> 32;
}

static struct shared **bucket(uint32_t hash)
{
	return &table.buckets[hash & (table.n_buckets - 1)];
}

static void resize(size_t n_buckets)
{
	struct shared **old = table.buckets;
	size_t n_old = table.n_buckets;

	table.buckets = memory_alloc(n_buckets * sizeof(*table.buckets));
	table.n_buckets = n_buckets;
	for (size_t i = 0; i < n_old; i++) {
		for (struct shared *s = old[i], *next; s; s = next) {
			struct shared **to = bucket(s->hash);

			next = s->next;
			s->next = *to;
			*to = s;
		}
	}
	free(old);
}

static size_t size_in_heap(const struct shared *s)
{
	return malloc_usable_size((void *)s) + sizeof(size_t);
}

static struct shared *add(const void *block, size_t size, uint32_t hash)
{
	struct shared *s = memory_alloc(sizeof(*s) + size), **to;

	if (table.n == table.n_buckets)
		resize(table.n ? 2 * table.n : 64);
	to = bucket(hash);
	*s = (struct shared){*to, hash, 0, size};
	if (size)
		memcpy(s->block, block, size);
	*to = s;
	table.n++;
	table.bytes += size_in_heap(s);
	return s;
}

const void *shared_block(const void *block, size_t size)
{
	uint32_t hash = hash_of(block, size);
	struct shared *s = table.n_buckets ? *bucket(hash) : NULL;

	while (s && (s->hash != hash || s->size != size ||
		     (size && memcmp(s->block, block, size))))
		s = s->next;
	if (!s)
		s = add(block, size, hash);
	s->refs++;
	return s->block;
}

const char *shared_text(const char *text)
{
	text = text ? text : "";
	return shared_block(text, strlen(text) + 1);
}

/* The last one takes the table with it: nothing is left behind. */
static void remove_one(struct shared *s)
{
	struct shared **at = bucket(s->hash);

	while (*at != s)
		at = &(*at)->next;
	*at = s->next;
	table.n--;
	table.bytes -= size_in_heap(s);
	free(s);
	if (!table.n) {
		free(table.buckets);
		table.buckets = NULL;
		table.n_buckets = 0;
	} else if (table.n_buckets > 64 && table.n < table.n_buckets / 8) {
		resize(table.n_buckets / 4);
	}
}

void shared_drop(const void *block)
{
	struct shared *s;

	if (!block)
		return;
	s = (struct shared *)((char *)block - offsetof(struct shared, block));
	if (!--s->refs)
		remove_one(s);
}

size_t shared_bytes(void)
{
	return table.bytes + table.n_buckets * sizeof(*table.buckets);
}

size_t shared_count(void)
{
	return table.n;
}
