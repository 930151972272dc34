// SPDX-License-Identifier: Apache-2.0
/*
 * Nobody fills the flow table alone: how many connections whoever may have
 * entered, who is charged, and what becomes of those that are too many. The
 * table is one of 300 connections here (the agent's total says so), of which
 * one flood gets two thirds, and is ten times as many.
 */
#include "traffic.h"

#include <bpf/bpf.h>
#include <netinet/in.h>

#include "../../agent/shares.h"

enum { SIZE = 300, FLOOD = 10 * SIZE, MOST = SIZE * 2 / 3 };

static int setup(void **state)
{
	run_setup(state);
	account_total_write(0, SIZE);
	return 0;
}

/* UDP from src to dst, a connection each; returns how many were dropped. */
static int flood(struct at at, const struct fl_addr *src,
		 const struct fl_addr *dst, const __u8 *smac, int n)
{
	const __u8 *dmac = at.hook == FL_HOOK_FROM_POD ? NULL : overlay_mac;
	struct packet p;
	int dropped = 0;

	for (int i = 0; i < n; i++) {
		message(&p, .src = src, .dst = dst, .proto = IPPROTO_UDP,
			.sport = 1 + i, .smac = smac, .dmac = dmac);
		run(at, &p);
		if (last.verdict == VERDICT_DROP) {
			assert_int_equal(last.reason, FL_DROP_FLOW_SHARE);
			dropped++;
		}
	}
	return dropped;
}

static void flood_by_pod_a(const struct family *f)
{
	assert_int_equal(flood(FROM_POD_A, &f->pod_a, &f->pod_b, mac_a, FLOOD),
			 0);
}

static void one_flood_takes_two_thirds_and_all_of_it_arrives(void **state)
{
	const struct family *f = *state;

	flood_by_pod_a(f);
	assert_in_range(flow_count() / 2, MOST - 1, MOST);
	assert_int_equal(account_read(node.pod_a, FL_ACCOUNT_OUT),
			 flow_count() / 2);
	assert_int_equal(account_read(0, FL_ACCOUNT_TOTAL), flow_count() / 2);
	assert_int_equal(counter_read(FL_COUNT_FLOWS_OVER_SHARE),
			 FLOOD - flow_count() / 2);
}

static void what_others_begin_meanwhile_is_entered(void **state)
{
	const struct family *f = *state;
	struct message m = {.src = &f->pod_b,
			    .dst = &f->world,
			    .proto = IPPROTO_UDP,
			    .sport = IN_RANGE,
			    .smac = mac_b};
	struct packet p;

	flood_by_pod_a(f);
	message(&p, .src = &f->pod_b, .dst = &f->remote_pod, .smac = mac_b);
	expect_sent(FROM_POD_B, &p, OVERLAY, NULL);
	flow_of(&p);
	leaves_as(FROM_POD_B, &m, &f->node);
	assert_int_equal(account_read(node.pod_b, FL_ACCOUNT_OUT), 2);
}

static void a_translation_that_is_too_many_is_dropped_and_told(void **state)
{
	const struct family *f = *state;

	assert_in_range(flood(FROM_POD_A, &f->pod_a, &f->world, mac_a, SIZE),
			99, 101);
	assert_in_range(flow_count() / 2, MOST - 1, MOST);
	assert_int_equal(last.reason, FL_DROP_FLOW_SHARE);
	assert_int_equal(last.n_events, 1);
}

/* Which connections a pod has already goes on, also through a change. */
static void established_ones_of_who_floods_go_on(void **state)
{
	const struct family *f = *state;
	struct message m = outgoing(f, IPPROTO_TCP, IN_RANGE);
	__u16 port = leaves(f, &m);

	flood_by_pod_a(f);
	epoch_raise_now();
	assert_int_equal(leaves(f, &m), port);
	answer_arrives(f, &m, port);
}

