/* SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0 */
/*
 * ICMP errors go where the flow goes that they speak of. An error quotes the
 * packet that it is about, Q. It travels as a packet of Q's flow in the other
 * direction would, so the entry of reverse(Q) tells everything: the action, and
 * the translation `to`, which turns the error's destination, and its quoted
 * source, into what they were before Q was translated.
 *
 *   pod --A:p-> [A:p => N:n] --N:n-> router
 *   pod <-- [dst N => A, quoted src N:n => A:p] <-- "too big", quoting N:n -> W
 *            (entry of W -> N:n, whose `to` is W -> A:p)
 */
#pragma once

#include "context.h"
#include "forward.h"
#include "rewrite.h"

struct quoted {
	struct fl_tuple tuple;
	__u32 l3_off;
	__u32 l4_off;
	__u32 len; /* bytes of the transport header that are there */
};

static __always_inline int quoted_ports(struct __sk_buff *skb, struct quoted *q)
{
	struct icmphdr icmp;
	__be16 ports[2];

	switch (q->tuple.proto) {
	case IPPROTO_TCP:
	case IPPROTO_UDP:
	case IPPROTO_SCTP:
		if (bpf_skb_load_bytes(skb, q->l4_off, ports, sizeof(ports)))
			return -1;
		q->tuple.sport = ports[0];
		q->tuple.dport = ports[1];
		return 0;
	case IPPROTO_ICMP:
	case IPPROTO_ICMPV6:
		if (bpf_skb_load_bytes(skb, q->l4_off, &icmp, sizeof(icmp)))
			return -1;
		echo_ports(&q->tuple, icmp.type, icmp.un.echo.id);
		return 0;
	}
	return 0;
}

static __always_inline int quoted_ipv4(struct __sk_buff *skb, struct quoted *q)
{
	struct iphdr ip;

	if (bpf_skb_load_bytes(skb, q->l3_off, &ip, sizeof(ip)) ||
	    ip.version != 4 || ip.ihl < 5 || bpf_ntohs(ip.frag_off) & IP_OFFSET)
		return -1;
	addr_map(&q->tuple.saddr, ip.saddr);
	addr_map(&q->tuple.daddr, ip.daddr);
	q->tuple.proto = ip.protocol;
	q->l4_off = q->l3_off + ip.ihl * 4;
	return quoted_ports(skb, q);
}

static __always_inline int quoted_ipv6(struct __sk_buff *skb, struct quoted *q)
{
	struct fragment_header ext;
	struct ipv6hdr ip;
	__u8 next;

	if (bpf_skb_load_bytes(skb, q->l3_off, &ip, sizeof(ip)) ||
	    ip.version != 6)
		return -1;
	__builtin_memcpy(&q->tuple.saddr, &ip.saddr, 16);
	__builtin_memcpy(&q->tuple.daddr, &ip.daddr, 16);
	q->l4_off = q->l3_off + sizeof(ip);
	next = ip.nexthdr;
	/* Of the extension headers a first fragment's is the likely one. */
	if (next == NEXTHDR_FRAGMENT) {
		if (bpf_skb_load_bytes(skb, q->l4_off, &ext, sizeof(ext)) ||
		    bpf_ntohs(ext.offset) & ~7)
			return -1;
		next = ext.next;
		q->l4_off += sizeof(ext);
	}
	q->tuple.proto = next;
	return quoted_ports(skb, q);
}

static __always_inline int parse_quoted(struct __sk_buff *skb,
					const struct pkt *p, struct quoted *q)
{
	__u32 end = ETH_HLEN + p->ip_len;

	__builtin_memset(q, 0, sizeof(*q));
	q->l3_off = p->l4_off + sizeof(struct icmphdr);
	if (p->v6 ? quoted_ipv6(skb, q) : quoted_ipv4(skb, q))
		return -1;
	q->len = end > q->l4_off ? end - q->l4_off : 0;
	return 0;
}

