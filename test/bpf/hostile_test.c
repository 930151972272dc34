// SPDX-License-Identifier: Apache-2.0
/*
 * What a hostile pod may try at its own device, beside lies about who it is
 * (pod_test, neighbour_test) and about others' flows (icmp_error_test). Pod A
 * is the hostile one.
 */
#include "traffic.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <string.h>

enum { OVERLAY_PORT = 8472, FLOOD = 5000 };

/* ---- the overlay ----------------------------------------------------- */

/* A node has more addresses than are known as its own, and masqueraded the
 * packet would come from a node. */
static void no_vxlan_packet_leaves_as_the_node(void **state)
{
	const struct family *f = *state;
	const struct fl_addr *anybody[] = {&f->world, &f->world2, &f->neighbour,
					   &f->router};
	struct packet p;

	for (size_t i = 0; i < sizeof(anybody) / sizeof(*anybody); i++) {
		message(&p, .src = &f->pod_a, .dst = anybody[i],
			.proto = IPPROTO_UDP, .dport = OVERLAY_PORT);
		expect_drop(FROM_POD_A, &p, OVERLAY_PORT);
	}
	/* To whom sees the pod's own address it is a stranger's. */
	message(&p, .src = &f->pod_a, .dst = &f->private, .proto = IPPROTO_UDP,
		.dport = OVERLAY_PORT);
	expect_sent(FROM_POD_A, &p, UPLINK, NULL);
}

static void nor_does_one_reach_an_address_of_the_node_that_nobody_told(void **s)
{
	const struct family *f = *s;
	struct packet p;

	message(&p, .src = &f->pod_a, .dst = &f->node2, .proto = IPPROTO_UDP,
		.dport = OVERLAY_PORT);
	expect_drop(FROM_POD_A, &p, OVERLAY_PORT);
}

static void nor_in_fragments(void **state)
{
	const struct family *f = *state;
	struct packet whole, p;

	message(&whole, .src = &f->pod_a, .dst = &f->node, .proto = IPPROTO_UDP,
		.dport = OVERLAY_PORT, .len = 200);
	packet_fragment(&whole, 0, 64, 9, &p);
	expect_drop(FROM_POD_A, &p, OVERLAY_PORT);
	packet_fragment(&whole, 64, 64, 9, &p);
	expect_drop(FROM_POD_A, &p, OVERLAY_PORT);
}

/* ---- the way of a packet ---------------------------------------------- */

static void source_routes_are_dropped_wherever_they_stand(void **state)
{
	static const __u8 options[][8] = {
		{131, 7, 4, 10, 0, 0, 1, 0},  /* loose */
		{137, 7, 4, 10, 0, 0, 1, 0},  /* strict */
		{1, 131, 7, 4, 10, 0, 0, 1},  /* behind no operation */
		{7, 3, 4, 137, 3, 4, 0, 0},   /* behind a record of the route */
		{148, 4, 0, 0, 131, 3, 4, 0}, /* behind a router alert */
	};
	const struct fl_addr *to[] = {&ipv4.pod_b, &ipv4.world,
				      &ipv4.remote_pod, &ipv4.host};
	struct packet p;

	(void)state;
	for (size_t i = 0; i < sizeof(options) / sizeof(*options); i++)
		for (size_t j = 0; j < sizeof(to) / sizeof(*to); j++) {
			packet_build(&p, ETH(.src = mac_a, .dst = gateway_mac),
				     IP(.src = &ipv4.pod_a, .dst = to[j],
					.options = 8, .option = options[i],
					.option_len = 8),
				     UDP(.sport = 1, .dport = 2));
			expect_drop(FROM_POD_A, &p, SOURCE_ROUTE);
		}
	assert_int_equal(flow_count(), 0);
}

static void a_connection_that_is_there_gives_no_way_to_a_source_route(void **s)
{
	static const __u8 route[] = {131, 3, 4, 0};
	struct packet p;

	(void)s;
	for (int i = 0; i < 2; i++) {
		packet_build(&p, ETH(.src = mac_a, .dst = gateway_mac),
			     IP(.src = &ipv4.pod_a, .dst = &ipv4.pod_b),
			     UDP(.sport = 1, .dport = 2));
		expect_sent(FROM_POD_A, &p, LOCAL, NULL);
		packet_build(&p, ETH(.src = mac_a, .dst = gateway_mac),
			     IP(.src = &ipv4.pod_a, .dst = &ipv4.pod_b,
				.options = 4, .option = route, .option_len = 4),
			     UDP(.sport = 1, .dport = 2));
		expect_drop(FROM_POD_A, &p, SOURCE_ROUTE);
	}
}

