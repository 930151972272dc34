// SPDX-License-Identifier: Apache-2.0
/*
 * Headers that lie, end too soon, or go on for too long. Nothing of it may
 * crash a program, which the verifier sees to, or be sent on, which is our
 * part. An uplink leaves it to the host.
 */
#include "traffic.h"

#include <netinet/in.h>
#include <string.h>

enum { PORT = 40123 };

/* ---- truncated at every byte ----------------------------------------- */

/* Packets whose headers have all the shapes that there are. */
static void shape_build(struct packet *p, const struct family *f, int shape,
			const struct fl_addr *dst)
{
	struct layer eth = ETH(.src = mac_a, .dst = gateway_mac);
	struct packet whole;

	switch (shape) {
	case 0:
		message(p, .src = &f->pod_a, .dst = dst);
		return;
	case 1:
		message(p, .src = &f->pod_a, .dst = dst, .proto = IPPROTO_UDP);
		return;
	case 2:
		message(p, .src = &f->pod_a, .dst = dst, .proto = IPPROTO_SCTP);
		return;
	case 3:
		message(p, .src = &f->pod_a, .dst = dst, .proto = IPPROTO_ICMP);
		return;
	case 4: /* options of TCP */
		packet_build(p, eth, IP(.src = &f->pod_a, .dst = dst),
			     TCP(.sport = PORT, .dport = 80, .options = 40));
		return;
	case 5: /* options of IPv4, extension headers of IPv6 */
		if (f->v6)
			packet_build(p, eth, IP(.src = &f->pod_a, .dst = dst),
				     EXT(.type = IPPROTO_HOPOPTS),
				     EXT(.type = IPPROTO_ROUTING),
				     EXT(.type = IPPROTO_AH, .len = 24),
				     EXT(.type = IPPROTO_DSTOPTS, .len = 16),
				     UDP(.sport = PORT, .dport = 80),
				     DATA(.len = 9));
		else
			packet_build(
				p, eth,
				IP(.src = &f->pod_a, .dst = dst, .options = 40),
				UDP(.sport = PORT, .dport = 80),
				DATA(.len = 9));
		return;
	case 6: /* an error that quotes */
		message(&whole, .src = dst, .dst = &f->pod_a);
		packet_build(p, eth, IP(.src = &f->pod_a, .dst = dst),
			     ERROR(.kind = ERROR_PORT),
			     QUOTE(.packet = &whole));
		return;
	default: /* a first and a later fragment */
		message(&whole, .src = &f->pod_a, .dst = dst,
			.proto = IPPROTO_UDP, .len = 100);
		packet_fragment(&whole, shape == 7 ? 0 : 40, 40, 5, p);
	}
}
enum { SHAPES = 9 };

static struct at sloppy(struct at at)
{
	at.lenient = true;
	return at;
}

static void truncated_packets_of_pods_are_dropped(void **state)
{
	const struct family *f = *state;
	const struct fl_addr *dst[] = {&f->pod_b, &f->world, &f->host};
	struct packet p;

	for (int i = 0; i < 3 * SHAPES; i++) {
		shape_build(&p, f, i % SHAPES, dst[i / SHAPES]);
		while (p.len-- > ETH_LEN)
			expect_drop(FROM_POD_A, &p, MALFORMED);
	}
	assert_int_equal(flow_count(), 0);
}

static void
truncated_packets_are_dropped_by_every_hook_but_uplinks(void **state)
{
	const struct family *f = *state;
	const struct at drops[] = {TO_POD_A, FROM_NODE2, TO_OVERLAY};
	const struct at passes[] = {FROM_UPLINK, TO_UPLINK};
	struct packet p;

	for (int i = 0; i < SHAPES; i++) {
		shape_build(&p, f, i, &f->pod_b);
		while (p.len-- > ETH_LEN) {
			for (int j = 0; j < 3; j++)
				expect_drop(drops[j], &p, MALFORMED);
			for (int j = 0; j < 2; j++)
				expect_pass(passes[j], &p, NOT_OURS);
		}
	}
}

/* The IP header agrees with the packet's length, what is above it is cut. */
static void set_ip_len(const struct family *f, struct packet *p)
{
	size_t len = p->len - ETH_LEN - (f->v6 ? IPV6_LEN : 0);
	__u8 *ip = p->data + ETH_LEN;
	size_t head = (ip[0] & 15) * 4;
	__u16 sum;

	ip[f->v6 ? 4 : 2] = len >> 8;
	ip[f->v6 ? 5 : 3] = len;
	if (f->v6)
		return;
	ip[10] = ip[11] = 0;
	sum = checksum(ip, head, 0);
	ip[10] = sum >> 8;
	ip[11] = sum;
}

