/* SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0 */
/* The state of the slow path, too large for the stack. One a CPU is enough:
 * tc programs run with bottom halves off and none calls another. */
#pragma once

#include "context.h"

/* A local pod at one end of the flow, as far as policy must know it. */
struct policed {
	__u32 ifindex; /* 0: this end is no local pod */
	__u32 policy_id;
	__u32 flags; /* enum fl_endpoint_flags */
};

/* Which policy decided, for the event that tells of it. */
struct told {
	__u32 ifindex; /* of the pod whose policy it is; 0: none decided */
	__u32 rule;
	__u32 src_identity;
	__u32 dst_identity;
	__u8 direction; /* enum fl_direction */
	__u8 verdict;	/* enum fl_verdict */
	__u8 denied;	/* 1 << direction, of all that said no */
};

struct slow {
	struct pkt p;
	struct fl_flow fwd;   /* of this packet's direction */
	struct fl_flow rev;   /* of the other one */
	struct fl_tuple rkey; /* key of rev */
	struct bpf_fib_lookup fib;
	struct {
		union {
			struct bpf_sock_tuple tuple;
			__u8 room[64]; /* verifier: any masked size fits */
		};
		__u32 size;
	} socket;   /* that a masquerade port is looked up by */
	__u32 port; /* the last one tried, not yet cut to the range */
	__u32 view; /* the one that this decision is made by */
	struct policed src, dst; /* of this packet */
	struct told told;	 /* what the drop or the verdict says */
	__u32 hook;
	bool known;	 /* there was an entry */
	bool trackable;	 /* ports are known */
	bool reserved;	 /* rkey was inserted while looking for a port */
	bool lazy_reply; /* rev is for its first packet to decide */
};

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct slow);
} fl_slow SEC(".maps");
