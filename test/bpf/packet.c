// SPDX-License-Identifier: Apache-2.0
#include "packet.h"

#include <arpa/inet.h>
#include <assert.h>
#include <net/ethernet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>

#include "../../lib/addr.h"

enum { LAYERS_MAX = 40 };

/* What is known of the packet while it is built. */
struct build {
	struct packet *p;
	const struct layer *layers;
	size_t off[LAYERS_MAX + 1];
	bool v4; /* of the IP layer last seen */
	int ip;	 /* its index, -1: none */
};

static void put(struct build *b, const void *bytes, size_t len)
{
	assert(b->p->len + len <= PACKET_MAX);
	if (bytes)
		memcpy(b->p->data + b->p->len, bytes, len);
	else
		memset(b->p->data + b->p->len, 0, len);
	b->p->len += len;
}

static void put8(struct build *b, __u8 v)
{
	put(b, &v, 1);
}

static void put16(struct build *b, __u16 v)
{
	v = htons(v);
	put(b, &v, 2);
}

static void put32(struct build *b, __u32 v)
{
	v = htonl(v);
	put(b, &v, 4);
}

static void set16(struct build *b, size_t off, __u16 v)
{
	v = htons(v);
	memcpy(b->p->data + off, &v, 2);
}

static void put_addr(struct build *b, const struct fl_addr *a)
{
	if (addr_is_v4(a))
		put(b, &a->w[3], 4);
	else
		put(b, a, 16);
}

/* ---- numbers of the next protocol ------------------------------------ */

static __u16 ethertype_of(const struct layer *next)
{
	switch (next->type) {
	case LAYER_VLAN:
		return next->vlan.tpid ? next->vlan.tpid : ETHERTYPE_VLAN;
	case LAYER_ARP:
		return ETHERTYPE_ARP;
	case LAYER_IP:
		return addr_is_v4(next->ip.src) ? ETHERTYPE_IP : ETHERTYPE_IPV6;
	default:
		return 0x88b5; /* IEEE local experiment */
	}
}

static __u8 proto_of(const struct layer *next, bool v4)
{
	switch (next->type) {
	case LAYER_EXT:
		return next->ext.type;
	case LAYER_TCP:
		return IPPROTO_TCP;
	case LAYER_UDP:
		return IPPROTO_UDP;
	case LAYER_SCTP:
		return IPPROTO_SCTP;
	case LAYER_ECHO:
	case LAYER_ERROR:
	case LAYER_ICMP:
	case LAYER_ND:
		return v4 ? IPPROTO_ICMP : IPPROTO_ICMPV6;
	default:
		return IPPROTO_NONE;
	}
}

/* ---- first pass: bytes ----------------------------------------------- */

static void add_eth(struct build *b, const struct eth_layer *l,
		    const struct layer *next)
{
	put(b, l->dst, 6);
	put(b, l->src, 6);
	put16(b, l->type ? l->type : ethertype_of(next));
}

static void add_arp(struct build *b, const struct arp_layer *l)
{
	put16(b, l->hrd ? l->hrd : 1);
	put16(b, l->pro ? l->pro : ETHERTYPE_IP);
	put8(b, l->hln ? l->hln : 6);
	put8(b, l->pln ? l->pln : 4);
	put16(b, l->op ? l->op : 1);
	put(b, l->sha, 6);
	put_addr(b, l->spa);
	put(b, l->tha, 6);
	put_addr(b, l->tpa);
}

static void add_ip(struct build *b, const struct ip_layer *l,
		   const struct layer *next)
{
	__u8 ttl = l->ttl_0 ? 0 : l->ttl ? l->ttl : 64;
	__u8 proto = l->proto ? l->proto : proto_of(next, b->v4);

	if (b->v4) {
		__u8 ihl = l->ihl ? l->ihl : 5 + l->options / 4;

		put8(b, (l->version ? l->version : 4) << 4 | ihl);
		put8(b, l->tos);
		put16(b, 0);
		put16(b, l->id);
		put16(b, l->df ? 0x4000 : 0);
		put8(b, ttl);
		put8(b, proto);
		put16(b, 0);
		put_addr(b, l->src);
		put_addr(b, l->dst);
		for (int i = 0; i < l->options; i++)
			put8(b, i < l->option_len ? l->option[i]
						  : 1); /* no operation */
	} else {
		put32(b, (l->version ? l->version : 6u) << 28 | l->tos << 20);
		put16(b, 0);
		put8(b, proto);
		put8(b, ttl);
		put_addr(b, l->src);
		put_addr(b, l->dst);
	}
}

