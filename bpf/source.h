/* SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0 */
/* Who sends a packet, and may he say so? Fills fwd.src_identity, what fwd
 * demands of later packets, and where replies go (rev). */
#pragma once

#include "context.h"
#include "slow.h"

/* Ethernet, VXLAN, UDP and IPv6 headers around an inner IP packet. */
#define TUNNEL_OVERHEAD_IPV6 70

static __always_inline const struct fl_route *route_of(const struct fl_addr *a)
{
	struct fl_prefix prefix = {.prefix_len = 128, .addr = *a};

	return bpf_map_lookup_elem(&fl_routes, &prefix);
}

/* Who lives there; r: what route_of() found. */
static __always_inline __u32 identity_of(const struct slow *s,
					 const struct fl_route *r)
{
	if (!r)
		return FL_IDENTITY_WORLD;
	return s->view ? r->identity[1] : r->identity[0];
}

static __always_inline void deliver_to(struct fl_flow *f,
				       const struct fl_endpoint *ep)
{
	f->action = FL_ACTION_LOCAL;
	f->out_ifindex = ep->ifindex;
	f->mtu = ep->mtu;
	__builtin_memcpy(f->out_mac, ep->mac, 6);
}

/* Returns the pod's identity. */
static __always_inline __u32 police(const struct slow *s, struct policed *end,
				    const struct fl_endpoint *ep)
{
	const struct fl_endpoint_view *v = &ep->view[s->view ? 1 : 0];

	end->ifindex = ep->ifindex;
	end->policy_id = v->policy_id;
	end->flags = v->flags;
	return v->identity;
}

/* How large an inner packet may be on its way to a node over an IPv6 underlay:
 * the outer packet cannot be cut, and the host stack knows of narrow paths.
 * Kernels before 5.12 do not tell. */
static __always_inline __u32 tunnel_mtu(struct __sk_buff *skb, struct slow *s,
					const struct fl_addr *node, __u32 mtu)
{
	struct bpf_fib_lookup *fib = &s->fib;

	if (addr_is_mapped(node))
		return mtu;
	__builtin_memset(fib, 0, sizeof(*fib));
	fib->family = FAMILY_IPV6;
	fib->l4_protocol = IPPROTO_UDP;
	fib->ifindex = skb->ifindex;
	fib->tot_len = mtu + TUNNEL_OVERHEAD_IPV6;
	__builtin_memcpy(fib->ipv6_dst, node, 16);
	if (bpf_fib_lookup(skb, fib, sizeof(*fib), 0) !=
		    BPF_FIB_LKUP_RET_FRAG_NEEDED ||
	    fib->mtu_result <= TUNNEL_OVERHEAD_IPV6)
		return mtu;
	return fib->mtu_result - TUNNEL_OVERHEAD_IPV6;
}

static __always_inline void encapsulate_to(struct __sk_buff *skb,
					   struct slow *s, struct fl_flow *f,
					   const struct fl_addr *node)
{
	const struct fl_config *cfg = config_get();

	if (!cfg)
		return;
	f->action = FL_ACTION_OVERLAY;
	f->next = *node;
	f->out_ifindex = cfg->overlay_ifindex;
	f->mtu = tunnel_mtu(skb, s, node, cfg->overlay_mtu);
}

/* A pod speaks for its own addresses, from its own device, with its own MAC. */
static __always_inline int source_pod(struct __sk_buff *skb, struct slow *s)
{
	const struct fl_endpoint *ep =
		bpf_map_lookup_elem(&fl_endpoints, &s->p.key.saddr);
	void *data = (void *)(long)skb->data;
	void *data_end = (void *)(long)skb->data_end;
	struct ethhdr *eth = data;

	if (!ep || ep->ifindex != skb->ifindex)
		return -FL_DROP_SPOOFED_ADDR;
	if ((void *)(eth + 1) > data_end)
		return -FL_DROP_MALFORMED;
	if (!mac_same(eth->h_source, ep->mac))
		return -FL_DROP_SPOOFED_MAC;
	__builtin_memcpy(s->fwd.in_mac, ep->mac, 6);
	s->fwd.src_identity = police(s, &s->src, ep);
	deliver_to(&s->rev, ep);
	return 0;
}

/* A node speaks for itself and its pods. */
static __always_inline int source_overlay(struct __sk_buff *skb, struct slow *s)
{
	const struct fl_route *node, *r;
	struct fl_addr remote;

	if (get_tunnel(skb, &remote))
		return -FL_DROP_UNKNOWN_NODE;
	node = route_of(&remote);
	if (!node || !(node->flags & FL_ROUTE_NODE) ||
	    node->flags & FL_ROUTE_LOCAL)
		return -FL_DROP_UNKNOWN_NODE;
	r = route_of(&s->p.key.saddr);
	if (!r || r->node_id != node->node_id)
		return -FL_DROP_WRONG_NODE;
	s->fwd.src_identity = identity_of(s, r);
	s->fwd.next = remote; /* who must send the later ones too */
	encapsulate_to(skb, s, &s->rev, &r->node);
	/* The path is looked up from a pod's device, where forwarding is on. */
	s->lazy_reply = !addr_is_mapped(&r->node);
	return 0;
}

/* The network speaks for the world, and in native mode for other nodes. */
static __always_inline int source_uplink(struct slow *s)
{
	const struct fl_route *r = route_of(&s->p.key.saddr);

	if (r && (r->flags & FL_ROUTE_LOCAL ||
		  (options.overlay && r->flags & FL_ROUTE_POD_CIDR)))
		return -FL_DROP_NOT_BY_OVERLAY;
	s->fwd.src_identity = identity_of(s, r);
	/* Which way replies go is found when the first one comes. */
	s->lazy_reply = true;
	return 0;
}

/* The host stack: its own sockets, or what it forwards for somebody. */
static __always_inline int source_host(struct slow *s)
{
	const struct fl_endpoint *ep;
	const struct fl_route *r;

	s->rev.action = FL_ACTION_HOST;
	if (s->fwd.in_ifindex == FL_ORIGIN_HOST) {
		s->fwd.src_identity = FL_IDENTITY_HOST;
		return 0;
	}
	ep = bpf_map_lookup_elem(&fl_endpoints, &s->p.key.saddr);
	if (ep) {
		/* A pod's packet that the stack cut into pieces. */
		if (ep->ifindex != s->fwd.in_ifindex)
			return -FL_DROP_SPOOFED_ADDR;
		s->fwd.src_identity = police(s, &s->src, ep);
		deliver_to(&s->rev, ep);
		return 0;
	}
	r = route_of(&s->p.key.saddr);
	s->fwd.src_identity = identity_of(s, r);
	return 0;
}

static __always_inline int source(struct __sk_buff *skb, struct slow *s)
{
	switch (s->hook) {
	case FL_HOOK_FROM_POD:
		return source_pod(skb, s);
	case FL_HOOK_FROM_OVERLAY:
		return source_overlay(skb, s);
	case FL_HOOK_FROM_UPLINK:
		return source_uplink(s);
	}
	return source_host(s);
}
