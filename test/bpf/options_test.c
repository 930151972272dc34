// SPDX-License-Identifier: Apache-2.0
/*
 * Options are fixed when the programs are loaded, and what is off is pruned
 * by the verifier. So every combination is loaded, and each switch is seen to
 * do its work in both positions.
 */
#include "traffic.h"

#include <arpa/inet.h>
#include <netinet/in.h>

enum { PORT = 40123 };

static void load_with(const struct fl_options *o)
{
	node_load(o);
}

static int reload(void **state)
{
	(void)state;
	node_load(&options_default);
	return 0;
}

/* pod_a's way out of the family: with its own address or as the node. */
static void expect_masquerade(const struct family *f, bool on)
{
	struct message m = {.src = &f->pod_a, .dst = &f->world, .sport = PORT};

	assert_int_equal(leaves_as(FROM_POD_A, &m, on ? &f->node : &f->pod_a),
			 PORT);
}

static void expect_local(const struct family *f, unsigned int events)
{
	struct packet p;
	struct fl_flow flow;

	message(&p, .src = &f->pod_a, .dst = &f->pod_b);
	expect_sent(FROM_POD_A, &p, LOCAL, NULL);
	assert_int_equal(last.n_events, events);
	flow = flow_of(&p);
	assert_in_range(flow.last_seen_ns, clock_ns() - 20000000, clock_ns());
}

static void every_combination_loads_and_does_what_it_says(void **state)
{
	(void)state;
	for (int bits = 0; bits < 32; bits++) {
		struct fl_options o = {
			.overlay = bits & 1,
			.masquerade_v4 = bits >> 1 & 1,
			.masquerade_v6 = bits >> 2 & 1,
			.coarse_clock = bits >> 3 & 1,
			.flow_events = bits >> 4 & 1,
			.overlay_port = htons(8472),
			.overlay_vni = 1,
		};
		struct packet p;

		load_with(&o);
		expect_masquerade(&ipv4, o.masquerade_v4);
		expect_masquerade(&ipv6, o.masquerade_v6);
		expect_local(&ipv4, o.flow_events);
		expect_local(&ipv6, o.flow_events);
		message(&p, .src = &ipv4.pod_b, .dst = &ipv4.world);
		expect_drop(FROM_POD_A, &p, SPOOFED_ADDR); /* always told */
	}
}

/* ---- native routing
 * ------------------------------------------------------------ */

static const struct fl_options native = {
	.masquerade_v4 = 1,
	.masquerade_v6 = 1,
	.coarse_clock = 1,
	.flow_events = 1,
	.overlay_port = 0x1821, /* htons(8472) */
	.overlay_vni = 1,
};

static int native_setup(void **state)
{
	(void)state;
	node_load(&native);
	node_ip("route replace 10.2.0.0/24 via 192.0.2.2 dev uplink\n"
		"route replace fd00:2::/64 via 2001:db8:1::2 dev uplink\n");
	return 0;
}

static int native_teardown(void **state)
{
	node_ip("route replace 10.2.0.0/24 dev fl_vxlan scope link\n"
		"route del fd00:2::/64\n"
		"route add fd00:2::/64 dev fl_vxlan\n");
	return reload(state);
}

static void native_pods_of_other_nodes_are_routed(void **state)
{
	const struct family *f = *state;
	struct packet p, want;

	for (int i = 0; i < PROTOCOLS; i++) {
		message(&p, .src = &f->pod_a, .dst = &f->remote_pod,
			.proto = protocols[i]);
		hop(&p, NULL, NULL, &want);
		expect_sent(FROM_POD_A, &p, UPLINK, &want);
		assert_next(&p, &f->remote_node);
		assert_int_equal(flow_of(&p).flags, 0);
		assert_int_equal(flow_of(&p).dst_identity, FL_IDENTITY_POD);
		assert_int_equal(flow_of(&p).out_ifindex, node.uplink);
	}
}

static void native_pods_of_other_nodes_arrive_by_the_uplink(void **state)
{
	const struct family *f = *state;
	struct packet p, want;

	for (int i = 0; i < PROTOCOLS; i++) {
		message(&p, .src = &f->remote_pod, .dst = &f->pod_a,
			.proto = protocols[i], .smac = router_mac,
			.dmac = uplink_mac);
		hop(&p, mac_a, gateway_mac, &want);
		expect_sent(FROM_UPLINK, &p, LOCAL, &want);
		expect_sent(FROM_UPLINK, &p, LOCAL, &want);
		assert_int_equal(flow_of(&p).src_identity, FL_IDENTITY_POD);
		assert_int_equal(flow_of(&p).packets, 2);
	}
}

