/* SPDX-License-Identifier: Apache-2.0 */
/* Manifests become the model, or an error with file, line, field and reason. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <errno.h>
#include <netinet/in.h>
#include <cmocka.h>

#include "../../agent/cluster_dir.h"
#include "../../agent/manifest.h"
#include "../../lib/cleanup.h"
#include "../../lib/state.h"

static struct manifest manifest;
static struct err err;

static int parse(const char *text)
{
	memset(&err, 0, sizeof(err));
	manifest_free(&manifest);
	return manifest_parse("f.yaml", text, strlen(text), &manifest, &err);
}

static int forget(void **state)
{
	(void)state;
	manifest_free(&manifest);
	return 0;
}

static void must_parse(const char *text, size_t objects)
{
	if (parse(text))
		fail_msg("%s", err.msg);
	assert_int_equal(manifest.objects.n, objects);
}

static void assert_refused(const char *text, const char *sentence)
{
	assert_int_equal(parse(text), -EINVAL);
	assert_int_equal(manifest.objects.n, 0);
	if (!strstr(err.msg, sentence))
		fail_msg("\"%s\" does not say \"%s\"", err.msg, sentence);
}

static void assert_addr(const struct fl_addr *a, const char *want)
{
	char text[ADDR_STRLEN];

	assert_string_equal(addr_format(a, text), want);
}

static void assert_prefix(const struct fl_prefix *p, const char *want)
{
	char text[PREFIX_STRLEN];

	assert_string_equal(prefix_format(p, text), want);
}

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
	node = (struct node *)manifest.objects.items[0];
	assert_int_equal(node->o.kind, OBJECT_NODE);
	assert_string_equal(node->o.name, "node-a");
	assert_string_equal(node->o.namespace, "");
	assert_int_equal(node->o.line, 1);
	assert_int_equal(node->n_pod_cidrs, 2);
	assert_prefix(&node->pod_cidrs[0], "10.1.0.0/24");
	assert_prefix(&node->pod_cidrs[1], "fd00:1::/64");
	assert_int_equal(node->n_addrs, 2);
	assert_addr(&node->addrs[0].addr, "10.0.0.11");
	assert_true(node->addrs[0].internal);
	assert_false(node->addrs[1].internal);
}

static void pod_cidr_alone_will_do(void **state)
{
	(void)state;
	must_parse("{apiVersion: v1, kind: Node, metadata: {name: n},"
		   " spec: {podCIDR: 10.1.0.0/24}}",
		   1);
	assert_int_equal(
		((struct node *)manifest.objects.items[0])->n_pod_cidrs, 1);
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
	pod = (struct pod *)manifest.objects.items[0];
	assert_string_equal(pod->o.namespace, "default");
	assert_true(pod->uid && pod->uid == pod_uid("1234"));
	assert_string_equal(pod->node, "node-a");
	assert_true(pod->host_network);
	assert_true(pod->ending);
	assert_int_equal(pod->phase, POD_RUNNING);
	assert_int_equal(pod->n_addrs, 2);
	assert_addr(&pod->addrs[1], "fd00:1::5");
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
	pod = (struct pod *)manifest.objects.items[0];
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
	assert_true(((struct pod *)manifest.objects.items[0])->audit);
	assert_false(((struct pod *)manifest.objects.items[1])->audit);
}

static void a_node_has_labels(void **state)
{
	(void)state;
	must_parse("{apiVersion: v1, kind: Node, metadata: {name: a,"
		   " labels: {zone: x}}}",
		   1);
	assert_string_equal(((struct node *)manifest.objects.items[0])->labels,
			    "zone=x");
}

/* ---- policies ------------------------------------------------------- */

static const struct policy_object *policy_of(size_t i)
{
	assert_int_equal(manifest.objects.items[i]->kind, OBJECT_POLICY);
	return (struct policy_object *)manifest.objects.items[i];
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
	ns = (struct namespace *)manifest.objects.items[0];
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
	assert_int_equal(manifest.objects.items[3]->kind, OBJECT_POD);
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
	assert_int_equal(manifest.n_skipped, 0);
}

/* ---- what is not for us --------------------------------------------- */

