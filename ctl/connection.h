/* SPDX-License-Identifier: Apache-2.0 */
/* Entries of the flow table put together: a connection is two of them. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include <fairlead/abi.h>

#include "../lib/err.h"

struct flow_entry {
	struct fl_tuple key;
	struct fl_flow flow;
};

/* tuple and to are seen from the side that began it: as its packets come in,
 * and as they go out. One of the entries may be missing (evicted). */

struct connection {
	struct fl_tuple tuple;
	struct fl_tuple to;
	const struct fl_flow *sent;    /* from the beginner, or NULL */
	const struct fl_flow *replies; /* to the beginner, or NULL */
};

enum connection_state {
	STATE_SYN_SENT,	    /* TCP: a SYN, and nothing came back */
	STATE_SYN_RECEIVED, /* both SYNs, but the handshake did not end */
	STATE_ESTABLISHED,
	STATE_CLOSING, /* FIN from one side */
	STATE_CLOSED,  /* FIN from both */
	STATE_RESET,
	STATE_ONE_SIDED, /* TCP seen from its middle on, in one direction */
	STATE_UNREPLIED, /* UDP and others */
	STATE_REPLIED,
	STATE_MAX,
};

const char *state_name(enum connection_state state);
int set_state(const char *text, void *field, struct err *e); /* int, -1: any */

/* Pair n entries; sorts them, and the result points into them. Room for n
 * connections in *out; returns how many there are. */
size_t connections_pair(struct flow_entry *entries, size_t n,
			struct connection *out);

enum connection_state connection_state(const struct connection *c);
bool connection_is_masqueraded(const struct connection *c);
bool connection_is_translated(const struct connection *c);
__u64 connection_created_ns(const struct connection *c); /* the earlier */
__u64 connection_seen_ns(const struct connection *c);	 /* the later */

/* Source and destination exchanged. */
struct fl_tuple tuple_reverse(const struct fl_tuple *t);