/* Tell the ICMP checksum that bytes at an even offset have changed. */
static __always_inline int fix_icmp_checksum(struct __sk_buff *skb,
					     const struct pkt *p, __s64 diff)
{
	return bpf_l4_csum_replace(
		       skb, p->l4_off + offsetof(struct icmphdr, checksum), 0,
		       (__u32)diff, 0)
		       ? -FL_DROP_REWRITE
		       : 0;
}

/* Change `len` (2, 4 or 16) quoted bytes, and the ICMP checksum with them. */
static __always_inline int requote(struct __sk_buff *skb, const struct pkt *p,
				   __u32 off, const void *from, const void *to,
				   const __u32 len)
{
	__be32 a[4] = {}, b[4] = {};
	__s64 diff;

	__builtin_memcpy(a, from, len);
	__builtin_memcpy(b, to, len);
	diff = bpf_csum_diff(a, len == 2 ? 4 : len, b, len == 2 ? 4 : len, 0);
	if (diff < 0 || bpf_skb_store_bytes(skb, off, to, len, 0))
		return -FL_DROP_REWRITE;
	return fix_icmp_checksum(skb, p, diff);
}

/* The quoted transport checksum covers the quoted addresses and ports. Follow
 * it where it was quoted. `changed` is the sum of what changed. */
static __always_inline int requote_checksum(struct __sk_buff *skb,
					    const struct pkt *p,
					    const struct quoted *q,
					    __u32 changed)
{
	__u32 off = l4_csum_offset(q->tuple.proto);
	__be16 old, new;
	__u32 sum;

	if (!off || q->len < off + 2 ||
	    bpf_skb_load_bytes(skb, q->l4_off + off, &old, 2))
		return 0;
	if (q->tuple.proto == IPPROTO_UDP && !old)
		return 0;
	sum = (__u16)~old + changed;
	sum = (sum & 0xffff) + (sum >> 16);
	sum = (sum & 0xffff) + (sum >> 16);
	new = ~sum;
	if (q->tuple.proto == IPPROTO_UDP && !new)
		new = 0xffff;
	return requote(skb, p, q->l4_off + off, &old, &new, 2);
}

static __always_inline __u32 fold(__u32 sum)
{
	sum = (sum & 0xffff) + (sum >> 16);
	return (sum & 0xffff) + (sum >> 16);
}

/* One quoted address, with the quoted IPv4 header's own checksum. */
static __always_inline int
requote_addr(struct __sk_buff *skb, const struct pkt *p, const struct quoted *q,
	     bool destination, const struct fl_addr *from,
	     const struct fl_addr *to, __u32 *changed)
{
	__u32 off = q->l3_off + addr_offset(p->v6, destination);
	__u32 check_off = q->l3_off + offsetof(struct iphdr, check);
	__be16 old, new;
	__s64 diff;
	int err;

	if (p->v6) {
		diff = bpf_csum_diff((__be32 *)from, 16, (__be32 *)to, 16, 0);
		err = requote(skb, p, off, from, to, 16);
	} else {
		diff = bpf_csum_diff((__be32 *)&from->w[3], 4,
				     (__be32 *)&to->w[3], 4, 0);
		err = requote(skb, p, off, &from->w[3], &to->w[3], 4);
	}
	if (err || diff < 0)
		return -FL_DROP_REWRITE;
	diff = fold(diff);
	if (q->tuple.proto != IPPROTO_ICMP) /* it has no pseudo header */
		*changed = fold(*changed + diff);
	if (p->v6)
		return 0;
	if (bpf_skb_load_bytes(skb, check_off, &old, 2))
		return -FL_DROP_REWRITE;
	new = ~fold((__u16)~old + (__u32)diff);
	return requote(skb, p, check_off, &old, &new, 2);
}

