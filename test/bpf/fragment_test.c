// SPDX-License-Identifier: Apache-2.0
/*
 * Fragments: only the first one has ports. The others find them in
 * fl_fragments, if the first one was there before them.
 */
#include "traffic.h"

#include <netinet/in.h>
#include <string.h>

enum {
	PORT = 40123, /* within the masquerade range */
	PIECE = 128,
	PIECES = 4,
	LEN = PIECE * PIECES - 20, /* of a datagram: the last one is short */
};

static struct packet piece(const struct message *m, int i, __u32 id)
{
	struct packet whole, p;

	message_build(&whole, m);
	packet_fragment(&whole, i * PIECE, PIECE, id, &p);
	return p;
}

static struct message datagram(const struct family *f,
			       const struct fl_addr *dst, __u8 proto)
{
	return (struct message){.src = &f->pod_a,
				.dst = dst,
				.proto = proto,
				.sport = PORT,
				.len = LEN};
}

/* ---- in order -------------------------------------------------------- */

static void fragments_follow_the_first_one(void **state)
{
	const struct family *f = *state;
	const __u8 protos[] = {IPPROTO_UDP, IPPROTO_TCP, IPPROTO_SCTP,
			       IPPROTO_ICMP};

	for (int j = 0; j < 4; j++) {
		struct message m = datagram(f, &f->pod_b, protos[j]);
		struct packet first = piece(&m, 0, 77 + j);

		for (int i = 0; i < PIECES; i++) {
			struct packet p = piece(&m, i, 77 + j), want;

			hop(&p, mac_b, gateway_mac, &want);
			expect_sent(FROM_POD_A, &p, LOCAL, &want);
			assert_int_equal(flow_of(&first).packets, i + 1);
		}
	}
	assert_int_equal(flow_count(), 8);
	assert_int_equal(fragment_count(), 4);
}

static void fragments_are_masqueraded_with_the_first_one(void **state)
{
	const struct family *f = *state;
	const __u8 protos[] = {IPPROTO_UDP, IPPROTO_TCP, IPPROTO_ICMP};

	for (int j = 0; j < 3; j++) {
		struct message m = datagram(f, &f->world, protos[j]);
		struct message translated = m;
		struct packet first;

		m.sport = 1000; /* has to be exchanged */
		first = piece(&m, 0, 5 + j);
		for (int i = 0; i < PIECES; i++) {
			struct packet p = piece(&m, i, 5 + j), want;

			run(FROM_POD_A, &p);
			translated.src = &f->node;
			translated.sport =
				__builtin_bswap16(flow_of(&first).to.sport);
			translated.ttl = 63;
			want = piece(&translated, i, 5 + j);
			assert_int_equal(last.reason, FL_PASS_UPLINK);
			assert_packet(&last.out, &want);
		}
		assert_int_equal(flow_of(&first).packets, PIECES);
	}
}

static void fragments_of_answers_reach_the_pod(void **state)
{
	const struct family *f = *state;
	struct message m = datagram(f, &f->world, IPPROTO_UDP);
	struct packet whole, want_whole, p, want;
	__u16 port;

	m.sport = 1000;
	port = leaves_as(FROM_POD_A, &m, &f->node);
	answer_build(&whole, &m, &f->node, port);
	message(&want_whole, .src = &f->world, .dst = &f->pod_a,
		.proto = IPPROTO_UDP, .sport = 80, .dport = 1000, .len = LEN,
		.ttl = 63, .smac = gateway_mac, .dmac = mac_a);
	for (int i = 0; i < PIECES; i++) {
		packet_fragment(&whole, i * PIECE, PIECE, 99, &p);
		packet_fragment(&want_whole, i * PIECE, PIECE, 99, &want);
		expect_sent(FROM_UPLINK, &p, LOCAL, &want);
	}
}

static void fragments_reach_other_nodes_and_the_own_one(void **state)
{
	const struct family *f = *state;
	struct message m = datagram(f, &f->remote_pod, IPPROTO_UDP);
	struct packet p, want;

	for (int i = 0; i < PIECES; i++) {
		p = piece(&m, i, 3);
		hop(&p, overlay_mac, overlay_src_mac, &want);
		expect_sent(FROM_POD_A, &p, OVERLAY, &want);
	}
	m.dst = &f->node;
	for (int i = 0; i < PIECES; i++) {
		p = piece(&m, i, 4);
		expect_pass(FROM_POD_A, &p, HOST);
	}
}

