/* SPDX-License-Identifier: Apache-2.0 */
/* Takes away what is dead: idle flows, and what pods have left behind. */
#pragma once

#include "../lib/err.h"

struct agent;
struct reaper;

struct reaper_stats {
	unsigned long long rounds; /* through all of fl_flows */
	unsigned long long candidates, flows;
	unsigned long long attachments, addresses, pins;
	unsigned int entries, max_entries; /* of fl_flows, last round */
};

int reaper_start(struct agent *a, struct reaper **out, struct err *e);
void reaper_stop(struct reaper *r); /* NULL is fine */
const struct reaper_stats *reaper_stats(const struct reaper *r);
