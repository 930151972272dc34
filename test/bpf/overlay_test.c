// SPDX-License-Identifier: Apache-2.0
/*
 * Between nodes:
 *
 *	other node --VXLAN--> [from_overlay] --> pod_a, or the host stack
 *	host stack --> [to_overlay] --VXLAN--> other node
 */
#include "traffic.h"
#include "trampoline.h"
#include "release.h"

#include <netinet/in.h>
#include <string.h>

/* What pods of another node send here. */
static struct message from_remote(const struct fl_addr *src,
				  const struct fl_addr *dst, __u8 proto)
{
	return (struct message){.src = src,
				.dst = dst,
				.proto = proto,
				.smac = overlay_src_mac,
				.dmac = overlay_mac};
}

/* ---- from other nodes ------------------------------------------------ */

static void a_pod_of_another_node_reaches_ours(void **state)
{
	const struct family *f = *state;

	for (int i = 0; i < PROTOCOLS; i++) {
		struct message m =
			from_remote(&f->remote_pod, &f->pod_a, protocols[i]);
		struct packet p;

		expect_delivered_at(FROM_NODE2, &m, mac_a, __FILE__, __LINE__);
		expect_delivered_at(FROM_NODE2, &m, mac_a, __FILE__, __LINE__);
		message_build(&p, &m);
		assert_int_equal(flow_of(&p).packets, 2);
		assert_int_equal(flow_of(&p).in_ifindex, node.overlay);
		assert_int_equal(flow_of(&p).hook, FL_HOOK_FROM_OVERLAY);
		assert_int_equal(flow_of(&p).src_identity, FL_IDENTITY_POD);
		assert_int_equal(flow_of(&p).out_ifindex, node.pod_a);
	}
	assert_int_equal(counter_read(FL_COUNT_FLOWS_CREATED), PROTOCOLS);
}

static void an_ipv6_underlay_serves_both_families(void **state)
{
	const struct family *f = *state;
	struct at at = {AT(FROM_OVERLAY, overlay),
			.tunnel = &ipv6.remote_node3};
	struct message m = from_remote(&f->remote_pod3, &f->pod_a, 0);

	expect_delivered_at(at, &m, mac_a, __FILE__, __LINE__);
}

static void answers_go_back_to_the_node_they_came_from(void **state)
{
	const struct family *f = *state;
	struct message m = from_remote(&f->remote_pod, &f->pod_a, 0);
	struct packet in, p, want;

	message_build(&in, &m);
	run(FROM_NODE2, &in);
	message(&p, .src = &f->pod_a, .dst = &f->remote_pod, .sport = 80,
		.dport = 1000);
	hop(&p, overlay_mac, overlay_src_mac, &want);
	expect_sent(FROM_POD_A, &p, OVERLAY, &want);
	assert_next(&p, &ipv4.remote_node);
	assert_int_equal(flow_of(&p).flags, FL_FLOW_REPLY);
	assert_int_equal(flow_of(&p).in_ifindex, node.pod_a);
	assert_int_equal(flow_of(&p).mtu, OVERLAY_MTU);
	assert_int_equal(flow_count(), 2);
}

static void another_node_itself_reaches_our_pods(void **state)
{
	const struct family *f = *state;
	struct message m = from_remote(&f->remote_node, &f->pod_a, 0);
	struct packet p;

	expect_delivered_at(FROM_NODE2, &m, mac_a, __FILE__, __LINE__);
	message_build(&p, &m);
	assert_int_equal(flow_of(&p).src_identity, FL_IDENTITY_REMOTE_NODE);
}

static void other_nodes_reach_the_host_stack(void **state)
{
	const struct family *f = *state;
	const struct fl_addr *own[] = {&f->host, &f->node};
	struct packet p;

	for (int i = 0; i < 2; i++) {
		struct message m = from_remote(&f->remote_pod, own[i], 0);

		message_build(&p, &m);
		expect_pass(FROM_NODE2, &p, HOST);
		expect_pass(FROM_NODE2, &p, HOST);
		assert_int_equal(flow_of(&p).action, FL_ACTION_HOST);
		assert_int_equal(flow_of(&p).packets, 2);
	}
}

