/* SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0 */
/*
 * From bytes to a tuple. One of the two places where the families differ (the
 * other is rewrite.h).
 */
#pragma once

#include <stdbool.h>
#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <linux/in.h>
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/icmp.h>
#include <linux/icmpv6.h>
#include <linux/tcp.h>
#include <linux/udp.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_endian.h>

#include <fairlead/abi.h>

/* Not in the UAPI headers that we include. */
#define IP_DF		 0x4000
#define IP_MF		 0x2000
#define IP_OFFSET	 0x1fff
#define TCP_FIN		 0x01
#define TCP_SYN		 0x02
#define TCP_RST		 0x04
#define TCP_ACK		 0x10
#define NEXTHDR_HOP	 0
#define NEXTHDR_ROUTING	 43
#define NEXTHDR_FRAGMENT 44
#define NEXTHDR_AUTH	 51
#define NEXTHDR_DEST	 60
#define EXT_HEADERS_MAX	 6
#define IPV4_OPTIONS_MAX 40   /* bytes */
#define EXT_HEADERS_END	 1024 /* no further from the start of the frame */

struct sctp_header {
	__be16 sport;
	__be16 dport;
	__be32 tag;
	__be32 checksum;
};

struct fragment_header {
	__u8 next;
	__u8 reserved;
	__be16 offset; /* in units of 8, M in bit 0 */
	__be32 id;
};

/* What parse() learnt. Offsets are from the start of the Ethernet header. */
struct pkt {
	struct fl_tuple key;
	__u32 ip_len; /* from the IP header on */
	__u16 l4_off;
	__u8 l4_len; /* of the transport header, 0 where it is not there */
	__u8 v6;
	__u8 ttl;
	__u8 tcp_flags;
	__u8 icmp_type;
	__u8 flags; /* enum pkt_flags */
	__be32 frag_id;
};

enum pkt_flags {
	PKT_FRAG_FIRST = 1 << 0,
	PKT_FRAG_LATER = 1 << 1,
	PKT_ICMP_ERROR = 1 << 2,
	PKT_DONT_FRAGMENT = 1 << 3, /* IPv6: always */
	PKT_MULTICAST = 1 << 4,	    /* to a multicast or broadcast address */
	PKT_LINK_LOCAL = 1 << 5,    /* IPv6: either address is link-local */
	PKT_MARTIAN = 1 << 6,	    /* loopback or unspecified address */
	PKT_ND = 1 << 7,	    /* ICMPv6 that never leaves a link */
};

/* What parse() returns beside 0 and negative drop reasons. */
enum parsed { PARSED_IP, PARSED_ARP, PARSED_OTHER };

static __always_inline bool addr_same(const struct fl_addr *a,
				      const struct fl_addr *b)
{
	return a->w[0] == b->w[0] && a->w[1] == b->w[1] && a->w[2] == b->w[2] &&
	       a->w[3] == b->w[3];
}

static __always_inline bool mac_same(const __u8 *a, const __u8 *b)
{
	const __u16 *x = (const void *)a, *y = (const void *)b;

	return x[0] == y[0] && x[1] == y[1] && x[2] == y[2];
}

static __always_inline bool addr_is_none(const struct fl_addr *a)
{
	return !(a->w[0] | a->w[1] | a->w[2] | a->w[3]);
}

static __always_inline bool addr_is_mapped(const struct fl_addr *a)
{
	return !a->w[0] && !a->w[1] && a->w[2] == bpf_htonl(0xffff);
}

static __always_inline void addr_map(struct fl_addr *a, __be32 v4)
{
	a->w[0] = 0;
	a->w[1] = 0;
	a->w[2] = bpf_htonl(0xffff);
	a->w[3] = v4;
}

/* The tuple of the other direction. */
static __always_inline void tuple_reverse(const struct fl_tuple *t,
					  struct fl_tuple *out)
{
	out->saddr = t->daddr;
	out->daddr = t->saddr;
	out->sport = t->dport;
	out->dport = t->sport;
	out->proto = t->proto;
	__builtin_memset(out->pad, 0, sizeof(out->pad));
}

static __always_inline bool is_icmp_error(__u8 proto, __u8 type)
{
	if (proto == IPPROTO_ICMP)
		return type == ICMP_DEST_UNREACH ||
		       type == ICMP_TIME_EXCEEDED || type == ICMP_PARAMETERPROB;
	return type < ICMPV6_ECHO_REQUEST; /* RFC 4443: 0..127 are errors */
}

