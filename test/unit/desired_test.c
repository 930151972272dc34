/* SPDX-License-Identifier: Apache-2.0 */
/* From a cluster, a network and pods to the maps: where things live. No kernel
 * needed. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "desired_world.h"

/* ---- where things live ---------------------------------------------- */

static void pods_of_other_nodes_live_behind_their_tunnel_address(void **state)
{
	const struct fl_route *v4, *v6;

	(void)state;
	compute();
	v4 = route("10.2.0.0/24");
	v6 = route("fd00:2::/64");
	assert_addr(&v4->node, "10.0.0.12");
	assert_addr(&v6->node, "10.0.0.12");
	assert_int_equal(v4->flags, FL_ROUTE_POD_CIDR);
	assert_int_equal(v4->identity[0], FL_IDENTITY_POD);
	assert_int_equal(v4->node_id, v6->node_id);
	assert_int_not_equal(v4->node_id, 0);
}

static void nodes_are_known_by_all_their_addresses(void **state)
{
	static const char *const others[] = {"10.0.0.12", "fd00::12",
					     "10.2.0.1", "fd00:2::1"};
	static const char *const own[] = {"10.0.0.11", "fd00::11", "10.1.0.1",
					  "fd00:1::1"};

	(void)state;
	compute();
	for (int i = 0; i < 4; i++) {
		const struct fl_route *r = route(others[i]);

		assert_int_equal(r->flags, FL_ROUTE_NODE);
		assert_int_equal(r->identity[0], FL_IDENTITY_REMOTE_NODE);
		assert_addr(&r->node, "10.0.0.12");
		assert_int_equal(r->node_id, route("10.2.0.0/24")->node_id);
		r = route(own[i]);
		assert_int_equal(r->flags, FL_ROUTE_NODE | FL_ROUTE_LOCAL);
		assert_int_equal(r->identity[0], FL_IDENTITY_HOST);
		assert_true(addr_is_zero(&r->node));
	}
}

static void the_own_range_is_local(void **state)
{
	(void)state;
	compute();
	assert_int_equal(route("10.1.0.0/24")->flags,
			 FL_ROUTE_POD_CIDR | FL_ROUTE_LOCAL);
	assert_true(addr_is_zero(&route("10.1.0.0/24")->node));
}

/* docker0, a VIP on lo: the host answers there, too. */
static void every_address_of_the_host_is_the_host(void **state)
{
	struct fl_prefix link_local = prefix("fe80::1234");
	struct fl_prefix loopback = prefix("127.0.0.1");

	(void)state;
	add_addr(1, "192.0.2.7/32");
	compute();
	assert_int_equal(route("192.0.2.7")->identity[0], FL_IDENTITY_HOST);
	assert_null(entries_find(&desired.routes, &link_local));
	assert_null(entries_find(&desired.routes, &loopback));
}

static void the_cluster_sees_pods_own_addresses(void **state)
{
	(void)state;
	config.masq_exclude[config.n_masq_exclude++] = prefix("192.0.2.0/24");
	compute();
	assert_false(is_masqueraded("10.1.0.0/24"));
	assert_false(is_masqueraded("fd00:2::/64"));
	assert_false(is_masqueraded("10.0.0.12"));
	assert_false(is_masqueraded("10.0.0.11"));
	assert_false(is_masqueraded("192.0.2.0/24"));
	assert_true(is_masqueraded("10.3.0.0/24"));
}

static void
two_nodes_with_one_range_are_a_problem_and_the_own_stands(void **state)
{
	(void)state;
	cluster(NODE_A NODE("b", "10.1.0.0/24", IP("10.0.0.12"))
			NODE("c", "10.3.0.0/24", IP("10.0.0.12")));
	compute();
	assert_true(route("10.1.0.0/24")->flags & FL_ROUTE_LOCAL);
	assert_true(has_problem("10.1.0.0/24 belongs to two nodes"));
	assert_true(has_problem("10.0.0.12/32 belongs to two nodes"));
	assert_int_equal(route("10.0.0.12")->node_id, node_ids_get(&ids, "b"));
	assert_null(host_route("10.1.0.0/24"));
	assert_non_null(host_route("10.3.0.0/24"));
}

static void a_range_within_another_nodes_is_a_problem(void **state)
{
	(void)state;
	compute();
	assert_int_equal(desired.problems.n, 0);
	cluster(NODE_A NODE("b", "10.2.0.0/16, 'fd00:2::/64'", IP("10.0.0.12"))
			NODE("c", "10.2.3.0/24", IP("10.0.0.13")));
	compute();
	assert_true(
		has_problem("10.2.3.0/24 of c lies within 10.2.0.0/16 of b"));
	assert_int_equal(desired.problems.n, 1);
}

/* ---- ranges that nobody may have ------------------------------------ */

