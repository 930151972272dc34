/* SPDX-License-Identifier: Apache-2.0 */
/* From the policies of a cluster to what this node's maps should hold. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <net/if_arp.h>
#include <cmocka.h>

#include "../../agent/manifest.h"
#include "../../agent/memory.h"
#include "../../agent/policies.h"
#include "../../agent/policy_file.h"

/* Node a is this one; pods web (10.1.0.2) and client (10.1.0.3) run on it,
 * far (10.2.0.2) runs on b. eth0 has 10.0.0.11, docker0 172.17.0.1. */
static struct config config;
static struct manifest manifest;
static struct model model;
static struct facts facts;
static struct endpoints endpoints;
static struct node_ids ids;
static struct entries found_routes, found_endpoints;
static struct policies_found found;
static struct desired desired;
static struct policies policies;

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

static void add_link(unsigned int ifindex, const char *name)
{
	struct link_info *l;

	facts.links = list_room(facts.links, facts.links_room, facts.n_links);
	l = &facts.links[facts.n_links++];
	memset(l, 0, sizeof(*l));
	l->ifindex = ifindex;
	l->mtu = 1500;
	l->type = ARPHRD_ETHER;
	strcpy(l->name, name);
}

static void add_addr(unsigned int ifindex, const char *text)
{
	struct link_addr *a;

	facts.addrs = list_room(facts.addrs, facts.addrs_room, facts.n_addrs);
	a = &facts.addrs[facts.n_addrs++];
	memset(a, 0, sizeof(*a));
	a->ifindex = ifindex;
	a->addr = addr(text);
	a->prefix_len = 24;
}

static struct endpoint_record *add_pod(const char *name, unsigned int ifindex,
				       const char *address)
{
	struct endpoint_record r = {.ifindex = ifindex, .mtu = 1450};

	snprintf(r.container_id, sizeof(r.container_id), "id-%u", ifindex);
	strcpy(r.ifname, "eth0");
	snprintf(r.host_device, sizeof(r.host_device), "fl_%u", ifindex);
	strcpy(r.pod_namespace, *name ? "default" : "");
	strcpy(r.pod_name, name);
	r.addrs[r.n_addrs++] = addr(address);
	endpoints_put(&endpoints, &r);
	add_link(ifindex, r.host_device);
	return &endpoints.items[endpoints.n - 1];
}

#define NODE(name, cidr, address, labels)                                      \
	"---\n{apiVersion: v1, kind: Node,"                                    \
	" metadata: {name: " name ", labels: {" labels "}},"                   \
	" spec: {podCIDRs: [" cidr "]}, status: {addresses:"                   \
	" [{type: InternalIP, address: " address "}]}}\n"
#define POD(name, address, meta)                                               \
	"---\n{apiVersion: v1, kind: Pod, metadata: {name: " name              \
	", labels: {app: " name "}" meta "}, status: {phase: Running,"         \
	" podIP: " address "}}\n"
#define POLICY(name, spec)                                                     \
	"---\n{apiVersion: networking.k8s.io/v1, kind: NetworkPolicy,"         \
	" metadata: {name: " name "}, spec: {" spec "}}\n"
#define SELECTS(name) "podSelector: {matchLabels: {app: " name "}}"
#define FROM(name)                                                             \
	"ingress: [{from: [{podSelector: {matchLabels: {app: " name "}}}]}]"
#define BLOCK(cidr) "ingress: [{from: [{ipBlock: {cidr: " cidr "}}]}]"

#define NODES                                                                  \
	NODE("a", "10.1.0.0/24", "10.0.0.11", "zone: x")                       \
	NODE("b", "10.2.0.0/24", "10.0.0.12", "zone: y")
#define PODS                                                                   \
	POD("web", "10.1.0.2", "")                                             \
	POD("client", "10.1.0.3", "") POD("far", "10.2.0.2", "")
#define CLUSTER NODES PODS

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

