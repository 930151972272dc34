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
#include <sys/socket.h>
#include <unistd.h>

#include "../../lib/addr.h"

#define IN_RANGE 40123

/* An outgoing message of pod_a to the world; port 0: 1000, out of range. */
static struct message outgoing(const struct family *f, __u8 proto, __u16 sport)
{
	return (struct message){.src = &f->pod_a,
				.dst = &f->world,
				.proto = proto,
				.sport = sport};
}

static __u16 leaves(const struct family *f, const struct message *m)
{
	return leaves_as(FROM_POD_A, m, &f->node);
}

/* The answer to *m, which left by this port, reaches the pod at its own. */
static void answer_arrives(const struct family *f, const struct message *m,
			   __u16 port)
{
	bool echo = m->proto == IPPROTO_ICMP;
	struct packet in, want;

	answer_build(&in, m, &f->node, port);
	message(&want, .src = m->dst, .dst = m->src, .proto = m->proto,
		.sport = echo ? m->sport : 80, .dport = m->sport, .reply = true,
		.ttl = 63, .smac = gateway_mac, .dmac = mac_a);
	expect_sent(FROM_UPLINK, &in, LOCAL, &want);
}

/* ---- there and back ------------------------------------------------------ */

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

/* ---- ports ------------------------------------------------------------------
 */

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

/* ---- SCTP: a port cannot be exchanged, its CRC covers it --------------------
 */

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

/* ---- the host's own sockets and connections
 * ---------------------------------- */

/* Sockets of the host that a test holds. */
static int sockets[2] = {-1, -1};

static int sockets_close(void **state)
{
	(void)state;
	for (int i = 0; i < 2; i++) {
		if (sockets[i] >= 0)
			close(sockets[i]);
		sockets[i] = -1;
	}
	return 0;
}

/* One on this port of any address; -1 where there cannot be one. */
static int socket_bind(const struct family *f, int type, __u16 port)
{
	struct sockaddr_in6 sa6 = {.sin6_family = AF_INET6,
				   .sin6_port = htons(port)};
	struct sockaddr_in sa4 = {.sin_family = AF_INET,
				  .sin_port = htons(port)};
	int fd = socket(f->af, type | SOCK_CLOEXEC, 0);

	if (fd < 0 ||
	    (f->v6 ? bind(fd, (void *)&sa6, sizeof(sa6))
		   : bind(fd, (void *)&sa4, sizeof(sa4))) ||
	    (type == SOCK_STREAM && listen(fd, 1))) {
		close(fd);
		return -1;
	}
	return fd;
}

static void ports_of_host_sockets_are_not_taken(void **state)
{
	const struct family *f = *state;
	struct message m = outgoing(f, IPPROTO_UDP, IN_RANGE);

	sockets[0] = socket_bind(f, SOCK_DGRAM, IN_RANGE);
	sockets[1] = socket_bind(f, SOCK_STREAM, IN_RANGE);
	assert_true(sockets[0] >= 0 && sockets[1] >= 0);
	assert_int_not_equal(leaves(f, &m), IN_RANGE);
	assert_int_equal(counter_read(FL_COUNT_MASQ_SOCKET), 1);
	m.proto = IPPROTO_TCP;
	assert_int_not_equal(leaves(f, &m), IN_RANGE);
	assert_int_equal(counter_read(FL_COUNT_MASQ_SOCKET), 2);
}

/* A message of the host itself to the world, on its way out. */
static struct message from_host(const struct family *f, __u8 proto)
{
	return (struct message){.src = &f->node,
				.dst = &f->world,
				.proto = proto,
				.sport = IN_RANGE,
				.flags = TCP_SYN,
				.smac = uplink_mac,
				.dmac = router_mac};
}