static void native_answers_find_their_way(void **state)
{
	const struct family *f = *state;
	struct packet p, want;

	message(&p, .src = &f->remote_pod, .dst = &f->pod_a, .smac = router_mac,
		.dmac = uplink_mac);
	run(FROM_UPLINK, &p);
	message(&p, .src = &f->pod_a, .dst = &f->remote_pod, .sport = 80,
		.dport = 1000);
	hop(&p, NULL, NULL, &want);
	expect_sent(FROM_POD_A, &p, UPLINK, &want);
	assert_next(&p, &f->remote_node);
	message(&p, .src = &f->pod_a, .dst = &f->remote_pod, .sport = 99);
	run(FROM_POD_A, &p);
	message(&p, .src = &f->remote_pod, .dst = &f->pod_a, .sport = 80,
		.dport = 99, .smac = router_mac, .dmac = uplink_mac);
	hop(&p, mac_a, gateway_mac, &want);
	expect_sent(FROM_UPLINK, &p, LOCAL, &want);
	assert_int_equal(flow_count(), 4);
}

static void native_nodes_see_the_pods_address(void **state)
{
	const struct family *f = *state;
	struct packet p, want;

	message(&p, .src = &f->pod_a, .dst = &f->remote_node);
	hop(&p, NULL, NULL, &want);
	expect_sent(FROM_POD_A, &p, UPLINK, &want);
	assert_next(&p, &f->remote_node);
	assert_int_equal(flow_of(&p).dst_identity, FL_IDENTITY_REMOTE_NODE);
}

static void native_own_addresses_do_not_come_from_outside(void **state)
{
	const struct family *f = *state;
	const struct fl_addr *forged[] = {&f->pod_b, &f->no_pod, &f->node,
					  &f->host};
	struct packet p;

	for (int i = 0; i < 4; i++) {
		message(&p, .src = forged[i], .dst = &f->pod_a,
			.smac = router_mac, .dmac = uplink_mac);
		expect_drop(FROM_UPLINK, &p, NOT_BY_OVERLAY);
	}
}

/* The host stack would route it back out, and so on. */
static void native_unknown_pods_are_not_bounced(void **state)
{
	const struct family *f = *state;
	struct packet p;

	message(&p, .src = &f->remote_pod, .dst = &f->no_pod,
		.smac = router_mac, .dmac = uplink_mac);
	expect_drop(FROM_UPLINK, &p, NO_ENDPOINT);
}

static void native_nodes_may_use_the_vxlan_port(void **state)
{
	const struct family *f = *state;
	struct packet p;

	message(&p, .src = &f->pod_a, .dst = &f->node, .proto = IPPROTO_UDP,
		.dport = 8472);
	expect_pass(FROM_POD_A, &p, HOST);
}

/* ---- port and network identifier
 * --------------------------------------------- */

static void another_overlay_port_is_protected_instead(void **state)
{
	const struct family *f = *state;
	struct fl_options o = options_default;
	struct packet p;

	o.overlay_port = htons(4789);
	load_with(&o);
	message(&p, .src = &f->pod_a, .dst = &f->remote_node,
		.proto = IPPROTO_UDP, .dport = 4789);
	expect_drop(FROM_POD_A, &p, OVERLAY_PORT);
	message(&p, .src = &f->pod_a, .dst = &f->remote_node,
		.proto = IPPROTO_UDP, .dport = 8472);
	expect_sent(FROM_POD_A, &p, OVERLAY, NULL);
}

#define NATIVE(test)                                                           \
	{#test "_ipv4", test, native_setup, native_teardown, &ipv4},           \
	{                                                                      \
#test "_ipv6", test, native_setup, native_teardown, &ipv6      \
	}

int main(void)
{
	const struct CMUnitTest tests[] = {
		{"every_combination_loads_and_does_what_it_says",
		 every_combination_loads_and_does_what_it_says, run_setup,
		 reload, NULL},
		NATIVE(native_pods_of_other_nodes_are_routed),
		NATIVE(native_pods_of_other_nodes_arrive_by_the_uplink),
		NATIVE(native_answers_find_their_way),
		NATIVE(native_nodes_see_the_pods_address),
		NATIVE(native_own_addresses_do_not_come_from_outside),
		NATIVE(native_unknown_pods_are_not_bounced),
		NATIVE(native_nodes_may_use_the_vxlan_port),
		FAMILIES_RELEASE(another_overlay_port_is_protected_instead,
				 reload),
	};

	return bpf_tests(tests, &options_default);
}