static void fragments_arrive_by_the_overlay(void **state)
{
	const struct family *f = *state;
	struct message m = datagram(f, &f->pod_a, IPPROTO_UDP);
	struct packet p, want;

	m.src = &f->remote_pod;
	m.smac = overlay_src_mac;
	m.dmac = overlay_mac;
	for (int i = 0; i < PIECES; i++) {
		p = piece(&m, i, 3);
		hop(&p, mac_a, gateway_mac, &want);
		expect_sent(FROM_NODE2, &p, LOCAL, &want);
	}
	assert_int_equal(flow_count(), 2);
}

/* A pod's large datagram that the stack has cut: see icmp_send_test. */
static void fragments_the_stack_made_are_masqueraded(void **state)
{
	const struct family *f = *state;
	struct at at = {AT(TO_UPLINK, uplink), .from_ifindex = node.pod_a};
	struct message m = datagram(f, &f->world, IPPROTO_UDP);
	struct message translated = m;
	struct packet p, want;

	translated.src = &f->node;
	for (int i = 0; i < PIECES; i++) {
		p = piece(&m, i, 8);
		want = piece(&translated, i, 8);
		expect_pass_as(at, &p, UPLINK, &want);
	}
}

/* Nobody knows its port, so it cannot be translated, and must not leave as it
 * is. */
static void a_fragment_of_the_stack_without_its_first_stays(void **state)
{
	const struct family *f = *state;
	struct at at = {AT(TO_UPLINK, uplink), .from_ifindex = node.pod_a};
	struct packet whole, p;

	message(&whole, .src = &f->pod_a, .dst = &f->world,
		.proto = IPPROTO_UDP, .len = 3 * PIECE);
	packet_fragment(&whole, PIECE, PIECE, 7, &p);
	expect_drop(at, &p, FRAG_UNKNOWN);
	at.from_ifindex = 0; /* the host's own are its own */
	message(&whole, .src = &f->node, .dst = &f->world, .proto = IPPROTO_UDP,
		.len = 3 * PIECE);
	packet_fragment(&whole, PIECE, PIECE, 7, &p);
	expect_pass(at, &p, NOT_OURS);
}

static void a_stale_flow_is_decided_again_by_a_later_fragment(void **state)
{
	const struct family *f = *state;
	struct message m = datagram(f, &f->world, IPPROTO_UDP);
	struct packet first = piece(&m, 0, 5), p = piece(&m, 1, 5), want;
	struct message translated = m;

	expect_sent(FROM_POD_A, &first, UPLINK, NULL);
	epoch_raise_now();
	translated.src = &f->node;
	translated.ttl = 63;
	want = piece(&translated, 1, 5);
	expect_sent(FROM_POD_A, &p, UPLINK, &want);
	assert_int_equal(flow_of(&first).packets, 2);
}

/* ---- out of order, or alone ------------------------------------------ */

static void later_fragments_may_come_first_between_pods(void **state)
{
	const struct family *f = *state;
	struct message m = datagram(f, &f->pod_b, IPPROTO_UDP);
	struct packet p, want;

	for (int i = PIECES - 1; i > 0; i--) {
		p = piece(&m, i, 5);
		hop(&p, mac_b, gateway_mac, &want);
		expect_sent(FROM_POD_A, &p, LOCAL, &want);
	}
	assert_int_equal(flow_count(), 0);
	p = piece(&m, 0, 5);
	hop(&p, mac_b, gateway_mac, &want);
	expect_sent(FROM_POD_A, &p, LOCAL, &want);
	assert_int_equal(flow_count(), 2);
}

