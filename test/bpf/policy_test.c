// SPDX-License-Identifier: Apache-2.0
/*
 * Who may talk to whom, once the maps say so: the two lookups of a direction,
 * replies, changes, audit, pods that are not known yet.
 *
 *	pod_a --> [from_pod] egress of pod_a, ingress of pod_b --> pod_b
 */
#include "traffic.h"

#include <netinet/in.h>
#include <string.h>

enum { A = 11, B = 12, PEER = 40, RULE = 5, RULE2 = 6 };

static void police_a(const struct family *f, __u32 flags)
{
	endpoint_police(&f->pod_a, node.pod_a, mac_a, A, flags, PEER);
}

static void police_b(const struct family *f, __u32 flags)
{
	endpoint_police(&f->pod_b, node.pod_b, mac_b, B, flags,
			FL_IDENTITY_POD);
}

static void send_ab(const struct family *f, __u8 proto, __u16 dport,
		    enum fl_reason reason)
{
	struct packet p;

	message(&p, .src = &f->pod_a, .dst = &f->pod_b, .proto = proto,
		.sport = 1000, .dport = dport);
	expect_at(FROM_POD_A, &p,
		  reason == FL_PASS_LOCAL ? VERDICT_REDIRECT : VERDICT_DROP,
		  reason, NULL, __FILE__, __LINE__);
}

/* ---- the lookups ----------------------------------------------------- */

static void what_no_rule_allows_is_denied(void **state)
{
	const struct family *f = *state;

	police_b(f, FL_ENDPOINT_INGRESS);
	for (int i = 0; i < PROTOCOLS; i++)
		send_ab(f, protocols[i], 80, FL_DROP_POLICY);
	assert_int_equal(flow_count(), 0);
}

static void an_ungoverned_direction_is_open(void **state)
{
	const struct family *f = *state;

	police_b(f, FL_ENDPOINT_EGRESS);
	police_a(f, FL_ENDPOINT_INGRESS);
	for (int i = 0; i < PROTOCOLS; i++)
		send_ab(f, protocols[i], 80, FL_PASS_LOCAL);
}

static void the_peers_own_entry_comes_before_anybodys(void **state)
{
	const struct family *f = *state;

	police_a(f, 0);
	police_b(f, FL_ENDPOINT_INGRESS);
	policy_write(B, FL_INGRESS, FL_IDENTITY_ANY, IPPROTO_TCP, 80, 16,
		     FL_ALLOW, RULE);
	policy_write(B, FL_INGRESS, PEER, IPPROTO_TCP, 80, 16, FL_DENY, RULE2);
	send_ab(f, IPPROTO_TCP, 80, FL_DROP_POLICY);
	police_b(f, FL_ENDPOINT_INGRESS);
	endpoint_police(&f->pod_a, node.pod_a, mac_a, A, 0, PEER + 1);
	send_ab(f, IPPROTO_TCP, 80, FL_PASS_LOCAL);
}

static void ports_and_protocols_are_told_apart(void **state)
{
	const struct family *f = *state;

	police_a(f, 0);
	police_b(f, FL_ENDPOINT_INGRESS);
	/* 80..87, all of UDP, one SCTP port. */
	policy_write(B, FL_INGRESS, PEER, IPPROTO_TCP, 80, 13, FL_ALLOW, RULE);
	policy_write(B, FL_INGRESS, PEER, IPPROTO_UDP, 0, 0, FL_ALLOW, RULE);
	policy_write(B, FL_INGRESS, PEER, IPPROTO_SCTP, 7, 16, FL_ALLOW, RULE);
	send_ab(f, IPPROTO_TCP, 79, FL_DROP_POLICY);
	send_ab(f, IPPROTO_TCP, 80, FL_PASS_LOCAL);
	send_ab(f, IPPROTO_TCP, 87, FL_PASS_LOCAL);
	send_ab(f, IPPROTO_TCP, 88, FL_DROP_POLICY);
	send_ab(f, IPPROTO_UDP, 1, FL_PASS_LOCAL);
	send_ab(f, IPPROTO_SCTP, 7, FL_PASS_LOCAL);
	send_ab(f, IPPROTO_SCTP, 8, FL_DROP_POLICY);
	send_ab(f, IPPROTO_ICMP, 0, FL_DROP_POLICY);
}

