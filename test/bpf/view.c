// SPDX-License-Identifier: Apache-2.0
#include "view.h"

#include <arpa/inet.h>
#include <net/ethernet.h>
#include <netinet/in.h>
#include <string.h>

#include "../../lib/addr.h"

static __u16 get16(const __u8 *p)
{
	return p[0] << 8 | p[1];
}

static __u32 get32(const __u8 *p)
{
	return (__u32)get16(p) << 16 | get16(p + 2);
}

static bool is_icmp_error(__u8 proto, __u8 type)
{
	if (proto == IPPROTO_ICMPV6)
		return type < 128;
	return type == 3 || type == 4 || type == 11 || type == 12;
}

static bool is_echo(__u8 proto, __u8 type, bool *reply)
{
	*reply = type == (proto == IPPROTO_ICMP ? 0 : 129);
	return *reply || type == (proto == IPPROTO_ICMP ? 8 : 128);
}

/* ---- IP -------------------------------------------------------------- */

/* Each returns NULL and moves *off to the layer above, or what is wrong. */

static const char *view_v4(const struct packet *p, size_t *off, struct view *v)
{
	const __u8 *ip = p->data + *off;
	size_t head;
	__u16 frag;

	if (p->len < *off + IPV4_LEN)
		return "short IPv4 header";
	head = (ip[0] & 15) * 4;
	v->ip_len = get16(ip + 2);
	if (ip[0] >> 4 != 4 || head < IPV4_LEN)
		return "bad IPv4 version or header length";
	if (v->ip_len != p->len - *off || head > v->ip_len)
		return "IPv4 total length is not the packet's";
	if (checksum(ip, head, 0))
		return "IPv4 header checksum is wrong";
	frag = get16(ip + 6);
	v->tos = ip[1];
	v->id = get16(ip + 4);
	v->df = frag & 0x4000;
	v->fragment = frag & 0x3fff;
	v->later = frag & 0x1fff;
	v->ttl = ip[8];
	v->proto = ip[9];
	v->saddr = addr_from_bytes(AF_INET, ip + 12);
	v->daddr = addr_from_bytes(AF_INET, ip + 16);
	*off += head;
	return NULL;
}

static const char *view_extensions(const struct packet *p, size_t *off,
				   struct view *v)
{
	for (;;) {
		const __u8 *ext = p->data + *off;
		size_t len;

		switch (v->proto) {
		case IPPROTO_HOPOPTS:
		case IPPROTO_ROUTING:
		case IPPROTO_DSTOPTS:
			len = (ext[1] + 1) * 8;
			break;
		case IPPROTO_AH:
			len = (ext[1] + 2) * 4;
			break;
		case IPPROTO_FRAGMENT:
			len = FRAGMENT_LEN;
			v->fragment = get16(ext + 2) & 0xfff9;
			v->later = get16(ext + 2) & 0xfff8;
			v->id = get32(ext + 4);
			break;
		default:
			return NULL;
		}
		if (*off + len > p->len)
			return "short IPv6 extension header";
		v->proto = ext[0];
		*off += len;
		if (v->later)
			return NULL;
	}
}

static const char *view_v6(const struct packet *p, size_t *off, struct view *v)
{
	const __u8 *ip = p->data + *off;

	if (p->len < *off + IPV6_LEN)
		return "short IPv6 header";
	v->ip_len = get16(ip + 4) + IPV6_LEN;
	if (ip[0] >> 4 != 6)
		return "bad IPv6 version";
	if (v->ip_len != p->len - *off)
		return "IPv6 payload length is not the packet's";
	v->tos = get16(ip) >> 4;
	v->df = true;
	v->proto = ip[6];
	v->ttl = ip[7];
	v->saddr = addr_from_bytes(AF_INET6, ip + 8);
	v->daddr = addr_from_bytes(AF_INET6, ip + 24);
	*off += IPV6_LEN;
	return view_extensions(p, off, v);
}

/* ---- what IP carries ------------------------------------------------- */

static const char *view_quote(const struct packet *p, struct view *v)
{
	const __u8 *ip = p->data + v->quote_off;
	size_t head;

	if (v->proto == IPPROTO_ICMPV6)
		return v->quote_len < IPV6_LEN || ip[0] >> 4 != 6
			       ? "no IPv6 header in quoted packet"
			       : NULL;
	head = (ip[0] & 15) * 4;
	if (v->quote_len < head || head < IPV4_LEN || ip[0] >> 4 != 4)
		return "no IPv4 header in quoted packet";
	if (checksum(ip, head, 0))
		return "checksum of quoted IPv4 header is wrong";
	return NULL;
}

