/* SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0 */
/* Entering a direction of a flow. Whatever fails is counted by its errno. */
#pragma once

#include <linux/errno.h>

#include "context.h"

/* Retries of an LRU insertion that met a bucket another CPU had locked. */
#define INSERT_TRIES 4

static __always_inline void count_insert_error(int err)
{
	if (err == -EBUSY)
		count(FL_COUNT_FLOW_INSERT_BUSY);
	else if (err == -ENOMEM)
		count(FL_COUNT_FLOW_INSERT_NOMEM);
	else
		count(FL_COUNT_FLOW_INSERT_OTHER);
}

/* An int: before 6.4 the kernel's own function returned one, and what is above
 * its 32 bits in the register is not its sign. */
static __always_inline int flow_insert(const struct fl_tuple *key,
				       const struct fl_flow *f, __u64 how)
{
	int err = 0;

	for (int i = 0; i < INSERT_TRIES; i++) {
		err = bpf_map_update_elem(&fl_flows, key, f, how);
		if (err != -EBUSY) /* kernels before 6.15 */
			break;
	}
	if (err && err != -EEXIST)
		count_insert_error(err);
	return err;
}
