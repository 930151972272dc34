/* SPDX-License-Identifier: Apache-2.0 */
/* What a compilation leaves behind for the next one, and for explanations. */
#pragma once

#include "identity.h"

struct cached_endpoint {
	struct fl_addr addr;
	uint32_t policy_id;
};

struct policy_cache {
	struct numbering identities, groups, rules;
	struct intern texts;   /* of selectors */
	struct intern sets;    /* of selectors, as identities have them */
	uint32_t *set_numbers; /* by set: identity */
	struct cached_endpoint *endpoints; /* sorted by address */
	size_t n_endpoints;
};

/* A new group takes over the policy id of one that is no more, if all that were
 * in that one, and are still there, are now in this one. */
void cache_inherit_groups(const struct policy_cache *old,
			  const struct policy_world *w, struct groups *groups,
			  struct numbering *numbering);
void cache_remember(struct policy_cache *cache, const struct policy_world *w,
		    const struct groups *groups, const struct catalog *catalog,
		    const struct identities *ids);
void cache_free(struct policy_cache *c); /* NULL is fine */

/* What is odd about the policies as a whole (complaints.c). */
void complaints_collect(const struct policy_world *w,
			const struct numbers *order,
			const struct catalog *catalog, struct identities *ids,
			struct policy_compiled *out);
