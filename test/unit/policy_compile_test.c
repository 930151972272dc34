/* SPDX-License-Identifier: Apache-2.0 */
/* Small worlds by hand: precedence, names of ports, CIDRs over pods and nodes,
 * failing closed, and numbers that stay. */
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "policy_world.h"

#define NETWORK(name, spec)                                                    \
	"{apiVersion: networking.k8s.io/v1, kind: NetworkPolicy, metadata: "   \
	"{name: " name ", namespace: ns}, spec: {" spec "}}"
#define CLUSTER(name, tier, priority, spec)                                    \
	"{apiVersion: policy.networking.k8s.io/v1alpha2, kind: "               \
	"ClusterNetworkPolicy, metadata: {name: " name "}, spec: {tier: " tier \
	", priority: " priority ", subject: {namespaces: {}}, " spec "}}"

static struct test_world *t;
static struct policy_compiled c;

/* Two pods here, two elsewhere, two nodes. */
static int begin(void **state)
{
	(void)state;
	t = world_new();
	add_local(t, "ns/web", "app=web", "10.1.0.2 fd00:1::2");
	add_port(t, "http", IPPROTO_TCP, 8080);
	add_local(t, "ns/db", "app=db", "10.1.0.3 fd00:1::3");
	add_pod(t, "ns/far", "app=web", "10.2.0.2 fd00:2::2");
	add_port(t, "http", IPPROTO_TCP, 9090);
	add_pod(t, "other/far", "app=far", "10.2.0.3 fd00:2::3");
	add_node(t, "here", "kind=x", "192.168.0.1", "10.1.0.1",
		 "10.1.0.0/24 fd00:1::/64", true);
	add_node(t, "there", "kind=y", "192.168.0.2", "10.2.0.1",
		 "10.2.0.0/24 fd00:2::/64", false);
	return 0;
}

static int end(void **state)
{
	(void)state;
	policy_compiled_free(&c);
	world_free(t);
	return 0;
}

static void compile(void)
{
	policy_compiled_free(&c);
	policy_compile(&t->w, NULL, &c);
}

static struct policy_verdict ask(size_t endpoint, enum fl_direction direction,
				 const char *peer, __u8 proto, __u16 port)
{
	return policy_explain(&c, c.endpoints[endpoint].policy_id, direction,
			      identity_at(&c, peer), proto, port);
}

static bool may_come(size_t endpoint, const char *peer, __u16 port)
{
	return ask(endpoint, FL_INGRESS, peer, IPPROTO_TCP, port).verdict ==
	       FL_ALLOW;
}

static bool may_go(size_t endpoint, const char *peer, __u16 port)
{
	return ask(endpoint, FL_EGRESS, peer, IPPROTO_TCP, port).verdict ==
	       FL_ALLOW;
}

static const char *why(size_t endpoint, enum fl_direction direction,
		       const char *peer, __u16 port)
{
	struct policy_verdict v =
		ask(endpoint, direction, peer, IPPROTO_TCP, port);
	const struct policy_rule_info *r = policy_rule_find(&c, v.rule);

	return r ? r->text : "no rule";
}

static bool complains(const char *text)
{
	for (size_t i = 0; i < c.n_problems; i++)
		if (strstr(c.problems[i], text))
			return true;
	return false;
}

/* ---- who is governed ------------------------------------------------ */

static void pods_that_no_policy_selects_are_left_alone(void **state)
{
	(void)state;
	add_policy(t, NETWORK("p", "podSelector: {matchLabels: {app: web}}"));
	compile();
	assert_int_equal(c.endpoints[0].flags, FL_ENDPOINT_INGRESS);
	assert_int_equal(c.endpoints[1].flags, 0);
	assert_int_equal(c.endpoints[1].policy_id, 0);
	assert_int_equal(c.n_entries, 0);
	assert_false(may_come(0, "10.1.0.3", 80));
}

static void pods_with_the_same_policies_share_a_policy_id(void **state)
{
	(void)state;
	add_policy(t, NETWORK("p", "podSelector: {}"));
	compile();
	assert_int_equal(c.stats.policy_ids, 1);
	assert_int_equal(c.endpoints[0].policy_id, c.endpoints[1].policy_id);
	assert_int_equal(c.groups[0].n_endpoints, 2);
	assert_int_equal(c.groups[0].n_policies, 1);
}

