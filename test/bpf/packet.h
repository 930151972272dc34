/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Packets, written as their layers:
 *
 *	struct packet p;
 *	packet_build(&p, ETH(.src = a, .dst = b), IP(.src = &x, .dst = &y),
 *		     TCP(.sport = 1000, .dport = 80, .flags = TCP_SYN),
 *		     DATA(100));
 *
 * What follows from the layers (lengths, the number of the next protocol,
 * checksums) is filled in. IP() is IPv4 or IPv6 by its addresses, and ECHO()
 * and ERROR() are ICMP or ICMPv6 by the IP() before them, so that one test
 * serves both families.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include <fairlead/abi.h>

#define PACKET_MAX 3200

/* A frame from its Ethernet header on. */
struct packet {
	size_t len;
	__u8 data[PACKET_MAX];
};

enum { ETH_LEN = 14, IPV4_LEN = 20, IPV6_LEN = 40, FRAGMENT_LEN = 8 };

enum tcp_flag {
	TCP_FIN = 1 << 0,
	TCP_SYN = 1 << 1,
	TCP_RST = 1 << 2,
	TCP_PSH = 1 << 3,
	TCP_ACK = 1 << 4,
};

/* ICMP errors by what they say; type and code are the family's. */
enum error_kind {
	ERROR_TOO_BIG,
	ERROR_PORT,    /* port unreachable */
	ERROR_HOST,    /* no route, host unreachable */
	ERROR_EXPIRED, /* time to live exceeded in transit */
};

enum layer_type {
	LAYER_END,
	LAYER_ETH,
	LAYER_VLAN,
	LAYER_ARP,
	LAYER_IP,
	LAYER_EXT,
	LAYER_TCP,
	LAYER_UDP,
	LAYER_SCTP,
	LAYER_ECHO,
	LAYER_ERROR,
	LAYER_ICMP,
	LAYER_ND,
	LAYER_QUOTE,
	LAYER_DATA,
};

struct eth_layer {
	const __u8 *src, *dst;
	__u16 type; /* 0: that of the next layer */
};

struct vlan_layer {
	__u16 tci;
	__u16 tpid; /* 0: 802.1Q */
};

struct arp_layer {
	__u16 op; /* 0: request */
	const __u8 *sha, *tha;
	const struct fl_addr *spa, *tpa;
	__u16 hrd, pro; /* 0: Ethernet, IPv4 */
	__u8 hln, pln;	/* 0: 6, 4 */
};

struct ip_layer {
	const struct fl_addr *src, *dst;
	__u8 ttl;   /* 0: 64 */
	bool ttl_0; /* ttl is 0 in truth */
	__u8 tos;
	__u16 id;
	bool df;
	__u8 options;	    /* bytes of IPv4 options (multiple of 4) */
	const __u8 *option; /* what they begin with; NULL: no operation */
	__u8 option_len;
	__u8 proto;    /* 0: that of the next layer */
	int len_delta; /* what the length field is wrong by */
	__u8 ihl;      /* 0: the true one */
	__u8 version;  /* 0: the true one */
	bool bad_checksum;
};

/* One IPv6 extension header, or, with proto in ip_layer, anything else. */
struct ext_layer {
	__u8 type;     /* IPPROTO_HOPOPTS, _ROUTING, _DSTOPTS, _AH */
	__u16 len;     /* 0: the shortest; multiple of 8 (4 for AH) */
	__u8 next;     /* 0: that of the next layer */
	__u16 claim;   /* length that it claims, 0: the true one */
	__u8 segments; /* left, of a routing header */
};

struct tcp_layer {
	__u16 sport, dport;
	__u8 flags; /* 0: TCP_ACK */
	__u32 seq, ack;
	__u8 options; /* bytes (multiple of 4) */
	__u8 doff;    /* 0: the true one */
	bool bad_checksum;
};

struct udp_layer {
	__u16 sport, dport;
	bool no_checksum;
	int len_delta;
	bool bad_checksum;
};

