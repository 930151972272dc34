/* SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0 */
/* Every packet's end is counted, by hook and reason. Stubs and hooks write. */
#pragma once

#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

#include <fairlead/abi.h>

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, FL_HOOK_MAX *FL_REASON_SLOTS);
	__type(key, __u32);
	__type(value, struct fl_metric);
} fl_metrics SEC(".maps");

static __always_inline void count_packet(const struct __sk_buff *skb,
					 __u32 hook, __u32 reason)
{
	__u32 slot = hook * FL_REASON_SLOTS + reason;
	struct fl_metric *m = bpf_map_lookup_elem(&fl_metrics, &slot);

	if (m) {
		m->packets++;
		m->bytes += skb->len;
	}
}
