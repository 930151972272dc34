/* SPDX-License-Identifier: Apache-2.0 */
/* Prefixes of all kinds as one sorted list, for the sweep in identity.c. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <fairlead/abi.h>

enum point_what {
	POINT_FAMILY,	/* all of IPv4, which ::/0 must not reach */
	POINT_CIDR,	/* value: a selector that begins to match */
	POINT_EXCEPT,	/* value: one that ceases to */
	POINT_RANGE,	/* value: a node, of whose pods it is a range */
	POINT_NODE,	/* value: a node */
	POINT_MORE,	/* value: a node, for which nodes peers do not match */
	POINT_POD,	/* value: a pod */
	POINT_LOCAL,	/* value: a pod; it is an endpoint here */
	POINT_STRANGER, /* an endpoint whose pod is not known */
};

struct point {
	uint64_t high, low; /* the address as numbers */
	uint32_t value;
	uint8_t len; /* of 128 */
	uint8_t what;
};

struct points {
	struct point *items;
	size_t n, room;
};

void points_room(struct points *p, size_t n); /* for so many in all */
void points_add(struct points *p, const struct fl_prefix *prefix,
		enum point_what what, uint32_t value);
/* By address, then length, then as they came. */
void points_sort(struct points *p);
void points_free(struct points *p); /* and empty */

bool point_is_v4(const struct point *p);
bool point_contains(const struct point *outer, const struct point *inner);
int point_compare(const struct point *a, const struct point *b);
struct fl_prefix point_prefix(const struct point *p);
struct point point_of(const struct fl_prefix *prefix);
