// SPDX-License-Identifier: Apache-2.0
/*
 * The stubs, which are what is attached to devices: a slot of the program
 * array is empty where nothing is loaded, and a program's own tail calls miss
 * where a load was broken.
 */
#include "traffic.h"

#include <bpf/bpf.h>

static const struct at *all_hooks(void)
{
	static struct at hooks[FL_HOOK_MAX];

	hooks[FL_HOOK_FROM_POD] = FROM_POD_A;
	hooks[FL_HOOK_TO_POD] = TO_POD_A;
	hooks[FL_HOOK_FROM_OVERLAY] = FROM_NODE2;
	hooks[FL_HOOK_TO_OVERLAY] = TO_OVERLAY;
	hooks[FL_HOOK_FROM_UPLINK] = FROM_UPLINK;
	hooks[FL_HOOK_TO_UPLINK] = TO_UPLINK;
	return hooks;
}

static bool is_uplink(enum fl_hook hook)
{
	return hook == FL_HOOK_FROM_UPLINK || hook == FL_HOOK_TO_UPLINK;
}

static int reload(void **state)
{
	(void)state;
	node_load(&options_default);
	return 0;
}

static void slot_clear(const struct bpf_map *map, __u32 slot)
{
	assert_int_equal(bpf_map_delete_elem(bpf_map__fd(map), &slot), 0);
}

static void an_empty_slot_drops_but_uplinks_pass(void **state)
{
	const struct family *f = *state;
	struct packet p;

	message(&p, .src = &f->pod_a, .dst = &f->pod_b);
	for (int hook = 0; hook < FL_HOOK_MAX; hook++) {
		slot_clear(node.stub->maps.fl_hooks, hook);
		if (is_uplink(hook))
			expect_pass(all_hooks()[hook], &p, NO_PROGRAM);
		else
			expect_drop(all_hooks()[hook], &p, NO_PROGRAM);
		assert_int_equal(last.n_events, 0);
	}
}

/* Nothing of a pod gets past a missing stage; the node stays reachable. */
static void a_missing_stage_drops_with_its_own_reason(void **state)
{
	const struct family *f = *state;
	__u32 stages = bpf_map__max_entries(node.dp->maps.fl_stages);
	struct packet p, arp;

	for (__u32 i = 0; i < stages; i++)
		bpf_map_delete_elem(bpf_map__fd(node.dp->maps.fl_stages), &i);
	message(&p, .src = &f->pod_a, .dst = &f->pod_b);
	expect_drop(FROM_POD_A, &p, NO_STAGE);
	packet_build(&arp, ETH(.src = mac_a, .dst = gateway_mac),
		     ARP(.sha = mac_a, .spa = &ipv4.pod_a, .tha = mac_b,
			 .tpa = &ipv4.gateway));
	expect_drop(FROM_POD_A, &arp, NO_STAGE);
	message(&p, .src = &f->remote_pod, .dst = &f->pod_a);
	expect_drop(FROM_NODE2, &p, NO_STAGE);
	message(&p, .src = &f->host, .dst = &f->pod_a);
	expect_drop(TO_POD_A, &p, NO_STAGE);
	message(&p, .src = &f->world, .dst = &f->node);
	expect_pass(FROM_UPLINK, &p, NOT_OURS);
}

static void a_filled_slot_works_at_once(void **state)
{
	const struct family *f = *state;
	__u32 slot = FL_HOOK_FROM_POD;
	int fd = node_program_fd("from_pod");

	slot_clear(node.stub->maps.fl_hooks, slot);
	assert_int_equal(
		bpf_map_update_elem(bpf_map__fd(node.stub->maps.fl_hooks),
				    &slot, &fd, 0),
		0);
	expect_delivered(FROM_POD_A, mac_b, .src = &f->pod_a, .dst = &f->pod_b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		FAMILIES_RELEASE(an_empty_slot_drops_but_uplinks_pass, reload),
		FAMILIES_RELEASE(a_missing_stage_drops_with_its_own_reason,
				 reload),
		FAMILIES(a_filled_slot_works_at_once),
	};

	return bpf_tests(tests, &options_default);
}
