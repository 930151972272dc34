/* SPDX-License-Identifier: Apache-2.0 */
/* The two views of a map (abi.h), and how a change comes to show in one step:
 *
 *	have, of which view v holds -> staged: v is as it was, the other one is
 *	    as wanted -> the epoch makes the other one hold -> both as wanted
 *
 * Whatever part of one of the steps has been written, what holds says either
 * all of the old or all of the new. Pure. */
#pragma once

#include "entries.h"

enum view_map { VIEW_ENDPOINTS, VIEW_ROUTES, VIEW_POLICY };

struct views {
	enum view_map map;
	unsigned int holds; /* the view that does */
	bool sweep;	    /* what nobody wants is to go */
	/* Where to look for what is around a prefix, if have and want are only
	 * those that change, all of them of full length. NULL: there. */
	const struct entries *all;
};

/* What is to be written before the view that does not hold becomes the one.
 * have: what the map holds, view `holds` of it right; want: both views alike.
 * Nothing is removed: what nobody wants says in the new view what is around it
 * or, without `sweep`, what it says now. *changes: initialized and empty; what
 * gets another value, sorted. *unwanted: the same, keys that are to go once
 * nobody looks at the other view any more. *turn becomes true if the views
 * differ then. */
void views_stage(const struct views *v, const struct entries *have,
		 const struct entries *want, struct entries *changes,
		 struct entries *unwanted, bool *turn);
/* What is to be written when nobody looks at the other view any more: both are
 * as the one that holds, and (with `sweep`; else the rest may be NULL) what of
 * the unwanted has nothing to say goes. *gone: keys. *shows becomes true if
 * something goes that did not only hold views. */
void views_settle(const struct views *v, const struct entries *have,
		  const struct entries *unwanted, struct entries *changes,
		  struct entries *gone, bool *shows);
/* Do the two views of some entry differ? */
bool views_differ(enum view_map map, const struct entries *e);
/* Are two values the same but for their views? */
bool views_same_frame(enum view_map map, const void *a, const void *b);
