/* SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0 */
/*
 * What the BPF programs and user space share: map names, keys and values,
 * hooks, reasons, events. Everything here is ABI: a change of a layout or of
 * a number raises FL_ABI_VERSION, which is part of the pin path, so that an
 * old agent and a new program never read each other's maps.
 *
 * Byte order: addresses and ports are in network order (__be*), all other
 * numbers in host order.
 */
#pragma once

/* Tables of names: what stands in a line is aligned by hand. */
/* clang-format off */

#include <linux/types.h>

#define FL_ABI_VERSION 2
#define FL_ABI_DIR "v2" /* <bpf-root>/v2/... */

/* ---- addresses and tuples ------------------------------------------- */

/* An IPv6 address, or an IPv4 one mapped into it (::ffff:a.b.c.d). The family
 * is looked at only while parsing and rewriting. */
struct fl_addr {
	__be32 w[4];
};

/* Key of the LPM tries. prefix_len counts from the first of the 128 bits:
 * an IPv4 /n is 96 + n. */
struct fl_prefix {
	__u32 prefix_len;
	struct fl_addr addr;
};

/* One direction of a flow, as it looks before Fairlead rewrites it.
 *
 * sport and dport: TCP, UDP and SCTP ports. An ICMP echo request has its
 * identifier in sport and 0 in dport, the reply the other way round, so that
 * a reply is its request reversed. Anything else has 0 in both. */
struct fl_tuple {
	struct fl_addr saddr;
	struct fl_addr daddr;
	__be16 sport;
	__be16 dport;
	__u8 proto; /* IPPROTO_* */
	__u8 pad[3];
};
_Static_assert(sizeof(struct fl_tuple) == 40, "struct fl_tuple is ABI");

/* ---- fixed addresses ------------------------------------------------ */

/* What every pod has as its gateway, and the MAC of every host-side veth. */
#define FL_GATEWAY_IPV4 "169.254.1.1"
#define FL_GATEWAY_IPV6 "fe80::1"
#define FL_GATEWAY_MAC { 0x02, 0x66, 0x6c, 0x00, 0x00, 0x01 }
/* The MAC of every overlay device. Frames between nodes carry it as their
 * destination and FL_OVERLAY_SRC_MAC as their source (a VXLAN device drops
 * frames that come from its own MAC as loops). */
#define FL_OVERLAY_MAC { 0x02, 0x66, 0x6c, 0x00, 0x00, 0x02 }
#define FL_OVERLAY_SRC_MAC { 0x02, 0x66, 0x6c, 0x00, 0x00, 0x03 }

/* skb->mark between two of our own hooks: "this packet was decided on, let it
 * through". Cleared before it leaves the node. */
#define FL_MARK_DECIDED 0x0fa1c0de

/* On a packet that `fairlead trace` runs through the slow path by
 * BPF_PROG_TEST_RUN: tell what would be done (fl_trace), and do nothing. */
#define FL_MARK_TRACE 0x0fa1ace0

/* ---- hooks ---------------------------------------------------------- */

/* Slots of the program array that the stubs tail-call into. */
enum fl_hook {
	FL_HOOK_FROM_POD,	/* tc ingress of a host-side veth */
	FL_HOOK_TO_POD,		/* tc egress of a host-side veth */
	FL_HOOK_FROM_OVERLAY,	/* tc ingress of the overlay device */
	FL_HOOK_TO_OVERLAY,	/* tc egress of the overlay device */
	FL_HOOK_FROM_UPLINK,	/* tc ingress of an uplink */
	FL_HOOK_TO_UPLINK,	/* tc egress of an uplink */
	FL_HOOK_MAX,
};

#define FL_HOOK_NAMES                                                          \
	{ "from_pod", "to_pod", "from_overlay", "to_overlay", "from_uplink",   \
	  "to_uplink" }

/* ---- reasons -------------------------------------------------------- */

/* How a hook ended with a packet: X(enum suffix, name, sentence). The first
 * few let it go on, the others (from FL_DROP_FIRST) drop it. The name is what
 * metrics and scripts use, the sentence is what people read. New reasons are
 * added at the end. */
