/* SPDX-License-Identifier: Apache-2.0 */
/* The datapath as the agent needs it: loaded, and its maps open. */
#pragma once

#include "../lib/config.h"
#include "../lib/err.h"

struct agent;

/* It runs already, or this machine has what it needs. */
int datapath_is_possible(const struct config *c, struct err *e);
/* Load it, unless the same build with the same options runs already. */
int datapath_start(struct agent *a, struct err *e);
/* Load it again if somebody has taken it away. */
int datapath_heal(struct agent *a, struct err *e);
/* Look each second whether that is necessary: where a program is missing,
 * packets are dropped. */
int datapath_watch(struct agent *a, struct err *e);
