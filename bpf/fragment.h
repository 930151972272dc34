/* SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0 */
/*
 * Only the first fragment of a datagram carries ports. It leaves them in
 * fl_fragments, where the later ones find them.
 *
 * A later fragment that comes before the first one has no ports. It still goes
 * where its addresses say, without an entry in fl_flows: nothing can be made of
 * it without the first one, which is decided on as any packet. What needs a
 * translation cannot go on and is dropped.
 */
#pragma once

#include "context.h"

/* Completes p->key. Returns false where the ports are not known. */
static __always_inline bool fragment_ports(const struct __sk_buff *skb,
					   struct pkt *p, __u32 hook)
{
	struct fl_fragment_key key = {
		.saddr = p->key.saddr,
		.daddr = p->key.daddr,
		.id = p->frag_id,
		.ifindex = skb->ifindex,
		.proto = p->key.proto,
		.hook = hook,
	};
	struct fl_fragment ports, *known;

	if (p->flags & PKT_FRAG_FIRST) {
		ports.sport = p->key.sport;
		ports.dport = p->key.dport;
		bpf_map_update_elem(&fl_fragments, &key, &ports, BPF_ANY);
		return true;
	}
	known = bpf_map_lookup_elem(&fl_fragments, &key);
	if (!known)
		return false;
	p->key.sport = known->sport;
	p->key.dport = known->dport;
	return true;
}
