/* SPDX-License-Identifier: Apache-2.0 */
/* Which pod ranges would cut this node off: whoever claims the node's own
 * network, or another node's address, for pods is not believed. */
#pragma once

#include "desired.h"

struct keep_out {
	struct keep_out_addr *addrs; /* sorted */
	size_t n, room;
	const struct facts *facts;
	const struct uplinks *uplinks;
};

/* Borrows all that it is given. */
void keep_out_find(const struct inputs *in, const struct uplinks *uplinks,
		   struct keep_out *out);
void keep_out_free(struct keep_out *k); /* fits __cleanup */

/* May the range belong to pods? If not, `why` is the sentence's end: "contains
 * 10.0.0.11, this node's own address". */
bool keep_out_allows(const struct keep_out *k, const struct fl_prefix *range,
		     char *why, size_t size);
