/* SPDX-License-Identifier: Apache-2.0 */
/* One group and direction while its entries are made; private to verdicts.c and
 * verdicts_rules.c. */
#pragma once

#include "ports.h"
#include "verdicts.h"

/* A rule as it applies to one group. */
struct applied {
	const struct catalog_rule *source; /* NULL: an invalid policy's deny */
	struct ports_rule ports;	   /* matches: those by number */
	size_t first_match, n_matches;	   /* in matches */
	bool names; /* egress: has ports by name, of the peer */
};

/* One group and direction. */
struct making {
	struct verdicts *v;
	const struct group *group;
	enum fl_direction direction;
	struct applied *rules;
	size_t n, room;
	struct ports_match *matches;
	size_t n_matches, matches_room;
	bool closed;
	struct numbers everybody;    /* rules without peers */
	struct numbers *by_selector; /* rules by selector */
	struct numbers touched;	     /* selectors that have some */
	struct ports_function below; /* for those whom no selector matches */
	/* what identities come to, by which rules match and which ports they
	 * have: few are different */
	struct intern signatures;
	struct ports_cover *covers;
	size_t covers_room;
	struct ports_rule *asked;
	struct ports_match *asked_matches;
	size_t asked_room, asked_matches_room;
	struct numbers signature, list;
};

/* State for all of them. */
struct shared {
	struct verdicts *v;
	struct numbers *sets_of; /* by selector: sets that identities have */
	uint32_t *rule_numbers;	 /* by rule of the catalog, 0: none yet */
	uint32_t *deny_numbers;	 /* by policy * 2 + direction */
	uint32_t *seen;		 /* by set: the last pass that looked at it */
	uint32_t pass;
	struct numbers *by_selector;
};

/* The rules that apply, in the order in which they are asked. */
void making_find_rules(struct shared *s, struct making *m);
