/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Network devices, addresses, routes and neighbours over rtnetlink (libnl-3).
 * A `struct link_ctx` is a netlink socket in one network namespace: the one
 * it was opened in. All functions return 0 or negative errno with a sentence.
 * Never read /sys/class/net: it shows the namespace it was mounted in.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "addr.h"
#include "err.h"

struct link_ctx;

/* Open in the calling thread's namespace, or in the one behind netns_fd
 * (entered for the moment of opening the socket, then left again). */
int link_open(struct link_ctx **out, struct err *e);
int link_open_netns(int netns_fd, struct link_ctx **out, struct err *e);
void link_close(struct link_ctx **ctx); /* fits __cleanup; NULL is fine */

struct link_info {
	unsigned int ifindex;
	char name[16];
	char kind[16];	     /* "veth", "vxlan", "dummy", "" */
	unsigned short type; /* ARPHRD_* */
	unsigned char mac[6];
	unsigned int mtu;
	unsigned int flags;  /* IFF_* */
	unsigned int master; /* ifindex, 0: none */
	int link_netnsid;    /* of a veth's peer, -1: none */
	unsigned int link;   /* ifindex of the peer */
};

int link_get(struct link_ctx *c, const char *name, struct link_info *out,
	     struct err *e); /* -ENODEV */
int link_get_index(struct link_ctx *c, unsigned int ifindex,
		   struct link_info *out, struct err *e);
/* fn returns 0 to go on. */
int link_each(struct link_ctx *c,
	      int (*fn)(const struct link_info *l, void *arg), void *arg,
	      struct err *e);

/* A veth pair in one request: the host end here (up is separate), the peer
 * straight into the namespace behind peer_netns_fd. MACs NULL: the kernel's
 * choice. -EEXIST if either name is taken. */
int link_add_veth(struct link_ctx *c, const char *name,
		  const unsigned char *mac, const char *peer_name,
		  const unsigned char *peer_mac, int peer_netns_fd,
		  unsigned int mtu, struct err *e);
/* VXLAN in external (collect metadata) mode; -EEXIST passes as is. */
int link_add_vxlan(struct link_ctx *c, const char *name,
		   const unsigned char *mac, unsigned int port,
		   unsigned int mtu, struct err *e);
/* A device that does nothing but hold addresses. A kernel without dummy gets
 * an ifb device, which swallows what is sent to it just as well: do not judge
 * by link_info.kind. */
int link_add_dummy(struct link_ctx *c, const char *name, unsigned int mtu,
		   struct err *e);
int link_del(struct link_ctx *c, const char *name,
	     struct err *e); /* 0 if gone */
/* NOARP for the overlay device; addrgenmode none for devices that need no
 * link-local address. mtu 0: unchanged. */
int link_set_up(struct link_ctx *c, unsigned int ifindex, unsigned int mtu,
		bool noarp, bool no_linklocal, struct err *e);

/* Addresses; v6 with NODAD. 0 if it is there already. len: prefix length in
 * the family's own bits. */
int link_addr_add(struct link_ctx *c, unsigned int ifindex,
		  const struct fl_addr *a, unsigned int len, struct err *e);
int link_addr_del(struct link_ctx *c, unsigned int ifindex,
		  const struct fl_addr *a, unsigned int len, struct err *e);
struct link_addr {
	unsigned int ifindex;
	struct fl_addr addr;
	unsigned int prefix_len;
	unsigned char scope; /* RT_SCOPE_* */
	unsigned int flags;  /* IFA_F_* */
};
int link_addr_each(struct link_ctx *c,
		   int (*fn)(const struct link_addr *a, void *arg), void *arg,
		   struct err *e);

/* A route of the main table. gateway NULL: on link (scope link). src: the
 * preferred source, or NULL. mtu 0: none. protocol: RTPROT_*; ours is
 * LINK_RTPROT, so that we know our own. Replaces one of ours; where somebody
 * else has a route to the same prefix, -EEXIST with a sentence that says who.
 */
#define LINK_RTPROT 70
struct link_route {
	struct fl_prefix dst;
	unsigned int ifindex;
	struct fl_addr gateway; /* zero: none */
	struct fl_addr src;	/* zero: none */
	unsigned int mtu;
	unsigned char protocol;
	bool onlink;
};
int link_route_replace(struct link_ctx *c, const struct link_route *r,
		       struct err *e);
int link_route_del(struct link_ctx *c, const struct link_route *r,
		   struct err *e); /* 0 if gone */
/* Routes of the main table, both families. */
int link_route_each(struct link_ctx *c,
		    int (*fn)(const struct link_route *r, void *arg), void *arg,
		    struct err *e);

/* Permanent neighbour; replaces. */
int link_neigh_set(struct link_ctx *c, unsigned int ifindex,
		   const struct fl_addr *a, const unsigned char *mac,
		   struct err *e);
/* MAC of a permanent neighbour entry; -ENOENT. */
int link_neigh_get(struct link_ctx *c, unsigned int ifindex,
		   const struct fl_addr *a, unsigned char *mac, struct err *e);

/* Write a sysctl below /proc/sys in the calling thread's namespace, e.g.
 * ("net/ipv4/conf/fl_x/rp_filter", "0"). */
int sysctl_write(const char *path, const char *value, struct err *e);

/* Switch forwarding of IPv6 on for one device of this thread's namespace (c
 * must be of it). Whenever the kernel does that, it drops the default routes
 * that routers advertised on any device, unless that device's accept_ra is 2:
 * so where such a route is, and accept_ra is 1, it becomes 2 first. Where
 * forwarding is on already, nothing is written. */
int link_forward_ipv6(struct link_ctx *c, const char *device, struct err *e);
