/* SPDX-License-Identifier: Apache-2.0 */
/* The entries of fl_policy: for each group of endpoints and direction, what
 * may come from (go to) each identity. */
#pragma once

#include "identity.h"

struct verdicts {
	const struct policy_world *w;
	const struct catalog *catalog;
	const struct groups *groups;
	const struct identities *ids;
	struct numbering *numbering; /* of rules */
	struct policy_entry *entries;
	size_t n, room;
	struct policy_rule_info *rules;
	size_t n_rules, rules_room;
};

/* w to numbering are given; the rest is made. Groups in the order of their
 * policy ids, which order gives. */
void verdicts_make(struct verdicts *v, const struct numbers *order);
