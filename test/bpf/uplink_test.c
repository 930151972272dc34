// SPDX-License-Identifier: Apache-2.0
/*
 * The uplink belongs to the node. Whatever is not certainly ours passes
 * untouched, so that the node stays reachable whatever the maps hold.
 *
 *	network --> [from_uplink] --> the host stack, mostly
 */
#include "traffic.h"

#include <netinet/in.h>
#include <string.h>

static struct message arriving(const struct fl_addr *src,
			       const struct fl_addr *dst, __u8 proto)
{
	return (struct message){.src = src,
				.dst = dst,
				.proto = proto,
				.smac = router_mac,
				.dmac = uplink_mac};
}

static void what_comes_to_the_node_is_left_alone(void **state)
{
	const struct family *f = *state;
	const struct fl_addr *sources[] = {&f->world, &f->neighbour,
					   &f->remote_node};
	struct packet p;

	for (int i = 0; i < 3; i++) {
		for (int j = 0; j < PROTOCOLS; j++) {
			struct message m =
				arriving(sources[i], &f->node, protocols[j]);

			message_build(&p, &m);
			expect_pass(FROM_UPLINK, &p, NOT_OURS);
		}
	}
	assert_int_equal(flow_count(), 0);
}

static void what_is_not_ip_is_left_alone(void **state)
{
	struct packet p;

	(void)state;
	packet_build(&p, ETH(.src = router_mac, .dst = uplink_mac),
		     ARP(.sha = router_mac, .spa = &ipv4.router,
			 .tha = uplink_mac, .tpa = &ipv4.node));
	expect_pass(FROM_UPLINK, &p, NOT_OURS);
	expect_pass(TO_UPLINK, &p, NOT_OURS);
	packet_build(&p, ETH(.src = router_mac, .dst = uplink_mac),
		     DATA(.len = 60));
	expect_pass(FROM_UPLINK, &p, NOT_OURS);
	expect_pass(TO_UPLINK, &p, NOT_OURS);
	packet_build(&p, ETH(.src = router_mac, .dst = uplink_mac),
		     IP(.src = &ipv6.link_local, .dst = &ipv6.node, .ttl = 255),
		     ND(.target = &ipv6.node, .lladdr = router_mac));
	expect_pass(FROM_UPLINK, &p, NOT_OURS);
	expect_pass(TO_UPLINK, &p, NOT_OURS);
}

static void vlan_tags_are_left_alone(void **state)
{
	const struct family *f = *state;
	struct at from = FROM_UPLINK, to = TO_UPLINK;
	struct message m = arriving(&f->world, &f->node, 0);
	struct packet p;

	message_build(&p, &m);
	from.vlan = to.vlan = 12;
	from.lenient = to.lenient = true; /* the tag is put back in */
	run(from, &p);
	assert_int_equal(last.reason, FL_PASS_NOT_OURS);
	run(to, &p);
	assert_int_equal(last.reason, FL_PASS_NOT_OURS);
	packet_build(&p, ETH(.src = router_mac, .dst = uplink_mac),
		     VLAN(.tci = 12), IP(.src = &f->world, .dst = &f->node),
		     TCP(.sport = 1, .dport = 2));
	expect_pass(FROM_UPLINK, &p, NOT_OURS);
	expect_pass(TO_UPLINK, &p, NOT_OURS);
}

/* A pod's answer in a VLAN is not the uplink's. */
static void a_tagged_answer_is_not_a_pods(void **state)
{
	const struct family *f = *state;
	struct message m = {.src = &f->pod_a, .dst = &f->world, .sport = 40123};
	struct at at = FROM_UPLINK;
	struct packet p;

	leaves_as(FROM_POD_A, &m, &f->node);
	answer_build(&p, &m, &f->node, 40123);
	at.vlan = 12;
	at.lenient = true;
	run(at, &p);
	assert_int_equal(last.reason, FL_PASS_NOT_OURS);
}

static void the_tunnels_own_packets_are_left_alone(void **state)
{
	const struct family *f = *state;
	struct packet p;

	packet_build(&p, ETH(.src = router_mac, .dst = uplink_mac),
		     IP(.src = &f->remote_node, .dst = &f->node),
		     UDP(.sport = 40123, .dport = 8472, .no_checksum = !f->v6),
		     DATA(.len = 80));
	expect_pass(FROM_UPLINK, &p, NOT_OURS);
	packet_build(&p, ETH(.src = uplink_mac, .dst = router_mac),
		     IP(.src = &f->node, .dst = &f->remote_node),
		     UDP(.sport = 40123, .dport = 8472, .no_checksum = !f->v6),
		     DATA(.len = 80));
	expect_pass(TO_UPLINK, &p, NOT_OURS);
	assert_int_equal(flow_count(), 0);
}

/* Nobody out there has a pod's address, so nobody may send as one. */
static void cluster_addresses_do_not_come_by_the_uplink(void **state)
{
	const struct family *f = *state;
	const struct fl_addr *forged[] = {&f->pod_b, &f->remote_pod, &f->no_pod,
					  &f->node, &f->host};
	struct packet p;

	for (size_t i = 0; i < sizeof(forged) / sizeof(*forged); i++) {
		struct message m = arriving(forged[i], &f->pod_a, 0);

		message_build(&p, &m);
		expect_drop(FROM_UPLINK, &p, NOT_BY_OVERLAY);
	}
	assert_int_equal(flow_count(), 0);
}