#define FL_PASS_REASONS(X)                                                     \
	X(PASS_LOCAL, "local", "delivered to a local pod")                     \
	X(PASS_OVERLAY, "overlay", "sent to another node")                     \
	X(PASS_UPLINK, "uplink", "sent out by an uplink")                      \
	X(PASS_HOST, "host", "given to the host stack")                        \
	X(PASS_NOT_OURS, "not_ours", "not ours, left to the host stack")       \
	X(PASS_REPLIED, "replied", "answered by the datapath")                 \
	X(PASS_NO_PROGRAM, "no_program",                                       \
	  "program array slot is empty, passed to keep the node reachable")

#define FL_DROP_REASONS(X)                                                     \
	X(DROP_NO_PROGRAM, "no_program_drop",                                  \
	  "program array slot is empty (is Fairlead loaded?)")                 \
	X(DROP_NO_STAGE, "no_stage", "tail call missed (broken load)")         \
	X(DROP_MALFORMED, "malformed", "malformed packet")                     \
	X(DROP_ETHERTYPE, "ethertype", "neither IPv4, IPv6 nor ARP")           \
	X(DROP_VLAN, "vlan", "VLAN tag from a pod")                            \
	X(DROP_EXT_HEADERS, "ext_headers", "too many IPv6 extension headers")  \
	X(DROP_SPOOFED_ADDR, "spoofed_address", "spoofed source address")      \
	X(DROP_SPOOFED_MAC, "spoofed_mac", "spoofed source MAC")               \
	X(DROP_ARP, "arp", "ARP for something other than the gateway")         \
	X(DROP_ND, "nd", "neighbour discovery beyond asking for the gateway")  \
	X(DROP_LINK_LOCAL, "link_local", "link-local traffic is not routed")   \
	X(DROP_MULTICAST, "multicast", "multicast and broadcast are not routed") \
	X(DROP_MARTIAN, "martian", "address that must not appear on a wire")   \
	X(DROP_UNKNOWN_NODE, "unknown_node",                                   \
	  "overlay packet from an address that is no node's")                  \
	X(DROP_WRONG_NODE, "wrong_node",                                       \
	  "overlay packet whose source does not live on the sending node")     \
	X(DROP_NOT_BY_OVERLAY, "not_by_overlay",                               \
	  "cluster address as source, but it came in by an uplink")            \
	X(DROP_OVERLAY_PORT, "overlay_port",                                   \
	  "a pod may not talk to a node's overlay port, nor as its node")      \
	X(DROP_NO_ENDPOINT, "no_endpoint", "no such pod on this node")         \
	X(DROP_NO_ROUTE, "no_route", "no route to the destination")            \
	X(DROP_NOT_UPLINK, "not_uplink",                                       \
	  "route leaves by a device that is not an uplink")                    \
	X(DROP_FORWARDING_OFF, "forwarding_off",                               \
	  "forwarding sysctl is off on the pod's device")                      \
	X(DROP_NO_MASQ_ADDR, "no_masquerade_address",                          \
	  "uplink has no address to masquerade as")                            \
	X(DROP_NO_MASQ_PORT, "no_masquerade_port",                             \
	  "no free port to masquerade with")                                   \
	X(DROP_MASQ_PROTO, "masquerade_protocol",                              \
	  "protocol that cannot be masqueraded")                               \
	X(DROP_NO_MAPPING, "no_mapping",                                       \
	  "needs a translation that could not be recorded")                    \
	X(DROP_FRAG_UNKNOWN, "fragment_unknown",                               \
	  "fragment came before its first one and needs translation")          \
	X(DROP_ICMP_UNRELATED, "icmp_unrelated",                               \
	  "ICMP error about a flow that does not exist")                       \
	X(DROP_TTL, "ttl", "time to live exceeded")                            \
	X(DROP_TOO_BIG, "too_big", "too big for the path, ICMP not possible")  \
	X(DROP_REWRITE, "rewrite", "packet could not be rewritten")            \
	X(DROP_ENCAP, "encapsulate", "tunnel key could not be set")            \
	X(DROP_POLICY, "policy", "denied by policy")                           \
	X(DROP_UNKNOWN_PEER, "unknown_peer",                                   \
	  "policy applies, and the peer is a pod not known here yet")          \
	X(DROP_PENDING, "pending",                                             \
	  "the agent has not seen the pod yet, and policies exist")            \
	X(DROP_FLOW_SHARE, "flow_share",                                       \
	  "sender has its share of the flow table, and needs a translation")   \
	X(DROP_SOURCE_ROUTE, "source_route", "packet that chooses its own way")

