/* SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0 */
/*
 * A packet without a current decision:
 *
 *   who sends it (source) -> where it goes (destination) -> may it (policy)
 *     -> as whom (masquerade) -> enter both directions -> forward
 *
 * A stale entry takes the same way and keeps its translation, so a connection
 * survives any change that leaves it allowed.
 */
#pragma once

#include "account.h"
#include "context.h"
#include "events.h"
#include "flow_insert.h"
#include "forward.h"
#include "fragment.h"
#include "masquerade.h"
#include "policy.h"
#include "route.h"
#include "slow.h"
#include "source.h"

/* What is known of the flow already: its own entry, or that of the other
 * direction alone (LRU maps forget one entry, not two). */
static __always_inline void recall(struct slow *s)
{
	struct fl_flow *old, *other;
	struct fl_tuple other_key;

	s->fwd.to = s->p.key;
	s->fwd.created_ns = now_ns();
	s->known = false;
	if (!s->trackable)
		return;
	old = bpf_map_lookup_elem(&fl_flows, &s->p.key);
	if (old) {
		s->known = true;
		s->fwd.to = old->to;
		s->fwd.flags = old->flags;
		s->fwd.created_ns = old->created_ns;
		s->fwd.packets = old->packets;
		s->fwd.bytes = old->bytes;
		s->fwd.tcp_seen = old->tcp_seen;
		s->fwd.hook = old->hook;
		return;
	}
	tuple_reverse(&s->p.key, &other_key);
	other = bpf_map_lookup_elem(&fl_flows, &other_key);
	if (other && !(other->flags & (FL_FLOW_REPLY | FL_FLOW_REWRITE)))
		s->fwd.flags = FL_FLOW_REPLY;
}

/* Enter a new connection: reply direction first (a masqueraded one has
 * reserved it already), so that no reply finds nothing. The first CPU to enter
 * the connection decides for all. */
static __always_inline int enter_new(struct __sk_buff *skb, struct slow *s)
{
	struct fl_flow *winner;
	int err;

	if (!(s->fwd.flags & FL_FLOW_REPLY) && !s->reserved)
		flow_insert(&s->rkey, &s->rev, BPF_NOEXIST);
	err = flow_insert(&s->p.key, &s->fwd, BPF_NOEXIST);
	if (!err) {
		if (!(s->fwd.flags & FL_FLOW_REPLY)) {
			count(FL_COUNT_FLOWS_CREATED);
			account_charge(&s->fwd);
			event_flow_new(skb, s->hook, &s->p.key, &s->fwd);
		}
		return 0;
	}
	if (err == -EEXIST && s->reserved) {
		/* Another CPU's port is the connection's: let go of ours. */
		winner = bpf_map_lookup_elem(&fl_flows, &s->p.key);
		if (winner) {
			if (winner->to.sport != s->fwd.to.sport)
				bpf_map_delete_elem(&fl_flows, &s->rkey);
			s->fwd.to = winner->to;
			s->fwd.flags = winner->flags;
			return 0;
		}
	}
	if (s->fwd.flags & FL_FLOW_REWRITE) {
		if (s->reserved)
			bpf_map_delete_elem(&fl_flows, &s->rkey);
		return -FL_DROP_NO_MAPPING;
	}
	/* Allowed and needs no translation: bookkeeping never kills it. */
	return 0;
}

static __always_inline int renew(struct slow *s)
{
	count(FL_COUNT_FLOWS_RENEWED);
	flow_insert(&s->p.key, &s->fwd, BPF_ANY);
	/* The reply entry of a masqueraded connection may have been evicted:
	 * put it back, or see that nobody else has taken the port since. */
	if (s->fwd.flags & FL_FLOW_MASQ && !(s->fwd.flags & FL_FLOW_REPLY)) {
		int err = flow_insert(&s->rkey, &s->rev, BPF_NOEXIST);
		struct fl_flow *other;

		if (err && err != -EEXIST)
			return -FL_DROP_NO_MAPPING;
		if (err == -EEXIST) {
			other = bpf_map_lookup_elem(&fl_flows, &s->rkey);
			if (other &&
			    (!addr_same(&other->to.daddr, &s->p.key.saddr) ||
			     other->to.dport != s->p.key.sport)) {
				bpf_map_delete_elem(&fl_flows, &s->p.key);
				return -FL_DROP_NO_MAPPING;
			}
		}
	}
	return 0;
}