static void only_nodes_may_encapsulate(void **state)
{
	const struct family *f = *state;
	const struct fl_addr *strangers[] = {&ipv4.world,  &ipv6.world,
					     &ipv4.router, &ipv4.node,
					     &ipv4.pod_b,  &ipv4.remote_pod};
	struct message m = from_remote(&f->remote_pod, &f->pod_a, 0);
	struct packet p;

	message_build(&p, &m);
	for (size_t i = 0; i < sizeof(strangers) / sizeof(*strangers); i++) {
		struct at at = {AT(FROM_OVERLAY, overlay),
				.tunnel = strangers[i]};

		expect_drop(at, &p, UNKNOWN_NODE);
	}
	/* What came by the device without any tunnel. */
	expect_drop(((struct at){AT(FROM_OVERLAY, overlay)}), &p, UNKNOWN_NODE);
	assert_int_equal(flow_count(), 0);
}

static void a_node_speaks_for_itself_and_its_pods(void **state)
{
	const struct family *f = *state;
	const struct fl_addr *others[] = {
		&f->remote_pod3, &f->remote_node3, &f->pod_b, &f->no_pod,
		&f->host,	 &f->node,	   &f->world};
	struct packet p;

	for (size_t i = 0; i < sizeof(others) / sizeof(*others); i++) {
		struct message m = from_remote(others[i], &f->pod_a, 0);

		message_build(&p, &m);
		expect_drop(FROM_NODE2, &p, WRONG_NODE);
	}
	assert_int_equal(flow_count(), 0);
}

static void a_stale_flow_checks_its_node_again(void **state)
{
	const struct family *f = *state;
	struct at node3 = {AT(FROM_OVERLAY, overlay),
			   .tunnel = &ipv4.remote_node3};
	struct message m = from_remote(&f->remote_pod, &f->pod_a, 0);
	struct packet p;

	message_build(&p, &m);
	expect_sent(FROM_NODE2, &p, LOCAL, NULL);
	epoch_raise_now();
	expect_drop(node3, &p, WRONG_NODE);
	expect_sent(FROM_NODE2, &p, LOCAL, NULL);
}

/* Who has the connection's ports and addresses still is another node. */
static void an_established_flow_checks_its_node(void **state)
{
	const struct family *f = *state;
	struct at node3 = {AT(FROM_OVERLAY, overlay),
			   .tunnel = &ipv4.remote_node3};
	struct at stranger = {AT(FROM_OVERLAY, overlay), .tunnel = &ipv4.world};
	struct message in = from_remote(&f->remote_pod, &f->pod_a, 0);
	struct packet p, q, quoted;

	if (!trampoline_knows_sender())
		skip();
	message_build(&p, &in);
	message(&q, .src = &f->pod_a, .dst = &f->remote_pod, .sport = 7,
		.dport = 9);
	expect_sent(FROM_POD_A, &q, OVERLAY, NULL);
	message(&q, .src = &f->remote_pod, .dst = &f->pod_a, .sport = 9,
		.dport = 7, .smac = overlay_src_mac, .dmac = overlay_mac);
	for (int i = 0; i < 2; i++) {
		expect_sent(FROM_NODE2, &p, LOCAL, NULL);
		expect_sent(FROM_NODE2, &q, LOCAL, NULL);
		expect_drop(node3, &p, WRONG_NODE);
		expect_drop(node3, &q, WRONG_NODE);
		expect_drop(stranger, &p, UNKNOWN_NODE);
		expect_drop(stranger, &q, UNKNOWN_NODE);
	}
	message(&quoted, .src = &f->pod_a, .dst = &f->remote_pod, .sport = 7,
		.dport = 9);
	packet_build(&p, ETH(.src = overlay_src_mac, .dst = overlay_mac),
		     IP(.src = &f->remote_pod, .dst = &f->pod_a),
		     ERROR(.kind = ERROR_PORT), QUOTE(.packet = &quoted));
	expect_drop(node3, &p, WRONG_NODE);
	expect_sent(FROM_NODE2, &p, LOCAL, NULL);
}

static void another_networks_tunnel_is_none_of_ours(void **state)
{
	const struct family *f = *state;
	struct fl_options other = options_default;
	struct message m = from_remote(&f->remote_pod, &f->pod_a, 0);
	struct packet p;

	other.overlay_vni++; /* the test's packets keep theirs */
	node_load(&other);
	tables_reset();
	message_build(&p, &m);
	expect_drop(FROM_NODE2, &p, UNKNOWN_NODE);
}

static int reload(void **state)
{
	(void)state;
	node_load(&options_default);
	return 0;
}

