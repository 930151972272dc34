/* SPDX-License-Identifier: Apache-2.0 */
#include "loader.h"

#include <errno.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <bpf/bpf.h>

#include "../lib/cleanup.h"
#include "../lib/link.h"
#include "attach_impl.h"
#include "bpflog.h"
#include "pins.h"

static const char *const hook_names[FL_HOOK_MAX] = FL_HOOK_NAMES;

#define ROLE_MAX 3

/* The hook of each role and side. */
static const enum fl_hook hooks[ROLE_MAX][SIDE_MAX] = {
	[ATTACH_POD] = {FL_HOOK_FROM_POD, FL_HOOK_TO_POD},
	[ATTACH_OVERLAY] = {FL_HOOK_FROM_OVERLAY, FL_HOOK_TO_OVERLAY},
	[ATTACH_UPLINK] = {FL_HOOK_FROM_UPLINK, FL_HOOK_TO_UPLINK},
};

/* ---- stubs ----------------------------------------------------------- */

struct stub {
	int fd;
	__u32 id;
};

static void stub_close(struct stub *s)
{
	fd_close(&s->fd);
}

static int stub_open(const char *bpf_root, enum fl_hook hook, struct stub *out,
		     struct err *e)
{
	char path[PIN_PATH_MAX];
	struct bpf_prog_info info = {0};
	__u32 len = sizeof(info);
	__cleanup(fd_close) int fd = -1;
	int r;

	fd = pin_open(pin_path(path, bpf_root, "stubs/%s", hook_names[hook]),
		      e);
	if (fd < 0)
		return fd;
	r = bpf_obj_get_info_by_fd(fd, &info, &len);
	if (r)
		return err_sys(e, -r, "look at %s", path);
	out->id = info.id;
	out->fd = take_fd(&fd);
	return 0;
}

/* Which role's stub is this program? By name, so that one of an earlier load
 * is known as well. */
static bool role_of_program(__u32 id, enum attach_side side,
			    enum attach_role *role)
{
	char name[BPF_OBJ_NAME_LEN + 8];
	struct bpf_prog_info info = {0};
	__u32 len = sizeof(info);
	__cleanup(fd_close) int fd = bpf_prog_get_fd_by_id(id);

	if (fd < 0 || bpf_obj_get_info_by_fd(fd, &info, &len))
		return false;
	for (int i = 0; i < ROLE_MAX; i++) {
		snprintf(name, sizeof(name), "stub_%s",
			 hook_names[hooks[i][side]]);
		if (strncmp(name, info.name, BPF_OBJ_NAME_LEN - 1))
			continue;
		*role = i;
		return true;
	}
	return false;
}

/* ---- one device ------------------------------------------------------ */

static int check_device(unsigned int ifindex, struct err *e)
{
	char name[IF_NAMESIZE];

	if (!if_indextoname(ifindex, name))
		return err_set(e, ENODEV,
			       "there is no device %u in this namespace",
			       ifindex);
	return 0;
}

static int attach_side(const char *bpf_root, bool tcx, unsigned int ifindex,
		       enum attach_role role, enum attach_side side,
		       struct err *e)
{
	__cleanup(stub_close) struct stub stub = {.fd = -1};
	int r;

	r = stub_open(bpf_root, hooks[role][side], &stub, e);
	if (r)
		return r;
	if (tcx)
		return tcx_attach(bpf_root, ifindex, side, stub.fd, stub.id, e);
	return clsact_attach(bpf_root, ifindex, role, side, stub.fd, stub.id,
			     e);
}

static int detach_tcx(const char *bpf_root, unsigned int ifindex, struct err *e)
{
	int r, result = 0;

	for (int side = 0; side < SIDE_MAX; side++) {
		r = tcx_detach(bpf_root, ifindex, side, e);
		result = result ? result : r;
	}
	return result;
}

/* The new way first, then off with the other: never without a program. */
static int attach_locked(const char *bpf_root, bool tcx, unsigned int ifindex,
			 enum attach_role role, struct err *e)
{
	int r;

	for (int side = 0; side < SIDE_MAX; side++) {
		r = attach_side(bpf_root, tcx, ifindex, role, side, e);
		if (r)
			return r;
	}
	return tcx ? clsact_detach(bpf_root, ifindex, e)
		   : detach_tcx(bpf_root, ifindex, e);
}

/* TCX waits for an RCU grace period a side, with the RTNL lock held: some 25 ms
 * a pod, one after the other. Nobody else has business on a pod's device, so
 * what TCX has over a filter (an order that all agree on) is not missed. */
static bool wants_tcx(enum attach_mode mode, enum attach_role role)
{
	if (mode != ATTACH_AUTO)
		return mode == ATTACH_TCX;
	return role != ATTACH_POD && attach_has_tcx();
}

/* Filters are replaced in one step each; a link has to be made, then pinned. */
static int lock_device(const char *bpf_root, bool tcx, struct err *e)
{
	return pin_lock(bpf_root, PIN_LOCK_ATTACH, false,
			tcx ? PIN_WAIT : PIN_SHARE, e);
}

int attach_device(const char *bpf_root, enum attach_mode mode,
		  unsigned int ifindex, enum attach_role role, struct err *e)
{
	bool tcx = wants_tcx(mode, role);
	__cleanup(fd_close) int lock = -1;
	int r;

	bpflog_begin();
	r = check_device(ifindex, e);
	if (r)
		return r;
	lock = lock_device(bpf_root, tcx || tcx_is_pinned(bpf_root, ifindex),
			   e);
	if (lock < 0)
		return lock;
	r = pin_mkdir(bpf_root, "links", e);
	return r ? r : attach_locked(bpf_root, tcx, ifindex, role, e);
}