/* The other direction's entry, as far as no port has to be found for it. */
static __always_inline void complete_reply(struct slow *s)
{
	s->rev.flags = FL_FLOW_REPLY | (s->fwd.flags & ~FL_FLOW_REPLY);
	s->rev.created_ns = s->fwd.created_ns;
	s->rev.last_seen_ns = now_ns();
	s->rev.epoch = s->lazy_reply ? 0 : s->fwd.epoch;
	s->rev.src_identity = s->fwd.dst_identity;
	s->rev.dst_identity = s->fwd.src_identity;
	s->rev.rule = s->fwd.rule;
	s->rev.ingress_rule = s->fwd.ingress_rule;
	tuple_reverse(&s->p.key, &s->rev.to);
	tuple_reverse(&s->fwd.to, &s->rkey);
}

/* Everything but the entering and the forwarding. Returns 0, a negative drop
 * reason, or FL_PASS_NOT_OURS. */
static __always_inline int decide(struct __sk_buff *skb, struct slow *s)
{
	bool reply;
	int ret;

	ret = source(skb, s);
	if (ret)
		return ret;
	reply = s->fwd.flags & FL_FLOW_REPLY;
	ret = destination(skb, s);
	if (ret)
		return ret;
	if (s->hook == FL_HOOK_FROM_POD && is_tunnel(&s->p) &&
	    s->fwd.action == FL_ACTION_HOST)
		return -FL_DROP_OVERLAY_PORT;
	ret = policy(skb, s);
	if (ret || reply)
		return ret;
	complete_reply(s);
	if (s->fwd.action == FL_ACTION_UPLINK)
		return masquerade(skb, s);
	return 0;
}

/* For who only wants to know (`fairlead trace` runs this program by itself):
 * nothing is entered, counted, told or sent. Finding a port is left out, it
 * would take one. */
static __always_inline int trace_tell(const struct slow *s, int decided)
{
	__u32 zero = 0;
	struct fl_trace *t = bpf_map_lookup_elem(&fl_trace, &zero);

	if (!t)
		return TC_ACT_SHOT;
	t->flow = s->fwd;
	t->policy_ifindex = s->told.ifindex;
	t->rule = s->told.rule;
	t->direction = s->told.direction;
	t->denied = s->told.denied;
	t->known = s->known;
	t->needs_port = decided == NEEDS_PORT;
	t->reason = decided < 0 ? -decided
		    : decided == FL_PASS_NOT_OURS
			    ? FL_PASS_NOT_OURS
			    : FL_PASS_LOCAL + s->fwd.action;
	return TC_ACT_OK;
}

