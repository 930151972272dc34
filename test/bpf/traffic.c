// SPDX-License-Identifier: Apache-2.0
#include "traffic.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <string.h>

const __u8 protocols[PROTOCOLS] = {IPPROTO_TCP, IPPROTO_UDP, IPPROTO_SCTP,
				   IPPROTO_ICMP};

static struct layer message_layer(const struct message *m)
{
	__u16 sport = m->sport ? m->sport : 1000;
	__u16 dport = m->dport ? m->dport : 80;

	switch (m->proto) {
	case 0:
	case IPPROTO_TCP:
		return TCP(.sport = sport, .dport = dport, .flags = m->flags,
			   .seq = 0x01020304, .ack = 0x0a0b0c0d);
	case IPPROTO_UDP:
		return UDP(.sport = sport, .dport = dport);
	case IPPROTO_SCTP:
		return SCTP(.sport = sport, .dport = dport);
	case IPPROTO_ICMP:
		return ECHO(.id = sport, .seq = 1, .reply = m->reply);
	default:
		return DATA(.len = 8, .first = 0xf0);
	}
}

void message_build(struct packet *p, const struct message *m)
{
	struct layer l4 = message_layer(m);

	packet_build(p,
		     ETH(.src = m->smac ? m->smac : mac_a,
			 .dst = m->dmac ? m->dmac : gateway_mac),
		     IP(.src = m->src, .dst = m->dst, .ttl = m->ttl,
			.df = m->df, .id = 0x4321,
			.proto = l4.type == LAYER_DATA ? m->proto : 0),
		     l4, DATA(.len = m->len ? m->len : 32, .first = 1));
}

static __u16 udp_checksum(const struct packet *p, const struct view *v)
{
	return checksum(
		p->data + v->l4_off, v->l4_len,
		checksum_pseudo(&v->saddr, &v->daddr, v->l4_len, IPPROTO_UDP));
}

void udp_sum_to_zero(struct packet *p)
{
	struct view v;
	__u8 *udp, *data;
	__u16 sum;

	packet_view(p, &v);
	udp = p->data + v.l4_off;
	data = udp + 8;
	memset(udp + 6, 0, 2);
	memset(data, 0, 2);
	sum = udp_checksum(p, &v);
	data[0] = sum >> 8;
	data[1] = sum;
	memset(udp + 6, 0xff, 2);
}

void udp_sum(struct packet *p)
{
	struct view v;
	__u8 *udp;
	__u16 sum;

	packet_view(p, &v);
	udp = p->data + v.l4_off;
	memset(udp + 6, 0, 2);
	sum = udp_checksum(p, &v);
	udp[6] = sum >> 8;
	udp[7] = sum;
}

void hop(const struct packet *in, const __u8 *dmac, const __u8 *smac,
	 struct packet *out)
{
	__u8 *ip = out->data + ETH_LEN;

	*out = *in;
	if (dmac)
		memcpy(out->data, dmac, 6);
	if (smac)
		memcpy(out->data + 6, smac, 6);
	if (ip[0] >> 4 == 4) {
		size_t head = (ip[0] & 15) * 4;
		__u16 sum;

		ip[8]--;
		ip[10] = ip[11] = 0;
		sum = checksum(ip, head, 0);
		ip[10] = sum >> 8;
		ip[11] = sum;
	} else {
		ip[7]--;
	}
}

void expect_delivered_at(struct at at, const struct message *m,
			 const __u8 *dmac, const char *file, int line)
{
	struct packet in, want;

	message_build(&in, m);
	hop(&in, dmac, gateway_mac, &want);
	expect_at(at, &in, VERDICT_REDIRECT, FL_PASS_LOCAL, &want, file, line);
}

__u16 leaves_as(struct at at, const struct message *m,
		const struct fl_addr *node_addr)
{
	struct message translated = *m;
	struct packet in, want;
	struct fl_flow flow;

	message_build(&in, m);
	run(at, &in);
	if (last.reason != FL_PASS_UPLINK)
		print_error("reason %s\n", reason_name(last.reason));
	assert_int_equal(last.reason, FL_PASS_UPLINK);
	assert_int_equal(last.verdict, VERDICT_REDIRECT);
	assert_int_equal(last.mark, FL_MARK_DECIDED);
	flow = flow_of(&in);
	translated.src = node_addr;
	translated.sport = ntohs(flow.to.sport);
	translated.ttl = (m->ttl ? m->ttl : 64) - 1;
	message_build(&want, &translated);
	assert_packet(&last.out, &want);
	return translated.sport;
}

void answer_build(struct packet *p, const struct message *m,
		  const struct fl_addr *node_addr, __u16 port)
{
	bool echo = m->proto == IPPROTO_ICMP;

	message(p, .src = m->dst, .dst = node_addr, .proto = m->proto,
		.sport = echo ? port : 80, .dport = port, .reply = true,
		.len = m->len, .smac = router_mac, .dmac = uplink_mac);
}

struct message outgoing(const struct family *f, __u8 proto, __u16 sport)
{
	return (struct message){.src = &f->pod_a,
				.dst = &f->world,
				.proto = proto,
				.sport = sport};
}

__u16 leaves(const struct family *f, const struct message *m)
{
	return leaves_as(FROM_POD_A, m, &f->node);
}

void answer_arrives(const struct family *f, const struct message *m, __u16 port)
{
	bool echo = m->proto == IPPROTO_ICMP;
	struct packet in, want;

	answer_build(&in, m, &f->node, port);
	message(&want, .src = m->dst, .dst = m->src, .proto = m->proto,
		.sport = echo ? m->sport : 80, .dport = m->sport, .reply = true,
		.ttl = 63, .smac = gateway_mac, .dmac = mac_a);
	expect_sent(FROM_UPLINK, &in, LOCAL, &want);
}

struct fl_flow flow_of(const struct packet *p)
{
	struct fl_tuple key = packet_tuple(p);
	struct fl_flow f;

	assert_true(flow_read(&key, &f));
	return f;
}

struct fl_flow flow_reply_of(const struct packet *p)
{
	struct fl_flow f = flow_of(p), reply;
	struct fl_tuple key = tuple_reversed(f.to);

	assert_true(flow_read(&key, &reply));
	return reply;
}

void assert_next(const struct packet *p, const struct fl_addr *next)
{
	struct fl_flow f = flow_of(p);

	assert_addr(&f.next, next);
}