enum fl_reason {
#define X(id, name, text) FL_##id,
	FL_PASS_REASONS(X)
	FL_DROP_REASONS(X)
#undef X
	FL_REASON_MAX,
	FL_DROP_FIRST = FL_DROP_NO_PROGRAM,
};
/* The metrics array is sized for reasons that are yet to come. */
#define FL_REASON_SLOTS 64
_Static_assert(FL_REASON_MAX <= FL_REASON_SLOTS, "raise FL_REASON_SLOTS");

/* ---- maps ----------------------------------------------------------- */

/* Map, pin and kernel name are the same: <bpf-root>/v2/maps/<name>. */
#define FL_MAP_HOOKS "fl_hooks"
#define FL_MAP_CONFIG "fl_config"
#define FL_MAP_ENDPOINTS "fl_endpoints"
#define FL_MAP_ROUTES "fl_routes"
#define FL_MAP_MASQUERADE "fl_masquerade"
#define FL_MAP_UPLINKS "fl_uplinks"
#define FL_MAP_POLICY "fl_policy"
#define FL_MAP_FLOWS "fl_flows"
#define FL_MAP_FRAGMENTS "fl_fragments"
#define FL_MAP_METRICS "fl_metrics"
#define FL_MAP_COUNTERS "fl_counters"
#define FL_MAP_LIMITS "fl_limits"
#define FL_MAP_EVENTS "fl_events"
#define FL_MAP_TRACE "fl_trace"
#define FL_MAP_DENIED "fl_denied"
#define FL_MAP_ACCOUNTS "fl_accounts"

/* What policy reads is there twice: two views, of which one holds. All that a
 * change of policies needs is written into the other view; then one addition
 * to the epoch, whose lowest bit is the number of the view that holds, makes it
 * the one. A decision reads the epoch once and stays with that view. */
#define FL_VIEWS 2
#define FL_EPOCH_VIEW 1 /* mask; added, the other view comes to hold */
#define FL_EPOCH_STEP 2 /* added, the view stays */

/* fl_config: array of one. What may change while the programs run. User space
 * maps it into memory: the epoch is changed by atomic addition alone, as the
 * datapath raises it too. */
struct fl_config {
	__u32 epoch;		/* changes whenever a cached decision may be wrong */
	__u32 overlay_ifindex;	/* 0 in native mode */
	__u32 host_ifindex;	/* the device that holds host_v4 and host_v6 */
	__u32 overlay_mtu;	/* of the inner packet, bytes */
	struct fl_addr host_v4; /* the node's own address in the pod range, or 0 */
	struct fl_addr host_v6;
	__u16 masq_port_min;	/* host order, both inclusive */
	__u16 masq_port_max;
	__u16 masq_skip_min;	/* hole in it: service node ports; 0: none */
	__u16 masq_skip_max;
	__u32 events_per_second; /* per reason and CPU, 0 turns events off */
	__u16 flags[FL_VIEWS];	 /* enum fl_config_flags */
};
_Static_assert(sizeof(struct fl_config) == 64, "struct fl_config is ABI");

enum fl_config_flags {
	FL_CONFIG_PENDING_DENY = 1 << 0, /* pending pods hear their host only */
	FL_CONFIG_AUDIT = 1 << 1,	 /* policy reports, and lets pass */
};

/* fl_endpoints: hash, struct fl_addr -> a pod of this node. Written by the
 * plugin (ADD, DEL), healed by the agent. An endpoint's number, wherever one
 * is shown, is the ifindex of its host-side device. */
struct fl_endpoint_view {
	__u32 identity;
	__u32 policy_id;
	__u32 flags; /* enum fl_endpoint_flags */
};

struct fl_endpoint {
	__u32 ifindex; /* host-side device */
	__u32 mtu;     /* of the pod's device */
	__u8 mac[6];   /* of the pod's device */
	__u8 pad[2];
	struct fl_endpoint_view view[FL_VIEWS];
};
_Static_assert(sizeof(struct fl_endpoint) == 40, "struct fl_endpoint is ABI");

enum fl_endpoint_flags {
	FL_ENDPOINT_PENDING = 1 << 0, /* the agent has not seen it yet */
	FL_ENDPOINT_INGRESS = 1 << 1, /* a policy governs what reaches it */
	FL_ENDPOINT_EGRESS = 1 << 2,  /* a policy governs what it reaches */
	FL_ENDPOINT_AUDIT = 1 << 3,   /* its verdicts are told, not enforced */
};

