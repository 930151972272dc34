/* SPDX-License-Identifier: Apache-2.0 */
/* Manifests become the model: what is read of each kind, and found again. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <errno.h>
#include <netinet/in.h>

#include "../../lib/cleanup.h"
#include "../../lib/state.h"
#include "manifest_world.h"

/* ---- manifests ------------------------------------------------------ */

static void a_node_has_its_ranges_and_addresses(void **state)
{
	const struct node *node;

	(void)state;
	must_parse("apiVersion: v1\n"
		   "kind: Node\n"
		   "metadata:\n"
		   "  name: node-a\n"
		   "spec:\n"
		   "  podCIDR: 10.1.0.0/24\n"
		   "  podCIDRs: [10.1.0.0/24, fd00:1::/64]\n"
		   "status:\n"
		   "  addresses:\n"
		   "  - {type: InternalIP, address: 10.0.0.11}\n"
		   "  - {type: ExternalIP, address: 192.0.2.1}\n"
		   "  - {type: Hostname, address: node-a}\n",
		   1);
	node = (struct node *)parsed.objects.items[0];
	assert_int_equal(node->o.kind, OBJECT_NODE);
	assert_string_equal(node->o.name, "node-a");
	assert_string_equal(node->o.namespace, "");
	assert_int_equal(node->o.line, 1);
	assert_int_equal(node->n_pod_cidrs, 2);
	assert_prefix(&node->pod_cidrs[0], "10.1.0.0/24");
	assert_prefix(&node->pod_cidrs[1], "fd00:1::/64");
	assert_int_equal(node->n_addrs, 2);
	assert_addr_is(&node->addrs[0].addr, "10.0.0.11");
	assert_true(node->addrs[0].internal);
	assert_false(node->addrs[1].internal);
}

static void pod_cidr_alone_will_do(void **state)
{
	(void)state;
	must_parse("{apiVersion: v1, kind: Node, metadata: {name: n},"
		   " spec: {podCIDR: 10.1.0.0/24}}",
		   1);
	assert_int_equal(((struct node *)parsed.objects.items[0])->n_pod_cidrs,
			 1);
	must_parse("{apiVersion: v1, kind: Node, metadata: {name: n},"
		   " spec: null, status: null}",
		   1);
}

static void a_pod_has_what_is_needed_of_it(void **state)
{
	const struct pod *pod;
	const char *label;

	(void)state;
	must_parse("apiVersion: v1\n"
		   "kind: Pod\n"
		   "metadata:\n"
		   "  name: web-0\n"
		   "  uid: '1234'\n"
		   "  deletionTimestamp: '2026-01-01T00:00:00Z'\n"
		   "  labels: {tier: front, app: web}\n"
		   "spec: {nodeName: node-a, hostNetwork: true}\n"
		   "status:\n"
		   "  phase: Running\n"
		   "  podIP: 10.1.0.5\n"
		   "  podIPs: [{ip: 10.1.0.5}, {ip: 'fd00:1::5'}]\n"
		   "somethingElse: [1, 2]\n",
		   1);
	pod = (struct pod *)parsed.objects.items[0];
	assert_string_equal(pod->o.namespace, "default");
	assert_true(pod->uid && pod->uid == pod_uid("1234"));
	assert_string_equal(pod->node, "node-a");
	assert_true(pod->host_network);
	assert_true(pod->ending);
	assert_int_equal(pod->phase, POD_RUNNING);
	assert_int_equal(pod->n_addrs, 2);
	assert_addr_is(&pod->addrs[1], "fd00:1::5");
	label = pod->labels;
	assert_string_equal(label, "app=web");
	label += strlen(label) + 1;
	assert_string_equal(label, "tier=front");
	assert_string_equal(label + strlen(label) + 1, "");
}

static void assert_port(const struct pod *pod, size_t i, const char *name,
			int proto, int number)
{
	assert_true(i < pod->n_ports);
	assert_string_equal(pod->ports[i].name, name);
	assert_int_equal(pod->ports[i].proto, proto);
	assert_int_equal(pod->ports[i].number, number);
}

/* Ports without a name are no use to a policy; those of an init container
 * that ends are nobody's. */