static const struct manifest_skipped *skipped(const char *what)
{
	for (int i = 0; i < manifest.n_skipped; i++)
		if (!strcmp(manifest.skipped[i].what, what))
			return &manifest.skipped[i];
	fail_msg("%s was not reported", what);
	return NULL;
}

static void unknown_kinds_are_reported_once_and_skipped(void **state)
{
	(void)state;
	must_parse("{apiVersion: apps/v1, kind: Deployment}\n"
		   "---\n"
		   "{apiVersion: v1, kind: Namespace, metadata: {name: a}}\n"
		   "---\n"
		   "{apiVersion: apps/v1, kind: Deployment}\n",
		   1);
	assert_int_equal(manifest.n_skipped, 1);
	assert_int_equal(skipped("apps/v1 Deployment")->n, 2);
	assert_int_equal(skipped("apps/v1 Deployment")->line, 1);
	assert_false(skipped("apps/v1 Deployment")->later);
}

static void what_nobody_enforces_yet_is_told_apart(void **state)
{
	(void)state;
	must_parse("{apiVersion: v1, kind: Service}\n"
		   "---\n{apiVersion: discovery.k8s.io/v1,"
		   " kind: EndpointSlice}\n"
		   "---\n{apiVersion: policy.networking.k8s.io/v1alpha1,"
		   " kind: AdminNetworkPolicy}\n"
		   "---\n{apiVersion: policy.networking.k8s.io/v1alpha1,"
		   " kind: BaselineAdminNetworkPolicy}\n",
		   0);
	assert_int_equal(manifest.n_skipped, 4);
	for (int i = 0; i < 4; i++)
		assert_true(manifest.skipped[i].later);
}

/* serving.knative.dev has a Service too. */
static void a_kind_of_another_group_is_another_kind(void **state)
{
	(void)state;
	must_parse("{apiVersion: serving.knative.dev/v1, kind: Service}\n"
		   "---\n{apiVersion: example.com/v1, kind: Node}\n",
		   0);
	assert_false(skipped("serving.knative.dev/v1 Service")->later);
	assert_false(skipped("example.com/v1 Node")->later);
}

/* ---- bad input ------------------------------------------------------ */

static void errors_name_file_line_object_and_field(void **state)
{
	(void)state;
	assert_refused("apiVersion: v1\n"
		       "kind: Node\n"
		       "metadata: {name: node-a}\n"
		       "spec:\n"
		       "  podCIDRs:\n"
		       "  - 10.1.0.0/24\n"
		       "  - 10.2.0.0/33\n",
		       "f.yaml:7: Node node-a: spec.podCIDRs: \"10.2.0.0/33\"");
	assert_refused("a: b: c\n", "f.yaml:1: ");
	assert_refused("[1]\n", "f.yaml:1: not an object");
	assert_refused("{kind: Node}\n", "apiVersion: missing");
	assert_refused("{apiVersion: v1}\n", "kind: missing");
	assert_refused("{apiVersion: v1, kind: 5}\n", "kind: must be a string");
	assert_refused("{apiVersion: v2, kind: Node, metadata: {name: a}}\n",
		       "apiVersion: \"v2\" is not v1");
}

static void assert_bad_node(const char *rest, const char *sentence)
{
	char text[512];

	snprintf(text, sizeof(text),
		 "{apiVersion: v1, kind: Node, metadata: {name: n}, %s}", rest);
	assert_refused(text, sentence);
}

static void a_node_that_cannot_be_is_refused(void **state)
{
	(void)state;
	assert_bad_node("spec: []", "spec: must be an object");
	assert_bad_node("spec: {podCIDRs: x}", "podCIDRs: must be a list");
	assert_bad_node("spec: {podCIDRs: [1]}",
			"podCIDRs[0]: must be a string");
	assert_bad_node("spec: {podCIDR: 10.1.0.1/24}", "bits set behind");
	assert_bad_node("spec: {podCIDR: 10.1.0.0/32}", "no room for pods");
	assert_bad_node("spec: {podCIDRs: [10.1.0.0/16, 10.1.2.0/24]}",
			"10.1.2.0/24 overlaps 10.1.0.0/16");
	assert_bad_node("spec: {podCIDR: 10.2.0.0/24, podCIDRs: [10.1.0.0/24]}",
			"is not the first of podCIDRs");
	assert_bad_node("status: {addresses: {}}", "must be a list");
	assert_bad_node("status: {addresses: [x]}", "must be objects");
	assert_bad_node("status: {addresses:"
			" [{type: InternalIP, address: 10.0.0.256}]}",
			"\"10.0.0.256\" is not an address");
	assert_refused("{apiVersion: v1, kind: Node, metadata: {name: A_b}}",
		       "is not a DNS name");
	assert_refused("{apiVersion: v1, kind: Node, metadata: {}}",
		       "metadata.name: missing");
	assert_refused("{apiVersion: v1, kind: Node}", "metadata: missing");
}