static void names_of_ports_set_pods_apart(void **state)
{
	(void)state;
	add_policy(t, NETWORK("p", "ingress: [{ports: [{port: http}]}]"));
	compile();
	assert_int_equal(c.stats.policy_ids, 2);
	assert_true(may_come(0, "8.8.8.8", 8080));
	assert_false(may_come(1, "8.8.8.8", 8080));
}

static void an_endpoint_whose_pod_is_not_known_is_not_selected(void **state)
{
	(void)state;
	add_policy(t, NETWORK("p", "podSelector: {}"));
	t->endpoints[1].pod = -1;
	compile();
	assert_int_equal(c.endpoints[1].policy_id, 0);
}

/* ---- rules ---------------------------------------------------------- */

static void several_policies_on_one_pod_are_a_union(void **state)
{
	(void)state;
	add_policy(t, NETWORK("a", "ingress: [{ports: [{port: 80}]}]"));
	add_policy(t, NETWORK("b", "ingress: [{from: [{podSelector: "
				   "{matchLabels: {app: db}}}]}]"));
	compile();
	assert_true(may_come(0, "8.8.8.8", 80));
	assert_false(may_come(0, "8.8.8.8", 81));
	assert_true(may_come(0, "10.1.0.3", 81));
	assert_string_equal(why(0, FL_INGRESS, "8.8.8.8", 80),
			    "ns/a, ingress rule 1");
	assert_string_equal(why(0, FL_INGRESS, "10.1.0.3", 81),
			    "ns/b, ingress rule 1");
	assert_string_equal(why(0, FL_INGRESS, "8.8.8.8", 81), "no rule");
}

static void a_rule_without_ports_covers_every_protocol(void **state)
{
	(void)state;
	add_policy(t, NETWORK("a", "ingress: [{from: [{podSelector: {}}]}]"));
	add_policy(t, NETWORK("b", "ingress: [{ports: [{protocol: TCP}]}]"));
	compile();
	assert_int_equal(
		ask(0, FL_INGRESS, "10.1.0.3", IPPROTO_ICMP, 0).verdict,
		FL_ALLOW);
	assert_int_equal(ask(0, FL_INGRESS, "8.8.8.8", IPPROTO_ICMP, 0).verdict,
			 FL_DENY);
	assert_true(may_come(0, "8.8.8.8", 0));
}

static void names_of_ports_are_those_of_the_receiver(void **state)
{
	(void)state;
	add_policy(t, NETWORK("p", "policyTypes: [Egress], egress: [{ports: "
				   "[{port: http}]}]"));
	compile();
	assert_true(may_go(1, "10.1.0.2", 8080));
	assert_false(may_go(1, "10.1.0.2", 9090));
	assert_true(may_go(1, "10.2.0.2", 9090));
	assert_false(may_go(1, "10.2.0.2", 8080));
	assert_false(may_go(1, "10.2.0.3", 8080));
	assert_false(may_go(1, "8.8.8.8", 8080));
}

static void a_name_that_no_pod_has_is_reported(void **state)
{
	(void)state;
	add_policy(t, NETWORK("p", "ingress: [{ports: [{port: htpp}]}]"));
	compile();
	assert_true(complains(
		"ns/p, ingress rule 1: no pod has a port named \"htpp\" (TCP)"));
}

/* ---- CIDRs ---------------------------------------------------------- */

static void a_block_holds_pods_and_nodes_like_any_address(void **state)
{
	(void)state;
	add_policy(t, NETWORK("p", "policyTypes: [Egress], egress: [{to: "
				   "[{ipBlock: {cidr: 10.0.0.0/8, except: "
				   "[10.2.0.3/32]}}, {ipBlock: {cidr: "
				   "192.168.0.2/32}}]}]"));
	compile();
	assert_true(may_go(0, "10.1.0.3", 80));
	assert_true(may_go(0, "10.2.0.2", 80));
	assert_false(may_go(0, "10.2.0.3", 80));
	assert_true(may_go(0, "192.168.0.2", 80));
	assert_true(may_go(0, "10.9.9.9", 80));
	assert_false(may_go(0, "fd00:2::2", 80));
	assert_true(may_go(0, "10.2.0.1", 80));
}

