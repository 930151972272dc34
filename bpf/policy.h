/* SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0 */
/*
 * May they talk? Asked once for each direction of a connection, and again when
 * the epoch has changed: the egress policy of a local pod that began it, then
 * the ingress policy of a local pod that was spoken to. Both are about the
 * packet that began the connection, whichever direction is being decided: a
 * reply passes as long as what it answers may.
 */
#pragma once

#include "context.h"
#include "denied.h"
#include "events.h"
#include "slow.h"

/* Who began the connection, and with whom. */
struct parties {
	const struct policed *caller, *callee;
	__u32 caller_identity, callee_identity;
	bool caller_is_host;
	__u8 proto;
	__be16 port; /* the callee's */
};

/* answers: does the packet answer, or begin? */
static __always_inline void find_parties(const struct slow *s, bool answers,
					 struct parties *q)
{
	const struct fl_flow *f = &s->fwd;

	q->proto = s->p.key.proto;
	if (answers) {
		q->caller = &s->dst;
		q->callee = &s->src;
		q->caller_identity = f->dst_identity;
		q->callee_identity = f->src_identity;
		q->caller_is_host = f->action == FL_ACTION_HOST;
		q->port = s->p.key.sport;
	} else {
		q->caller = &s->src;
		q->callee = &s->dst;
		q->caller_identity = f->src_identity;
		q->callee_identity = f->dst_identity;
		q->caller_is_host = f->in_ifindex == FL_ORIGIN_HOST;
		q->port = f->to.dport;
	}
	/* An echo has its identifier where others have ports. */
	if (q->proto == IPPROTO_ICMP || q->proto == IPPROTO_ICMPV6)
		q->port = 0;
}

static __always_inline enum fl_verdict
policy_find(const struct slow *s, const struct fl_policy_key *key, __u32 *rule)
{
	const struct fl_policy_entry *e = bpf_map_lookup_elem(&fl_policy, key);
	__u32 view = s->view ? 1 : 0;

	*rule = 0;
	if (!e || e->verdict[view] == FL_UNSAID)
		return FL_UNSAID;
	*rule = e->rule[view];
	return e->verdict[view];
}

static __always_inline __u32 config_flags(const struct slow *s)
{
	const struct fl_config *cfg = config_get();

	return cfg ? cfg->flags[s->view ? 1 : 0] : 0;
}

static __always_inline bool is_audited(const struct slow *s,
				       const struct policed *pod)
{
	return pod->flags & FL_ENDPOINT_AUDIT ||
	       config_flags(s) & FL_CONFIG_AUDIT;
}

/* One pod's policy in one direction, by two lookups at most. */
static __always_inline enum fl_verdict
policy_verdict(const struct slow *s, const struct policed *pod, __u8 direction,
	       __u32 peer, const struct parties *q, __u32 *rule)
{
	struct fl_policy_key key = {
		.prefix_len = FL_POLICY_BITS_PROTO + 16,
		.policy_id = pod->policy_id,
		.identity = peer,
		.direction = direction,
		.proto = q->proto,
		.port = q->port,
	};
	enum fl_verdict verdict = policy_find(s, &key, rule);

	if (verdict == FL_UNSAID) {
		key.identity = FL_IDENTITY_ANY;
		verdict = policy_find(s, &key, rule);
	}
	return verdict;
}

/* The same, and what becomes of it. */
static __always_inline int policy_ask(struct __sk_buff *skb, struct slow *s,
				      const struct policed *pod, __u8 direction,
				      __u32 peer, const struct parties *q,
				      __u32 *rule)
{
	if (policy_verdict(s, pod, direction, peer, q, rule) == FL_ALLOW)
		return 0;
	s->told.ifindex = pod->ifindex;
	s->told.direction = direction;
	s->told.verdict = FL_DENY;
	s->told.denied |= 1 << direction;
	s->told.rule = *rule;
	s->told.src_identity = s->fwd.src_identity;
	s->told.dst_identity = s->fwd.dst_identity;
	if (is_audited(s, pod)) {
		if (skb->mark == FL_MARK_TRACE)
			return 0;
		denied_count(skb, &s->p.key, &s->told, true);
		event_verdict(skb, s->hook, &s->p.key, &s->told);
		return 0;
	}
	return peer == FL_IDENTITY_UNKNOWN ? -FL_DROP_UNKNOWN_PEER
					   : -FL_DROP_POLICY;
}

/* Pods that the agent has not seen hear and speak to their host only, where
 * the cluster has policies. */
static __always_inline bool is_held_back(const struct slow *s,
					 const struct parties *q)
{
	return config_flags(s) & FL_CONFIG_PENDING_DENY &&
	       (q->caller->flags | q->callee->flags) & FL_ENDPOINT_PENDING &&
	       !q->caller_is_host && s->fwd.action != FL_ACTION_HOST;
}

/* Returns 0 or a negative drop reason. */
static __always_inline int policy(struct __sk_buff *skb, struct slow *s)
{
	struct parties q;
	int ret;

	find_parties(s, s->fwd.flags & FL_FLOW_REPLY, &q);
	if (q.caller->ifindex && q.caller->ifindex == q.callee->ifindex)
		return 0; /* a pod always reaches itself */
	if (is_held_back(s, &q))
		return -FL_DROP_PENDING;
	if (q.caller->flags & FL_ENDPOINT_EGRESS) {
		ret = policy_ask(skb, s, q.caller, FL_EGRESS, q.callee_identity,
				 &q, &s->fwd.rule);
		if (ret)
			return ret;
	}
	/* The pod's own node always reaches it. */
	if (q.callee->flags & FL_ENDPOINT_INGRESS && !q.caller_is_host)
		return policy_ask(skb, s, q.callee, FL_INGRESS,
				  q.caller_identity, &q, &s->fwd.ingress_rule);
	return 0;
}

static __always_inline bool policy_lets(const struct slow *s,
					const struct policed *pod,
					__u8 direction, __u32 peer,
					const struct parties *q)
{
	__u32 rule;

	return policy_verdict(s, pod, direction, peer, q, &rule) == FL_ALLOW ||
	       is_audited(s, pod);
}

/* Would an answer to this packet pass if it were taken for a beginning? Nothing
 * is told. Where it would not, this packet cannot be such an answer either. */
static __always_inline bool policy_lets_answers(const struct slow *s)
{
	struct parties q;

	find_parties(s, true, &q);
	if (q.caller->ifindex && q.caller->ifindex == q.callee->ifindex)
		return true;
	if (q.caller->flags & FL_ENDPOINT_EGRESS &&
	    !policy_lets(s, q.caller, FL_EGRESS, q.callee_identity, &q))
		return false;
	return !(q.callee->flags & FL_ENDPOINT_INGRESS) || q.caller_is_host ||
	       policy_lets(s, q.callee, FL_INGRESS, q.caller_identity, &q);
}
