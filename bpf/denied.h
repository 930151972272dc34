/* SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0 */
/* Which policies deny how much: what events, of which some are held back and
 * none is kept, cannot tell to who comes later. */
#pragma once

#include "context.h"
#include "slow.h"

static __always_inline void denied_count(const struct __sk_buff *skb,
					 const struct fl_tuple *tuple,
					 const struct told *told, bool audit)
{
	struct fl_denied_key key = {
		.ifindex = told->ifindex,
		.rule = told->rule,
		.direction = told->direction,
		.audit = audit,
	};
	struct fl_denied *d = bpf_map_lookup_elem(&fl_denied, &key);
	struct fl_denied none = {};
	__u64 now = bpf_ktime_get_ns();

	if (!d) {
		bpf_map_update_elem(&fl_denied, &key, &none, BPF_NOEXIST);
		d = bpf_map_lookup_elem(&fl_denied, &key);
		if (!d)
			return;
	}
	__sync_fetch_and_add(&d->packets, 1);
	__sync_fetch_and_add(&d->bytes, skb->len);
	if (now - d->last_ns < FL_DENIED_NOTE_NS)
		return;
	d->last_ns = now;
	d->last = *tuple;
}