static void an_entry_for_any_protocol_holds_for_all(void **state)
{
	const struct family *f = *state;

	police_b(f, FL_ENDPOINT_INGRESS);
	policy_write(B, FL_INGRESS, FL_IDENTITY_ANY, 0, 0, 0, FL_ALLOW, RULE);
	for (int i = 0; i < PROTOCOLS; i++)
		send_ab(f, protocols[i], 4711, FL_PASS_LOCAL);
	send_ab(f, IPPROTO_GRE, 0, FL_PASS_LOCAL);
}

static void both_ends_are_asked(void **state)
{
	const struct family *f = *state;
	struct packet p;

	police_a(f, FL_ENDPOINT_EGRESS);
	police_b(f, FL_ENDPOINT_INGRESS);
	policy_write(B, FL_INGRESS, PEER, 0, 0, 0, FL_ALLOW, RULE2);
	send_ab(f, IPPROTO_TCP, 80, FL_DROP_POLICY);
	policy_write(A, FL_EGRESS, FL_IDENTITY_POD, 0, 0, 0, FL_ALLOW, RULE);
	send_ab(f, IPPROTO_TCP, 80, FL_PASS_LOCAL);
	message(&p, .src = &f->pod_a, .dst = &f->pod_b);
	assert_int_equal(flow_of(&p).rule, RULE);
	assert_int_equal(flow_of(&p).ingress_rule, RULE2);
	assert_int_equal(flow_reply_of(&p).rule, RULE);
}

static void the_drop_tells_whose_policy_it_was(void **state)
{
	const struct family *f = *state;
	const struct fl_event *ev = &last.events[0];

	police_a(f, FL_ENDPOINT_EGRESS);
	policy_write(A, FL_EGRESS, FL_IDENTITY_POD, IPPROTO_TCP, 80, 16,
		     FL_DENY, RULE);
	send_ab(f, IPPROTO_TCP, 80, FL_DROP_POLICY);
	assert_int_equal(last.n_events, 1);
	assert_int_equal(ev->policy_ifindex, node.pod_a);
	assert_int_equal(ev->direction, FL_EGRESS);
	assert_int_equal(ev->rule, RULE);
	assert_int_equal(ev->src_identity, PEER);
	assert_int_equal(ev->dst_identity, FL_IDENTITY_POD);
}

static void denials_are_counted_by_pod_and_rule(void **state)
{
	const struct family *f = *state;
	struct fl_denied d;

	police_a(f, FL_ENDPOINT_EGRESS);
	police_b(f, FL_ENDPOINT_INGRESS);
	policy_write(A, FL_EGRESS, FL_IDENTITY_POD, IPPROTO_TCP, 80, 16,
		     FL_DENY, RULE);
	policy_write(A, FL_EGRESS, FL_IDENTITY_POD, IPPROTO_UDP, 0, 0, FL_ALLOW,
		     RULE2);
	send_ab(f, IPPROTO_TCP, 80, FL_DROP_POLICY);
	send_ab(f, IPPROTO_TCP, 80, FL_DROP_POLICY);
	send_ab(f, IPPROTO_UDP, 53, FL_DROP_POLICY);
	assert_true(denied_read(node.pod_a, FL_EGRESS, RULE, false, &d));
	assert_int_equal(d.packets, 2);
	assert_int_equal(d.last.proto, IPPROTO_TCP);
	assert_memory_equal(&d.last.saddr, &f->pod_a, sizeof(f->pod_a));
	assert_memory_equal(&d.last.daddr, &f->pod_b, sizeof(f->pod_b));
	assert_true(clock_ns() - d.last_ns < 60 * 1000000000ULL);
	assert_true(denied_read(node.pod_b, FL_INGRESS, 0, false, &d));
	assert_int_equal(d.packets, 1);
	assert_false(denied_read(node.pod_a, FL_EGRESS, 0, false, &d));
	assert_false(denied_read(node.pod_b, FL_INGRESS, 0, true, &d));
}

/* ---- replies and changes --------------------------------------------- */