static __always_inline int
requote_port(struct __sk_buff *skb, const struct pkt *p, const struct quoted *q,
	     bool destination, __be16 from, __be16 to, __u32 *changed)
{
	*changed = fold(*changed + (__u16)~from + to);
	return requote(skb, p,
		       q->l4_off + port_offset(q->tuple.proto, destination),
		       &from, &to, 2);
}

/* The quoted packet is the flow's, seen from the other side: its source is the
 * flow's destination. */
static __always_inline int rewrite_quoted(struct __sk_buff *skb,
					  const struct pkt *p,
					  const struct quoted *q,
					  const struct fl_tuple *to)
{
	const struct fl_tuple *t = &q->tuple;
	__u32 changed = 0;
	int err = 0;

	if (!addr_same(&t->saddr, &to->daddr))
		err = requote_addr(skb, p, q, false, &t->saddr, &to->daddr,
				   &changed);
	if (!err && !addr_same(&t->daddr, &to->saddr))
		err = requote_addr(skb, p, q, true, &t->daddr, &to->saddr,
				   &changed);
	if (!err && t->sport != to->dport)
		err = requote_port(skb, p, q, false, t->sport, to->dport,
				   &changed);
	if (!err && t->dport != to->sport)
		err = requote_port(skb, p, q, true, t->dport, to->sport,
				   &changed);
	if (!err && changed)
		err = requote_checksum(skb, p, q, changed);
	return err;
}

/* An error without a flow. The host's own go on as any packet does, and what
 * comes by an uplink may be about a connection of the host. */
static __always_inline int unrelated(struct __sk_buff *skb, __u32 hook)
{
	switch (hook) {
	case FL_HOOK_FROM_UPLINK:
	case FL_HOOK_TO_UPLINK:
		return pass(skb, hook, FL_PASS_NOT_OURS);
	case FL_HOOK_TO_POD:
	case FL_HOOK_TO_OVERLAY:
		return go_stage(skb, hook, STAGE_SLOW);
	}
	return drop(skb, hook, FL_DROP_ICMP_UNRELATED);
}

/* Is the flow still allowed? Errors do not renew a stale decision, but what
 * they quote has just passed here, and did. */
static __always_inline bool is_allowed(const struct fl_flow *f)
{
	const struct fl_config *cfg = config_get();
	const struct fl_flow *quoted;
	struct fl_tuple key;

	if (!cfg || f->epoch == cfg->epoch)
		return cfg;
	tuple_reverse(&f->to, &key);
	quoted = bpf_map_lookup_elem(&fl_flows, &key);
	return quoted && quoted->epoch == cfg->epoch;
}

/* An error must not go to a device that the pod has left. Other packets of a
 * stale entry do not look at this. */
static __always_inline int refresh_endpoint(struct fl_flow *f)
{
	const struct fl_config *cfg = config_get();
	const struct fl_endpoint *ep;
	struct fl_addr dst = f->to.daddr;

	if (f->action != FL_ACTION_LOCAL || !cfg || f->epoch == cfg->epoch)
		return 0;
	ep = bpf_map_lookup_elem(&fl_endpoints, &dst);
	if (!ep)
		return -FL_DROP_NO_ENDPOINT;
	f->out_ifindex = ep->ifindex;
	__builtin_memcpy(f->out_mac, ep->mac, 6);
	return 0;
}

/* The underlay says that a tunnel's path is narrower than we thought. Over IPv4
 * the outer packet is cut up on its way; over IPv6 the host stack takes note
 * and would drop from now on without a word. So let every flow look at the
 * path's MTU again: its own packets are then told (tunnel_mtu() in source.h).
 */
static __always_inline void learn_tunnel_mtu(const struct pkt *p,
					     const struct quoted *q)
{
	__u32 zero = 0;
	struct fl_config *cfg = bpf_map_lookup_elem(&fl_config, &zero);

	if (options.overlay && cfg && p->v6 &&
	    p->icmp_type == ICMPV6_PKT_TOOBIG &&
	    q->tuple.proto == IPPROTO_UDP &&
	    q->tuple.dport == options.overlay_port &&
	    within_limit(FL_LIMIT_PATH, FL_PATH_PER_SECOND))
		__sync_fetch_and_add(&cfg->epoch, FL_EPOCH_STEP);
}

