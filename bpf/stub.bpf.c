/* SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0 */
/*
 * What is attached to devices. A stub only jumps into the program array, so an
 * upgrade of the whole node is one map update a hook, and the plugin needs
 * nothing but the pinned stub. An empty slot means that Fairlead is not loaded:
 * pods are cut off (fail closed), an uplink passes (the node stays reachable).
 */
#include <linux/bpf.h>
#include <linux/pkt_cls.h>
#include <bpf/bpf_helpers.h>

#include <fairlead/abi.h>

#include "metrics.h"

/* The running generation of hooks. The loader writes, the stubs jump. */
struct {
	__uint(type, BPF_MAP_TYPE_PROG_ARRAY);
	__uint(max_entries, FL_HOOK_MAX);
	__uint(key_size, sizeof(__u32));
	__uint(value_size, sizeof(__u32));
} fl_hooks SEC(".maps");

static __always_inline int jump(struct __sk_buff *skb, enum fl_hook hook)
{
	bpf_tail_call(skb, &fl_hooks, hook);
	count_packet(skb, hook, FL_DROP_NO_PROGRAM);
	return TC_ACT_SHOT;
}

static __always_inline int jump_or_pass(struct __sk_buff *skb,
					enum fl_hook hook)
{
	bpf_tail_call(skb, &fl_hooks, hook);
	count_packet(skb, hook, FL_PASS_NO_PROGRAM);
	return TC_ACT_UNSPEC;
}

SEC("tc")
int stub_from_pod(struct __sk_buff *skb)
{
	return jump(skb, FL_HOOK_FROM_POD);
}

SEC("tc")
int stub_to_pod(struct __sk_buff *skb)
{
	return jump(skb, FL_HOOK_TO_POD);
}

SEC("tc")
int stub_from_overlay(struct __sk_buff *skb)
{
	return jump(skb, FL_HOOK_FROM_OVERLAY);
}

SEC("tc")
int stub_to_overlay(struct __sk_buff *skb)
{
	return jump(skb, FL_HOOK_TO_OVERLAY);
}

SEC("tc")
int stub_from_uplink(struct __sk_buff *skb)
{
	return jump_or_pass(skb, FL_HOOK_FROM_UPLINK);
}

SEC("tc")
int stub_to_uplink(struct __sk_buff *skb)
{
	return jump_or_pass(skb, FL_HOOK_TO_UPLINK);
}

/* The kernel knows no name for our "GPL-2.0-only OR Apache-2.0". */
char LICENSE[] SEC("license") = "GPL";
