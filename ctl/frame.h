/* SPDX-License-Identifier: Apache-2.0 */
/* The packet that begins a connection, as `fairlead trace` shows it to the
 * datapath. */
#pragma once

#include "../lib/err.h"
#include "../loader/loader.h"

/* What --port says: "80/tcp", "53/udp", "80" (TCP), "icmp", "132". */
struct frame_target {
	bool given;
	bool icmp; /* of the packet's family */
	__u8 proto;
	unsigned int port; /* 0 where the protocol has none */
};

int set_target(const char *text, void *field, struct err *e);

/* SYN, INIT, echo request, or the bare header with zeros behind it. */
void frame_make(const struct fl_tuple *t, const __u8 source_mac[6],
		struct trace_frame *out);

/* What the hooks drop before they ask anybody; FL_REASON_MAX: nothing. */
unsigned int frame_unroutable(const struct fl_addr *to);