static void other_options_go_on_and_odd_ones_do_not(void **state)
{
	static const struct {
		__u8 bytes[8];
		bool good;
	} cases[] = {
		{{1, 1, 1, 1, 1, 1, 1, 1}, true},
		{{7, 7, 4, 131, 137, 131, 137, 0}, true}, /* recorded */
		{{0, 131, 7, 4, 0, 0, 0, 0}, true},	  /* behind the end */
		{{148, 4, 0, 0, 1, 1, 1, 1}, true},
		{{7, 0, 131, 3, 4, 0, 0, 0}, false}, /* no length */
		{{7, 1, 131, 3, 4, 0, 0, 0}, false},
	};
	struct packet p;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		packet_build(&p, ETH(.src = mac_a, .dst = gateway_mac),
			     IP(.src = &ipv4.pod_a, .dst = &ipv4.pod_b,
				.options = 8, .option = cases[i].bytes,
				.option_len = 8),
			     UDP(.sport = 1, .dport = 2));
		if (cases[i].good)
			expect_sent(FROM_POD_A, &p, LOCAL, NULL);
		else
			expect_drop(FROM_POD_A, &p, MALFORMED);
	}
}

static void routing_headers_with_segments_left_are_dropped(void **state)
{
	const struct fl_addr *to[] = {&ipv6.pod_b, &ipv6.world,
				      &ipv6.remote_pod, &ipv6.host};
	struct packet p;

	(void)state;
	for (size_t i = 0; i < sizeof(to) / sizeof(*to); i++) {
		packet_build(
			&p, ETH(.src = mac_a, .dst = gateway_mac),
			IP(.src = &ipv6.pod_a, .dst = to[i]),
			EXT(.type = IPPROTO_DSTOPTS),
			EXT(.type = IPPROTO_ROUTING, .len = 24, .segments = 1),
			UDP(.sport = 1, .dport = 2));
		expect_drop(FROM_POD_A, &p, SOURCE_ROUTE);
	}
	assert_int_equal(flow_count(), 0);
}

/* ---- replies that are none -------------------------------------------- */

/* Pod B has a masqueraded connection; pod A guesses its port. */
static void a_reply_by_another_pod_is_none(void **state)
{
	const struct family *f = *state;
	struct message m = {.src = &f->pod_b,
			    .dst = &f->world,
			    .sport = IN_RANGE,
			    .smac = mac_b};
	struct fl_flow before, after;
	struct packet p, first;
	__u16 port = leaves_as(FROM_POD_B, &m, &f->node);

	message_build(&first, &m);
	before = flow_reply_of(&first);
	message(&p, .src = &f->world, .dst = &f->node, .sport = 80,
		.dport = port);
	expect_drop(FROM_POD_A, &p, SPOOFED_ADDR);
	message(&p, .src = &f->world, .dst = &f->pod_b, .sport = 80,
		.dport = IN_RANGE);
	expect_drop(FROM_POD_A, &p, SPOOFED_ADDR);
	/* In its own name it is to the node, and nobody's reply. */
	message(&p, .src = &f->pod_a, .dst = &f->node, .sport = 80,
		.dport = port);
	expect_pass(FROM_POD_A, &p, HOST);
	after = flow_reply_of(&first);
	assert_int_equal(before.packets, after.packets);
	assert_int_equal(before.tcp_seen, after.tcp_seen);
}

/* ---- fragments ------------------------------------------------------- */

/* Policy lets port 80 in. What carries no port of its own has the first
 * fragment's; what claims to be first again is judged again. */
static void no_fragment_brings_another_port_in(void **state)
{
	const struct family *f = *state;
	struct packet good, bad, p;

	govern(&f->pod_b, node.pod_b, mac_b, 7, FL_ENDPOINT_INGRESS);
	policy_write(7, FL_INGRESS, FL_IDENTITY_ANY, IPPROTO_UDP, 80, 16,
		     FL_ALLOW, 1);
	message(&good, .src = &f->pod_a, .dst = &f->pod_b, .len = 200,
		.proto = IPPROTO_UDP, .dport = 80);
	message(&bad, .src = &f->pod_a, .dst = &f->pod_b, .len = 200,
		.proto = IPPROTO_UDP, .dport = 22);

	/* Later ones before any first one: no port, no way in. */
	packet_fragment(&bad, 64, 64, 5, &p);
	expect_drop(FROM_POD_A, &p, POLICY);
	packet_fragment(&good, 0, 64, 5, &p);
	expect_sent(FROM_POD_A, &p, LOCAL, NULL);
	packet_fragment(&good, 64, 64, 5, &p);
	expect_sent(FROM_POD_A, &p, LOCAL, NULL);
	/* Once more the first one, with another port over it. */
	packet_fragment(&bad, 0, 64, 5, &p);
	expect_drop(FROM_POD_A, &p, POLICY);
	packet_fragment(&bad, 128, 64, 5, &p);
	expect_drop(FROM_POD_A, &p, POLICY);
}

/* RFC 1858: a first fragment that ends before the flags or the ports. */
static void tiny_first_fragments_are_malformed(void **state)
{
	const struct family *f = *state;
	struct packet whole, p;

	for (int proto = 0; proto < 2; proto++) {
		message(&whole, .src = &f->pod_a, .dst = &f->pod_b, .len = 64,
			.proto = proto ? IPPROTO_SCTP : IPPROTO_TCP);
		packet_fragment(&whole, 0, 8, 5, &p);
		expect_drop(FROM_POD_A, &p, MALFORMED);
	}
	message(&whole, .src = &f->pod_a, .dst = &f->pod_b, .len = 64);
	packet_fragment(&whole, 0, 16, 6, &p);
	expect_drop(FROM_POD_A, &p, MALFORMED);
	assert_int_equal(fragment_count(), 0);
}

