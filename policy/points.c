/* SPDX-License-Identifier: Apache-2.0 */
#include "points.h"

#include <endian.h>
#include <stdlib.h>
#include <string.h>

#include "store.h"

#define V4_LOW 0x0000ffff00000000ull

struct point point_of(const struct fl_prefix *prefix)
{
	struct point p = {.len = prefix->prefix_len};
	uint64_t words[2];

	memcpy(words, &prefix->addr, sizeof(words));
	p.high = be64toh(words[0]);
	p.low = be64toh(words[1]);
	return p;
}

struct fl_prefix point_prefix(const struct point *p)
{
	uint64_t words[2] = {htobe64(p->high), htobe64(p->low)};
	struct fl_prefix prefix = {.prefix_len = p->len};

	memcpy(&prefix.addr, words, sizeof(words));
	return prefix;
}

void points_add(struct points *p, const struct fl_prefix *prefix,
		enum point_what what, uint32_t value)
{
	struct point point = point_of(prefix);

	point.what = what;
	point.value = value;
	p->items = store_room(p->items, p->room, p->n, 1);
	p->items[p->n++] = point;
}

void points_free(struct points *p)
{
	free(p->items);
	memset(p, 0, sizeof(*p));
}

bool point_is_v4(const struct point *p)
{
	return p->len >= 96 && !p->high && p->low >> 32 == V4_LOW >> 32;
}

bool point_contains(const struct point *outer, const struct point *inner)
{
	uint64_t high = outer->high ^ inner->high;
	uint64_t low = outer->low ^ inner->low;

	if (outer->len > inner->len)
		return false;
	if (!outer->len)
		return true;
	if (outer->len <= 64)
		return !(high >> (64 - outer->len));
	return !high && !(low >> (128 - outer->len));
}

int point_compare(const struct point *a, const struct point *b)
{
	if (a->high != b->high)
		return a->high < b->high ? -1 : 1;
	if (a->low != b->low)
		return a->low < b->low ? -1 : 1;
	return (int)a->len - (int)b->len;
}

/* ---- a radix sort ---------------------------------------------------- */

/* The bytes to sort by, the least significant first. */
enum { SORT_BYTES = 17 };

static uint8_t byte_of(const struct point *p, int i)
{
	if (!i)
		return p->len;
	if (i <= 8)
		return p->low >> 8 * (i - 1);
	return p->high >> 8 * (i - 9);
}

static void sort_by(const struct point *from, struct point *to, size_t n, int i)
{
	size_t starts[257] = {0};

	for (size_t k = 0; k < n; k++)
		starts[byte_of(&from[k], i) + 1]++;
	for (int b = 0; b < 256; b++)
		starts[b + 1] += starts[b];
	for (size_t k = 0; k < n; k++)
		to[starts[byte_of(&from[k], i)]++] = from[k];
}

static void find_differences(const struct points *p, struct point *differ)
{
	memset(differ, 0, sizeof(*differ));
	for (size_t i = 1; i < p->n; i++) {
		differ->high |= p->items[i].high ^ p->items[0].high;
		differ->low |= p->items[i].low ^ p->items[0].low;
		differ->len |= p->items[i].len ^ p->items[0].len;
	}
}

void points_sort(struct points *p)
{
	struct point differ, *other = store_alloc(p->n, sizeof(*other));

	find_differences(p, &differ);
	for (int i = 0; i < SORT_BYTES; i++) {
		struct point *was = p->items;

		if (!byte_of(&differ, i))
			continue;
		sort_by(was, other, p->n, i);
		p->items = other;
		other = was;
		p->room = p->n;
	}
	free(other);
}
