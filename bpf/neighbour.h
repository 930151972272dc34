/* SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0 */
/*
 * A pod may ask for its gateway, and for nothing else: ARP (RFC 826) and
 * neighbour solicitations (RFC 4861) for it are turned into the answer, all
 * else that ARP and ND can say is dropped, so there is nobody to lie to. Pods
 * have a permanent entry for the gateway and rarely ask.
 */
#pragma once

#include "context.h"

#define ARP_REQUEST	   1
#define ARP_REPLY	   2
#define ND_SOLICIT	   135
#define ND_ADVERT	   136
#define ND_OPT_TARGET	   2
#define NA_ROUTER_OVERRIDE 0xa0000000u
#define NA_SOLICITED	   0x40000000u

struct arp_ipv4 {
	__be16 hardware;
	__be16 protocol;
	__u8 mac_len;
	__u8 ip_len;
	__be16 op;
	__u8 sender_mac[6];
	__u8 sender_ip[4];
	__u8 target_mac[6];
	__u8 target_ip[4];
} __attribute__((packed));

struct nd_packet {
	struct ipv6hdr ip;
	struct {
		__u8 type;
		__u8 code;
		__be16 checksum;
		__be32 flags;
		struct fl_addr target;
		__u8 opt_type;
		__u8 opt_len; /* in units of 8 */
		__u8 opt_mac[6];
	} nd;
};

/* Back out of the device that it came in by. */
static __always_inline int reflect(struct __sk_buff *skb, __u32 hook)
{
	count_packet(skb, hook, FL_PASS_REPLIED);
	set_mark(skb, FL_MARK_DECIDED);
	return bpf_redirect(skb->ifindex, 0);
}

static __always_inline int answer_arp(struct __sk_buff *skb, __u32 hook)
{
	const __u8 gateway_mac[6] = FL_GATEWAY_MAC;
	const __u8 gateway_ip[4] = {169, 254, 1, 1};
	const struct fl_endpoint *ep;
	struct fl_addr sender;
	struct arp_ipv4 arp;
	struct ethhdr eth;
	__be32 sender_ip, target_ip;

	if (bpf_skb_load_bytes(skb, 0, &eth, sizeof(eth)) ||
	    bpf_skb_load_bytes(skb, sizeof(eth), &arp, sizeof(arp)))
		return drop(skb, hook, FL_DROP_MALFORMED);
	__builtin_memcpy(&sender_ip, arp.sender_ip, 4);
	__builtin_memcpy(&target_ip, arp.target_ip, 4);
	addr_map(&sender, sender_ip);
	ep = bpf_map_lookup_elem(&fl_endpoints, &sender);
	/* An address probe (RFC 5227) comes from 0.0.0.0. */
	if (sender_ip && (!ep || ep->ifindex != skb->ifindex))
		return drop(skb, hook, FL_DROP_SPOOFED_ADDR);
	if (!mac_same(arp.sender_mac, eth.h_source) ||
	    (ep && !mac_same(arp.sender_mac, ep->mac)))
		return drop(skb, hook, FL_DROP_SPOOFED_MAC);
	if (arp.op != bpf_htons(ARP_REQUEST) ||
	    arp.hardware != bpf_htons(1 /* Ethernet */) ||
	    arp.protocol != bpf_htons(ETH_P_IP) || arp.mac_len != 6 ||
	    arp.ip_len != 4 || target_ip != bpf_htonl(0xa9fe0101))
		return drop(skb, hook, FL_DROP_ARP);

	__builtin_memcpy(eth.h_dest, eth.h_source, 6);
	__builtin_memcpy(eth.h_source, gateway_mac, 6);
	arp.op = bpf_htons(ARP_REPLY);
	__builtin_memcpy(arp.target_mac, arp.sender_mac, 6);
	__builtin_memcpy(arp.target_ip, arp.sender_ip, 4);
	__builtin_memcpy(arp.sender_mac, gateway_mac, 6);
	__builtin_memcpy(arp.sender_ip, gateway_ip, 4);
	if (bpf_skb_store_bytes(skb, 0, &eth, sizeof(eth), 0) ||
	    bpf_skb_store_bytes(skb, sizeof(eth), &arp, sizeof(arp), 0))
		return drop(skb, hook, FL_DROP_REWRITE);
	return reflect(skb, hook);
}

static __always_inline void fill_advert(struct ethhdr *eth,
					struct nd_packet *na)
{
	const __u8 gateway_mac[6] = FL_GATEWAY_MAC;
	struct {
		struct fl_addr saddr, daddr;
		__be32 len, next;
	} pseudo = {};
	__s64 sum;