/* Whatever is sent on of a cut packet, it is that packet, one hop on. */
static void short_transport_headers_are_not_sent_on(void **state)
{
	const struct family *f = *state;
	const size_t heads[] = {20, 8, 12, 8, 60};
	struct packet p, want;

	for (int i = 0; i < 5; i++) {
		size_t from = ETH_LEN + f->ip_len;

		shape_build(&p, f, i, &f->pod_b);
		for (p.len--; p.len > from; p.len--) {
			set_ip_len(f, &p);
			hop(&p, mac_b, gateway_mac, &want);
			if (p.len - from < heads[i])
				expect_drop(FROM_POD_A, &p, MALFORMED);
			else
				expect_sent(sloppy(FROM_POD_A), &p, LOCAL,
					    &want);
		}
	}
}

static void cut_quotes_are_never_translated_beyond_the_packet(void **state)
{
	const struct family *f = *state;
	struct message m = {.src = &f->pod_a, .dst = &f->world, .sport = PORT};
	struct packet quoted, p;

	leaves_as(FROM_POD_A, &m, &f->node);
	m.src = &f->node;
	message_build(&quoted, &m);
	packet_build(&p, ETH(.src = router_mac, .dst = uplink_mac),
		     IP(.src = &f->router, .dst = &f->node),
		     ERROR(.kind = ERROR_HOST), QUOTE(.packet = &quoted));
	for (p.len--; p.len > ETH_LEN + f->ip_len; p.len--) {
		set_ip_len(f, &p);
		run(sloppy(FROM_UPLINK), &p);
		assert_int_equal(last.out.len, p.len);
	}
}

/* ---- padding --------------------------------------------------------- */

static void padding_of_short_frames_is_carried_along(void **state)
{
	const struct family *f = *state;
	struct packet p, want;
	size_t whole;

	message(&p, .src = &f->pod_a, .dst = &f->pod_b, .proto = IPPROTO_UDP,
		.len = 1);
	whole = p.len;
	memset(p.data + p.len, 0xee, 30);
	p.len += 30;
	hop(&p, mac_b, gateway_mac, &want);
	expect_sent(sloppy(FROM_POD_A), &p, LOCAL, &want);
	p.len = whole;
	assert_int_equal(flow_of(&p).bytes, whole - ETH_LEN);
}

static void padding_is_no_part_of_a_masqueraded_packet(void **state)
{
	const struct family *f = *state;
	struct packet p, want;

	message(&p, .src = &f->pod_a, .dst = &f->world, .proto = IPPROTO_UDP,
		.sport = PORT, .len = 1);
	message(&want, .src = &f->node, .dst = &f->world, .proto = IPPROTO_UDP,
		.sport = PORT, .len = 1, .ttl = 63);
	memset(p.data + p.len, 0xee, 30);
	memset(want.data + want.len, 0xee, 30);
	p.len += 30;
	want.len += 30;
	expect_sent(sloppy(FROM_POD_A), &p, UPLINK, &want);
}

/* ---- lies ------------------------------------------------------------ */

static void expect_malformed(const struct family *f, struct ip_layer ip,
			     struct layer l4)
{
	struct packet p;

	ip.src = &f->pod_a;
	ip.dst = &f->pod_b;
	packet_build(&p, ETH(.src = mac_a, .dst = gateway_mac),
		     ((struct layer){.type = LAYER_IP, .ip = ip}), l4,
		     DATA(.len = 20));
	expect_drop(FROM_POD_A, &p, MALFORMED);
}

static void lying_ip_headers_are_malformed(void **state)
{
	const struct family *f = *state;
	struct layer udp = UDP(.sport = 1, .dport = 2);

	expect_malformed(f, (struct ip_layer){.version = f->v6 ? 4 : 6}, udp);
	expect_malformed(f, (struct ip_layer){.version = 15}, udp);
	expect_malformed(f, (struct ip_layer){.len_delta = 1}, udp);
	expect_malformed(f, (struct ip_layer){.len_delta = 1000}, udp);
	expect_malformed(f, (struct ip_layer){.len_delta = -21}, udp);
	expect_malformed(f, (struct ip_layer){.len_delta = -28}, udp);
	if (f->v6)
		return;
	for (__u8 ihl = 1; ihl < 5; ihl++)
		expect_malformed(f, (struct ip_layer){.ihl = ihl}, udp);
	expect_malformed(f, (struct ip_layer){.ihl = 15}, udp);
	expect_malformed(f, (struct ip_layer){.len_delta = -30}, udp);
	expect_malformed(f, (struct ip_layer){.len_delta = -48}, udp);
}