SEC("tc")
int slow_path(struct __sk_buff *skb)
{
	const struct fl_config *cfg = config_get();
	__u32 zero = 0, hook = skb->cb[CB_HOOK];
	struct slow *s = bpf_map_lookup_elem(&fl_slow, &zero);
	int ret;

	if (!s || !cfg || hook >= FL_HOOK_MAX)
		return TC_ACT_SHOT;
	ret = parse(skb, &s->p);
	if (ret < 0)
		return drop(skb, hook, -ret);
	if (ret != PARSED_IP)
		return drop(skb, hook, FL_DROP_ETHERTYPE);

	__builtin_memset(&s->fwd, 0, sizeof(s->fwd));
	__builtin_memset(&s->rev, 0, sizeof(s->rev));
	__builtin_memset(&s->src, 0, sizeof(s->src));
	__builtin_memset(&s->dst, 0, sizeof(s->dst));
	__builtin_memset(&s->told, 0, sizeof(s->told));
	s->hook = hook;
	s->fwd.hook = hook;
	s->rev.hook = hook;
	s->fwd.epoch = *(volatile const __u32 *)&cfg->epoch; /* once */
	s->view = s->fwd.epoch & FL_EPOCH_VIEW;
	s->fwd.in_ifindex = origin_of(skb, hook);
	s->reserved = false;
	s->lazy_reply = false;
	s->trackable = true;
	if (s->p.flags & PKT_FRAG_LATER)
		s->trackable = fragment_ports(skb, &s->p, hook);
	recall(s);

	ret = decide(skb, s);
	if (skb->mark == FL_MARK_TRACE)
		return trace_tell(s, ret);
	if (ret < 0)
		return drop(skb, hook, -ret);
	if (ret == NEEDS_PORT)
		return go_stage(skb, hook, STAGE_PORT);
	if (ret)
		return pass(skb, hook, ret);
	return go_stage(skb, hook, STAGE_CONCLUDE);
}

/* May this be an answer to what was too many, and had no entry for that? It
 * looks like a beginning, and must not be entered as one that the answering
 * side is charged for, or a flood would take the shares of all who answer. */
static __always_inline bool may_answer_flood(const struct slow *s, __u64 limit)
{
	struct fl_account_key key = account_of_answer(&s->fwd);

	return !account_is_below(&key, limit) && policy_lets_answers(s);
}

/* A connection that would be one too many of its account. masq: its answers
 * find their way by its entry, and it is none itself. */
static __always_inline bool is_over_share(struct __sk_buff *skb,
					  const struct slow *s, bool masq)
{
	struct fl_account_key key;
	__u64 limit;

	if (s->known || s->reserved || s->fwd.flags & FL_FLOW_REPLY ||
	    !account_limit(&limit))
		return false;
	key = fl_account_of(&s->fwd);
	/* verifier: one way on, not one for each answer of a policy. */
	if (forget(skb, account_is_below(&key, limit) &&
				(masq || !may_answer_flood(s, limit))))
		return false;
	count(FL_COUNT_FLOWS_OVER_SHARE);
	return true;
}

/* verifier: what follows are programs of their own, so that each is walked
 * from one state only. They go on with what slow_path() left in fl_slow. */
SEC("tc")
int find_port(struct __sk_buff *skb)
{
	__u32 zero = 0, hook = skb->cb[CB_HOOK];
	struct slow *s = bpf_map_lookup_elem(&fl_slow, &zero);
	bool host;
	int ret;

	if (!s || hook >= FL_HOOK_MAX)
		return TC_ACT_SHOT;
	host = s->fwd.in_ifindex == FL_ORIGIN_HOST;
	ret = is_over_share(skb, s, true) ? -FL_DROP_FLOW_SHARE
					  : take_port(skb, s, host);
	/* A host that runs out of ports is as it would be without us. */
	if (ret && host)
		return pass(skb, hook, FL_PASS_NOT_OURS);
	if (ret)
		return drop(skb, hook, -ret);
	return go_stage(skb, hook, STAGE_CONCLUDE);
}

/* The decision is made: enter it and let the packet go. */
SEC("tc")
int conclude(struct __sk_buff *skb)
{
	__u32 zero = 0, hook = skb->cb[CB_HOOK];
	struct slow *s = bpf_map_lookup_elem(&fl_slow, &zero);
	int ret;

	if (!s || hook >= FL_HOOK_MAX)
		return TC_ACT_SHOT;
	/* Allowed all the same: decided on packet by packet. */
	if (!s->trackable || is_over_share(skb, s, false))
		return flow_forward(skb, hook, &s->p, &s->fwd);
	flow_account(&s->fwd, &s->p);
	ret = s->known ? renew(s) : enter_new(skb, s);
	if (ret)
		return drop(skb, hook, -ret);
	return flow_forward(skb, hook, &s->p, &s->fwd);
}
