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
#include "flow_insert.h"
#include "route.h"
#include "slow.h"
#include "source.h"

/* Ports tried for one packet: with 90 % of the range taken, one in 850 finds
 * none and is dropped with a reason; its retry tries others. The verifier walks
 * each try, so they are not free. */
#define MASQ_TRIES 64

/* Beside 0, drop reasons (negative) and pass reasons. */
#define NEEDS_PORT FL_REASON_SLOTS

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

/* What a socket would be found by, except its port. */
static __always_inline void socket_prepare(struct slow *s)
{
	const struct fl_tuple *to = &s->fwd.to;
	struct bpf_sock_tuple *t = &s->socket.tuple;

	if (s->p.v6) {
		__builtin_memcpy(t->ipv6.saddr, &to->daddr, 16);
		__builtin_memcpy(t->ipv6.daddr, &to->saddr, 16);
		t->ipv6.sport = to->dport;
		s->socket.size = sizeof(t->ipv6);
	} else {
		t->ipv4.saddr = to->daddr.w[3];
		t->ipv4.daddr = to->saddr.w[3];
		t->ipv4.sport = to->dport;
		s->socket.size = sizeof(t->ipv4);
	}
}

/* Does a socket of the host want packets from this peer to node:port? */
static __always_inline bool socket_has(struct __sk_buff *skb, struct slow *s,
				       __be16 port)
{
	/* verifier: within the room, and not 0 (12 and 36 have this bit). */
	__u32 size = (s->socket.size & (sizeof(s->socket.room) - 1)) | 4;
	struct bpf_sock_tuple *t = &s->socket.tuple;
	struct bpf_sock *sk = NULL;

	if (s->p.v6)
		t->ipv6.dport = port;
	else
		t->ipv4.dport = port;
	if (s->p.key.proto == IPPROTO_TCP)
		sk = bpf_skc_lookup_tcp(skb, t, size, BPF_F_CURRENT_NETNS, 0);
	else if (s->p.key.proto == IPPROTO_UDP)
		sk = bpf_sk_lookup_udp(skb, t, size, BPF_F_CURRENT_NETNS, 0);
	if (!sk)
		return false;
	bpf_sk_release(sk);
	return true;
}

/* May the port, in host order, be given to anybody? */
static __always_inline bool is_usable(const struct fl_config *cfg, __u32 port)
{
	return port >= cfg->masq_port_min && port <= cfg->masq_port_max &&
	       (port < cfg->masq_skip_min || port > cfg->masq_skip_max);
}

/* Try to be the first who uses `port` (host order) towards this peer. Returns
 * 1, 0 if it is taken, or a negative drop reason where trying on is no use. */
static __always_inline int try_port(struct slow *s, __u16 port)
{
	int err;

	s->fwd.to.sport = bpf_htons(port);
	s->rkey.dport = bpf_htons(port);
	err = flow_insert(&s->rkey, &s->rev, BPF_NOEXIST);
	s->reserved = !err;
	if (!err)
		return 1;
	if (err != -EEXIST)
		return -FL_DROP_NO_MAPPING;
	count(FL_COUNT_MASQ_COLLISIONS);
	return 0;
}

/* The same for a pod, which must not take what a socket of the host has. */
static __always_inline int try_free_port(struct __sk_buff *skb, struct slow *s,
					 __u16 port)
{
	if (!socket_has(skb, s, bpf_htons(port)))
		return try_port(s, port);
	count(FL_COUNT_MASQ_SOCKET);
	return 0;
}

/* Another port of the range, if it is usable and nobody has it. Any at random:
 * what is taken lies in blocks, a pod's ports in sequence or the services'
 * hole, and whatever goes in steps may go through one block alone.
 *
 * verifier: a function of its own, so that the loop around it has one way back.
 * With several the compiler puts the increment before the loop's head, which
 * 6.1 refuses as a "back-edge". */
static __noinline int try_next_port(struct __sk_buff *skb, struct slow *s)
{
	const struct fl_config *cfg = config_get();
	__u16 span, port;

	if (!cfg)
		return 0;
	span = cfg->masq_port_max - cfg->masq_port_min + 1;
	/* A small range is gone through, of a large one any will do. */
	s->port = span > MASQ_TRIES ? bpf_get_prandom_u32() : s->port + 1;
	port = cfg->masq_port_min + (span ? s->port % span : s->port);
	if (!is_usable(cfg, port))
		return 0;
	return try_free_port(skb, s, port);
}

