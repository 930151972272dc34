/* SPDX-License-Identifier: Apache-2.0 */
#include "frame.h"

#include <arpa/inet.h>
#include <errno.h>
#include <net/ethernet.h>
#include <netinet/in.h>
#include <netinet/ip.h>
#include <netinet/ip6.h>
#include <netinet/ip_icmp.h>
#include <netinet/icmp6.h>
#include <netinet/tcp.h>
#include <netinet/udp.h>
#include <stdlib.h>
#include <string.h>

#include "../lib/addr.h"
#include "format.h"

/* Room for any of the transport headers. */
#define TRANSPORT_LEN 40
#define TTL	      64

/* ---- what was asked -------------------------------------------------- */

static int impossible(const char *text, struct err *e)
{
	return err_set(e, EINVAL,
		       "%s is neither N/PROTO (80/tcp, 53/udp, 9/sctp) nor "
		       "icmp",
		       text);
}

static int read_port(const char *text, size_t len, unsigned int *port)
{
	char digits[8];
	unsigned long n;
	char *end;

	if (!len || len > 5)
		return -EINVAL;
	memcpy(digits, text, len);
	digits[len] = '\0';
	n = strtoul(digits, &end, 10);
	if (*digits < '0' || *digits > '9' || *end || !n || n > 65535)
		return -EINVAL;
	*port = n;
	return 0;
}

int set_target(const char *text, void *field, struct err *e)
{
	struct frame_target target = {.given = true, .proto = IPPROTO_TCP};
	const char *slash = strchr(text, '/');
	size_t len = slash ? (size_t)(slash - text) : strlen(text);

	target.icmp = !strcmp(text, "icmp") || !strcmp(text, "icmpv6");
	if (!target.icmp && read_port(text, len, &target.port))
		return impossible(text, e);
	if (slash && (proto_parse(slash + 1, &target.proto) ||
		      !proto_has_ports(target.proto)))
		return impossible(text, e);
	*(struct frame_target *)field = target;
	return 0;
}

/* ---- the packet ------------------------------------------------------ */

static void put_transport(const struct fl_tuple *t, unsigned char *at)
{
	switch (t->proto) {
	case IPPROTO_TCP: {
		struct tcphdr tcp = {.source = t->sport,
				     .dest = t->dport,
				     .doff = 5,
				     .syn = 1};

		memcpy(at, &tcp, sizeof(tcp));
		break;
	}
	case IPPROTO_UDP: {
		struct udphdr udp = {.source = t->sport,
				     .dest = t->dport,
				     .len = htons(TRANSPORT_LEN)};

		memcpy(at, &udp, sizeof(udp));
		break;
	}
	case IPPROTO_SCTP:
		memcpy(at, &t->sport, 2);
		memcpy(at + 2, &t->dport, 2);
		break;
	case IPPROTO_ICMP:
		at[0] = ICMP_ECHO;
		memcpy(at + 4, &t->sport, 2);
		break;
	case IPPROTO_ICMPV6:
		at[0] = ICMP6_ECHO_REQUEST;
		memcpy(at + 4, &t->sport, 2);
		break;
	}
}

static __u16 checksum(const void *header, size_t len)
{
	const unsigned char *at = header;
	unsigned int sum = 0;

	for (size_t i = 0; i < len; i += 2) {
		/* NOLINTNEXTLINE: bit fields are set */
		sum += at[i] << 8 | at[i + 1];
	}
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return htons(~sum);
}

static size_t put_ipv4(const struct fl_tuple *t, unsigned char *at)
{
	struct iphdr ip = {
		.version = 4,
		.ihl = 5,
		.tot_len = htons(sizeof(ip) + TRANSPORT_LEN),
		.frag_off = htons(IP_DF),
		.ttl = TTL,
		.protocol = t->proto,
		.saddr = t->saddr.w[3],
		.daddr = t->daddr.w[3],
	};

	ip.check = checksum(&ip, sizeof(ip));
	memcpy(at, &ip, sizeof(ip));
	return sizeof(ip);
}

static size_t put_ipv6(const struct fl_tuple *t, unsigned char *at)
{
	struct ip6_hdr ip = {
		.ip6_flow = htonl(6U << 28),
		.ip6_plen = htons(TRANSPORT_LEN),
		.ip6_nxt = t->proto,
		.ip6_hlim = TTL,
	};

	memcpy(&ip.ip6_src, &t->saddr, sizeof(ip.ip6_src));
	memcpy(&ip.ip6_dst, &t->daddr, sizeof(ip.ip6_dst));
	memcpy(at, &ip, sizeof(ip));
	return sizeof(ip);
}

void frame_make(const struct fl_tuple *t, const __u8 source_mac[6],
		struct trace_frame *out)
{
	bool v4 = addr_is_v4(&t->daddr);
	struct ether_header eth = {
		.ether_dhost = FL_GATEWAY_MAC,
		.ether_type = htons(v4 ? ETHERTYPE_IP : ETHERTYPE_IPV6),
	};
	unsigned char *at = out->bytes + sizeof(eth);

	*out = (struct trace_frame){0};
	memcpy(eth.ether_shost, source_mac, sizeof(eth.ether_shost));
	memcpy(out->bytes, &eth, sizeof(eth));
	at += v4 ? put_ipv4(t, at) : put_ipv6(t, at);
	put_transport(t, at);
	out->len = at + TRANSPORT_LEN - out->bytes;
}

/* ---- what is never routed -------------------------------------------- */

unsigned int frame_unroutable(const struct fl_addr *to)
{
	const __u8 *b = (const __u8 *)to;
	struct in6_addr v6;

	if (addr_is_v4(to))
		return b[12] >= 224		    ? FL_DROP_MULTICAST
		       : b[12] == 0 || b[12] == 127 ? FL_DROP_MARTIAN
						    : FL_REASON_MAX;
	memcpy(&v6, to, sizeof(v6));
	if (IN6_IS_ADDR_MULTICAST(&v6))
		return FL_DROP_MULTICAST;
	if (IN6_IS_ADDR_LINKLOCAL(&v6))
		return FL_DROP_LINK_LOCAL;
	if (IN6_IS_ADDR_LOOPBACK(&v6) || IN6_IS_ADDR_UNSPECIFIED(&v6))
		return FL_DROP_MARTIAN;
	return FL_REASON_MAX;
}