static void lying_tcp_headers_are_malformed(void **state)
{
	const struct family *f = *state;

	for (__u8 doff = 1; doff < 16; doff++) {
		if (doff >= 5 && doff <= 10) /* there are 20 bytes more */
			continue;
		expect_malformed(f, (struct ip_layer){0},
				 TCP(.sport = 1, .dport = 2, .doff = doff));
	}
}

static void the_other_familys_icmp_is_malformed(void **state)
{
	const struct family *f = *state;
	__u8 other = f->v6 ? IPPROTO_ICMP : IPPROTO_ICMPV6;

	expect_malformed(f, (struct ip_layer){.proto = other},
			 ECHO(.id = 1, .seq = 1));
}

/* ---- below IP -------------------------------------------------------- */

static void only_ip_and_arp_come_from_a_pod(void **state)
{
	const __u16 types[] = {0x88cc, 0x8847, 0x9000, 0x0027,
			       0x22f0, 0x8864, 0x88f7};
	struct packet p;

	(void)state;
	for (size_t i = 0; i < sizeof(types) / sizeof(*types); i++) {
		packet_build(
			&p,
			ETH(.src = mac_a, .dst = gateway_mac, .type = types[i]),
			DATA(.len = 60));
		expect_drop(FROM_POD_A, &p, ETHERTYPE);
		p.len = ETH_LEN;
		expect_drop(FROM_POD_A, &p, ETHERTYPE);
	}
}

static void vlan_tags_of_a_pod_are_dropped(void **state)
{
	const struct family *f = *state;
	struct at at = FROM_POD_A;
	struct packet p;

	/* As it comes: the device has taken the tag off. */
	message(&p, .src = &f->pod_a, .dst = &f->pod_b);
	at.vlan = 12;
	expect_drop(at, &p, VLAN);
	/* In the packet, once and twice. */
	packet_build(&p, ETH(.src = mac_a, .dst = gateway_mac), VLAN(.tci = 12),
		     IP(.src = &f->pod_a, .dst = &f->pod_b),
		     TCP(.sport = 1, .dport = 2));
	run(FROM_POD_A, &p);
	assert_int_equal(last.verdict, VERDICT_DROP);
	packet_build(&p, ETH(.src = mac_a, .dst = gateway_mac),
		     VLAN(.tci = 12, .tpid = 0x88a8), VLAN(.tci = 13),
		     IP(.src = &f->pod_a, .dst = &f->pod_b),
		     TCP(.sport = 1, .dport = 2));
	run(FROM_POD_A, &p);
	assert_int_equal(last.verdict, VERDICT_DROP);
	assert_int_equal(flow_count(), 0);
}

/* ---- IPv4 options and IPv6 extension headers ------------------------- */

static void every_length_of_ipv4_options_is_stepped_over(void **state)
{
	struct packet p, want;

	(void)state;
	for (__u8 len = 0; len <= 40; len += 4) {
		packet_build(&p, ETH(.src = mac_a, .dst = gateway_mac),
			     IP(.src = &ipv4.pod_a, .dst = &ipv4.world,
				.options = len),
			     UDP(.sport = PORT, .dport = 80), DATA(.len = 30));
		packet_build(&want, ETH(.src = mac_a, .dst = gateway_mac),
			     IP(.src = &ipv4.node, .dst = &ipv4.world,
				.options = len, .ttl = 63),
			     UDP(.sport = PORT, .dport = 80), DATA(.len = 30));
		expect_sent(FROM_POD_A, &p, UPLINK, &want);
	}
}

/* n extension headers, of changing kind and length. */
static void chain_build(struct packet *p, const struct fl_addr *src,
			const struct fl_addr *dst, int n, __u8 ttl)
{
	static const struct ext_layer kinds[] = {
		{.type = IPPROTO_HOPOPTS},
		{.type = IPPROTO_DSTOPTS, .len = 24},
		{.type = IPPROTO_ROUTING, .len = 40},
		{.type = IPPROTO_AH, .len = 24},
	};
	struct layer layers[16] = {
		ETH(.src = mac_a, .dst = gateway_mac),
		IP(.src = src, .dst = dst, .ttl = ttl),
	};

	for (int i = 0; i < n; i++)
		layers[2 + i] =
			(struct layer){.type = LAYER_EXT, .ext = kinds[i % 4]};
	layers[2 + n] = UDP(.sport = PORT, .dport = 80);
	layers[3 + n] = DATA(.len = 30);
	packet_build_layers(p, layers);
}

