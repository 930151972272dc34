/* SPDX-License-Identifier: Apache-2.0 */
/* What is wrong right now, as sentences: shown by `status`, logged when it
 * appears and when it is gone. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

struct problems {
	char **items;
	size_t n, room;
};

void problems_add(struct problems *p, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));
void problems_free(struct problems *p); /* and empty */

bool problems_equal(const struct problems *a, const struct problems *b);

/* Log what is in `now` but not in *before, and the other way round; then *now
 * takes the place of *before and is empty itself. */
void problems_report(struct problems *before, struct problems *now);
