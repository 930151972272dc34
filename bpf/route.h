/* SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0 */
/* Where does a packet go? Fills fwd's action, and what rev demands. */
#pragma once

#include "context.h"
#include "forward.h"
#include "slow.h"
#include "source.h"

static __always_inline int to_host(struct slow *s)
{
	const struct fl_route *r = route_of(&s->fwd.to.daddr);

	s->fwd.action = FL_ACTION_HOST;
	s->fwd.dst_identity = r && r->flags & FL_ROUTE_NODE ? identity_of(s, r)
							    : FL_IDENTITY_HOST;
	s->rev.in_ifindex = FL_ORIGIN_HOST;
	return 0;
}

static __always_inline int to_endpoint(struct __sk_buff *skb, struct slow *s,
				       const struct fl_endpoint *ep)
{
	if (s->hook == FL_HOOK_TO_POD && ep->ifindex != skb->ifindex)
		return -FL_DROP_NO_ENDPOINT;
	if (s->hook == FL_HOOK_TO_OVERLAY) /* it lives here */
		return -FL_DROP_NO_ROUTE;
	deliver_to(&s->fwd, ep);
	s->fwd.dst_identity = police(s, &s->dst, ep);
	s->rev.in_ifindex = ep->ifindex;
	__builtin_memcpy(s->rev.in_mac, ep->mac, 6);
	return 0;
}

static __always_inline int to_node(struct __sk_buff *skb, struct slow *s,
				   const struct fl_route *r)
{
	const struct fl_config *cfg = config_get();

	if (!cfg)
		return -FL_DROP_NO_ROUTE;
	encapsulate_to(skb, s, &s->fwd, &r->node);
	s->fwd.dst_identity = identity_of(s, r);
	s->rev.in_ifindex = cfg->overlay_ifindex;
	s->rev.next = r->node;
	return 0;
}

/* What the kernel's routes say of it: local, or out by an uplink. */
static __always_inline int
to_kernel_route(struct __sk_buff *skb, struct slow *s, const struct fl_route *r)
{
	const struct fl_config *cfg = config_get();
	struct bpf_fib_lookup *fib = &s->fib;
	const struct fl_tuple *to = &s->fwd.to;
	const struct fl_uplink *uplink;
	__u32 ifindex;
	long ret;

	__builtin_memset(fib, 0, sizeof(*fib));
	fib->l4_protocol = to->proto;
	fib->sport = to->sport;
	fib->dport = to->dport;
	fib->ifindex = skb->ifindex;
	if (s->p.v6) {
		fib->family = FAMILY_IPV6;
		__builtin_memcpy(fib->ipv6_src, &to->saddr, 16);
		__builtin_memcpy(fib->ipv6_dst, &to->daddr, 16);
	} else {
		fib->family = FAMILY_IPV4;
		fib->ipv4_src = to->saddr.w[3];
		fib->ipv4_dst = to->daddr.w[3];
	}
	ret = bpf_fib_lookup(skb, fib, sizeof(*fib), 0);
	switch (ret) {
	case BPF_FIB_LKUP_RET_SUCCESS:
	case BPF_FIB_LKUP_RET_NO_NEIGH:	   /* redirect_neigh finds it */
	case BPF_FIB_LKUP_RET_FRAG_NEEDED: /* flow_forward() sees to it */
		break;
	case BPF_FIB_LKUP_RET_NOT_FWDED:
		/* Local, or no route at all: then the stack says so. */
		return to_host(s);
	case BPF_FIB_LKUP_RET_FWD_DISABLED:
		return -FL_DROP_FORWARDING_OFF;
	default:
		return -FL_DROP_NO_ROUTE;
	}

	ifindex = fib->ifindex;
	uplink = bpf_map_lookup_elem(&fl_uplinks, &ifindex);
	if (!uplink)
		return cfg && ifindex == cfg->overlay_ifindex
			       ? -FL_DROP_NO_ROUTE
			       : -FL_DROP_NOT_UPLINK;
	s->fwd.action = FL_ACTION_UPLINK;
	s->fwd.out_ifindex = ifindex;
	s->fwd.mtu = uplink->mtu;
	s->fwd.dst_identity = identity_of(s, r);
	if (fib->family == FAMILY_IPV4)
		addr_map(&s->fwd.next, fib->ipv4_dst);
	else
		__builtin_memcpy(&s->fwd.next, fib->ipv6_dst, 16);
	s->rev.in_ifindex = FL_ORIGIN_UPLINK;
	return 0;
}

/* The host stack has routed it already. */
static __always_inline int through_uplink(struct __sk_buff *skb, struct slow *s)
{
	const struct fl_route *r = route_of(&s->fwd.to.daddr);
	__u32 ifindex = skb->ifindex;

	if (!bpf_map_lookup_elem(&fl_uplinks, &ifindex))
		return FL_PASS_NOT_OURS;
	s->fwd.action = FL_ACTION_UPLINK;
	s->fwd.out_ifindex = ifindex;
	s->fwd.next = s->fwd.to.daddr;
	s->fwd.dst_identity = identity_of(s, r);
	s->rev.in_ifindex = FL_ORIGIN_UPLINK;
	return 0;
}

/* Returns 0, a negative drop reason, or FL_PASS_NOT_OURS. */
static __always_inline int destination(struct __sk_buff *skb, struct slow *s)
{
	const struct fl_addr *dst = &s->fwd.to.daddr;
	const struct fl_config *cfg = config_get();
	const struct fl_endpoint *ep;
	const struct fl_route *r;
	bool own;

	if (s->hook == FL_HOOK_TO_UPLINK)
		return through_uplink(skb, s);
	ep = bpf_map_lookup_elem(&fl_endpoints, dst);
	if (ep)
		return to_endpoint(skb, s, ep);
	if (s->hook == FL_HOOK_TO_POD)
		return -FL_DROP_NO_ENDPOINT;

	r = route_of(dst);
	own = cfg &&
	      (addr_same(dst, &cfg->host_v4) || addr_same(dst, &cfg->host_v6));
	if (s->hook == FL_HOOK_FROM_POD && is_tunnel(&s->p) &&
	    (own || (r && r->flags & FL_ROUTE_NODE)))
		return -FL_DROP_OVERLAY_PORT;
	if (own)
		return to_host(s);
	if (r && r->flags & FL_ROUTE_LOCAL)
		return r->flags & FL_ROUTE_POD_CIDR ? -FL_DROP_NO_ENDPOINT
						    : to_host(s);
	switch (s->hook) {
	case FL_HOOK_FROM_POD:
		if (options.overlay && r && !addr_is_none(&r->node))
			return to_node(skb, s, r);
		return to_kernel_route(skb, s, r);
	case FL_HOOK_TO_OVERLAY:
		if (options.overlay && r && !addr_is_none(&r->node))
			return to_node(skb, s, r);
		return -FL_DROP_NO_ROUTE;
	case FL_HOOK_FROM_UPLINK:
		/* A host connection that was given another port, or no
		 * business of ours. */
		return s->known ? to_host(s) : FL_PASS_NOT_OURS;
	}
	/* From another node, but to nobody here: the node's address may be
	 * newer than our maps, transit there is none. */
	if (to_kernel_route(skb, s, r) || s->fwd.action != FL_ACTION_HOST)
		return -FL_DROP_NO_ROUTE;
	return 0;
}
