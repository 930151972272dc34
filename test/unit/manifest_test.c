/* SPDX-License-Identifier: Apache-2.0 */
/* What is wrong with a manifest has a file, a line, a field and a reason. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <errno.h>

#include "manifest_world.h"

/* ---- what is not for us --------------------------------------------- */

static const struct manifest_skipped *skipped(const char *what)
{
	for (int i = 0; i < parsed.n_skipped; i++)
		if (!strcmp(parsed.skipped[i].what, what))
			return &parsed.skipped[i];
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
	assert_int_equal(parsed.n_skipped, 1);
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
	assert_int_equal(parsed.n_skipped, 4);
	for (int i = 0; i < 4; i++)
		assert_true(parsed.skipped[i].later);
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

int main(void)
{
	const struct CMUnitTest tests[] = {
		PARSES(unknown_kinds_are_reported_once_and_skipped),
		PARSES(what_nobody_enforces_yet_is_told_apart),
		PARSES(a_kind_of_another_group_is_another_kind),
		PARSES(errors_name_file_line_object_and_field),
		PARSES(a_node_that_cannot_be_is_refused),
		PARSES(a_pod_that_cannot_be_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