/* Ports of an echo: see struct fl_tuple. */
static __always_inline void echo_ports(struct fl_tuple *key, __u8 type,
				       __be16 id)
{
	if (type ==
	    (key->proto == IPPROTO_ICMP ? ICMP_ECHO : ICMPV6_ECHO_REQUEST))
		key->sport = id;
	else if (type == (key->proto == IPPROTO_ICMP ? ICMP_ECHOREPLY
						     : ICMPV6_ECHO_REPLY))
		key->dport = id;
}

/* verifier: the same value, with its history forgotten, so that the ways that
 * led to it need not be followed on separately. The last word of cb is ours
 * for nothing else. */
static __always_inline __u32 forget(struct __sk_buff *skb, __u32 value)
{
	asm volatile("*(u32 *)(%1 + %2) = %0\n\t"
		     "%0 = *(u32 *)(%1 + %2)"
		     : "+r"(value)
		     : "r"(skb), "i"(offsetof(struct __sk_buff, cb[4])));
	return value;
}

/* data + off, where off is known to be at most EXT_HEADERS_END. */
static __always_inline void *pointer_at(void *data, __u32 off)
{
	/* verifier: the compiler knows that the mask changes nothing and would
	 * drop it; the verifier of 6.1 does not (it has checked a copy). */
	barrier_var(off);
	data += off & (2 * EXT_HEADERS_END - 1);
	/* verifier: one pointer, checked and used; the compiler likes to
	 * compute a second one that was not checked. */
	barrier_var(data);
	return data;
}

/* Transport header at l4_off, which is within the packet as the IP header
 * tells its length. */
static __always_inline int parse_l4(void *data, void *data_end, struct pkt *p)
{
	__u32 room = p->ip_len - (p->l4_off - ETH_HLEN);
	void *l4 = pointer_at(data, p->l4_off);

	switch (p->key.proto) {
	case IPPROTO_TCP: {
		struct tcphdr *tcp = l4;

		if (l4 + sizeof(*tcp) > data_end || room < sizeof(*tcp))
			return -FL_DROP_MALFORMED;
		p->l4_len = tcp->doff * 4;
		if (p->l4_len < sizeof(*tcp) || p->l4_len > room)
			return -FL_DROP_MALFORMED;
		p->key.sport = tcp->source;
		p->key.dport = tcp->dest;
		p->tcp_flags = ((__u8 *)tcp)[13];
		return 0;
	}
	case IPPROTO_UDP: {
		struct udphdr *udp = l4;

		if (l4 + sizeof(*udp) > data_end || room < sizeof(*udp))
			return -FL_DROP_MALFORMED;
		p->l4_len = sizeof(*udp);
		p->key.sport = udp->source;
		p->key.dport = udp->dest;
		return 0;
	}
	case IPPROTO_SCTP: {
		struct sctp_header *sctp = l4;

		if (l4 + sizeof(*sctp) > data_end || room < sizeof(*sctp))
			return -FL_DROP_MALFORMED;
		p->l4_len = sizeof(*sctp);
		p->key.sport = sctp->sport;
		p->key.dport = sctp->dport;
		return 0;
	}
	case IPPROTO_ICMP:
	case IPPROTO_ICMPV6: {
		struct icmphdr *icmp = l4;

		/* Each family has its own; the other's is not for us. */
		if ((p->key.proto == IPPROTO_ICMPV6) != p->v6)
			return -FL_DROP_MALFORMED;
		if (l4 + sizeof(*icmp) > data_end || room < sizeof(*icmp))
			return -FL_DROP_MALFORMED;
		p->l4_len = sizeof(*icmp);
		p->icmp_type = icmp->type;
		if (is_icmp_error(p->key.proto, icmp->type))
			p->flags |= PKT_ICMP_ERROR;
		else if (p->v6 && icmp->type > ICMPV6_ECHO_REPLY)
			p->flags |= PKT_ND; /* MLD, ND, ...: RFC 4861, 3810 */
		else
			echo_ports(&p->key, icmp->type, icmp->un.echo.id);
		return 0;
	}
	}
	return 0;
}

/* 0/8 and 127/8 */
static __always_inline bool is_martian_ipv4(__be32 a)
{
	a &= bpf_htonl(0xff000000);
	return !a || a == bpf_htonl(0x7f000000);
}