static void replies_pass_whatever_governs_them(void **state)
{
	const struct family *f = *state;
	struct packet p;

	/* Nobody may speak to pod_a, and pod_b may speak to nobody. */
	police_a(f, FL_ENDPOINT_INGRESS);
	police_b(f, FL_ENDPOINT_EGRESS);
	for (int i = 0; i < PROTOCOLS; i++) {
		send_ab(f, protocols[i], 80, FL_PASS_LOCAL);
		message(&p, .src = &f->pod_b, .dst = &f->pod_a,
			.proto = protocols[i], .smac = mac_b, .reply = true,
			.sport = protocols[i] == IPPROTO_ICMP ? 1000 : 80,
			.dport = 1000);
		expect_sent(FROM_POD_B, &p, LOCAL, NULL);
		epoch_raise_now(); /* decided again: still a reply */
		expect_sent(FROM_POD_B, &p, LOCAL, NULL);
	}
	message(&p, .src = &f->pod_b, .dst = &f->pod_a, .smac = mac_b,
		.sport = 81, .dport = 1000);
	expect_drop(FROM_POD_B, &p, POLICY);
}

static void a_new_policy_ends_established_connections(void **state)
{
	const struct family *f = *state;
	struct packet p;

	send_ab(f, IPPROTO_TCP, 80, FL_PASS_LOCAL);
	police_b(f, FL_ENDPOINT_INGRESS);
	send_ab(f, IPPROTO_TCP, 80, FL_PASS_LOCAL); /* not yet told */
	epoch_raise_now();
	send_ab(f, IPPROTO_TCP, 80, FL_DROP_POLICY);
	/* The other direction is one with it. */
	message(&p, .src = &f->pod_b, .dst = &f->pod_a, .smac = mac_b,
		.sport = 80, .dport = 1000);
	expect_drop(FROM_POD_B, &p, POLICY);
}

static void a_policy_that_still_allows_keeps_connections(void **state)
{
	const struct family *f = *state;
	struct packet p;

	send_ab(f, IPPROTO_TCP, 80, FL_PASS_LOCAL);
	police_b(f, FL_ENDPOINT_INGRESS);
	policy_write(B, FL_INGRESS, FL_IDENTITY_ANY, IPPROTO_TCP, 80, 16,
		     FL_ALLOW, RULE);
	epoch_raise_now();
	send_ab(f, IPPROTO_TCP, 80, FL_PASS_LOCAL);
	message(&p, .src = &f->pod_a, .dst = &f->pod_b);
	assert_int_equal(flow_of(&p).ingress_rule, RULE);
	assert_int_equal(flow_of(&p).packets, 2);
}

/* ---- what always passes ---------------------------------------------- */

static void the_own_node_always_reaches_its_pods(void **state)
{
	const struct family *f = *state;
	struct packet p;

	police_a(f, FL_ENDPOINT_INGRESS | FL_ENDPOINT_EGRESS);
	message(&p, .src = &f->host, .dst = &f->pod_a, .dmac = mac_a,
		.smac = gateway_mac);
	expect_pass(TO_POD_A, &p, LOCAL);
	message(&p, .src = &f->pod_a, .dst = &f->host, .sport = 80,
		.dport = 1000);
	expect_pass(FROM_POD_A, &p, HOST);
	epoch_raise_now();
	expect_pass(FROM_POD_A, &p, HOST);
}

static void a_pod_always_reaches_itself(void **state)
{
	const struct family *f = *state;
	struct packet p;

	police_a(f, FL_ENDPOINT_INGRESS | FL_ENDPOINT_EGRESS);
	message(&p, .src = &f->pod_a, .dst = &f->pod_a);
	expect_sent(FROM_POD_A, &p, LOCAL, NULL);
}

/* ---- other nodes and the world ---------------------------------------- */

static void other_nodes_pods_meet_the_ingress_policy(void **state)
{
	const struct family *f = *state;
	struct packet p;

	police_a(f, FL_ENDPOINT_INGRESS);
	message(&p, .src = &f->remote_pod, .dst = &f->pod_a);
	expect_drop(FROM_NODE2, &p, POLICY);
	policy_write(A, FL_INGRESS, FL_IDENTITY_POD, IPPROTO_TCP, 80, 16,
		     FL_ALLOW, RULE);
	expect_sent(FROM_NODE2, &p, LOCAL, NULL);
}

