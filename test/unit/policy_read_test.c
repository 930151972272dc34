/* SPDX-License-Identifier: Apache-2.0 */
/* Policies become structs, or say field by field what is wrong with them. */
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

#define NETWORK(spec)                                                          \
	"{apiVersion: networking.k8s.io/v1, kind: NetworkPolicy, "             \
	"metadata: {name: p, namespace: ns}, spec: {" spec "}}"
#define CLUSTER(spec)                                                          \
	"{apiVersion: policy.networking.k8s.io/v1alpha2, "                     \
	"kind: ClusterNetworkPolicy, metadata: {name: p}, spec: {" spec "}}"
#define CLUSTER_RULE(way, rule)                                                \
	CLUSTER("tier: Admin, priority: 1, subject: {namespaces: {}}, " way    \
		": [{action: Accept, " rule "}]")

static struct test_world *t;

static const struct policy *read_text(const char *yaml)
{
	world_free(t);
	t = world_new();
	return add_policy(t, yaml);
}

static const struct policy *read_good(const char *yaml)
{
	const struct policy *p = read_text(yaml);

	if (!p || p->invalid || t->n_problems)
		fail_msg("%s: %s", yaml, t->problems);
	return p;
}

static const struct policy *read_bad(const char *yaml, const char *want)
{
	const struct policy *p = read_text(yaml);

	assert_non_null(p);
	if (!p->invalid || !strstr(t->problems, want))
		fail_msg("%s: \"%s\" does not say \"%s\"", yaml, t->problems,
			 want);
	assert_int_equal(p->n_rules, 0);
	return p;
}

static int begin(void **state)
{
	(void)state;
	t = world_new();
	return 0;
}

static int end(void **state)
{
	(void)state;
	world_free(t);
	return 0;
}

/* ---- what is right -------------------------------------------------- */

static void a_network_policy_is_read_with_all_its_fields(void **state)
{
	const struct policy *p = read_good(NETWORK(
		"podSelector: {matchLabels: {app: web}}, policyTypes: "
		"[Ingress, Egress], ingress: [{from: [{ipBlock: {cidr: "
		"10.0.0.0/8, except: [10.2.0.0/16, 10.1.0.0/16]}}, "
		"{podSelector: {}, namespaceSelector: {matchExpressions: "
		"[{key: env, operator: NotIn, values: [b, a]}]}}], ports: "
		"[{port: 80}, {protocol: UDP, port: 1000, endPort: 2000}, "
		"{port: http, protocol: SCTP}]}], egress: [{}]"));
	const struct policy_rule *r = &p->rules[0];

	(void)state;
	assert_string_equal(p->namespace, "ns");
	assert_string_equal(p->pods.text, "app=web");
	assert_true(p->governs[FL_INGRESS] && p->governs[FL_EGRESS]);
	assert_int_equal(p->n_rules, 2);
	assert_int_equal(r->n_peers, 2);
	assert_string_equal(r->peers[0].text,
			    "10.0.0.0/8 except 10.1.0.0/16,10.2.0.0/16");
	assert_string_equal(r->peers[1].text,
			    "all pods in namespaces env notin (a,b)");
	assert_int_equal(r->n_ports, 3);
	assert_int_equal(r->ports[0].proto, IPPROTO_TCP);
	assert_int_equal(r->ports[0].last, 80);
	assert_int_equal(r->ports[1].first, 1000);
	assert_int_equal(r->ports[1].last, 2000);
	assert_string_equal(r->ports[2].name, "http");
	assert_int_equal(r->ports[2].proto, IPPROTO_SCTP);
	assert_int_equal(p->rules[1].direction, FL_EGRESS);
	assert_int_equal(p->rules[1].n_peers + p->rules[1].n_ports, 0);
}