static __always_inline int parse_ipv4(struct __sk_buff *skb, void *data,
				      void *data_end, struct pkt *p)
{
	struct iphdr *ip = data + ETH_HLEN;
	__u32 len, offset;

	if ((void *)(ip + 1) > data_end)
		return -FL_DROP_MALFORMED;
	len = ip->ihl * 4;
	p->ip_len = bpf_ntohs(ip->tot_len);
	if (ip->version != 4 || len < sizeof(*ip) || p->ip_len < len ||
	    ETH_HLEN + p->ip_len > skb->len)
		return -FL_DROP_MALFORMED;

	addr_map(&p->key.saddr, ip->saddr);
	addr_map(&p->key.daddr, ip->daddr);
	p->key.proto = ip->protocol;
	p->l4_off = ETH_HLEN + len;
	p->ttl = ip->ttl;
	p->frag_id = ip->id;

	offset = bpf_ntohs(ip->frag_off);
	if (offset & IP_DF)
		p->flags |= PKT_DONT_FRAGMENT;
	if (offset & IP_OFFSET)
		p->flags |= PKT_FRAG_LATER;
	else if (offset & IP_MF)
		p->flags |= PKT_FRAG_FIRST;

	if (bpf_ntohl(ip->daddr) >= 0xe0000000) /* also 240/4 and broadcast */
		p->flags |= PKT_MULTICAST;
	if (is_martian_ipv4(ip->saddr) || is_martian_ipv4(ip->daddr) ||
	    bpf_ntohl(ip->saddr) >= 0xe0000000)
		p->flags |= PKT_MARTIAN;

	p->flags = forget(skb, p->flags);
	return p->flags & PKT_FRAG_LATER ? 0 : parse_l4(data, data_end, p);
}

static __always_inline void classify_ipv6(struct pkt *p)
{
	__be32 s = p->key.saddr.w[0], d = p->key.daddr.w[0];

	p->flags |= PKT_DONT_FRAGMENT;
	if ((d & bpf_htonl(0xff000000)) == bpf_htonl(0xff000000))
		p->flags |= PKT_MULTICAST;
	if ((d & bpf_htonl(0xffc00000)) == bpf_htonl(0xfe800000) ||
	    (s & bpf_htonl(0xffc00000)) == bpf_htonl(0xfe800000))
		p->flags |= PKT_LINK_LOCAL;
	/* ::, ::1, mapped IPv4 (which would pass for IPv4 in our keys), and
	 * multicast as a source */
	if ((!s && !p->key.saddr.w[1] && p->key.saddr.w[2] != 0) ||
	    (!d && !p->key.daddr.w[1] && p->key.daddr.w[2] != 0) ||
	    (!s && !p->key.saddr.w[1] && !p->key.saddr.w[2]) ||
	    (!d && !p->key.daddr.w[1] && !p->key.daddr.w[2]) ||
	    (s & bpf_htonl(0xff000000)) == bpf_htonl(0xff000000))
		p->flags |= PKT_MARTIAN;
}

static __always_inline int parse_ipv6(struct __sk_buff *skb, void *data,
				      void *data_end, struct pkt *p)
{
	struct ipv6hdr *ip = data + ETH_HLEN;
	__u32 off = ETH_HLEN + sizeof(*ip);
	__u8 next;

	if ((void *)(ip + 1) > data_end || ip->version != 6)
		return -FL_DROP_MALFORMED;
	p->v6 = 1;
	p->ip_len = sizeof(*ip) + bpf_ntohs(ip->payload_len);
	if (!ip->payload_len && skb->gso_size) /* BIG TCP */
		p->ip_len = skb->len - ETH_HLEN;
	if (ETH_HLEN + p->ip_len > skb->len)
		return -FL_DROP_MALFORMED;

	__builtin_memcpy(&p->key.saddr, &ip->saddr, 16);
	__builtin_memcpy(&p->key.daddr, &ip->daddr, 16);
	p->ttl = ip->hop_limit;
	classify_ipv6(p);
	p->flags = forget(skb, p->flags);

	next = ip->nexthdr;
#pragma unroll
	for (int i = 0; i <= EXT_HEADERS_MAX; i++) {
		struct {
			__u8 next;
			__u8 len;
		} *ext = pointer_at(data, off);
		struct fragment_header *frag = (void *)ext;

		if (next != NEXTHDR_HOP && next != NEXTHDR_ROUTING &&
		    next != NEXTHDR_FRAGMENT && next != NEXTHDR_AUTH &&
		    next != NEXTHDR_DEST)
			goto transport;
		if (i == EXT_HEADERS_MAX)
			break;
		/* All of them are at least 8 bytes. */
		if ((void *)(frag + 1) > data_end)
			return -FL_DROP_MALFORMED;
		if (next == NEXTHDR_FRAGMENT) {
			__u16 offset = bpf_ntohs(frag->offset);

			/* A second one, or one in an atomic fragment's place,
			 * is what no sender makes. */
			if (p->flags & (PKT_FRAG_FIRST | PKT_FRAG_LATER))
				return -FL_DROP_MALFORMED;
			p->frag_id = frag->id;
			if (offset & ~7)
				p->flags |= PKT_FRAG_LATER;
			else if (offset & 1)
				p->flags |= PKT_FRAG_FIRST;
			off += sizeof(*frag);
		} else if (next == NEXTHDR_ROUTING && ((__u8 *)ext)[3]) {
			/* Segments left: its destination is another one. */
			return -FL_DROP_SOURCE_ROUTE;
		} else if (next == NEXTHDR_AUTH) {
			off += (ext->len + 2) * 4;
		} else {
			off += (ext->len + 1) * 8;
		}
		next = ext->next;
		off = forget(skb, off);
		p->flags = forget(skb, p->flags);
		if (off - ETH_HLEN > p->ip_len)
			return -FL_DROP_MALFORMED;
		if (off > EXT_HEADERS_END)
			return -FL_DROP_EXT_HEADERS;
		if (p->flags & PKT_FRAG_LATER)
			goto transport;
	}
	return -FL_DROP_EXT_HEADERS;

transport:
	p->key.proto = next;
	p->l4_off = off;
	return p->flags & PKT_FRAG_LATER ? 0 : parse_l4(data, data_end, p);
}

