// SPDX-License-Identifier: Apache-2.0
/*
 * Options are fixed when the programs are loaded, and what is off is pruned
 * by the verifier. So every combination is loaded, and each switch is seen to
 * do its work in both positions.
 */
#include "traffic.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdlib.h>

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
	__u64 before = clock_ns();
	struct packet p;
	struct fl_flow flow;

	message(&p, .src = &f->pod_a, .dst = &f->pod_b);
	expect_sent(FROM_POD_A, &p, LOCAL, NULL);
	assert_int_equal(last.n_events, events);
	flow = flow_of(&p);
	assert_in_range(flow.last_seen_ns, before - 20000000, clock_ns());
}

/* A load takes a while where there is no KVM: there, only none and all. */
static bool combination_wanted(int bits)
{
	int on = __builtin_popcount(bits);

	return !getenv("FL_SLOW") || on == 0 || on == 5;
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

		if (!combination_wanted(bits))
			continue;
		load_with(&o);
		expect_masquerade(&ipv4, o.masquerade_v4);
		expect_masquerade(&ipv6, o.masquerade_v6);
		expect_local(&ipv4, o.flow_events);
		expect_local(&ipv6, o.flow_events);
		message(&p, .src = &ipv4.pod_b, .dst = &ipv4.world);
		expect_drop(FROM_POD_A, &p, SPOOFED_ADDR); /* always told */
	}
}

/* ---- port and network identifier ------------------------------------- */

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

int main(void)
{
	const struct CMUnitTest tests[] = {
		{"every_combination_loads_and_does_what_it_says",
		 every_combination_loads_and_does_what_it_says, run_setup,
		 reload, NULL},
		FAMILIES_RELEASE(another_overlay_port_is_protected_instead,
				 reload),
	};

	return bpf_tests(tests, &options_default);
}
