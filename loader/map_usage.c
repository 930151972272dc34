/* SPDX-License-Identifier: Apache-2.0 */
#include "loader.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "../lib/cleanup.h"
#include "mapset.h"

unsigned long long map_bytes(int fd)
{
	char path[64], line[128];
	unsigned long long bytes = 0;
	__cleanup(file_close) FILE *f = NULL;

	snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", fd);
	f = fopen(path, "re");
	while (f && fgets(line, sizeof(line), f))
		if (sscanf(line, "memlock: %llu", &bytes) == 1)
			break;
	return bytes;
}

static int count_one(const void *key, const void *value, void *arg)
{
	(void)key;
	(void)value;
	++*(unsigned int *)arg;
	return 0;
}

static int count_entries(int fd, const struct bpf_map_info *info,
			 unsigned int *n, struct err *e)
{
	*n = 0;
	switch (info->type) {
	case BPF_MAP_TYPE_RINGBUF: /* max_entries are bytes */
		return 0;
	case BPF_MAP_TYPE_ARRAY:
	case BPF_MAP_TYPE_PERCPU_ARRAY: /* every slot exists */
		*n = info->max_entries;
		return 0;
	default:
		return map_each(fd, count_one, n, e);
	}
}

int map_usage(const char *bpf_root, const char *name, struct map_usage *out,
	      struct err *e)
{
	__cleanup(fd_close) int fd = map_open(bpf_root, name, e);
	struct bpf_map_info info = {0};
	__u32 len = sizeof(info);
	struct map_usage u = {0};
	const char *type;
	int r;

	if (fd < 0)
		return fd;
	r = bpf_obj_get_info_by_fd(fd, &info, &len);
	if (r)
		return err_sys(e, -r, "look at map %s", name);
	r = count_entries(fd, &info, &u.entries, e);
	if (r)
		return r;
	type = libbpf_bpf_map_type_str(info.type);
	snprintf(u.name, sizeof(u.name), "%s", name);
	snprintf(u.type, sizeof(u.type), "%s", type ? type : "?");
	u.max_entries = info.max_entries;
	u.key_size = info.key_size;
	u.value_size = info.value_size;
	u.bytes = map_bytes(fd);
	*out = u;
	return 0;
}

unsigned long long maps_bytes(const char *bpf_root)
{
	unsigned long long sum = 0;

	for (const char *const *name = map_names(); *name; name++) {
		__cleanup(fd_close) int fd = map_open(bpf_root, *name, NULL);

		if (fd >= 0)
			sum += map_bytes(fd);
	}
	return sum;
}
