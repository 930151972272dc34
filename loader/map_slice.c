/* SPDX-License-Identifier: Apache-2.0 */
#include "loader.h"

#include <errno.h>

#include <bpf/bpf.h>

int map_slice(int fd, struct map_cursor *c, void *keys, void *values,
	      unsigned int *n)
{
	__u32 position = c->position, count = *n;
	int r;

	r = bpf_map_lookup_batch(fd, c->begun ? &position : NULL, &c->position,
				 keys, values, &count, NULL);
	c->begun = true;
	*n = r && r != -ENOENT ? 0 : count;
	return r;
}
