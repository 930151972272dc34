/* SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0 */
/*
 * Doing what a flow entry says: account, check size and hop limit, rewrite,
 * deliver. Used by the fast path on the entry, and by the slow path on the one
 * that it has just made.
 */
#pragma once

#include <linux/if_packet.h>

#include "context.h"
#include "rewrite.h"

/* Count a packet and follow TCP. Two CPUs that have packets of one direction
 * at the same moment may lose a count, never more. */
static __always_inline void flow_account(struct fl_flow *f, const struct pkt *p)
{
	f->last_seen_ns = now_ns();
	f->packets++;
	f->bytes += p->ip_len;
	if (p->key.proto != IPPROTO_TCP || p->flags & PKT_FRAG_LATER)
		return;
	if (p->tcp_flags & TCP_SYN) {
		f->tcp_seen = FL_TCP_SYN; /* also when ports are used again */
	} else {
		__u8 seen = f->tcp_seen | FL_TCP_DATA;

		/* Who goes on talking after its RST did not send it. */
		seen &= ~FL_TCP_RST;
		if (p->tcp_flags & TCP_FIN)
			seen |= FL_TCP_FIN;
		if (p->tcp_flags & TCP_RST)
			seen |= FL_TCP_RST;
		if (seen != f->tcp_seen)
			f->tcp_seen = seen;
	}
}

/* Does the packet, or each segment that it will be cut into, fit? */
static __always_inline bool flow_fits(const struct __sk_buff *skb,
				      const struct pkt *p, __u32 mtu)
{
	if (!mtu || p->ip_len <= mtu)
		return true;
	return skb->gso_size &&
	       skb->gso_size + p->l4_off + p->l4_len - ETH_HLEN <= mtu;
}

/* One hop less. There is at least one left. Network header offset is 14. */
static __always_inline int decrement_ttl(struct __sk_buff *skb,
					 const struct pkt *p, __u32 hook)
{
	void *data = (void *)(long)skb->data;
	void *data_end = (void *)(long)skb->data_end;

	if (p->v6) {
		struct ipv6hdr *ip = data + ETH_HLEN;

		if ((void *)(ip + 1) > data_end)
			return -FL_DROP_MALFORMED;
		ip->hop_limit--;
		/* No header checksum makes up for it: tell a NIC's sum. */
		if (hook != FL_HOOK_FROM_POD)
			bpf_csum_update(skb, ~(__u32)bpf_htons(1));
	} else {
		struct iphdr *ip = data + ETH_HLEN;
		__u32 check;

		if ((void *)(ip + 1) > data_end)
			return -FL_DROP_MALFORMED;
		ip->ttl--;
		check = ip->check + bpf_htons(0x0100);
		ip->check = check + (check >= 0xffff);
	}
	return 0;
}

static __always_inline int set_macs(struct __sk_buff *skb, const __u8 dst[6],
				    const __u8 src[6])
{
	void *data = (void *)(long)skb->data;
	void *data_end = (void *)(long)skb->data_end;
	struct ethhdr *eth = data;

	if ((void *)(eth + 1) > data_end)
		return -FL_DROP_MALFORMED;
	__builtin_memcpy(eth->h_dest, dst, 6);
	__builtin_memcpy(eth->h_source, src, 6);
	return 0;
}

/* A local pod's packet that the host stack sends: it is on its way where it
 * leaves by the pod's own device. By another one it is led astray by some route
 * of the host, and reaches nobody, or another pod. */
static __always_inline int deliver_from_stack(struct __sk_buff *skb, __u32 hook,
					      const struct fl_flow *f)
{
	if (hook == FL_HOOK_TO_UPLINK)
		return pass(skb, hook, FL_PASS_NOT_OURS);
	if (hook == FL_HOOK_TO_OVERLAY)
		return drop(skb, hook, FL_DROP_NO_ROUTE);
	if (f->out_ifindex != skb->ifindex)
		return drop(skb, hook, FL_DROP_NO_ENDPOINT);
	return pass(skb, hook, FL_PASS_LOCAL);
}

static __always_inline int deliver_local(struct __sk_buff *skb, __u32 hook,
					 const struct fl_flow *f)
{
	const __u8 gateway[6] = FL_GATEWAY_MAC;

	if (!is_ingress(hook))
		return deliver_from_stack(skb, hook, f);
	if (set_macs(skb, f->out_mac, gateway))
		return drop(skb, hook, FL_DROP_MALFORMED);
	/* What a device took for somebody else's frame, an IP stack drops. */
	if (hook != FL_HOOK_FROM_POD && skb->pkt_type != PACKET_HOST)
		bpf_skb_change_type(skb, PACKET_HOST);
	count_packet(skb, hook, FL_PASS_LOCAL);
	return bpf_redirect_peer(f->out_ifindex, 0);
}

/* struct bpf_tunnel_key grew in later kernels; all take the size that it had
 * in 5.10. */
#define TUNNEL_KEY_SIZE offsetof(struct bpf_tunnel_key, local_ipv4)

/* The node that sent the packet, by a tunnel of ours. */
static __always_inline int get_tunnel(struct __sk_buff *skb,
				      struct fl_addr *node)
{
	struct bpf_tunnel_key key = {};

	if (!bpf_skb_get_tunnel_key(skb, &key, TUNNEL_KEY_SIZE, 0))
		addr_map(node, bpf_htonl(key.remote_ipv4));
	else if (!bpf_skb_get_tunnel_key(skb, &key, TUNNEL_KEY_SIZE,
					 BPF_F_TUNINFO_IPV6))
		__builtin_memcpy(node, key.remote_ipv6, 16);
	else
		return -1;
	/* Version 0.1.0 sent 0, whatever was configured. */
	return !key.tunnel_id || key.tunnel_id == options.overlay_vni ? 0 : -1;
}

