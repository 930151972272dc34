// SPDX-License-Identifier: Apache-2.0
/*
 * Pods that leave by an uplink do so as the node:
 *
 *	pod_a:sport --> [from_pod] --> node:port --> world
 *	pod_a:sport <-- [from_uplink] <-- node:port <-- world
 *
 * and the host's own connections pass [to_uplink] on the same device.
 */
#include "traffic.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <string.h>

/* ---- there and back -------------------------------------------------- */

static void a_pod_leaves_as_the_node_with_its_own_port(void **state)
{
	const struct family *f = *state;

	for (int i = 0; i < PROTOCOLS; i++) {
		struct message m = outgoing(f, protocols[i], IN_RANGE);

		assert_int_equal(leaves(f, &m), IN_RANGE);
	}
	assert_int_equal(counter_read(FL_COUNT_MASQ_COLLISIONS), 0);
	assert_int_equal(counter_read(FL_COUNT_FLOWS_CREATED), PROTOCOLS);
}

static void answers_reach_the_pod(void **state)
{
	const struct family *f = *state;

	for (int i = 0; i < PROTOCOLS; i++) {
		struct message m = outgoing(f, protocols[i], IN_RANGE);

		leaves(f, &m);
		answer_arrives(f, &m, IN_RANGE);
		answer_arrives(f, &m, IN_RANGE);
	}
	assert_int_equal(flow_count(), 2 * PROTOCOLS);
}

static void both_directions_say_what_was_translated(void **state)
{
	const struct family *f = *state;
	struct message m = outgoing(f, IPPROTO_TCP, IN_RANGE);
	struct packet p;
	struct fl_flow flow, reply;
	struct fl_tuple key;

	leaves(f, &m);
	message_build(&p, &m);
	flow = flow_of(&p);
	assert_int_equal(flow.action, FL_ACTION_UPLINK);
	assert_int_equal(flow.flags, FL_FLOW_MASQ | FL_FLOW_REWRITE);
	assert_int_equal(flow.out_ifindex, node.uplink);
	assert_addr(&flow.next, &f->router);
	assert_int_equal(flow.mtu, UPLINK_MTU);
	assert_int_equal(flow.in_ifindex, node.pod_a);
	assert_mac(flow.in_mac, mac_a);
	assert_int_equal(flow.src_identity, FL_IDENTITY_POD);
	assert_int_equal(flow.dst_identity, FL_IDENTITY_WORLD);
	assert_addr(&flow.to.saddr, &f->node);
	reply = flow_reply_of(&p);
	key = tuple_reversed(packet_tuple(&p));
	assert_tuple(&reply.to, &key);
	assert_int_equal(reply.flags,
			 FL_FLOW_MASQ | FL_FLOW_REWRITE | FL_FLOW_REPLY);
	assert_int_equal(reply.in_ifindex, FL_ORIGIN_UPLINK);
	assert_int_equal(reply.action, FL_ACTION_LOCAL);
	assert_int_equal(reply.out_ifindex, node.pod_a);
	assert_mac(reply.out_mac, mac_a);
	assert_int_equal(reply.src_identity, FL_IDENTITY_WORLD);
	assert_int_equal(reply.dst_identity, FL_IDENTITY_POD);
}

static void the_event_of_a_new_connection_shows_the_translation(void **state)
{
	const struct family *f = *state;
	struct message m = outgoing(f, IPPROTO_TCP, IN_RANGE);
	struct packet p;
	struct fl_tuple key;

	leaves(f, &m);
	message_build(&p, &m);
	key = packet_tuple(&p);
	assert_int_equal(last.n_events, 1);
	assert_int_equal(last.events[0].type, FL_EVENT_FLOW_NEW);
	assert_tuple(&last.events[0].tuple, &key);
	assert_addr(&last.events[0].to.saddr, &f->node);
	assert_int_equal(last.events[0].action, FL_ACTION_UPLINK);
	assert_int_equal(last.events[0].out_ifindex, node.uplink);
}

/* ---- ports ----------------------------------------------------------- */

static void a_port_out_of_range_is_exchanged(void **state)
{
	const struct family *f = *state;
	const __u8 with_ports[] = {IPPROTO_TCP, IPPROTO_UDP, IPPROTO_ICMP};

	for (size_t i = 0; i < sizeof(with_ports); i++) {
		struct message m = outgoing(f, with_ports[i], 1000);
		__u16 port = leaves(f, &m);

		assert_in_range(port, MASQ_MIN, MASQ_MAX);
		assert_int_equal(leaves(f, &m), port);
		answer_arrives(f, &m, port);
	}
}

