/* SPDX-License-Identifier: Apache-2.0 */
/* Verdicts as a function of protocol and port, and the fewest entries of an
 * LPM trie that say the same. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include <fairlead/abi.h>

#include "object.h"

/* The protocols that rules can name, and all others, which have no ports. */
enum ports_class { PORTS_TCP, PORTS_UDP, PORTS_SCTP, PORTS_OTHER };

/* A verdict with its rule as one number. */
#define PORTS_VALUE(rule, verdict) ((__u32)(rule) << 1 | (verdict))
#define PORTS_RULE(value)	   ((value) >> 1)
#define PORTS_VERDICT(value)	   ((value)&1)
#define PORTS_NOTHING		   PORTS_VALUE(0, FL_DENY)

/* What a rule speaks of. */
struct ports_match {
	__u8 proto; /* IPPROTO_TCP, _UDP, _SCTP */
	__u16 first, last;
};

struct ports_rule {
	enum policy_tier tier;
	enum policy_action action;
	__u32 number;
	bool all; /* any protocol, any port; else the matches */
	const struct ports_match *matches;
	size_t n_matches;
};

/* To `last` from where the span before ends; the last one ends at 65535. */
struct ports_span {
	__u32 last;
	__u32 value;
};

struct ports_function {
	struct ports_span *spans[PORTS_OTHER];
	size_t n[PORTS_OTHER], room[PORTS_OTHER];
	__u32 other;
};

/* Rules in the order in which they are asked. closed: what reaches the end of
 * the NetworkPolicy tier is denied; else what reaches the end is allowed. */
void ports_resolve(const struct ports_rule *rules, size_t n, bool closed,
		   struct ports_function *out);
__u32 ports_value(const struct ports_function *f, __u8 proto, __u16 port);
void ports_free(struct ports_function *f); /* and empty */

/* An entry of the trie. bits as FL_POLICY_BITS_*; port in host order. */
struct ports_prefix {
	__u8 bits;
	__u8 proto;
	__u16 port;
	__u32 value;
};

struct ports_cover {
	struct ports_prefix *items; /* by protocol, port and bits */
	size_t n, room;
};

/* The fewest entries that say f to who asks `below` where he finds nothing.
 * below NULL: there is PORTS_NOTHING below. */
void ports_cover(const struct ports_function *f,
		 const struct ports_function *below, struct ports_cover *out);
void ports_cover_free(struct ports_cover *c); /* and empty */
