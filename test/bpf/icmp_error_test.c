// SPDX-License-Identifier: Apache-2.0
/*
 * ICMP errors of others: they go where the flow goes that they quote, and are
 * translated with it, outside and inside.
 */
#include "traffic.h"
#include "trampoline.h"

#include <netinet/in.h>
#include <string.h>

enum { PORT = IN_RANGE };

/* ---- errors about masqueraded connections ---------------------------- */

static const enum error_kind kinds[] = {ERROR_TOO_BIG, ERROR_PORT, ERROR_HOST,
					ERROR_EXPIRED};
enum { KINDS = 4 };

/* What of a packet is quoted: the least, up to the checksum, all. */
static const size_t quotes[] = {8, 18, 0};
enum { QUOTES = 3 };

static size_t quote_len(const struct family *f, size_t l4)
{
	return l4 ? f->ip_len + l4 : 0;
}

/* A router says of what pod_a sent:
 *
 *   router -> node: error [ node:port -> world ]
 *          => router -> pod_a: error [ pod_a:sport -> world ]
 */
static void errors_about_what_a_pod_sent_reach_it(void **state)
{
	const struct family *f = *state;

	for (int i = 0; i < PROTOCOLS * KINDS * QUOTES; i++) {
		__u8 proto = protocols[i % PROTOCOLS];
		enum error_kind kind = kinds[i / PROTOCOLS % KINDS];
		size_t quote = quote_len(f, quotes[i / PROTOCOLS / KINDS]);
		const struct fl_addr *teller = i % 2 ? &f->router : &f->world;
		__u16 sport = proto == IPPROTO_SCTP ? PORT : 1000;
		struct message m = {.src = &f->pod_a,
				    .dst = &f->world,
				    .proto = proto,
				    .sport = sport,
				    .ttl = 9};
		struct packet inner, p, want;

		tables_reset();
		message_build(&inner, &m);
		m.sport = leaves_as(FROM_POD_A, &m, &f->node);
		packet_build(&want, ETH(.src = gateway_mac, .dst = mac_a),
			     IP(.src = teller, .dst = &f->pod_a, .ttl = 63),
			     ERROR(.kind = kind, .mtu = 1280),
			     QUOTE(.packet = &inner, .len = quote));
		m.src = &f->node;
		message_build(&inner, &m);
		packet_build(&p, ETH(.src = router_mac, .dst = uplink_mac),
			     IP(.src = teller, .dst = &f->node),
			     ERROR(.kind = kind, .mtu = 1280),
			     QUOTE(.packet = &inner, .len = quote));
		expect_sent(FROM_UPLINK, &p, LOCAL, &want);
		assert_int_equal(counter_read(FL_COUNT_ICMP_TRANSLATED), 1);
		assert_int_equal(flow_count(), 2);
	}
}

/* A pod says of what the world answered:
 *
 *   pod_a -> world: error [ world -> pod_a:sport ]
 *          => node -> world: error [ world -> node:port ]
 */
static void errors_about_what_a_pod_got_leave_as_the_node(void **state)
{
	const struct family *f = *state;

	for (int i = 0; i < PROTOCOLS * KINDS * QUOTES; i++) {
		__u8 proto = protocols[i % PROTOCOLS];
		enum error_kind kind = kinds[i / PROTOCOLS % KINDS];
		size_t quote = quote_len(f, quotes[i / PROTOCOLS / KINDS]);
		bool echo = proto == IPPROTO_ICMP;
		__u16 sport = proto == IPPROTO_SCTP ? PORT : 1000, port;
		struct message m = {.src = &f->pod_a,
				    .dst = &f->world,
				    .proto = proto,
				    .sport = sport};
		struct packet inner, p, want;

		tables_reset();
		port = leaves_as(FROM_POD_A, &m, &f->node);
		message(&inner, .src = &f->world, .dst = &f->pod_a,
			.proto = proto, .sport = echo ? sport : 80,
			.dport = sport, .reply = true);
		packet_build(&p, ETH(.src = mac_a, .dst = gateway_mac),
			     IP(.src = &f->pod_a, .dst = &f->world),
			     ERROR(.kind = kind, .mtu = 1280),
			     QUOTE(.packet = &inner, .len = quote));
		message(&inner, .src = &f->world, .dst = &f->node,
			.proto = proto, .sport = echo ? port : 80,
			.dport = port, .reply = true);
		packet_build(&want, ETH(.src = mac_a, .dst = gateway_mac),
			     IP(.src = &f->node, .dst = &f->world, .ttl = 63),
			     ERROR(.kind = kind, .mtu = 1280),
			     QUOTE(.packet = &inner, .len = quote));
		expect_sent(FROM_POD_A, &p, UPLINK, &want);
		assert_int_equal(counter_read(FL_COUNT_ICMP_TRANSLATED), 1);
	}
}

