/* SPDX-License-Identifier: Apache-2.0 */
#include "stubs.h"

#include <stdio.h>
#include <string.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "../lib/cleanup.h"
#include "loader.h"
#include "pins.h"

#define STUB_PREFIX   "stub_"
#define STUB_MAPS_MAX 8

static const char *const hook_names[FL_HOOK_MAX] = FL_HOOK_NAMES;

static __u32 pinned_map_id(const char *bpf_root, const char *name)
{
	char path[PIN_PATH_MAX];
	__cleanup(fd_close) int fd =
		bpf_obj_get(pin_path(path, bpf_root, "maps/%s", name));
	struct bpf_map_info info = {0};
	__u32 len = sizeof(info);

	if (fd < 0 || bpf_obj_get_info_by_fd(fd, &info, &len))
		return 0;
	return info.id;
}

static bool has_map(const struct bpf_prog_info *info, const __u32 *ids,
		    __u32 id)
{
	for (__u32 i = 0; i < info->nr_map_ids && i < STUB_MAPS_MAX; i++)
		if (ids[i] == id)
			return true;
	return false;
}

static bool is_whole(const char *bpf_root, enum fl_hook hook, __u32 hooks_id,
		     __u32 metrics_id)
{
	char path[PIN_PATH_MAX];
	__cleanup(fd_close) int fd = bpf_obj_get(
		pin_path(path, bpf_root, "stubs/%s", hook_names[hook]));
	__u32 ids[STUB_MAPS_MAX] = {0};
	struct bpf_prog_info info = {
		.nr_map_ids = STUB_MAPS_MAX,
		.map_ids = (unsigned long)ids,
	};
	__u32 len = sizeof(info);

	if (fd < 0 || bpf_obj_get_info_by_fd(fd, &info, &len))
		return false;
	return has_map(&info, ids, hooks_id) && has_map(&info, ids, metrics_id);
}

bool stubs_are_whole(const char *bpf_root)
{
	__u32 hooks_id = pinned_map_id(bpf_root, FL_MAP_HOOKS);
	__u32 metrics_id = pinned_map_id(bpf_root, FL_MAP_METRICS);

	if (!hooks_id || !metrics_id)
		return false;
	for (int hook = 0; hook < FL_HOOK_MAX; hook++)
		if (!is_whole(bpf_root, hook, hooks_id, metrics_id))
			return false;
	return true;
}

int stubs_pin(const char *bpf_root, struct bpf_object *obj, struct err *e)
{
	char path[PIN_PATH_MAX];
	struct bpf_program *prog;
	int r;

	r = pin_mkdir(bpf_root, "stubs", e);
	if (r)
		return r;
	bpf_object__for_each_program(prog, obj)
	{
		const char *name = bpf_program__name(prog);

		if (strncmp(name, STUB_PREFIX, strlen(STUB_PREFIX)))
			continue;
		pin_path(path, bpf_root, "stubs/%s",
			 name + strlen(STUB_PREFIX));
		r = pin_replace(bpf_program__fd(prog), path, e);
		if (r)
			return r;
	}
	return 0;
}

struct reattach {
	const char *bpf_root;
	struct err *e;
};

static int reattach_one(unsigned int ifindex, enum attach_role role,
			enum attach_mode mode, void *arg)
{
	struct reattach *a = arg;

	return attach_device(a->bpf_root, mode, ifindex, role, a->e);
}

int stubs_reattach(const char *bpf_root, struct err *e)
{
	struct reattach arg = {.bpf_root = bpf_root, .e = e};

	return attach_each(bpf_root, reattach_one, &arg, e);
}
