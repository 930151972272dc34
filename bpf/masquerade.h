/* SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0 */
/*
 * Leaving by an uplink as the node. A port is taken by inserting the reply
 * entry (peer -> node:port) with BPF_NOEXIST: whoever is first has it, for this
 * one peer, and the same port serves every other peer. The host's own
 * connections take theirs in the same way, so that neither side meets the
 * other's; sockets that have not sent yet are asked for.
 */
#pragma once

#include "context.h"
#include "route.h"
#include "slow.h"
#include "source.h"

/* Ports tried for one packet: with 80 % of the range taken, one in 1,300 finds
 * none and is dropped with a reason; its retry tries others. The verifier walks
 * each try, so they are not free. */
#define MASQ_TRIES 32

/* Does a connection of the host with this uplink begin here, or one of a pod
 * whose packets came through the host stack? */
static __always_inline bool starts_at_uplink(const struct __sk_buff *skb,
					     const struct pkt *p)
{
	const struct fl_config *cfg = config_get();
	__u16 port = bpf_ntohs(p->key.sport);

	if (skb->ingress_ifindex)
		return bpf_map_lookup_elem(&fl_endpoints, &p->key.saddr);
	if (!cfg || p->flags & PKT_FRAG_LATER || port < cfg->masq_port_min ||
	    port > cfg->masq_port_max)
		return false;
	switch (p->key.proto) {
	case IPPROTO_TCP: /* not the answers of servers */
		return (p->tcp_flags & (TCP_SYN | TCP_ACK)) == TCP_SYN;
	case IPPROTO_UDP:
	case IPPROTO_SCTP:
	case IPPROTO_ICMP:
	case IPPROTO_ICMPV6:
		return true;
	}
	return false;
}

/* Does a socket of the host want packets from this peer to node:port? */
static __always_inline bool socket_has(struct __sk_buff *skb,
				       const struct slow *s, __be16 port)
{
	const struct fl_tuple *to = &s->fwd.to;
	struct bpf_sock_tuple t = {};
	struct bpf_sock *sk;
	bool v6 = s->p.v6;

	if (v6) {
		__builtin_memcpy(t.ipv6.saddr, &to->daddr, 16);
		__builtin_memcpy(t.ipv6.daddr, &to->saddr, 16);
		t.ipv6.sport = to->dport;
		t.ipv6.dport = port;
	} else {
		t.ipv4.saddr = to->daddr.w[3];
		t.ipv4.daddr = to->saddr.w[3];
		t.ipv4.sport = to->dport;
		t.ipv4.dport = port;
	}
	if (to->proto == IPPROTO_TCP)
		sk = v6 ? bpf_skc_lookup_tcp(skb, &t, sizeof(t.ipv6),
					     BPF_F_CURRENT_NETNS, 0)
			: bpf_skc_lookup_tcp(skb, &t, sizeof(t.ipv4),
					     BPF_F_CURRENT_NETNS, 0);
	else if (to->proto == IPPROTO_UDP)
		sk = v6 ? bpf_sk_lookup_udp(skb, &t, sizeof(t.ipv6),
					    BPF_F_CURRENT_NETNS, 0)
			: bpf_sk_lookup_udp(skb, &t, sizeof(t.ipv4),
					    BPF_F_CURRENT_NETNS, 0);
	else
		return false;
	if (!sk)
		return false;
	bpf_sk_release(sk);
	return true;
}

/* The i-th port to try, host order; 0: none. The first is the sender's own. */
static __always_inline __u16 candidate(const struct fl_config *cfg, __be16 own,
				       __u32 start, int i)
{
	__u32 span = cfg->masq_port_max - cfg->masq_port_min + 1;
	__u32 port = bpf_ntohs(own);

	if (i)
		port = cfg->masq_port_min + (start + i * 127) % (__u16)span;
	if (port < cfg->masq_port_min || port > cfg->masq_port_max)
		return 0;
	if (port >= cfg->masq_skip_min && port <= cfg->masq_skip_max)
		return 0;
	return port;
}

