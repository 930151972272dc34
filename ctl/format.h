/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Numbers, times, addresses and names as people read them. Every function
 * writes into the caller's buffer and returns it; FORMAT_LEN is enough for all.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include <fairlead/abi.h>

#define FORMAT_LEN 64

/* 12345 -> "12345", human: "12.3k". */
const char *format_count(__u64 n, bool human, char buf[FORMAT_LEN]);
/* 12345 -> "12345", human: "12.1KiB". */
const char *format_bytes(__u64 n, bool human, char buf[FORMAT_LEN]);
/* The two largest units: "0s", "42s", "3m12s", "5h04m", "2d03h". */
const char *format_duration(__u64 ns, char buf[FORMAT_LEN]);
/* A rate per second: "0", "0.4", "12", "1234". */
const char *format_rate(double per_second, bool human, char buf[FORMAT_LEN]);
/* part of whole: "0%", "<1%", "37%"; "-" where the whole is 0. */
const char *format_percent(__u64 part, __u64 whole, char buf[FORMAT_LEN]);

/* "10.1.0.5:80", "[fd00::5]:80"; without the port where the protocol has
 * none (ICMP identifiers are no ports). */
const char *format_peer(const struct fl_addr *addr, __be16 port, __u8 proto,
			char buf[FORMAT_LEN]);
bool proto_has_ports(__u8 proto);
/* "tcp", "udp", "sctp", "icmp", "icmpv6", else the number. */
const char *format_proto(__u8 proto, char buf[FORMAT_LEN]);
/* A name of those, or 0..255. Returns 0 or -EINVAL. */
int proto_parse(const char *text, __u8 *proto);

/* "host", "remote-node", "world", "pod", "unknown", else the number. */
const char *format_identity(__u32 identity, char buf[FORMAT_LEN]);

/* Copy text, at most size bytes with the NUL, with what is no UTF-8 and what
 * a terminal would obey (control characters) as '?'. Never ends within a
 * character. */
void format_clean(const char *text, char *buf, size_t size);
/* Columns of a terminal that clean text takes. */
size_t format_width(const char *text);
/* Bytes of the longest prefix that takes at most `columns`. */
size_t format_prefix(const char *text, size_t columns);

/* Words of text on lines of at most `width` columns (0: one line), each after
 * `indent` blanks; _from: the first line's are there already. */
void text_wrap(const char *text, unsigned int indent, unsigned int width,
	       FILE *out);
void text_wrap_from(const char *text, unsigned int indent, unsigned int width,
		    FILE *out);
