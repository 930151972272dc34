/* SPDX-License-Identifier: Apache-2.0 */
/* The two devices of a node: the overlay, and the one with its own address. */
#include "loader.h"

#include <errno.h>
#include <net/if.h>
#include <stdio.h>
#include <string.h>

#include <netlink/netlink.h>
#include <netlink/route/link.h>
#include <netlink/route/link/vxlan.h>

#include "../lib/cleanup.h"
#include "../lib/link.h"
#include "../lib/log.h"
#include "publish.h"

static const unsigned char overlay_mac[6] = FL_OVERLAY_MAC;

/* ---- the overlay ------------------------------------------------------ */

struct vxlan_facts {
	bool is_external;
	unsigned int port;
};

/* What struct link_info does not tell. */
static int vxlan_look(const char *name, struct vxlan_facts *out, struct err *e)
{
	struct nl_sock *sk = nl_socket_alloc();
	struct rtnl_link *l = NULL;
	uint32_t port = 0;
	int r = sk ? nl_connect(sk, NETLINK_ROUTE) : -NLE_NOMEM;

	if (!r)
		r = rtnl_link_get_kernel(sk, 0, name, &l);
	if (!r) {
		out->is_external = rtnl_link_vxlan_get_collect_metadata(l) == 1;
		rtnl_link_vxlan_get_port(l, &port);
		out->port = port;
	}
	if (l)
		rtnl_link_put(l);
	nl_socket_free(sk);
	return r ? err_set(e, EIO, "look at device %s: %s", name,
			   nl_geterror(r))
		 : 0;
}

/* 1: right, 0: must be made anew. */
static int overlay_fits(const struct config *c, const struct link_info *l,
			struct err *e)
{
	struct vxlan_facts v = {0};
	int r;

	if (strcmp(l->kind, "vxlan"))
		return err_set(e, EEXIST,
			       "device %s exists and is no VXLAN device: "
			       "rename it, or set overlay-device",
			       l->name);
	r = vxlan_look(l->name, &v, e);
	if (r)
		return r;
	if (!v.is_external)
		return err_set(e, EEXIST,
			       "VXLAN device %s exists and is not ours (not in "
			       "external mode): rename it, or set "
			       "overlay-device",
			       l->name);
	return v.port == c->overlay_port &&
	       !memcmp(l->mac, overlay_mac, sizeof(overlay_mac));
}

static int own_sysctls(const char *name, struct err *e)
{
	char path[128];

	/* Who sent a packet is checked by the datapath, not by the FIB. */
	snprintf(path, sizeof(path), "net/ipv4/conf/%s/rp_filter", name);
	return sysctl_write(path, "0", e);
}

static int overlay_add(struct link_ctx *ctx, const struct config *c,
		       unsigned int mtu, struct err *e)
{
	int r = link_add_vxlan(ctx, c->overlay_device, overlay_mac,
			       c->overlay_port, mtu, e);

	if (r == -EEXIST || r == -EADDRINUSE)
		return err_wrap(e,
				"another VXLAN device has UDP port %u: remove "
				"it, or set overlay-port",
				c->overlay_port);
	return r;
}

static int overlay_setup(struct link_ctx *ctx, const struct config *c,
			 unsigned int mtu, struct err *e)
{
	struct link_info l;
	int r;

	r = link_get(ctx, c->overlay_device, &l, e);
	if (r && r != -ENODEV)
		return r;
	if (!r) {
		r = overlay_fits(c, &l, e);
		if (r < 0)
			return r;
		if (!r) {
			log_warn("overlay device is made anew", "device=%s",
				 l.name);
			r = link_del(ctx, l.name, e);
			r = r ? r : -ENODEV;
		}
	}
	if (r == -ENODEV)
		r = overlay_add(ctx, c, mtu, e);
	if (r < 0)
		return r;
	r = link_get(ctx, c->overlay_device, &l, e);
	if (r)
		return r;
	r = link_set_up(ctx, l.ifindex, mtu, true, true, e);
	return r ? r : own_sysctls(c->overlay_device, e);
}

