/* SPDX-License-Identifier: Apache-2.0 */
/* Which policies select which endpoints; endpoints for which they are the same
 * and say the same are one group, and share a policy id. */
#pragma once

#include "namespaces.h"

struct group {
	uint32_t *policies; /* places in the world, as they are asked */
	size_t n_policies;
	size_t pod; /* one of its pods: what names of ports mean */
	size_t n_endpoints;
	bool governs[2]; /* by enum fl_direction */
	uint32_t policy_id;
	uint64_t hash; /* of what it is, across compilations */
};

struct groups {
	struct group *items;
	size_t n, room;
	long *of_endpoint; /* by its place in the world, -1: none */
	struct intern keys;
};

/* order: the places of all policies as they are asked (groups_order()). */
void groups_collect(const struct policy_world *w, const struct namespaces *ns,
		    const struct numbers *order, struct groups *out);
void groups_free(struct groups *g); /* and empty */

/* Tier, then priority, then name; caller frees the numbers. */
void groups_order(const struct policy_world *w, struct numbers *out);