static void the_ends_of_the_range_belong_to_it(void **state)
{
	const struct family *f = *state;
	struct message m = outgoing(f, IPPROTO_UDP, MASQ_MIN);

	assert_int_equal(leaves(f, &m), MASQ_MIN);
	m.sport = MASQ_MAX;
	assert_int_equal(leaves(f, &m), MASQ_MAX);
	m.sport = MASQ_MAX + 1;
	assert_in_range(leaves(f, &m), MASQ_MIN, MASQ_MAX);
	m.sport = MASQ_MIN - 1;
	assert_in_range(leaves(f, &m), MASQ_MIN, MASQ_MAX);
}

static void two_pods_never_share_a_port_to_one_peer(void **state)
{
	const struct family *f = *state;
	struct message a = outgoing(f, IPPROTO_TCP, IN_RANGE), b = a;
	__u16 port;

	b.src = &f->pod_b;
	b.smac = mac_b;
	assert_int_equal(leaves(f, &a), IN_RANGE);
	port = leaves_as(FROM_POD_B, &b, &f->node);
	assert_int_not_equal(port, IN_RANGE);
	assert_in_range(port, MASQ_MIN, MASQ_MAX);
	assert_in_range(counter_read(FL_COUNT_MASQ_COLLISIONS), 1, 3);
	answer_arrives(f, &a, IN_RANGE);
}

static void one_port_serves_many_peers(void **state)
{
	const struct family *f = *state;
	struct message m = outgoing(f, IPPROTO_TCP, IN_RANGE);

	assert_int_equal(leaves(f, &m), IN_RANGE);
	m.dst = &f->world_b;
	m.src = &f->pod_b;
	m.smac = mac_b;
	assert_int_equal(leaves_as(FROM_POD_B, &m, &f->node), IN_RANGE);
	assert_int_equal(counter_read(FL_COUNT_MASQ_COLLISIONS), 0);
}

static void ports_of_the_hole_are_not_taken(void **state)
{
	const struct family *f = *state;
	struct message m = outgoing(f, IPPROTO_UDP, MASQ_MIN + 5);

	/* All but the last port of the range. */
	node.config.masq_port_max = MASQ_MIN + 9;
	node.config.masq_skip_min = MASQ_MIN;
	node.config.masq_skip_max = MASQ_MIN + 8;
	config_write();
	assert_int_equal(leaves(f, &m), MASQ_MIN + 9);
}

/* Whatever the size of the range, all of a small one is used. */
static void a_small_range_is_used_up_before_anything_is_dropped(void **state)
{
	const struct family *f = *state;
	const int sizes[] = {1, 2, 7, 10, 32};
	struct packet p;

	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		struct message m = outgoing(f, IPPROTO_TCP, 0);

		tables_reset();
		node.config.masq_port_max = MASQ_MIN + sizes[i] - 1;
		config_write();
		for (m.sport = 100; m.sport < 100 + sizes[i]; m.sport++)
			leaves(f, &m);
		message_build(&p, &m);
		expect_drop(FROM_POD_A, &p, NO_MASQ_PORT);
		assert_int_equal(flow_count(), 2 * sizes[i]);
		m.sport = 100;
		leaves(f, &m); /* who has one keeps it */
	}
}

/* A stride through the range must not meet itself, whatever its length. */
static void no_size_of_the_range_makes_ports_unreachable(void **state)
{
	const struct family *f = *state;
	struct message m = outgoing(f, IPPROTO_TCP, 0);
	bool seen[127] = {false};
	int n = 0;

	node.config.masq_port_max = MASQ_MIN + 126;
	config_write();
	/* Half full, so that the next free one is never far. */
	for (m.sport = 100; m.sport < 100 + 64; m.sport++)
		seen[leaves(f, &m) - MASQ_MIN] = true;
	for (int i = 0; i < 127; i++)
		n += seen[i];
	assert_int_equal(n, 64);
}

static void an_empty_range_drops(void **state)
{
	const struct family *f = *state;
	struct message m = outgoing(f, IPPROTO_TCP, IN_RANGE);
	struct packet p;

	node.config.masq_port_min = 2;
	node.config.masq_port_max = 1;
	config_write();
	message_build(&p, &m);
	expect_drop(FROM_POD_A, &p, NO_MASQ_PORT);
	assert_int_equal(flow_count(), 0);
}

/* ---- SCTP: a port cannot be exchanged, its CRC covers it ------------- */