struct sctp_layer {
	__u16 sport, dport;
};

struct echo_layer {
	__u16 id, seq;
	bool reply;
};

struct error_layer {
	enum error_kind kind;
	__u32 mtu;
	bool bad_checksum;
};

struct icmp_layer {
	__u8 type, code;
	__u32 rest; /* host order */
};

struct nd_layer {
	__u8 type; /* 0: neighbour solicitation */
	const struct fl_addr *target;
	const __u8 *lladdr; /* option; NULL: none */
	__u8 option;	    /* 0: by type */
	__u32 flags;	    /* of an advertisement: R, S, O */
};

/* The packet from its IP header on, at most len bytes (0: all). */
struct quote_layer {
	const struct packet *packet;
	size_t len;
};

struct data_layer {
	size_t len;
	__u8 first; /* bytes count up from here */
};

struct layer {
	enum layer_type type;
	union {
		struct eth_layer eth;
		struct vlan_layer vlan;
		struct arp_layer arp;
		struct ip_layer ip;
		struct ext_layer ext;
		struct tcp_layer tcp;
		struct udp_layer udp;
		struct sctp_layer sctp;
		struct echo_layer echo;
		struct error_layer error;
		struct icmp_layer icmp;
		struct nd_layer nd;
		struct quote_layer quote;
		struct data_layer data;
	};
};

#define LAYER(TYPE, member, ...)                                               \
	((struct layer){.type = LAYER_##TYPE, .member = {__VA_ARGS__}})
#define ETH(...)   LAYER(ETH, eth, __VA_ARGS__)
#define VLAN(...)  LAYER(VLAN, vlan, __VA_ARGS__)
#define ARP(...)   LAYER(ARP, arp, __VA_ARGS__)
#define IP(...)	   LAYER(IP, ip, __VA_ARGS__)
#define EXT(...)   LAYER(EXT, ext, __VA_ARGS__)
#define TCP(...)   LAYER(TCP, tcp, __VA_ARGS__)
#define UDP(...)   LAYER(UDP, udp, __VA_ARGS__)
#define SCTP(...)  LAYER(SCTP, sctp, __VA_ARGS__)
#define ECHO(...)  LAYER(ECHO, echo, __VA_ARGS__)
#define ERROR(...) LAYER(ERROR, error, __VA_ARGS__)
#define ICMP(...)  LAYER(ICMP, icmp, __VA_ARGS__)
#define ND(...)	   LAYER(ND, nd, __VA_ARGS__)
#define QUOTE(...) LAYER(QUOTE, quote, __VA_ARGS__)
#define DATA(...)  LAYER(DATA, data, __VA_ARGS__)

/* Layers end with LAYER_END. */
void packet_build_layers(struct packet *p, const struct layer *layers);
#define packet_build(p, ...)                                                   \
	packet_build_layers(                                                   \
		p, (const struct layer[]){__VA_ARGS__, {.type = LAYER_END}})

/* The fragment of *whole that holds len bytes of the IP payload from byte
 * `from` on; the last one if it reaches the end. Both but the last must be
 * multiples of 8. IPv6 gets a fragment header behind the fixed header. */
void packet_fragment(const struct packet *whole, size_t from, size_t len,
		     __u32 id, struct packet *out);

/* RFC 1071 over len bytes and a sum begun elsewhere; 0 over data that holds
 * its own right checksum. */
__u16 checksum(const void *data, size_t len, __u32 sum);
/* What a pseudo header adds to the sum. */
__u32 checksum_pseudo(const struct fl_addr *src, const struct fl_addr *dst,
		      size_t len, __u8 proto);
/* CRC32c of SCTP, with the four bytes of its checksum field taken as 0. */
__u32 checksum_sctp(const __u8 *sctp, size_t len);

/* Two rows of hex where they differ, to stderr. */
void packet_print_diff(const struct packet *got, const struct packet *want);