/* fl_routes: LPM trie, struct fl_prefix -> who lives there. Written by the
 * agent. An address in no prefix is the world. */
struct fl_route {
	struct fl_addr node; /* tunnel address of the node, or 0 */
	__u32 node_id;	     /* local number of the node, 1.. ; 0: none */
	__u32 flags;	     /* enum fl_route_flags */
	__u32 identity[FL_VIEWS];
};
_Static_assert(sizeof(struct fl_route) == 32, "struct fl_route is ABI");

enum fl_route_flags {
	FL_ROUTE_POD_CIDR = 1 << 0, /* pods of a node */
	FL_ROUTE_NODE = 1 << 1,	    /* a node's own address */
	FL_ROUTE_LOCAL = 1 << 2,    /* of this node: with POD_CIDR or NODE */
};

/* Identities that exist without any policy. Those of policies follow. */
enum fl_identity {
	FL_IDENTITY_UNKNOWN,
	FL_IDENTITY_HOST,
	FL_IDENTITY_REMOTE_NODE,
	FL_IDENTITY_WORLD,
	FL_IDENTITY_POD,
	FL_IDENTITY_FIRST_FREE = 16,
	FL_IDENTITY_ANY = 0x7fffffff, /* in fl_policy: whoever else it is */
};

/* fl_policy: LPM trie, struct fl_policy_key -> verdict. Written by the agent;
 * read when a connection begins, for its sender's egress and its receiver's
 * ingress: first with the peer's identity, then, where that finds nothing, with
 * FL_IDENTITY_ANY. Where neither finds anything, it is denied: a direction that
 * some policy governs is closed to what no rule allows. The agent has resolved
 * all precedence: the longest match is the answer. */
struct fl_policy_key {
	__u32 prefix_len; /* bits of what follows, see below */
	__u32 policy_id;
	__u32 identity; /* of the peer */
	__u8 direction; /* enum fl_direction */
	__u8 proto;	/* IPPROTO_* */
	__be16 port;	/* of the receiver; 0 for protocols without ports */
};
_Static_assert(sizeof(struct fl_policy_key) == 16, "policy key is ABI");
#define FL_POLICY_BITS_ANY 72	/* any protocol */
#define FL_POLICY_BITS_PROTO 80 /* any port; + 1..16 for a range of ports */

/* An entry that belongs to one view has in the other what the longest prefix
 * around it says there, or FL_UNSAID: as if it were not found. */
struct fl_policy_entry {
	__u32 rule[FL_VIEWS];	/* what `fairlead policy` calls it, 0: none */
	__u8 verdict[FL_VIEWS]; /* enum fl_verdict */
	__u8 pad[2];
};
_Static_assert(sizeof(struct fl_policy_entry) == 12, "policy entry is ABI");

enum fl_direction { FL_INGRESS, FL_EGRESS };
enum fl_verdict { FL_DENY, FL_ALLOW, FL_UNSAID };

/* fl_masquerade: LPM trie, struct fl_prefix -> __u32 (1): destinations that
 * see the pod's own address. Written by the agent. */

/* fl_uplinks: hash, ifindex -> what a packet that leaves there looks like.
 * Written by the agent. */
struct fl_uplink {
	struct fl_addr v4; /* address to masquerade as, or 0 */
	struct fl_addr v6;
	__u32 mtu;
	__u32 pad;
};
_Static_assert(sizeof(struct fl_uplink) == 40, "struct fl_uplink is ABI");

/* fl_flows: LRU hash, struct fl_tuple -> what to do with packets of that
 * direction. Written by the slow path; deleted by the reaper program.
 *
 * The two directions of a connection are two entries: the other one's key is
 * `to` with source and destination exchanged. */
