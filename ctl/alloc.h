/* SPDX-License-Identifier: Apache-2.0 */
/* Memory for a program that has nothing to lose: it says that there is none
 * left and ends. */
#pragma once

#include <stddef.h>

void *must_alloc(size_t n, size_t size); /* zeroed */
char *must_strdup(const char *text);
/* Room for one more of n things: returns p, or what p moved to. */
void *must_grow(void *p, size_t n, size_t *room, size_t size);
