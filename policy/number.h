/* SPDX-License-Identifier: Apache-2.0 */
/* Numbers that stay what they were. What is numbered is known by a hash of
 * what it is; a number that was in use the last time is not given to something
 * else, so that maps in the middle of a change never mean a third thing. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct numbered {
	uint64_t hash;
	uint32_t number;
};

struct numbering {
	struct numbered *items; /* sorted by hash once it is finished */
	size_t n, room;
	const struct numbering *before; /* NULL: none */
	uint32_t first, next;
	uint32_t end;	       /* above all that are taken in either */
	uint64_t *taken, *old; /* bits: now; now or before */
	size_t words;
};

/* Numbers from first on. before must stay until numbering_finish(). */
void numbering_begin(struct numbering *n, const struct numbering *before,
		     uint32_t first);
/* The number it had, if nobody has taken it since; 0: none. */
uint32_t numbering_keep(struct numbering *n, uint64_t hash);
/* Give it a number that another thing had which is no more; false: taken. */
bool numbering_inherit(struct numbering *n, uint64_t hash, uint32_t number);
/* A fresh one. */
uint32_t numbering_new(struct numbering *n, uint64_t hash);
bool numbering_taken(const struct numbering *n, uint32_t number);
void numbering_finish(struct numbering *n);
void numbering_free(struct numbering *n); /* and empty */

uint64_t hash_text(uint64_t seed, const char *text);
uint64_t hash_number(uint64_t seed, uint64_t number);