/* Without an entry an answer looks like a beginning. */
static void who_answers_a_flood_is_not_charged(void **state)
{
	const struct family *f = *state;
	struct packet p;

	flood_by_pod_a(f);
	for (int i = 0; i < FLOOD; i++) {
		message(&p, .src = &f->pod_b, .dst = &f->pod_a,
			.proto = IPPROTO_UDP, .sport = 80, .dport = 1 + i,
			.smac = mac_b);
		expect_sent(FROM_POD_B, &p, LOCAL, NULL);
	}
	assert_int_equal(account_read(node.pod_b, FL_ACCOUNT_OUT), 0);
	assert_in_range(flow_count() / 2, MOST - 1, MOST);
}

/* What comes from elsewhere is charged to whom it is for, and does not keep
 * that pod from speaking. */
static void a_flood_from_another_node_is_its_receivers(void **state)
{
	const struct family *f = *state;
	struct message m = outgoing(f, IPPROTO_TCP, IN_RANGE);

	assert_int_equal(flood(FROM_NODE2, &f->remote_pod, &f->pod_a,
			       overlay_src_mac, FLOOD),
			 0);
	assert_in_range(account_read(node.pod_a, FL_ACCOUNT_IN), MOST - 1,
			MOST);
	assert_int_equal(account_read(node.pod_a, FL_ACCOUNT_OUT), 0);
	answer_arrives(f, &m, leaves(f, &m));
	expect_delivered(FROM_POD_B, mac_a, .src = &f->pod_b, .dst = &f->pod_a,
			 .smac = mac_b);
	assert_int_equal(account_read(node.pod_b, FL_ACCOUNT_OUT), 1);
}

/* Those who flood a pod take none of the answers to what it asks, though its
 * policy lets in nothing but what it serves. */
static void who_is_flooded_gets_the_answers_to_its_own(void **state)
{
	const struct family *f = *state;
	const __u8 protos[] = {IPPROTO_UDP, IPPROTO_TCP};
	struct packet p;

	govern(&f->pod_a, node.pod_a, mac_a, 7, FL_ENDPOINT_INGRESS);
	policy_write(7, FL_INGRESS, FL_IDENTITY_ANY, IPPROTO_UDP, 80, 16,
		     FL_ALLOW, 1);
	flood(FROM_NODE2, &f->remote_pod, &f->pod_a, overlay_src_mac, FLOOD);
	for (int i = 0; i < 2; i++) {
		message(&p, .src = &f->pod_a, .dst = &f->remote_pod,
			.proto = protos[i], .sport = IN_RANGE, .dport = 53);
		expect_sent(FROM_POD_A, &p, OVERLAY, NULL);
		message(&p, .src = &f->remote_pod, .dst = &f->pod_a,
			.proto = protos[i], .sport = 53, .dport = IN_RANGE,
			.smac = overlay_src_mac, .dmac = overlay_mac);
		expect_sent(FROM_NODE2, &p, LOCAL, NULL);
	}
	assert_int_equal(account_read(node.pod_a, FL_ACCOUNT_OUT), 2);
}

/* A policy of the pod that floods lets it speak to its victim alone; the host's
 * probes are answered all the same. */
static void probes_of_who_floods_are_answered(void **state)
{
	const struct family *f = *state;
	struct packet p;

	govern(&f->pod_a, node.pod_a, mac_a, 7, FL_ENDPOINT_EGRESS);
	policy_write(7, FL_EGRESS, FL_IDENTITY_ANY, IPPROTO_UDP, 80, 16,
		     FL_ALLOW, 1);
	flood_by_pod_a(f);
	message(&p, .src = &f->host, .dst = &f->pod_a, .sport = IN_RANGE,
		.dport = 8080, .smac = gateway_mac, .dmac = mac_a);
	expect_pass(TO_POD_A, &p, LOCAL);
	message(&p, .src = &f->pod_a, .dst = &f->host, .sport = 8080,
		.dport = IN_RANGE);
	expect_pass(FROM_POD_A, &p, HOST);
	assert_int_equal(account_read(0, FL_ACCOUNT_HOST), 1);
}

