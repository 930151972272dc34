/* SPDX-License-Identifier: Apache-2.0 */
#include "attach_impl.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include <bpf/bpf.h>

#include "../lib/cleanup.h"
#include "loader.h"
#include "pins.h"

/* Of <linux/bpf.h> since 6.6; libbpf 1.1 and its headers are older. */
enum tcx_abi {
	TCX_INGRESS = 46,
	TCX_EGRESS = 47,
	TCX_LINK_TYPE = 11,
	TCX_BEFORE = 1 << 3, /* with no relative: before all others */
};

#define LOOPBACK_IFINDEX 1

static const enum tcx_abi attach_types[SIDE_MAX] = {
	[SIDE_INGRESS] = TCX_INGRESS,
	[SIDE_EGRESS] = TCX_EGRESS,
};

static const char *const side_names[SIDE_MAX] = {"ingress", "egress"};

/* A query: leaves nothing behind. Every namespace has its loopback. */
bool attach_has_tcx(void)
{
	__u32 flags = 0, n = 0;

	return !bpf_prog_query(LOOPBACK_IFINDEX,
			       (enum bpf_attach_type)TCX_INGRESS, 0, &flags,
			       NULL, &n);
}

static const char *link_path(char out[PIN_PATH_MAX], const char *bpf_root,
			     unsigned int ifindex, enum attach_side side)
{
	return pin_path(out, bpf_root, "links/%u-%s", ifindex,
			side_names[side]);
}

/* struct bpf_link_info with the tcx member of its union. */
struct tcx_info {
	__u32 type, id, prog_id, pad;
	__u32 ifindex, attach_type; /* ifindex 0: the device is gone */
	__u32 room[8];
};

static bool look(int fd, struct tcx_info *info)
{
	__u32 len = sizeof(*info);

	memset(info, 0, sizeof(*info));
	return fd >= 0 && !bpf_obj_get_info_by_fd(fd, info, &len) &&
	       info->type == TCX_LINK_TYPE;
}

/* Program id of the link if it is attached to that side of the device; 0 if
 * it is not (the device is gone, or somebody detached it). */
static __u32 link_program(int fd, unsigned int ifindex, enum attach_side side)
{
	struct tcx_info info;

	if (!look(fd, &info) || info.ifindex != ifindex ||
	    info.attach_type != attach_types[side])
		return 0;
	return info.prog_id;
}

__u32 tcx_program(const char *bpf_root, unsigned int ifindex,
		  enum attach_side side)
{
	char path[PIN_PATH_MAX];
	__cleanup(fd_close) int fd =
		bpf_obj_get(link_path(path, bpf_root, ifindex, side));

	return link_program(fd, ifindex, side);
}

__u32 tcx_program_pinned(const char *bpf_root, unsigned int ifindex,
			 enum attach_side side)
{
	char path[PIN_PATH_MAX];
	__cleanup(fd_close) int fd =
		bpf_obj_get(link_path(path, bpf_root, ifindex, side));
	struct tcx_info info;

	return look(fd, &info) ? info.prog_id : 0;
}

bool tcx_is_pinned(const char *bpf_root, unsigned int ifindex)
{
	char path[PIN_PATH_MAX];

	for (int side = 0; side < SIDE_MAX; side++)
		if (!access(link_path(path, bpf_root, ifindex, side), F_OK))
			return true;
	return false;
}

static int create_link(const char *path, unsigned int ifindex,
		       enum attach_side side, int prog_fd, struct err *e)
{
	DECLARE_LIBBPF_OPTS(bpf_link_create_opts, opts, .flags = TCX_BEFORE);
	__cleanup(fd_close) int fd = bpf_link_create(
		prog_fd, ifindex, (enum bpf_attach_type)attach_types[side],
		&opts);
	int r;

	if (fd == -EINVAL && !attach_has_tcx())
		return err_set(e, EOPNOTSUPP,
			       "this kernel has no TCX (Linux 6.6): use "
			       "`attach: clsact` or `auto`");
	if (fd < 0)
		return err_sys(e, -fd, "attach to TCX %s of device %u",
			       side_names[side], ifindex);
	r = bpf_obj_pin(fd, path);
	if (r)
		return err_sys(e, -r, "pin %s", path);
	return 0;
}

int tcx_attach(const char *bpf_root, unsigned int ifindex,
	       enum attach_side side, int prog_fd, __u32 prog_id, struct err *e)
{
	char path[PIN_PATH_MAX];
	__cleanup(fd_close) int fd =
		bpf_obj_get(link_path(path, bpf_root, ifindex, side));
	__u32 running = link_program(fd, ifindex, side);
	int r;

	/* Not known to be missing: what runs there stays. */
	if (fd < 0 && fd != -ENOENT)
		return err_sys(e, -fd, "open %s", path);
	if (running == prog_id)
		return 0;
	if (running) {
		r = bpf_link_update(fd, prog_fd, NULL);
		return r ? err_sys(e, -r, "update %s", path) : 0;
	}
	r = tcx_detach(bpf_root, ifindex, side, e);
	return r ? r : create_link(path, ifindex, side, prog_fd, e);
}

int tcx_detach(const char *bpf_root, unsigned int ifindex,
	       enum attach_side side, struct err *e)
{
	char path[PIN_PATH_MAX];
	__cleanup(fd_close) int fd =
		bpf_obj_get(link_path(path, bpf_root, ifindex, side));

	/* Detach at once: the link may outlive its pin in another's hands. */
	if (fd >= 0)
		bpf_link_detach(fd);
	return pin_remove(path, e);
}