static void later_fragments_may_come_first_between_nodes(void **state)
{
	const struct family *f = *state;
	struct message out = datagram(f, &f->remote_pod, IPPROTO_UDP);
	struct message in = datagram(f, &f->pod_a, IPPROTO_UDP);
	struct packet p, want;

	p = piece(&out, 2, 5);
	hop(&p, overlay_mac, overlay_src_mac, &want);
	expect_sent(FROM_POD_A, &p, OVERLAY, &want);
	in.src = &f->remote_pod;
	in.smac = overlay_src_mac;
	in.dmac = overlay_mac;
	p = piece(&in, 2, 5);
	hop(&p, mac_a, gateway_mac, &want);
	expect_sent(FROM_NODE2, &p, LOCAL, &want);
	out.dst = &f->private; /* leaves, but is not masqueraded */
	p = piece(&out, 2, 5);
	hop(&p, NULL, NULL, &want);
	expect_sent(FROM_POD_A, &p, UPLINK, &want);
	assert_int_equal(flow_count(), 0);
}

static void without_ports_nothing_is_translated(void **state)
{
	const struct family *f = *state;
	struct message m = datagram(f, &f->world, IPPROTO_UDP);
	struct packet p = piece(&m, 1, 5), whole;

	expect_drop(FROM_POD_A, &p, FRAG_UNKNOWN);
	answer_build(&whole, &m, &f->node, PORT);
	packet_fragment(&whole, PIECE, PIECE, 5, &p);
	expect_pass(FROM_UPLINK, &p, NOT_OURS);
	assert_int_equal(flow_count(), 0);
}

static void a_later_fragment_alone_is_still_checked(void **state)
{
	const struct family *f = *state;
	struct message m = datagram(f, &f->pod_b, IPPROTO_UDP);
	struct packet p;

	m.src = &f->small;
	p = piece(&m, 1, 5);
	expect_drop(FROM_POD_A, &p, SPOOFED_ADDR);
	m.src = &f->pod_a;
	m.smac = mac_small;
	p = piece(&m, 1, 5);
	expect_drop(FROM_POD_A, &p, SPOOFED_MAC);
	m = datagram(f, &f->no_pod, IPPROTO_UDP);
	p = piece(&m, 1, 5);
	expect_drop(FROM_POD_A, &p, NO_ENDPOINT);
}

/* ---- which belong together ------------------------------------------- */

static void another_datagrams_ports_are_not_used(void **state)
{
	const struct family *f = *state;
	struct message m = datagram(f, &f->world, IPPROTO_UDP);
	struct packet p = piece(&m, 0, 5);

	expect_sent(FROM_POD_A, &p, UPLINK, NULL);
	p = piece(&m, 1, 6); /* another identification */
	expect_drop(FROM_POD_A, &p, FRAG_UNKNOWN);
	m.dst = &f->world_b;
	p = piece(&m, 1, 5);
	expect_drop(FROM_POD_A, &p, FRAG_UNKNOWN);
	m = datagram(f, &f->world, IPPROTO_TCP);
	p = piece(&m, 1, 5);
	expect_drop(FROM_POD_A, &p, FRAG_UNKNOWN);
}

/* Another pod that forges pod_a's first fragment changes nothing for it. */
static void a_forged_first_fragment_is_not_remembered_for_others(void **state)
{
	const struct family *f = *state;
	struct message m = datagram(f, &f->world, IPPROTO_UDP), forged = m;
	struct packet first = piece(&m, 0, 5), later = piece(&m, 1, 5), p, want;

	expect_sent(FROM_POD_A, &first, UPLINK, NULL);
	forged.sport = PORT + 1;
	p = piece(&forged, 0, 5);
	expect_drop(FROM_POD(small), &p, SPOOFED_ADDR);
	m.src = &f->node;
	m.ttl = 63;
	want = piece(&m, 1, 5);
	expect_sent(FROM_POD_A, &later, UPLINK, &want);
	assert_int_equal(flow_of(&first).packets, 2);
	assert_int_equal(flow_count(), 2);
}

static void the_same_identification_may_be_used_again(void **state)
{
	const struct family *f = *state;
	struct message m = datagram(f, &f->world, IPPROTO_UDP), translated = m;
	struct packet p, want;

	translated.src = &f->node;
	translated.ttl = 63;
	for (int round = 0; round < 3; round++) {
		m.sport = translated.sport = PORT + round;
		for (int i = 0; i < PIECES; i++) {
			p = piece(&m, i, 5);
			want = piece(&translated, i, 5);
			expect_sent(FROM_POD_A, &p, UPLINK, &want);
		}
	}
	assert_int_equal(fragment_count(), 1);
}

