/* SPDX-License-Identifier: Apache-2.0 */
/* Memory that is there. An agent that runs out of it ends with a sentence:
 * everything is pinned, so that nothing is lost but time. */
#pragma once

#include <stdarg.h>
#include <stddef.h>

void *memory_alloc(size_t size);     /* zeroed */
char *memory_copy(const char *text); /* NULL stays NULL */
char *memory_format(const char *fmt, va_list ap);

/* Room for n items, more than there is; what is new is not zero. */
void *memory_grow_to(void *items, size_t *room, size_t n, size_t size);
/* Room for one more item behind the n that *items holds. */
void *memory_grow(void *items, size_t *room, size_t n, size_t size);

/* items = list_room(items, room, n): the typed form. */
#define list_room(items, room, n)                                              \
	((__typeof__(items))memory_grow((items), &(room), (n),                 \
					sizeof(*(items))))
