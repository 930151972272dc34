/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Nodes that got their power back together ask for everything together. So the
 * first agent after a boot waits for a random part of start-spread before its
 * first request; any other asks at once.
 */
#pragma once

#include <stdbool.h>

#include "../lib/config.h"

/* Seconds. uptime: of the machine; began: an agent has run since it booted;
 * 0 <= chance < 1. */
double start_delay_for(const struct config *c, double uptime, bool began,
		       double chance);
/* Of this machine, now. */
double start_delay(const struct config *c);