/* 192.168.0.1 and 10.1.0.1 are the own node's, 192.168.0.2 is another's. */
static void to_network_policies_the_own_node_is_always_open(void **state)
{
	(void)state;
	add_policy(t, NETWORK("p", "policyTypes: [Egress]"));
	compile();
	assert_true(may_go(0, "192.168.0.1", 80));
	assert_true(may_go(0, "10.1.0.1", 80));
	assert_false(may_go(0, "192.168.0.2", 80));
	assert_int_equal(identity_at(&c, "192.168.0.1"), FL_IDENTITY_HOST);
	add_policy(t, NETWORK("q", "policyTypes: [Egress], egress: [{to: "
				   "[{ipBlock: {cidr: 192.168.0.0/16}}], "
				   "ports: [{port: 80}]}]"));
	compile();
	assert_true(may_go(0, "192.168.0.1", 81));
	assert_true(may_go(0, "10.1.0.1", 81));
	assert_true(may_go(0, "192.168.0.2", 80));
	assert_false(may_go(0, "192.168.0.2", 81));
}

static void a_cluster_policy_may_close_the_own_node(void **state)
{
	(void)state;
	add_policy(t, NETWORK("p", "policyTypes: [Egress]"));
	add_policy(t, CLUSTER("a", "Admin", "1",
			      "egress: [{action: Deny, to: [{networks: "
			      "[192.168.0.1/32]}]}]"));
	compile();
	assert_false(may_go(0, "192.168.0.1", 80));
	assert_true(may_go(0, "10.1.0.1", 80));
}

static void all_of_ipv6_is_not_all_of_ipv4(void **state)
{
	(void)state;
	add_policy(t, NETWORK("p", "ingress: [{from: [{ipBlock: {cidr: "
				   "'::/0'}}]}]"));
	compile();
	assert_true(may_come(0, "2001:db8::1", 80));
	assert_true(may_come(0, "fd00:2::2", 80));
	assert_false(may_come(0, "8.8.8.8", 80));
	assert_false(may_come(0, "10.2.0.2", 80));
	assert_int_equal(identity_at(&c, "8.8.8.8"), FL_IDENTITY_WORLD);
}

static void pods_elsewhere_that_are_not_known_are_unknown(void **state)
{
	(void)state;
	add_policy(t, NETWORK("p", "ingress: [{from: [{ipBlock: {cidr: "
				   "10.0.0.0/8}}, {ipBlock: {cidr: "
				   "10.2.0.128/25}}]}]"));
	compile();
	assert_int_equal(identity_at(&c, "10.2.0.77"), FL_IDENTITY_UNKNOWN);
	assert_int_equal(identity_at(&c, "10.2.0.200"), FL_IDENTITY_UNKNOWN);
	assert_int_equal(identity_at(&c, "fd00:2::77"), FL_IDENTITY_UNKNOWN);
	assert_true(identity_at(&c, "10.1.0.77") >= FL_IDENTITY_FIRST_FREE);
	/* the other node's own address among them is not a pod */
	assert_true(may_come(0, "10.2.0.1", 80));
}

static void unknown_pods_are_denied_what_some_pods_are(void **state)
{
	(void)state;
	add_policy(t, CLUSTER("no-evil", "Admin", "1",
			      "ingress: [{action: Deny, from: [{pods: "
			      "{podSelector: {matchLabels: {app: evil}}}}], "
			      "protocols: [{tcp: {destinationPort: {number: "
			      "80}}}]}]"));
	compile();
	assert_false(may_come(0, "10.2.0.77", 80));
	assert_true(may_come(0, "10.2.0.77", 81));
	assert_true(may_come(0, "10.2.0.2", 80));
	assert_true(may_come(0, "8.8.8.8", 80));
}

static void unknown_pods_may_have_any_port_by_its_name(void **state)
{
	(void)state;
	add_policy(t, CLUSTER("no-http", "Admin", "1",
			      "egress: [{action: Deny, to: [{namespaces: {}}], "
			      "protocols: [{destinationNamedPort: http}]}]"));
	compile();
	assert_false(may_go(1, "10.2.0.77", 81));
	assert_false(may_go(1, "10.2.0.2", 9090));
	assert_true(may_go(1, "10.2.0.2", 81));
	assert_true(may_go(1, "8.8.8.8", 9090));
}

static void terminal_and_host_network_pods_match_no_selector(void **state)
{
	(void)state;
	add_policy(t, NETWORK("p", "ingress: [{from: [{namespaceSelector: "
				   "{}}]}]"));
	t->pods[2].terminal = true;
	t->pods[3].host_network = true;
	t->pods[3].n_addrs = world_addrs(t, "192.168.0.2", &t->pods[3].addrs);
	compile();
	assert_true(may_come(0, "10.1.0.3", 80));
	assert_false(may_come(0, "10.2.0.2", 80));
	assert_false(may_come(0, "192.168.0.2", 80));
	assert_int_equal(identity_at(&c, "192.168.0.2"),
			 FL_IDENTITY_REMOTE_NODE);
}