struct fl_flow {
	struct fl_tuple to;  /* the tuple after rewriting */
	struct fl_addr next; /* overlay: node; uplink: next hop; of what comes
			      * by the overlay: the node that it comes from */
	__u64 created_ns;    /* clock of last_seen_ns */
	__u64 last_seen_ns;  /* CLOCK_MONOTONIC, a tick's resolution */
	__u64 packets;
	__u64 bytes;	     /* from the IP header on */
	__u32 epoch;	     /* decided in; differs from the config's: stale */
	__u32 in_ifindex;    /* device they must come from, or enum fl_origin */
	__u32 out_ifindex;
	__u32 mtu;	     /* largest IP packet that fits, 0: not checked */
	__u32 src_identity;
	__u32 dst_identity;
	__u32 rule;	     /* that let the sender speak, 0: none needed */
	__u8 action;	     /* enum fl_action */
	__u8 flags;	     /* enum fl_flow_flags */
	__u8 tcp_seen;	     /* enum fl_tcp_seen */
	__u8 hook;	     /* enum fl_hook that made it */
	__u8 in_mac[6];	     /* source MAC the packets must have, 0: any */
	__u8 out_mac[6];     /* local: the pod's MAC */
	__u32 ingress_rule;  /* that let the receiver hear, 0: none needed */
};
_Static_assert(sizeof(struct fl_flow) == 136, "struct fl_flow is ABI");

/* Values of in_ifindex that are no device. */
enum fl_origin {
	FL_ORIGIN_UPLINK = 0,	       /* any uplink */
	FL_ORIGIN_HOST = 0x7fffffff, /* the host's own sockets */
};

/* In the order of the pass reasons: FL_PASS_LOCAL + action. */
enum fl_action {
	FL_ACTION_LOCAL,   /* to the pod behind out_ifindex */
	FL_ACTION_OVERLAY, /* encapsulated to the node `next` */
	FL_ACTION_UPLINK,  /* out by out_ifindex, to the next hop `next` */
	FL_ACTION_HOST,	   /* to the host stack */
};

enum fl_flow_flags {
	FL_FLOW_REPLY = 1 << 0,	  /* the direction that did not begin it */
	FL_FLOW_REWRITE = 1 << 1, /* `to` differs from the key */
	FL_FLOW_MASQ = 1 << 2,	  /* the connection is masqueraded */
};

/* What was seen of TCP in one direction. The state of a connection follows
 * from both. */
enum fl_tcp_seen {
	FL_TCP_SYN = 1 << 0,
	FL_TCP_FIN = 1 << 1,
	FL_TCP_RST = 1 << 2,
	FL_TCP_DATA = 1 << 3, /* anything without SYN: the handshake went on */
};

/* Idle times after which the reaper lets go of a connection, in seconds. */
enum fl_timeout {
	FL_TIMEOUT_TCP_OPENING = 60,	    /* one side only has been heard */
	FL_TIMEOUT_TCP_ESTABLISHED = 21600, /* 6 h */
	FL_TIMEOUT_TCP_CLOSED = 10,	    /* FIN from both, or a RST */
	FL_TIMEOUT_UDP = 30,	     /* unanswered, or a question's answer */
	FL_TIMEOUT_UDP_STREAM = 180, /* answered, see FL_UDP_STREAM_NS */
	FL_TIMEOUT_SCTP_UNREPLIED = 60,
	FL_TIMEOUT_SCTP_REPLIED = 900, /* heartbeats come every 30 s */
	FL_TIMEOUT_ICMP = 30,
	FL_TIMEOUT_OTHER = 180,

	/* Up to this they are those of what is over, or was never answered.
	 * Who has a large share of a crowded table is given an eighth. */
	FL_TIMEOUT_SHORT = 60,
	FL_TIMEOUT_HURRY = 8,
};

/* What goes on for longer after its first packet is more than a question. */
#define FL_UDP_STREAM_NS 2000000000LL

/* fl_accounts: hash, struct fl_account_key -> struct fl_account: how many
 * connections of fl_flows there are because of whom. The slow path adds each
 * connection that it enters; the agent, which counts the entries, sets right
 * what has gone since. Nobody takes more than FL_SHARE_FACTOR times what is
 * still free: one flood leaves a third of the table to all others, k floods
 * at once 1 / (2k + 1), and the table never fills up to where it would have to
 * forget somebody's connection. */
struct fl_account_key {
	__u32 ifindex;
	__u32 kind; /* enum fl_account_kind */
};

enum fl_account_kind {
	FL_ACCOUNT_TOTAL, /* all of them; ifindex 0 */
	FL_ACCOUNT_HOST,  /* the host's own sockets; ifindex 0 */
	FL_ACCOUNT_OUT,	  /* what came in by this device: a pod's */
	FL_ACCOUNT_IN,	  /* from other nodes or the world, for the pod behind
			   * this device; 0: for the host */
	FL_ACCOUNT_KINDS,
};

