/* SPDX-License-Identifier: Apache-2.0 */
/* The datapath as the agent needs it: loaded, and its maps open. */
#pragma once

#include "../lib/err.h"

struct agent;

/* Load it, unless the same build with the same options runs already. */
int datapath_start(struct agent *a, struct err *e);
/* Load it again if somebody has taken it away. */
int datapath_heal(struct agent *a, struct err *e);
