/* SPDX-License-Identifier: Apache-2.0 */
#include "sizes.h"

#define SMALL_NODE_BYTES (4ULL << 30)
#define FLOWS_SMALL	 (64U << 10)
#define FLOWS_LARGE	 (128U << 10)

unsigned int lru_size_min(unsigned int n_cpus)
{
	return n_cpus * 128 * 8;
}

unsigned int flows_size(unsigned int configured,
			unsigned long long memory_bytes, unsigned int n_cpus)
{
	unsigned int size = configured;

	if (!size)
		size = memory_bytes < SMALL_NODE_BYTES ? FLOWS_SMALL
						       : FLOWS_LARGE;
	return size < lru_size_min(n_cpus) ? lru_size_min(n_cpus) : size;
}