static void there_is_no_transit_through_a_node(void **state)
{
	const struct family *f = *state;
	struct packet p;
	struct message m = from_remote(&f->remote_pod, &f->no_pod, 0);

	message_build(&p, &m);
	expect_drop(FROM_NODE2, &p, NO_ENDPOINT);
	m.dst = &f->world;
	message_build(&p, &m);
	expect_drop(FROM_NODE2, &p, NO_ROUTE);
	m.dst = &f->remote_pod3;
	message_build(&p, &m);
	expect_drop(FROM_NODE2, &p, NO_ROUTE);
	m.dst = &f->no_route;
	message_build(&p, &m);
	expect_drop(FROM_NODE2, &p, NO_ROUTE);
	assert_int_equal(flow_count(), 0);
}

static void only_ip_comes_by_the_overlay(void **state)
{
	struct packet p;

	(void)state;
	packet_build(&p, ETH(.src = overlay_src_mac, .dst = overlay_mac),
		     ARP(.sha = mac_b, .spa = &ipv4.remote_pod, .tha = mac_a,
			 .tpa = &ipv4.pod_a));
	expect_drop(FROM_NODE2, &p, ETHERTYPE);
	packet_build(&p, ETH(.src = overlay_src_mac, .dst = overlay_mac),
		     DATA(.len = 100));
	expect_drop(FROM_NODE2, &p, ETHERTYPE);
	packet_build(
		&p, ETH(.src = overlay_src_mac, .dst = overlay_mac),
		IP(.src = &ipv6.remote_pod, .dst = &ipv6.pod_a, .ttl = 255),
		ND(.target = &ipv6.pod_a, .lladdr = overlay_src_mac));
	expect_drop(FROM_NODE2, &p, ND);
}

static void what_nobody_routes_does_not_come_by_the_overlay(void **state)
{
	const struct family *f = *state;
	struct message m =
		from_remote(&f->remote_pod, &f->multicast, IPPROTO_UDP);
	struct packet p;

	message_build(&p, &m);
	expect_drop(FROM_NODE2, &p, MULTICAST);
	m = from_remote(&f->loopback, &f->pod_a, IPPROTO_UDP);
	message_build(&p, &m);
	expect_drop(FROM_NODE2, &p, MARTIAN);
}

/* The last hop is this node, which takes it. */
static void hops_are_counted_at_this_node_too(void **state)
{
	const struct family *f = *state;
	struct message m = from_remote(&f->remote_pod, &f->pod_a, 0);
	struct packet p, want;

	m.ttl = 1;
	message_build(&p, &m);
	packet_build(&want, ETH(.src = overlay_src_mac, .dst = overlay_mac),
		     IP(.src = &f->host, .dst = &f->remote_pod,
			.tos = f->v6 ? 0 : 0xc0),
		     ERROR(.kind = ERROR_EXPIRED), QUOTE(.packet = &p));
	expect_sent(FROM_NODE2, &p, REPLIED, &want);
	m.dst = &f->host;
	message_build(&p, &m);
	expect_pass(FROM_NODE2, &p, HOST);
}

/* ---- from the host stack --------------------------------------------- */

static struct message from_stack(const struct family *f,
				 const struct fl_addr *dst, __u8 proto)
{
	return (struct message){.src = &f->host,
				.dst = dst,
				.proto = proto,
				.smac = overlay_mac,
				.dmac = overlay_mac};
}

static void the_host_reaches_pods_of_other_nodes(void **state)
{
	const struct family *f = *state;
	struct packet p, want;

	for (int i = 0; i < PROTOCOLS; i++) {
		struct message m = from_stack(f, &f->remote_pod, protocols[i]);

		message_build(&p, &m);
		want = p;
		memcpy(want.data, overlay_mac, 6);
		memcpy(want.data + 6, overlay_src_mac, 6);
		expect_pass_as(TO_OVERLAY, &p, OVERLAY, &want);
		assert_int_equal(flow_of(&p).action, FL_ACTION_OVERLAY);
		assert_next(&p, &ipv4.remote_node);
		assert_int_equal(flow_of(&p).in_ifindex, FL_ORIGIN_HOST);
		assert_int_equal(flow_of(&p).src_identity, FL_IDENTITY_HOST);
		assert_int_equal(flow_reply_of(&p).action, FL_ACTION_HOST);
		assert_int_equal(flow_reply_of(&p).in_ifindex, node.overlay);
		expect_pass_as(TO_OVERLAY, &p, OVERLAY, &want);
		assert_int_equal(flow_of(&p).packets, 2);
	}
}