static void extension_headers_are_stepped_over(void **state)
{
	struct packet p, want;

	(void)state;
	for (int n = 0; n <= 6; n++) {
		chain_build(&p, &ipv6.pod_a, &ipv6.pod_b, n, 64);
		hop(&p, mac_b, gateway_mac, &want);
		expect_sent(FROM_POD_A, &p, LOCAL, &want);
		chain_build(&p, &ipv6.pod_a, &ipv6.world, n, 64);
		chain_build(&want, &ipv6.node, &ipv6.world, n, 63);
		expect_sent(FROM_POD_A, &p, UPLINK, &want);
	}
	assert_int_equal(flow_count(), 4);
}

static void too_many_extension_headers_are_dropped(void **state)
{
	struct packet p;

	(void)state;
	for (int n = 7; n < 12; n++) {
		chain_build(&p, &ipv6.pod_a, &ipv6.pod_b, n, 64);
		expect_drop(FROM_POD_A, &p, EXT_HEADERS);
	}
	assert_int_equal(flow_count(), 0);
}

static void long_extension_headers_are_stepped_over(void **state)
{
	struct packet p, want;

	(void)state;
	for (__u16 len = 8; len <= 960; len += 136) {
		packet_build(&p, ETH(.src = mac_a, .dst = gateway_mac),
			     IP(.src = &ipv6.pod_a, .dst = &ipv6.world),
			     EXT(.type = IPPROTO_DSTOPTS, .len = len),
			     UDP(.sport = PORT, .dport = 80), DATA(.len = 30));
		packet_build(
			&want, ETH(.src = mac_a, .dst = gateway_mac),
			IP(.src = &ipv6.node, .dst = &ipv6.world, .ttl = 63),
			EXT(.type = IPPROTO_DSTOPTS, .len = len),
			UDP(.sport = PORT, .dport = 80), DATA(.len = 30));
		expect_sent(FROM_POD_A, &p, UPLINK, &want);
	}
}

static void extension_headers_end_within_a_kilobyte(void **state)
{
	struct packet p;

	(void)state;
	packet_build(&p, ETH(.src = mac_a, .dst = gateway_mac),
		     IP(.src = &ipv6.pod_a, .dst = &ipv6.pod_b),
		     EXT(.type = IPPROTO_DSTOPTS, .len = 976),
		     UDP(.sport = 1, .dport = 2), DATA(.len = 30));
	expect_drop(FROM_POD_A, &p, EXT_HEADERS);
}

static void extension_headers_that_leave_the_packet_are_malformed(void **state)
{
	struct packet p;

	(void)state;
	for (__u16 claim = 64; claim <= 2048; claim += 64) {
		packet_build(&p, ETH(.src = mac_a, .dst = gateway_mac),
			     IP(.src = &ipv6.pod_a, .dst = &ipv6.pod_b),
			     EXT(.type = IPPROTO_DSTOPTS, .claim = claim),
			     UDP(.sport = 1, .dport = 2), DATA(.len = 30));
		expect_drop(FROM_POD_A, &p, MALFORMED);
	}
}

static void a_chain_without_an_end_is_a_protocol_of_its_own(void **state)
{
	struct packet p, want;

	(void)state;
	packet_build(&p, ETH(.src = mac_a, .dst = gateway_mac),
		     IP(.src = &ipv6.pod_a, .dst = &ipv6.pod_b),
		     EXT(.type = IPPROTO_DSTOPTS, .next = IPPROTO_NONE),
		     DATA(.len = 8));
	hop(&p, mac_b, gateway_mac, &want);
	expect_sent(FROM_POD_A, &p, LOCAL, &want);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		FAMILIES(truncated_packets_of_pods_are_dropped),
		FAMILIES(
			truncated_packets_are_dropped_by_every_hook_but_uplinks),
		FAMILIES(short_transport_headers_are_not_sent_on),
		FAMILIES(cut_quotes_are_never_translated_beyond_the_packet),
		FAMILIES(padding_of_short_frames_is_carried_along),
		FAMILIES(padding_is_no_part_of_a_masqueraded_packet),
		FAMILIES(lying_ip_headers_are_malformed),
		FAMILIES(lying_tcp_headers_are_malformed),
		FAMILIES(the_other_familys_icmp_is_malformed),
		ONCE(only_ip_and_arp_come_from_a_pod),
		FAMILIES(vlan_tags_of_a_pod_are_dropped),
		ONCE(every_length_of_ipv4_options_is_stepped_over),
		ONCE(extension_headers_are_stepped_over),
		ONCE(too_many_extension_headers_are_dropped),
		ONCE(long_extension_headers_are_stepped_over),
		ONCE(extension_headers_that_leave_the_packet_are_malformed),
		ONCE(a_chain_without_an_end_is_a_protocol_of_its_own),
		ONCE(extension_headers_end_within_a_kilobyte),
	};

	return bpf_tests(tests, &options_default);
}