/* A UDP checksum of zero, quoted, is no checksum there either. */
static void a_quoted_datagram_without_checksum_keeps_none(void **state)
{
	struct packet sent, inner, p, want;

	(void)state;
	packet_build(&sent, ETH(.src = mac_a, .dst = gateway_mac),
		     IP(.src = &ipv4.pod_a, .dst = &ipv4.world, .ttl = 9),
		     UDP(.sport = PORT, .dport = 53, .no_checksum = true));
	expect_sent(FROM_POD_A, &sent, UPLINK, NULL);
	packet_build(&inner, ETH(.src = mac_a, .dst = gateway_mac),
		     IP(.src = &ipv4.node, .dst = &ipv4.world, .ttl = 9),
		     UDP(.sport = PORT, .dport = 53, .no_checksum = true));
	packet_build(&p, ETH(.src = router_mac, .dst = uplink_mac),
		     IP(.src = &ipv4.router, .dst = &ipv4.node),
		     ERROR(.kind = ERROR_PORT), QUOTE(.packet = &inner));
	packet_build(&want, ETH(.src = gateway_mac, .dst = mac_a),
		     IP(.src = &ipv4.router, .dst = &ipv4.pod_a, .ttl = 63),
		     ERROR(.kind = ERROR_PORT), QUOTE(.packet = &sent));
	expect_sent(FROM_UPLINK, &p, LOCAL, &want);
}

/* Zero means none in UDP, so a quoted sum that comes out as zero is ~0. */
static void a_quoted_udp_checksum_never_becomes_zero(void **state)
{
	const struct family *f = *state;
	struct message m = outgoing(f, IPPROTO_UDP, PORT);
	size_t data = ETH_LEN + f->ip_len + 8;
	struct packet sent, inner, p, want;

	message_build(&sent, &m);
	udp_sum_to_zero(&sent);
	expect_sent(FROM_POD_A, &sent, UPLINK, NULL);
	m.src = &f->node;
	message_build(&inner, &m);
	memcpy(inner.data + data, sent.data + data, 2);
	udp_sum(&inner);
	packet_build(&p, ETH(.src = router_mac, .dst = uplink_mac),
		     IP(.src = &f->router, .dst = &f->node),
		     ERROR(.kind = ERROR_PORT), QUOTE(.packet = &inner));
	packet_build(&want, ETH(.src = gateway_mac, .dst = mac_a),
		     IP(.src = &f->router, .dst = &f->pod_a, .ttl = 63),
		     ERROR(.kind = ERROR_PORT), QUOTE(.packet = &sent));
	expect_sent(FROM_UPLINK, &p, LOCAL, &want);
}

static void quoted_options_and_fragment_headers_are_stepped_over(void **state)
{
	const struct family *f = *state;
	struct packet sent, inner, first, p, want;

	/* IPv4: options. IPv6: the first fragment of a datagram. */
	packet_build(&sent, ETH(.src = mac_a, .dst = gateway_mac),
		     IP(.src = &f->pod_a, .dst = &f->world,
			.options = f->v6 ? 0 : 12),
		     UDP(.sport = PORT, .dport = 53), DATA(.len = 64));
	packet_build(&inner, ETH(.src = mac_a, .dst = gateway_mac),
		     IP(.src = &f->node, .dst = &f->world,
			.options = f->v6 ? 0 : 12),
		     UDP(.sport = PORT, .dport = 53), DATA(.len = 64));
	expect_sent(FROM_POD_A, &sent, UPLINK, NULL);
	if (f->v6) {
		first = sent;
		packet_fragment(&first, 0, 32, 5, &sent);
		first = inner;
		packet_fragment(&first, 0, 32, 5, &inner);
	}
	packet_build(&p, ETH(.src = router_mac, .dst = uplink_mac),
		     IP(.src = &f->router, .dst = &f->node),
		     ERROR(.kind = ERROR_HOST), QUOTE(.packet = &inner));
	packet_build(&want, ETH(.src = gateway_mac, .dst = mac_a),
		     IP(.src = &f->router, .dst = &f->pod_a, .ttl = 63),
		     ERROR(.kind = ERROR_HOST), QUOTE(.packet = &sent));
	expect_sent(FROM_UPLINK, &p, LOCAL, &want);
}

