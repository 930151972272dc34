/* SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0 */
/*
 * The hooks. Each begins where a stub jumped to and reads from top to bottom:
 *
 *   parse -> what is never a flow -> fl_flows hit, current epoch, right origin
 *         -> fast path: account, rewrite, deliver             (forward.h)
 *         -> else tail call STAGE_SLOW: decide, enter, deliver (slow_path.h)
 *
 * A packet from pod A to pod B of one node runs from_pod(A) only; to a pod of
 * another node from_pod and to_overlay (which sees FL_MARK_DECIDED and lets
 * it through) here and from_overlay there; to the world from_pod and to_uplink
 * (likewise), and its reply from_uplink.
 */
#include "context.h"
#include "drop.h"
#include "forward.h"
#include "fragment.h"
#include "icmp_error.h"
#include "icmp_send.h"
#include "neighbour.h"
#include "reap.h"
#include "slow_path.h"

#define PKT_FRAGMENT (PKT_FRAG_FIRST | PKT_FRAG_LATER)
/* What the fast path must look at before it looks for a flow. */
#define PKT_SPECIAL (0xff & ~PKT_DONT_FRAGMENT)

/* A masqueraded connection that was idle for longer than this looks whether
 * its reply entry still exists (LRU maps forget the idle first). */
#define MASQ_RECHECK_NS 1000000000ULL

/* Drop reason for what is routed by nobody, 0 for what may be. */
static __always_inline __u32 unroutable(const struct pkt *p)
{
	if (p->flags & PKT_ND)
		return FL_DROP_ND;
	if (p->flags & PKT_MULTICAST)
		return FL_DROP_MULTICAST;
	if (p->flags & PKT_LINK_LOCAL)
		return FL_DROP_LINK_LOCAL;
	if (p->flags & PKT_MARTIAN)
		return FL_DROP_MARTIAN;
	return 0;
}

/* The one lookup. */
static __always_inline int fast_path(struct __sk_buff *skb, __u32 hook,
				     const struct pkt *p)
{
	struct fl_flow *f = bpf_map_lookup_elem(&fl_flows, &p->key);

	if (!f || !flow_is_current(f, origin_of(skb, hook)))
		return go_stage(skb, hook, STAGE_SLOW);
	if (hook == FL_HOOK_FROM_POD) {
		if (!has_source_mac(skb, f->in_mac))
			return go_stage(skb, hook, STAGE_SLOW);
		if (f->flags & FL_FLOW_MASQ &&
		    now_ns() - f->last_seen_ns > MASQ_RECHECK_NS)
			return go_stage(skb, hook, STAGE_SLOW);
	}
	if (hook == FL_HOOK_FROM_OVERLAY && !comes_from_node(skb, &f->next))
		return go_stage(skb, hook, STAGE_SLOW);
	flow_account(f, p);
	return flow_forward(skb, hook, p, f);
}

/* Whatever is to be routed. */
static __always_inline int forward(struct __sk_buff *skb, __u32 hook,
				   struct pkt *p)
{
	__u32 reason;

	if (p->flags & PKT_SPECIAL) {
		reason = unroutable(p);
		if (reason)
			return drop(skb, hook, reason);
		if (p->flags & PKT_ICMP_ERROR)
			return go_stage(skb, hook, STAGE_ICMP_ERROR);
		if (!fragment_ports(skb, p, hook))
			return go_stage(skb, hook, STAGE_SLOW);
	}
	return fast_path(skb, hook, p);
}

SEC("tc")
int from_pod(struct __sk_buff *skb)
{
	const __u32 hook = FL_HOOK_FROM_POD;
	struct pkt p;
	int ret;

	if (skb->vlan_present)
		return drop(skb, hook, FL_DROP_VLAN);
	ret = parse(skb, &p);
	if (ret < 0)
		return drop(skb, hook, -ret);
	if (ret == PARSED_ARP)
		return go_stage(skb, hook, STAGE_NEIGHBOUR);
	if (ret == PARSED_OTHER)
		return drop(skb, hook, FL_DROP_ETHERTYPE);
	if (has_ipv4_options(&p)) {
		ret = check_ipv4_options(skb, &p);
		if (ret)
			return drop(skb, hook, -ret);
	}

	if (p.flags & PKT_ND)
		return go_stage(skb, hook, STAGE_NEIGHBOUR);
	return forward(skb, hook, &p);
}

/* From the host stack to a pod: probes of the kubelet, replies of the host. */
SEC("tc")
int to_pod(struct __sk_buff *skb)
{
	const __u32 hook = FL_HOOK_TO_POD;
	struct pkt p;
	int ret;

	if (skb->mark == FL_MARK_DECIDED) { /* an answer of our own */
		set_mark(skb, 0);
		return TC_ACT_UNSPEC;
	}
	ret = parse(skb, &p);
	if (ret < 0)
		return drop(skb, hook, -ret);
	if (ret == PARSED_ARP)
		return pass(skb, hook, FL_PASS_HOST);
	if (ret == PARSED_OTHER)
		return drop(skb, hook, FL_DROP_ETHERTYPE);

	if (p.flags & PKT_ND) /* the host asks for the pod */
		return pass(skb, hook, FL_PASS_HOST);
	return forward(skb, hook, &p);
}