static void assert_bad_pod(const char *rest, const char *sentence)
{
	char text[512];

	snprintf(text, sizeof(text),
		 "{apiVersion: v1, kind: Pod, metadata: {name: p%s}", rest);
	assert_refused(text, sentence);
}

static void a_pod_that_cannot_be_is_refused(void **state)
{
	(void)state;
	assert_bad_pod(", uid: 5}", "metadata.uid: must be a string");
	assert_bad_pod(", labels: {a: 1}}", "a must be a string");
	assert_bad_pod(", labels: []}", "labels: must be an object");
	assert_bad_pod(", namespace: ../x}", "is not a DNS name");
	assert_bad_pod("}, spec: {hostNetwork: 1}", "must be true or false");
	assert_bad_pod("}, status: {podIP: x}", "\"x\" is not an address");
	assert_bad_pod("}, status: {podIP: 0.0.0.0}", "is not an address");
	assert_bad_pod("}, status: {podIPs: [10.0.0.1]}", "must be objects");
	assert_bad_pod("}, status: {phase: Gone}", "is not a phase");
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
		assert_int_equal(
			model_add(&m, manifest.objects.items[i], &other), 0);
	assert_int_equal(model_add(&m, manifest.objects.items[3], &other),
			 -EEXIST);
	assert_ptr_equal(other, manifest.objects.items[0]);
	assert_ptr_equal(model_find(&m, OBJECT_POD, "x", "a"),
			 manifest.objects.items[2]);
	assert_null(model_find(&m, OBJECT_POD, "x", "b"));
	assert_null(model_node(&m, "a"));
	model_each(&m, OBJECT_POD, count, &n);
	assert_int_equal(n, 3);
	model_clear(&m);
	assert_null(model_find(&m, OBJECT_POD, "x", "a"));
}

/* ---- the directory -------------------------------------------------- */

static char dir[64];
static struct cluster_dir cluster;

static int make_dir(void **state)
{
	(void)state;
	strcpy(dir, "/tmp/fairlead-model-XXXXXX");
	memset(&cluster, 0, sizeof(cluster));
	cluster.path = dir;
	return mkdtemp(dir) ? 0 : -1;
}

static const char *path_of(const char *name)
{
	static char path[128];

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	return path;
}

static int remove_dir(void **state)
{
	static const char *const names[] = {"a.yaml",  "b.yml", "c.json",
					    ".d.yaml", "e.txt", "new"};

	(void)state;
	cluster_dir_free(&cluster);
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		unlink(path_of(names[i]));
	return rmdir(dir);
}

/* As editors do: beside it, then over it. */
static void write_file(const char *name, const char *text)
{
	char new[128];
	FILE *f;

	strcpy(new, path_of("new"));
	f = fopen(new, "w");
	assert_non_null(f);
	fputs(text, f);
	fclose(f);
	assert_int_equal(rename(new, path_of(name)), 0);
}

static bool scan(void)
{
	bool changed = false;

	if (cluster_dir_scan(&cluster, &changed, &err))
		fail_msg("%s", err.msg);
	return changed;
}

static bool has_node(const char *name)
{
	return model_node(&cluster.model, name);
}

#define NODE(name) "{apiVersion: v1, kind: Node, metadata: {name: " name "}}\n"