static void odd_quotes_keep_right_checksums(void **state)
{
	const struct family *f = *state;
	struct message m = {
		.src = &f->pod_a, .dst = &f->world, .proto = IPPROTO_TCP};
	struct packet before, after, p, want;

	message_build(&before, &m);
	m.sport = leaves_as(FROM_POD_A, &m, &f->node);
	m.src = &f->node;
	message_build(&after, &m);
	for (size_t len = f->ip_len + 8; len < before.len - ETH_LEN; len++) {
		if (len == f->ip_len + 17) /* half a checksum is none */
			continue;
		packet_build(&p, ETH(.src = router_mac, .dst = uplink_mac),
			     IP(.src = &f->router, .dst = &f->node),
			     ERROR(.kind = ERROR_HOST),
			     QUOTE(.packet = &after, .len = len));
		packet_build(&want, ETH(.src = gateway_mac, .dst = mac_a),
			     IP(.src = &f->router, .dst = &f->pod_a, .ttl = 63),
			     ERROR(.kind = ERROR_HOST),
			     QUOTE(.packet = &before, .len = len));
		expect_sent(FROM_UPLINK, &p, LOCAL, &want);
	}
}

/* ---- errors about connections without translation -------------------- */

static void errors_between_pods_go_as_they_are(void **state)
{
	const struct family *f = *state;
	struct packet sent, p, want;

	message(&sent, .src = &f->pod_a, .dst = &f->pod_b,
		.proto = IPPROTO_UDP);
	run(FROM_POD_A, &sent);
	packet_build(&p, ETH(.src = mac_b, .dst = gateway_mac),
		     IP(.src = &f->pod_b, .dst = &f->pod_a),
		     ERROR(.kind = ERROR_PORT), QUOTE(.packet = &sent));
	hop(&p, mac_a, gateway_mac, &want);
	expect_sent(FROM_POD_B, &p, LOCAL, &want);
	assert_int_equal(counter_read(FL_COUNT_ICMP_TRANSLATED), 0);
	assert_int_equal(flow_count(), 2);
}

static void errors_of_another_node_reach_the_pod(void **state)
{
	const struct family *f = *state;
	const struct fl_addr *tellers[] = {&f->remote_pod, &f->remote_node};
	struct packet sent, p, want;

	if (!trampoline_knows_sender())
		skip();
	message(&sent, .src = &f->pod_a, .dst = &f->remote_pod);
	run(FROM_POD_A, &sent);
	for (int i = 0; i < 2; i++) {
		packet_build(&p,
			     ETH(.src = overlay_src_mac, .dst = overlay_mac),
			     IP(.src = tellers[i], .dst = &f->pod_a),
			     ERROR(.kind = ERROR_TOO_BIG, .mtu = 1400),
			     QUOTE(.packet = &sent));
		hop(&p, mac_a, gateway_mac, &want);
		expect_sent(FROM_NODE2, &p, LOCAL, &want);
	}
}

static void errors_to_another_node_go_by_the_overlay(void **state)
{
	const struct family *f = *state;
	struct packet got, p, want;

	message(&got, .src = &f->remote_pod, .dst = &f->pod_a,
		.proto = IPPROTO_UDP, .smac = overlay_src_mac,
		.dmac = overlay_mac);
	expect_sent(FROM_NODE2, &got, LOCAL, NULL);
	packet_build(&p, ETH(.src = mac_a, .dst = gateway_mac),
		     IP(.src = &f->pod_a, .dst = &f->remote_pod),
		     ERROR(.kind = ERROR_PORT), QUOTE(.packet = &got));
	hop(&p, overlay_mac, overlay_src_mac, &want);
	expect_sent(FROM_POD_A, &p, OVERLAY, &want);
}

