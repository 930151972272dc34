/* SPDX-License-Identifier: Apache-2.0 */
#include "problems.h"

#include <stdlib.h>
#include <string.h>

#include "../lib/log.h"
#include "memory.h"

void problems_add(struct problems *p, const char *fmt, ...)
{
	va_list ap;

	p->items = list_room(p->items, p->room, p->n);
	va_start(ap, fmt);
	p->items[p->n++] = memory_format(fmt, ap);
	va_end(ap);
}

void problems_free(struct problems *p)
{
	for (size_t i = 0; i < p->n; i++)
		free(p->items[i]);
	free(p->items);
	memset(p, 0, sizeof(*p));
}

static bool has(const struct problems *p, const char *text)
{
	for (size_t i = 0; i < p->n; i++)
		if (!strcmp(p->items[i], text))
			return true;
	return false;
}

bool problems_equal(const struct problems *a, const struct problems *b)
{
	bool equal = a->n == b->n;

	for (size_t i = 0; equal && i < a->n; i++)
		equal = !strcmp(a->items[i], b->items[i]);
	return equal;
}

void problems_report(struct problems *before, struct problems *now)
{
	for (size_t i = 0; i < now->n; i++)
		if (!has(before, now->items[i]))
			log_warn(now->items[i], NULL);
	for (size_t i = 0; i < before->n; i++)
		if (!has(now, before->items[i]))
			log_info("no longer a problem", "what=\"%s\"",
				 before->items[i]);
	problems_free(before);
	*before = *now;
	memset(now, 0, sizeof(*now));
}
