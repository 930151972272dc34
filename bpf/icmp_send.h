/* SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0 */
/*
 * Answering with an ICMP error, where we forward past the host stack and so
 * have to be the router that says why it does not: time exceeded, and too big
 * (RFC 792, 1191, 4443). The packet itself is turned into the answer.
 */
#pragma once

#include "context.h"
#include "forward.h"
#include "slow.h"

/* Bytes of the packet that we quote, from its IP header on: more than any
 * header that matters, a multiple of 4. */
#define QUOTE_MAX 128

struct answer_ipv4 {
	struct iphdr ip;
	struct icmphdr icmp;
};

struct answer_ipv6 {
	struct ipv6hdr ip;
	struct icmp6hdr icmp;
};

struct icmp_scratch {
	__u8 quote[QUOTE_MAX];
	struct answer_ipv4 v4;
	struct answer_ipv6 v6;
	struct {
		struct fl_addr saddr, daddr;
		__be32 len;
		__be32 next;
	} pseudo;
};

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct icmp_scratch);
} fl_icmp SEC(".maps");

static __always_inline __u16 checksum(__u32 sum)
{
	sum = (sum & 0xffff) + (sum >> 16);
	sum = (sum & 0xffff) + (sum >> 16);
	return ~sum;
}

/* The address that answers: the node's in the pod range for those inside, the
 * uplink's for those outside. */
static __always_inline int answer_from(const struct __sk_buff *skb, __u32 hook,
				       bool v6, struct fl_addr *out)
{
	const struct fl_config *cfg = config_get();
	const struct fl_uplink *uplink;
	__u32 ifindex = skb->ifindex;

	if (!cfg)
		return -1;
	*out = v6 ? cfg->host_v6 : cfg->host_v4;
	if (hook == FL_HOOK_FROM_UPLINK) {
		uplink = bpf_map_lookup_elem(&fl_uplinks, &ifindex);
		if (!uplink)
			return -1;
		*out = v6 ? uplink->v6 : uplink->v4;
	}
	return addr_is_none(out) ? -1 : 0;
}

static __always_inline int answer_macs(struct __sk_buff *skb, __u32 hook,
				       struct ethhdr *eth)
{
	const __u8 gateway[6] = FL_GATEWAY_MAC;
	const __u8 overlay_src[6] = FL_OVERLAY_SRC_MAC;
	const __u8 overlay_dst[6] = FL_OVERLAY_MAC;
	struct ethhdr was;

	if (bpf_skb_load_bytes(skb, 0, &was, sizeof(was)))
		return -1;
	if (hook == FL_HOOK_FROM_OVERLAY) {
		__builtin_memcpy(eth->h_dest, overlay_dst, 6);
		__builtin_memcpy(eth->h_source, overlay_src, 6);
	} else {
		__builtin_memcpy(eth->h_dest, was.h_source, 6);
		__builtin_memcpy(eth->h_source, gateway, 6);
	}
	eth->h_proto = was.h_proto;
	return 0;
}

static __always_inline void fill_ipv4(struct icmp_scratch *a,
				      const struct pkt *p, __u32 reason,
				      __u32 mtu, const struct fl_addr *from,
				      __u32 quoted)
{
	struct iphdr *ip = &a->v4.ip;
	struct icmphdr *icmp = &a->v4.icmp;
	__s64 sum;

	__builtin_memset(ip, 0, sizeof(*ip) + sizeof(*icmp));
	ip->version = 4;
	ip->ihl = 5;
	ip->tos = 0xc0; /* internetwork control, RFC 1812 4.3.2.5 */
	ip->tot_len = bpf_htons(sizeof(*ip) + sizeof(*icmp) + quoted);
	ip->ttl = 64;
	ip->protocol = IPPROTO_ICMP;
	ip->saddr = from->w[3];
	ip->daddr = p->key.saddr.w[3];
	ip->check =
		checksum(bpf_csum_diff(NULL, 0, (__be32 *)ip, sizeof(*ip), 0));
	if (reason == FL_DROP_TTL) {
		icmp->type = ICMP_TIME_EXCEEDED;
		icmp->code = ICMP_EXC_TTL;
	} else {
		icmp->type = ICMP_DEST_UNREACH;
		icmp->code = ICMP_FRAG_NEEDED;
		icmp->un.frag.mtu = bpf_htons(mtu);
	}
	sum = bpf_csum_diff(NULL, 0, (__be32 *)a->quote, QUOTE_MAX, 0);
	sum = bpf_csum_diff(NULL, 0, (__be32 *)icmp, sizeof(*icmp), sum);
	icmp->checksum = checksum(sum);
}