static void errors_about_what_the_host_sent_are_the_hosts(void **state)
{
	const struct family *f = *state;
	struct packet sent, p;

	message(&sent, .src = &f->host, .dst = &f->pod_a, .proto = IPPROTO_UDP,
		.smac = gateway_mac, .dmac = mac_a);
	expect_pass(TO_POD_A, &sent, LOCAL);
	packet_build(&p, ETH(.src = mac_a, .dst = gateway_mac),
		     IP(.src = &f->pod_a, .dst = &f->host),
		     ERROR(.kind = ERROR_PORT), QUOTE(.packet = &sent));
	expect_pass(FROM_POD_A, &p, HOST);
}

/* The host's stack tells a pod, from its own address. */
static void errors_of_the_host_reach_the_pod(void **state)
{
	const struct family *f = *state;
	struct packet sent, p;

	message(&sent, .src = &f->pod_a, .dst = &f->node, .proto = IPPROTO_UDP);
	expect_pass(FROM_POD_A, &sent, HOST);
	packet_build(&p, ETH(.src = gateway_mac, .dst = mac_a),
		     IP(.src = &f->node, .dst = &f->pod_a),
		     ERROR(.kind = ERROR_PORT), QUOTE(.packet = &sent));
	expect_pass(TO_POD_A, &p, LOCAL);
	/* ... and about what it would have routed for it */
	message(&sent, .src = &f->pod_a, .dst = &f->no_route);
	packet_build(&p, ETH(.src = gateway_mac, .dst = mac_a),
		     IP(.src = &f->host, .dst = &f->pod_a),
		     ERROR(.kind = ERROR_HOST), QUOTE(.packet = &sent));
	expect_pass(TO_POD_A, &p, LOCAL);
}

/* A pod that was made again has its address, but another device and MAC. */
static void errors_follow_a_pod_that_was_made_again(void **state)
{
	const struct family *f = *state;
	struct packet sent, p, want;

	message(&sent, .src = &f->pod_a, .dst = &f->pod_b,
		.proto = IPPROTO_UDP);
	run(FROM_POD_A, &sent);
	endpoint_write(&f->pod_a, node.small, mac_small, 1500);
	epoch_raise_now();
	packet_build(&p, ETH(.src = mac_b, .dst = gateway_mac),
		     IP(.src = &f->pod_b, .dst = &f->pod_a),
		     ERROR(.kind = ERROR_PORT), QUOTE(.packet = &sent));
	/* What the old pod sent is nothing to the new one. */
	expect_drop(FROM_POD_B, &p, ICMP_UNRELATED);
	message(&sent, .src = &f->pod_a, .dst = &f->pod_b, .proto = IPPROTO_UDP,
		.smac = mac_small);
	run(FROM_POD(small), &sent);
	hop(&p, mac_small, gateway_mac, &want);
	expect_sent(FROM_POD_B, &p, LOCAL, &want);
	endpoint_remove(&f->pod_a);
	epoch_raise_now();
	expect_drop(FROM_POD_B, &p, ICMP_UNRELATED);
}

/* ---- errors that are lies -------------------------------------------- */

static void unrelated_errors_of_pods_are_dropped(void **state)
{
	const struct family *f = *state;
	struct packet quoted, p;

	message(&quoted, .src = &f->pod_b, .dst = &f->pod_a);
	packet_build(&p, ETH(.src = mac_a, .dst = gateway_mac),
		     IP(.src = &f->pod_a, .dst = &f->pod_b),
		     ERROR(.kind = ERROR_PORT), QUOTE(.packet = &quoted));
	expect_drop(FROM_POD_A, &p, ICMP_UNRELATED);
	packet_build(&p, ETH(.src = overlay_src_mac, .dst = overlay_mac),
		     IP(.src = &f->remote_pod, .dst = &f->pod_b),
		     ERROR(.kind = ERROR_PORT), QUOTE(.packet = &quoted));
	expect_drop(FROM_NODE2, &p, ICMP_UNRELATED);
	assert_int_equal(flow_count(), 0);
}

static void unrelated_errors_at_the_uplink_are_the_hosts(void **state)
{
	const struct family *f = *state;
	struct packet quoted, p;

	message(&quoted, .src = &f->node, .dst = &f->world);
	packet_build(&p, ETH(.src = router_mac, .dst = uplink_mac),
		     IP(.src = &f->router, .dst = &f->node),
		     ERROR(.kind = ERROR_TOO_BIG, .mtu = 1280),
		     QUOTE(.packet = &quoted));
	expect_pass(FROM_UPLINK, &p, NOT_OURS);
	packet_build(&p, ETH(.src = uplink_mac, .dst = router_mac),
		     IP(.src = &f->node, .dst = &f->world),
		     ERROR(.kind = ERROR_PORT), QUOTE(.packet = &quoted));
	expect_pass(TO_UPLINK, &p, NOT_OURS);
}