static void assert_refused(const char *range, const char *addrs,
			   const char *words)
{
	char text[2048];
	struct fl_prefix p = prefix(range);

	snprintf(text, sizeof(text),
		 "%s---\n{apiVersion: v1, kind: Node, metadata: {name: z}, "
		 "spec: {podCIDRs: ['%s']}, status: {addresses: [%s]}}\n",
		 NODE_A NODE_B, range, addrs);
	cluster(text);
	compute();
	assert_string_equal(desired.missing, "");
	if (!has_problem(words))
		fail_msg("%s: %s", range,
			 desired.problems.n ? desired.problems.items[0]
					    : "no problem");
	assert_null(entries_find(&desired.routes, &p));
	assert_true(is_masqueraded(range));
	assert_null(host_route(range));
	assert_non_null(host_route("10.2.0.0/24"));
}

static void ranges_that_would_cut_the_node_off_are_refused(void **state)
{
	(void)state;
	add_link(7, "eth7", 1500);
	add_addr(7, "10.55.0.9/16");
	add_addr(2, "172.20.0.5/14");
	assert_refused("0.0.0.0/0", IP("10.0.0.99"),
		       "Node z: its pod range 0.0.0.0/0 is all there is");
	assert_refused("::/0", IP("10.0.0.99"), "Node z: its pod range ::/0");
	assert_refused("10.0.0.0/24", IP("10.0.0.99"),
		       "10.0.0.0/24 contains 10.0.0.11, this node's own");
	assert_refused("fd00::/120", IP("10.0.0.99"), "contains fd00::11");
	assert_refused("10.55.0.0/24", IP("10.0.0.99"), "contains 10.55.0.9");
	assert_refused("10.0.0.12/30", IP("10.0.0.99"),
		       "contains 10.0.0.12, the InternalIP of Node b");
	assert_refused("10.77.0.0/24", IP("10.77.0.3"),
		       "contains 10.77.0.3, the InternalIP of Node z");
	assert_refused("172.21.1.0/24", IP("10.0.0.99"),
		       "overlaps the uplink's network 172.20.0.0/14");
}

/* fl_host and pods' devices have addresses in pod ranges, of course. */
static void our_own_devices_do_not_forbid_a_range(void **state)
{
	(void)state;
	add_addr(4, "10.1.0.1/32");
	compute();
	assert_int_equal(desired.problems.n, 0);
	assert_non_null(host_route("10.2.0.0/24"));
	assert_int_equal(desired.node.n_pod_cidrs, 2);
}

static void a_node_whose_own_range_cuts_it_off_says_why(void **state)
{
	struct fl_prefix p = prefix("10.0.0.0/24");

	(void)state;
	cluster(NODE("a", "10.0.0.0/24", IP("10.0.0.11")) NODE_B);
	compute();
	assert_non_null(strstr(desired.missing,
			       "this node's pod range 10.0.0.0/24 contains "
			       "10.0.0.11"));
	assert_int_equal(desired.node.n_pod_cidrs, 0);
	assert_int_equal(desired.node.n_host_addrs, 0);
	assert_null(entries_find(&desired.routes, &p));
}

/* ---- numbers of nodes ----------------------------------------------- */

static void a_node_keeps_its_number_when_others_come_and_go(void **state)
{
	unsigned int b;

	(void)state;
	compute();
	b = node_ids_get(&ids, "b");
	cluster(NODE_A NODE("aa", "10.9.0.0/24", IP("10.0.0.19")) NODE_B);
	compute();
	assert_int_equal(node_ids_get(&ids, "b"), b);
	assert_int_not_equal(node_ids_get(&ids, "aa"), b);
	cluster(NODE_B);
	compute();
	assert_int_equal(node_ids_get(&ids, "b"), b);
	assert_int_equal(node_ids_get(&ids, "aa"), 0);
}

static void a_new_agent_takes_over_the_numbers_it_finds(void **state)
{
	struct fl_route seven = {.node_id = 7, .flags = FL_ROUTE_POD_CIDR};
	struct fl_prefix p = prefix("10.2.0.0/24");

	(void)state;
	entries_add(&found_routes, &p, &seven);
	compute();
	assert_int_equal(node_ids_get(&ids, "b"), 7);
	assert_int_equal(node_ids_get(&ids, "a"), 8);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(pods_of_other_nodes_live_behind_their_tunnel_address),
		TEST(nodes_are_known_by_all_their_addresses),
		TEST(the_own_range_is_local),
		TEST(every_address_of_the_host_is_the_host),
		TEST(the_cluster_sees_pods_own_addresses),
		TEST(two_nodes_with_one_range_are_a_problem_and_the_own_stands),
		TEST(a_range_within_another_nodes_is_a_problem),
		TEST(a_node_keeps_its_number_when_others_come_and_go),
		TEST(a_new_agent_takes_over_the_numbers_it_finds),
		TEST(ranges_that_would_cut_the_node_off_are_refused),
		TEST(our_own_devices_do_not_forbid_a_range),
		TEST(a_node_whose_own_range_cuts_it_off_says_why),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
