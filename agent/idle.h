/* SPDX-License-Identifier: Apache-2.0 */
/* Which flow entries look idle, and how often to look. */
#pragma once

#include <stdbool.h>

#include <fairlead/abi.h>

/* Seconds after which this entry may be idle: the shortest that can apply, as
 * far as one direction tells. Whether it is, the program decides. */
unsigned int idle_timeout(const struct fl_tuple *key,
			  const struct fl_flow *flow);
bool idle_is_candidate(const struct fl_tuple *key, const struct fl_flow *flow,
		       bool hurry, __u64 now_ns);

/* Seconds until the next round, by how full the table was in the last one. */
unsigned int idle_interval(unsigned int entries, unsigned int max_entries);