/* Whatever let the flood in: a rule, or that nothing is enforced. */
static void who_answers_under_a_policy_is_not_charged(void **state)
{
	const struct family *f = *state;
	const __u32 flags = FL_ENDPOINT_INGRESS | FL_ENDPOINT_EGRESS;
	struct packet p;

	for (int audit = 0; audit < 2; audit++) {
		setup(state);
		govern(&f->pod_b, node.pod_b, mac_b, 7,
		       flags | (audit ? FL_ENDPOINT_AUDIT : 0));
		policy_write(7, FL_INGRESS, FL_IDENTITY_ANY, IPPROTO_UDP, 80,
			     16, audit ? FL_DENY : FL_ALLOW, 1);
		policy_write(7, FL_EGRESS, FL_IDENTITY_ANY, 0, 0, 0, FL_ALLOW,
			     2);
		flood_by_pod_a(f);
		for (int i = 0; i < FLOOD; i++) {
			message(&p, .src = &f->pod_b, .dst = &f->pod_a,
				.proto = IPPROTO_UDP, .sport = 80,
				.dport = 1 + i, .smac = mac_b);
			expect_sent(FROM_POD_B, &p, LOCAL, NULL);
		}
		assert_int_equal(account_read(node.pod_b, FL_ACCOUNT_OUT), 0);
	}
}

static void two_floods_leave_a_fifth(void **state)
{
	const struct family *f = *state;
	struct packet p;

	for (int i = 0; i < SIZE; i++) {
		message(&p, .src = &f->pod_a, .dst = &f->remote_pod,
			.sport = 1 + i);
		expect_sent(FROM_POD_A, &p, OVERLAY, NULL);
		message(&p, .src = &f->pod_b, .dst = &f->remote_pod,
			.sport = 1 + i, .smac = mac_b);
		expect_sent(FROM_POD_B, &p, OVERLAY, NULL);
	}
	assert_in_range(account_read(0, FL_ACCOUNT_TOTAL), SIZE * 4 / 5 - 2,
			SIZE * 4 / 5 + 2);
}

static void the_hosts_own_packets_pass_without_an_entry(void **state)
{
	const struct family *f = *state;
	struct packet p;

	account_write(0, FL_ACCOUNT_HOST, SIZE * 3);
	message(&p, .src = &f->node, .dst = &f->world, .proto = IPPROTO_UDP,
		.sport = IN_RANGE, .smac = uplink_mac, .dmac = router_mac);
	expect_pass(TO_UPLINK, &p, NOT_OURS);
	assert_int_equal(flow_count(), 0);
}

/* A dead agent takes off nothing: nobody is held back by what it left. */
static void old_counts_hold_nobody_back(void **state)
{
	const struct family *f = *state;
	struct message m = outgoing(f, IPPROTO_TCP, IN_RANGE);

	account_total_write(SIZE, SIZE);
	account_total_age();
	leaves(f, &m);
	assert_int_equal(flow_count(), 2);
}

/* A round of the agent's, through all entries. */
static void agent_counts(struct shares *s)
{
	struct fl_tuple key, next;
	struct fl_flow flow;
	int fd = bpf_map__fd(node.dp->maps.fl_flows);

	shares_begin(s);
	for (int r = bpf_map_get_next_key(fd, NULL, &next); !r;
	     r = bpf_map_get_next_key(fd, &key, &next)) {
		key = next;
		if (flow_read(&key, &flow))
			shares_count(s, &flow, 1);
	}
	shares_end(s, SIZE * 2, 0, clock_ns() + 60000000000);
}

static void what_has_gone_is_taken_off_by_the_agents_count(void **state)
{
	const struct family *f = *state;
	int fd = bpf_map__fd(node.dp->maps.fl_accounts);
	struct shares *s = shares_new(&fd);
	struct message m = outgoing(f, IPPROTO_TCP, IN_RANGE);
	struct fl_flow flow = {.in_ifindex = node.pod_a};
	struct packet p;

	flood_by_pod_a(f);
	agent_counts(s); /* nothing has gone: nothing changes */
	assert_in_range(account_read(node.pod_a, FL_ACCOUNT_OUT), MOST - 1,
			MOST);
	assert_int_equal(shares_stats(s)->crowded, 1);
	shares_begin(s);
	assert_true(shares_are_crowded(s, &flow));
	flow.in_ifindex = node.pod_b;
	assert_false(shares_are_crowded(s, &flow));

	flows_forget();
	message(&p, .src = &f->pod_b, .dst = &f->remote_pod, .smac = mac_b);
	expect_sent(FROM_POD_B, &p, OVERLAY, NULL);
	agent_counts(s);
	assert_int_equal(account_read(node.pod_a, FL_ACCOUNT_OUT), 0);
	assert_int_equal(account_read(node.pod_b, FL_ACCOUNT_OUT), 1);
	assert_int_equal(account_read(0, FL_ACCOUNT_TOTAL), 1);
	assert_int_equal(shares_stats(s)->crowded, 0);
	assert_int_equal(shares_stats(s)->begun, 1);
	leaves(f, &m);
	shares_free(s);
}

