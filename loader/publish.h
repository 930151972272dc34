/* SPDX-License-Identifier: Apache-2.0 */
/* What the loader itself knows of fl_config. */
#pragma once

#include "../lib/config.h"
#include "../lib/err.h"

/* Write the options of *c, and the devices as they are now, into the pinned
 * fl_config; raises the epoch if that changed a decision. */
int publish_config(const struct config *c, struct err *e);
