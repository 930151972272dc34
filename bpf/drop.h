/* SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0 */
/* The one place where packets are dropped: counted by reason, and told. */
#pragma once

#include "context.h"
#include "denied.h"
#include "events.h"

SEC("tc")
int drop_packet(struct __sk_buff *skb)
{
	__u32 hook = skb->cb[CB_HOOK];
	__u32 reason = skb->cb[CB_REASON];
	const struct told *told = NULL;
	const struct slow *s;
	__u32 zero = 0;
	struct pkt p;

	if (hook >= FL_HOOK_MAX || reason >= FL_REASON_MAX)
		return TC_ACT_SHOT;
	count_packet(skb, hook, reason);
	/* Whatever could be read; a malformed packet leaves zeros. */
	parse(skb, &p);
	/* The slow path, which jumped here, has left who decided. */
	s = bpf_map_lookup_elem(&fl_slow, &zero);
	if (s && (reason == FL_DROP_POLICY || reason == FL_DROP_UNKNOWN_PEER))
		told = &s->told;
	if (told)
		denied_count(skb, &p.key, told, false);
	event_drop(skb, hook, reason, &p, told);
	return TC_ACT_SHOT;
}
