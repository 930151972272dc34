/* SPDX-License-Identifier: Apache-2.0 */
/* Addresses and prefixes as the maps have them, and as people write them. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include <fairlead/abi.h>

#define ADDR_STRLEN   46 /* with the final NUL */
#define PREFIX_STRLEN 50

bool addr_is_v4(const struct fl_addr *a);
bool addr_is_zero(const struct fl_addr *a); /* all 16 bytes; also 0.0.0.0 */
bool addr_equal(const struct fl_addr *a, const struct fl_addr *b);

/* "10.0.0.1" or "fd00::1" -> address. No zone, no prefix length, no port.
 * Returns 0, or -EINVAL with *out untouched. */
int addr_parse(const char *text, struct fl_addr *out);

/* Writes at most ADDR_STRLEN bytes; returns buf. IPv4 in dotted form. */
const char *addr_format(const struct fl_addr *a, char buf[ADDR_STRLEN]);

/* To and from struct in_addr (4 bytes) and struct in6_addr (16 bytes), network
 * order; family is AF_INET or AF_INET6. addr_bytes points at the family's own
 * bytes within *a and sets *len to 4 or 16. */
struct fl_addr addr_from_bytes(int family, const void *bytes);
const void *addr_bytes(const struct fl_addr *a, int *family, size_t *len);

/* "10.0.0.0/24", "fd00::/64"; a bare address is a host prefix. With `strict`,
 * bits behind the length must be 0 (-EINVAL), else they are cleared. */
int prefix_parse(const char *text, bool strict, struct fl_prefix *out);
/* The prefix of the given address; len counts in the address's own family. */
int prefix_make(const struct fl_addr *a, unsigned int len,
		struct fl_prefix *out);
const char *prefix_format(const struct fl_prefix *p, char buf[PREFIX_STRLEN]);
bool prefix_is_v4(const struct fl_prefix *p);
/* Length as people write it: 0..32 for IPv4, 0..128 for IPv6. */
unsigned int prefix_length(const struct fl_prefix *p);
bool prefix_contains(const struct fl_prefix *p, const struct fl_addr *a);
bool prefix_overlaps(const struct fl_prefix *a, const struct fl_prefix *b);

/* The address n behind a (carries over all bits of its family). */
struct fl_addr addr_add(const struct fl_addr *a, unsigned long long n);
/* <0, 0, >0 as memcmp, in network order, so numeric order. */
int addr_compare(const struct fl_addr *a, const struct fl_addr *b);