static void a_pod_cannot_end_another_pods_connection(void **state)
{
	const struct family *f = *state;
	struct packet sent, p;

	message(&sent, .src = &f->pod_a, .dst = &f->pod_b);
	run(FROM_POD_A, &sent);
	/* small as pod_b */
	packet_build(&p, ETH(.src = mac_small, .dst = gateway_mac),
		     IP(.src = &f->pod_b, .dst = &f->pod_a),
		     ERROR(.kind = ERROR_PORT), QUOTE(.packet = &sent));
	expect_drop(FROM_POD(small), &p, SPOOFED_ADDR);
	/* small as itself, quoting what it never got */
	packet_build(&p, ETH(.src = mac_small, .dst = gateway_mac),
		     IP(.src = &f->small, .dst = &f->pod_a),
		     ERROR(.kind = ERROR_PORT), QUOTE(.packet = &sent));
	run(FROM_POD(small), &p);
	assert_int_equal(last.verdict, VERDICT_DROP);
	/* pod_b with a router's address */
	packet_build(&p, ETH(.src = mac_b, .dst = gateway_mac),
		     IP(.src = &f->router, .dst = &f->pod_a),
		     ERROR(.kind = ERROR_HOST), QUOTE(.packet = &sent));
	expect_drop(FROM_POD_B, &p, SPOOFED_ADDR);
	/* pod_b with another MAC */
	packet_build(&p, ETH(.src = mac_small, .dst = gateway_mac),
		     IP(.src = &f->pod_b, .dst = &f->pod_a),
		     ERROR(.kind = ERROR_PORT), QUOTE(.packet = &sent));
	expect_drop(FROM_POD_B, &p, SPOOFED_MAC);
}

/* ... nor can anybody outside, or on another node, that never saw a packet of
 * it. */
static void nobody_else_can_end_a_connection_between_pods(void **state)
{
	const struct family *f = *state;
	struct packet sent, p;

	message(&sent, .src = &f->pod_a, .dst = &f->pod_b);
	run(FROM_POD_A, &sent);
	packet_build(&p, ETH(.src = router_mac, .dst = uplink_mac),
		     IP(.src = &f->world, .dst = &f->pod_a),
		     ERROR(.kind = ERROR_HOST), QUOTE(.packet = &sent));
	expect_pass(FROM_UPLINK, &p, NOT_OURS);
	packet_build(&p, ETH(.src = overlay_src_mac, .dst = overlay_mac),
		     IP(.src = &f->remote_pod, .dst = &f->pod_a),
		     ERROR(.kind = ERROR_HOST), QUOTE(.packet = &sent));
	expect_drop(FROM_NODE2, &p, ICMP_UNRELATED);
}

/* An error goes to who sent what it quotes, and to nobody else. */
static void errors_to_others_than_the_quoted_sender_go_nowhere(void **state)
{
	const struct family *f = *state;
	struct message m = {.src = &f->pod_a,
			    .dst = &f->world,
			    .proto = IPPROTO_UDP,
			    .sport = PORT};
	struct packet quoted, p;

	leaves_as(FROM_POD_A, &m, &f->node);
	m.src = &f->node;
	message_build(&quoted, &m);
	packet_build(&p, ETH(.src = router_mac, .dst = uplink_mac),
		     IP(.src = &f->router, .dst = &f->node2),
		     ERROR(.kind = ERROR_HOST), QUOTE(.packet = &quoted));
	expect_pass(FROM_UPLINK, &p, NOT_OURS);
	message(&quoted, .src = &f->pod_b, .dst = &f->pod_a, .smac = mac_b);
	run(FROM_POD_B, &quoted);
	packet_build(&p, ETH(.src = mac_a, .dst = gateway_mac),
		     IP(.src = &f->pod_a, .dst = &f->small),
		     ERROR(.kind = ERROR_PORT), QUOTE(.packet = &quoted));
	run(FROM_POD_A, &p);
	assert_int_equal(last.verdict, VERDICT_DROP);
}