static void the_world_is_met_by_egress_policy(void **state)
{
	const struct family *f = *state;
	struct message m = outgoing(f, IPPROTO_TCP, IN_RANGE);
	struct packet p;

	police_a(f, FL_ENDPOINT_EGRESS);
	message_build(&p, &m);
	expect_drop(FROM_POD_A, &p, POLICY);
	policy_write(A, FL_EGRESS, FL_IDENTITY_WORLD, IPPROTO_TCP, 0, 0,
		     FL_ALLOW, RULE);
	assert_int_equal(leaves(f, &m), IN_RANGE);
	answer_arrives(f, &m, IN_RANGE);
	epoch_raise_now(); /* the mapping stays, the answer comes in */
	answer_arrives(f, &m, IN_RANGE);
	assert_int_equal(leaves(f, &m), IN_RANGE);
}

static void a_range_with_an_identity_is_still_the_world(void **state)
{
	const struct family *f = *state;
	struct message m = outgoing(f, IPPROTO_TCP, IN_RANGE);

	/* A CIDR of some policy: no node, no flags, a number of its own. */
	route_write(f->v6 ? "2000::/3" : "192.0.0.0/2", NULL, 0, PEER, 0);
	police_a(f, FL_ENDPOINT_EGRESS);
	policy_write(A, FL_EGRESS, PEER, 0, 0, 0, FL_ALLOW, RULE);
	assert_int_equal(leaves(f, &m), IN_RANGE);
}

static void pods_nobody_knows_have_their_own_reason(void **state)
{
	const struct family *f = *state;
	struct packet p;

	route_write(f->v6 ? "fd00:2::/64" : "10.2.0.0/24", &ipv4.remote_node, 2,
		    FL_IDENTITY_UNKNOWN, FL_ROUTE_POD_CIDR);
	message(&p, .src = &f->remote_pod, .dst = &f->pod_a);
	expect_sent(FROM_NODE2, &p, LOCAL, NULL); /* no policy, no matter */
	flows_forget();
	police_a(f, FL_ENDPOINT_INGRESS);
	expect_drop(FROM_NODE2, &p, UNKNOWN_PEER);
	policy_write(A, FL_INGRESS, FL_IDENTITY_ANY, 0, 0, 0, FL_ALLOW, RULE);
	expect_sent(FROM_NODE2, &p, LOCAL, NULL); /* anybody may */
}

/* ---- pending and audit ------------------------------------------------ */

static void pending_pods_know_their_host_only(void **state)
{
	const struct family *f = *state;
	struct packet p;

	police_a(f, FL_ENDPOINT_PENDING);
	send_ab(f, IPPROTO_TCP, 80, FL_PASS_LOCAL); /* no policies: no matter */
	flows_forget();
	config_flags(FL_CONFIG_PENDING_DENY);
	config_write();
	send_ab(f, IPPROTO_TCP, 80, FL_DROP_PENDING);
	message(&p, .src = &f->pod_b, .dst = &f->pod_a, .smac = mac_b);
	expect_drop(FROM_POD_B, &p, PENDING);
	message(&p, .src = &f->pod_a, .dst = &f->host);
	expect_pass(FROM_POD_A, &p, HOST);
	message(&p, .src = &f->host, .dst = &f->pod_a, .dmac = mac_a,
		.smac = gateway_mac);
	expect_pass(TO_POD_A, &p, LOCAL);
	police_a(f, 0);
	send_ab(f, IPPROTO_TCP, 80, FL_PASS_LOCAL);
}

static void audited(const struct family *f)
{
	flows_forget();
	send_ab(f, IPPROTO_TCP, 80, FL_PASS_LOCAL);
	assert_true(last.n_events >= 1);
	assert_int_equal(last.events[0].type, FL_EVENT_VERDICT);
	assert_int_equal(last.events[0].verdict, FL_DENY);
	assert_int_equal(last.events[0].direction, FL_INGRESS);
	assert_int_equal(last.events[0].policy_ifindex, node.pod_b);
}

static void audit_tells_and_lets_pass(void **state)
{
	const struct family *f = *state;
	struct fl_denied d;

	police_b(f, FL_ENDPOINT_INGRESS | FL_ENDPOINT_AUDIT);
	audited(f);
	assert_true(denied_read(node.pod_b, FL_INGRESS, 0, true, &d));
	assert_int_equal(d.packets, 1);
	assert_false(denied_read(node.pod_b, FL_INGRESS, 0, false, &d));
	police_b(f, FL_ENDPOINT_INGRESS);
	flows_forget();
	send_ab(f, IPPROTO_TCP, 80, FL_DROP_POLICY);
	config_flags(FL_CONFIG_AUDIT);
	config_write();
	audited(f);
}