static void an_address_of_two_pods_is_reported(void **state)
{
	(void)state;
	add_policy(t, NETWORK("p", "ingress: [{from: [{podSelector: "
				   "{matchLabels: {app: db}}}]}]"));
	t->pods[3].addrs = t->endpoints[1].addrs;
	compile();
	assert_true(may_come(0, "10.1.0.3", 80));
	assert_true(complains("10.1.0.3 belongs to two pods"));
}

/* Whichever comes first by name. */
static void an_address_is_not_of_the_pod_that_ends(void **state)
{
	(void)state;
	add_policy(t, NETWORK("p", "ingress: [{from: [{podSelector: "
				   "{matchLabels: {app: web}}}]}]"));
	t->pods[3].addrs = t->pods[2].addrs;
	compile();
	assert_false(may_come(0, "10.2.0.2", 80));
	assert_true(complains("10.2.0.2 belongs to two pods"));
	t->pods[3].ending = true;
	compile();
	assert_true(may_come(0, "10.2.0.2", 80));
	assert_false(complains("belongs to two pods"));
	t->pods[3].ending = false;
	t->pods[2].ending = true;
	compile();
	assert_false(may_come(0, "10.2.0.2", 80));
	assert_false(complains("belongs to two pods"));
}

static void an_attachment_is_of_its_pod_to_the_end(void **state)
{
	(void)state;
	add_policy(t, NETWORK("p", "ingress: [{from: [{podSelector: "
				   "{matchLabels: {app: db}}}]}]"));
	t->pods[3].addrs = t->endpoints[1].addrs;
	t->pods[1].ending = true;
	compile();
	assert_true(may_come(0, "10.1.0.3", 80));
}

/* ---- precedence ----------------------------------------------------- */

#define NAMESPACES "{namespaces: {}}"

static void admin_comes_before_network_policies(void **state)
{
	(void)state;
	add_policy(t, CLUSTER("deny", "Admin", "5",
			      "ingress: [{name: no-db, action: Deny, from: "
			      "[{pods: {podSelector: {matchLabels: {app: "
			      "db}}}}]}]"));
	add_policy(t, NETWORK("p", "ingress: [{}]"));
	compile();
	assert_false(may_come(0, "10.1.0.3", 80));
	assert_true(may_come(0, "10.2.0.2", 80));
	assert_string_equal(why(0, FL_INGRESS, "10.1.0.3", 80),
			    "ClusterNetworkPolicy deny (Admin), ingress rule "
			    "no-db");
}

static void baseline_is_for_pods_without_network_policies(void **state)
{
	(void)state;
	add_policy(t, CLUSTER("base", "Baseline", "5",
			      "ingress: [{action: Deny, from: [" NAMESPACES
			      "]}]"));
	add_policy(t, NETWORK("p", "podSelector: {matchLabels: {app: web}}, "
				   "ingress: [{ports: [{port: 80}]}]"));
	compile();
	assert_true(may_come(0, "10.2.0.2", 80));
	assert_false(may_come(0, "8.8.8.8", 81));
	assert_false(may_come(1, "10.2.0.2", 80));
	assert_true(may_come(1, "8.8.8.8", 80));
	assert_int_equal(c.endpoints[1].flags, FL_ENDPOINT_INGRESS);
}

static void pass_leads_past_the_rest_of_the_tier(void **state)
{
	(void)state;
	add_policy(t, CLUSTER("first", "Admin", "1",
			      "ingress: [{action: Pass, from: [" NAMESPACES
			      "], protocols: [{tcp: {destinationPort: {number: "
			      "80}}}]}]"));
	add_policy(t, CLUSTER("second", "Admin", "2",
			      "ingress: [{action: Deny, from: [" NAMESPACES
			      "]}]"));
	compile();
	assert_true(may_come(0, "10.2.0.2", 80));
	assert_false(may_come(0, "10.2.0.2", 81));
}

static void lower_numbers_are_asked_first_then_names(void **state)
{
	(void)state;
	add_policy(t, CLUSTER("b", "Admin", "7",
			      "ingress: [{action: Deny, from: [" NAMESPACES
			      "]}]"));
	add_policy(t, CLUSTER("a", "Admin", "7",
			      "ingress: [{action: Accept, from: [" NAMESPACES
			      "]}]"));
	compile();
	assert_true(may_come(0, "10.2.0.2", 80));
	assert_true(complains("ClusterNetworkPolicy a (Admin) and "
			      "ClusterNetworkPolicy b (Admin) have the same "
			      "priority, 7"));
	add_policy(t, CLUSTER("c", "Admin", "6",
			      "ingress: [{action: Deny, from: [" NAMESPACES
			      "]}]"));
	compile();
	assert_false(may_come(0, "10.2.0.2", 80));
}