/* ---- floods of questions ---------------------------------------------- */

static void questions_for_the_gateway_leave_nothing_behind(void **state)
{
	struct packet p;

	(void)state;
	for (int i = 0; i < FLOOD; i++) {
		if (i & 1)
			packet_build(&p, ETH(.src = mac_a, .dst = gateway_mac),
				     ARP(.sha = mac_a, .spa = &ipv4.pod_a,
					 .tha = gateway_mac,
					 .tpa = &ipv4.gateway));
		else
			packet_build(
				&p, ETH(.src = mac_a, .dst = gateway_mac),
				IP(.src = &ipv6.pod_a, .dst = &ipv6.gateway,
				   .ttl = 255),
				ND(.target = &ipv6.gateway, .lladdr = mac_a));
		expect_sent(FROM_POD_A, &p, REPLIED, NULL);
	}
	assert_int_equal(flow_count(), 0);
	assert_int_equal(fragment_count(), 0);
	expect_delivered(FROM_POD_B, mac_a, .src = &ipv4.pod_b,
			 .dst = &ipv4.pod_a, .smac = mac_b);
}

/* ---- places that are none --------------------------------------------- */

static struct fl_addr addr_of(const char *text)
{
	struct fl_addr a = {{0, 0, htonl(0xffff), 0}};

	if (inet_pton(AF_INET, text, &a.w[3]) != 1 &&
	    inet_pton(AF_INET6, text, &a) != 1)
		fail_msg("%s", text);
	return a;
}

static void nothing_goes_where_nobody_lives(void **state)
{
	static const struct {
		const char *src, *dst; /* NULL: pod_a's */
		enum fl_reason reason;
	} cases[] = {
		{NULL, "127.0.0.1", FL_DROP_MARTIAN},
		{NULL, "127.255.255.254", FL_DROP_MARTIAN},
		{NULL, "0.0.0.0", FL_DROP_MARTIAN},
		{NULL, "0.1.2.3", FL_DROP_MARTIAN},
		{NULL, "224.0.0.251", FL_DROP_MULTICAST},
		{NULL, "240.0.0.1", FL_DROP_MULTICAST},
		{NULL, "255.255.255.255", FL_DROP_MULTICAST},
		{"0.0.0.0", "255.255.255.255", FL_DROP_MULTICAST}, /* DHCP */
		{"224.0.0.1", "10.1.0.3", FL_DROP_MARTIAN},
		{"255.255.255.255", "10.1.0.3", FL_DROP_MARTIAN},
		{NULL, "::1", FL_DROP_MARTIAN},
		{NULL, "::", FL_DROP_MARTIAN},
		{NULL, "::10.1.0.3", FL_DROP_MARTIAN},
		{NULL, "fe80::1", FL_DROP_LINK_LOCAL},
		{NULL, "febf::1", FL_DROP_LINK_LOCAL},
		{NULL, "ff02::1:2", FL_DROP_MULTICAST}, /* DHCPv6 */
		{NULL, "ff0e::1", FL_DROP_MULTICAST},
		{"fe80::1234", "ff02::1:2", FL_DROP_MULTICAST},
		{"ff02::1", "fd00:1::3", FL_DROP_MARTIAN},
	};
	struct packet p;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct fl_addr dst = addr_of(cases[i].dst);
		struct fl_addr src =
			strchr(cases[i].dst, ':') ? ipv6.pod_a : ipv4.pod_a;

		if (cases[i].src)
			src = addr_of(cases[i].src);
		packet_build(&p, ETH(.src = mac_a, .dst = gateway_mac),
			     IP(.src = &src, .dst = &dst),
			     UDP(.sport = 68, .dport = 67), DATA(.len = 300));
		run(FROM_POD_A, &p);
		if (last.verdict != VERDICT_DROP ||
		    last.reason != (int)cases[i].reason)
			fail_msg("to %s: %s", cases[i].dst,
				 reason_name(last.reason));
	}
	assert_int_equal(flow_count(), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		FAMILIES(no_vxlan_packet_leaves_as_the_node),
		FAMILIES(
			nor_does_one_reach_an_address_of_the_node_that_nobody_told),
		FAMILIES(nor_in_fragments),
		ONCE(source_routes_are_dropped_wherever_they_stand),
		ONCE(a_connection_that_is_there_gives_no_way_to_a_source_route),
		ONCE(other_options_go_on_and_odd_ones_do_not),
		ONCE(routing_headers_with_segments_left_are_dropped),
		FAMILIES(a_reply_by_another_pod_is_none),
		FAMILIES(no_fragment_brings_another_port_in),
		FAMILIES(tiny_first_fragments_are_malformed),
		ONCE(questions_for_the_gateway_leave_nothing_behind),
		ONCE(nothing_goes_where_nobody_lives),
	};

	return bpf_tests(tests, &options_default);
}