static void sctp_keeps_its_port_or_is_dropped(void **state)
{
	const struct family *f = *state;
	struct message m = outgoing(f, IPPROTO_SCTP, IN_RANGE);
	struct packet p;

	assert_int_equal(leaves(f, &m), IN_RANGE);
	answer_arrives(f, &m, IN_RANGE);
	m.src = &f->pod_b;
	m.smac = mac_b;
	message_build(&p, &m);
	expect_drop(FROM_POD_B, &p, NO_MASQ_PORT);
	assert_int_equal(flow_count(), 2);
}

static void what_has_no_ports_cannot_leave(void **state)
{
	const struct family *f = *state;
	struct packet p;

	message(&p, .src = &f->pod_a, .dst = &f->world, .proto = IPPROTO_GRE);
	expect_drop(FROM_POD_A, &p, MASQ_PROTO);
	message(&p, .src = &f->pod_a, .dst = &f->world, .proto = IPPROTO_ESP);
	expect_drop(FROM_POD_A, &p, MASQ_PROTO);
	message(&p, .src = &f->pod_a, .dst = &f->world, .proto = IPPROTO_ICMP,
		.reply = true);
	expect_drop(FROM_POD_A, &p, MASQ_PROTO); /* a reply to nothing */
	assert_int_equal(flow_count(), 0);
}

/* ---- who is not masqueraded, and as whom the others are -------------- */

static void excluded_destinations_see_the_pods_address(void **state)
{
	const struct family *f = *state;
	struct packet p, want;

	for (int i = 0; i < PROTOCOLS; i++) {
		message(&p, .src = &f->pod_a, .dst = &f->private,
			.proto = protocols[i]);
		hop(&p, NULL, NULL, &want);
		expect_sent(FROM_POD_A, &p, UPLINK, &want);
		assert_int_equal(flow_of(&p).flags, 0);
		assert_int_equal(flow_of(&p).action, FL_ACTION_UPLINK);
		assert_next(&p, &f->router);
		assert_int_equal(flow_reply_of(&p).action, FL_ACTION_LOCAL);
	}
	message(&p, .src = &f->pod_a, .dst = &f->private, .proto = IPPROTO_GRE);
	hop(&p, NULL, NULL, &want);
	expect_sent(FROM_POD_A, &p, UPLINK, &want);
}

static void answers_of_excluded_destinations_arrive(void **state)
{
	const struct family *f = *state;
	struct packet p, want;

	message(&p, .src = &f->pod_a, .dst = &f->private);
	run(FROM_POD_A, &p);
	message(&p, .src = &f->private, .dst = &f->pod_a, .sport = 80,
		.dport = 1000, .smac = router_mac, .dmac = uplink_mac);
	hop(&p, mac_a, gateway_mac, &want);
	expect_sent(FROM_UPLINK, &p, LOCAL, &want);
}

static void each_uplink_has_its_own_address(void **state)
{
	const struct family *f = *state;
	struct message m = outgoing(f, IPPROTO_TCP, IN_RANGE);
	struct packet p;

	m.dst = &f->world2;
	assert_int_equal(leaves_as(FROM_POD_A, &m, &f->node2), IN_RANGE);
	message_build(&p, &m);
	assert_int_equal(flow_of(&p).out_ifindex, node.uplink2);
	assert_next(&p, &f->router2);
	assert_int_equal(flow_of(&p).mtu, UPLINK2_MTU);
}

static void a_destination_on_the_link_is_its_own_next_hop(void **state)
{
	const struct family *f = *state;
	struct message m = outgoing(f, IPPROTO_TCP, IN_RANGE);
	struct packet p;

	m.dst = &f->neighbour;
	leaves(f, &m);
	message_build(&p, &m);
	assert_next(&p, &f->neighbour);
}

static void without_an_address_nothing_leaves(void **state)
{
	const struct family *f = *state;
	struct message m = outgoing(f, IPPROTO_TCP, IN_RANGE);
	struct packet p;

	uplink_write(node.uplink, NULL, NULL, UPLINK_MTU);
	message_build(&p, &m);
	expect_drop(FROM_POD_A, &p, NO_MASQ_ADDR);
	uplink_remove(node.uplink);
	expect_drop(FROM_POD_A, &p, NOT_UPLINK);
	assert_int_equal(flow_count(), 0);
}

/* ---- who answers ----------------------------------------------------- */