static void nodes_are_matched_by_their_addresses(void **state)
{
	(void)state;
	add_policy(t, CLUSTER("n", "Admin", "1",
			      "egress: [{action: Deny, to: [{nodes: "
			      "{matchLabels: {kind: y}}}]}]"));
	compile();
	assert_false(may_go(0, "192.168.0.2", 80));
	assert_true(may_go(0, "192.168.0.1", 80));
	assert_int_equal(identity_at(&c, "192.168.0.1"), FL_IDENTITY_HOST);
}

/* ---- failing closed ------------------------------------------------- */

static void an_invalid_network_policy_allows_nothing(void **state)
{
	(void)state;
	add_policy(t, NETWORK("bad", "podSelector: {matchLabels: {app: web}}, "
				     "ingress: [{}, {ports: [{port: 0}]}]"));
	compile();
	assert_false(may_come(0, "10.1.0.3", 80));
	assert_int_equal(c.endpoints[1].flags, 0);
	assert_true(complains("ns/bad is invalid"));
}

static void an_invalid_cluster_policy_denies_all_in_its_place(void **state)
{
	(void)state;
	add_policy(t, CLUSTER("good", "Admin", "1",
			      "ingress: [{action: Accept, from: [{pods: "
			      "{podSelector: {matchLabels: {app: db}}}}]}]"));
	add_policy(t, CLUSTER("bad", "Admin", "2",
			      "ingress: [{action: Akzept, from: [" NAMESPACES
			      "]}]"));
	add_policy(t, NETWORK("p", "ingress: [{}]"));
	compile();
	assert_true(may_come(0, "10.1.0.3", 80));
	assert_false(may_come(0, "10.2.0.2", 80));
	assert_string_equal(why(0, FL_INGRESS, "10.2.0.2", 80),
			    "ClusterNetworkPolicy bad (Admin), which is "
			    "invalid: ingress is denied");
}

/* ---- numbers that stay ---------------------------------------------- */

#define FROM_APP(name, app)                                                    \
	NETWORK(name,                                                          \
		"podSelector: {matchLabels: {app: web}}, ingress: "            \
		"[{from: [{podSelector: {matchLabels: {app: " app "}}}]}]")

static void recompile(void)
{
	struct policy_compiled next;

	policy_compile(&t->w, &c, &next);
	policy_compiled_free(&c);
	c = next;
}

static void the_same_world_gives_the_same_result(void **state)
{
	struct policy_compiled other;

	(void)state;
	add_policy(t, FROM_APP("a", "db"));
	add_policy(t, FROM_APP("b", "web"));
	compile();
	policy_compile(&t->w, NULL, &other);
	assert_int_equal(c.n_entries, other.n_entries);
	assert_memory_equal(c.entries, other.entries,
			    c.n_entries * sizeof(*c.entries));
	assert_int_equal(c.n_identities, other.n_identities);
	assert_memory_equal(c.identities, other.identities,
			    c.n_identities * sizeof(*c.identities));
	policy_compiled_free(&other);
}

static void numbers_stay_when_a_policy_is_added_in_front(void **state)
{
	const struct policy *b;
	__u32 web, id, rule;

	(void)state;
	b = add_policy(t, FROM_APP("b", "web"));
	compile();
	web = identity_at(&c, "10.2.0.2");
	id = c.endpoints[0].policy_id;
	rule = ask(0, FL_INGRESS, "10.2.0.2", IPPROTO_TCP, 80).rule;
	add_policy(t, FROM_APP("a", "db"));
	t->policies[0] = t->policies[1];
	t->policies[1] = b;
	recompile();
	assert_int_equal(identity_at(&c, "10.2.0.2"), web);
	assert_int_not_equal(identity_at(&c, "10.1.0.3"), web);
	assert_int_equal(c.endpoints[0].policy_id, id);
	assert_int_equal(ask(0, FL_INGRESS, "10.2.0.2", IPPROTO_TCP, 80).rule,
			 rule);
}

