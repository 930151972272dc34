/* SPDX-License-Identifier: Apache-2.0 */
/* The pods of this node, and the host's routes to pods everywhere. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "desired_world.h"

/* ---- the host's routes ---------------------------------------------- */

static void other_nodes_ranges_are_reached_by_the_overlay(void **state)
{
	const struct link_route *v4, *v6;

	(void)state;
	compute();
	v4 = host_route("10.2.0.0/24");
	v6 = host_route("fd00:2::/64");
	assert_int_equal(v4->ifindex, 3);
	assert_int_equal(v4->mtu, 1450);
	assert_int_equal(v4->protocol, LINK_RTPROT);
	assert_addr(&v4->src, "10.1.0.1");
	assert_addr(&v6->src, "fd00:1::1");
	assert_null(host_route("10.1.0.0/24"));
}

static void direct_routes_lead_to_nodes_on_the_same_link_only(void **state)
{
	const struct link_route *r;

	(void)state;
	config.overlay = false;
	cluster(NODE_A NODE_B NODE("c", "10.3.0.0/24", IP("10.9.0.13")));
	compute();
	assert_int_equal(desired.n_host_routes, 0);
	config.direct_routes = true;
	compute();
	r = host_route("10.2.0.0/24");
	assert_int_equal(r->ifindex, 2);
	assert_addr(&r->gateway, "10.0.0.12");
	assert_addr(&host_route("fd00:2::/64")->gateway, "fd00::12");
	assert_null(host_route("10.3.0.0/24"));
	assert_int_equal(desired.config.overlay_ifindex, 0);
}

/* ---- pods of this node ---------------------------------------------- */

static void a_pod_has_an_entry_and_a_route_for_each_address(void **state)
{
	const struct fl_endpoint *e;
	struct fl_addr v6 = addr("fd00:1::5");

	(void)state;
	add_link(9, "fl_9", 1450);
	add_pod("c1", 9, "10.1.0.5", "fd00:1::5");
	compute();
	assert_int_equal(desired.endpoints.n, 2);
	e = entries_find(&desired.endpoints, &v6);
	assert_int_equal(e->ifindex, 9);
	assert_int_equal(e->view[0].identity, FL_IDENTITY_POD);
	assert_int_equal(e->mtu, 1450);
	assert_int_equal(e->mac[5], 9);
	assert_int_equal(e->view[0].flags, 0);
	assert_int_equal(host_route("10.1.0.5")->ifindex, 9);
	assert_addr(&host_route("10.1.0.5")->src, "10.1.0.1");
	assert_addr(&host_route("fd00:1::5")->src, "fd00:1::1");
}

static void a_pod_whose_device_is_gone_has_nothing(void **state)
{
	(void)state;
	add_pod("c1", 9, "10.1.0.5", "fd00:1::5");
	compute();
	assert_int_equal(desired.endpoints.n, 0);
	add_link(9, "eth9", 1450); /* the number was used again */
	compute();
	assert_int_equal(desired.endpoints.n, 0);
}

static void pods_do_not_need_the_cluster(void **state)
{
	(void)state;
	cluster("");
	add_link(9, "fl_9", 1450);
	add_pod("c1", 9, "10.1.0.5", "fd00:1::5");
	compute();
	assert_string_not_equal(desired.missing, "");
	assert_int_equal(desired.endpoints.n, 2);
}

static void two_pods_with_one_address_are_a_problem(void **state)
{
	(void)state;
	add_link(9, "fl_9", 1450);
	add_link(10, "fl_10", 1450);
	add_pod("c1", 9, "10.1.0.5", "fd00:1::5");
	add_pod("c2", 10, "10.1.0.5", "fd00:1::6");
	compute();
	assert_int_equal(desired.endpoints.n, 3);
	assert_true(has_problem("another one has the same address"));
}

static void pods_outside_the_nodes_ranges_are_a_problem(void **state)
{
	struct endpoint_record *r;

	(void)state;
	for (unsigned int i = 9; i <= 12; i++) {
		char name[16];

		snprintf(name, sizeof(name), "fl_%u", i);
		add_link(i, name, 1450);
	}
	add_pod("c1", 9, "10.1.0.5", "fd00:1::5");
	compute();
	assert_false(has_problem("outside this node's pod ranges"));

	add_pod("c2", 10, "10.1.0.6", "fd00:9::6");
	r = &endpoints.items[1];
	strcpy(r->pod_namespace, "default");
	strcpy(r->pod_name, "web");
	add_pod("c3", 11, "10.9.0.7", "fd00:9::7");
	add_pod("gone", 99, "10.9.0.8", "fd00:9::8");
	add_pod("delegated", 12, "10.9.0.9", "fd00:9::9");
	strcpy(endpoints.items[4].ipam, "host-local");
	compute();
	assert_true(has_problem("2 pods have addresses outside this node's pod "
				"ranges, default/web fd00:9::6 for one"));
	assert_string_equal(desired.missing, "");
	assert_int_equal(desired.endpoints.n, 8);

	cluster(NODE_B); /* ranges that are unknown have no outside */
	compute();
	assert_false(has_problem("outside this node's pod ranges"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(other_nodes_ranges_are_reached_by_the_overlay),
		TEST(direct_routes_lead_to_nodes_on_the_same_link_only),
		TEST(a_pod_has_an_entry_and_a_route_for_each_address),
		TEST(a_pod_whose_device_is_gone_has_nothing),
		TEST(pods_do_not_need_the_cluster),
		TEST(two_pods_with_one_address_are_a_problem),
		TEST(pods_outside_the_nodes_ranges_are_a_problem),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
