/* SPDX-License-Identifier: Apache-2.0 */
/* Label selectors, and how few identities pods come to. */
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

static bool matches(enum selector_op op, const char *value, const char *labels)
{
	char *values[] = {(char *)value, "other"};
	struct selector_term term = {
		.key = "app",
		.op = op,
		.values = values,
		.n_values = 2,
	};
	struct selector s = {&term, 1, NULL};

	return selector_matches(&s, labels);
}

static void in_needs_the_label_with_one_of_the_values(void **state)
{
	(void)state;
	assert_true(matches(SELECTOR_IN, "web", "app=web\0"));
	assert_true(matches(SELECTOR_IN, "web", "a=b\0app=other\0"));
	assert_false(matches(SELECTOR_IN, "web", "app=db\0"));
	assert_false(matches(SELECTOR_IN, "web", "\0"));
	assert_true(matches(SELECTOR_IN, "", "app=\0"));
}

static void not_in_is_also_true_without_the_label(void **state)
{
	(void)state;
	assert_false(matches(SELECTOR_NOT_IN, "web", "app=web\0"));
	assert_true(matches(SELECTOR_NOT_IN, "web", "app=db\0"));
	assert_true(matches(SELECTOR_NOT_IN, "web", "\0"));
}

static void exists_looks_at_the_key_alone(void **state)
{
	(void)state;
	assert_true(matches(SELECTOR_EXISTS, "", "app=anything\0"));
	assert_false(matches(SELECTOR_EXISTS, "", "ap=x\0app2=y\0"));
	assert_false(matches(SELECTOR_NOT_EXISTS, "", "app=\0"));
	assert_true(matches(SELECTOR_NOT_EXISTS, "", "a=app\0"));
}

static void keys_and_values_are_compared_whole(void **state)
{
	(void)state;
	assert_false(matches(SELECTOR_IN, "web", "app=web2\0"));
	assert_false(matches(SELECTOR_IN, "web", "myapp=web\0app=we\0"));
	assert_false(matches(SELECTOR_IN, "web", "app.x=web\0"));
}

static void no_terms_match_everything(void **state)
{
	struct selector s = {0};

	(void)state;
	assert_true(selector_matches(&s, "\0"));
	assert_true(selector_matches(&s, "a=b\0"));
}

static void all_terms_must_match(void **state)
{
	char *web[] = {"web"};
	struct selector_term terms[] = {
		{"app", SELECTOR_IN, web, 1},
		{"env", SELECTOR_EXISTS, NULL, 0},
	};
	struct selector s = {terms, 2, NULL};

	(void)state;
	assert_true(selector_matches(&s, "app=web\0env=x\0"));
	assert_false(selector_matches(&s, "app=web\0"));
	assert_false(selector_matches(&s, "env=x\0"));
}

/* ---- identities ----------------------------------------------------- */

#define FROM(peer)                                                             \
	"{apiVersion: networking.k8s.io/v1, kind: NetworkPolicy, metadata: "   \
	"{name: p, namespace: ns}, spec: {podSelector: {matchLabels: {me: "    \
	"x}}, ingress: [{from: [" peer "]}]}}"

static struct policy_compiled compile(struct test_world *t)
{
	struct policy_compiled c;

	policy_compile(&t->w, NULL, &c);
	return c;
}

static void labels_that_no_policy_looks_at_make_no_identities(void **state)
{
	struct test_world *t = world_new();
	struct policy_compiled c;
	char labels[64], addr[32], title[32];

	(void)state;
	add_local(t, "ns/me", "me=x", "10.0.0.1");
	for (int i = 0; i < 20; i++) {
		snprintf(title, sizeof(title), "ns/pod%d", i);
		snprintf(labels, sizeof(labels), "app=%s unique=%d",
			 i % 2 ? "web" : "db", i);
		snprintf(addr, sizeof(addr), "10.0.1.%d", i + 1);
		add_pod(t, title, labels, addr);
	}
	add_policy(t, FROM("{podSelector: {matchLabels: {app: web}}}"));
	c = compile(t);
	assert_int_equal(c.stats.identities, 1);
	assert_int_equal(identity_at(&c, "10.0.1.2"),
			 identity_at(&c, "10.0.1.4"));
	assert_int_equal(identity_at(&c, "10.0.1.1"), FL_IDENTITY_POD);
	policy_compiled_free(&c);
	world_free(t);
}