static void quotes_too_short_to_name_a_flow_are_unrelated(void **state)
{
	const struct family *f = *state;
	struct message m = {.src = &f->pod_a,
			    .dst = &f->world,
			    .proto = IPPROTO_UDP,
			    .sport = PORT};
	struct packet quoted, p;

	leaves_as(FROM_POD_A, &m, &f->node);
	m.src = &f->node;
	message_build(&quoted, &m);
	for (size_t len = 1; len < f->ip_len + 4; len++) {
		packet_build(&p, ETH(.src = router_mac, .dst = uplink_mac),
			     IP(.src = &f->router, .dst = &f->node),
			     ERROR(.kind = ERROR_HOST),
			     QUOTE(.packet = &quoted, .len = len));
		expect_pass(FROM_UPLINK, &p, NOT_OURS);
		packet_build(&p, ETH(.src = mac_b, .dst = gateway_mac),
			     IP(.src = &f->pod_b, .dst = &f->pod_a),
			     ERROR(.kind = ERROR_HOST),
			     QUOTE(.packet = &quoted, .len = len));
		expect_drop(FROM_POD_B, &p, ICMP_UNRELATED);
	}
}

static void quoted_later_fragments_are_unrelated(void **state)
{
	const struct family *f = *state;
	struct packet whole, quoted, p;

	message(&whole, .src = &f->pod_a, .dst = &f->pod_b,
		.proto = IPPROTO_UDP, .len = 200);
	run(FROM_POD_A, &whole);
	packet_fragment(&whole, 64, 64, 9, &quoted);
	packet_build(&p, ETH(.src = mac_b, .dst = gateway_mac),
		     IP(.src = &f->pod_b, .dst = &f->pod_a),
		     ERROR(.kind = ERROR_HOST), QUOTE(.packet = &quoted));
	expect_drop(FROM_POD_B, &p, ICMP_UNRELATED);
}

/* ---- echoes ---------------------------------------------------------- */

static void two_pods_may_ping_with_one_identifier(void **state)
{
	const struct family *f = *state;
	struct message a = {.src = &f->pod_a,
			    .dst = &f->world,
			    .proto = IPPROTO_ICMP,
			    .sport = PORT};
	struct message b = a;
	struct packet p, want;
	__u16 port;

	b.src = &f->pod_b;
	b.smac = mac_b;
	assert_int_equal(leaves_as(FROM_POD_A, &a, &f->node), PORT);
	port = leaves_as(FROM_POD_B, &b, &f->node);
	assert_int_not_equal(port, PORT);
	answer_build(&p, &b, &f->node, port);
	message(&want, .src = &f->world, .dst = &f->pod_b,
		.proto = IPPROTO_ICMP, .sport = PORT, .reply = true, .ttl = 63,
		.smac = gateway_mac, .dmac = mac_b);
	expect_sent(FROM_UPLINK, &p, LOCAL, &want);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		FAMILIES(errors_about_what_a_pod_sent_reach_it),
		FAMILIES(errors_about_what_a_pod_got_leave_as_the_node),
		ONCE(a_quoted_datagram_without_checksum_keeps_none),
		FAMILIES(a_quoted_udp_checksum_never_becomes_zero),
		FAMILIES(quoted_options_and_fragment_headers_are_stepped_over),
		FAMILIES(odd_quotes_keep_right_checksums),
		FAMILIES(errors_between_pods_go_as_they_are),
		FAMILIES(errors_of_another_node_reach_the_pod),
		FAMILIES(errors_to_another_node_go_by_the_overlay),
		FAMILIES(errors_about_what_the_host_sent_are_the_hosts),
		FAMILIES(errors_of_the_host_reach_the_pod),
		FAMILIES(errors_follow_a_pod_that_was_made_again),
		FAMILIES(unrelated_errors_of_pods_are_dropped),
		FAMILIES(unrelated_errors_at_the_uplink_are_the_hosts),
		FAMILIES(a_pod_cannot_end_another_pods_connection),
		FAMILIES(nobody_else_can_end_a_connection_between_pods),
		FAMILIES(errors_to_others_than_the_quoted_sender_go_nowhere),
		FAMILIES(quotes_too_short_to_name_a_flow_are_unrelated),
		FAMILIES(quoted_later_fragments_are_unrelated),
		FAMILIES(two_pods_may_ping_with_one_identifier),
	};

	return bpf_tests(tests, &options_default);
}