static void a_cluster_policy_is_read_with_all_its_fields(void **state)
{
	const struct policy *p = read_good(CLUSTER(
		"tier: Baseline, priority: 7, subject: {pods: "
		"{namespaceSelector: {matchLabels: {a: b}}, podSelector: {}}}, "
		"ingress: [{name: first, action: Deny, from: [{namespaces: "
		"{}}]}], egress: [{action: Pass, to: [{nodes: {}}, {networks: "
		"[10.0.0.0/8, 'fd00::/8']}], protocols: [{tcp: "
		"{destinationPort: {number: 80}}}, {udp: {destinationPort: "
		"{range: {start: 5, end: 9}}}}]}, {action: Accept, to: [{pods: "
		"{podSelector: {}}}], protocols: [{destinationNamedPort: "
		"dns}]}]"));

	(void)state;
	assert_int_equal(p->tier, POLICY_TIER_BASELINE);
	assert_int_equal(p->priority, 7);
	assert_string_equal(p->namespaces.text, "a=b");
	assert_int_equal(p->n_rules, 3);
	assert_string_equal(p->rules[0].name, "first");
	assert_int_equal(p->rules[0].action, POLICY_DENY);
	assert_int_equal(p->rules[1].n_peers, 3);
	assert_string_equal(p->rules[1].peers[0].text, "all nodes");
	assert_string_equal(p->rules[1].peers[2].text, "fd00::/8");
	assert_int_equal(p->rules[1].ports[1].last, 9);
	assert_int_equal(p->rules[2].index, 1);
	assert_int_equal(p->rules[2].ports[0].proto, 0);
}

static void policy_types_have_their_defaults(void **state)
{
	const struct policy *p;

	(void)state;
	p = read_good(NETWORK("podSelector: {}"));
	assert_true(p->governs[FL_INGRESS] && !p->governs[FL_EGRESS]);
	p = read_good(NETWORK("podSelector: {}, egress: [{}]"));
	assert_true(p->governs[FL_INGRESS] && p->governs[FL_EGRESS]);
	p = read_good(NETWORK("podSelector: {}, policyTypes: [], egress: []"));
	assert_true(p->governs[FL_INGRESS] && !p->governs[FL_EGRESS]);
	p = read_good(NETWORK(
		"podSelector: {}, policyTypes: [Egress], ingress: [{}]"));
	assert_true(!p->governs[FL_INGRESS] && p->governs[FL_EGRESS]);
	assert_int_equal(p->n_rules, 0);
}

static void what_means_the_same_has_the_same_text(void **state)
{
	char first[256];

	(void)state;
	snprintf(first, sizeof(first), "%s",
		 read_good(NETWORK("podSelector: {matchLabels: {b: x, a: y}}"))
			 ->pods.text);
	assert_string_equal(first,
			    read_good(NETWORK("podSelector: {matchExpressions: "
					      "[{key: a, operator: In, values: "
					      "[y, y]}], matchLabels: {b: x}}"))
				    ->pods.text);
}

static void a_block_with_host_bits_is_its_network(void **state)
{
	const struct policy *p = read_good(
		NETWORK("ingress: [{from: [{ipBlock: {cidr: 10.1.2.3/8}}]}]"));

	(void)state;
	assert_string_equal(p->rules[0].peers[0].text, "10.0.0.0/8");
}

/* ---- what is wrong -------------------------------------------------- */

struct wrong {
	const char *yaml, *problem;
};

