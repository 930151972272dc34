// SPDX-License-Identifier: Apache-2.0
/*
 * from_pod, where no translation is needed: who may send, where it goes, and
 * what is remembered of it.
 *
 *	pod_a --> [from_pod] --> pod_b | other node | own node | drop
 */
#include "traffic.h"
#include "release.h"

#include <netinet/in.h>
#include <string.h>

/* ---- to a pod of the same node --------------------------------------- */

static void a_new_connection_reaches_the_other_pod(void **state)
{
	const struct family *f = *state;

	for (int i = 0; i < PROTOCOLS; i++)
		expect_delivered(FROM_POD_A, mac_b, .src = &f->pod_a,
				 .dst = &f->pod_b, .proto = protocols[i]);
	assert_int_equal(counter_read(FL_COUNT_FLOWS_CREATED), PROTOCOLS);
	assert_int_equal(flow_count(), 2 * PROTOCOLS);
}

static void the_first_packet_enters_its_own_direction(void **state)
{
	const struct family *f = *state;
	struct packet p;
	struct fl_tuple key;
	struct fl_flow flow;
	__u64 before = clock_ns();

	message(&p, .src = &f->pod_a, .dst = &f->pod_b, .flags = TCP_SYN);
	run(FROM_POD_A, &p);
	flow = flow_of(&p);
	key = packet_tuple(&p);
	assert_tuple(&flow.to, &key);
	assert_int_equal(flow.action, FL_ACTION_LOCAL);
	assert_int_equal(flow.out_ifindex, node.pod_b);
	assert_mac(flow.out_mac, mac_b);
	assert_int_equal(flow.in_ifindex, node.pod_a);
	assert_mac(flow.in_mac, mac_a);
	assert_int_equal(flow.epoch, node.config.epoch);
	assert_int_equal(flow.flags, 0);
	assert_int_equal(flow.hook, FL_HOOK_FROM_POD);
	assert_int_equal(flow.mtu, 1500);
	assert_int_equal(flow.src_identity, FL_IDENTITY_POD);
	assert_int_equal(flow.dst_identity, FL_IDENTITY_POD);
	assert_int_equal(flow.packets, 1);
	assert_int_equal(flow.bytes, p.len - ETH_LEN);
	assert_int_equal(flow.tcp_seen, FL_TCP_SYN);
	/* The coarse clock lags behind by up to a tick. */
	assert_in_range(flow.created_ns, before - 20000000, clock_ns());
	assert_in_range(flow.last_seen_ns, before - 20000000, clock_ns());
}

static void the_first_packet_enters_the_replies_direction(void **state)
{
	const struct family *f = *state;
	struct packet p;
	struct fl_tuple key;
	struct fl_flow flow;

	message(&p, .src = &f->pod_a, .dst = &f->pod_b);
	run(FROM_POD_A, &p);
	flow = flow_reply_of(&p);
	key = tuple_reversed(packet_tuple(&p));
	assert_tuple(&flow.to, &key);
	assert_int_equal(flow.action, FL_ACTION_LOCAL);
	assert_int_equal(flow.out_ifindex, node.pod_a);
	assert_mac(flow.out_mac, mac_a);
	assert_int_equal(flow.in_ifindex, node.pod_b);
	assert_mac(flow.in_mac, mac_b);
	assert_int_equal(flow.epoch, node.config.epoch);
	assert_int_equal(flow.flags, FL_FLOW_REPLY);
	assert_int_equal(flow.mtu, 1500);
	assert_int_equal(flow.src_identity, FL_IDENTITY_POD);
	assert_int_equal(flow.dst_identity, FL_IDENTITY_POD);
	assert_int_equal(flow.packets, 0);
	assert_int_equal(flow.bytes, 0);
	assert_int_equal(flow.tcp_seen, 0);
}

