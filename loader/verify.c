/* SPDX-License-Identifier: Apache-2.0 */
/* Is what was loaded still whole? Anybody may remove a pin or empty a slot. */
#include "loader.h"

#include <errno.h>
#include <unistd.h>

#include <bpf/bpf.h>

#include "../lib/cleanup.h"
#include "pins.h"
#include "stubs.h"

static const char *const hook_names[FL_HOOK_MAX] = FL_HOOK_NAMES;

static int verify_maps(const char *bpf_root, struct err *e)
{
	char path[PIN_PATH_MAX];

	for (const char *const *n = map_names(); *n; n++)
		if (access(pin_path(path, bpf_root, "maps/%s", *n), F_OK) &&
		    errno == ENOENT)
			return err_set(e, ENOENT, "map %s is not pinned", *n);
	return 0;
}

/* 0: cannot be told, which is no reason to load anything. */
static __u32 pinned_program(const char *path)
{
	struct bpf_prog_info info = {0};
	__u32 len = sizeof(info);
	__cleanup(fd_close) int fd = bpf_obj_get(path);

	if (fd < 0 || bpf_obj_get_info_by_fd(fd, &info, &len))
		return 0;
	return info.id;
}

static int verify_hook(const char *bpf_root, int hooks, __u32 hook,
		       struct err *e)
{
	const char *name = hook_names[hook];
	char path[PIN_PATH_MAX];
	__u32 running = 0, wanted;
	int r = map_lookup(hooks, &hook, &running);

	if (r == -ENOENT)
		return err_set(e, ENOENT, "no program runs at %s", name);
	if (r)
		return 0;
	pin_path(path, bpf_root, "programs/%s", name);
	if (access(path, F_OK) && errno == ENOENT)
		return err_set(e, ENOENT, "program %s is not pinned", name);
	wanted = pinned_program(path);
	if (wanted && wanted != running)
		return err_set(e, ENOENT, "another program runs at %s", name);
	return 0;
}

static int verify_stages(const char *bpf_root, struct err *e)
{
	char path[PIN_PATH_MAX];
	__cleanup(fd_close) int fd =
		bpf_obj_get(pin_path(path, bpf_root, "programs/stages"));
	unsigned int n;
	__u32 id;

	if (fd == -ENOENT)
		return err_set(e, ENOENT, "the stages are not pinned");
	if (fd < 0 || map_max_entries(fd, &n))
		return 0;
	for (__u32 i = 0; i < n; i++)
		if (map_lookup(fd, &i, &id) == -ENOENT)
			return err_set(e, ENOENT, "stage %u has no program", i);
	return 0;
}

int datapath_verify(const char *bpf_root, struct err *e)
{
	__cleanup(fd_close) int hooks = -1;
	int r = verify_maps(bpf_root, e);

	if (r)
		return r;
	hooks = map_open(bpf_root, FL_MAP_HOOKS, NULL);
	for (__u32 i = 0; hooks >= 0 && i < FL_HOOK_MAX; i++) {
		r = verify_hook(bpf_root, hooks, i, e);
		if (r)
			return r;
	}
	r = verify_stages(bpf_root, e);
	if (!r && !stubs_are_whole(bpf_root))
		r = err_set(e, ENOENT, "the stubs are not all pinned");
	return r;
}
