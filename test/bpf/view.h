/* SPDX-License-Identifier: Apache-2.0 */
/* A packet read back: what its headers say, once all of them are right. */
#pragma once

#include <stdbool.h>

#include <fairlead/abi.h>

#include "packet.h"

struct view {
	const __u8 *dmac, *smac;
	__u16 ethertype;
	struct fl_addr saddr, daddr;
	size_t ip_len; /* of the whole IP packet */
	size_t l4_off; /* in the frame */
	size_t l4_len;
	__u8 tos, ttl, proto;
	bool df;
	bool fragment; /* first or later */
	bool later;    /* has no ports */
	__u32 id;      /* of an IPv4 packet, or of a fragment */
	/* As struct fl_tuple has them: an echo's identifier counts as one. */
	__u16 sport, dport;
	__u8 tcp_flags;
	bool icmp_error;
	__u8 icmp_type, icmp_code;
	__u32 icmp_rest; /* second word: MTU, identifier and sequence number */
	size_t quote_off, quote_len; /* 0: none */
};

/* Reads *p and recomputes every checksum in it. Returns NULL, or what is
 * wrong with the packet; *v has then what came before that. */
const char *packet_view(const struct packet *p, struct view *v);

/* The tuple that the datapath looks the packet up by. */
struct fl_tuple packet_tuple(const struct packet *p);
struct fl_tuple tuple_reversed(struct fl_tuple t);