static int set_up(void **state)
{
	(void)state;
	config_defaults(&config);
	strcpy(config.node_name, "a");
	add_link(2, "eth0");
	add_addr(2, "10.0.0.11");
	add_link(3, "docker0");
	add_addr(3, "172.17.0.1");
	add_pod("web", 10, "10.1.0.2");
	add_pod("client", 11, "10.1.0.3");
	entries_init(&found_routes, sizeof(struct fl_prefix),
		     sizeof(struct fl_route));
	entries_init(&found_endpoints, sizeof(struct fl_addr),
		     sizeof(struct fl_endpoint));
	found = (struct policies_found){
		.missing = "",
		.synced = true,
		.routes = &found_routes,
		.endpoints = &found_endpoints,
	};
	desired_init(&desired);
	policies_init(&policies);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	policies_free(&policies);
	desired_free(&desired);
	model_clear(&model);
	manifest_free(&manifest);
	facts_free(&facts);
	endpoints_free(&endpoints);
	node_ids_free(&ids);
	entries_free(&found_routes);
	entries_free(&found_endpoints);
	return 0;
}

static void compute(void)
{
	const struct inputs in = {&config, &model, &facts, &endpoints, &ids};

	node_ids_update(&ids, &model, &found_routes);
	desired_compute(&in, &desired);
	policies_update(&in, &desired.node, &found, &policies);
	policies_join(&in, &found, &policies, &desired);
}

static void copy(const struct entries *from, struct entries *to)
{
	entries_free(to);
	for (size_t i = 0; i < from->n; i++)
		entries_add(to, entries_key(from, i), entries_value(from, i));
}

/* What was computed is what the maps hold from now on. */
static void write_maps(void)
{
	copy(&desired.routes, &found_routes);
	copy(&desired.endpoints, &found_endpoints);
	found.enforced = desired.config.flags[0] & FL_CONFIG_PENDING_DENY;
	policies_commit(&policies);
}

static struct fl_endpoint endpoint(const char *text)
{
	struct fl_addr a = addr(text);
	const void *value = entries_find(&desired.endpoints, &a);
	struct fl_endpoint e = {0};

	if (!value)
		fail_msg("no endpoint %s", text);
	memcpy(&e, value, sizeof(e));
	return e;
}

static bool has_route(const char *text)
{
	struct fl_prefix p = prefix(text);

	return entries_find(&desired.routes, &p);
}

static struct fl_route route(const char *text)
{
	struct fl_prefix p = prefix(text);
	const void *value = entries_find(&desired.routes, &p);
	struct fl_route r = {0};

	if (!value)
		fail_msg("no route for %s", text);
	memcpy(&r, value, sizeof(r));
	return r;
}

static bool has_problem(const char *words)
{
	for (size_t i = 0; i < desired.problems.n; i++)
		if (strstr(desired.problems.items[i], words))
			return true;
	return false;
}

/* ---- nothing to enforce --------------------------------------------- */

static void without_policies_all_is_as_if_there_could_be_none(void **state)
{
	const struct inputs in = {&config, &model, &facts, &endpoints, &ids};
	struct desired plain;

	(void)state;
	cluster(CLUSTER);
	compute();
	desired_init(&plain);
	desired_compute(&in, &plain);
	assert_int_equal(desired.policy.n, 0);
	assert_int_equal(desired.config.flags[0], 0);
	assert_int_equal(desired.node.default_verdict, DEFAULT_ALLOW);
	assert_int_equal(desired.routes.n, plain.routes.n);
	assert_memory_equal(desired.routes.data, plain.routes.data,
			    plain.routes.n * (sizeof(struct fl_prefix) +
					      sizeof(struct fl_route)));
	assert_int_equal(endpoint("10.1.0.2").view[0].identity,
			 FL_IDENTITY_POD);
	assert_int_equal(endpoint("10.1.0.2").view[0].flags, 0);
	desired_free(&plain);
}

/* ---- endpoints ------------------------------------------------------ */

