/* SPDX-License-Identifier: Apache-2.0 */
/* The content of a map as a sorted list, wanted or found, and the difference
 * between two of them. Keys are compared byte by byte. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

struct entries {
	size_t key_size, value_size;
	size_t n, room;
	char *data;  /* key, value, key, value, ... */
	size_t last; /* where a look-up ended, to begin the next one there */
};

void entries_init(struct entries *e, size_t key_size, size_t value_size);
void entries_free(struct entries *e); /* and empty; the sizes stay */
/* Append (value NULL: of a list that has none); entries_sort() must follow
 * before anything below. It sorts by keys, and equal ones by their values. */
void entries_add(struct entries *e, const void *key, const void *value);
void entries_sort(struct entries *e);
/* Room for so many in all: who knows it spares copies and half of the memory.
 */
void entries_reserve(struct entries *e, size_t n);

/* Leave one of those with equal keys: the first, or the second of two where
 * prefer(key, first, second) says so. NULL: the first. */
void entries_unique(struct entries *e,
		    bool (*prefer)(const void *key, const void *first,
				   const void *second, void *arg),
		    void *arg);

const void *entries_key(const struct entries *e, size_t i);
const void *entries_value(const struct entries *e, size_t i);
/* Another value for item i. */
void entries_set(struct entries *e, size_t i, const void *value);
/* Those of `changes` (sorted, each key once) get their values, or join; in
 * place. */
void entries_patch(struct entries *e, const struct entries *changes);
/* Those keys leave; sorted, values do not matter. */
void entries_drop(struct entries *e, const struct entries *keys);
/* The value, or NULL. */
const void *entries_find(const struct entries *e, const void *key);

/* The difference, in the order of keys: `have` is NULL for what is missing,
 * `want` for what is too much. fn returns 0 to go on. */
typedef int (*entries_fn)(const void *key, const void *have, const void *want,
			  void *arg);
int entries_diff(const struct entries *have, const struct entries *want,
		 entries_fn fn, void *arg);