static void a_new_connection_is_told_as_an_event(void **state)
{
	const struct family *f = *state;
	const struct fl_event *ev = &last.events[0];
	struct packet p;
	struct fl_tuple key;

	message(&p, .src = &f->pod_a, .dst = &f->pod_b);
	run(FROM_POD_A, &p);
	key = packet_tuple(&p);
	assert_int_equal(last.n_events, 1);
	assert_int_equal(ev->type, FL_EVENT_FLOW_NEW);
	assert_tuple(&ev->tuple, &key);
	assert_tuple(&ev->to, &key);
	assert_int_equal(ev->hook, FL_HOOK_FROM_POD);
	assert_int_equal(ev->ifindex, node.pod_a);
	assert_int_equal(ev->out_ifindex, node.pod_b);
	assert_int_equal(ev->action, FL_ACTION_LOCAL);
	assert_int_equal(ev->src_identity, FL_IDENTITY_POD);
	assert_int_equal(ev->dst_identity, FL_IDENTITY_POD);
	assert_int_equal(ev->packets, 1);
	assert_int_equal(ev->bytes, p.len - ETH_LEN);
	run(FROM_POD_A, &p);
	assert_int_equal(last.n_events, 0);
}

static void replies_find_their_way_back(void **state)
{
	const struct family *f = *state;
	struct packet p;

	for (int i = 0; i < PROTOCOLS; i++) {
		message(&p, .src = &f->pod_a, .dst = &f->pod_b,
			.proto = protocols[i]);
		run(FROM_POD_A, &p);
		/* An echo's reply has the identifier of its request. */
		expect_delivered(FROM_POD_B, mac_a, .src = &f->pod_b,
				 .dst = &f->pod_a, .proto = protocols[i],
				 .sport = protocols[i] == IPPROTO_ICMP ? 1000
								       : 80,
				 .dport = 1000, .reply = true, .smac = mac_b);
		assert_int_equal(flow_reply_of(&p).packets, 1);
	}
	assert_int_equal(flow_count(), 2 * PROTOCOLS);
	assert_int_equal(counter_read(FL_COUNT_FLOWS_CREATED), PROTOCOLS);
}

static void later_packets_are_counted_in_the_entry(void **state)
{
	const struct family *f = *state;
	struct packet p;
	struct fl_tuple key;

	message(&p, .src = &f->pod_a, .dst = &f->pod_b, .len = 100);
	key = packet_tuple(&p);
	run(FROM_POD_A, &p);
	for (int i = 2; i <= 5; i++) {
		__u64 before = clock_ns();

		flow_age(&key, 1);
		expect_delivered(FROM_POD_A, mac_b, .src = &f->pod_a,
				 .dst = &f->pod_b, .len = 100);
		assert_int_equal(flow_of(&p).packets, i);
		assert_int_equal(flow_of(&p).bytes, i * (p.len - ETH_LEN));
		assert_in_range(flow_of(&p).last_seen_ns, before - 20000000,
				clock_ns());
	}
	assert_int_equal(counter_read(FL_COUNT_FLOWS_CREATED), 1);
	assert_int_equal(counter_read(FL_COUNT_FLOWS_RENEWED), 0);
}

static void an_established_connection_needs_no_other_table(void **state)
{
	const struct family *f = *state;
	struct packet p;

	message(&p, .src = &f->pod_a, .dst = &f->pod_b);
	run(FROM_POD_A, &p);
	endpoint_remove(&f->pod_a);
	endpoint_remove(&f->pod_b);
	expect_delivered(FROM_POD_A, mac_b, .src = &f->pod_a, .dst = &f->pod_b);
}

/* Any protocol without ports is a connection of its addresses. */
static void other_protocols_reach_the_other_pod(void **state)
{
	const struct family *f = *state;
	const __u8 others[] = {IPPROTO_GRE, IPPROTO_ESP, 253};

	for (size_t i = 0; i < sizeof(others); i++)
		expect_delivered(FROM_POD_A, mac_b, .src = &f->pod_a,
				 .dst = &f->pod_b, .proto = others[i]);
	assert_int_equal(flow_count(), 2 * sizeof(others));
}

/* ---- decisions that are no longer true ------------------------------- */

