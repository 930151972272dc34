// SPDX-License-Identifier: Apache-2.0
/* A masqueraded connection outlives what changes around it: decisions that are
 * made again, addresses, routes, pods, and entries that an LRU map forgot. */
#include "traffic.h"

#include <bpf/bpf.h>
#include <netinet/in.h>

/* ---- changes --------------------------------------------------------- */

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

/* What `fairlead trace` does: the slow path by itself, marked. */
static void trace(const struct packet *p)
{
	struct __sk_buff ctx = {
		.mark = FL_MARK_TRACE,
		.ifindex = node.pod_a,
		.cb = {FL_HOOK_FROM_POD},
	};
	LIBBPF_OPTS(bpf_test_run_opts, opts, .data_in = p->data,
		    .data_size_in = p->len, .ctx_in = &ctx,
		    .ctx_size_in = sizeof(ctx), .repeat = 1);

	assert_int_equal(
		bpf_prog_test_run_opts(node_program_fd("slow_path"), &opts), 0);
	assert_int_equal(opts.retval, 0); /* it was told */
}

static void to_ask_what_a_new_address_changes_changes_nothing(void **state)
{
	const struct family *f = *state;
	struct message m = outgoing(f, IPPROTO_TCP, IN_RANGE);
	struct packet p;

	leaves(f, &m);
	uplink_write(node.uplink, f->v6 ? NULL : &f->node2,
		     f->v6 ? &f->node2 : NULL, UPLINK_MTU);
	epoch_raise_now();
	assert_int_equal(flow_count(), 2);
	message_build(&p, &m);
	trace(&p);
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

int main(void)
{
	const struct CMUnitTest tests[] = {
		FAMILIES(a_raised_epoch_keeps_the_mapping),
		FAMILIES(a_new_address_of_the_node_is_used_from_then_on),
		FAMILIES(to_ask_what_a_new_address_changes_changes_nothing),
		FAMILIES_RELEASE(a_new_way_out_is_taken_with_its_address,
				 route_restore),
		FAMILIES(answers_follow_a_pod_that_was_made_again),
		FAMILIES(a_lost_reply_entry_is_put_back),
		FAMILIES(a_port_that_was_lost_to_another_is_not_used),
	};

	return bpf_tests(tests, &options_default);
}