static void a_selector_of_everybody_renumbers_nobody(void **state)
{
	__u32 web;

	(void)state;
	add_policy(t, FROM_APP("b", "web"));
	compile();
	web = identity_at(&c, "10.2.0.2");
	add_policy(t, NETWORK("all", "podSelector: {matchLabels: {app: web}}, "
				     "ingress: [{from: [{namespaceSelector: "
				     "{}}]}]"));
	recompile();
	assert_int_equal(identity_at(&c, "10.2.0.2"), web);
}

static void an_identity_that_splits_gives_its_number_to_neither(void **state)
{
	__u32 all;

	(void)state;
	add_policy(t, NETWORK("all", "podSelector: {matchLabels: {app: web}}, "
				     "ingress: [{from: [{namespaceSelector: "
				     "{}}]}]"));
	compile();
	all = identity_at(&c, "10.2.0.2");
	assert_int_equal(identity_at(&c, "10.2.0.3"), all);
	add_policy(t, FROM_APP("b", "web"));
	drop_policy(t, 0);
	recompile();
	assert_int_not_equal(identity_at(&c, "10.2.0.2"), all);
	assert_int_equal(identity_at(&c, "10.2.0.3"), FL_IDENTITY_POD);
}

static void a_number_is_not_given_away_at_once(void **state)
{
	__u32 db, rule;

	(void)state;
	add_policy(t, FROM_APP("a", "db"));
	compile();
	db = identity_at(&c, "10.1.0.3");
	rule = c.rules[0].number;
	drop_policy(t, 0);
	add_policy(t, FROM_APP("b", "web"));
	recompile();
	assert_int_not_equal(identity_at(&c, "10.2.0.2"), db);
	assert_int_not_equal(c.rules[0].number, rule);
}

static void an_identity_can_be_described(void **state)
{
	char text[256];

	(void)state;
	add_policy(t, FROM_APP("a", "db"));
	add_policy(t, NETWORK("c", "podSelector: {matchLabels: {app: web}}, "
				   "ingress: [{from: [{ipBlock: {cidr: "
				   "10.1.0.0/24}}]}]"));
	compile();
	assert_string_equal(
		policy_identity_describe(&c, identity_at(&c, "10.1.0.3"), text,
					 sizeof(text)),
		"pods app=db in namespace ns; 10.1.0.0/24");
	assert_string_equal(policy_identity_describe(&c, FL_IDENTITY_WORLD,
						     text, sizeof(text)),
			    "the world");
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, begin, end)
	const struct CMUnitTest tests[] = {
		TEST(pods_that_no_policy_selects_are_left_alone),
		TEST(pods_with_the_same_policies_share_a_policy_id),
		TEST(names_of_ports_set_pods_apart),
		TEST(an_endpoint_whose_pod_is_not_known_is_not_selected),
		TEST(several_policies_on_one_pod_are_a_union),
		TEST(a_rule_without_ports_covers_every_protocol),
		TEST(names_of_ports_are_those_of_the_receiver),
		TEST(a_name_that_no_pod_has_is_reported),
		TEST(a_block_holds_pods_and_nodes_like_any_address),
		TEST(to_network_policies_the_own_node_is_always_open),
		TEST(a_cluster_policy_may_close_the_own_node),
		TEST(all_of_ipv6_is_not_all_of_ipv4),
		TEST(pods_elsewhere_that_are_not_known_are_unknown),
		TEST(unknown_pods_are_denied_what_some_pods_are),
		TEST(unknown_pods_may_have_any_port_by_its_name),
		TEST(terminal_and_host_network_pods_match_no_selector),
		TEST(an_address_of_two_pods_is_reported),
		TEST(an_address_is_not_of_the_pod_that_ends),
		TEST(an_attachment_is_of_its_pod_to_the_end),
		TEST(admin_comes_before_network_policies),
		TEST(baseline_is_for_pods_without_network_policies),
		TEST(pass_leads_past_the_rest_of_the_tier),
		TEST(lower_numbers_are_asked_first_then_names),
		TEST(nodes_are_matched_by_their_addresses),
		TEST(an_invalid_network_policy_allows_nothing),
		TEST(an_invalid_cluster_policy_denies_all_in_its_place),
		TEST(the_same_world_gives_the_same_result),
		TEST(numbers_stay_when_a_policy_is_added_in_front),
		TEST(a_selector_of_everybody_renumbers_nobody),
		TEST(an_identity_that_splits_gives_its_number_to_neither),
		TEST(a_number_is_not_given_away_at_once),
		TEST(an_identity_can_be_described),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
