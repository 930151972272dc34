/* SPDX-License-Identifier: Apache-2.0 */
/* An identity is a set of selectors: the addresses that exactly these match.
 * Which prefixes have which? */
#pragma once

#include "classes.h"
#include "compile.h"
#include "number.h"

struct identity_prefix {
	struct fl_prefix prefix;
	uint32_t set;
	int32_t parent;	  /* the prefix around it, -1: none */
	uint8_t reserved; /* its identity where nothing matches */
	bool unknown;	  /* it is FL_IDENTITY_UNKNOWN, whatever matches */
	bool keep;	  /* fl_routes has it in any case */
};
_Static_assert(FL_IDENTITY_FIRST_FREE <= UINT8_MAX, "reserved is too small");

struct identities {
	struct intern sets; /* of selectors, sorted; number 0 is empty */
	struct identity_prefix *items; /* sorted */
	size_t n, room;
	uint32_t *numbers; /* by set; 0: nobody has exactly this one */
	size_t n_numbers;
	uint32_t own_node; /* set of what only the own node's selector matches,
			    * which is FL_IDENTITY_HOST; 0: there is none */
	char **problems;
	size_t n_problems, problems_room;
};

/* May add selectors of ports to the catalog. *classes refers to all of them. */
void identities_collect(const struct policy_world *w,
			const struct namespaces *ns, struct catalog *catalog,
			struct classes *classes, struct identities *out);
/* Give numbers; what identities had them the last time is in `before`. */
void identities_number(struct identities *ids, const struct catalog *catalog,
		       const struct policy_compiled *before,
		       struct numbering *numbering);
/* The list for fl_routes, without what a prefix around says already. */
void identities_list(const struct identities *ids, struct policy_compiled *out);
/* Sets and numbers stay. */
void identities_forget_prefixes(struct identities *ids);
void identities_free(struct identities *ids); /* and empty */