/* Whoever is charged when it begins is found by the agent as well. */
static void both_sides_count_the_same(void **state)
{
	const struct family *f = *state;
	int fd = bpf_map__fd(node.dp->maps.fl_accounts);
	struct shares *s = shares_new(&fd);
	const struct {
		__u32 ifindex;
		enum fl_account_kind kind;
	} accounts[] = {
		{node.pod_a, FL_ACCOUNT_OUT}, {node.pod_b, FL_ACCOUNT_OUT},
		{node.pod_a, FL_ACCOUNT_IN},  {0, FL_ACCOUNT_IN},
		{0, FL_ACCOUNT_HOST},	      {0, FL_ACCOUNT_TOTAL},
	};
	enum { N = sizeof(accounts) / sizeof(accounts[0]) };
	__u64 before[N];
	struct packet p;
	struct message m = outgoing(f, IPPROTO_TCP, IN_RANGE);

	leaves(f, &m);
	expect_delivered(FROM_POD_B, mac_a, .src = &f->pod_b, .dst = &f->pod_a,
			 .smac = mac_b);
	message(&p, .src = &f->pod_b, .dst = &f->host, .smac = mac_b);
	expect_pass(FROM_POD_B, &p, HOST);
	message(&p, .src = &f->remote_pod, .dst = &f->pod_a,
		.smac = overlay_src_mac, .dmac = overlay_mac);
	expect_sent(FROM_NODE2, &p, LOCAL, NULL);
	message(&p, .src = &f->remote_pod, .dst = &f->host,
		.smac = overlay_src_mac, .dmac = overlay_mac);
	expect_pass(FROM_NODE2, &p, HOST);
	message(&p, .src = &f->host, .dst = &f->pod_a, .sport = 7,
		.smac = gateway_mac, .dmac = mac_a);
	expect_pass(TO_POD_A, &p, LOCAL);
	for (int i = 0; i < N; i++) {
		before[i] = account_read(accounts[i].ifindex, accounts[i].kind);
		assert_int_not_equal(before[i], 0);
	}
	agent_counts(s);
	for (int i = 0; i < N; i++)
		assert_int_equal(
			account_read(accounts[i].ifindex, accounts[i].kind),
			before[i]);
	shares_free(s);
}

#define SHARED(test)                                                           \
	{#test "_ipv4", test, setup, NULL, &ipv4},                             \
	{                                                                      \
#test "_ipv6", test, setup, NULL, &ipv6                        \
	}

int main(void)
{
	const struct CMUnitTest tests[] = {
		SHARED(one_flood_takes_two_thirds_and_all_of_it_arrives),
		SHARED(what_others_begin_meanwhile_is_entered),
		SHARED(a_translation_that_is_too_many_is_dropped_and_told),
		SHARED(established_ones_of_who_floods_go_on),
		SHARED(who_answers_a_flood_is_not_charged),
		SHARED(a_flood_from_another_node_is_its_receivers),
		SHARED(who_is_flooded_gets_the_answers_to_its_own),
		SHARED(probes_of_who_floods_are_answered),
		SHARED(who_answers_under_a_policy_is_not_charged),
		SHARED(two_floods_leave_a_fifth),
		SHARED(the_hosts_own_packets_pass_without_an_entry),
		SHARED(old_counts_hold_nobody_back),
		SHARED(what_has_gone_is_taken_off_by_the_agents_count),
		SHARED(both_sides_count_the_same),
	};

	return bpf_tests(tests, &options_default);
}