struct fl_account {
	__u64 connections;
	__u64 until_ns; /* of the total: counts are true, CLOCK_MONOTONIC; where
			 * no agent keeps them so, nobody is held back */
	__u32 size;	/* of the total: connections that there is room for */
	__u32 pad;
};
_Static_assert(sizeof(struct fl_account) == 24, "struct fl_account is ABI");
#define FL_SHARE_FACTOR 2

/* fl_fragments: LRU hash. Where the later fragments of a datagram find the
 * ports that only the first one carries. */
struct fl_fragment_key {
	struct fl_addr saddr;
	struct fl_addr daddr;
	__be32 id;
	__u32 ifindex; /* nobody speaks for packets of another device */
	__u8 proto;
	__u8 hook; /* enum fl_hook: one packet may pass several */
	__u8 pad[2];
};
_Static_assert(sizeof(struct fl_fragment_key) == 44, "fragment key is ABI");

struct fl_fragment {
	__be16 sport;
	__be16 dport;
};

/* fl_metrics: per-CPU array, [hook * FL_REASON_SLOTS + reason]. */
struct fl_metric {
	__u64 packets;
	__u64 bytes;
};

/* fl_counters: per-CPU array of __u64, what is worth counting beside the ends
 * of packets: X(enum suffix, name, sentence). */
#define FL_COUNTERS(X)                                                         \
	X(FLOWS_CREATED, "flows_created", "connections entered")               \
	X(FLOWS_RENEWED, "flows_renewed", "decisions re-made after a change")  \
	X(FLOWS_REAPED, "flows_reaped", "idle or closed connections removed")  \
	X(FLOW_INSERT_BUSY, "flow_insert_busy",                                \
	  "flow insertions that failed with EBUSY")                            \
	X(FLOW_INSERT_NOMEM, "flow_insert_nomem",                              \
	  "flow insertions that failed with ENOMEM")                           \
	X(FLOW_INSERT_OTHER, "flow_insert_other",                              \
	  "flow insertions that failed with another errno")                    \
	X(MASQ_COLLISIONS, "masquerade_collisions",                            \
	  "masquerade ports found taken, the next one tried")                  \
	X(MASQ_SOCKET, "masquerade_socket",                                    \
	  "masquerade ports skipped because a host socket has them")           \
	X(HOST_TRANSLATED, "host_translated",                                  \
	  "host connections given another port to make way for a pod's")       \
	X(ICMP_TRANSLATED, "icmp_translated",                                  \
	  "ICMP errors rewritten with the flow they quote")                    \
	X(ICMP_SENT, "icmp_sent", "ICMP errors sent by the datapath")          \
	X(EVENTS_LOST, "events_lost", "events with no room in the ring")       \
	X(EVENTS_LIMITED, "events_limited", "events held back by the limit")   \
	X(FLOWS_OVER_SHARE, "flows_over_share",                                \
	  "packets without a flow entry, their sender has its share of them")

enum fl_counter {
#define X(id, name, text) FL_COUNT_##id,
	FL_COUNTERS(X)
#undef X
	FL_COUNT_MAX,
};
#define FL_COUNTER_SLOTS 32
_Static_assert(FL_COUNT_MAX <= FL_COUNTER_SLOTS, "raise FL_COUNTER_SLOTS");

/* fl_limits: per-CPU array: what was let through in the running second, by
 * reason for drops, then by type for other events, then ICMP errors sent and
 * paths found narrower. */
struct fl_limit {
	__u64 second; /* 2^30 ns, which is near enough */
	__u64 count;
};
#define FL_LIMIT_EVENT FL_REASON_SLOTS /* + enum fl_event_type */
#define FL_LIMIT_ICMP (FL_LIMIT_EVENT + 16)
#define FL_LIMIT_PATH (FL_LIMIT_ICMP + 1)
#define FL_LIMIT_SLOTS (FL_LIMIT_PATH + 1)
/* ICMP errors that the datapath sends, per second and CPU. */
#define FL_ICMP_PER_SECOND 1000
/* Raises of the epoch because a tunnel's path was found narrower. */
#define FL_PATH_PER_SECOND 4

/* fl_events: ring buffer of these. */
enum fl_event_type {
	FL_EVENT_DROP,
	FL_EVENT_FLOW_NEW,
	FL_EVENT_FLOW_CLOSED,
	FL_EVENT_VERDICT,
	FL_EVENT_MAX,
};