static void a_raised_epoch_makes_the_decision_again(void **state)
{
	const struct family *f = *state;
	struct packet p;
	struct fl_flow before, after;
	struct fl_tuple key;

	message(&p, .src = &f->pod_a, .dst = &f->pod_b, .flags = TCP_SYN);
	run(FROM_POD_A, &p);
	before = flow_of(&p);
	before.created_ns -= 1000000000;
	key = packet_tuple(&p);
	flow_write(&key, &before);
	endpoint_write(&f->pod_b, node.small, mac_small, SMALL_MTU);
	expect_sent(FROM_POD_A, &p, LOCAL, NULL);
	assert_int_equal(flow_of(&p).out_ifindex, node.pod_b);
	epoch_raise_now();
	expect_delivered(FROM_POD_A, mac_small, .src = &f->pod_a,
			 .dst = &f->pod_b);
	after = flow_of(&p);
	assert_int_equal(after.out_ifindex, node.small);
	assert_mac(after.out_mac, mac_small);
	assert_int_equal(after.mtu, SMALL_MTU);
	assert_int_equal(after.epoch, node.config.epoch);
	assert_int_equal(after.created_ns, before.created_ns);
	assert_int_equal(after.packets, 3);
	assert_int_equal(after.tcp_seen, FL_TCP_SYN | FL_TCP_DATA);
	assert_int_equal(counter_read(FL_COUNT_FLOWS_RENEWED), 1);
	assert_int_equal(counter_read(FL_COUNT_FLOWS_CREATED), 1);
}

static void a_stale_connection_to_a_pod_that_is_gone_is_dropped(void **state)
{
	const struct family *f = *state;
	struct packet p;

	message(&p, .src = &f->pod_a, .dst = &f->pod_b);
	run(FROM_POD_A, &p);
	endpoint_remove(&f->pod_b);
	epoch_raise_now();
	expect_drop(FROM_POD_A, &p, NO_ENDPOINT);
}

static void a_stale_reply_is_decided_again_and_stays_a_reply(void **state)
{
	const struct family *f = *state;
	struct packet p;

	message(&p, .src = &f->pod_a, .dst = &f->pod_b);
	run(FROM_POD_A, &p);
	epoch_raise_now();
	expect_delivered(FROM_POD_B, mac_a, .src = &f->pod_b, .dst = &f->pod_a,
			 .sport = 80, .dport = 1000, .smac = mac_b);
	assert_int_equal(flow_reply_of(&p).flags, FL_FLOW_REPLY);
	assert_int_equal(flow_reply_of(&p).epoch, node.config.epoch);
	assert_int_equal(flow_of(&p).flags, 0);
	assert_int_equal(flow_count(), 2);
}

/* LRU maps forget one entry, not two. */
static void a_lost_direction_is_entered_again(void **state)
{
	const struct family *f = *state;
	struct packet p;
	struct fl_tuple key, reply;

	message(&p, .src = &f->pod_a, .dst = &f->pod_b);
	key = packet_tuple(&p);
	reply = tuple_reversed(key);
	run(FROM_POD_A, &p);
	flow_remove(&reply);
	expect_delivered(FROM_POD_B, mac_a, .src = &f->pod_b, .dst = &f->pod_a,
			 .sport = 80, .dport = 1000, .smac = mac_b);
	assert_int_equal(flow_reply_of(&p).flags, FL_FLOW_REPLY);
	flow_remove(&key);
	expect_delivered(FROM_POD_A, mac_b, .src = &f->pod_a, .dst = &f->pod_b);
	assert_int_equal(flow_of(&p).flags, 0);
	assert_int_equal(counter_read(FL_COUNT_FLOWS_RENEWED), 0);
}

/* ---- spoofing -------------------------------------------------------- */

static void a_pod_may_not_use_another_address(void **state)
{
	const struct family *f = *state;
	const struct fl_addr *forged[] = {&f->pod_b, &f->host,
					  &f->node,  &f->no_pod,
					  &f->world, &f->remote_pod};
	struct packet p;

	for (size_t i = 0; i < sizeof(forged) / sizeof(forged[0]); i++) {
		message(&p, .src = forged[i], .dst = &f->small);
		expect_drop(FROM_POD_A, &p, SPOOFED_ADDR);
		message(&p, .src = forged[i], .dst = &f->world);
		expect_drop(FROM_POD_A, &p, SPOOFED_ADDR);
		message(&p, .src = forged[i], .dst = &f->host);
		expect_drop(FROM_POD_A, &p, SPOOFED_ADDR);
	}
	assert_int_equal(flow_count(), 0);
}

static void a_pod_may_not_join_another_pods_connection(void **state)
{
	const struct family *f = *state;
	struct packet p;
	struct fl_flow before, after;

	message(&p, .src = &f->pod_a, .dst = &f->pod_b);
	run(FROM_POD_A, &p);
	before = flow_of(&p);
	expect_drop(FROM_POD(small), &p, SPOOFED_ADDR);
	message(&p, .src = &f->pod_a, .dst = &f->pod_b, .smac = mac_small);
	expect_drop(FROM_POD(small), &p, SPOOFED_ADDR);
	after = flow_of(&p);
	assert_memory_equal(&before, &after, sizeof(before));
}