SEC("tc")
int from_overlay(struct __sk_buff *skb)
{
	const __u32 hook = FL_HOOK_FROM_OVERLAY;
	struct pkt p;
	int ret;

	ret = parse(skb, &p);
	if (ret < 0)
		return drop(skb, hook, -ret);
	if (ret != PARSED_IP)
		return drop(skb, hook, FL_DROP_ETHERTYPE);

	return forward(skb, hook, &p);
}

/* From the host stack to other nodes' pods, and what from_pod sends there. */
SEC("tc")
int to_overlay(struct __sk_buff *skb)
{
	const __u32 hook = FL_HOOK_TO_OVERLAY;
	struct pkt p;
	int ret;

	if (skb->mark == FL_MARK_DECIDED) {
		/* The mark would survive encapsulation and meet the rules of
		 * whoever else looks at marks. */
		set_mark(skb, 0);
		return TC_ACT_UNSPEC;
	}
	ret = parse(skb, &p);
	if (ret < 0)
		return drop(skb, hook, -ret);
	if (ret != PARSED_IP)
		return drop(skb, hook, FL_DROP_ETHERTYPE);

	return forward(skb, hook, &p);
}

/* Is the packet to a local pod, or to an address that could be one? Then the
 * host stack must not see it: it would route what has no pod out again. */
static __always_inline bool is_for_pods(const struct pkt *p)
{
	struct fl_prefix prefix = {.prefix_len = 128, .addr = p->key.daddr};
	const struct fl_route *r;

	if (bpf_map_lookup_elem(&fl_endpoints, &p->key.daddr))
		return true;
	if (options.overlay) /* nobody out there has a route to pods */
		return false;
	r = bpf_map_lookup_elem(&fl_routes, &prefix);
	return r && r->flags == (FL_ROUTE_POD_CIDR | FL_ROUTE_LOCAL);
}

/* From the network: replies to what was masqueraded, and in native mode what
 * other nodes' pods send. Whatever else comes is the host's. */
SEC("tc")
int from_uplink(struct __sk_buff *skb)
{
	const __u32 hook = FL_HOOK_FROM_UPLINK;
	struct fl_flow *f;
	struct pkt p;

	if (skb->vlan_present || parse(skb, &p) != PARSED_IP || is_tunnel(&p))
		return pass(skb, hook, FL_PASS_NOT_OURS);
	if (p.flags & PKT_SPECIAL) {
		if (unroutable(&p))
			return pass(skb, hook, FL_PASS_NOT_OURS);
		if (p.flags & PKT_ICMP_ERROR)
			return go_stage(skb, hook, STAGE_ICMP_ERROR);
		if (!fragment_ports(skb, &p, hook))
			return is_for_pods(&p)
				       ? go_stage(skb, hook, STAGE_SLOW)
				       : pass(skb, hook, FL_PASS_NOT_OURS);
	}
	f = bpf_map_lookup_elem(&fl_flows, &p.key);
	if (!f && !is_for_pods(&p))
		return pass(skb, hook, FL_PASS_NOT_OURS);
	if (!f || !flow_is_current(f, FL_ORIGIN_UPLINK))
		return go_stage(skb, hook, STAGE_SLOW);
	flow_account(f, &p);
	return flow_forward(skb, hook, &p, f);
}

/* An outer packet of our tunnel, and not what a pod sends to its port: that was
 * too big for from_pod, and is the world's business as any other. */
static __always_inline bool is_own_tunnel(const struct __sk_buff *skb,
					  const struct pkt *p)
{
	return is_tunnel(p) &&
	       !(skb->ingress_ifindex &&
		 bpf_map_lookup_elem(&fl_endpoints, &p->key.saddr));
}

/* To the network. What from_pod sent is done with. The host's own connections
 * are entered too, so that no pod is given a port that one of them uses; and
 * what a pod sent through the host stack is masqueraded here. */
SEC("tc")
int to_uplink(struct __sk_buff *skb)
{
	const __u32 hook = FL_HOOK_TO_UPLINK;
	struct fl_flow *f;
	struct pkt p;

	if (skb->mark == FL_MARK_DECIDED) {
		set_mark(skb, 0);
		return TC_ACT_UNSPEC;
	}
	if (skb->vlan_present || parse(skb, &p) != PARSED_IP ||
	    is_own_tunnel(skb, &p))
		return pass(skb, hook, FL_PASS_NOT_OURS);
	if (p.flags & PKT_SPECIAL) {
		if (unroutable(&p) || p.flags & PKT_ICMP_ERROR)
			return pass(skb, hook, FL_PASS_NOT_OURS);
		if (!fragment_ports(skb, &p, hook)) /* a pod's is translated */
			return starts_at_uplink(skb, &p)
				       ? go_stage(skb, hook, STAGE_SLOW)
				       : pass(skb, hook, FL_PASS_NOT_OURS);
	}
	f = bpf_map_lookup_elem(&fl_flows, &p.key);
	if (!f && !starts_at_uplink(skb, &p))
		return pass(skb, hook, FL_PASS_NOT_OURS);
	if (!f || !flow_is_current(f, origin_of(skb, hook)))
		return go_stage(skb, hook, STAGE_SLOW);
	flow_account(f, &p);
	return flow_forward(skb, hook, &p, f);
}

/* The kernel knows no name for our "GPL-2.0-only OR Apache-2.0". */
char LICENSE[] SEC("license") = "GPL";