static void a_pod_has_the_ports_that_have_names(void **state)
{
	const struct pod *pod;

	(void)state;
	must_parse("apiVersion: v1\n"
		   "kind: Pod\n"
		   "metadata: {name: web}\n"
		   "spec:\n"
		   "  containers:\n"
		   "  - name: a\n"
		   "    ports:\n"
		   "    - {name: http, containerPort: 80}\n"
		   "    - {name: http, containerPort: 8080}\n"
		   "    - {containerPort: 81}\n"
		   "  - ports: [{name: http, protocol: UDP,"
		   " containerPort: 443}]\n"
		   "  initContainers:\n"
		   "  - ports: [{name: once, containerPort: 1}]\n"
		   "  - restartPolicy: Always\n"
		   "    ports: [{name: sig, protocol: SCTP,"
		   " containerPort: 9}]\n",
		   1);
	pod = (struct pod *)parsed.objects.items[0];
	assert_int_equal(pod->n_ports, 3);
	assert_port(pod, 0, "http", IPPROTO_TCP, 80);
	assert_port(pod, 1, "http", IPPROTO_UDP, 443);
	assert_port(pod, 2, "sig", IPPROTO_SCTP, 9);
	assert_false(pod->audit);
}

static void a_pod_may_ask_for_audit(void **state)
{
	(void)state;
	must_parse("{apiVersion: v1, kind: Pod, metadata: {name: a,"
		   " annotations: {fairlead.io/policy-audit: 'true'}}}\n"
		   "---\n{apiVersion: v1, kind: Pod, metadata: {name: b,"
		   " annotations: {fairlead.io/policy-audit: 'false'}}}\n",
		   2);
	assert_true(((struct pod *)parsed.objects.items[0])->audit);
	assert_false(((struct pod *)parsed.objects.items[1])->audit);
}

static void a_node_has_labels(void **state)
{
	(void)state;
	must_parse("{apiVersion: v1, kind: Node, metadata: {name: a,"
		   " labels: {zone: x}}}",
		   1);
	assert_string_equal(((struct node *)parsed.objects.items[0])->labels,
			    "zone=x");
}

/* ---- policies ------------------------------------------------------- */

static const struct policy_object *policy_of(size_t i)
{
	assert_int_equal(parsed.objects.items[i]->kind, OBJECT_POLICY);
	return (struct policy_object *)parsed.objects.items[i];
}

static void policies_are_read(void **state)
{
	(void)state;
	must_parse("{apiVersion: networking.k8s.io/v1, kind: NetworkPolicy,"
		   " metadata: {name: p, namespace: shop},"
		   " spec: {podSelector: {}}}\n"
		   "---\n{apiVersion: policy.networking.k8s.io/v1alpha2,"
		   " kind: ClusterNetworkPolicy, metadata: {name: p},"
		   " spec: {tier: Baseline, priority: 3,"
		   " subject: {namespaces: {}}}}\n",
		   2);
	assert_string_equal(policy_of(0)->o.namespace, "shop");
	assert_string_equal(policy_of(0)->o.name, "p");
	assert_false(policy_of(0)->policy->invalid);
	assert_int_equal(policy_of(0)->problems.n, 0);
	assert_string_equal(policy_of(1)->o.namespace, "");
	assert_int_equal(policy_of(1)->policy->tier, POLICY_TIER_BASELINE);
}

static void an_invalid_policy_is_kept_and_leaves_its_file_alone(void **state)
{
	(void)state;
	must_parse("{apiVersion: v1, kind: Namespace, metadata: {name: a}}\n"
		   "---\n"
		   "apiVersion: networking.k8s.io/v1\n"
		   "kind: NetworkPolicy\n"
		   "metadata: {name: p}\n"
		   "spec:\n"
		   "  podSelector: {}\n"
		   "  ingress:\n"
		   "  - from: [{ipBlock: {cidr: nonsense}}]\n",
		   2);
	assert_true(policy_of(1)->policy->invalid);
	assert_int_equal(policy_of(1)->problems.n, 1);
	assert_ptr_equal(strstr(policy_of(1)->problems.items[0],
				"spec.ingress[0].from[0].ipBlock.cidr: "),
			 policy_of(1)->problems.items[0]);
	assert_ptr_equal(
		strstr(policy_of(1)->reports.items[0],
		       "f.yaml:9: NetworkPolicy default/p: "
		       "spec.ingress[0].from[0].ipBlock.cidr: \"nonsense\""),
		policy_of(1)->reports.items[0]);
}

