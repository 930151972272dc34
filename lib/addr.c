/* SPDX-License-Identifier: Apache-2.0 */
#include "addr.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Where the four bytes of an IPv4 address are, and the bits in front. */
#define V4_OFFSET 12
#define V4_BITS	  96

bool addr_is_v4(const struct fl_addr *a)
{
	return !a->w[0] && !a->w[1] && a->w[2] == htonl(0xffff);
}

bool addr_is_zero(const struct fl_addr *a)
{
	return !a->w[3] && !a->w[0] && !a->w[1] && (!a->w[2] || addr_is_v4(a));
}

bool addr_equal(const struct fl_addr *a, const struct fl_addr *b)
{
	return !memcmp(a, b, sizeof(*a));
}

int addr_compare(const struct fl_addr *a, const struct fl_addr *b)
{
	return memcmp(a, b, sizeof(*a));
}

struct fl_addr addr_from_bytes(int family, const void *bytes)
{
	struct fl_addr a = {};

	if (family == AF_INET) {
		a.w[2] = htonl(0xffff);
		memcpy(&a.w[3], bytes, 4);
	} else {
		memcpy(&a, bytes, sizeof(a));
	}
	return a;
}

const void *addr_bytes(const struct fl_addr *a, int *family, size_t *len)
{
	bool v4 = addr_is_v4(a);

	*family = v4 ? AF_INET : AF_INET6;
	*len = v4 ? 4 : sizeof(*a);
	return (const unsigned char *)a + (v4 ? V4_OFFSET : 0);
}

int addr_parse(const char *text, struct fl_addr *out)
{
	int family = strchr(text, ':') ? AF_INET6 : AF_INET;
	unsigned char bytes[16];

	if (inet_pton(family, text, bytes) != 1)
		return -EINVAL;
	*out = addr_from_bytes(family, bytes);
	return 0;
}

const char *addr_format(const struct fl_addr *a, char buf[ADDR_STRLEN])
{
	int family;
	size_t len;
	const void *bytes = addr_bytes(a, &family, &len);

	inet_ntop(family, bytes, buf, ADDR_STRLEN);
	return buf;
}

struct fl_addr addr_add(const struct fl_addr *a, unsigned long long n)
{
	struct fl_addr sum = *a;
	unsigned char *bytes = (unsigned char *)&sum;
	int first = addr_is_v4(a) ? V4_OFFSET : 0;
	unsigned long long carry = n;

	for (int i = sizeof(sum) - 1; i >= first && carry; i--) {
		unsigned int low = bytes[i] + (carry & 0xff);

		bytes[i] = low & 0xff;
		carry = (carry >> 8) + (low >> 8);
	}
	return sum;
}

/* ---- prefixes ---------------------------------------------------------- */

/* Clears what is behind the first `bits` of the 128; was there anything? */
static bool clear_tail(struct fl_addr *a, unsigned int bits)
{
	unsigned char *bytes = (unsigned char *)a;
	bool had = false;

	for (unsigned int i = bits / 8; i < sizeof(*a); i++) {
		unsigned int keep = i == bits / 8 ? bits % 8 : 0;
		unsigned char tail = 0xff >> keep;

		had |= bytes[i] & tail;
		bytes[i] &= ~tail;
	}
	return had;
}

static bool same_bits(const struct fl_addr *a, const struct fl_addr *b,
		      unsigned int bits)
{
	const unsigned char *x = (const unsigned char *)a;
	const unsigned char *y = (const unsigned char *)b;
	unsigned char mask = ~(0xff >> bits % 8);

	if (memcmp(x, y, bits / 8))
		return false;
	return bits % 8 == 0 || !((x[bits / 8] ^ y[bits / 8]) & mask);
}

bool prefix_is_v4(const struct fl_prefix *p)
{
	return p->prefix_len >= V4_BITS && addr_is_v4(&p->addr);
}

unsigned int prefix_length(const struct fl_prefix *p)
{
	return p->prefix_len - (prefix_is_v4(p) ? V4_BITS : 0);
}

int prefix_make(const struct fl_addr *a, unsigned int len,
		struct fl_prefix *out)
{
	unsigned int front = addr_is_v4(a) ? V4_BITS : 0;
	struct fl_prefix p = {.addr = *a};

	if (len > 128 - front)
		return -EINVAL;
	p.prefix_len = front + len;
	clear_tail(&p.addr, p.prefix_len);
	*out = p;
	return 0;
}

/* Digits only: no sign, no space, no "024". */
static int length_parse(const char *text, unsigned int *len)
{
	char *end;

	if (!isdigit((unsigned char)text[0]) || (text[0] == '0' && text[1]) ||
	    strlen(text) > 3)
		return -EINVAL;
	*len = strtoul(text, &end, 10);
	return *end ? -EINVAL : 0;
}

int prefix_parse(const char *text, bool strict, struct fl_prefix *out)
{
	const char *slash = strchr(text, '/');
	size_t n = slash ? (size_t)(slash - text) : strlen(text);
	char host[ADDR_STRLEN];
	struct fl_addr a;
	unsigned int len;
	struct fl_prefix p;

	if (n >= sizeof(host))
		return -EINVAL;
	memcpy(host, text, n);
	host[n] = '\0';
	if (addr_parse(host, &a))
		return -EINVAL;
	len = addr_is_v4(&a) ? 32 : 128;
	if (slash && length_parse(slash + 1, &len))
		return -EINVAL;
	if (prefix_make(&a, len, &p))
		return -EINVAL;
	if (strict && !addr_equal(&p.addr, &a))
		return -EINVAL;
	*out = p;
	return 0;
}

const char *prefix_format(const struct fl_prefix *p, char buf[PREFIX_STRLEN])
{
	size_t n;

	addr_format(&p->addr, buf);
	n = strlen(buf);
	snprintf(buf + n, PREFIX_STRLEN - n, "/%u", prefix_length(p));
	return buf;
}

/* The families are worlds of their own: ::/0 holds no IPv4 address, although
 * its bits are in front of those of the mapped ones. */
bool prefix_contains(const struct fl_prefix *p, const struct fl_addr *a)
{
	return prefix_is_v4(p) == addr_is_v4(a) &&
	       same_bits(&p->addr, a, p->prefix_len);
}

bool prefix_overlaps(const struct fl_prefix *a, const struct fl_prefix *b)
{
	unsigned int shorter =
		a->prefix_len < b->prefix_len ? a->prefix_len : b->prefix_len;

	return prefix_is_v4(a) == prefix_is_v4(b) &&
	       same_bits(&a->addr, &b->addr, shorter);
}