static __always_inline bool comes_from_node(struct __sk_buff *skb,
					    const struct fl_addr *node)
{
	struct fl_addr sender;

	return !get_tunnel(skb, &sender) && addr_same(&sender, node);
}

static __always_inline int set_tunnel(struct __sk_buff *skb,
				      const struct fl_addr *node)
{
	struct bpf_tunnel_key key = {};
	__u64 flags = BPF_F_ZERO_CSUM_TX;

	key.tunnel_ttl = 64;
	key.tunnel_id = options.overlay_vni;
	if (addr_is_mapped(node)) {
		key.remote_ipv4 = bpf_ntohl(node->w[3]);
	} else {
		__builtin_memcpy(key.remote_ipv6, node, 16);
		flags |= BPF_F_TUNINFO_IPV6;
	}
	return bpf_skb_set_tunnel_key(skb, &key, TUNNEL_KEY_SIZE, flags);
}

static __always_inline int deliver_overlay(struct __sk_buff *skb, __u32 hook,
					   const struct fl_flow *f)
{
	const __u8 dst[6] = FL_OVERLAY_MAC, src[6] = FL_OVERLAY_SRC_MAC;

	if (!options.overlay)
		return drop(skb, hook, FL_DROP_NO_ROUTE);
	if (set_macs(skb, dst, src))
		return drop(skb, hook, FL_DROP_MALFORMED);
	if (set_tunnel(skb, &f->next))
		return drop(skb, hook, FL_DROP_ENCAP);
	count_packet(skb, hook, FL_PASS_OVERLAY);
	if (!is_ingress(hook)) {
		set_mark(skb, 0);
		return TC_ACT_UNSPEC;
	}
	set_mark(skb, FL_MARK_DECIDED);
	return bpf_redirect(f->out_ifindex, 0);
}

static __always_inline int deliver_uplink(struct __sk_buff *skb, __u32 hook,
					  const struct fl_flow *f)
{
	struct bpf_redir_neigh nh = {};

	if (!is_ingress(hook)) /* on its way through the uplink */
		return pass(skb, hook, FL_PASS_UPLINK);
	if (addr_is_mapped(&f->next)) {
		nh.nh_family = FAMILY_IPV4;
		nh.ipv4_nh = f->next.w[3];
	} else {
		nh.nh_family = FAMILY_IPV6;
		__builtin_memcpy(nh.ipv6_nh, &f->next, 16);
	}
	set_mark(skb, FL_MARK_DECIDED);
	count_packet(skb, hook, FL_PASS_UPLINK);
	return bpf_redirect_neigh(f->out_ifindex, &nh, sizeof(nh), 0);
}

/* The last step: one hop less, and out. p->ttl is above 1 where we route. */
static __always_inline int flow_send(struct __sk_buff *skb, __u32 hook,
				     const struct pkt *p,
				     const struct fl_flow *f)
{
	if (is_ingress(hook) && f->action != FL_ACTION_HOST &&
	    decrement_ttl(skb, p, hook))
		return drop(skb, hook, FL_DROP_MALFORMED);
	switch (f->action) {
	case FL_ACTION_LOCAL:
		return deliver_local(skb, hook, f);
	case FL_ACTION_OVERLAY:
		return deliver_overlay(skb, hook, f);
	case FL_ACTION_UPLINK:
		return deliver_uplink(skb, hook, f);
	}
	return pass(skb, hook, FL_PASS_HOST);
}

/* Check and rewrite the packet, which *f has accounted for already, and send
 * it on its way. */
static __always_inline int flow_forward(struct __sk_buff *skb, __u32 hook,
					const struct pkt *p,
					const struct fl_flow *f)
{
	bool routed = is_ingress(hook) && f->action != FL_ACTION_HOST;

	if (routed) {
		if (p->ttl <= 1) {
			skb->cb[CB_REASON] = FL_DROP_TTL;
			return go_stage(skb, hook, STAGE_ICMP_SEND);
		}
		if (!flow_fits(skb, p, f->mtu)) {
			if (p->flags & PKT_DONT_FRAGMENT) {
				skb->cb[CB_REASON] = FL_DROP_TOO_BIG;
				skb->cb[CB_MTU] = f->mtu;
				return go_stage(skb, hook, STAGE_ICMP_SEND);
			}
			/* Cutting it up is the host stack's work; to_uplink
			 * translates the pieces. The overlay's outer packet
			 * is cut by the stack anyway. */
			if (f->action == FL_ACTION_UPLINK)
				return pass(skb, hook, FL_PASS_HOST);
		}
	}
	if (f->flags & FL_FLOW_REWRITE) {
		int err = rewrite_packet(skb, p, &f->to);

		if (err)
			return drop(skb, hook, -err);
	}
	return flow_send(skb, hook, p, f);
}

static __always_inline bool has_source_mac(const struct __sk_buff *skb,
					   const __u8 mac[6])
{
	void *data = (void *)(long)skb->data;
	void *data_end = (void *)(long)skb->data_end;
	struct ethhdr *eth = data;

	return (void *)(eth + 1) <= data_end && mac_same(eth->h_source, mac);
}

/* Is the cached decision good for this packet? */
static __always_inline bool flow_is_current(const struct fl_flow *f,
					    __u32 origin)
{
	const struct fl_config *cfg = config_get();

	return cfg && f->epoch == cfg->epoch && f->in_ifindex == origin;
}