/* ---- odd ones -------------------------------------------------------- */

static void a_first_fragment_without_its_ports_is_malformed(void **state)
{
	const struct family *f = *state;
	struct message m = datagram(f, &f->pod_b, IPPROTO_TCP);
	struct packet whole, p;

	message_build(&whole, &m);
	packet_fragment(&whole, 0, 8, 5, &p);
	expect_drop(FROM_POD_A, &p, MALFORMED);
	packet_fragment(&whole, 0, 16, 5, &p);
	expect_drop(FROM_POD_A, &p, MALFORMED);
	assert_int_equal(fragment_count(), 0);
}

/* RFC 6946: a fragment header, but nothing is missing. */
static void an_atomic_fragment_is_a_whole_packet(void **state)
{
	struct message m = datagram(&ipv6, &ipv6.pod_b, IPPROTO_UDP);
	struct packet whole, p, want;

	(void)state;
	message_build(&whole, &m);
	packet_fragment(&whole, 0, 1000, 5, &p);
	hop(&p, mac_b, gateway_mac, &want);
	expect_sent(FROM_POD_A, &p, LOCAL, &want);
	assert_int_equal(fragment_count(), 0);
	assert_int_equal(flow_count(), 2);
}

static void an_atomic_fragment_is_masqueraded(void **state)
{
	struct message m = datagram(&ipv6, &ipv6.world, IPPROTO_UDP);
	struct packet whole, p, want;

	(void)state;
	message_build(&whole, &m);
	packet_fragment(&whole, 0, 1000, 5, &p);
	m.src = &ipv6.node;
	m.ttl = 63;
	message_build(&whole, &m);
	packet_fragment(&whole, 0, 1000, 5, &want);
	expect_sent(FROM_POD_A, &p, UPLINK, &want);
}

static void two_fragment_headers_are_malformed(void **state)
{
	struct message m = datagram(&ipv6, &ipv6.pod_b, IPPROTO_UDP);
	struct packet p = piece(&m, 0, 5), twice;

	(void)state;
	packet_fragment(&p, 0, 64, 6, &twice);
	expect_drop(FROM_POD_A, &twice, MALFORMED);
}

static void many_datagrams_only_forget_the_oldest(void **state)
{
	const struct family *f = *state;
	struct message m = datagram(f, &f->world, IPPROTO_UDP);
	struct packet p;

	for (int i = 0; i < 200; i++) {
		p = piece(&m, 0, i);
		expect_sent(FROM_POD_A, &p, UPLINK, NULL);
	}
	for (int i = 199; i >= 0; i--) {
		p = piece(&m, 1, i);
		expect_sent(FROM_POD_A, &p, UPLINK, NULL);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		FAMILIES(fragments_follow_the_first_one),
		FAMILIES(fragments_are_masqueraded_with_the_first_one),
		FAMILIES(fragments_of_answers_reach_the_pod),
		FAMILIES(fragments_reach_other_nodes_and_the_own_one),
		FAMILIES(fragments_arrive_by_the_overlay),
		FAMILIES(fragments_the_stack_made_are_masqueraded),
		FAMILIES(a_fragment_of_the_stack_without_its_first_stays),
		FAMILIES(a_stale_flow_is_decided_again_by_a_later_fragment),
		FAMILIES(later_fragments_may_come_first_between_pods),
		FAMILIES(later_fragments_may_come_first_between_nodes),
		FAMILIES(without_ports_nothing_is_translated),
		FAMILIES(a_later_fragment_alone_is_still_checked),
		FAMILIES(another_datagrams_ports_are_not_used),
		FAMILIES(a_forged_first_fragment_is_not_remembered_for_others),
		FAMILIES(the_same_identification_may_be_used_again),
		FAMILIES(a_first_fragment_without_its_ports_is_malformed),
		ONCE(an_atomic_fragment_is_a_whole_packet),
		ONCE(an_atomic_fragment_is_masqueraded),
		ONCE(two_fragment_headers_are_malformed),
		FAMILIES(many_datagrams_only_forget_the_oldest),
	};

	return bpf_tests(tests, &options_default);
}