	__builtin_memcpy(eth->h_dest, eth->h_source, 6);
	__builtin_memcpy(eth->h_source, gateway_mac, 6);
	na->ip.payload_len = bpf_htons(sizeof(na->nd));
	na->ip.hop_limit = 255;
	na->nd.flags = bpf_htonl(NA_ROUTER_OVERRIDE | NA_SOLICITED);
	if (!na->ip.saddr.s6_addr32[0]) { /* somebody checks if it is taken */
		__builtin_memset(&na->ip.daddr, 0, 16);
		na->ip.daddr.s6_addr32[0] = bpf_htonl(0xff020000);
		na->ip.daddr.s6_addr32[3] = bpf_htonl(1);
		na->nd.flags = bpf_htonl(NA_ROUTER_OVERRIDE);
	} else {
		na->ip.daddr = na->ip.saddr;
	}
	__builtin_memcpy(&na->ip.saddr, &na->nd.target, 16);
	na->nd.type = ND_ADVERT;
	na->nd.code = 0;
	na->nd.checksum = 0;
	na->nd.opt_type = ND_OPT_TARGET;
	na->nd.opt_len = 1;
	__builtin_memcpy(na->nd.opt_mac, gateway_mac, 6);

	__builtin_memcpy(&pseudo.saddr, &na->ip.saddr, 16);
	__builtin_memcpy(&pseudo.daddr, &na->ip.daddr, 16);
	pseudo.len = bpf_htonl(sizeof(na->nd));
	pseudo.next = bpf_htonl(IPPROTO_ICMPV6);
	sum = bpf_csum_diff(NULL, 0, (__be32 *)&pseudo, sizeof(pseudo), 0);
	sum = bpf_csum_diff(NULL, 0, (__be32 *)&na->nd, sizeof(na->nd), sum);
	sum = (sum & 0xffff) + (sum >> 16);
	sum = (sum & 0xffff) + (sum >> 16);
	na->nd.checksum = ~sum;
}

/* Is it a solicitation for the gateway, by nobody else than who sends it? */
static __always_inline __u32 wrong_solicit(const struct __sk_buff *skb,
					   const struct ethhdr *eth,
					   const struct nd_packet *ns)
{
	const struct fl_endpoint *ep;
	struct fl_addr sender;

	__builtin_memcpy(&sender, &ns->ip.saddr, 16);
	if (ns->ip.nexthdr != IPPROTO_ICMPV6 || ns->ip.hop_limit != 255 ||
	    ns->nd.type != ND_SOLICIT || ns->nd.code != 0 ||
	    ns->nd.target.w[0] != bpf_htonl(0xfe800000) || ns->nd.target.w[1] ||
	    ns->nd.target.w[2] || ns->nd.target.w[3] != bpf_htonl(1))
		return FL_DROP_ND;
	/* Own address, a link-local one, or none yet. */
	if ((sender.w[0] & bpf_htonl(0xffc00000)) == bpf_htonl(0xfe800000) ||
	    addr_is_none(&sender))
		return 0;
	ep = bpf_map_lookup_elem(&fl_endpoints, &sender);
	if (!ep || ep->ifindex != skb->ifindex)
		return FL_DROP_SPOOFED_ADDR;
	if (!mac_same(eth->h_source, ep->mac))
		return FL_DROP_SPOOFED_MAC;
	return 0;
}

static __always_inline int answer_nd(struct __sk_buff *skb, __u32 hook)
{
	struct nd_packet nd = {};
	const __u32 without_option = sizeof(nd) - 8;
	struct ethhdr eth;
	__u32 reason;

	if (bpf_skb_load_bytes(skb, 0, &eth, sizeof(eth)) ||
	    bpf_skb_load_bytes(skb, ETH_HLEN, &nd, without_option))
		return drop(skb, hook, FL_DROP_ND);
	reason = wrong_solicit(skb, &eth, &nd);
	if (reason)
		return drop(skb, hook, reason);
	fill_advert(&eth, &nd);
	if (bpf_skb_change_tail(skb, ETH_HLEN + sizeof(nd), 0) ||
	    bpf_skb_store_bytes(skb, 0, &eth, sizeof(eth), 0) ||
	    bpf_skb_store_bytes(skb, ETH_HLEN, &nd, sizeof(nd),
				BPF_F_RECOMPUTE_CSUM))
		return drop(skb, hook, FL_DROP_REWRITE);
	return reflect(skb, hook);
}

SEC("tc")
int neighbour(struct __sk_buff *skb)
{
	__u32 hook = skb->cb[CB_HOOK];

	if (hook >= FL_HOOK_MAX)
		return TC_ACT_SHOT;
	if (skb->protocol == bpf_htons(ETH_P_ARP))
		return answer_arp(skb, hook);
	return answer_nd(skb, hook);
}
