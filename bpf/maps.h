/* SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0 */
/* The maps, each with who writes and who reads it. Keys and values: abi.h. */
#pragma once

#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

#include <fairlead/abi.h>

/* What may change while we run. Agent and loader write, every hook reads. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__uint(map_flags, BPF_F_MMAPABLE);
	__type(key, __u32);
	__type(value, struct fl_config);
} fl_config SEC(".maps");

/* Pods of this node. The plugin and the agent write, the slow path reads. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 4096);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, struct fl_addr);
	__type(value, struct fl_endpoint);
} fl_endpoints SEC(".maps");

/* Nodes and their pod ranges. The agent writes, the slow path reads. */
struct {
	__uint(type, BPF_MAP_TYPE_LPM_TRIE);
	__uint(max_entries, 262144);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, struct fl_prefix);
	__type(value, struct fl_route);
} fl_routes SEC(".maps");

/* Destinations that are not masqueraded. As fl_routes. */
struct {
	__uint(type, BPF_MAP_TYPE_LPM_TRIE);
	__uint(max_entries, 65536);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, struct fl_prefix);
	__type(value, __u32);
} fl_masquerade SEC(".maps");

/* Devices that lead to the world. The agent writes, the slow path reads. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 64);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, __u32);
	__type(value, struct fl_uplink);
} fl_uplinks SEC(".maps");

/* Verdicts for new connections. As fl_routes. */
struct {
	__uint(type, BPF_MAP_TYPE_LPM_TRIE);
	__uint(max_entries, 131072);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, struct fl_policy_key);
	__type(value, struct fl_policy_entry);
} fl_policy SEC(".maps");

/* Connections. The slow path writes, the fast path reads and counts, the
 * reaper deletes. Sized by the loader. */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 65536);
	__type(key, struct fl_tuple);
	__type(value, struct fl_flow);
} fl_flows SEC(".maps");

/* Because of whom they are there. The slow path adds, the agent sets right. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 8192);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, struct fl_account_key);
	__type(value, struct fl_account);
} fl_accounts SEC(".maps");

/* Ports of datagrams in fragments. Every hook writes and reads. */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 4096);
	__type(key, struct fl_fragment_key);
	__type(value, struct fl_fragment);
} fl_fragments SEC(".maps");

/* Events per second, so far. */
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, FL_LIMIT_SLOTS);
	__type(key, __u32);
	__type(value, struct fl_limit);
} fl_limits SEC(".maps");

/* Beside the ends of packets. Hooks write, agent and ctl read. */
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, FL_COUNTER_SLOTS);
	__type(key, __u32);
	__type(value, __u64);
} fl_counters SEC(".maps");

/* Hooks write, `fairlead monitor` reads. */
struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 256 * 1024);
} fl_events SEC(".maps");

/* What policies have denied. The slow path and drops write, `fairlead drops`
 * reads, the agent deletes what has lost its meaning. */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 1024);
	__type(key, struct fl_denied_key);
	__type(value, struct fl_denied);
} fl_denied SEC(".maps");

/* The slow path writes for `fairlead trace`, which reads. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct fl_trace);
} fl_trace SEC(".maps");