static void add_ext(struct build *b, const struct ext_layer *l,
		    const struct layer *next)
{
	bool ah = l->type == IPPROTO_AH;
	size_t len = l->len ? l->len : ah ? 12 : 8;
	size_t claim = l->claim ? l->claim : len;

	put8(b, l->next ? l->next : proto_of(next, b->v4));
	put8(b, ah ? claim / 4 - 2 : claim / 8 - 1);
	if (l->type == IPPROTO_HOPOPTS || l->type == IPPROTO_DSTOPTS) {
		put8(b, 1); /* PadN; the rest are Pad1 */
		put8(b, 4);
		put(b, NULL, len - 4);
	} else {
		put8(b, 0);
		put8(b, l->segments);
		put(b, NULL, len - 4);
	}
}

static void add_tcp(struct build *b, const struct tcp_layer *l)
{
	__u8 doff = l->doff ? l->doff : 5 + l->options / 4;

	put16(b, l->sport);
	put16(b, l->dport);
	put32(b, l->seq);
	put32(b, l->ack);
	put8(b, doff << 4);
	put8(b, l->flags ? l->flags : TCP_ACK);
	put16(b, 1024);
	put32(b, 0);
	for (int i = 0; i < l->options; i++)
		put8(b, 1);
}

static void add_error(struct build *b, const struct error_layer *l)
{
	static const __u8 v4[][2] = {{3, 4}, {3, 3}, {3, 1}, {11, 0}};
	static const __u8 v6[][2] = {{2, 0}, {1, 4}, {1, 0}, {3, 0}};

	put(b, (b->v4 ? v4 : v6)[l->kind], 2);
	put16(b, 0);
	put32(b, l->mtu);
}

static void add_nd(struct build *b, const struct nd_layer *l)
{
	__u8 type = l->type ? l->type : 135;

	put8(b, type);
	put8(b, 0);
	put16(b, 0);
	put32(b, l->flags);
	put(b, l->target, 16);
	if (l->lladdr) {
		put8(b, l->option ? l->option : type == 135 ? 1 : 2);
		put8(b, 1);
		put(b, l->lladdr, 6);
	}
}

static void add_quote(struct build *b, const struct quote_layer *l)
{
	size_t len = l->packet->len - ETH_LEN;

	put(b, l->packet->data + ETH_LEN,
	    l->len && l->len < len ? l->len : len);
}

static void add_layer(struct build *b, const struct layer *l)
{
	switch (l->type) {
	case LAYER_ETH:
		return add_eth(b, &l->eth, l + 1);
	case LAYER_VLAN:
		put16(b, l->vlan.tci);
		return put16(b, ethertype_of(l + 1));
	case LAYER_ARP:
		return add_arp(b, &l->arp);
	case LAYER_IP:
		b->v4 = addr_is_v4(l->ip.src);
		return add_ip(b, &l->ip, l + 1);
	case LAYER_EXT:
		return add_ext(b, &l->ext, l + 1);
	case LAYER_TCP:
		return add_tcp(b, &l->tcp);
	case LAYER_UDP:
		put16(b, l->udp.sport);
		put16(b, l->udp.dport);
		return put32(b, 0);
	case LAYER_SCTP:
		put16(b, l->sctp.sport);
		put16(b, l->sctp.dport);
		put32(b, 0x5eed5eed); /* verification tag */
		put32(b, 0);
		return put32(b, 0x00000010); /* head of a DATA chunk */
	case LAYER_ECHO:
		put8(b, b->v4 ? (l->echo.reply ? 0 : 8)
			      : (l->echo.reply ? 129 : 128));
		put8(b, 0);
		put16(b, 0);
		put16(b, l->echo.id);
		return put16(b, l->echo.seq);
	case LAYER_ERROR:
		return add_error(b, &l->error);
	case LAYER_ICMP:
		put8(b, l->icmp.type);
		put8(b, l->icmp.code);
		put16(b, 0);
		return put32(b, l->icmp.rest);
	case LAYER_ND:
		return add_nd(b, &l->nd);
	case LAYER_QUOTE:
		return add_quote(b, &l->quote);
	case LAYER_DATA:
		for (size_t i = 0; i < l->data.len; i++)
			put8(b, l->data.first + i);
		return;
	case LAYER_END:
		return;
	}
}