static void who_is_selected_is_governed_and_nobody_else(void **state)
{
	(void)state;
	cluster(CLUSTER POLICY("p", SELECTS("web") ", " FROM("client")));
	compute();
	assert_int_equal(endpoint("10.1.0.2").view[0].flags,
			 FL_ENDPOINT_INGRESS);
	assert_int_not_equal(endpoint("10.1.0.2").view[0].policy_id, 0);
	assert_int_equal(endpoint("10.1.0.3").view[0].flags, 0);
	assert_int_equal(endpoint("10.1.0.3").view[0].policy_id, 0);
	assert_true(endpoint("10.1.0.3").view[0].identity >=
		    FL_IDENTITY_FIRST_FREE);
	assert_int_equal(endpoint("10.1.0.2").view[0].identity,
			 FL_IDENTITY_POD);
	assert_int_equal(desired.policy.n, 1);
	assert_int_equal(desired.config.flags[0], FL_CONFIG_PENDING_DENY);
	assert_int_equal(desired.node.default_verdict, DEFAULT_DENY);
}

static void a_pod_that_nobody_told_of_waits(void **state)
{
	(void)state;
	add_pod("new", 12, "10.1.0.4");
	cluster(CLUSTER POLICY("p", SELECTS("web")));
	compute();
	assert_int_equal(endpoint("10.1.0.4").view[0].flags,
			 FL_ENDPOINT_PENDING);
	cluster(CLUSTER POD("new", "10.1.0.4", "") POLICY("p", SELECTS("web")));
	compute();
	assert_int_equal(endpoint("10.1.0.4").view[0].flags, 0);
}

static void without_policies_nobody_waits(void **state)
{
	(void)state;
	add_pod("new", 12, "10.1.0.4");
	cluster(CLUSTER);
	compute();
	assert_int_equal(endpoint("10.1.0.4").view[0].flags, 0);
}

/* The plugin knew no name; or an older pod of the same name is still told of;
 * or it is a static pod, which is told of under another UID. */
static void a_pod_is_found_by_what_is_known_of_it(void **state)
{
	struct endpoint_record *r = add_pod("", 12, "10.1.0.4");

	(void)state;
	cluster(CLUSTER POD("new", "10.1.0.4", ", uid: one")
			POLICY("p", SELECTS("new")));
	compute();
	assert_int_equal(endpoint("10.1.0.4").view[0].flags,
			 FL_ENDPOINT_INGRESS);
	strcpy(r->pod_namespace, "default");
	strcpy(r->pod_name, "new");
	strcpy(r->pod_uid, "two");
	compute();
	assert_int_equal(endpoint("10.1.0.4").view[0].flags,
			 FL_ENDPOINT_INGRESS);
	r->addrs[0] = addr("10.1.0.5");
	compute();
	assert_int_equal(endpoint("10.1.0.5").view[0].flags,
			 FL_ENDPOINT_PENDING);
	strcpy(r->pod_uid, "one");
	compute();
	assert_int_equal(endpoint("10.1.0.5").view[0].flags,
			 FL_ENDPOINT_INGRESS);
}

static void audit_is_for_a_pod_or_for_all_of_the_node(void **state)
{
	(void)state;
	cluster(NODES POD("client", "10.1.0.3", "")
			POD("web", "10.1.0.2",
			    ", annotations: {fairlead.io/policy-audit: 'true'}")
				POLICY("p", "podSelector: {}"));
	compute();
	assert_int_equal(endpoint("10.1.0.2").view[0].flags,
			 FL_ENDPOINT_INGRESS | FL_ENDPOINT_AUDIT);
	assert_int_equal(endpoint("10.1.0.3").view[0].flags,
			 FL_ENDPOINT_INGRESS);
	snprintf(config.kubeconfig, sizeof(config.kubeconfig), "in-cluster");
	compute();
	assert_int_equal(endpoint("10.1.0.2").view[0].flags,
			 FL_ENDPOINT_INGRESS);
	config.policy_audit_pods = true;
	compute();
	assert_int_equal(endpoint("10.1.0.2").view[0].flags,
			 FL_ENDPOINT_INGRESS | FL_ENDPOINT_AUDIT);
	config.kubeconfig[0] = 0;
	config.policy_audit_pods = false;
	config.policy_audit = true;
	compute();
	assert_int_equal(desired.config.flags[0], FL_CONFIG_AUDIT);
	assert_int_equal(desired.node.default_verdict, DEFAULT_ALLOW);
}

/* ---- who lives where ------------------------------------------------ */