/* In native mode a leftover of overlay mode goes; it is ours by its MAC. */
static int overlay_remove(struct link_ctx *ctx, const struct config *c,
			  struct err *e)
{
	struct link_info l;
	int r = link_get(ctx, c->overlay_device, &l, e);

	if (r)
		return r == -ENODEV ? 0 : r;
	if (strcmp(l.kind, "vxlan") ||
	    memcmp(l.mac, overlay_mac, sizeof(overlay_mac)))
		return 0;
	return link_del(ctx, l.name, e);
}

/* ---- the host device -------------------------------------------------- */

#define STALE_MAX 32

struct host_addrs {
	unsigned int ifindex;
	const struct fl_addr *wanted;
	int n;
	struct link_addr stale[STALE_MAX];
	int n_stale;
};

static bool is_wanted(const struct host_addrs *h, const struct link_addr *a)
{
	for (int i = 0; i < h->n; i++)
		if (addr_equal(&h->wanted[i], &a->addr) &&
		    a->prefix_len == (addr_is_v4(&a->addr) ? 32 : 128))
			return true;
	return false;
}

static int see_address(const struct link_addr *a, void *arg)
{
	struct host_addrs *h = arg;

	if (a->ifindex == h->ifindex && !is_wanted(h, a) &&
	    h->n_stale < STALE_MAX)
		h->stale[h->n_stale++] = *a;
	return 0;
}

static int host_addresses(struct link_ctx *ctx, struct host_addrs *h,
			  struct err *e)
{
	int r;

	for (int i = 0; i < h->n; i++) {
		unsigned int len = addr_is_v4(&h->wanted[i]) ? 32 : 128;

		r = link_addr_add(ctx, h->ifindex, &h->wanted[i], len, e);
		if (r)
			return r;
	}
	r = link_addr_each(ctx, see_address, h, e);
	for (int i = 0; !r && i < h->n_stale; i++)
		r = link_addr_del(ctx, h->ifindex, &h->stale[i].addr,
				  h->stale[i].prefix_len, e);
	return r;
}

static int host_setup(struct link_ctx *ctx, const struct config *c,
		      unsigned int mtu, const struct fl_addr *addrs, int n,
		      struct err *e)
{
	struct host_addrs h = {.wanted = addrs, .n = n};
	struct link_info l;
	int r;

	r = link_get(ctx, c->host_device, &l, e);
	if (r == -ENODEV) {
		r = link_add_dummy(ctx, c->host_device, mtu, e);
		if (!r)
			r = link_get(ctx, c->host_device, &l, e);
	}
	if (r)
		return r;
	/* Kernels without dummy devices: see link_add_dummy(). */
	if (strcmp(l.kind, "dummy") && strcmp(l.kind, "ifb"))
		return err_set(e, EEXIST,
			       "device %s exists and is no dummy device: "
			       "rename it, or set host-device",
			       l.name);
	r = link_set_up(ctx, l.ifindex, mtu, false, true, e);
	if (r)
		return r;
	h.ifindex = l.ifindex;
	return host_addresses(ctx, &h, e);
}

/* ---------------------------------------------------------------------- */

int devices_setup(const struct config *c, unsigned int mtu,
		  const struct fl_addr *host_addrs, int n, struct err *e)
{
	__cleanup(link_close) struct link_ctx *ctx = NULL;
	int r;

	r = link_open(&ctx, e);
	if (r)
		return r;
	r = c->overlay ? overlay_setup(ctx, c, mtu, e)
		       : overlay_remove(ctx, c, e);
	if (r)
		return err_wrap(e, "set up the overlay device");
	r = host_setup(ctx, c, mtu, host_addrs, n, e);
	if (r)
		return err_wrap(e, "set up the host device");
	r = publish_config(c, e);
	/* Before the first load there is nowhere to publish to. */
	return r == -ENOENT ? 0 : r;
}