static void a_policy_that_has_no_name_is_refused(void **state)
{
	(void)state;
	assert_refused("{apiVersion: networking.k8s.io/v1,"
		       " kind: NetworkPolicy, spec: {podSelector: {}}}",
		       "f.yaml:1: NetworkPolicy");
	assert_refused("{apiVersion: networking.k8s.io/v1beta1,"
		       " kind: NetworkPolicy, metadata: {name: p},"
		       " spec: {podSelector: {}}}",
		       "apiVersion");
}

static void a_namespace_has_labels(void **state)
{
	const struct namespace *ns;

	(void)state;
	must_parse("{apiVersion: v1, kind: Namespace,"
		   " metadata: {name: shop, labels: {team: a}}}",
		   1);
	ns = (struct namespace *)parsed.objects.items[0];
	assert_string_equal(ns->o.name, "shop");
	assert_string_equal(ns->labels, "team=a");
}

static void lists_and_documents_are_taken_apart(void **state)
{
	(void)state;
	must_parse("apiVersion: v1\n"
		   "kind: List\n"
		   "items:\n"
		   "- {apiVersion: v1, kind: Namespace, metadata: {name: a}}\n"
		   "- {apiVersion: v1, kind: Pod, metadata: {name: b}}\n"
		   "---\n"
		   "---\n"
		   "apiVersion: v1\n"
		   "kind: PodList\n"
		   "items:\n"
		   "- {metadata: {name: c}}\n"
		   "- {metadata: {name: d}}\n",
		   4);
	assert_int_equal(parsed.objects.items[3]->kind, OBJECT_POD);
	must_parse("{apiVersion: v1, kind: NodeList, items: []}", 0);
}

static void json_is_read_as_well(void **state)
{
	(void)state;
	must_parse("{\n\t\"apiVersion\": \"v1\",\n\t\"kind\": \"Namespace\","
		   "\n\t\"metadata\": {\"name\": \"a\"}\n}\n",
		   1);
}

static void the_example_of_a_cluster_is_right(void **state)
{
	__cleanup(mem_free) char *text = NULL;
	size_t len;

	(void)state;
	assert_int_equal(
		file_read("examples/cluster.yaml", 1 << 16, &text, &len, &err),
		0);
	must_parse(text, 4);
	assert_int_equal(parsed.n_skipped, 0);
}

/* ---- the index ------------------------------------------------------ */

static void count(struct object *o, void *arg)
{
	(void)o;
	++*(int *)arg;
}

static void objects_are_found_by_kind_namespace_and_name(void **state)
{
	struct model m = {0};
	struct object *other = NULL;
	int n = 0;

	(void)state;
	must_parse("{apiVersion: v1, kind: PodList, items: ["
		   "{metadata: {name: a}}, {metadata: {name: b}},"
		   "{metadata: {name: a, namespace: x}},"
		   "{metadata: {name: a}}]}",
		   4);
	for (int i = 0; i < 3; i++)
		assert_int_equal(model_add(&m, parsed.objects.items[i], &other),
				 0);
	assert_int_equal(model_add(&m, parsed.objects.items[3], &other),
			 -EEXIST);
	assert_ptr_equal(other, parsed.objects.items[0]);
	assert_ptr_equal(model_find(&m, OBJECT_POD, "x", "a"),
			 parsed.objects.items[2]);
	assert_null(model_find(&m, OBJECT_POD, "x", "b"));
	assert_null(model_node(&m, "a"));
	model_each(&m, OBJECT_POD, count, &n);
	assert_int_equal(n, 3);
	model_clear(&m);
	assert_null(model_find(&m, OBJECT_POD, "x", "a"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		PARSES(a_node_has_its_ranges_and_addresses),
		PARSES(pod_cidr_alone_will_do),
		PARSES(a_pod_has_what_is_needed_of_it),
		PARSES(a_pod_has_the_ports_that_have_names),
		PARSES(a_pod_may_ask_for_audit),
		PARSES(a_node_has_labels),
		PARSES(policies_are_read),
		PARSES(an_invalid_policy_is_kept_and_leaves_its_file_alone),
		PARSES(a_policy_that_has_no_name_is_refused),
		PARSES(a_namespace_has_labels),
		PARSES(lists_and_documents_are_taken_apart),
		PARSES(json_is_read_as_well),
		PARSES(the_example_of_a_cluster_is_right),
		PARSES(objects_are_found_by_kind_namespace_and_name),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
