/* SPDX-License-Identifier: Apache-2.0 */
/* From pods that have changed to addresses that have, and who has them. Pure.
 */
#pragma once

#include "endpoints.h"
#include "entries.h"
#include "pod_news.h"
#include "policies.h"

struct pod_moves {
	struct policy_move *items; /* in the order of addresses, each once */
	size_t n;
	struct policy_pod *pods; /* what items point to, of the model's life */
};

/* False: more than an address hangs on some of them, or two pods have the same
 * one, or the source does not tell which (news is NULL): all is to be looked
 * at. */
bool pod_moves_find(const struct pod_news *news, const struct model *m,
		    const struct endpoints *endpoints, struct pod_moves *out);
/* Put them into p->good. *now, *want (initialized and empty): what `routes` has
 * for these addresses, and what it is to have. False: as above, and nothing has
 * changed. */
bool pod_moves_apply(const struct pod_moves *moves, struct policies *p,
		     const struct entries *routes, struct entries *now,
		     struct entries *want);
void pod_moves_free(struct pod_moves *m); /* and empty */