static void a_pod_does_not_get_the_port_of_a_host_connection(void **state)
{
	const struct family *f = *state;
	struct packet p, answer;

	for (int i = 0; i < PROTOCOLS; i++) {
		struct message host = from_host(f, protocols[i]);
		struct message m = outgoing(f, protocols[i], IN_RANGE);

		message_build(&p, &host);
		expect_pass(TO_UPLINK, &p, UPLINK);
		message_build(&p, &m);
		if (protocols[i] == IPPROTO_SCTP)
			expect_drop(FROM_POD_A, &p, NO_MASQ_PORT);
		else
			assert_int_not_equal(leaves(f, &m), IN_RANGE);
		answer_build(&answer, &host, &f->node, IN_RANGE);
		expect_pass(FROM_UPLINK, &answer, HOST);
	}
	assert_int_equal(counter_read(FL_COUNT_HOST_TRANSLATED), 0);
}

static void a_host_connection_makes_way_for_a_pods(void **state)
{
	const struct family *f = *state;
	const __u8 with_ports[] = {IPPROTO_TCP, IPPROTO_UDP, IPPROTO_ICMP};
	struct packet p, want;

	for (size_t i = 0; i < sizeof(with_ports); i++) {
		struct message m = outgoing(f, with_ports[i], IN_RANGE);
		struct message host = from_host(f, with_ports[i]), back;
		__u16 port;

		assert_int_equal(leaves(f, &m), IN_RANGE);
		message_build(&p, &host);
		run(TO_UPLINK, &p);
		assert_int_equal(last.verdict, VERDICT_PASS);
		assert_int_equal(last.reason, FL_PASS_UPLINK);
		port = ntohs(flow_of(&p).to.sport);
		assert_int_not_equal(port, IN_RANGE);
		assert_in_range(port, MASQ_MIN, MASQ_MAX);
		back = host;
		back.sport = port;
		message_build(&want, &back);
		assert_packet(&last.out, &want);
		assert_int_equal(counter_read(FL_COUNT_HOST_TRANSLATED), i + 1);

		answer_arrives(f, &m, IN_RANGE);
		answer_build(&p, &host, &f->node, port);
		answer_build(&want, &host, &f->node, IN_RANGE);
		expect_pass_as(FROM_UPLINK, &p, HOST, &want);
	}
}

static void what_the_host_does_outside_the_range_is_its_own(void **state)
{
	const struct family *f = *state;
	struct message host = from_host(f, IPPROTO_TCP);
	struct packet p;

	host.sport = 22;
	message_build(&p, &host);
	expect_pass(TO_UPLINK, &p, NOT_OURS);
	host.sport = MASQ_MAX + 1;
	message_build(&p, &host);
	expect_pass(TO_UPLINK, &p, NOT_OURS);
	host = from_host(f, IPPROTO_TCP); /* the answer of a server there */
	host.flags = TCP_SYN | TCP_ACK;
	message_build(&p, &host);
	expect_pass(TO_UPLINK, &p, NOT_OURS);
	assert_int_equal(flow_count(), 0);
}

/* The stack cut a large datagram of a pod into pieces, say. */
static void a_pods_packet_through_the_stack_is_masqueraded_too(void **state)
{
	const struct family *f = *state;
	struct at at = {.hook = FL_HOOK_TO_UPLINK,
			.ifindex = node.uplink,
			.from_ifindex = node.pod_a};
	struct message m = outgoing(f, IPPROTO_UDP, IN_RANGE), translated = m;
	struct packet p, want;

	message_build(&p, &m);
	translated.src = &f->node;
	message_build(&want, &translated);
	expect_pass_as(at, &p, UPLINK, &want);
	answer_arrives(f, &m, IN_RANGE);
}

static void a_mapping_is_the_same_by_either_way_out(void **state)
{
	const struct family *f = *state;
	struct at at = {.hook = FL_HOOK_TO_UPLINK,
			.ifindex = node.uplink,
			.from_ifindex = node.pod_a};
	struct message m = outgoing(f, IPPROTO_UDP, 1000), translated = m;
	struct packet p, want;
	__u16 port = leaves(f, &m);

	message_build(&p, &m);
	translated.src = &f->node;
	translated.sport = port;
	message_build(&want, &translated);
	expect_pass_as(at, &p, UPLINK, &want);
	assert_int_equal(leaves(f, &m), port);
	assert_int_equal(flow_count(), 2);
}

/* ---- who is not masqueraded, and as whom the others are
 * ------------------------ */

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