static void only_manifests_are_read(void **state)
{
	(void)state;
	write_file("a.yaml", NODE("a"));
	write_file("b.yml", NODE("b"));
	write_file("c.json", "{\"apiVersion\": \"v1\", \"kind\": \"Node\","
			     " \"metadata\": {\"name\": \"c\"}}");
	write_file(".d.yaml", NODE("d"));
	write_file("e.txt", NODE("e"));
	assert_true(scan());
	assert_int_equal(cluster.model.n[OBJECT_NODE], 3);
	assert_true(has_node("c"));
	assert_true(cluster_dir_is_complete(&cluster));
	assert_false(scan());
}

static void changed_and_removed_files_are_followed(void **state)
{
	(void)state;
	write_file("a.yaml", NODE("a"));
	scan();
	write_file("a.yaml", NODE("z"));
	assert_true(scan());
	assert_true(has_node("z"));
	assert_false(has_node("a"));
	unlink(path_of("a.yaml"));
	assert_true(scan());
	assert_false(has_node("z"));
}

/* ... is ignored, and a problem that names node and annotation. */
static void an_annotation_that_makes_no_sense(void **state)
{
	static const char *const wrong[][2] = {
		{"address", "10.0.0.300"},
		{"address", ""},
		{"address", "0.0.0.0"},
		{"address", "10.0.0.1,10.0.0.2"},
		{"address", "10.0.0.1,fd00::1,fd00::2"},
		{"address", "10.0.0.1,"},
		{"pod-cidrs", "10.1.0.0"},
		{"pod-cidrs", "10.1.0.1/24"},
		{"pod-cidrs", "10.1.0.0/24,10.1.0.0/25"},
		{"pod-cidrs", "10.1.0.0/24,nonsense"},
		{"policy-audit", "yes"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(wrong) / sizeof(*wrong); i++) {
		char text[300], want[100];
		const struct node *node;

		snprintf(
			text, sizeof(text),
			"apiVersion: v1\nkind: Node\nmetadata:\n"
			"  name: a\n  annotations:\n    fairlead.io/%s: \"%s\"\n"
			"status:\n  addresses:\n"
			"  - {type: InternalIP, address: 10.0.0.11}\n",
			wrong[i][0], wrong[i][1]);
		snprintf(want, sizeof(want),
			 "a.yaml:4: Node a: annotation fairlead.io/%s: \"%s\"",
			 wrong[i][0], wrong[i][1]);
		write_file("a.yaml", text);
		assert_true(scan());
		assert_int_equal(cluster.problems.n, 1);
		if (strncmp(cluster.problems.items[0], want, strlen(want)))
			fail_msg("%s", cluster.problems.items[0]);
		node = model_node(&cluster.model, "a");
		assert_int_equal(node->n_addrs, 1);
		assert_true(node->addrs[0].tunnel);
		assert_int_equal(node->n_pod_cidrs, 0);
		assert_false(node->audit);
	}
}

static void a_broken_file_leaves_what_it_said_before(void **state)
{
	(void)state;
	write_file("a.yaml", NODE("a"));
	scan();
	write_file("a.yaml", "kind: [\n");
	assert_true(scan());
	assert_true(has_node("a"));
	assert_true(cluster_dir_is_complete(&cluster));
	assert_int_equal(cluster.problems.n, 1);
	assert_non_null(strstr(cluster.problems.items[0], "a.yaml:"));
	assert_non_null(
		strstr(cluster.problems.items[0], "what it said before stays"));
	assert_false(scan());
	write_file("a.yaml", NODE("b"));
	assert_true(scan());
	assert_int_equal(cluster.problems.n, 0);
	assert_true(has_node("b"));
}

static void a_file_that_never_was_good_means_we_do_not_know_all(void **state)
{
	(void)state;
	write_file("a.yaml", NODE("a"));
	write_file("b.yml", "nonsense\n");
	scan();
	assert_true(has_node("a"));
	assert_false(cluster_dir_is_complete(&cluster));
	unlink(path_of("b.yml"));
	scan();
	assert_true(cluster_dir_is_complete(&cluster));
}

static void an_empty_file_is_half_written(void **state)
{
	(void)state;
	write_file("a.yaml", NODE("a"));
	scan();
	write_file("a.yaml", "");
	scan();
	assert_true(has_node("a"));
	assert_non_null(strstr(cluster.problems.items[0], "a.yaml: empty"));
	write_file("a.yaml", "# nothing here on purpose\n");
	scan();
	assert_false(has_node("a"));
}

static void an_unreadable_directory_deletes_nothing(void **state)
{
	bool changed;

	(void)state;
	write_file("a.yaml", NODE("a"));
	scan();
	cluster.path = "/nonexistent/cluster";
	assert_int_equal(cluster_dir_scan(&cluster, &changed, &err), -ENOENT);
	assert_non_null(strstr(err.msg, "/nonexistent/cluster"));
	assert_false(changed);
	assert_true(has_node("a"));
	assert_false(cluster_dir_is_complete(&cluster));
	cluster.path = dir;
}

static void a_dangling_link_deletes_nothing(void **state)
{
	(void)state;
	write_file("e.txt", NODE("a"));
	assert_int_equal(symlink("e.txt", path_of("a.yaml")), 0);
	scan();
	assert_true(has_node("a"));
	unlink(path_of("e.txt"));
	scan();
	assert_true(has_node("a"));
	assert_int_equal(cluster.problems.n, 1);
	write_file("e.txt", NODE("b"));
	scan();
	assert_true(has_node("b"));
}

static void the_first_of_two_files_has_the_object(void **state)
{
	(void)state;
	write_file("a.yaml", "# one\n" NODE("n"));
	write_file("b.yml", NODE("n") "---\n" NODE("m"));
	scan();
	assert_int_equal(cluster.model.n[OBJECT_NODE], 2);
	assert_int_equal(cluster.problems.n, 1);
	assert_non_null(strstr(cluster.problems.items[0],
			       "b.yml:1: Node n is ignored: it is also in "
			       "a.yaml:2"));
	unlink(path_of("a.yaml"));
	scan();
	assert_int_equal(cluster.problems.n, 0);
	assert_true(has_node("n"));
}

static void what_is_not_enforced_is_a_problem_with_a_count(void **state)
{
	(void)state;
	write_file("a.yaml", "{apiVersion: v1, kind: Service}\n---\n"
			     "{apiVersion: v1, kind: Service}\n");
	scan();
	assert_int_equal(cluster_dir_later(&cluster), 2);
	assert_non_null(strstr(cluster.problems.items[0],
			       "v1 Service is NOT ENFORCED YET (2 of them)"));
}

static void an_invalid_policy_is_a_problem_and_not_a_hole(void **state)
{
	(void)state;
	write_file("a.yaml",
		   "{apiVersion: networking.k8s.io/v1, kind: NetworkPolicy,"
		   " metadata: {name: p}, spec: {podSelector: {},"
		   " ingres: []}}\n");
	scan();
	assert_true(cluster_dir_is_complete(&cluster));
	assert_int_equal(cluster.model.n[OBJECT_POLICY], 1);
	assert_int_equal(cluster.problems.n, 1);
	assert_non_null(strstr(cluster.problems.items[0],
			       "a.yaml:1: NetworkPolicy default/p: spec"));
	assert_non_null(strstr(cluster.problems.items[0], "ingres"));
}

#define PARSES(name) cmocka_unit_test_teardown(name, forget)
#define SCANS(name)  cmocka_unit_test_setup_teardown(name, make_dir, remove_dir)

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
		PARSES(unknown_kinds_are_reported_once_and_skipped),
		PARSES(what_nobody_enforces_yet_is_told_apart),
		PARSES(a_kind_of_another_group_is_another_kind),
		PARSES(errors_name_file_line_object_and_field),
		PARSES(a_node_that_cannot_be_is_refused),
		PARSES(a_pod_that_cannot_be_is_refused),
		PARSES(objects_are_found_by_kind_namespace_and_name),
		SCANS(only_manifests_are_read),
		SCANS(changed_and_removed_files_are_followed),
		SCANS(an_annotation_that_makes_no_sense),
		SCANS(a_broken_file_leaves_what_it_said_before),
		SCANS(a_file_that_never_was_good_means_we_do_not_know_all),
		SCANS(an_empty_file_is_half_written),
		SCANS(an_unreadable_directory_deletes_nothing),
		SCANS(a_dangling_link_deletes_nothing),
		SCANS(the_first_of_two_files_has_the_object),
		SCANS(what_is_not_enforced_is_a_problem_with_a_count),
		SCANS(an_invalid_policy_is_a_problem_and_not_a_hole),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