/* verifier: each way through two parsers leaves other constants behind, and
 * what comes after would be walked again for each: 236,000 instructions on 6.1,
 * and 34,000 where they are forgotten here and before the rewriting. */
static __always_inline void forget_ways(struct __sk_buff *skb, struct pkt *p,
					struct quoted *q)
{
	q->tuple.proto = forget(skb, q->tuple.proto);
	q->tuple.sport = forget(skb, q->tuple.sport);
	q->tuple.dport = forget(skb, q->tuple.dport);
	q->l3_off = forget(skb, q->l3_off);
	q->l4_off = forget(skb, q->l4_off);
	q->len = forget(skb, q->len);
	p->l4_off = forget(skb, p->l4_off);
}

SEC("tc")
int icmp_error(struct __sk_buff *skb)
{
	__u32 hook = skb->cb[CB_HOOK];
	struct fl_tuple key, outer_to;
	struct quoted q;
	struct fl_flow *f;
	struct pkt p;
	int err;

	if (hook >= FL_HOOK_MAX)
		return TC_ACT_SHOT;
	if (parse(skb, &p) != PARSED_IP || !(p.flags & PKT_ICMP_ERROR))
		return drop(skb, hook, FL_DROP_MALFORMED);
	if (p.flags & (PKT_FRAG_FIRST | PKT_FRAG_LATER) ||
	    parse_quoted(skb, &p, &q))
		return unrelated(skb, hook);
	forget_ways(skb, &p, &q);
	if (hook == FL_HOOK_FROM_UPLINK)
		learn_tunnel_mtu(&p, &q);
	tuple_reverse(&q.tuple, &key);
	f = bpf_map_lookup_elem(&fl_flows, &key);
	if (!f)
		return unrelated(skb, hook);
	if (hook == FL_HOOK_FROM_POD) {
		if (f->in_ifindex != skb->ifindex ||
		    !addr_same(&p.key.saddr, &key.saddr))
			return drop(skb, hook, FL_DROP_SPOOFED_ADDR);
		if (!has_source_mac(skb, f->in_mac))
			return drop(skb, hook, FL_DROP_SPOOFED_MAC);
	}
	/* An error is for the sender of what it quotes, and comes the way that
	 * the flow's packets come. */
	if (f->in_ifindex != origin_of(skb, hook) ||
	    !addr_same(&p.key.daddr, &key.daddr) || !is_allowed(f))
		return unrelated(skb, hook);

	if (hook == FL_HOOK_FROM_OVERLAY && !comes_from_node(skb, &f->next))
		return drop(skb, hook, FL_DROP_WRONG_NODE);

	/* An error is never answered with an error. */
	if (is_ingress(hook) && f->action != FL_ACTION_HOST && p.ttl <= 1)
		return drop(skb, hook, FL_DROP_TTL);
	err = refresh_endpoint(f);
	if (err)
		return drop(skb, hook, -err);
	hook = forget(skb, hook); /* see forget_ways() */
	p.v6 = forget(skb, p.v6);
	if (f->flags & FL_FLOW_REWRITE) {
		err = rewrite_quoted(skb, &p, &q, &f->to);
		if (err)
			return drop(skb, hook, -err);
		/* Its source is the flow's only where the peer itself
		 * complains, not a router on the way. */
		outer_to = p.key;
		outer_to.daddr = f->to.daddr;
		if (addr_same(&p.key.saddr, &key.saddr))
			outer_to.saddr = f->to.saddr;
		p.flags &= ~PKT_ICMP_ERROR;
		err = rewrite_packet(skb, &p, &outer_to);
		if (err)
			return drop(skb, hook, -err);
		count(FL_COUNT_ICMP_TRANSLATED);
	}
	return flow_send(skb, hook, &p, f);
}
