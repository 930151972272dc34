/* SPDX-License-Identifier: Apache-2.0 */
/* fl_metrics and fl_counters, summed over the CPUs. */
#pragma once

#include "ctl.h"

#include <fairlead/abi.h>

struct metrics {
	__u64 time_ns; /* CLOCK_MONOTONIC of the reading */
	struct fl_metric of[FL_HOOK_MAX][FL_REASON_SLOTS];
	__u64 counters[FL_COUNT_MAX];
};

int metrics_snapshot(const struct ctl *c, struct metrics *out, struct err *e);
__u64 metrics_clock(void); /* CLOCK_MONOTONIC, ns */

/* A reason for drops at one hook, between two readings. */
struct drop_view {
	unsigned int hook, reason;
	__u64 packets, bytes; /* since the load */
	double per_second;    /* between the readings */
};
#define DROPS_MAX (FL_HOOK_MAX * FL_REASON_SLOTS)

/* Those that ever happened, the most frequent at the moment first. */
size_t drops_compare(const struct metrics *before, const struct metrics *now,
		     struct drop_view out[DROPS_MAX]);
