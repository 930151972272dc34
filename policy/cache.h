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
	struct namespaces ns;	/* without those of pods */
	struct catalog catalog; /* without rules */
	struct classes classes;
	struct identities ids; /* sets and their numbers */
	uint32_t *uses;	       /* by identity: how many prefixes */
	size_t n_uses;
	struct fl_addr *fixed; /* those that more than a pod decides on; in
				* order */
	size_t n_fixed;
	struct cached_endpoint *endpoints; /* sorted by address */
	size_t n_endpoints;
};

/* A new group takes over the policy id of one that is no more, if all that were
 * in that one, and are still there, are now in this one. */
void cache_inherit_groups(const struct policy_cache *old,
			  const struct policy_world *w, struct groups *groups,
			  struct numbering *numbering);
/* Of what the cache has been given by now it keeps what lasts. */
void cache_remember(struct policy_cache *cache, const struct policy_world *w,
		    const struct groups *groups,
		    const struct policy_compiled *c);
void cache_free(struct policy_cache *c); /* NULL is fine */

/* After n_identities has changed (compile.c). */
void policy_count_prefixes(struct policy_compiled *c);

/* What is odd about the policies as a whole (complaints.c). */
void complaints_collect(const struct policy_world *w,
			const struct numbers *order,
			const struct catalog *catalog, struct identities *ids,
			struct policy_compiled *out);