static void only_the_peer_itself_answers(void **state)
{
	const struct family *f = *state;
	struct message m = outgoing(f, IPPROTO_UDP, IN_RANGE);
	struct packet p;

	leaves(f, &m);
	message(&p, .src = &f->world_b, .dst = &f->node, .proto = IPPROTO_UDP,
		.sport = 80, .dport = IN_RANGE, .smac = router_mac,
		.dmac = uplink_mac);
	expect_pass(FROM_UPLINK, &p, NOT_OURS);
	message(&p, .src = &f->world, .dst = &f->node, .proto = IPPROTO_UDP,
		.sport = 81, .dport = IN_RANGE, .smac = router_mac,
		.dmac = uplink_mac);
	expect_pass(FROM_UPLINK, &p, NOT_OURS);
}

/* Another pod that sends what the answer looks like is not the world. */
static void a_pod_cannot_forge_an_answer(void **state)
{
	const struct family *f = *state;
	struct message m = outgoing(f, IPPROTO_UDP, IN_RANGE);
	struct packet p;

	leaves(f, &m);
	message(&p, .src = &f->world, .dst = &f->node, .proto = IPPROTO_UDP,
		.sport = 80, .dport = IN_RANGE, .smac = mac_b);
	expect_drop(FROM_POD_B, &p, SPOOFED_ADDR);
}

/* ---- checksums ------------------------------------------------------- */

static void a_datagram_without_a_checksum_keeps_none(void **state)
{
	const struct family *f = *state;
	struct packet p, want;

	packet_build(&p, ETH(.src = mac_a, .dst = gateway_mac),
		     IP(.src = &f->pod_a, .dst = &f->world),
		     UDP(.sport = IN_RANGE, .dport = 53, .no_checksum = true),
		     DATA(.len = 20));
	packet_build(&want, ETH(.src = mac_a, .dst = gateway_mac),
		     IP(.src = &f->node, .dst = &f->world, .ttl = 63),
		     UDP(.sport = IN_RANGE, .dport = 53, .no_checksum = true),
		     DATA(.len = 20));
	expect_sent(FROM_POD_A, &p, UPLINK, &want);
}

/* Zero means none in UDP, so a sum that comes out as zero is sent as ~0. */
static void a_udp_checksum_never_becomes_zero(void **state)
{
	const struct family *f = *state;
	struct message m = outgoing(f, IPPROTO_UDP, IN_RANGE), translated = m;
	size_t data = ETH_LEN + f->ip_len + 8;
	struct packet p, want;

	translated.src = &f->node;
	translated.ttl = 63;
	message_build(&want, &translated);
	udp_sum_to_zero(&want);
	message_build(&p, &m);
	memcpy(p.data + data, want.data + data, 2);
	udp_sum(&p);
	expect_sent(FROM_POD_A, &p, UPLINK, &want);
}

static void odd_and_large_payloads_keep_right_checksums(void **state)
{
	const struct family *f = *state;

	for (int i = 0; i < PROTOCOLS; i++) {
		const size_t sizes[] = {1, 31, 999, 1400};

		for (int j = 0; j < 4; j++) {
			struct message m = outgoing(f, protocols[i], IN_RANGE);

			m.len = sizes[j];
			assert_int_equal(leaves(f, &m), IN_RANGE);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		FAMILIES(a_pod_leaves_as_the_node_with_its_own_port),
		FAMILIES(answers_reach_the_pod),
		FAMILIES(both_directions_say_what_was_translated),
		FAMILIES(the_event_of_a_new_connection_shows_the_translation),
		FAMILIES(a_port_out_of_range_is_exchanged),
		FAMILIES(the_ends_of_the_range_belong_to_it),
		FAMILIES(two_pods_never_share_a_port_to_one_peer),
		FAMILIES(one_port_serves_many_peers),
		FAMILIES(ports_of_the_hole_are_not_taken),
		FAMILIES(a_small_range_is_used_up_before_anything_is_dropped),
		FAMILIES(no_size_of_the_range_makes_ports_unreachable),
		FAMILIES(an_empty_range_drops),
		FAMILIES(sctp_keeps_its_port_or_is_dropped),
		FAMILIES(what_has_no_ports_cannot_leave),
		FAMILIES(excluded_destinations_see_the_pods_address),
		FAMILIES(answers_of_excluded_destinations_arrive),
		FAMILIES(each_uplink_has_its_own_address),
		FAMILIES(a_destination_on_the_link_is_its_own_next_hop),
		FAMILIES(without_an_address_nothing_leaves),
		FAMILIES(only_the_peer_itself_answers),
		FAMILIES(a_pod_cannot_forge_an_answer),
		FAMILIES(a_datagram_without_a_checksum_keeps_none),
		FAMILIES(a_udp_checksum_never_becomes_zero),
		FAMILIES(odd_and_large_payloads_keep_right_checksums),
	};

	return bpf_tests(tests, &options_default);
}