/* ---- second pass: lengths and checksums ------------------------------ */

__u16 checksum(const void *data, size_t len, __u32 sum)
{
	const __u8 *p = data;

	for (size_t i = 0; i + 1 < len; i += 2)
		sum += p[i] << 8 | p[i + 1];
	if (len % 2)
		sum += p[len - 1] << 8;
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return ~sum;
}

static __u32 sum_addr(const struct fl_addr *a)
{
	size_t from = addr_is_v4(a) ? 3 : 0;

	return (__u16)~checksum(&a->w[from], (4 - from) * 4, 0);
}

__u32 checksum_pseudo(const struct fl_addr *src, const struct fl_addr *dst,
		      size_t len, __u8 proto)
{
	return sum_addr(src) + sum_addr(dst) + len + proto;
}

__u32 checksum_sctp(const __u8 *sctp, size_t len)
{
	__u32 crc = ~0u;

	for (size_t i = 0; i < len; i++) {
		crc ^= i >= 8 && i < 12 ? 0 : sctp[i];
		for (int bit = 0; bit < 8; bit++)
			crc = crc >> 1 ^ (crc & 1 ? 0x82f63b78 : 0);
	}
	return ~crc;
}

static void fill_ip(struct build *b, const struct ip_layer *l, size_t off)
{
	size_t len = b->p->len - off;

	if (!addr_is_v4(l->src)) {
		set16(b, off + 4, len - IPV6_LEN + l->len_delta);
		return;
	}
	set16(b, off + 2, len + l->len_delta);
	set16(b, off + 10,
	      checksum(b->p->data + off, IPV4_LEN + l->options, 0) ^
		      l->bad_checksum);
}

/* Checksum field at `at` of the layer at `off`, with a pseudo header. */
static void fill_checksum(struct build *b, int i, size_t at, __u8 proto,
			  bool bad)
{
	const struct ip_layer *ip = &b->layers[b->ip].ip;
	size_t off = b->off[i], len = b->p->len - off;
	__u32 sum = 0;
	__u16 csum;

	if (proto != IPPROTO_ICMP)
		sum = checksum_pseudo(ip->src, ip->dst, len, proto);
	csum = checksum(b->p->data + off, len, sum) ^ bad;
	if (!csum && proto == IPPROTO_UDP)
		csum = 0xffff;
	set16(b, off + at, csum);
}

static void fill_layer(struct build *b, int i)
{
	const struct layer *l = &b->layers[i];
	size_t off = b->off[i];
	__u32 crc;

	switch (l->type) {
	case LAYER_IP:
		return fill_ip(b, &l->ip, off);
	case LAYER_TCP:
		return fill_checksum(b, i, 16, IPPROTO_TCP,
				     l->tcp.bad_checksum);
	case LAYER_UDP:
		set16(b, off + 4, b->p->len - off + l->udp.len_delta);
		if (!l->udp.no_checksum)
			fill_checksum(b, i, 6, IPPROTO_UDP,
				      l->udp.bad_checksum);
		return;
	case LAYER_SCTP:
		crc = checksum_sctp(b->p->data + off, b->p->len - off);
		memcpy(b->p->data + off + 8, &crc, 4); /* little endian */
		return;
	case LAYER_ECHO:
	case LAYER_ERROR:
	case LAYER_ICMP:
	case LAYER_ND:
		return fill_checksum(b, i, 2, proto_of(l, b->v4),
				     l->type == LAYER_ERROR &&
					     l->error.bad_checksum);
	default:
		return;
	}
}

