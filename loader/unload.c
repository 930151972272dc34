/* SPDX-License-Identifier: Apache-2.0 */
/* Taking everything away again. */
#include "loader.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../lib/cleanup.h"
#include "../lib/link.h"
#include "attach_impl.h"
#include "bpflog.h"
#include "pins.h"

/* ---- routes and devices ----------------------------------------------- */

struct own_routes {
	struct link_route *list;
	size_t n, room;
};

static void own_routes_free(struct own_routes *o)
{
	free(o->list);
}

static int see_route(const struct link_route *r, void *arg)
{
	struct own_routes *o = arg;

	if (r->protocol != LINK_RTPROT)
		return 0;
	if (o->n == o->room) {
		size_t room = o->room ? 2 * o->room : 64;
		void *p = realloc(o->list, room * sizeof(*o->list));

		if (!p)
			return -ENOMEM;
		o->list = p;
		o->room = room;
	}
	o->list[o->n++] = *r;
	return 0;
}

static int remove_routes(struct link_ctx *ctx, struct err *e)
{
	__cleanup(own_routes_free) struct own_routes own = {0};
	int r = link_route_each(ctx, see_route, &own, e);

	if (r == -ENOMEM)
		return err_set(e, ENOMEM, "out of memory");
	for (size_t i = 0; !r && i < own.n; i++)
		r = link_route_del(ctx, &own.list[i], e);
	return r;
}

/* Of that name and kind; a device of another kind is somebody else's. */
static int remove_device(struct link_ctx *ctx, const char *name,
			 const char *kind, const char *or_kind, struct err *e)
{
	struct link_info l;
	int r = link_get(ctx, name, &l, e);

	if (r)
		return r == -ENODEV ? 0 : r;
	if (strcmp(l.kind, kind) && strcmp(l.kind, or_kind))
		return 0;
	return link_del(ctx, name, e);
}

static int remove_devices(const struct config *c, struct err *e)
{
	__cleanup(link_close) struct link_ctx *ctx = NULL;
	int r;

	r = link_open(&ctx, e);
	if (!r)
		r = remove_routes(ctx, e);
	if (!r)
		r = remove_device(ctx, c->overlay_device, "vxlan", "vxlan", e);
	if (!r)
		r = remove_device(ctx, c->host_device, "dummy", "ifb", e);
	return r;
}

/* ----------------------------------------------------------------------- */

static int unload_locked(const char *bpf_root, const char *path, struct err *e)
{
	__cleanup(fd_close) int lock =
		pin_lock(bpf_root, PIN_LOCK_LOAD, true, PIN_WAIT, e);
	int r = lock < 0 ? lock : detach_all(bpf_root, e);

	return r ? r : pin_remove(path, e);
}

/* Ours only if nothing else is in it. */
static int remove_root(const char *bpf_root, struct err *e)
{
	if (!rmdir(bpf_root) || errno == ENOENT || errno == ENOTDIR ||
	    errno == ENOTEMPTY || errno == EBUSY)
		return 0;
	return err_sys(e, errno, "remove %s", bpf_root);
}

int datapath_unload(const struct config *c, bool devices, struct err *e)
{
	char path[PIN_PATH_MAX];
	int r, n;

	bpflog_begin();
	r = layouts_retire(c->bpf_root, &n, e);
	if (r)
		return r;
	pin_path(path, c->bpf_root, "%s", "");
	if (!access(path, F_OK))
		r = unload_locked(c->bpf_root, path, e);
	else if (errno != ENOENT && errno != ENOTDIR)
		r = err_sys(e, errno, "look at %s", path);
	if (!r)
		r = remove_root(c->bpf_root, e);
	return !r && devices ? remove_devices(c, e) : r;
}
