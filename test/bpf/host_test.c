// SPDX-License-Identifier: Apache-2.0
/*
 * Between the host and its pods:
 *
 *	host stack --> [to_pod] --> pod_a --> [from_pod] --> host stack
 */
#include "traffic.h"

#include <netinet/in.h>

/* What the host stack sends to a pod, from this address of its. */
static struct message probe(const struct family *f, const struct fl_addr *src,
			    __u8 proto)
{
	return (struct message){.src = src,
				.dst = &f->pod_a,
				.proto = proto,
				.smac = gateway_mac,
				.dmac = mac_a};
}

static void the_host_reaches_its_pods(void **state)
{
	const struct family *f = *state;
	struct packet p;

	for (int i = 0; i < PROTOCOLS; i++) {
		struct message m = probe(f, &f->host, protocols[i]);

		message_build(&p, &m);
		expect_pass(TO_POD_A, &p, LOCAL);
		expect_pass(TO_POD_A, &p, LOCAL);
		assert_int_equal(flow_of(&p).packets, 2);
		assert_int_equal(flow_of(&p).src_identity, FL_IDENTITY_HOST);
		assert_int_equal(flow_of(&p).in_ifindex, FL_ORIGIN_HOST);
		assert_int_equal(flow_of(&p).hook, FL_HOOK_TO_POD);
		assert_int_equal(flow_of(&p).action, FL_ACTION_LOCAL);
	}
	assert_int_equal(counter_read(FL_COUNT_FLOWS_CREATED), PROTOCOLS);
	assert_int_equal(flow_count(), 2 * PROTOCOLS);
}

static void the_pods_answers_reach_the_host(void **state)
{
	const struct family *f = *state;
	const struct fl_addr *own[] = {&f->host, &f->node, &f->node2};
	struct packet p;

	for (int i = 0; i < 3; i++) {
		struct message m = probe(f, own[i], IPPROTO_TCP);

		message_build(&p, &m);
		run(TO_POD_A, &p);
		message(&p, .src = &f->pod_a, .dst = own[i], .sport = 80,
			.dport = 1000);
		expect_pass(FROM_POD_A, &p, HOST);
		assert_int_equal(flow_of(&p).flags, FL_FLOW_REPLY);
		assert_int_equal(flow_of(&p).packets, 1);
	}
	assert_int_equal(flow_count(), 6);
}

/* Even of an address that no map knows, a reply of a pod to what the host
 * began belongs to the host. */
static void a_probe_from_an_unknown_address_is_answered(void **state)
{
	const struct family *f = *state;
	struct message m = probe(f, &f->world, IPPROTO_TCP);
	struct packet p;

	message_build(&p, &m);
	expect_pass(TO_POD_A, &p, LOCAL);
	message(&p, .src = &f->pod_a, .dst = &f->world, .sport = 80,
		.dport = 1000);
	expect_pass(FROM_POD_A, &p, HOST);
	epoch_raise_now();
	message_build(&p, &m);
	expect_pass(TO_POD_A, &p, LOCAL);
}

static void what_the_host_answers_passes(void **state)
{
	const struct family *f = *state;
	struct packet p;

	message(&p, .src = &f->pod_a, .dst = &f->host);
	expect_pass(FROM_POD_A, &p, HOST);
	message(&p, .src = &f->host, .dst = &f->pod_a, .sport = 80,
		.dport = 1000, .smac = gateway_mac, .dmac = mac_a);
	expect_pass(TO_POD_A, &p, LOCAL);
	assert_int_equal(flow_of(&p).flags, FL_FLOW_REPLY);
	assert_int_equal(flow_of(&p).packets, 1);
	assert_int_equal(flow_count(), 2);
}

static void another_pods_device_does_not_take_it(void **state)
{
	const struct family *f = *state;
	struct message m = probe(f, &f->host, IPPROTO_TCP);
	struct packet p;

	m.dst = &f->pod_b;
	message_build(&p, &m);
	expect_drop(TO_POD_A, &p, NO_ENDPOINT);
	m.dst = &f->no_pod;
	message_build(&p, &m);
	expect_drop(TO_POD_A, &p, NO_ENDPOINT);
	assert_int_equal(flow_count(), 0);
}

/* ... nor once the connection is known: a route of the host may change. */
static void what_is_known_is_not_led_astray(void **state)
{
	const struct family *f = *state;
	struct message m = probe(f, &f->host, IPPROTO_TCP);
	struct at to_pod_b = {AT(TO_POD, pod_b)};
	struct packet p;

	message_build(&p, &m);
	expect_pass(TO_POD_A, &p, LOCAL);
	expect_drop(to_pod_b, &p, NO_ENDPOINT);
	expect_drop(TO_OVERLAY, &p, NO_ROUTE);
	expect_pass(TO_UPLINK, &p, NOT_OURS);
	expect_pass(TO_POD_A, &p, LOCAL);
	epoch_raise_now();
	expect_drop(TO_OVERLAY, &p, NO_ROUTE);
	expect_drop(to_pod_b, &p, NO_ENDPOINT);
}

/* A pod that is sent something by way of the stack may not be lied to about
 * who sends it. */
static void the_stack_does_not_launder_addresses(void **state)
{
	const struct family *f = *state;
	struct at at = {AT(TO_POD, pod_a), .from_ifindex = node.small};
	struct message m = probe(f, &f->pod_b, IPPROTO_TCP);
	struct packet p;

	message_build(&p, &m);
	expect_drop(at, &p, SPOOFED_ADDR);
}

static void answers_of_our_own_are_let_through(void **state)
{
	const struct family *f = *state;
	struct message m = probe(f, &f->host, IPPROTO_TCP);
	struct at at = TO_POD_A;
	struct packet p;

	message_build(&p, &m);
	at.mark = FL_MARK_DECIDED;
	run(at, &p);
	assert_int_equal(flow_count(), 0);
}

static void the_host_does_not_multicast_to_pods(void **state)
{
	const struct family *f = *state;
	struct message m = probe(f, &f->host, IPPROTO_UDP);
	struct packet p;

	m.dst = &f->multicast;
	message_build(&p, &m);
	expect_drop(TO_POD_A, &p, MULTICAST);
	packet_build(&p, ETH(.src = gateway_mac, .dst = mac_a),
		     DATA(.len = 50));
	expect_drop(TO_POD_A, &p, ETHERTYPE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		FAMILIES(the_host_reaches_its_pods),
		FAMILIES(the_pods_answers_reach_the_host),
		FAMILIES(a_probe_from_an_unknown_address_is_answered),
		FAMILIES(what_the_host_answers_passes),
		FAMILIES(another_pods_device_does_not_take_it),
		FAMILIES(what_is_known_is_not_led_astray),
		FAMILIES(the_stack_does_not_launder_addresses),
		FAMILIES(answers_of_our_own_are_let_through),
		FAMILIES(the_host_does_not_multicast_to_pods),
	};

	return bpf_tests(tests, &options_default);
}