static void a_pod_of_another_node_is_told_apart_and_stays_there(void **state)
{
	struct fl_route range, far;

	(void)state;
	cluster(CLUSTER POLICY("p", SELECTS("web") ", " FROM("far")));
	compute();
	range = route("10.2.0.0/24");
	far = route("10.2.0.2");
	assert_int_equal(range.identity[0], FL_IDENTITY_UNKNOWN);
	assert_true(far.identity[0] >= FL_IDENTITY_FIRST_FREE);
	assert_int_equal(far.node_id, range.node_id);
	assert_int_equal(far.flags, range.flags);
	assert_true(addr_equal(&far.node, &range.node));
	assert_false(addr_is_zero(&far.node));
	assert_int_equal(route("10.1.0.0/24").identity[0], FL_IDENTITY_POD);
	assert_false(has_route("10.1.0.3")); /* fl_endpoints knows it */
}

static void a_range_of_the_world_is_no_nodes(void **state)
{
	(void)state;
	cluster(CLUSTER POLICY(
		"p", SELECTS("web") ", " BLOCK("192.0.2.0/24, "
					       "except: [192.0.2.128/25]")));
	compute();
	assert_true(route("192.0.2.0/24").identity[0] >=
		    FL_IDENTITY_FIRST_FREE);
	assert_int_equal(route("192.0.2.0/24").node_id, 0);
	assert_int_equal(route("192.0.2.0/24").flags, 0);
	assert_int_equal(route("192.0.2.128/25").identity[0],
			 FL_IDENTITY_WORLD);
}

static void a_range_covers_nodes_ranges_and_pods(void **state)
{
	struct fl_route wide, node, own;

	(void)state;
	cluster(CLUSTER POLICY("p", SELECTS("web") ", egress: [{to: [{ipBlock: "
						   "{cidr: 10.0.0.0/8}}]}]"));
	compute();
	wide = route("10.0.0.0/8");
	node = route("10.0.0.12");
	own = route("10.0.0.11");
	assert_int_equal(wide.flags, 0);
	assert_int_equal(node.identity[0], wide.identity[0]);
	assert_int_equal(node.flags, FL_ROUTE_NODE);
	assert_int_not_equal(node.node_id, 0);
	assert_int_equal(own.flags, FL_ROUTE_NODE | FL_ROUTE_LOCAL);
	assert_int_not_equal(own.identity[0], FL_IDENTITY_HOST);
	assert_int_not_equal(own.identity[0], node.identity[0]);
	assert_int_equal(route("172.17.0.1").identity[0], FL_IDENTITY_HOST);
	assert_int_equal(route("10.2.0.2").identity[0], wide.identity[0]);
	assert_int_equal(route("10.2.0.0/24").identity[0], FL_IDENTITY_UNKNOWN);
	assert_int_equal(endpoint("10.1.0.3").view[0].identity,
			 wide.identity[0]);
}

static void nodes_are_told_apart_by_their_labels(void **state)
{
	(void)state;
	cluster(CLUSTER
		"---\n{apiVersion: policy.networking.k8s.io/v1alpha2,"
		" kind: ClusterNetworkPolicy, metadata: {name: n},"
		" spec: {tier: Admin, priority: 1, subject: {namespaces: {}},"
		" egress: [{action: Deny, to: [{nodes:"
		" {matchLabels: {zone: y}}}]}]}}\n");
	compute();
	assert_int_equal(policies.n_invalid, 0);
	assert_true(route("10.0.0.12").identity[0] >= FL_IDENTITY_FIRST_FREE);
	assert_int_equal(route("10.0.0.11").identity[0], FL_IDENTITY_HOST);
	assert_int_equal(endpoint("10.1.0.2").view[0].flags,
			 FL_ENDPOINT_EGRESS);
}

/* ---- no room -------------------------------------------------------- */

#define SMALL POLICY("small", SELECTS("web") ", " FROM("client"))
#define LARGE                                                                  \
	POLICY("large",                                                        \
	       SELECTS("client") ", " FROM(                                    \
		       "far") ", egress:"                                      \
			      " [{ports: [{port: 1}, {port: 3}, {port: 5}]}]")

