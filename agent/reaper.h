/* SPDX-License-Identifier: Apache-2.0 */
/* Takes away what is dead: idle flows, and what pods have left behind. */
#pragma once

#include "../lib/err.h"

struct agent;
struct map_usage;
struct reaper;

struct reaper_stats {
	unsigned long long rounds; /* through all of fl_flows */
	unsigned long long candidates, flows;
	unsigned long long attachments, addresses, pins;
	unsigned int crowded; /* accounts with half of what they may have */
};

int reaper_start(struct agent *a, struct reaper **out, struct err *e);
void reaper_stop(struct reaper *r); /* NULL is fine */
const struct reaper_stats *reaper_stats(const struct reaper *r);
/* Of fl_flows; its entries as the last round found them. Without a name until
 * the first. */
const struct map_usage *reaper_flows(const struct reaper *r);
