/* SPDX-License-Identifier: Apache-2.0 */
#include "alloc.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void *or_end(void *p)
{
	if (p)
		return p;
	fputs("fairlead: out of memory\n", stderr);
	exit(1);
}

void *must_alloc(size_t n, size_t size)
{
	return or_end(calloc(n ? n : 1, size));
}

char *must_strdup(const char *text)
{
	return or_end(strdup(text));
}

void *must_grow(void *p, size_t n, size_t *room, size_t size)
{
	if (n < *room)
		return p;
	*room = *room ? *room * 2 : 16;
	return or_end(reallocarray(p, *room, size));
}
