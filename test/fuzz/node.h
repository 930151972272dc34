/* SPDX-License-Identifier: Apache-2.0 */
/* A node with three pods, for whatever a source says of the cluster: what its
 * maps should hold is computed, and what must be true of that is checked. */
#pragma once

#include "../../agent/model.h"

/* Of node "node-a" (192.0.2.1, 10.1.0.0/24, fd00:1::/64), with pods
 * default/web, default/client and other/db. A second call goes on from where
 * the first one left the numbers, until fuzz_node_forget(). */
void fuzz_node_compute(const struct model *m);
void fuzz_node_forget(void);