/* Take a port: sets the source port of fwd.to and enters rev. */
static __always_inline int take_port(struct __sk_buff *skb, struct slow *s,
				     bool host)
{
	const struct fl_config *cfg = config_get();
	__be16 own = s->p.key.sport;
	__u32 start = bpf_get_prandom_u32();

	if (!cfg || cfg->masq_port_max < cfg->masq_port_min)
		return -FL_DROP_NO_MASQ_PORT;
	for (int i = 0; i < MASQ_TRIES; i++) {
		__u16 port = candidate(cfg, own, start, i);
		long err;

		/* The host's own port is its own, wherever it lies. */
		if (host && i == 0)
			port = bpf_ntohs(own);
		if (!port)
			continue;
		/* SCTP's checksum cannot be updated: its port stays. */
		if (i && s->p.key.proto == IPPROTO_SCTP)
			break;
		if (!(host && i == 0) && socket_has(skb, s, bpf_htons(port))) {
			count(FL_COUNT_MASQ_SOCKET);
			continue;
		}
		if (host && i) {
			s->fwd.flags |= FL_FLOW_REWRITE;
			s->rev.flags |= FL_FLOW_REWRITE;
		}
		s->fwd.to.sport = bpf_htons(port);
		s->rkey.dport = bpf_htons(port);
		err = bpf_map_update_elem(&fl_flows, &s->rkey, &s->rev,
					  BPF_NOEXIST);
		if (!err) {
			s->reserved = true;
			if (host && i)
				count(FL_COUNT_HOST_TRANSLATED);
			return 0;
		}
		if (err == -17) /* EEXIST */
			count(FL_COUNT_MASQ_COLLISIONS);
	}
	return -FL_DROP_NO_MASQ_PORT;
}

static __always_inline bool can_masquerade(const struct pkt *p)
{
	switch (p->key.proto) {
	case IPPROTO_TCP:
	case IPPROTO_UDP:
	case IPPROTO_SCTP:
		return true;
	case IPPROTO_ICMP:
		return p->icmp_type == ICMP_ECHO;
	case IPPROTO_ICMPV6:
		return p->icmp_type == ICMPV6_ECHO_REQUEST;
	}
	return false;
}

/* Must the destination not see the pod's address? */
static __always_inline bool wants_masquerade(const struct slow *s)
{
	struct fl_prefix prefix = {.prefix_len = 128, .addr = s->fwd.to.daddr};

	if (!(s->p.v6 ? options.masquerade_v6 : options.masquerade_v4))
		return false;
	return !route_of(&prefix.addr) &&
	       !bpf_map_lookup_elem(&fl_masquerade, &prefix);
}

/* A pod's packet. Returns 1 if it needs a port of the node. */
static __always_inline int masquerade_pod(struct slow *s,
					  const struct fl_addr *node)
{
	if (s->known && s->fwd.flags & FL_FLOW_MASQ) {
		if (addr_same(&s->fwd.to.saddr, node))
			return 0;
		/* The node has another address now: nothing comes back to
		 * the old one. */
		bpf_map_delete_elem(&fl_flows, &s->rkey);
		s->fwd.flags &= ~(FL_FLOW_MASQ | FL_FLOW_REWRITE);
		s->fwd.to = s->p.key;
	}
	if (!wants_masquerade(s))
		return 0;
	if (!s->trackable)
		return -FL_DROP_FRAG_UNKNOWN;
	if (!can_masquerade(&s->p))
		return -FL_DROP_MASQ_PROTO;
	if (addr_is_none(node))
		return -FL_DROP_NO_MASQ_ADDR;

	s->fwd.to.saddr = *node;
	tuple_reverse(&s->fwd.to, &s->rkey);
	s->fwd.flags |= FL_FLOW_MASQ | FL_FLOW_REWRITE;
	s->rev.flags = FL_FLOW_REPLY | FL_FLOW_MASQ | FL_FLOW_REWRITE;
	return 1;
}

/* Decide as whom the packet leaves. Returns 0, a negative drop reason, or
 * FL_PASS_NOT_OURS. */
static __always_inline int masquerade(struct __sk_buff *skb, struct slow *s)
{
	bool host = s->fwd.in_ifindex == FL_ORIGIN_HOST;
	__u32 ifindex = s->fwd.out_ifindex;
	const struct fl_uplink *uplink =
		bpf_map_lookup_elem(&fl_uplinks, &ifindex);
	const struct fl_addr *node;
	int ret;

	if (!uplink)
		return -FL_DROP_NOT_UPLINK;
	node = s->p.v6 ? &uplink->v6 : &uplink->v4;
	if (!host) {
		ret = masquerade_pod(s, node);
		if (ret <= 0)
			return ret;
	} else if (s->known) {
		return 0;
	} else if (!addr_same(&s->p.key.saddr, node)) {
		return FL_PASS_NOT_OURS; /* nobody masquerades as that */
	}
	ret = take_port(skb, s, host);
	/* A host that runs out of ports is as it would be without us. */
	return ret && host ? FL_PASS_NOT_OURS : ret;
}
