/* SPDX-License-Identifier: Apache-2.0 */
/* From a cluster, a network and pods to maps and routes. No kernel needed. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <linux/if_addr.h>
#include <net/if_arp.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <cmocka.h>

#include "../../agent/desired.h"
#include "../../agent/manifest.h"
#include "../../agent/memory.h"

/* Node a is this one. eth0 is number 2 and has 10.0.0.11, fd00::11. */
static struct config config;
static struct manifest manifest;
static struct model model;
static struct facts facts;
static struct endpoints endpoints;
static struct node_ids ids;
static struct entries found_routes;
static struct desired desired;

static struct fl_addr addr(const char *text)
{
	struct fl_addr a = {0};

	if (addr_parse(text, &a))
		fail_msg("%s is no address", text);
	return a;
}

static struct fl_prefix prefix(const char *text)
{
	struct fl_prefix p = {0};

	if (prefix_parse(text, true, &p))
		fail_msg("%s is no range", text);
	return p;
}

static struct link_info *add_link(unsigned int ifindex, const char *name,
				  unsigned int mtu)
{
	struct link_info *l;

	facts.links = list_room(facts.links, facts.links_room, facts.n_links);
	l = &facts.links[facts.n_links++];
	memset(l, 0, sizeof(*l));
	l->ifindex = ifindex;
	l->mtu = mtu;
	l->type = ARPHRD_ETHER;
	l->flags = IFF_UP;
	strcpy(l->name, name);
	return l;
}

static struct link_addr *add_addr(unsigned int ifindex, const char *text)
{
	struct fl_prefix p;
	struct link_addr *a;
	char bare[64];

	strcpy(bare, text);
	*strchr(bare, '/') = 0;
	facts.addrs = list_room(facts.addrs, facts.addrs_room, facts.n_addrs);
	a = &facts.addrs[facts.n_addrs++];
	memset(a, 0, sizeof(*a));
	a->ifindex = ifindex;
	a->addr = addr(bare);
	prefix_parse(text, false, &p);
	a->prefix_len = prefix_length(&p);
	return a;
}

static void add_default_route(unsigned int ifindex, const char *dst)
{
	struct link_route *r;

	facts.routes =
		list_room(facts.routes, facts.routes_room, facts.n_routes);
	r = &facts.routes[facts.n_routes++];
	memset(r, 0, sizeof(*r));
	r->dst = prefix(dst);
	r->ifindex = ifindex;
}

static void add_pod(const char *id, unsigned int ifindex, const char *v4,
		    const char *v6)
{
	struct endpoint_record r = {.ifindex = ifindex, .mtu = 1450};

	strcpy(r.container_id, id);
	strcpy(r.ifname, "eth0");
	snprintf(r.host_device, sizeof(r.host_device), "fl_%u", ifindex);
	r.addrs[r.n_addrs++] = addr(v4);
	r.addrs[r.n_addrs++] = addr(v6);
	r.mac[5] = ifindex;
	endpoints_put(&endpoints, &r);
}

static void cluster(const char *text)
{
	struct object *other;
	struct err e;

	model_clear(&model);
	manifest_free(&manifest);
	if (manifest_parse("f", text, strlen(text), &manifest, &e))
		fail_msg("%s", e.msg);
	for (size_t i = 0; i < manifest.objects.n; i++)
		model_add(&model, manifest.objects.items[i], &other);
}

#define NODE(name, cidrs, addrs)                                               \
	"---\n{apiVersion: v1, kind: Node, metadata: {name: " name "},"        \
	" spec: {podCIDRs: [" cidrs "]}, status: {addresses: [" addrs "]}}\n"
#define IP(a) "{type: InternalIP, address: '" a "'},"
#define NODE_A                                                                 \
	NODE("a", "10.1.0.0/24, 'fd00:1::/64'", IP("10.0.0.11") IP("fd00::11"))
