/* SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0 */
/* Telling user space: a ring buffer under a rate limit. */
#pragma once

#include "context.h"
#include "slow.h"

/* Room for an event, zeroed, with type, time and hook set; NULL where the
 * limit or a full ring holds it back (both counted). */
static __always_inline struct fl_event *
event_reserve(const struct __sk_buff *skb, __u8 type, __u8 hook, __u32 limit)
{
	const struct fl_config *cfg = config_get();
	struct fl_event *ev;

	if (!cfg || !cfg->events_per_second)
		return NULL;
	if (!within_limit(limit, cfg->events_per_second)) {
		count(FL_COUNT_EVENTS_LIMITED);
		return NULL;
	}
	ev = bpf_ringbuf_reserve(&fl_events, sizeof(*ev), 0);
	if (!ev) {
		count(FL_COUNT_EVENTS_LOST);
		return NULL;
	}
	__builtin_memset(ev, 0, sizeof(*ev));
	ev->time_ns = bpf_ktime_get_ns();
	ev->type = type;
	ev->hook = hook;
	ev->ifindex = skb->ifindex;
	return ev;
}

static __always_inline void event_tell_policy(struct fl_event *ev,
					      const struct told *told)
{
	ev->policy_ifindex = told->ifindex;
	ev->direction = told->direction;
	ev->verdict = told->verdict;
	ev->rule = told->rule;
	ev->src_identity = told->src_identity;
	ev->dst_identity = told->dst_identity;
}

/* told: which policy it was, or NULL. */
static __always_inline void event_drop(const struct __sk_buff *skb, __u32 hook,
				       __u32 reason, const struct pkt *p,
				       const struct told *told)
{
	struct fl_event *ev = event_reserve(skb, FL_EVENT_DROP, hook, reason);

	if (!ev)
		return;
	ev->reason = reason;
	ev->bytes = skb->len;
	ev->packets = 1;
	ev->tuple = p->key;
	if (told)
		event_tell_policy(ev, told);
	bpf_ringbuf_submit(ev, 0);
}

/* A verdict that is told and not enforced (audit). */
static __always_inline void event_verdict(const struct __sk_buff *skb,
					  __u32 hook,
					  const struct fl_tuple *key,
					  const struct told *told)
{
	struct fl_event *ev = event_reserve(skb, FL_EVENT_VERDICT, hook,
					    FL_LIMIT_EVENT + FL_EVENT_VERDICT);

	if (!ev)
		return;
	ev->reason = FL_DROP_POLICY;
	ev->bytes = skb->len;
	ev->packets = 1;
	ev->tuple = *key;
	event_tell_policy(ev, told);
	bpf_ringbuf_submit(ev, 0);
}

static __always_inline void event_tell_flow(struct fl_event *ev,
					    const struct fl_tuple *key,
					    const struct fl_flow *f)
{
	ev->tuple = *key;
	ev->to = f->to;
	ev->packets = f->packets;
	ev->bytes = f->bytes;
	ev->src_identity = f->src_identity;
	ev->dst_identity = f->dst_identity;
	ev->rule = f->rule;
	ev->out_ifindex = f->out_ifindex;
	ev->action = f->action;
}

static __always_inline void event_flow_new(const struct __sk_buff *skb,
					   __u32 hook,
					   const struct fl_tuple *key,
					   const struct fl_flow *f)
{
	struct fl_event *ev;

	if (!options.flow_events)
		return;
	ev = event_reserve(skb, FL_EVENT_FLOW_NEW, hook,
			   FL_LIMIT_EVENT + FL_EVENT_FLOW_NEW);
	if (!ev)
		return;
	event_tell_flow(ev, key, f);
	bpf_ringbuf_submit(ev, 0);
}

static __always_inline void event_flow_closed(const struct __sk_buff *skb,
					      const struct fl_tuple *key,
					      const struct fl_flow *f,
					      const struct fl_flow *reply)
{
	struct fl_event *ev;

	if (!options.flow_events)
		return;
	ev = event_reserve(skb, FL_EVENT_FLOW_CLOSED, f->hook,
			   FL_LIMIT_EVENT + FL_EVENT_FLOW_CLOSED);
	if (!ev)
		return;
	ev->ifindex = f->in_ifindex;
	event_tell_flow(ev, key, f);
	if (reply) {
		ev->reply_packets = reply->packets;
		ev->reply_bytes = reply->bytes;
	}
	bpf_ringbuf_submit(ev, 0);
}
