// SPDX-License-Identifier: Apache-2.0
/*
 * Without an overlay: the network routes the pods' addresses, and the uplink
 * is where they come from and go to.
 */
#include "traffic.h"

#include <netinet/in.h>

static const struct fl_options native = {
	.masquerade_v4 = 1,
	.masquerade_v6 = 1,
	.coarse_clock = 1,
	.flow_events = 1,
	.overlay_port = 0x1821, /* htons(8472) */
	.overlay_vni = 1,
};

static void pods_of_other_nodes_are_routed(void **state)
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

static void pods_of_other_nodes_arrive_by_the_uplink(void **state)
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

static void answers_find_their_way(void **state)
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

static void nodes_see_the_pods_address(void **state)
{
	const struct family *f = *state;
	struct packet p, want;

	message(&p, .src = &f->pod_a, .dst = &f->remote_node);
	hop(&p, NULL, NULL, &want);
	expect_sent(FROM_POD_A, &p, UPLINK, &want);
	assert_next(&p, &f->remote_node);
	assert_int_equal(flow_of(&p).dst_identity, FL_IDENTITY_REMOTE_NODE);
}

static void own_addresses_do_not_come_from_outside(void **state)
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
static void unknown_pods_are_not_bounced(void **state)
{
	const struct family *f = *state;
	struct packet p;

	message(&p, .src = &f->remote_pod, .dst = &f->no_pod,
		.smac = router_mac, .dmac = uplink_mac);
	expect_drop(FROM_UPLINK, &p, NO_ENDPOINT);
}

static void nodes_may_use_the_vxlan_port(void **state)
{
	const struct family *f = *state;
	struct packet p;

	message(&p, .src = &f->pod_a, .dst = &f->node, .proto = IPPROTO_UDP,
		.dport = 8472);
	expect_pass(FROM_POD_A, &p, HOST);
}

/* Other nodes' pods are behind those nodes, as a direct route has it. */
static int routes_change(void **state)
{
	static bool changed;

	if (!changed)
		node_ip("route replace 10.2.0.0/24 via 192.0.2.2 dev uplink\n"
			"route del fd00:2::/64\n"
			"route add fd00:2::/64 via 2001:db8:1::2 dev uplink\n");
	changed = true;
	return run_setup(state);
}

#define NATIVE(test)                                                           \
	{#test "_ipv4", test, routes_change, NULL, &ipv4},                     \
	{                                                                      \
#test "_ipv6", test, routes_change, NULL, &ipv6                \
	}

int main(void)
{
	const struct CMUnitTest tests[] = {
		NATIVE(pods_of_other_nodes_are_routed),
		NATIVE(pods_of_other_nodes_arrive_by_the_uplink),
		NATIVE(answers_find_their_way),
		NATIVE(nodes_see_the_pods_address),
		NATIVE(own_addresses_do_not_come_from_outside),
		NATIVE(unknown_pods_are_not_bounced),
		NATIVE(nodes_may_use_the_vxlan_port),
	};

	return bpf_tests(tests, &native);
}