/* May the options of an IPv4 header, which lie before the transport header, go
 * on? Returns 0 or a negative drop reason: routers that heed a source route
 * take the packet where no policy has looked. */
static __always_inline int check_ipv4_options(const struct __sk_buff *skb,
					      const struct pkt *p)
{
	__u32 off = ETH_HLEN + sizeof(struct iphdr), end = p->l4_off;
	__u8 option[2];

	for (int i = 0; i < IPV4_OPTIONS_MAX && off < end; i++) {
		if (bpf_skb_load_bytes(skb, off, option, sizeof(option)))
			return -FL_DROP_MALFORMED;
		if (option[0] == IPOPT_END)
			return 0;
		if (option[0] == IPOPT_LSRR || option[0] == IPOPT_SSRR)
			return -FL_DROP_SOURCE_ROUTE;
		if (option[0] != IPOPT_NOOP && option[1] < 2)
			return -FL_DROP_MALFORMED;
		off += option[0] == IPOPT_NOOP ? 1 : option[1];
	}
	return 0;
}

static __always_inline bool has_ipv4_options(const struct pkt *p)
{
	return !p->v6 && p->l4_off != ETH_HLEN + sizeof(struct iphdr);
}

/* The headers of nearly all packets: no options, TCP or UDP. */
static __always_inline bool has_plain_headers(void *data, void *data_end)
{
	struct ethhdr *eth = data;
	struct iphdr *ip4 = data + ETH_HLEN;
	struct ipv6hdr *ip6 = data + ETH_HLEN;

	if ((void *)(ip4 + 1) + sizeof(struct tcphdr) > data_end)
		return false;
	if (eth->h_proto == bpf_htons(ETH_P_IP))
		return ip4->ihl == 5 && (ip4->protocol == IPPROTO_TCP ||
					 ip4->protocol == IPPROTO_UDP);
	if ((void *)(ip6 + 1) + sizeof(struct tcphdr) > data_end ||
	    eth->h_proto != bpf_htons(ETH_P_IPV6))
		return false;
	return ip6->nexthdr == IPPROTO_TCP || ip6->nexthdr == IPPROTO_UDP;
}

/* Headers are read from the linear part. Where they may reach beyond it, pull
 * them once. Not more than that: a segment of a stream has its headers there
 * and its data in pages, and data that is pulled is copied, and can't be joined
 * with the next segment's by the receiver. */
static __always_inline bool headers_linear(struct __sk_buff *skb)
{
	void *data = (void *)(long)skb->data;
	void *data_end = (void *)(long)skb->data_end;
	__u32 want = skb->len < 128 ? skb->len : 128;

	if (has_plain_headers(data, data_end) || data_end - data >= want)
		return true;
	return !bpf_skb_pull_data(skb, want);
}

/* Returns enum parsed, or a negative drop reason. *p is zeroed first. */
static __always_inline int parse(struct __sk_buff *skb, struct pkt *p)
{
	void *data, *data_end;
	struct ethhdr *eth;

	__builtin_memset(p, 0, sizeof(*p));
	if (!headers_linear(skb))
		return -FL_DROP_MALFORMED;
	data = (void *)(long)skb->data;
	data_end = (void *)(long)skb->data_end;
	eth = data;
	if ((void *)(eth + 1) > data_end)
		return -FL_DROP_MALFORMED;
	switch (eth->h_proto) {
	case bpf_htons(ETH_P_IP):
		return parse_ipv4(skb, data, data_end, p);
	case bpf_htons(ETH_P_IPV6):
		return parse_ipv6(skb, data, data_end, p);
	case bpf_htons(ETH_P_8021Q):
	case bpf_htons(ETH_P_8021AD):
		return -FL_DROP_VLAN;
	case bpf_htons(ETH_P_ARP):
		return PARSED_ARP;
	}
	return PARSED_OTHER;
}
