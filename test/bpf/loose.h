/* SPDX-License-Identifier: Apache-2.0 */
/* A packet read with a blind eye: whatever is wrong with its checksums, its
 * lengths or its end, who speaks with whom is told as far as it is there. For
 * judging what became of packets that no sender makes. */
#pragma once

#include <stdbool.h>

#include <fairlead/abi.h>

#include "packet.h"

struct loose {
	struct fl_tuple tuple; /* ports 0 where they are not there */
	bool v6;
	bool later;	      /* a fragment without ports */
	bool fragment;	      /* any */
	bool icmp_error;      /* and so quotes */
	__u8 ttl, extensions; /* how many headers are between */
	size_t l4_off;	      /* in the frame */
	size_t quote_off;     /* likewise, 0: none */
};

/* false: it is no IP packet, or ends within the IP header. */
bool loose_read(const struct packet *p, struct loose *out);
/* The same of what it quotes. */
bool loose_quoted(const struct packet *p, const struct loose *l,
		  struct loose *out);
