// SPDX-License-Identifier: Apache-2.0
#include "loose.h"

#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>

#include "../../lib/addr.h"

/* A 16-bit number at an offset, 0 behind the end. */
static __u16 get16(const struct packet *p, size_t off)
{
	return off + 2 <= p->len ? p->data[off] << 8 | p->data[off + 1] : 0;
}

static __u8 get8(const struct packet *p, size_t off)
{
	return off < p->len ? p->data[off] : 0;
}

/* Ports as they are in the packet, so in network order. */
static __be16 port_at(const struct packet *p, size_t off)
{
	__be16 port = 0;

	if (off + 2 <= p->len)
		memcpy(&port, p->data + off, 2);
	return port;
}

static void read_icmp(const struct packet *p, struct loose *l)
{
	__u8 type = get8(p, l->l4_off);
	bool v4 = l->tuple.proto == IPPROTO_ICMP;

	if (l->l4_off + 8 > p->len)
		return;
	if (type == (v4 ? 8 : 128))
		l->tuple.sport = port_at(p, l->l4_off + 4);
	else if (type == (v4 ? 0 : 129))
		l->tuple.dport = port_at(p, l->l4_off + 4);
	else if (v4 ? type == 3 || type == 11 || type == 12 : type < 128)
		l->icmp_error = true;
	if (l->icmp_error)
		l->quote_off = l->l4_off + 8;
}

static void read_l4(const struct packet *p, struct loose *l)
{
	switch (l->tuple.proto) {
	case IPPROTO_TCP:
	case IPPROTO_UDP:
	case IPPROTO_SCTP:
		l->tuple.sport = port_at(p, l->l4_off);
		l->tuple.dport = port_at(p, l->l4_off + 2);
		return;
	case IPPROTO_ICMP:
	case IPPROTO_ICMPV6:
		read_icmp(p, l);
	}
}

static bool read_v4(const struct packet *p, size_t off, struct loose *l)
{
	const __u8 *ip = p->data + off;
	__u16 fragment = get16(p, off + 6);

	if (off + IPV4_LEN > p->len || ip[0] >> 4 != 4)
		return false;
	l->tuple.saddr = addr_from_bytes(AF_INET, ip + 12);
	l->tuple.daddr = addr_from_bytes(AF_INET, ip + 16);
	l->tuple.proto = ip[9];
	l->ttl = ip[8];
	l->fragment = fragment & 0x3fff;
	l->later = fragment & 0x1fff;
	l->l4_off = off + (ip[0] & 15) * 4;
	return true;
}

static bool read_v6(const struct packet *p, size_t off, struct loose *l)
{
	const __u8 *ip = p->data + off;

	if (off + IPV6_LEN > p->len || ip[0] >> 4 != 6)
		return false;
	l->v6 = true;
	l->tuple.saddr = addr_from_bytes(AF_INET6, ip + 8);
	l->tuple.daddr = addr_from_bytes(AF_INET6, ip + 24);
	l->tuple.proto = ip[6];
	l->ttl = ip[7];
	for (off += IPV6_LEN; !l->later && off < p->len;) {
		__u8 next = get8(p, off), len = get8(p, off + 1);

		if (l->tuple.proto == IPPROTO_FRAGMENT) {
			l->fragment = get16(p, off + 2) & 0xfff9;
			l->later = get16(p, off + 2) & 0xfff8;
			off += FRAGMENT_LEN;
		} else if (l->tuple.proto == IPPROTO_AH) {
			off += (len + 2) * 4;
		} else if (l->tuple.proto == IPPROTO_HOPOPTS ||
			   l->tuple.proto == IPPROTO_ROUTING ||
			   l->tuple.proto == IPPROTO_DSTOPTS) {
			off += (len + 1) * 8;
		} else {
			break;
		}
		l->tuple.proto = next;
		l->extensions++;
	}
	l->l4_off = off;
	return true;
}

static bool read_ip(const struct packet *p, size_t off, bool v6,
		    struct loose *out)
{
	memset(out, 0, sizeof(*out));
	if (!(v6 ? read_v6(p, off, out) : read_v4(p, off, out)))
		return false;
	if (!out->later)
		read_l4(p, out);
	return true;
}

bool loose_read(const struct packet *p, struct loose *out)
{
	__u16 type = get16(p, 12);

	if (type != 0x0800 && type != 0x86dd)
		return false;
	return read_ip(p, ETH_LEN, type == 0x86dd, out);
}

bool loose_quoted(const struct packet *p, const struct loose *l,
		  struct loose *out)
{
	return l->quote_off && read_ip(p, l->quote_off, l->v6, out);
}