static void answers_to_the_host_reach_it(void **state)
{
	const struct family *f = *state;
	struct message m = from_stack(f, &f->remote_pod, 0);
	struct packet p;

	message_build(&p, &m);
	run(TO_OVERLAY, &p);
	message(&p, .src = &f->remote_pod, .dst = &f->host, .sport = 80,
		.dport = 1000, .smac = overlay_src_mac, .dmac = overlay_mac);
	expect_pass(FROM_NODE2, &p, HOST);
	assert_int_equal(flow_of(&p).flags, FL_FLOW_REPLY);
	assert_int_equal(flow_count(), 2);
}

static void what_from_pod_encapsulated_is_let_through(void **state)
{
	const struct family *f = *state;
	struct at at = TO_OVERLAY;
	struct packet p;

	message(&p, .src = &f->pod_a, .dst = &f->remote_pod,
		.smac = overlay_src_mac, .dmac = overlay_mac);
	at.mark = FL_MARK_DECIDED;
	run(at, &p);
	assert_int_equal(flow_count(), 0);
}

static void marks_of_others_do_not_survive_encapsulation(void **state)
{
	const struct family *f = *state;
	struct message m = from_stack(f, &f->remote_pod, 0);
	struct at at = TO_OVERLAY;
	struct packet p;

	message_build(&p, &m);
	at.mark = 0x4000;
	run(at, &p);
	assert_int_equal(last.reason, FL_PASS_OVERLAY);
	assert_int_equal(last.mark, 0);
}

static void the_host_sends_nothing_where_no_node_is(void **state)
{
	const struct family *f = *state;
	struct message m = from_stack(f, &f->world, 0);
	struct packet p;

	message_build(&p, &m);
	expect_drop(TO_OVERLAY, &p, NO_ROUTE);
	m.dst = &f->no_pod;
	message_build(&p, &m);
	expect_drop(TO_OVERLAY, &p, NO_ENDPOINT);
	route_remove(f->v6 ? "fd00:2::/64" : "10.2.0.0/24");
	m.dst = &f->remote_pod;
	message_build(&p, &m);
	expect_drop(TO_OVERLAY, &p, NO_ROUTE);
}

static void only_ip_leaves_by_the_overlay(void **state)
{
	struct packet p;

	(void)state;
	packet_build(&p, ETH(.src = overlay_mac, .dst = overlay_mac),
		     ARP(.sha = overlay_mac, .spa = &ipv4.host, .tha = mac_a,
			 .tpa = &ipv4.remote_pod));
	expect_drop(TO_OVERLAY, &p, ETHERTYPE);
	packet_build(&p, ETH(.src = overlay_mac, .dst = overlay_mac),
		     IP(.src = &ipv6.host, .dst = &ipv6.multicast, .ttl = 1),
		     ICMP(.type = 143), DATA(.len = 20));
	run(TO_OVERLAY, &p);
	assert_int_equal(last.verdict, VERDICT_DROP);
}

/* ---- an underlay with a narrow path ---------------------------------- */

static int path_widen(void **state)
{
	(void)state;
	node_ip("route del 2001:db8:1::3/128 dev uplink\n");
	return 0;
}

/* The kernel drops an outer IPv6 packet that does not fit, without a word. */
static void a_tunnel_over_ipv6_follows_its_paths_mtu(void **state)
{
	const struct family *f = *state;
	struct packet p;

	message(&p, .src = &f->pod_a, .dst = &f->remote_pod3, .len = 1300,
		.df = true);
	expect_sent(FROM_POD_A, &p, OVERLAY, NULL);
	node_ip("route add 2001:db8:1::3/128 dev uplink mtu lock 1400\n");
	epoch_raise_now();
	if (kernel_is_before(5, 12)) { /* it does not tell */
		expect_sent(FROM_POD_A, &p, OVERLAY, NULL);
		assert_int_equal(flow_of(&p).mtu, OVERLAY_MTU);
		return;
	}
	expect_sent(FROM_POD_A, &p, REPLIED, NULL);
	assert_int_equal(flow_of(&p).mtu, 1400 - 70);
	message(&p, .src = &f->pod_a, .dst = &f->remote_pod3, .df = true,
		.len = 1400 - 70 - 20 - f->ip_len);
	expect_sent(FROM_POD_A, &p, OVERLAY, NULL);
}