struct fl_event {
	__u64 time_ns;	/* CLOCK_MONOTONIC */
	__u64 packets;	/* closed flows: of the direction that began it */
	__u64 bytes;	/* closed flows; else of this packet */
	__u64 reply_packets;
	__u64 reply_bytes;
	struct fl_tuple tuple; /* as the packet came in */
	struct fl_tuple to;    /* flows: as it goes out */
	__u32 ifindex;	/* device of the hook */
	__u32 src_identity;
	__u32 dst_identity;
	__u32 rule;
	__u32 out_ifindex;
	__u32 policy_ifindex; /* verdicts: the pod whose policy decided */
	__u8 direction;	      /* verdicts: enum fl_direction */
	__u8 verdict;	      /* verdicts: enum fl_verdict, before audit */
	__u8 pad[2];
	__u8 type;	/* enum fl_event_type */
	__u8 hook;	/* enum fl_hook */
	__u8 reason;	/* enum fl_reason */
	__u8 action;	/* enum fl_action */
	__u8 pad2[8];
};
_Static_assert(sizeof(struct fl_event) == 160, "struct fl_event is ABI");

/* fl_trace: array of one: what the last traced packet met. To trace, run the
 * pinned program slow_path by BPF_PROG_TEST_RUN with ctx.mark FL_MARK_TRACE,
 * ctx.cb[0] the hook and ctx.ifindex (and ingress_ifindex) its device, under a
 * lock against others who trace. */
struct fl_trace {
	struct fl_flow flow;  /* the entry that would be made */
	__u32 policy_ifindex; /* the pod whose policy denied it, 0: none did;
			       * of two in audit mode the receiver */
	__u32 rule;	      /* the rule that denied it, 0: no rule allowed it */
	__u8 direction;	      /* of that policy: enum fl_direction */
	__u8 reason;	      /* enum fl_reason */
	__u8 known;	      /* the connection exists already */
	__u8 needs_port;      /* it would be masqueraded, the port is open */
	__u8 denied;	      /* 1 << direction: its policy says no */
	__u8 pad[3];
};
_Static_assert(sizeof(struct fl_trace) == 152, "struct fl_trace is ABI");

/* fl_denied: whose policy has denied packets, by which rule, and the last of
 * them. What was denied least recently makes way. */
struct fl_denied_key {
	__u32 ifindex; /* the pod whose policy it is */
	__u32 rule;    /* 0: no rule allowed it */
	__u8 direction; /* of that policy: enum fl_direction */
	__u8 audit;	/* 1: let through all the same */
	__u8 pad[2];
};
_Static_assert(sizeof(struct fl_denied_key) == 12, "struct fl_denied_key is ABI");

/* The last packet is noted once in FL_DENIED_NOTE_NS, so that a flood costs
 * two additions a packet. */
#define FL_DENIED_NOTE_NS 10000000ULL
struct fl_denied {
	__u64 packets;
	__u64 bytes;
	__u64 last_ns;	      /* CLOCK_MONOTONIC */
	struct fl_tuple last; /* as it came in */
};
_Static_assert(sizeof(struct fl_denied) == 64, "struct fl_denied is ABI");

/* ---- the reaper ----------------------------------------------------- */

/* Data of a BPF_PROG_TEST_RUN of `fl_reap`: a packet that is this header,
 * then `count` keys of fl_flows. The program re-checks each against its
 * timeout and deletes both directions of what is idle; its return value is
 * how many connections it removed. */
#define FL_REAP_MAX 16
struct fl_reap_head {
	__u8 hurry;   /* 1: sooner, see FL_TIMEOUT_SHORT */
	__u8 pad[11]; /* room for what the kernel takes for MAC addresses */
	__u16 ethertype; /* 0 */
	__u16 count;	 /* host order, at most FL_REAP_MAX */
};
_Static_assert(sizeof(struct fl_reap_head) == 16, "reap header is ABI");

/* ---- options fixed at load ------------------------------------------ */

/* .rodata of the datapath object (`options`), set by the loader before load. */
struct fl_options {
	__u8 overlay;		/* 1: overlay mode, 0: native routing */
	__u8 masquerade_v4;
	__u8 masquerade_v6;
	__u8 coarse_clock;	/* the kernel has bpf_ktime_get_coarse_ns */
	__u8 flow_events;	/* events for new and closed flows */
	__u8 pad;
	__be16 overlay_port;	/* UDP */
	__u32 overlay_vni;
};
