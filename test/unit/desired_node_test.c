/* SPDX-License-Identifier: Apache-2.0 */
/* What this node is: its ranges, addresses, uplinks and MTU. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <linux/if_addr.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <net/if_arp.h>

#include "desired_world.h"

/* ---- annotations ---------------------------------------------------- */

#define ANNOTATED(name, annotations, cidrs, addrs)                             \
	"---\n{apiVersion: v1, kind: Node, metadata: {name: " name ", "        \
	"annotations: {" annotations "}}, spec: {podCIDRs: [" cidrs "]}, "     \
	"status: {addresses: [" addrs "]}}\n"

static void a_node_is_reached_where_its_annotation_says(void **state)
{
	(void)state;
	cluster(NODE_A ANNOTATED(
		"b", "fairlead.io/address: '192.0.2.12, fd77::12'",
		"10.2.0.0/24, 'fd00:2::/64'", IP("10.0.0.12") IP("fd00::12")));
	compute();
	assert_addr(&route("10.2.0.0/24")->node, "192.0.2.12");
	assert_addr(&route("fd00:2::/64")->node, "192.0.2.12");
	/* they are all its addresses */
	assert_int_equal(route("192.0.2.12/32")->identity[0],
			 FL_IDENTITY_REMOTE_NODE);
	assert_int_equal(route("10.0.0.12/32")->node_id,
			 route("192.0.2.12/32")->node_id);
	assert_int_equal(desired.problems.n, 0);
}

/* Then the overlay runs over the other family, and pods have less room. */
static void an_annotation_may_choose_the_family(void **state)
{
	(void)state;
	cluster(NODE_A ANNOTATED("b", "fairlead.io/address: 'fd00::12'",
				 "10.2.0.0/24",
				 IP("10.0.0.12") IP("fd00::12")));
	compute();
	assert_addr(&route("10.2.0.0/24")->node, "fd00::12");
	assert_int_equal(desired.node.mtu, 1500 - 70);
}

/* eth1 leads to the network that the annotation names. */
static void the_device_of_an_annotated_address_is_an_uplink(void **state)
{
	(void)state;
	add_link(7, "eth1", 9000);
	add_addr(7, "192.0.2.11/24");
	cluster(ANNOTATED("a", "fairlead.io/address: 192.0.2.11", "10.1.0.0/24",
			  IP("10.0.0.11")) NODE_B);
	compute();
	assert_addr(&uplink(7)->v4, "192.0.2.11");
}

static void pod_ranges_may_come_from_an_annotation(void **state)
{
	(void)state;
	cluster(ANNOTATED("a",
			  "fairlead.io/pod-cidrs: '10.1.0.0/24,fd00:1::/64'",
			  "", IP("10.0.0.11"))
			ANNOTATED("b", "fairlead.io/pod-cidrs: 10.2.0.0/24", "",
				  IP("10.0.0.12")));
	compute();
	assert_string_equal(desired.missing, "");
	assert_int_equal(desired.node.n_pod_cidrs, 2);
	assert_addr(&desired.config.host_v4, "10.1.0.1");
	assert_int_equal(route("10.2.0.0/24")->flags, FL_ROUTE_POD_CIDR);
}

static void what_the_cluster_allocates_goes_before_an_annotation(void **state)
{
	struct fl_prefix other = prefix("10.9.0.0/24");

	(void)state;
	cluster(NODE_A ANNOTATED("b", "fairlead.io/pod-cidrs: 10.9.0.0/24",
				 "10.2.0.0/24", IP("10.0.0.12")));
	compute();
	assert_int_equal(route("10.2.0.0/24")->flags, FL_ROUTE_POD_CIDR);
	assert_null(entries_find(&desired.routes, &other));
}

static bool is_audited(void)
{
	const struct inputs in = {.config = &config, .model = &model};

	return inputs_audit(&in);
}

static void a_node_may_only_tell_its_verdicts(void **state)
{
	(void)state;
	assert_false(is_audited());
	cluster(NODE_A ANNOTATED("b", "fairlead.io/policy-audit: 'true'", "",
				 ""));
	assert_false(is_audited());
	cluster(ANNOTATED("a", "fairlead.io/policy-audit: 'true'", "", ""));
	assert_true(is_audited());
	cluster(ANNOTATED("a", "fairlead.io/policy-audit: 'false'", "", ""));
	assert_false(is_audited());
	config.policy_audit = true;
	assert_true(is_audited());
}

