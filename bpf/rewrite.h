/* SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0 */
/*
 * From a tuple back to bytes: address and port translation with the checksums
 * that cover them, outer and quoted. The other place where families differ.
 *
 * Checksums are updated by difference (RFC 1624). Three states of the skb's
 * checksum must all stay right, and the helpers know which one it is in while
 * we do not:
 *  - CHECKSUM_PARTIAL (a local sender: the field holds the pseudo header's sum
 *    only): bpf_l4_csum_replace() with BPF_F_PSEUDO_HDR follows addresses and
 *    leaves ports alone;
 *  - CHECKSUM_COMPLETE (a NIC has summed the packet): what changes the sum of
 *    the bytes must be told. With IPv4 the header's own checksum makes up for
 *    its addresses. IPv6 has none, so its addresses are stored with
 *    BPF_F_RECOMPUTE_CSUM, which cancels what bpf_l4_csum_replace() takes off
 *    (the bug that Linux 6.16 fixed with BPF_F_IPV6 bites who omits it);
 *  - CHECKSUM_NONE and _UNNECESSARY: only the field counts.
 */
#pragma once

#include "context.h"

/* Offset of the checksum in a transport header, 0: none that covers the
 * addresses or ports (SCTP's CRC32c covers neither address; its ports are
 * never changed). */
static __always_inline __u32 l4_csum_offset(__u8 proto)
{
	switch (proto) {
	case IPPROTO_TCP:
		return offsetof(struct tcphdr, check);
	case IPPROTO_UDP:
		return offsetof(struct udphdr, check);
	case IPPROTO_ICMP:
	case IPPROTO_ICMPV6:
		return offsetof(struct icmphdr, checksum);
	}
	return 0;
}

/* A UDP checksum of zero over IPv4 means "none" and must stay. */
static __always_inline __u64 l4_csum_flags(__u8 proto)
{
	return proto == IPPROTO_UDP ? BPF_F_MARK_MANGLED_0 : 0;
}

/* Replace one address. `l3_off` is where the address stands, `csum_off` where
 * the checksum that covers it through the pseudo header (0: none). */
static __always_inline int rewrite_addr(struct __sk_buff *skb, __u32 l3_off,
					__u32 ip_off, bool v6, __u32 csum_off,
					__u64 csum_flags,
					const struct fl_addr *from,
					const struct fl_addr *to)
{
	__s64 diff;

	if (!v6) {
		if (bpf_skb_store_bytes(skb, l3_off, &to->w[3], 4, 0) ||
		    bpf_l3_csum_replace(skb,
					ip_off + offsetof(struct iphdr, check),
					from->w[3], to->w[3], 4))
			return -FL_DROP_REWRITE;
		if (csum_off &&
		    bpf_l4_csum_replace(skb, csum_off, from->w[3], to->w[3],
					csum_flags | BPF_F_PSEUDO_HDR | 4))
			return -FL_DROP_REWRITE;
		return 0;
	}
	if (bpf_skb_store_bytes(skb, l3_off, to, 16, BPF_F_RECOMPUTE_CSUM))
		return -FL_DROP_REWRITE;
	if (!csum_off)
		return 0;
	diff = bpf_csum_diff((__be32 *)from, 16, (__be32 *)to, 16, 0);
	if (diff < 0 || bpf_l4_csum_replace(skb, csum_off, 0, diff,
					    csum_flags | BPF_F_PSEUDO_HDR))
		return -FL_DROP_REWRITE;
	return 0;
}

static __always_inline int rewrite_port(struct __sk_buff *skb, __u32 off,
					__u32 csum_off, __u64 csum_flags,
					__be16 from, __be16 to)
{
	if (bpf_skb_store_bytes(skb, off, &to, 2, 0))
		return -FL_DROP_REWRITE;
	if (csum_off &&
	    bpf_l4_csum_replace(skb, csum_off, from, to, csum_flags | 2))
		return -FL_DROP_REWRITE;
	return 0;
}

/* Where the source (or the destination) port of the protocol stands in its
 * header. An echo has one identifier, whichever side of the tuple holds it. */
static __always_inline __u32 port_offset(__u8 proto, bool destination)
{
	if (proto == IPPROTO_ICMP || proto == IPPROTO_ICMPV6)
		return offsetof(struct icmphdr, un.echo.id);
	return destination ? 2 : 0;
}

static __always_inline __u32 addr_offset(bool v6, bool destination)
{
	if (v6)
		return destination ? offsetof(struct ipv6hdr, daddr)
				   : offsetof(struct ipv6hdr, saddr);
	return destination ? offsetof(struct iphdr, daddr)
			   : offsetof(struct iphdr, saddr);
}

/* Turn the packet, whose tuple is p->key, into one whose tuple is *to. */
static __always_inline int rewrite_packet(struct __sk_buff *skb,
					  const struct pkt *p,
					  const struct fl_tuple *to)
{
	const struct fl_tuple *key = &p->key;
	bool has_l4 = !(p->flags & PKT_FRAG_LATER);
	__u32 csum_off = has_l4 ? l4_csum_offset(key->proto) : 0;
	__u64 flags = l4_csum_flags(key->proto);
	/* ICMP over IPv4 has no pseudo header. */
	__u32 pseudo_off;
	int err = 0;

	if (csum_off)
		csum_off += p->l4_off;
	pseudo_off = key->proto == IPPROTO_ICMP ? 0 : csum_off;

	if (!addr_same(&key->saddr, &to->saddr))
		err = rewrite_addr(skb, ETH_HLEN + addr_offset(p->v6, false),
				   ETH_HLEN, p->v6, pseudo_off, flags,
				   &key->saddr, &to->saddr);
	if (!err && !addr_same(&key->daddr, &to->daddr))
		err = rewrite_addr(skb, ETH_HLEN + addr_offset(p->v6, true),
				   ETH_HLEN, p->v6, pseudo_off, flags,
				   &key->daddr, &to->daddr);
	if (!has_l4)
		return err;
	if (!err && key->sport != to->sport)
		err = rewrite_port(skb,
				   p->l4_off + port_offset(key->proto, false),
				   csum_off, flags, key->sport, to->sport);
	if (!err && key->dport != to->dport)
		err = rewrite_port(skb,
				   p->l4_off + port_offset(key->proto, true),
				   csum_off, flags, key->dport, to->dport);
	return err;
}
