/* SPDX-License-Identifier: Apache-2.0 */
/* Entries of fl_policy put in words: who, by which ports, may it, which rule.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "ctl.h"
#include "rulebook.h"

struct verdict_entry {
	struct fl_policy_key key;
	struct {
		__u32 rule;
		__u8 verdict; /* enum fl_verdict */
	} value;
};

/* Everything that one rule says of one peer. Rows of one peer have no port in
 * common; what no row of a peer's own has is looked for in those of
 * FL_IDENTITY_ANY, and denied if it is not there. */
struct verdict_row {
	__u8 direction;
	__u8 verdict;
	__u32 identity;
	__u32 rule;
	char *ports;  /* "tcp 80, 443-445, udp 53", "any", "any other" */
	bool is_rest; /* it has all that the peer's other rows have not */
};

struct verdict_list {
	struct verdict_row *rows; /* by direction and identity, ANY last */
	size_t n, room;
};

/* The entries of one policy id; sorts them. */
void verdict_list_make(struct verdict_entry *entries, size_t n,
		       struct verdict_list *out);
/* Those of the view that holds. */
int verdict_list_read(const struct ctl *c, __u32 policy_id,
		      struct verdict_list *out, struct err *e);
void verdict_list_free(struct verdict_list *v); /* fits __cleanup */

/* Is there anything that only the end of all rules decides? */
bool verdict_list_end_in_deny(const struct verdict_list *v,
			      unsigned int direction);
/* What made the verdict, in words; "no rule allows it". */
const char *verdict_reason(const struct verdict_row *row,
			   const struct rulebook *book,
			   char buf[RULE_TEXT_LEN]);