static void policies_without_room_leave_all_as_it_was(void **state)
{
	struct fl_endpoint web, client, now;

	(void)state;
	cluster(CLUSTER SMALL);
	compute();
	write_maps();
	web = endpoint("10.1.0.2");
	client = endpoint("10.1.0.3");

	found.max_entries = 2;
	add_pod("new", 12, "10.1.0.4");
	cluster(CLUSTER POD("new", "10.1.0.4", "") SMALL LARGE);
	compute();
	assert_true(policies.refused);
	assert_true(desired.keep_policy);
	assert_true(has_problem("default/large alone"));
	now = endpoint("10.1.0.2");
	assert_memory_equal(&web, &now, sizeof(web));
	now = endpoint("10.1.0.3");
	assert_memory_equal(&client, &now, sizeof(client));
	assert_int_equal(endpoint("10.1.0.4").view[0].flags,
			 FL_ENDPOINT_PENDING);
	assert_int_equal(route("10.2.0.0/24").identity[0], FL_IDENTITY_UNKNOWN);
	assert_int_equal(route("10.2.0.2").flags, FL_ROUTE_POD_CIDR);

	found.max_entries = 100;
	compute();
	assert_false(desired.keep_policy);
	assert_int_equal(endpoint("10.1.0.4").view[0].flags, 0);
	assert_int_equal(endpoint("10.1.0.3").view[0].flags,
			 FL_ENDPOINT_INGRESS | FL_ENDPOINT_EGRESS);
	assert_int_equal(endpoint("10.1.0.2").view[0].policy_id,
			 web.view[0].policy_id);
	assert_int_equal(endpoint("10.1.0.3").view[0].identity,
			 client.view[0].identity);
}

/* As when the kernel has no memory for an entry. */
static void policies_that_cannot_be_written_leave_all_as_it_was(void **state)
{
	const struct inputs in = {&config, &model, &facts, &endpoints, &ids};

	(void)state;
	cluster(CLUSTER SMALL);
	compute();
	write_maps();
	cluster(CLUSTER SMALL LARGE);
	compute();
	policies_refuse(&policies, "no memory");
	desired_compute(&in, &desired);
	policies_join(&in, &found, &policies, &desired);
	assert_true(desired.keep_policy);
	assert_true(has_problem("no memory; what was in force stays"));
	assert_int_equal(endpoint("10.1.0.3").view[0].flags, 0);
	assert_int_equal(endpoint("10.1.0.2").view[0].flags,
			 FL_ENDPOINT_INGRESS);
}

static void what_is_kept_goes_with_its_node(void **state)
{
	(void)state;
	cluster(CLUSTER POLICY("p", SELECTS("web") ", " BLOCK("192.0.2.0/24"))
			SMALL);
	compute();
	write_maps();
	found.max_entries = 1;
	cluster(NODE("a", "10.1.0.0/24", "10.0.0.11", "") NODE(
		"c", "10.3.0.0/24", "10.0.0.13", "") PODS SMALL LARGE);
	compute();
	assert_true(desired.keep_policy);
	assert_false(has_route("10.2.0.2"));
	assert_true(has_route("192.0.2.0/24"));
	assert_int_equal(route("10.3.0.0/24").identity[0], FL_IDENTITY_UNKNOWN);
}

/* ---- not all is known ----------------------------------------------- */

static void a_model_with_holes_opens_nothing(void **state)
{
	(void)state;
	cluster(CLUSTER SMALL);
	compute();
	write_maps();
	/* The next agent, with a file that it cannot read. */
	policies_free(&policies);
	found.synced = false;
	cluster(CLUSTER);
	compute();
	assert_true(desired.keep_policy);
	assert_int_equal(endpoint("10.1.0.2").view[0].flags,
			 FL_ENDPOINT_INGRESS);
	assert_int_equal(desired.config.flags[0], FL_CONFIG_PENDING_DENY);
	assert_int_equal(desired.node.default_verdict, DEFAULT_DENY);
	found.synced = true;
	compute();
	assert_false(desired.keep_policy);
	assert_int_equal(endpoint("10.1.0.2").view[0].flags, 0);
	assert_int_equal(desired.config.flags[0], 0);
}

static void a_model_with_holes_may_close(void **state)
{
	(void)state;
	found.synced = false;
	cluster(CLUSTER SMALL);
	compute();
	assert_false(desired.keep_policy);
	assert_int_equal(endpoint("10.1.0.2").view[0].flags,
			 FL_ENDPOINT_INGRESS);
}

