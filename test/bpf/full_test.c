// SPDX-License-Identifier: Apache-2.0
/*
 * A flow map that takes no entry. Bookkeeping never kills good traffic: what
 * needs no translation goes on, what needs one is dropped, never sent
 * untranslated. (The map is a plain hash of a few entries here: an LRU one
 * refuses only now and then, on kernels before 6.15.)
 */
#include "traffic.h"

#include <netinet/in.h>

enum { ENTRIES = 4 };

static int setup(void **state)
{
	struct fl_tuple key = {.proto = 255};
	struct fl_flow flow = {0};

	(void)state;
	tables_reset();
	for (int i = 0; i < ENTRIES; i++) {
		key.sport = i;
		flow_write(&key, &flow);
	}
	return 0;
}

static void what_needs_no_translation_goes_on(void **state)
{
	const struct family *f = *state;
	struct packet p, want;

	for (int i = 0; i < 3; i++)
		expect_delivered(FROM_POD_A, mac_b, .src = &f->pod_a,
				 .dst = &f->pod_b);
	message(&p, .src = &f->pod_a, .dst = &f->host);
	expect_pass(FROM_POD_A, &p, HOST);
	message(&p, .src = &f->pod_a, .dst = &f->remote_pod);
	expect_sent(FROM_POD_A, &p, OVERLAY, NULL);
	message(&p, .src = &f->pod_a, .dst = &f->private);
	hop(&p, NULL, NULL, &want);
	expect_sent(FROM_POD_A, &p, UPLINK, &want);
	message(&p, .src = &f->host, .dst = &f->pod_a, .smac = gateway_mac,
		.dmac = mac_a);
	expect_pass(TO_POD_A, &p, LOCAL);
	message(&p, .src = &f->remote_pod, .dst = &f->pod_a,
		.smac = overlay_src_mac, .dmac = overlay_mac);
	expect_sent(FROM_NODE2, &p, LOCAL, NULL);
	assert_int_equal(flow_count(), ENTRIES);
	assert_int_equal(counter_read(FL_COUNT_FLOWS_CREATED), 0);
}

static void every_failed_insertion_is_counted(void **state)
{
	const struct family *f = *state;
	__u64 before = counter_read(FL_COUNT_FLOW_INSERT_OTHER);

	expect_delivered(FROM_POD_A, mac_b, .src = &f->pod_a, .dst = &f->pod_b);
	assert_int_equal(before, 0);
	assert_in_range(counter_read(FL_COUNT_FLOW_INSERT_OTHER), 1, 2);
	assert_int_equal(counter_read(FL_COUNT_FLOW_INSERT_BUSY), 0);
	assert_int_equal(counter_read(FL_COUNT_FLOW_INSERT_NOMEM), 0);
}

static void what_needs_a_translation_is_dropped(void **state)
{
	const struct family *f = *state;
	struct packet p;

	for (int i = 0; i < PROTOCOLS; i++) {
		message(&p, .src = &f->pod_a, .dst = &f->world,
			.proto = protocols[i], .sport = 40123);
		run(FROM_POD_A, &p);
		assert_int_equal(last.verdict, VERDICT_DROP);
		assert_int_equal(last.reason, FL_DROP_NO_MAPPING);
	}
	assert_int_equal(flow_count(), ENTRIES);
}

/* Room for one entry of two: nothing may be left half done. */
static void half_a_translation_is_none(void **state)
{
	const struct family *f = *state;
	struct fl_tuple key = {.proto = 255};
	struct packet p;

	flow_remove(&key);
	message(&p, .src = &f->pod_a, .dst = &f->world, .sport = 40123);
	expect_drop(FROM_POD_A, &p, NO_MAPPING);
	assert_int_equal(flow_count(), ENTRIES - 1);
}

static void the_host_itself_is_not_cut_off(void **state)
{
	const struct family *f = *state;
	struct packet p;

	for (int i = 0; i < PROTOCOLS; i++) {
		message(&p, .src = &f->node, .dst = &f->world,
			.proto = protocols[i], .sport = 40123, .flags = TCP_SYN,
			.smac = uplink_mac, .dmac = router_mac);
		run(TO_UPLINK, &p);
		assert_int_equal(last.verdict, VERDICT_PASS);
		assert_packet(&last.out, &p);
	}
}

static void answers_of_our_own_need_no_entry(void **state)
{
	const struct family *f = *state;
	struct packet p;

	message(&p, .src = &f->pod_a, .dst = &f->pod_b, .ttl = 1);
	expect_sent(FROM_POD_A, &p, REPLIED, NULL);
}

#define FULL(test)                                                             \
	{#test "_ipv4", test, setup, NULL, &ipv4},                             \
	{                                                                      \
#test "_ipv6", test, setup, NULL, &ipv6                        \
	}

int main(void)
{
	const struct CMUnitTest tests[] = {
		FULL(what_needs_no_translation_goes_on),
		FULL(every_failed_insertion_is_counted),
		FULL(what_needs_a_translation_is_dropped),
		FULL(half_a_translation_is_none),
		FULL(the_host_itself_is_not_cut_off),
		FULL(answers_of_our_own_need_no_entry),
	};

	node_flows_max = ENTRIES;
	return bpf_tests(tests, &options_default);
}