static void a_pod_may_not_use_another_mac(void **state)
{
	const struct family *f = *state;
	const __u8 *forged[] = {mac_b, gateway_mac, uplink_mac};
	struct packet p;

	for (size_t i = 0; i < sizeof(forged) / sizeof(forged[0]); i++) {
		message(&p, .src = &f->pod_a, .dst = &f->pod_b,
			.smac = forged[i]);
		expect_drop(FROM_POD_A, &p, SPOOFED_MAC);
	}
	assert_int_equal(flow_count(), 0);
	message(&p, .src = &f->pod_a, .dst = &f->pod_b);
	expect_sent(FROM_POD_A, &p, LOCAL, NULL);
	message(&p, .src = &f->pod_a, .dst = &f->pod_b, .smac = mac_b);
	expect_drop(FROM_POD_A, &p, SPOOFED_MAC);
	assert_int_equal(flow_of(&p).packets, 1);
}

static void a_drop_is_told_with_its_tuple(void **state)
{
	const struct family *f = *state;
	const struct fl_event *ev = &last.events[0];
	struct packet p;
	struct fl_tuple key;

	message(&p, .src = &f->pod_b, .dst = &f->world, .proto = IPPROTO_UDP);
	expect_drop(FROM_POD_A, &p, SPOOFED_ADDR);
	key = packet_tuple(&p);
	assert_int_equal(last.n_events, 1);
	assert_tuple(&ev->tuple, &key);
	assert_int_equal(ev->reason, FL_DROP_SPOOFED_ADDR);
	assert_int_equal(ev->bytes, p.len);
}

/* ---- where there is nothing ------------------------------------------ */

static void what_is_not_there_is_dropped_with_its_reason(void **state)
{
	const struct family *f = *state;
	struct packet p;

	message(&p, .src = &f->pod_a, .dst = &f->no_pod);
	expect_drop(FROM_POD_A, &p, NO_ENDPOINT);
	message(&p, .src = &f->pod_a, .dst = &f->no_route);
	expect_drop(FROM_POD_A, &p, NO_ROUTE);
	message(&p, .src = &f->pod_a, .dst = &f->by_other);
	expect_drop(FROM_POD_A, &p, NOT_UPLINK);
	message(&p, .src = &f->stuck, .dst = &f->world, .smac = mac_stuck);
	expect_drop(FROM_POD(stuck), &p, FORWARDING_OFF);
	assert_int_equal(flow_count(), 0);
}

static void what_nobody_routes_is_dropped_with_its_reason(void **state)
{
	const struct family *f = *state;
	struct packet p;

	message(&p, .src = &f->pod_a, .dst = &f->multicast,
		.proto = IPPROTO_UDP);
	expect_drop(FROM_POD_A, &p, MULTICAST);
	message(&p, .src = &f->pod_a, .dst = &f->loopback);
	expect_drop(FROM_POD_A, &p, MARTIAN);
	message(&p, .src = &f->loopback, .dst = &f->pod_b);
	expect_drop(FROM_POD_A, &p, MARTIAN);
	message(&p, .src = &f->any, .dst = &f->pod_b);
	expect_drop(FROM_POD_A, &p, MARTIAN);
	message(&p, .src = &f->pod_a, .dst = &f->any);
	expect_drop(FROM_POD_A, &p, MARTIAN);
	message(&p, .src = &f->multicast, .dst = &f->pod_b);
	expect_drop(FROM_POD_A, &p, MARTIAN);
	assert_int_equal(flow_count(), 0);
}

static void ipv4_broadcast_is_dropped(void **state)
{
	struct fl_addr all = ipv4.pod_a;
	struct packet p;

	(void)state;
	all.w[3] = 0xffffffff;
	message(&p, .src = &ipv4.pod_a, .dst = &all, .proto = IPPROTO_UDP,
		.dmac = (const __u8[6]){255, 255, 255, 255, 255, 255});
	expect_drop(FROM_POD_A, &p, MULTICAST);
}

static void ipv6_link_local_is_not_routed(void **state)
{
	struct packet p;

	(void)state;
	message(&p, .src = &ipv6.link_local, .dst = &ipv6.pod_b);
	expect_drop(FROM_POD_A, &p, LINK_LOCAL);
	message(&p, .src = &ipv6.pod_a, .dst = &ipv6.link_local);
	expect_drop(FROM_POD_A, &p, LINK_LOCAL);
}