void packet_build_layers(struct packet *p, const struct layer *layers)
{
	struct build b = {.p = p, .layers = layers, .ip = -1};
	int n;

	p->len = 0;
	for (n = 0; layers[n].type != LAYER_END; n++) {
		assert(n < LAYERS_MAX);
		b.off[n] = p->len;
		if (layers[n].type == LAYER_IP)
			b.ip = n;
		add_layer(&b, &layers[n]);
	}
	while (n-- > 0)
		fill_layer(&b, n);
}

/* ---- fragments ------------------------------------------------------- */

static void fragment_v4(const struct packet *whole, size_t from, size_t len,
			__u32 id, bool last, struct packet *out)
{
	size_t head = ETH_LEN + (whole->data[ETH_LEN] & 15) * 4;
	struct build b = {.p = out};

	out->len = 0;
	put(&b, whole->data, head);
	put(&b, whole->data + head + from, len);
	set16(&b, ETH_LEN + 2, out->len - ETH_LEN);
	set16(&b, ETH_LEN + 4, id);
	set16(&b, ETH_LEN + 6, from / 8 | (last ? 0 : 0x2000));
	set16(&b, ETH_LEN + 10, 0);
	set16(&b, ETH_LEN + 10,
	      checksum(out->data + ETH_LEN, head - ETH_LEN, 0));
}

static void fragment_v6(const struct packet *whole, size_t from, size_t len,
			__u32 id, bool last, struct packet *out)
{
	size_t head = ETH_LEN + IPV6_LEN;
	struct build b = {.p = out};

	out->len = 0;
	put(&b, whole->data, head);
	put8(&b, whole->data[ETH_LEN + 6]);
	put8(&b, 0);
	put16(&b, from | (last ? 0 : 1));
	put32(&b, id);
	put(&b, whole->data + head + from, len);
	out->data[ETH_LEN + 6] = IPPROTO_FRAGMENT;
	set16(&b, ETH_LEN + 4, out->len - head);
}

void packet_fragment(const struct packet *whole, size_t from, size_t len,
		     __u32 id, struct packet *out)
{
	bool v4 = whole->data[ETH_LEN] >> 4 == 4;
	size_t head = v4 ? (whole->data[ETH_LEN] & 15u) * 4 : (size_t)IPV6_LEN;
	size_t payload = whole->len - ETH_LEN - head;
	bool last = from + len >= payload;

	assert(from < payload && from % 8 == 0 && (last || len % 8 == 0));
	if (last)
		len = payload - from;
	if (v4)
		fragment_v4(whole, from, len, id, last, out);
	else
		fragment_v6(whole, from, len, id, last, out);
}

/* ---- showing --------------------------------------------------------- */

static void print_row(const char *name, const struct packet *p, size_t off)
{
	fprintf(stderr, "  %4s %4zu:", name, off);
	for (size_t i = off; i < off + 16 && i < p->len; i++)
		fprintf(stderr, " %02x", p->data[i]);
	fputc('\n', stderr);
}

void packet_print_diff(const struct packet *got, const struct packet *want)
{
	size_t end = got->len > want->len ? got->len : want->len;

	if (got->len != want->len)
		fprintf(stderr, "  got %zu bytes, want %zu\n", got->len,
			want->len);
	for (size_t off = 0; off < end; off += 16) {
		size_t g = got->len > off ? got->len - off : 0;
		size_t w = want->len > off ? want->len - off : 0;
		size_t n = g < w ? g : w;

		if (g == w || (g >= 16 && w >= 16))
			if (!memcmp(got->data + off, want->data + off,
				    n < 16 ? n : 16))
				continue;
		print_row("got", got, off);
		print_row("want", want, off);
	}
}
