/* SPDX-License-Identifier: Apache-2.0 */
/* Memory for the policy module: growing arrays, and tables that give each
 * distinct key a number. Who runs out of memory ends with a sentence. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

void *store_alloc(size_t n, size_t size); /* zeroed */
char *store_copy(const char *text);
char *store_format(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
/* Room for `more` items behind the n that there are. */
void *store_grow(void *items, size_t *room, size_t n, size_t more, size_t size);

/* Room for n items, and no more. */
void *store_fit(void *items, size_t n, size_t size);

/* items = store_room(items, room, n, more): the typed form. */
#define store_room(items, room, n, more)                                       \
	((__typeof__(items))store_grow((items), &(room), (n), (more),          \
				       sizeof(*(items))))

/* A list of numbers. */
struct numbers {
	uint32_t *items;
	size_t n, room;
};

void numbers_add(struct numbers *l, uint32_t value);
void numbers_sort(struct numbers *l); /* and each once */
void numbers_free(struct numbers *l); /* and empty */

/* Distinct keys (bytes), numbered 0.. in the order in which they came. A key
 * stays where it is aligned for numbers, but moves when others come. */
struct intern {
	struct intern_item *items;
	size_t n, items_room;
	char *bytes;
	size_t n_bytes, bytes_room;
	uint32_t *slots; /* number + 1; 0: free */
	size_t n_slots;	 /* a power of two */
};

/* *is_new may be NULL. */
uint32_t intern_add(struct intern *t, const void *key, size_t len,
		    bool *is_new);
long intern_find(const struct intern *t, const void *key, size_t len); /* -1 */
const void *intern_key(const struct intern *t, uint32_t number, size_t *len);
void intern_free(struct intern *t); /* and empty */

/* The same for lists of numbers. */
uint32_t intern_numbers(struct intern *t, const struct numbers *l);
const uint32_t *intern_list(const struct intern *t, uint32_t number, size_t *n);