static void what_is_wrong_is_told_with_its_path(void **state)
{
	static const struct wrong all[] = {
		{NETWORK("ingress: [{}, {from: [{ipBlock: {cidr: 10.0.0/8}}]}]"),
		 "spec.ingress[1].from[0].ipBlock.cidr: \"10.0.0/8\" is not a "
		 "CIDR"},
		{NETWORK("ingress: [{from: [{ipBlock: {cidr: 10.0.0.1}}]}]"),
		 "ipBlock.cidr: \"10.0.0.1\" is not a CIDR"},
		{NETWORK("ingress: [{from: [{ipBlock: {cidr: 10.0.0.0/8, "
			 "except: [11.0.0.0/16]}}]}]"),
		 "ipBlock.except[0]: 11.0.0.0/16 is not within the block"},
		{NETWORK("ingress: [{from: [{ipBlock: {cidr: 10.0.0.0/8, "
			 "except: [10.0.0.0/8]}}]}]"),
		 "except[0]: 10.0.0.0/8 is not within the block"},
		{NETWORK("ingress: [{from: [{ipBlock: {cidr: '::/0', except: "
			 "[10.0.0.0/8]}}]}]"),
		 "is not within the block"},
		{NETWORK("ingress: [{from: [{ipBlock: {cidr: 10.0.0.0/8}, "
			 "podSelector: {}}]}]"),
		 "from[0].ipBlock: must not stand beside a selector"},
		{NETWORK("ingress: [{from: [{}]}]"),
		 "spec.ingress[0].from[0]: must name a peer"},
		{NETWORK("ingress: [{ports: [{port: 70000}]}]"),
		 "spec.ingress[0].ports[0].port: 70000 is not in 1..65535"},
		{NETWORK("ingress: [{ports: [{port: 0}]}]"), "0 is not in"},
		{NETWORK("ingress: [{ports: [{port: 1.5}]}]"), "1.5 is not in"},
		{NETWORK("ingress: [{ports: [{port: 80, endPort: 79}]}]"),
		 "ports[0].endPort: 79 is below port 80"},
		{NETWORK("ingress: [{ports: [{port: http, endPort: 90}]}]"),
		 "endPort: needs a port that is a number"},
		{NETWORK("ingress: [{ports: [{endPort: 90}]}]"),
		 "endPort: needs a port"},
		{NETWORK("ingress: [{ports: [{port: '80'}]}]"),
		 "\"80\" is neither a number nor the name of a port"},
		{NETWORK("ingress: [{ports: [{protocol: tcp}]}]"),
		 "protocol: \"tcp\" is none of TCP, UDP, SCTP"},
		{NETWORK("podSelector: {matchExpressions: [{key: a, operator: "
			 "Is, values: [b]}]}"),
		 "spec.podSelector.matchExpressions[0].operator: \"Is\" is "
		 "none of In, NotIn, Exists, DoesNotExist"},
		{NETWORK("podSelector: {matchExpressions: [{key: a, operator: "
			 "In}]}"),
		 "values: must not be empty with this operator"},
		{NETWORK("podSelector: {matchExpressions: [{key: a, operator: "
			 "Exists, values: [b]}]}"),
		 "values: must be empty with this operator"},
		{NETWORK("podSelector: {matchLabels: {a: true}}"),
		 "matchLabels[a]: must be a string"},
		{NETWORK("podSelector: {matchLabels: {'a b': c}}"),
		 "is not the key of a label"},
		{NETWORK("podSelector: {matchLabels: {a: 'b,c'}}"),
		 "is not the value of a label"},
		{NETWORK("podSelektor: {}"),
		 "spec.podSelektor: unknown field; is it podSelector?"},
		{NETWORK("policyTypes: [Ingres]"),
		 "spec.policyTypes[0]: \"Ingres\" is none of Ingress, Egress"},
		{NETWORK("ingress: [{form: []}]"),
		 "spec.ingress[0].form: unknown field; is it from?"},
		{NETWORK("ingress: {}"), "spec.ingress: must be a list"},
		{CLUSTER("priority: 1, subject: {namespaces: {}}"),
		 "spec.tier: missing"},
		{CLUSTER("tier: Admin, priority: 1001, subject: {namespaces: "
			 "{}}"),
		 "spec.priority: 1001 is not in 0..1000"},
		{CLUSTER("tier: Admin, priority: 1, subject: {}"),
		 "spec.subject: must have exactly one of namespaces, pods"},
		{CLUSTER_RULE("ingress", "from: []"),
		 "spec.ingress[0].from: must not be empty"},
		{CLUSTER_RULE("ingress", "name: x"),
		 "spec.ingress[0].from: missing"},
		{CLUSTER_RULE("ingress", "from: [{nodes: {}}]"),
		 "spec.ingress[0].from[0].nodes: unknown field"},
		{CLUSTER_RULE("egress", "to: [{domainNames: [a.example]}]"),
		 "to[0].domainNames: domain names are not supported yet"},
		{CLUSTER_RULE("egress", "to: [{networks: [10.0.0.0/33]}]"),
		 "to[0].networks[0]: \"10.0.0.0/33\" is not a CIDR"},
		{CLUSTER_RULE("egress", "to: [{nodes: {}}], protocols: "
					"[{destinationNamedPort: x}]"),
		 "destinationNamedPort cannot stand beside networks or nodes"},
		{CLUSTER_RULE("ingress", "from: [{namespaces: {}}], protocols: "
					 "[{tcp: {}}]"),
		 "protocols[0].tcp.destinationPort: missing"},
		{CLUSTER_RULE("ingress",
			      "from: [{namespaces: {}}], protocols: [{tcp: "
			      "{destinationPort: {range: {start: 9, end: "
			      "9}}}}]"),
		 "destinationPort.range: start 9 is not below end 9"},
		{CLUSTER("tier: Admin, priority: 1, subject: {namespaces: {}}, "
			 "ingress: [{action: Allow, from: [{namespaces: {}}]}]"),
		 "action: \"Allow\" is none of Accept, Deny, Pass"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(all) / sizeof(*all); i++)
		read_bad(all[i].yaml, all[i].problem);
}

static void all_that_is_wrong_is_told_at_once(void **state)
{
	(void)state;
	read_bad(NETWORK("ingress: [{ports: [{port: 0}]}], egress: [{to: "
			 "[{}]}]"),
		 "spec.egress[0].to[0]: must name a peer");
	assert_int_equal(t->n_problems, 2);
}

static void an_invalid_policy_keeps_what_it_selects(void **state)
{
	const struct policy *p = read_bad(
		NETWORK("podSelector: {matchLabels: {a: b}}, policyTypes: "
			"[Ingress], ingress: [{ports: [{port: 0}]}]"),
		"is not in");

	(void)state;
	assert_string_equal(p->pods.text, "a=b");
	assert_true(p->governs[FL_INGRESS] && !p->governs[FL_EGRESS]);
}

static void what_cannot_be_read_selects_and_governs_everything(void **state)
{
	const struct policy *p;

	(void)state;
	p = read_bad(NETWORK("podSelector: {matchLabels: {a: 5}, "
			     "matchExpressions: [{key: b, operator: Exists}]}"),
		     "must be a string");
	assert_int_equal(p->pods.n_terms, 0);
	p = read_bad(NETWORK("podSelector: {}, policyType: [Egress]"),
		     "is it policyTypes?");
	assert_true(p->governs[FL_INGRESS] && p->governs[FL_EGRESS]);
	p = read_bad(CLUSTER("tier: Admin, priority: 1, subject: {namespaces: "
			     "{}}, ingres: []"),
		     "is it ingress?");
	assert_true(p->governs[FL_INGRESS] && p->governs[FL_EGRESS]);
	p = read_bad(CLUSTER("tier: Sometimes, priority: 1, subject: "
			     "{namespaces: {}}, egress: [{}]"),
		     "spec.tier");
	assert_int_equal(p->tier, POLICY_TIER_ADMIN);
	assert_true(!p->governs[FL_INGRESS] && p->governs[FL_EGRESS]);
}

static void without_a_name_there_is_no_object(void **state)
{
	(void)state;
	assert_null(read_text("{apiVersion: networking.k8s.io/v1, kind: "
			      "NetworkPolicy, metadata: {}, spec: {}}"));
	assert_non_null(strstr(t->problems, "metadata.name: missing"));
	assert_null(read_text("{apiVersion: v1, kind: Pod}"));
	assert_int_equal(t->n_problems, 1);
	assert_true(policy_is_kind("policy.networking.k8s.io/v1alpha2",
				   "ClusterNetworkPolicy"));
	assert_false(policy_is_kind("policy.networking.k8s.io/v1alpha1",
				    "AdminNetworkPolicy"));
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, begin, end)
	const struct CMUnitTest tests[] = {
		TEST(a_network_policy_is_read_with_all_its_fields),
		TEST(a_cluster_policy_is_read_with_all_its_fields),
		TEST(policy_types_have_their_defaults),
		TEST(what_means_the_same_has_the_same_text),
		TEST(a_block_with_host_bits_is_its_network),
		TEST(what_is_wrong_is_told_with_its_path),
		TEST(all_that_is_wrong_is_told_at_once),
		TEST(an_invalid_policy_keeps_what_it_selects),
		TEST(what_cannot_be_read_selects_and_governs_everything),
		TEST(without_a_name_there_is_no_object),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