static void a_live_connection_cannot_be_joined_from_outside(void **state)
{
	const struct family *f = *state;
	struct packet p;
	struct message m;

	message(&p, .src = &f->pod_a, .dst = &f->pod_b);
	run(FROM_POD_A, &p);
	m = arriving(&f->pod_a, &f->pod_b, 0);
	message_build(&p, &m);
	expect_drop(FROM_UPLINK, &p, NOT_BY_OVERLAY);
	assert_int_equal(flow_of(&p).packets, 1);
}

/* A network that has a route to our pods may use it. */
static void the_world_may_reach_a_pod_where_it_has_a_route(void **state)
{
	const struct family *f = *state;
	struct packet p, want;

	for (int i = 0; i < PROTOCOLS; i++) {
		struct message m =
			arriving(&f->private, &f->pod_a, protocols[i]);

		message_build(&p, &m);
		hop(&p, mac_a, gateway_mac, &want);
		expect_sent(FROM_UPLINK, &p, LOCAL, &want);
		expect_sent(FROM_UPLINK, &p, LOCAL, &want);
		assert_int_equal(flow_of(&p).packets, 2);
		assert_int_equal(flow_of(&p).src_identity, FL_IDENTITY_WORLD);
	}
}

static void its_answers_are_not_masqueraded(void **state)
{
	const struct family *f = *state;
	struct message m = arriving(&f->world, &f->pod_a, 0);
	struct packet p, want;

	message_build(&p, &m);
	expect_sent(FROM_UPLINK, &p, LOCAL, NULL);
	message(&p, .src = &f->pod_a, .dst = &f->world, .sport = 80,
		.dport = 1000);
	hop(&p, NULL, NULL, &want);
	expect_sent(FROM_POD_A, &p, UPLINK, &want);
	assert_next(&p, &f->router);
	assert_int_equal(flow_of(&p).flags & FL_FLOW_REPLY, FL_FLOW_REPLY);
	expect_sent(FROM_POD_A, &p, UPLINK, &want);
	assert_int_equal(flow_of(&p).packets, 2);
	assert_int_equal(flow_count(), 2);
}

static void broken_packets_are_the_hosts_to_judge(void **state)
{
	const struct family *f = *state;
	struct message m = arriving(&f->world, &f->node, 0);
	struct packet p;

	message_build(&p, &m);
	while (p.len-- > ETH_LEN) {
		expect_pass(FROM_UPLINK, &p, NOT_OURS);
		expect_pass(TO_UPLINK, &p, NOT_OURS);
	}
}

static void broadcast_and_multicast_are_the_hosts(void **state)
{
	const struct family *f = *state;
	struct message m = arriving(&f->world, &f->multicast, IPPROTO_UDP);
	struct packet p;

	message_build(&p, &m);
	expect_pass(FROM_UPLINK, &p, NOT_OURS);
	m.src = &f->node;
	message_build(&p, &m);
	expect_pass(TO_UPLINK, &p, NOT_OURS);
}

static void what_pods_sent_is_let_out(void **state)
{
	const struct family *f = *state;
	struct at at = TO_UPLINK;
	struct packet p;

	message(&p, .src = &f->node, .dst = &f->world, .sport = 40123,
		.smac = uplink_mac, .dmac = router_mac);
	at.mark = FL_MARK_DECIDED;
	run(at, &p);
	assert_int_equal(flow_count(), 0);
}

/* Marks of others are others'. */
static void foreign_marks_stay(void **state)
{
	const struct family *f = *state;
	struct at from = FROM_UPLINK, to = TO_UPLINK;
	struct message m = arriving(&f->world, &f->node, 0);
	struct packet p;

	message_build(&p, &m);
	from.mark = to.mark = 0x4000;
	run(from, &p);
	assert_int_equal(last.mark, 0x4000);
	m.src = &f->node;
	m.dst = &f->world;
	message_build(&p, &m);
	run(to, &p);
	assert_int_equal(last.mark, 0x4000);
}

/* An agent that has not written anything yet must not cut off the node. */
static void with_empty_maps_the_node_is_reachable(void **state)
{
	const struct family *f = *state;
	struct packet p;

	tables_empty();
	for (int i = 0; i < PROTOCOLS; i++) {
		struct message m = arriving(&f->world, &f->node, protocols[i]);

		message_build(&p, &m);
		expect_pass(FROM_UPLINK, &p, NOT_OURS);
		m.src = &f->node;
		m.dst = &f->world;
		message_build(&p, &m);
		run(TO_UPLINK, &p);
		assert_int_equal(last.verdict, VERDICT_PASS);
		assert_packet(&last.out, &p);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		FAMILIES(what_comes_to_the_node_is_left_alone),
		ONCE(what_is_not_ip_is_left_alone),
		FAMILIES(vlan_tags_are_left_alone),
		FAMILIES(a_tagged_answer_is_not_a_pods),
		FAMILIES(the_tunnels_own_packets_are_left_alone),
		FAMILIES(cluster_addresses_do_not_come_by_the_uplink),
		FAMILIES(a_live_connection_cannot_be_joined_from_outside),
		FAMILIES(the_world_may_reach_a_pod_where_it_has_a_route),
		FAMILIES(its_answers_are_not_masqueraded),
		FAMILIES(broken_packets_are_the_hosts_to_judge),
		FAMILIES(broadcast_and_multicast_are_the_hosts),
		FAMILIES(what_pods_sent_is_let_out),
		FAMILIES(foreign_marks_stay),
		FAMILIES(with_empty_maps_the_node_is_reachable),
	};

	return bpf_tests(tests, &options_default);
}