/* ---- changes
 * ---------------------------------------------------------------------- */

static void a_raised_epoch_keeps_the_mapping(void **state)
{
	const struct family *f = *state;
	struct message m = outgoing(f, IPPROTO_TCP, 1000);
	__u16 port = leaves(f, &m);

	epoch_raise_now();
	assert_int_equal(leaves(f, &m), port);
	answer_arrives(f, &m, port);
	epoch_raise_now();
	answer_arrives(f, &m, port);
	assert_int_equal(leaves(f, &m), port);
	assert_int_equal(flow_count(), 2);
	assert_int_equal(counter_read(FL_COUNT_FLOWS_CREATED), 1);
}

static void a_new_address_of_the_node_is_used_from_then_on(void **state)
{
	const struct family *f = *state;
	struct message m = outgoing(f, IPPROTO_TCP, IN_RANGE);

	leaves(f, &m);
	uplink_write(node.uplink, f->v6 ? NULL : &f->node2,
		     f->v6 ? &f->node2 : NULL, UPLINK_MTU);
	epoch_raise_now();
	assert_int_equal(leaves_as(FROM_POD_A, &m, &f->node2), IN_RANGE);
	assert_int_equal(flow_count(), 2);
}

static int route_restore(void **state)
{
	(void)state;
	node_ip("route del 198.51.100.0/24\n"
		"route del 2001:db8:ffff::/48\n");
	return 0;
}

static void a_new_way_out_is_taken_with_its_address(void **state)
{
	const struct family *f = *state;
	struct message m = outgoing(f, IPPROTO_TCP, IN_RANGE);
	struct packet p;

	leaves(f, &m);
	node_ip("route add 198.51.100.0/24 via 192.0.3.254\n"
		"route add 2001:db8:ffff::/48 via 2001:db8:2::fe\n");
	epoch_raise_now();
	assert_int_equal(leaves_as(FROM_POD_A, &m, &f->node2), IN_RANGE);
	message_build(&p, &m);
	assert_int_equal(flow_of(&p).out_ifindex, node.uplink2);
	assert_next(&p, &f->router2);
}

static void a_translated_host_connection_keeps_its_port(void **state)
{
	const struct family *f = *state;
	struct message m = outgoing(f, IPPROTO_UDP, IN_RANGE);
	struct message host = from_host(f, IPPROTO_UDP);
	struct packet p, want, first;

	leaves(f, &m);
	message_build(&p, &host);
	run(TO_UPLINK, &p);
	first = last.out;
	epoch_raise_now();
	expect_pass_as(TO_UPLINK, &p, UPLINK, &first);
	epoch_raise_now();
	answer_build(&p, &host, &f->node, ntohs(packet_tuple(&first).sport));
	answer_build(&want, &host, &f->node, IN_RANGE);
	expect_pass_as(FROM_UPLINK, &p, HOST, &want);
}

/* A pod that was made again has its address, but another device and MAC. */
static void answers_follow_a_pod_that_was_made_again(void **state)
{
	const struct family *f = *state;
	struct message m = outgoing(f, IPPROTO_UDP, IN_RANGE);
	struct packet p, want;

	leaves(f, &m);
	endpoint_write(&f->pod_a, node.small, mac_small, 1500);
	epoch_raise_now();
	answer_build(&p, &m, &f->node, IN_RANGE);
	message(&want, .src = &f->world, .dst = &f->pod_a, .proto = IPPROTO_UDP,
		.sport = 80, .dport = IN_RANGE, .ttl = 63, .smac = gateway_mac,
		.dmac = mac_small);
	expect_sent(FROM_UPLINK, &p, LOCAL, &want);
	endpoint_remove(&f->pod_a);
	epoch_raise_now();
	expect_drop(FROM_UPLINK, &p, NO_ENDPOINT);
}

static void a_lost_reply_entry_is_put_back(void **state)
{
	const struct family *f = *state;
	struct message m = outgoing(f, IPPROTO_TCP, 1000);
	__u16 port = leaves(f, &m);
	struct fl_tuple key, reply;
	struct packet p;

	message_build(&p, &m);
	key = packet_tuple(&p);
	reply = tuple_reversed(flow_of(&p).to);
	flow_remove(&reply);
	flow_age(&key, 2);
	assert_int_equal(leaves(f, &m), port);
	answer_arrives(f, &m, port);
}

