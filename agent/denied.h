/* SPDX-License-Identifier: Apache-2.0 */
/* Counts of what policies deny are kept by the rules' numbers (fl_denied).
 * Those of a number that means another rule by now would tell lies. */
#pragma once

#include "../policy/compile.h"
#include "entries.h"

/* Number -> hash of the rule's name; entries_free() it. */
void denied_names_init(struct entries *names);
/* Delete the counts of numbers that meant something else, or nothing known,
 * in *names; which then are those of now. */
void denied_update(const char *bpf_root, const struct policy_compiled *now,
		   struct entries *names);
