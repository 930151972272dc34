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

void points_room(struct points *p, size_t n)
{
	p->items = store_room(p->items, p->room, 0, n);
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

/* By digits, the least significant first: the length, then the address in
 * digits of 8 bits, or of 16 where there are many points. */
struct digit {
	int at, bits; /* at 0: the length */
};

static uint32_t digit_of(const struct point *p, const struct digit *d)
{
	int shift = (d->at - 1) * d->bits;
	uint64_t word = shift < 64 ? p->low : p->high;

	if (!d->at)
		return p->len;
	return word >> shift % 64 & ((1u << d->bits) - 1);
}

static void sort_by(const struct point *from, struct point *to, size_t n,
		    const struct digit *d, uint32_t *starts)
{
	uint32_t sum = 0, values = 1u << d->bits;

	memset(starts, 0, values * sizeof(*starts));
	for (size_t k = 0; k < n; k++)
		starts[digit_of(&from[k], d)]++;
	for (uint32_t v = 0; v < values; v++) {
		uint32_t here = starts[v];

		starts[v] = sum;
		sum += here;
	}
	for (size_t k = 0; k < n; k++)
		to[starts[digit_of(&from[k], d)]++] = from[k];
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
	struct digit d = {.bits = p->n < 1 << 14 ? 8 : 16};
	uint32_t *starts = store_alloc((size_t)1 << d.bits, sizeof(*starts));

	find_differences(p, &differ);
	for (; d.at <= 128 / d.bits; d.at++) {
		struct point *was = p->items;

		if (!digit_of(&differ, &d))
			continue;
		sort_by(was, other, p->n, &d, starts);
		p->items = other;
		other = was;
		p->room = p->n;
	}
	free(other);
	free(starts);
}