/* ::ffff:10.1.0.10 on the wire would pass for 10.1.0.10 in our tables. */
static void mapped_ipv4_addresses_are_martians_in_ipv6(void **state)
{
	struct packet p;

	(void)state;
	message(&p, .src = &ipv6.pod_a, .dst = &ipv6.pod_b);
	memcpy(p.data + ETH_LEN + 8, &ipv4.pod_a, 16);
	expect_drop(FROM_POD_A, &p, MARTIAN);
	message(&p, .src = &ipv6.pod_a, .dst = &ipv6.pod_b);
	memcpy(p.data + ETH_LEN + 24, &ipv4.pod_b, 16);
	expect_drop(FROM_POD_A, &p, MARTIAN);
}

/* ---- to the own node ------------------------------------------------- */

static void the_own_node_is_reached_through_its_stack(void **state)
{
	const struct family *f = *state;
	const struct fl_addr *own[] = {&f->host, &f->node, &f->node2};
	struct packet p;

	for (size_t i = 0; i < 3; i++) {
		for (int j = 0; j < PROTOCOLS; j++) {
			message(&p, .src = &f->pod_a, .dst = own[i],
				.proto = protocols[j]);
			expect_pass(FROM_POD_A, &p, HOST);
			expect_pass(FROM_POD_A, &p, HOST);
			assert_int_equal(flow_of(&p).packets, 2);
			assert_int_equal(flow_of(&p).action, FL_ACTION_HOST);
			assert_int_equal(flow_of(&p).dst_identity,
					 FL_IDENTITY_HOST);
		}
	}
}

static void the_own_node_takes_the_last_hop_and_any_size(void **state)
{
	const struct family *f = *state;
	struct packet p;

	message(&p, .src = &f->pod_a, .dst = &f->host, .ttl = 1);
	expect_pass(FROM_POD_A, &p, HOST);
	message(&p, .src = &f->pod_a, .dst = &f->node, .len = 2000, .df = true);
	expect_pass(FROM_POD_A, &p, HOST);
}

/* ---- to other nodes -------------------------------------------------- */

static void expect_encapsulated(const struct family *f,
				const struct fl_addr *dst,
				const struct fl_addr *tunnel, unsigned int mtu)
{
	struct packet p, want;

	message(&p, .src = &f->pod_a, .dst = dst, .len = 64);
	hop(&p, overlay_mac, overlay_src_mac, &want);
	expect_sent(FROM_POD_A, &p, OVERLAY, &want);
	assert_int_equal(last.mark, FL_MARK_DECIDED);
	assert_int_equal(flow_of(&p).action, FL_ACTION_OVERLAY);
	assert_int_equal(flow_of(&p).out_ifindex, node.overlay);
	assert_int_equal(flow_of(&p).mtu, mtu);
	assert_next(&p, tunnel);
	expect_sent(FROM_POD_A, &p, OVERLAY, &want);
	assert_int_equal(flow_of(&p).packets, 2);
}

static void a_pod_of_another_node_is_reached_by_the_overlay(void **state)
{
	const struct family *f = *state;

	expect_encapsulated(f, &f->remote_pod, &ipv4.remote_node, OVERLAY_MTU);
	/* An outer IPv6 packet must fit the uplink, it is never cut. Kernels
	 * that do not tell the path's MTU leave it to the pods'. */
	expect_encapsulated(f, &f->remote_pod3, &ipv6.remote_node3,
			    kernel_is_before(5, 12) ? OVERLAY_MTU
						    : UPLINK_MTU - 70);
}

static void another_nodes_address_is_reached_by_the_overlay(void **state)
{
	const struct family *f = *state;
	struct packet p;

	expect_encapsulated(f, &f->remote_node, &ipv4.remote_node, OVERLAY_MTU);
	message(&p, .src = &f->pod_a, .dst = &f->remote_node, .len = 64);
	assert_int_equal(flow_of(&p).dst_identity, FL_IDENTITY_REMOTE_NODE);
}