/* ... so when the path says so, all flows look at it again. */
static void a_tunnels_packet_too_big_raises_the_epoch(void **state)
{
	struct packet outer, p;

	(void)state;
	packet_build(&outer, ETH(.src = uplink_mac, .dst = router_mac),
		     IP(.src = &ipv6.node, .dst = &ipv6.remote_node3),
		     UDP(.sport = 50000, .dport = 8472), DATA(.len = 1400));
	packet_build(&p, ETH(.src = router_mac, .dst = uplink_mac),
		     IP(.src = &ipv6.router, .dst = &ipv6.node),
		     ERROR(.kind = ERROR_TOO_BIG, .mtu = 1400),
		     QUOTE(.packet = &outer, .len = 1000));
	limit_fill(FL_LIMIT_PATH, FL_PATH_PER_SECOND - 2);
	for (__u32 i = 1; i <= 4; i++) {
		expect_pass(FROM_UPLINK, &p, NOT_OURS);
		/* Whoever floods us with these raises it now and then. */
		assert_int_equal(epoch_now(),
				 node.config.epoch +
					 FL_EPOCH_STEP * (i < 2 ? i : 2));
	}
}

static void other_errors_do_not_raise_the_epoch(void **state)
{
	const struct family *f = *state;
	const enum error_kind kinds[] = {ERROR_PORT, ERROR_HOST, ERROR_EXPIRED};
	struct packet outer, p;

	packet_build(&outer, ETH(.src = uplink_mac, .dst = router_mac),
		     IP(.src = &f->node, .dst = &f->remote_node),
		     UDP(.sport = 50000, .dport = 8472), DATA(.len = 80));
	for (int i = 0; i < 3; i++) {
		packet_build(&p, ETH(.src = router_mac, .dst = uplink_mac),
			     IP(.src = &f->router, .dst = &f->node),
			     ERROR(.kind = kinds[i]), QUOTE(.packet = &outer));
		expect_pass(FROM_UPLINK, &p, NOT_OURS);
	}
	packet_build(&outer, ETH(.src = uplink_mac, .dst = router_mac),
		     IP(.src = &f->node, .dst = &f->world),
		     UDP(.sport = 50000, .dport = 53), DATA(.len = 80));
	packet_build(&p, ETH(.src = router_mac, .dst = uplink_mac),
		     IP(.src = &f->router, .dst = &f->node),
		     ERROR(.kind = ERROR_TOO_BIG, .mtu = 1400),
		     QUOTE(.packet = &outer));
	expect_pass(FROM_UPLINK, &p, NOT_OURS);
	assert_int_equal(epoch_now(), node.config.epoch);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		FAMILIES(a_pod_of_another_node_reaches_ours),
		FAMILIES(an_ipv6_underlay_serves_both_families),
		FAMILIES(answers_go_back_to_the_node_they_came_from),
		FAMILIES(another_node_itself_reaches_our_pods),
		FAMILIES(other_nodes_reach_the_host_stack),
		FAMILIES(only_nodes_may_encapsulate),
		FAMILIES(a_node_speaks_for_itself_and_its_pods),
		FAMILIES(a_stale_flow_checks_its_node_again),
		FAMILIES(an_established_flow_checks_its_node),
		FAMILIES_RELEASE(another_networks_tunnel_is_none_of_ours,
				 reload),
		FAMILIES(there_is_no_transit_through_a_node),
		ONCE(only_ip_comes_by_the_overlay),
		FAMILIES(what_nobody_routes_does_not_come_by_the_overlay),
		FAMILIES(hops_are_counted_at_this_node_too),
		FAMILIES(the_host_reaches_pods_of_other_nodes),
		FAMILIES(answers_to_the_host_reach_it),
		FAMILIES(what_from_pod_encapsulated_is_let_through),
		FAMILIES(marks_of_others_do_not_survive_encapsulation),
		FAMILIES(the_host_sends_nothing_where_no_node_is),
		ONCE(only_ip_leaves_by_the_overlay),
		FAMILIES_RELEASE(a_tunnel_over_ipv6_follows_its_paths_mtu,
				 path_widen),
		ONCE(a_tunnels_packet_too_big_raises_the_epoch),
		FAMILIES(other_errors_do_not_raise_the_epoch),
	};

	return bpf_tests(tests, &options_default);
}