static void without_selectors_there_are_no_identities(void **state)
{
	struct test_world *t = world_new();
	struct policy_compiled c;

	(void)state;
	add_local(t, "ns/me", "me=x", "10.0.0.1");
	add_policy(t, FROM(""));
	c = compile(t);
	assert_int_equal(c.n_identities, 0);
	assert_int_equal(c.n_entries, 1);
	policy_compiled_free(&c);
	world_free(t);
}

static void a_selector_twice_is_one(void **state)
{
	struct test_world *t = world_new();
	struct policy_compiled c;

	(void)state;
	add_local(t, "ns/me", "me=x", "10.0.0.1");
	add_policy(t, FROM("{podSelector: {matchLabels: {app: web}}}, "
			   "{podSelector: {matchExpressions: [{key: app, "
			   "operator: In, values: [web]}]}}"));
	c = compile(t);
	assert_int_equal(c.stats.selectors, 1);
	policy_compiled_free(&c);
	world_free(t);
}

static void a_selector_without_namespaces_stays_in_its_own(void **state)
{
	struct test_world *t = world_new();
	struct policy_compiled c;

	(void)state;
	add_local(t, "ns/me", "me=x", "10.0.0.1");
	add_pod(t, "ns/a", "app=web", "10.0.0.2");
	add_pod(t, "other/a", "app=web", "10.0.0.3");
	add_policy(t, FROM("{podSelector: {matchLabels: {app: web}}}"));
	c = compile(t);
	assert_true(identity_at(&c, "10.0.0.2") >= FL_IDENTITY_FIRST_FREE);
	assert_int_equal(identity_at(&c, "10.0.0.3"), FL_IDENTITY_POD);
	policy_compiled_free(&c);
	world_free(t);
}

static void every_namespace_has_its_name_as_a_label(void **state)
{
	struct test_world *t = world_new();
	struct policy_compiled c;

	(void)state;
	add_local(t, "ns/me", "me=x", "10.0.0.1");
	add_pod(t, "other/a", "", "10.0.0.3");
	add_policy(t, FROM("{namespaceSelector: {matchLabels: "
			   "{kubernetes.io/metadata.name: other}}}"));
	c = compile(t);
	assert_true(identity_at(&c, "10.0.0.3") >= FL_IDENTITY_FIRST_FREE);
	assert_int_equal(identity_at(&c, "10.0.0.1"), FL_IDENTITY_POD);
	policy_compiled_free(&c);
	world_free(t);
}

static void names_of_ports_set_only_those_apart_who_are_called_so(void **state)
{
	struct test_world *t = world_new();
	struct policy_compiled c;

	(void)state;
	add_local(t, "ns/me", "me=x", "10.0.0.1");
	for (int i = 0; i < 4; i++) {
		char title[32], addr[32];

		snprintf(title, sizeof(title), "ns/pod%d", i);
		snprintf(addr, sizeof(addr), "10.0.0.%d", i + 2);
		add_pod(t, title, i < 2 ? "app=web" : "app=db", addr);
		add_port(t, "http", IPPROTO_TCP, 8000 + i);
	}
	add_policy(t, "{apiVersion: networking.k8s.io/v1, kind: NetworkPolicy, "
		      "metadata: {name: p, namespace: ns}, spec: {policyTypes: "
		      "[Egress], egress: [{to: [{podSelector: {matchLabels: "
		      "{app: web}}}], ports: [{port: http}]}]}}");
	c = compile(t);
	assert_int_not_equal(identity_at(&c, "10.0.0.2"),
			     identity_at(&c, "10.0.0.3"));
	assert_int_equal(identity_at(&c, "10.0.0.4"), FL_IDENTITY_POD);
	assert_int_equal(identity_at(&c, "10.0.0.5"), FL_IDENTITY_POD);
	assert_int_equal(c.stats.identities, 2);
	policy_compiled_free(&c);
	world_free(t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(in_needs_the_label_with_one_of_the_values),
		cmocka_unit_test(not_in_is_also_true_without_the_label),
		cmocka_unit_test(exists_looks_at_the_key_alone),
		cmocka_unit_test(keys_and_values_are_compared_whole),
		cmocka_unit_test(no_terms_match_everything),
		cmocka_unit_test(all_terms_must_match),
		cmocka_unit_test(
			labels_that_no_policy_looks_at_make_no_identities),
		cmocka_unit_test(without_selectors_there_are_no_identities),
		cmocka_unit_test(a_selector_twice_is_one),
		cmocka_unit_test(
			a_selector_without_namespaces_stays_in_its_own),
		cmocka_unit_test(every_namespace_has_its_name_as_a_label),
		cmocka_unit_test(
			names_of_ports_set_only_those_apart_who_are_called_so),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