#define NODE_B                                                                 \
	NODE("b", "10.2.0.0/24, 'fd00:2::/64'", IP("10.0.0.12") IP("fd00::12"))

static int set_up(void **state)
{
	(void)state;
	config_defaults(&config);
	strcpy(config.node_name, "a");
	strcpy(config.cluster_dir, "/cluster");
	add_link(1, "lo", 65536)->flags |= IFF_LOOPBACK;
	add_addr(1, "127.0.0.1/8")->scope = RT_SCOPE_HOST;
	add_link(2, "eth0", 1500);
	add_addr(2, "10.0.0.11/24");
	add_addr(2, "fd00::11/64");
	add_addr(2, "fe80::1234/64")->scope = RT_SCOPE_LINK;
	add_default_route(2, "0.0.0.0/0");
	add_link(3, "fl_vxlan", 1450);
	add_link(4, "fl_host", 1450);
	entries_init(&found_routes, sizeof(struct fl_prefix),
		     sizeof(struct fl_route));
	desired_init(&desired);
	cluster(NODE_A NODE_B);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	model_clear(&model);
	manifest_free(&manifest);
	facts_free(&facts);
	endpoints_free(&endpoints);
	node_ids_free(&ids);
	entries_free(&found_routes);
	desired_free(&desired);
	return 0;
}

static void compute(void)
{
	const struct inputs in = {
		.config = &config,
		.model = &model,
		.facts = &facts,
		.endpoints = &endpoints,
		.ids = &ids,
	};

	node_ids_update(&ids, &model, &found_routes);
	desired_compute(&in, &desired);
}

static const struct fl_route *route(const char *text)
{
	struct fl_prefix p = prefix(text);
	const struct fl_route *r = entries_find(&desired.routes, &p);

	if (!r)
		fail_msg("no route for %s", text);
	return r;
}

static bool is_masqueraded(const char *text)
{
	struct fl_prefix p = prefix(text);

	return !entries_find(&desired.masquerade, &p);
}

static const struct link_route *host_route(const char *text)
{
	struct fl_prefix p = prefix(text);

	for (size_t i = 0; i < desired.n_host_routes; i++)
		if (!memcmp(&desired.host_routes[i].dst, &p, sizeof(p)))
			return &desired.host_routes[i];
	return NULL;
}

static const struct fl_uplink *uplink(__u32 ifindex)
{
	return entries_find(&desired.uplinks, &ifindex);
}

static void assert_addr(const struct fl_addr *a, const char *want)
{
	char text[ADDR_STRLEN];

	assert_string_equal(addr_format(a, text), want);
}

static bool has_problem(const char *words)
{
	for (size_t i = 0; i < desired.problems.n; i++)
		if (strstr(desired.problems.items[i], words))
			return true;
	return false;
}

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

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_node_is_reached_where_its_annotation_says),
		TEST(an_annotation_may_choose_the_family),
		TEST(the_device_of_an_annotated_address_is_an_uplink),
		TEST(pod_ranges_may_come_from_an_annotation),
		TEST(what_the_cluster_allocates_goes_before_an_annotation),
		TEST(a_node_may_only_tell_its_verdicts),
		TEST(pods_of_other_nodes_live_behind_their_tunnel_address),
		TEST(nodes_are_known_by_all_their_addresses),
		TEST(the_own_range_is_local),
		TEST(every_address_of_the_host_is_the_host),
		TEST(the_cluster_sees_pods_own_addresses),
		TEST(two_nodes_with_one_range_are_a_problem_and_the_own_stands),
		TEST(a_range_within_another_nodes_is_a_problem),
		TEST(a_node_keeps_its_number_when_others_come_and_go),
		TEST(a_new_agent_takes_over_the_numbers_it_finds),
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
		TEST(ranges_that_would_cut_the_node_off_are_refused),
		TEST(our_own_devices_do_not_forbid_a_range),
		TEST(a_node_whose_own_range_cuts_it_off_says_why),
		TEST(a_device_without_ethernet_is_no_uplink),
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
