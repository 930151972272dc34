/* SPDX-License-Identifier: Apache-2.0 */
/* How large the LRU maps are made. Pure. */
#pragma once

/* Entries of fl_flows: as configured, or 0: by the node's memory; never so
 * few that the per-CPU free lists of an LRU map starve. */
unsigned int flows_size(unsigned int configured,
			unsigned long long memory_bytes, unsigned int n_cpus);

/* The least that an LRU map needs: every CPU takes entries in batches of 128
 * and evicts from a map that is much smaller than that. */
unsigned int lru_size_min(unsigned int n_cpus);