static void a_port_that_was_lost_to_another_is_not_used(void **state)
{
	const struct family *f = *state;
	struct message a = outgoing(f, IPPROTO_TCP, IN_RANGE), b = a;
	struct fl_tuple key, reply;
	struct packet p;

	leaves(f, &a);
	message_build(&p, &a);
	key = packet_tuple(&p);
	reply = tuple_reversed(flow_of(&p).to);
	flow_remove(&reply);
	b.src = &f->pod_b;
	b.smac = mac_b;
	assert_int_equal(leaves_as(FROM_POD_B, &b, &f->node), IN_RANGE);
	flow_age(&key, 2);
	run(FROM_POD_A, &p);
	if (last.verdict == VERDICT_DROP)
		assert_int_equal(last.reason, FL_DROP_NO_MAPPING);
	assert_int_not_equal(leaves(f, &a), IN_RANGE);
}

/* ---- who answers
 * ---------------------------------------------------------------------- */

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

/* ---- checksums
 * ----------------------------------------------------------------------------
 */

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
	struct packet p, want;
	size_t l4 = ETH_LEN + f->ip_len, data = l4 + 8;
	__u16 sum;

	/* Payload that makes the translated packet's sum ~0: the sum over it
	 * with that word zero. */
	translated.src = &f->node;
	translated.ttl = 63;
	message_build(&want, &translated);
	memset(want.data + data, 0, 2);
	memset(want.data + l4 + 6, 0, 2);
	sum = checksum(want.data + l4, want.len - l4,
		       checksum_pseudo(&f->node, &f->world, want.len - l4,
				       IPPROTO_UDP));
	want.data[data] = sum >> 8;
	want.data[data + 1] = sum;
	memset(want.data + l4 + 6, 0xff, 2);

	message_build(&p, &m);
	memcpy(p.data + data, want.data + data, 2);
	memset(p.data + l4 + 6, 0, 2);
	sum = checksum(
		p.data + l4, p.len - l4,
		checksum_pseudo(&f->pod_a, &f->world, p.len - l4, IPPROTO_UDP));
	p.data[l4 + 6] = sum >> 8;
	p.data[l4 + 7] = sum;
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
		FAMILIES_RELEASE(ports_of_host_sockets_are_not_taken,
				 sockets_close),
		FAMILIES(a_pod_does_not_get_the_port_of_a_host_connection),
		FAMILIES(a_host_connection_makes_way_for_a_pods),
		FAMILIES(what_the_host_does_outside_the_range_is_its_own),
		FAMILIES(a_pods_packet_through_the_stack_is_masqueraded_too),
		FAMILIES(a_mapping_is_the_same_by_either_way_out),
		FAMILIES(excluded_destinations_see_the_pods_address),
		FAMILIES(answers_of_excluded_destinations_arrive),
		FAMILIES(each_uplink_has_its_own_address),
		FAMILIES(a_destination_on_the_link_is_its_own_next_hop),
		FAMILIES(without_an_address_nothing_leaves),
		FAMILIES(a_raised_epoch_keeps_the_mapping),
		FAMILIES(a_new_address_of_the_node_is_used_from_then_on),
		FAMILIES_RELEASE(a_new_way_out_is_taken_with_its_address,
				 route_restore),
		FAMILIES(a_translated_host_connection_keeps_its_port),
		FAMILIES(answers_follow_a_pod_that_was_made_again),
		FAMILIES(a_lost_reply_entry_is_put_back),
		FAMILIES(a_port_that_was_lost_to_another_is_not_used),
		FAMILIES(only_the_peer_itself_answers),
		FAMILIES(a_pod_cannot_forge_an_answer),
		FAMILIES(a_datagram_without_a_checksum_keeps_none),
		FAMILIES(a_udp_checksum_never_becomes_zero),
		FAMILIES(odd_and_large_payloads_keep_right_checksums),
	};

	return bpf_tests(tests, &options_default);
}
