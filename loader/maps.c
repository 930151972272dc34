/* SPDX-License-Identifier: Apache-2.0 */
#include "loader.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "../lib/cleanup.h"
#include "pins.h"

static const char *const names[] = {
	FL_MAP_HOOKS,
	FL_MAP_CONFIG,
	FL_MAP_ENDPOINTS,
	FL_MAP_ROUTES,
	FL_MAP_MASQUERADE,
	FL_MAP_UPLINKS,
	FL_MAP_POLICY,
	FL_MAP_FLOWS,
	FL_MAP_FRAGMENTS,
	FL_MAP_METRICS,
	FL_MAP_COUNTERS,
	FL_MAP_LIMITS,
	FL_MAP_EVENTS,
	FL_MAP_TRACE,
	FL_MAP_DENIED,
	FL_MAP_ACCOUNTS,
	NULL,
};

const char *const *map_names(void)
{
	return names;
}

unsigned int cpus_possible(void)
{
	int n = libbpf_num_possible_cpus();

	return n > 0 ? n : 1;
}

int map_open(const char *bpf_root, const char *name, struct err *e)
{
	char path[PIN_PATH_MAX];

	return pin_open(pin_path(path, bpf_root, "maps/%s", name), e);
}

int map_lookup(int fd, const void *key, void *value)
{
	return bpf_map_lookup_elem(fd, key, value);
}

int map_update(int fd, const void *key, const void *value, enum map_flag flag)
{
	static const __u64 flags[] = {
		[MAP_ANY] = BPF_ANY,
		[MAP_NOEXIST] = BPF_NOEXIST,
		[MAP_EXIST] = BPF_EXIST,
	};

	return bpf_map_update_elem(fd, key, value, flags[flag]);
}

int map_delete(int fd, const void *key)
{
	return bpf_map_delete_elem(fd, key);
}

int map_max_entries(int fd, unsigned int *out)
{
	struct bpf_map_info info = {0};
	__u32 len = sizeof(info);
	int r = bpf_obj_get_info_by_fd(fd, &info, &len);

	if (!r)
		*out = info.max_entries;
	return r;
}

int map_next_key(int fd, const void *key, void *next)
{
	return bpf_map_get_next_key(fd, key, next);
}

int map_sum_percpu(int fd, __u32 index, unsigned int n_words, __u64 *sum)
{
	int n_cpus = libbpf_num_possible_cpus();
	__cleanup(mem_free) __u64 *values = NULL;
	int r;

	if (n_cpus < 0)
		return n_cpus;
	values = calloc((size_t)n_cpus * n_words, sizeof(*values));
	if (!values)
		return -ENOMEM;
	r = bpf_map_lookup_elem(fd, &index, values);
	if (r)
		return r;
	memset(sum, 0, n_words * sizeof(*sum));
	for (size_t i = 0; i < (size_t)n_cpus * n_words; i++)
		sum[i % n_words] += values[i];
	return 0;
}
