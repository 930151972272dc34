/* SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0 */
/*
 * What all stages share: options, config, clock, counters, the tail calls
 * from hooks to stages and what they hand over in skb->cb.
 */
#pragma once

#include <linux/pkt_cls.h>

#include "maps.h"
#include "metrics.h"
#include "parse.h"

#define FAMILY_IPV4 2  /* AF_INET */
#define FAMILY_IPV6 10 /* AF_INET6 */

/* Set by the loader before load; the verifier prunes what is off. */
const volatile struct fl_options options;

/* Where a hook goes on with what is not the fast path. */
enum stage {
	STAGE_SLOW,	  /* no decision yet, or a stale one */
	STAGE_PORT,	  /* decided, but for the port to masquerade with */
	STAGE_CONCLUDE,	  /* all is decided: enter the flow, forward */
	STAGE_ICMP_ERROR, /* an ICMP error, to go where its flow goes */
	STAGE_NEIGHBOUR,  /* ARP and neighbour discovery of a pod */
	STAGE_ICMP_SEND,  /* answer with an ICMP error */
	STAGE_DROP,	  /* count and tell */
	STAGE_MAX,
};

/* Words of skb->cb that a hook or stage leaves for the next stage. */
enum cb_word {
	CB_HOOK,   /* enum fl_hook */
	CB_REASON, /* ICMP_SEND and DROP: enum fl_reason */
	CB_MTU,	   /* ICMP_SEND because of FL_DROP_TOO_BIG */
	CB_PEER,   /* DROP: ifindex of the endpoint, where it is known */
};

int slow_path(struct __sk_buff *skb);
int find_port(struct __sk_buff *skb);
int conclude(struct __sk_buff *skb);
int icmp_error(struct __sk_buff *skb);
int neighbour(struct __sk_buff *skb);
int icmp_send(struct __sk_buff *skb);
int drop_packet(struct __sk_buff *skb);

/* One a generation of programs: no call crosses from an old program to a new
 * one. Filled when loaded, never changed. */
struct {
	__uint(type, BPF_MAP_TYPE_PROG_ARRAY);
	__uint(max_entries, STAGE_MAX);
	__uint(key_size, sizeof(__u32));
	__array(values, int(void *));
} fl_stages SEC(".maps") = {
	.values =
		{
			[STAGE_SLOW] = (void *)&slow_path,
			[STAGE_PORT] = (void *)&find_port,
			[STAGE_CONCLUDE] = (void *)&conclude,
			[STAGE_ICMP_ERROR] = (void *)&icmp_error,
			[STAGE_NEIGHBOUR] = (void *)&neighbour,
			[STAGE_ICMP_SEND] = (void *)&icmp_send,
			[STAGE_DROP] = (void *)&drop_packet,
		},
};

static __always_inline int go_stage(struct __sk_buff *skb, __u32 hook,
				    enum stage stage)
{
	skb->cb[CB_HOOK] = hook;
	bpf_tail_call(skb, &fl_stages, stage);
	count_packet(skb, hook, FL_DROP_NO_STAGE);
	return TC_ACT_SHOT;
}

static __always_inline int drop(struct __sk_buff *skb, __u32 hook, __u32 reason)
{
	skb->cb[CB_REASON] = reason;
	return go_stage(skb, hook, STAGE_DROP);
}

static __always_inline int pass(struct __sk_buff *skb, __u32 hook, __u32 reason)
{
	count_packet(skb, hook, reason);
	return TC_ACT_UNSPEC;
}

static __always_inline const struct fl_config *config_get(void)
{
	__u32 zero = 0;

	return bpf_map_lookup_elem(&fl_config, &zero);
}

/* CLOCK_MONOTONIC; the coarse one costs a load, not a device's register. */
static __always_inline __u64 now_ns(void)
{
	if (options.coarse_clock)
		return bpf_ktime_get_coarse_ns();
	return bpf_ktime_get_ns();
}

static __always_inline void count(__u32 counter)
{
	__u64 *n = bpf_map_lookup_elem(&fl_counters, &counter);

	if (n)
		(*n)++;
}

/* verifier: a context is written at a constant offset from its own register,
 * which the compiler forgets when it merges two such writes into one. */
static __always_inline void set_mark(struct __sk_buff *skb, __u32 mark)
{
	asm volatile("*(u32 *)(%0 + %1) = %2"
		     :
		     : "r"(skb), "i"(offsetof(struct __sk_buff, mark)),
		       "r"(mark)
		     : "memory");
}

/* Is there room in this second's budget of the slot? */
static __always_inline bool within_limit(__u32 slot, __u32 per_second)
{
	struct fl_limit *l = bpf_map_lookup_elem(&fl_limits, &slot);
	__u64 second = bpf_ktime_get_ns() >> 30;

	if (!l)
		return false;
	if (l->second != second) {
		l->second = second;
		l->count = 0;
	}
	return l->count++ < per_second;
}

static __always_inline bool is_ingress(__u32 hook)
{
	return hook == FL_HOOK_FROM_POD || hook == FL_HOOK_FROM_OVERLAY ||
	       hook == FL_HOOK_FROM_UPLINK;
}

/* Where the packet came from, in the terms of fl_flow.in_ifindex. Only the
 * host's own sockets send what has passed no device on its way in. */
static __always_inline __u32 origin_of(const struct __sk_buff *skb, __u32 hook)
{
	if (hook == FL_HOOK_FROM_POD || hook == FL_HOOK_FROM_OVERLAY)
		return skb->ifindex;
	if (hook == FL_HOOK_FROM_UPLINK)
		return FL_ORIGIN_UPLINK;
	return skb->ingress_ifindex ?: FL_ORIGIN_HOST;
}

/* Is this one of our own tunnel's outer packets? */
static __always_inline bool is_tunnel(const struct pkt *p)
{
	return options.overlay && p->key.proto == IPPROTO_UDP &&
	       p->key.dport == options.overlay_port;
}
