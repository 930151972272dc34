/* SPDX-License-Identifier: Apache-2.0 */
/* The packets that most tests are about: something from a pod to somewhere,
 * and what becomes of it on its way. */
#pragma once

#include "run.h"

/* One message of a conversation. What is left out is pod_a's usual. */
struct message {
	const struct fl_addr *src, *dst;
	__u8 proto; /* IPPROTO_*, 0: TCP. IPPROTO_ICMP: an echo, of either
		     * family. What has no layer of its own carries data. */
	__u16 sport, dport; /* 0: 1000 and 80; an echo's identifier is sport */
	__u8 flags;	    /* of TCP, 0: ACK */
	bool reply;	    /* of an echo */
	size_t len;	    /* of the payload, 0: 32 */
	__u8 ttl;	    /* 0: 64 */
	bool df;
	const __u8 *smac, *dmac; /* NULL: pod_a's, the gateway's */
};

void message_build(struct packet *p, const struct message *m);
#define message(p, ...) message_build(p, &(struct message){__VA_ARGS__})

/* Makes the sum of a UDP message come out as zero, which is sent as ~0, by its
 * payload's first two bytes; or sums it up anew after they changed. */
void udp_sum_to_zero(struct packet *p);
void udp_sum(struct packet *p);

/* The protocols that have ports or identifiers, for tests of each. */
extern const __u8 protocols[];
enum { PROTOCOLS = 4 };

/* *in one hop on: TTL less one, other MACs (NULL: as they are). */
void hop(const struct packet *in, const __u8 *dmac, const __u8 *smac,
	 struct packet *out);

/* Expect a packet of the message to be delivered to a local pod, entering the
 * connection where it is new. */
void expect_delivered_at(struct at at, const struct message *m,
			 const __u8 *dmac, const char *file, int line);
#define expect_delivered(at, dmac, ...)                                        \
	expect_delivered_at(at, &(struct message){__VA_ARGS__}, dmac,          \
			    __FILE__, __LINE__)

/* Sends it and expects it to leave as the node (by masquerade); returns the
 * port that it got. */
__u16 leaves_as(struct at at, const struct message *m,
		const struct fl_addr *node_addr);
/* The world's answer to *m, which left as that address with that port. */
void answer_build(struct packet *p, const struct message *m,
		  const struct fl_addr *node_addr, __u16 port);

/* A port that masquerade may keep. */
enum { IN_RANGE = 40123 };
/* A message of pod_a to the world. */
struct message outgoing(const struct family *f, __u8 proto, __u16 sport);
/* pod_a sends it, it leaves by the first uplink; returns the port. */
__u16 leaves(const struct family *f, const struct message *m);
/* The answer to *m, which left by this port, reaches pod_a at its own. */
void answer_arrives(const struct family *f, const struct message *m,
		    __u16 port);

/* The entry of the direction of *p; fails the test where there is none. */
struct fl_flow flow_of(const struct packet *p);
/* ... and of the other direction, from what the first one says. */
struct fl_flow flow_reply_of(const struct packet *p);

/* The address that the packet's entry sends it to. */
void assert_next(const struct packet *p, const struct fl_addr *next);