/* ---- errors ----------------------------------------------------------- */

static void errors_of_allowed_flows_pass(void **state)
{
	const struct family *f = *state;
	struct packet p, quoted;

	police_a(f, FL_ENDPOINT_INGRESS | FL_ENDPOINT_EGRESS);
	policy_write(A, FL_EGRESS, FL_IDENTITY_POD, IPPROTO_UDP, 53, 16,
		     FL_ALLOW, RULE);
	send_ab(f, IPPROTO_UDP, 53, FL_PASS_LOCAL);
	message(&quoted, .src = &f->pod_a, .dst = &f->pod_b,
		.proto = IPPROTO_UDP, .sport = 1000, .dport = 53);
	packet_build(&p, ETH(.src = mac_b, .dst = gateway_mac),
		     IP(.src = &f->pod_b, .dst = &f->pod_a),
		     ICMP(.type = f->v6 ? 1 : 3, .code = f->v6 ? 4 : 3),
		     QUOTE(.packet = &quoted, .len = 64));
	expect_sent(FROM_POD_B, &p, LOCAL, NULL);
}

/* Until its own packets are decided on again, an entry tells nothing. */
static void errors_of_flows_that_a_policy_ended_do_not_pass(void **state)
{
	const struct family *f = *state;
	struct packet p, quoted;

	police_b(f, FL_ENDPOINT_INGRESS);
	policy_write(B, FL_INGRESS, FL_IDENTITY_ANY, IPPROTO_UDP, 53, 16,
		     FL_ALLOW, RULE);
	send_ab(f, IPPROTO_UDP, 53, FL_PASS_LOCAL);
	message(&quoted, .src = &f->pod_a, .dst = &f->pod_b,
		.proto = IPPROTO_UDP, .sport = 1000, .dport = 53);
	packet_build(&p, ETH(.src = mac_b, .dst = gateway_mac),
		     IP(.src = &f->pod_b, .dst = &f->pod_a),
		     ICMP(.type = f->v6 ? 1 : 3, .code = f->v6 ? 4 : 3),
		     QUOTE(.packet = &quoted, .len = 64));
	policy_write(B, FL_INGRESS, FL_IDENTITY_ANY, IPPROTO_UDP, 53, 16,
		     FL_DENY, RULE);
	epoch_raise_now();
	expect_drop(FROM_POD_B, &p, ICMP_UNRELATED);
	send_ab(f, IPPROTO_UDP, 53, FL_DROP_POLICY);
	expect_drop(FROM_POD_B, &p, ICMP_UNRELATED);
	/* Allowed again: by the packet that the error is about. */
	policy_write(B, FL_INGRESS, FL_IDENTITY_ANY, IPPROTO_UDP, 53, 16,
		     FL_ALLOW, RULE);
	epoch_raise_now();
	send_ab(f, IPPROTO_UDP, 53, FL_PASS_LOCAL);
	expect_sent(FROM_POD_B, &p, LOCAL, NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		FAMILIES(what_no_rule_allows_is_denied),
		FAMILIES(an_ungoverned_direction_is_open),
		FAMILIES(the_peers_own_entry_comes_before_anybodys),
		FAMILIES(ports_and_protocols_are_told_apart),
		FAMILIES(an_entry_for_any_protocol_holds_for_all),
		FAMILIES(both_ends_are_asked),
		FAMILIES(the_drop_tells_whose_policy_it_was),
		FAMILIES(denials_are_counted_by_pod_and_rule),
		FAMILIES(replies_pass_whatever_governs_them),
		FAMILIES(a_new_policy_ends_established_connections),
		FAMILIES(a_policy_that_still_allows_keeps_connections),
		FAMILIES(the_own_node_always_reaches_its_pods),
		FAMILIES(a_pod_always_reaches_itself),
		FAMILIES(other_nodes_pods_meet_the_ingress_policy),
		FAMILIES(the_world_is_met_by_egress_policy),
		FAMILIES(a_range_with_an_identity_is_still_the_world),
		FAMILIES(pods_nobody_knows_have_their_own_reason),
		FAMILIES(pending_pods_know_their_host_only),
		FAMILIES(audit_tells_and_lets_pass),
		FAMILIES(errors_of_allowed_flows_pass),
		FAMILIES(errors_of_flows_that_a_policy_ended_do_not_pass),
	};

	return bpf_tests(tests, &options_default);
}