static __always_inline void fill_ipv6(struct icmp_scratch *a,
				      const struct pkt *p, __u32 reason,
				      __u32 mtu, const struct fl_addr *from,
				      __u32 quoted)
{
	struct ipv6hdr *ip = &a->v6.ip;
	struct icmp6hdr *icmp = &a->v6.icmp;
	__s64 sum;

	__builtin_memset(ip, 0, sizeof(*ip) + sizeof(*icmp));
	ip->version = 6;
	ip->payload_len = bpf_htons(sizeof(*icmp) + quoted);
	ip->nexthdr = IPPROTO_ICMPV6;
	ip->hop_limit = 64;
	__builtin_memcpy(&ip->saddr, from, 16);
	__builtin_memcpy(&ip->daddr, &p->key.saddr, 16);
	if (reason == FL_DROP_TTL) {
		icmp->icmp6_type = ICMPV6_TIME_EXCEED;
		icmp->icmp6_code = ICMPV6_EXC_HOPLIMIT;
	} else {
		icmp->icmp6_type = ICMPV6_PKT_TOOBIG;
		icmp->icmp6_mtu = bpf_htonl(mtu);
	}
	a->pseudo.saddr = *from;
	a->pseudo.daddr = p->key.saddr;
	a->pseudo.len = bpf_htonl(sizeof(*icmp) + quoted);
	a->pseudo.next = bpf_htonl(IPPROTO_ICMPV6);
	sum = bpf_csum_diff(NULL, 0, (__be32 *)a->quote, QUOTE_MAX, 0);
	sum = bpf_csum_diff(NULL, 0, (__be32 *)&a->pseudo, sizeof(a->pseudo),
			    sum);
	sum = bpf_csum_diff(NULL, 0, (__be32 *)icmp, sizeof(*icmp), sum);
	icmp->icmp6_cksum = checksum(sum);
}

/* The way that the packet came. */
static __always_inline int send_back(struct __sk_buff *skb, __u32 hook,
				     const struct fl_addr *node)
{
	set_mark(skb, FL_MARK_DECIDED);
	if (hook == FL_HOOK_FROM_UPLINK)
		return bpf_redirect_neigh(skb->ifindex, NULL, 0, 0);
	if (hook == FL_HOOK_FROM_OVERLAY && set_tunnel(skb, node))
		return -1;
	return bpf_redirect(skb->ifindex, 0);
}

/* Copy what is quoted, zero-padded, so that it can be summed whole. */
static __always_inline int take_quote(struct __sk_buff *skb,
				      struct icmp_scratch *a, __u32 quoted)
{
	__builtin_memset(a->quote, 0, sizeof(a->quote));
	if (quoted >= QUOTE_MAX)
		return bpf_skb_load_bytes(skb, ETH_HLEN, a->quote, QUOTE_MAX);
	/* verifier: bounds of the very register that is passed on; 6.1 does not
	 * see that it is a copy of one with bounds. */
	barrier_var(quoted);
	quoted &= QUOTE_MAX - 1;
	if (quoted < sizeof(struct iphdr))
		return -1;
	return bpf_skb_load_bytes(skb, ETH_HLEN, a->quote, quoted);
}

SEC("tc")
int icmp_send(struct __sk_buff *skb)
{
	__u32 hook = skb->cb[CB_HOOK], reason = skb->cb[CB_REASON];
	__u32 mtu = skb->cb[CB_MTU], zero = 0, quoted, grow;
	struct icmp_scratch *a = bpf_map_lookup_elem(&fl_icmp, &zero);
	struct fl_addr from, node = {};
	struct ethhdr eth;
	struct pkt p;
	int ret;

	if (!a || hook >= FL_HOOK_MAX)
		return TC_ACT_SHOT;
	if (parse(skb, &p) != PARSED_IP)
		return drop(skb, hook, FL_DROP_MALFORMED);
	/* Never about an error or a later fragment (RFC 1122 3.2.2). */
	if (p.flags & (PKT_ICMP_ERROR | PKT_FRAG_LATER) ||
	    answer_from(skb, hook, p.v6, &from) ||
	    !within_limit(FL_LIMIT_ICMP, FL_ICMP_PER_SECOND) ||
	    (hook == FL_HOOK_FROM_OVERLAY && get_tunnel(skb, &node)))
		return drop(skb, hook, reason);

	quoted = p.ip_len < QUOTE_MAX ? p.ip_len : QUOTE_MAX;
	grow = sizeof(struct icmphdr) +
	       (p.v6 ? sizeof(struct ipv6hdr) : sizeof(struct iphdr));
	if (take_quote(skb, a, quoted) || answer_macs(skb, hook, &eth))
		return drop(skb, hook, reason);
	if (bpf_skb_change_tail(skb, ETH_HLEN + quoted, 0) ||
	    bpf_skb_adjust_room(skb, grow, BPF_ADJ_ROOM_MAC, 0))
		return drop(skb, hook, reason);
	if (p.v6) {
		fill_ipv6(a, &p, reason, mtu, &from, quoted);
		ret = bpf_skb_store_bytes(skb, ETH_HLEN, &a->v6, sizeof(a->v6),
					  BPF_F_RECOMPUTE_CSUM);
	} else {
		fill_ipv4(a, &p, reason, mtu, &from, quoted);
		ret = bpf_skb_store_bytes(skb, ETH_HLEN, &a->v4, sizeof(a->v4),
					  BPF_F_RECOMPUTE_CSUM);
	}
	if (ret || bpf_skb_store_bytes(skb, 0, &eth, sizeof(eth), 0))
		return drop(skb, hook, FL_DROP_REWRITE);
	ret = send_back(skb, hook, &node);
	if (ret < 0)
		return drop(skb, hook, FL_DROP_ENCAP);
	count(FL_COUNT_ICMP_SENT);
	count_packet(skb, hook, FL_PASS_REPLIED);
	return ret;
}