static int detach_locked(const char *bpf_root, unsigned int ifindex,
			 struct err *e)
{
	int r = detach_tcx(bpf_root, ifindex, e);
	int r2 = clsact_detach(bpf_root, ifindex, e);

	return r ? r : r2;
}

int detach_device(const char *bpf_root, unsigned int ifindex, struct err *e)
{
	__cleanup(fd_close) int lock = -1;

	bpflog_begin();
	lock = lock_device(bpf_root, tcx_is_pinned(bpf_root, ifindex), e);
	if (lock == -ENOENT)
		return 0;
	if (lock < 0)
		return lock;
	return detach_locked(bpf_root, ifindex, e);
}

/* Id of the program of ours that one side runs, 0: none. */
static __u32 program_at(const char *bpf_root, unsigned int ifindex,
			enum attach_side side)
{
	__u32 id = tcx_program(bpf_root, ifindex, side);

	if (!id && clsact_is_marked(bpf_root, ifindex, NULL))
		id = clsact_program(ifindex, side);
	return id;
}

int attach_verify(const char *bpf_root, unsigned int ifindex,
		  enum attach_role role, struct err *e)
{
	int r;

	for (int side = 0; side < SIDE_MAX; side++) {
		__cleanup(stub_close) struct stub stub = {.fd = -1};
		enum fl_hook hook = hooks[role][side];

		r = stub_open(bpf_root, hook, &stub, e);
		if (r)
			return r;
		if (program_at(bpf_root, ifindex, side) != stub.id)
			return err_set(e, ENOENT,
				       "device %u does not run our %s program",
				       ifindex, hook_names[hook]);
	}
	return 0;
}

/* ---- all devices ----------------------------------------------------- */

struct ifindexes {
	unsigned int *list;
	size_t n, room;
};

static void ifindexes_free(struct ifindexes *s)
{
	free(s->list);
}

/* "7-ingress", "7-egress", "7-clsact" -> 7, each once. */
static int collect(const char *name, void *arg)
{
	struct ifindexes *s = arg;
	char *end;
	unsigned long ifindex = strtoul(name, &end, 10);

	if (end == name || *end != '-')
		return 0;
	for (size_t i = 0; i < s->n; i++)
		if (s->list[i] == ifindex)
			return 0;
	if (s->n == s->room) {
		size_t room = s->room ? 2 * s->room : 64;
		void *p = realloc(s->list, room * sizeof(*s->list));

		if (!p)
			return -ENOMEM;
		s->list = p;
		s->room = room;
	}
	s->list[s->n++] = ifindex;
	return 0;
}

static int collect_all(const char *bpf_root, struct ifindexes *s, struct err *e)
{
	char path[PIN_PATH_MAX];
	int r;

	r = pin_each(pin_path(path, bpf_root, "links"), collect, s, e);
	return r == -ENOMEM ? err_set(e, ENOMEM, "out of memory") : r;
}

/* Without stubs nobody who waits for the lock can attach again. */
int detach_all(const char *bpf_root, struct err *e)
{
	__cleanup(ifindexes_free) struct ifindexes all = {0};
	__cleanup(fd_close) int lock = -1;
	char path[PIN_PATH_MAX];
	int r;

	lock = pin_lock(bpf_root, PIN_LOCK_ATTACH, true, PIN_WAIT, e);
	if (lock < 0)
		return lock;
	r = collect_all(bpf_root, &all, e);
	for (size_t i = 0; !r && i < all.n; i++)
		r = detach_locked(bpf_root, all.list[i], e);
	return r ? r : pin_remove(pin_path(path, bpf_root, "stubs"), e);
}

int attach_sweep(const char *bpf_root, int *n, struct err *e)
{
	__cleanup(ifindexes_free) struct ifindexes all = {0};
	char name[IF_NAMESIZE];
	int r, swept = 0;

	r = collect_all(bpf_root, &all, e);
	if (r)
		return r;
	for (size_t i = 0; i < all.n; i++) {
		if (if_indextoname(all.list[i], name) || errno != ENXIO)
			continue;
		r = detach_device(bpf_root, all.list[i], e);
		if (r)
			return r;
		swept++;
	}
	if (n)
		*n = swept;
	return 0;
}

/* Also of a device that has lost our programs: their links and marks say what
 * it was. */
static bool find_role(const char *bpf_root, unsigned int ifindex,
		      enum attach_role *role, enum attach_mode *mode)
{
	char name[IF_NAMESIZE];

	if (!if_indextoname(ifindex, name))
		return false;
	*mode = ATTACH_CLSACT;
	if (clsact_is_marked(bpf_root, ifindex, role))
		return true;
	*mode = ATTACH_TCX;
	for (int side = 0; side < SIDE_MAX; side++) {
		__u32 id = tcx_program_pinned(bpf_root, ifindex, side);

		if (id && role_of_program(id, side, role))
			return true;
	}
	return false;
}

int attach_each(const char *bpf_root,
		int (*fn)(unsigned int ifindex, enum attach_role role,
			  enum attach_mode mode, void *arg),
		void *arg, struct err *e)
{
	__cleanup(ifindexes_free) struct ifindexes all = {0};
	enum attach_role role;
	enum attach_mode mode;
	int r;

	bpflog_begin();
	r = collect_all(bpf_root, &all, e);
	if (r)
		return r;
	for (size_t i = 0; i < all.n; i++) {
		if (!find_role(bpf_root, all.list[i], &role, &mode))
			continue;
		r = fn(all.list[i], role, mode, arg);
		if (r)
			return r;
	}
	return 0;
}
