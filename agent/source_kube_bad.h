/* SPDX-License-Identifier: Apache-2.0 */
/* Objects of an API server that cannot be read, or not all of them, by name,
 * with the reason. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "problems.h"
#include "store.h"

struct source_kube_bad {
	struct bad_object *items;
	size_t n, room;
	bool full; /* there were more than it remembers */
};

/* Each returns whether that is news. */
bool bad_add(struct source_kube_bad *b, enum resource r, unsigned int list,
	     const char *namespace, const char *name, const char *reason);
bool bad_remove(struct source_kube_bad *b, enum resource r,
		const char *namespace, const char *name);
/* Those that the list did not have. */
bool bad_sweep(struct source_kube_bad *b, enum resource r, unsigned int list);
void bad_problems(const struct source_kube_bad *b, struct problems *out);
void bad_free(struct source_kube_bad *b); /* and empty */