static const char *view_icmp(const struct packet *p, struct view *v, bool sums)
{
	const __u8 *icmp = p->data + v->l4_off;
	bool reply;
	__u32 sum = 0;

	if (v->l4_len < 8)
		return "short ICMP header";
	v->icmp_type = icmp[0];
	v->icmp_code = icmp[1];
	v->icmp_rest = get32(icmp + 4);
	if (is_echo(v->proto, v->icmp_type, &reply))
		*(reply ? &v->dport : &v->sport) = get16(icmp + 4);
	if (v->proto == IPPROTO_ICMPV6)
		sum = checksum_pseudo(&v->saddr, &v->daddr, v->l4_len,
				      v->proto);
	if (sums && checksum(icmp, v->l4_len, sum))
		return "ICMP checksum is wrong";
	v->icmp_error = is_icmp_error(v->proto, v->icmp_type);
	if (!v->icmp_error)
		return NULL;
	v->quote_off = v->l4_off + 8;
	v->quote_len = v->l4_len - 8;
	return view_quote(p, v);
}

static const char *view_ports(const struct packet *p, struct view *v, bool sums)
{
	const __u8 *l4 = p->data + v->l4_off;
	static const size_t heads[] = {
		[IPPROTO_TCP] = 20, [IPPROTO_UDP] = 8, [IPPROTO_SCTP] = 12};
	__u32 crc;

	if (v->l4_len < heads[v->proto])
		return "short TCP, UDP or SCTP header";
	v->sport = get16(l4);
	v->dport = get16(l4 + 2);
	if (v->proto == IPPROTO_TCP)
		v->tcp_flags = l4[13];
	if (!sums || (v->proto == IPPROTO_UDP && !get16(l4 + 6)))
		return NULL;
	if (v->proto == IPPROTO_SCTP) {
		crc = checksum_sctp(l4, v->l4_len);
		return memcmp(l4 + 8, &crc, 4) ? "SCTP checksum is wrong"
					       : NULL;
	}
	if (v->proto == IPPROTO_UDP && get16(l4 + 4) != v->l4_len)
		return "UDP length is not the packet's";
	if (checksum(
		    l4, v->l4_len,
		    checksum_pseudo(&v->saddr, &v->daddr, v->l4_len, v->proto)))
		return "TCP or UDP checksum is wrong";
	return NULL;
}

const char *packet_view(const struct packet *p, struct view *v)
{
	size_t off = ETH_LEN;
	const char *wrong;

	memset(v, 0, sizeof(*v));
	if (p->len < ETH_LEN)
		return "short Ethernet header";
	v->dmac = p->data;
	v->smac = p->data + 6;
	v->ethertype = get16(p->data + 12);
	if (v->ethertype == ETHERTYPE_IP)
		wrong = view_v4(p, &off, v);
	else if (v->ethertype == ETHERTYPE_IPV6)
		wrong = view_v6(p, &off, v);
	else
		return NULL;
	if (wrong || v->later)
		return wrong;
	v->l4_off = off;
	v->l4_len = p->len - off;
	switch (v->proto) {
	case IPPROTO_ICMP:
	case IPPROTO_ICMPV6:
		return view_icmp(p, v, !v->fragment);
	case IPPROTO_TCP:
	case IPPROTO_UDP:
	case IPPROTO_SCTP:
		return view_ports(p, v, !v->fragment);
	default:
		return NULL;
	}
}

struct fl_tuple packet_tuple(const struct packet *p)
{
	struct view v;

	packet_view(p, &v);
	return (struct fl_tuple){
		.saddr = v.saddr,
		.daddr = v.daddr,
		.sport = htons(v.sport),
		.dport = htons(v.dport),
		.proto = v.proto,
	};
}

struct fl_tuple tuple_reversed(struct fl_tuple t)
{
	return (struct fl_tuple){
		.saddr = t.daddr,
		.daddr = t.saddr,
		.sport = t.dport,
		.dport = t.sport,
		.proto = t.proto,
	};
}
