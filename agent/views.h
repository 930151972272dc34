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

/* What a map is to hold before the view that does not hold becomes the one.
 * have: what it holds, view `holds` of it right; want: both views alike.
 * Nothing is removed: what nobody wants says in the new view what is around it
 * or, without `sweep`, what it says now. *out: initialized and empty; sorted.
 */
void views_stage(enum view_map map, unsigned int holds, bool sweep,
		 const struct entries *have, const struct entries *want,
		 struct entries *out);
/* What it is to hold when nobody looks at the other view any more: both are as
 * the one that holds, and (with `sweep`) what nobody wants and has nothing to
 * say is not there. *shows: something is missing that did not only hold views.
 */
void views_settle(enum view_map map, unsigned int holds, bool sweep,
		  const struct entries *have, const struct entries *want,
		  struct entries *out, bool *shows);
/* Do the two views of some entry differ? */
bool views_differ(enum view_map map, const struct entries *e);
/* Are two values the same but for their views? */
bool views_same_frame(enum view_map map, const void *a, const void *b);
