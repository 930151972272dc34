/* SPDX-License-Identifier: Apache-2.0 */
#include "memory.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../lib/log.h"

static void *must(void *p)
{
	if (p)
		return p;
	log_error("out of memory", NULL);
	exit(1);
}

void *memory_alloc(size_t size)
{
	return must(calloc(1, size));
}

char *memory_copy(const char *text)
{
	return text ? must(strdup(text)) : NULL;
}

char *memory_format(const char *fmt, va_list ap)
{
	char *text = NULL;

	if (vasprintf(&text, fmt, ap) < 0)
		text = NULL;
	return must(text);
}

void *memory_grow_to(void *items, size_t *room, size_t n, size_t size)
{
	*room = n;
	return must(reallocarray(items, n, size));
}

void *memory_grow(void *items, size_t *room, size_t n, size_t size)
{
	size_t more = *room ? 2 * *room : 8;

	if (n < *room)
		return items;
	items = must(reallocarray(items, more, size));
	memset((char *)items + *room * size, 0, (more - *room) * size);
	*room = more;
	return items;
}