/* Take a port: sets the source port of fwd.to and enters rev. The sender's own
 * is tried first, then others from a random place on. */
static __always_inline int take_port(struct __sk_buff *skb, struct slow *s,
				     bool host)
{
	const struct fl_config *cfg = config_get();
	__u16 own = bpf_ntohs(s->p.key.sport);
	int ret;

	if (!cfg || cfg->masq_port_max < cfg->masq_port_min)
		return -FL_DROP_NO_MASQ_PORT;
	socket_prepare(s);

	/* The host's own port is its own, wherever it lies. */
	ret = 0;
	if (host)
		ret = try_port(s, own);
	else if (is_usable(cfg, own))
		ret = try_free_port(skb, s, own);
	if (ret)
		return ret > 0 ? 0 : ret;
	if (s->p.key.proto == IPPROTO_SCTP) /* its checksum pins the port */
		return -FL_DROP_NO_MASQ_PORT;
	if (host) {
		s->fwd.flags |= FL_FLOW_REWRITE;
		s->rev.flags |= FL_FLOW_REWRITE;
		count(FL_COUNT_HOST_TRANSLATED);
	}
	s->port = bpf_get_prandom_u32();
	for (int i = 0; i < MASQ_TRIES && !ret; i++)
		ret = try_next_port(skb, s);
	if (ret)
		return ret > 0 ? 0 : ret;
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
	const struct fl_route *r = route_of(&prefix.addr);

	if (!(s->p.v6 ? options.masquerade_v6 : options.masquerade_v4))
		return false;
	if (r && r->flags) /* pods and nodes see the pod */
		return false;
	return !bpf_map_lookup_elem(&fl_masquerade, &prefix);
}

/* A pod's packet. */
static __always_inline int masquerade_pod(const struct __sk_buff *skb,
					  struct slow *s,
					  const struct fl_addr *node)
{
	if (s->known && s->fwd.flags & FL_FLOW_MASQ) {
		if (addr_same(&s->fwd.to.saddr, node))
			return 0;
		/* The node has another address now: nothing comes back to
		 * the old one. */
		if (skb->mark != FL_MARK_TRACE)
			bpf_map_delete_elem(&fl_flows, &s->rkey);
		s->fwd.flags &= ~(FL_FLOW_MASQ | FL_FLOW_REWRITE);
		s->fwd.to = s->p.key;
	}
	if (!wants_masquerade(s))
		return 0;
	if (!s->trackable)
		return -FL_DROP_FRAG_UNKNOWN;
	/* As the node's it would pass for one: nodes have more addresses than
	 * we know, and the overlay's port is open on all of them. */
	if (is_tunnel(&s->p))
		return -FL_DROP_OVERLAY_PORT;
	if (!can_masquerade(&s->p))
		return -FL_DROP_MASQ_PROTO;
	if (addr_is_none(node))
		return -FL_DROP_NO_MASQ_ADDR;

	s->fwd.to.saddr = *node;
	tuple_reverse(&s->fwd.to, &s->rkey);
	s->fwd.flags |= FL_FLOW_MASQ | FL_FLOW_REWRITE;
	s->rev.flags = FL_FLOW_REPLY | FL_FLOW_MASQ | FL_FLOW_REWRITE;
	return NEEDS_PORT;
}

/* Decide as whom the packet leaves. Returns 0, NEEDS_PORT, a negative drop
 * reason, or FL_PASS_NOT_OURS. */
static __always_inline int masquerade(const struct __sk_buff *skb,
				      struct slow *s)
{
	__u32 ifindex = s->fwd.out_ifindex;
	const struct fl_uplink *uplink =
		bpf_map_lookup_elem(&fl_uplinks, &ifindex);
	const struct fl_addr *node;

	if (!uplink)
		return -FL_DROP_NOT_UPLINK;
	node = s->p.v6 ? &uplink->v6 : &uplink->v4;
	if (s->fwd.in_ifindex != FL_ORIGIN_HOST)
		return masquerade_pod(skb, s, node);
	if (s->known)
		return 0;
	if (!addr_same(&s->p.key.saddr, node))
		return FL_PASS_NOT_OURS; /* nobody masquerades as that */
	return NEEDS_PORT;
}