static void without_maps_to_write_flags_stay_as_they_are(void **state)
{
	(void)state;
	found.missing = "there is no Node a";
	cluster(CLUSTER SMALL);
	compute();
	assert_true(desired.keep_policy);
	assert_int_equal(endpoint("10.1.0.2").view[0].flags,
			 FL_ENDPOINT_PENDING);
}

/* ---- for people ----------------------------------------------------- */

static void invalid_policies_are_counted_and_deny(void **state)
{
	(void)state;
	cluster(CLUSTER POLICY("p", SELECTS("web") ", " BLOCK("10.0.0.300/8")));
	compute();
	assert_int_equal(policies.n, 1);
	assert_int_equal(policies.n_invalid, 1);
	assert_int_equal(policies.n_problems, 1); /* what it is, not that */
	assert_int_equal(endpoint("10.1.0.2").view[0].flags,
			 FL_ENDPOINT_INGRESS);
	assert_int_equal(desired.policy.n, 0);
}

static const char *text_of(const cJSON *list, int i, const char *key)
{
	return cJSON_GetStringValue(
		cJSON_GetObjectItem(cJSON_GetArrayItem(list, i), key));
}

static void the_file_says_what_the_numbers_mean(void **state)
{
	cJSON *file, *list, *item;
	char *text;

	(void)state;
	cluster(CLUSTER SMALL);
	compute();
	write_maps();
	text = policy_file_format(&policies, &endpoints, 7);
	file = cJSON_Parse(text);
	assert_non_null(file);
	assert_int_equal(
		cJSON_GetNumberValue(cJSON_GetObjectItem(file, "epoch")), 7);
	list = cJSON_GetObjectItem(file, "policies");
	assert_int_equal(cJSON_GetArraySize(list), 1);
	assert_string_equal(text_of(list, 0, "name"), "small");
	assert_string_equal(text_of(list, 0, "tier"), "NetworkPolicy");
	item = cJSON_GetObjectItem(cJSON_GetArrayItem(list, 0), "selects");
	assert_string_equal(cJSON_GetStringValue(cJSON_GetArrayItem(item, 0)),
			    "default/web");
	list = cJSON_GetObjectItem(file, "rules");
	assert_string_equal(text_of(list, 0, "text"),
			    "default/small, ingress rule 1");
	assert_string_equal(text_of(list, 0, "policy"), "default/small");
	list = cJSON_GetObjectItem(file, "identities");
	assert_int_equal(cJSON_GetArraySize(list), 1);
	assert_non_null(strstr(text_of(list, 0, "text"), "app=client"));
	list = cJSON_GetObjectItem(file, "groups");
	item = cJSON_GetObjectItem(cJSON_GetArrayItem(list, 0), "endpoints");
	assert_string_equal(cJSON_GetStringValue(cJSON_GetArrayItem(item, 0)),
			    "default/web");
	cJSON_Delete(file);
	cJSON_free(text);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(without_policies_all_is_as_if_there_could_be_none),
		TEST(who_is_selected_is_governed_and_nobody_else),
		TEST(a_pod_that_nobody_told_of_waits),
		TEST(without_policies_nobody_waits),
		TEST(a_pod_is_found_by_what_is_known_of_it),
		TEST(audit_is_for_a_pod_or_for_all_of_the_node),
		TEST(a_pod_of_another_node_is_told_apart_and_stays_there),
		TEST(a_range_of_the_world_is_no_nodes),
		TEST(a_range_covers_nodes_ranges_and_pods),
		TEST(nodes_are_told_apart_by_their_labels),
		TEST(policies_without_room_leave_all_as_it_was),
		TEST(policies_that_cannot_be_written_leave_all_as_it_was),
		TEST(what_is_kept_goes_with_its_node),
		TEST(a_model_with_holes_opens_nothing),
		TEST(a_model_with_holes_may_close),
		TEST(without_maps_to_write_flags_stay_as_they_are),
		TEST(invalid_policies_are_counted_and_deny),
		TEST(the_file_says_what_the_numbers_mean),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
