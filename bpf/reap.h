/* SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0 */
/*
 * Expiry. User space picks candidates, this program decides: it looks at both
 * directions of each again, so that a connection that was used since user
 * space saw it lives on. Run by BPF_PROG_TEST_RUN, see struct fl_reap_head.
 */
#pragma once

#include "context.h"
#include "events.h"

static __always_inline __u32 timeout_tcp(const struct fl_flow *f,
					 const struct fl_flow *reply)
{
	__u8 seen = f->tcp_seen, answer = reply ? reply->tcp_seen : 0;

	if ((seen | answer) & FL_TCP_RST || seen & answer & FL_TCP_FIN)
		return FL_TIMEOUT_TCP_CLOSED;
	/* Who began has not gone on since his SYN: nobody answered, or he did
	 * not take the answer up. A server may well be silent after its own.
	 * What began before we looked is taken for established. */
	if (seen == FL_TCP_SYN)
		return FL_TIMEOUT_TCP_OPENING;
	return FL_TIMEOUT_TCP_ESTABLISHED;
}

/* What was answered and silent since its beginning is a question and its
 * answer. Signed: of a beginning that was lost the entry is younger. */
static __always_inline bool is_udp_stream(const struct fl_flow *f,
					  const struct fl_flow *reply,
					  __u64 last_seen)
{
	return reply && reply->packets &&
	       (__s64)(last_seen - f->created_ns) >= FL_UDP_STREAM_NS;
}

/* f: of who began; last_seen: of either direction. */
static __always_inline __u32 timeout_of(__u8 proto, const struct fl_flow *f,
					const struct fl_flow *reply,
					__u64 last_seen)
{
	bool replied = reply && reply->packets;

	switch (proto) {
	case IPPROTO_TCP:
		return timeout_tcp(f, reply);
	case IPPROTO_UDP:
		return is_udp_stream(f, reply, last_seen)
			       ? FL_TIMEOUT_UDP_STREAM
			       : FL_TIMEOUT_UDP;
	case IPPROTO_SCTP:
		return replied ? FL_TIMEOUT_SCTP_REPLIED
			       : FL_TIMEOUT_SCTP_UNREPLIED;
	case IPPROTO_ICMP:
	case IPPROTO_ICMPV6:
		return FL_TIMEOUT_ICMP;
	}
	return FL_TIMEOUT_OTHER;
}

/* Returns 1 if the connection was idle for too long and is gone. */
static __always_inline int
reap(struct __sk_buff *skb, const struct fl_tuple *key, __u64 now, bool hurry)
{
	struct fl_flow *f = bpf_map_lookup_elem(&fl_flows, key), *other;
	struct fl_tuple other_key;
	__u64 last_seen;
	__u32 timeout;

	if (!f)
		return 0;
	tuple_reverse(&f->to, &other_key);
	other = bpf_map_lookup_elem(&fl_flows, &other_key);

	last_seen = f->last_seen_ns;
	if (other && (__s64)(other->last_seen_ns - last_seen) > 0)
		last_seen = other->last_seen_ns;
	if (f->flags & FL_FLOW_REPLY && other)
		timeout = timeout_of(key->proto, other, f, last_seen);
	else
		timeout = timeout_of(key->proto, f, other, last_seen);
	if (hurry && timeout <= FL_TIMEOUT_SHORT)
		timeout /= FL_TIMEOUT_HURRY;
	/* Signed: an entry may have been used after `now` was read. */
	if ((__s64)(now - last_seen) < timeout * 1000000000LL)
		return 0;

	if (f->flags & FL_FLOW_REPLY && other)
		event_flow_closed(skb, &other_key, other, f);
	else
		event_flow_closed(skb, key, f, other);
	bpf_map_delete_elem(&fl_flows, key);
	bpf_map_delete_elem(&fl_flows, &other_key);
	count(FL_COUNT_FLOWS_REAPED);
	return 1;
}

SEC("tc")
int fl_reap(struct __sk_buff *skb)
{
	__u64 now = bpf_ktime_get_ns();
	struct fl_reap_head head;
	struct fl_tuple key;
	int removed = 0;

	if (bpf_skb_load_bytes(skb, 0, &head, sizeof(head)))
		return -1;
	for (int i = 0; i < FL_REAP_MAX; i++) {
		if (i >= head.count)
			break;
		if (bpf_skb_load_bytes(skb, sizeof(head) + i * sizeof(key),
				       &key, sizeof(key)))
			break;
		removed += reap(skb, &key, now, head.hurry);
	}
	return removed;
}