/* ---- this node ------------------------------------------------------ */

static void the_first_usable_address_of_a_range_is_the_hosts(void **state)
{
	(void)state;
	compute();
	assert_string_equal(desired.missing, "");
	assert_int_equal(desired.node.n_host_addrs, 2);
	assert_addr(&desired.node.host_addrs[0], "10.1.0.1");
	assert_addr(&desired.node.host_addrs[1], "fd00:1::1");
	assert_addr(&desired.config.host_v4, "10.1.0.1");
	assert_addr(&desired.config.host_v6, "fd00:1::1");
	assert_int_equal(desired.config.host_ifindex, 4);
	assert_int_equal(desired.config.overlay_ifindex, 3);
	assert_int_equal(desired.config.overlay_mtu, 1450);
	assert_int_equal(desired.config.masq_skip_min, 30000);
}

static void configured_ranges_take_the_place_of_the_nodes(void **state)
{
	(void)state;
	config.pod_cidrs[config.n_pod_cidrs++] = prefix("10.7.0.0/24");
	compute();
	assert_int_equal(desired.node.n_pod_cidrs, 1);
	assert_true(route("10.7.0.0/24")->flags & FL_ROUTE_LOCAL);
}

static void what_is_missing_is_said(void **state)
{
	(void)state;
	cluster(NODE_B);
	compute();
	assert_non_null(strstr(desired.missing, "no Node a in /cluster"));
	cluster(NODE("a", "", IP("10.0.0.11")));
	compute();
	assert_non_null(strstr(desired.missing, "Node a has no podCIDRs"));
	cluster(NODE("a", "10.1.0.0/24", ""));
	facts.n_routes = 0;
	compute();
	assert_non_null(strstr(desired.missing, "no uplink"));
}

static void a_node_without_a_family_in_common_is_a_problem(void **state)
{
	(void)state;
	cluster(NODE("a", "10.1.0.0/24", IP("10.0.0.11"))
			NODE("b", "10.2.0.0/24", IP("fd00::12")));
	compute();
	assert_true(has_problem("Node b: no InternalIP of a family"));
	assert_true(addr_is_zero(&route("10.2.0.0/24")->node));
}

/* ---- uplinks and MTU ------------------------------------------------ */

static void the_default_route_makes_an_uplink(void **state)
{
	(void)state;
	compute();
	assert_int_equal(desired.uplinks.n, 1);
	assert_addr(&uplink(2)->v4, "10.0.0.11");
	assert_addr(&uplink(2)->v6, "fd00::11");
	assert_int_equal(uplink(2)->mtu, 1500);
	assert_int_equal(desired.node.mtu, 1450);
}

static void the_internal_ip_makes_an_uplink(void **state)
{
	(void)state;
	add_link(5, "eth1", 1400);
	add_addr(5, "10.0.0.50/24");
	cluster(NODE("a", "10.1.0.0/24", IP("10.0.0.50")) NODE_B);
	compute();
	assert_non_null(uplink(5));
	assert_int_equal(desired.node.mtu, 1350);
	facts.n_routes = 0;
	compute();
	assert_null(uplink(2));
	assert_non_null(uplink(5));
}

static void named_uplinks_are_the_only_ones(void **state)
{
	(void)state;
	add_link(5, "eth1", 9000);
	strcpy(config.uplinks[config.n_uplinks++], "eth1");
	strcpy(config.uplinks[config.n_uplinks++], "eth7");
	compute();
	assert_int_equal(desired.uplinks.n, 1);
	assert_non_null(uplink(5));
	assert_true(has_problem("there is no device eth7"));
}

static void a_device_without_ethernet_is_no_uplink(void **state)
{
	(void)state;
	add_link(5, "tun0", 1400)->type = ARPHRD_NONE;
	add_default_route(5, "0.0.0.0/0");
	compute();
	assert_null(uplink(5));
	assert_non_null(uplink(2));
	assert_int_equal(desired.node.mtu, 1450);
	assert_true(has_problem(
		"uplink tun0 has no Ethernet header: not supported"));
}