static void replies_of_another_node_must_come_by_the_overlay(void **state)
{
	const struct family *f = *state;
	struct packet p;
	struct fl_flow reply;

	message(&p, .src = &f->pod_a, .dst = &f->remote_pod);
	run(FROM_POD_A, &p);
	reply = flow_reply_of(&p);
	assert_int_equal(reply.in_ifindex, node.overlay);
	assert_int_equal(reply.action, FL_ACTION_LOCAL);
	assert_int_equal(reply.out_ifindex, node.pod_a);
	message(&p, .src = &f->remote_pod, .dst = &f->pod_a, .sport = 80,
		.dport = 1000, .smac = router_mac, .dmac = uplink_mac);
	expect_drop(FROM_UPLINK, &p, NOT_BY_OVERLAY);
}

static void a_moved_range_takes_connections_along(void **state)
{
	const struct family *f = *state;
	const char *range = f->v6 ? "fd00:2::/64" : "10.2.0.0/24";
	struct packet p;

	message(&p, .src = &f->pod_a, .dst = &f->remote_pod);
	run(FROM_POD_A, &p);
	route_write(range, &ipv4.remote_node3, 3, FL_IDENTITY_POD,
		    FL_ROUTE_POD_CIDR);
	epoch_raise_now();
	expect_sent(FROM_POD_A, &p, OVERLAY, NULL);
	assert_next(&p, &ipv4.remote_node3);
}

static void pods_may_not_speak_vxlan_to_nodes(void **state)
{
	const struct family *f = *state;
	struct packet p;

	message(&p, .src = &f->pod_a, .dst = &f->node, .proto = IPPROTO_UDP,
		.dport = 8472);
	expect_drop(FROM_POD_A, &p, OVERLAY_PORT);
	message(&p, .src = &f->pod_a, .dst = &f->host, .proto = IPPROTO_UDP,
		.dport = 8472);
	expect_drop(FROM_POD_A, &p, OVERLAY_PORT);
	message(&p, .src = &f->pod_a, .dst = &f->remote_node,
		.proto = IPPROTO_UDP, .dport = 8472);
	expect_drop(FROM_POD_A, &p, OVERLAY_PORT);
	message(&p, .src = &f->pod_a, .dst = &f->node, .dport = 8472);
	expect_pass(FROM_POD_A, &p, HOST); /* TCP is another port */
	message(&p, .src = &f->pod_a, .dst = &f->pod_b, .proto = IPPROTO_UDP,
		.dport = 8472);
	expect_sent(FROM_POD_A, &p, LOCAL, NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		FAMILIES(a_new_connection_reaches_the_other_pod),
		FAMILIES(the_first_packet_enters_its_own_direction),
		FAMILIES(the_first_packet_enters_the_replies_direction),
		FAMILIES(a_new_connection_is_told_as_an_event),
		FAMILIES(replies_find_their_way_back),
		FAMILIES(later_packets_are_counted_in_the_entry),
		FAMILIES(an_established_connection_needs_no_other_table),
		FAMILIES(other_protocols_reach_the_other_pod),
		FAMILIES(a_raised_epoch_makes_the_decision_again),
		FAMILIES(a_stale_connection_to_a_pod_that_is_gone_is_dropped),
		FAMILIES(a_stale_reply_is_decided_again_and_stays_a_reply),
		FAMILIES(a_lost_direction_is_entered_again),
		FAMILIES(a_pod_may_not_use_another_address),
		FAMILIES(a_pod_may_not_join_another_pods_connection),
		FAMILIES(a_pod_may_not_use_another_mac),
		FAMILIES(a_drop_is_told_with_its_tuple),
		FAMILIES(what_is_not_there_is_dropped_with_its_reason),
		FAMILIES(what_nobody_routes_is_dropped_with_its_reason),
		ONCE(ipv4_broadcast_is_dropped),
		ONCE(ipv6_link_local_is_not_routed),
		ONCE(mapped_ipv4_addresses_are_martians_in_ipv6),
		FAMILIES(the_own_node_is_reached_through_its_stack),
		FAMILIES(the_own_node_takes_the_last_hop_and_any_size),
		FAMILIES(a_pod_of_another_node_is_reached_by_the_overlay),
		FAMILIES(another_nodes_address_is_reached_by_the_overlay),
		FAMILIES(replies_of_another_node_must_come_by_the_overlay),
		FAMILIES(a_moved_range_takes_connections_along),
		FAMILIES(pods_may_not_speak_vxlan_to_nodes),
	};

	return bpf_tests(tests, &options_default);
}