static void our_own_devices_are_no_uplinks(void **state)
{
	(void)state;
	add_default_route(3, "::/0");
	add_default_route(1, "::/0");
	compute();
	assert_int_equal(desired.uplinks.n, 1);
}

static void the_nodes_own_address_is_preferred(void **state)
{
	(void)state;
	facts.n_addrs = 0;
	add_addr(2, "10.0.0.5/24");
	add_addr(2, "10.0.0.11/24");
	add_addr(2, "fd00::a/64")->flags = IFA_F_TEMPORARY;
	add_addr(2, "fd00::b/64")->flags = IFA_F_TENTATIVE;
	add_addr(2, "fd00::c/64");
	add_addr(2, "169.254.7.7/16")->scope = RT_SCOPE_LINK;
	compute();
	assert_addr(&uplink(2)->v4, "10.0.0.11");
	assert_addr(&uplink(2)->v6, "fd00::c");
}

static void the_overlay_takes_70_bytes_over_ipv6(void **state)
{
	(void)state;
	cluster(NODE_A NODE("b", "10.2.0.0/24", IP("fd00::12")));
	compute();
	assert_addr(&route("10.2.0.0/24")->node, "fd00::12");
	assert_int_equal(desired.node.mtu, 1430);
	config.overlay = false;
	compute();
	assert_int_equal(desired.node.mtu, 1500);
	config.mtu = 1400;
	compute();
	assert_int_equal(desired.node.mtu, 1400);
}

static void an_mtu_too_small_for_ipv6_is_a_problem(void **state)
{
	(void)state;
	facts.links[1].mtu = 1300;
	compute();
	assert_int_equal(desired.node.mtu, 1250);
	assert_true(has_problem("uplink eth0 has an MTU of 1300, which leaves "
				"pods 1250: IPv6 needs 1280"));
	facts.links[1].mtu = 1330;
	compute();
	assert_false(has_problem("IPv6 needs"));
	config.overlay = false;
	facts.links[1].mtu = 1279;
	compute();
	assert_true(has_problem("MTU of 1279, which leaves pods 1279"));
}

static void an_uplink_too_narrow_for_anything_is_what_is_missing(void **state)
{
	static const unsigned int mtus[] = {40, 50, 67, 117};

	(void)state;
	for (int i = 0; i < 4; i++) {
		char words[64];

		facts.links[1].mtu = mtus[i];
		compute();
		snprintf(words, sizeof(words),
			 "uplink eth0 has an MTU of %u: ", mtus[i]);
		assert_non_null(strstr(desired.missing, words));
		assert_non_null(
			strstr(desired.missing, "118 at least, or 1330"));
		assert_false(has_problem("IPv6 needs"));
	}
	facts.links[1].mtu = 118;
	compute();
	assert_string_equal(desired.missing, "");
	assert_int_equal(desired.node.mtu, 68);

	config.overlay = false;
	facts.links[1].mtu = 67;
	compute();
	assert_non_null(strstr(desired.missing, "68 at least, or 1280"));

	config.mtu = 1400; /* whoever sets it knows */
	compute();
	assert_string_equal(desired.missing, "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_node_is_reached_where_its_annotation_says),
		TEST(an_annotation_may_choose_the_family),
		TEST(the_device_of_an_annotated_address_is_an_uplink),
		TEST(pod_ranges_may_come_from_an_annotation),
		TEST(what_the_cluster_allocates_goes_before_an_annotation),
		TEST(a_node_may_only_tell_its_verdicts),
		TEST(the_first_usable_address_of_a_range_is_the_hosts),
		TEST(configured_ranges_take_the_place_of_the_nodes),
		TEST(what_is_missing_is_said),
		TEST(a_node_without_a_family_in_common_is_a_problem),
		TEST(the_default_route_makes_an_uplink),
		TEST(the_internal_ip_makes_an_uplink),
		TEST(named_uplinks_are_the_only_ones),
		TEST(our_own_devices_are_no_uplinks),
		TEST(the_nodes_own_address_is_preferred),
		TEST(the_overlay_takes_70_bytes_over_ipv6),
		TEST(an_mtu_too_small_for_ipv6_is_a_problem),
		TEST(an_uplink_too_narrow_for_anything_is_what_is_missing),
		TEST(a_device_without_ethernet_is_no_uplink),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
