/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <errno.h>
#include <string.h>

#include "../../ctl/metric.h"
#include "../../ctl/route.h"
#include "../../ctl/status.h"
#include "../../lib/cleanup.h"

static struct fl_addr addr(const char *text)
{
	struct fl_addr a;

	assert_int_equal(addr_parse(text, &a), 0);
	return a;
}

/* ---- endpoints ------------------------------------------------------- */

static struct endpoint_entry entry(const char *text, unsigned int ifindex,
				   unsigned int flags)
{
	return (struct endpoint_entry){
		.addr = addr(text),
		.value = {.ifindex = ifindex, .view = {{.flags = flags}}}};
}

static void add_pod(struct endpoints *eps, const char *name,
		    unsigned int ifindex, const char *v4, const char *v6)
{
	struct endpoint_record r = {.ifindex = ifindex, .n_addrs = 2};

	strcpy(r.pod_namespace, "default");
	strcpy(r.pod_name, name);
	r.addrs[0] = addr(v4);
	r.addrs[1] = addr(v6);
	eps->pods.list = realloc(eps->pods.list, (eps->pods.n + 1) * sizeof(r));
	eps->pods.list[eps->pods.n++] = r;
}

static void one_endpoint_is_one_line_with_all_its_addresses(void **state)
{
	__cleanup(endpoint_list_free) struct endpoints eps = {0};
	const struct endpoint_entry entries[] = {
		entry("10.1.0.5", 7, 0),
		entry("fd00:1::5", 7, 0),
	};
	char buf[ENDPOINT_ADDRS_LEN];

	(void)state;
	add_pod(&eps, "web-0", 7, "10.1.0.5", "fd00:1::5");
	endpoint_list_join(&eps, entries, 2, 0);
	assert_int_equal(eps.n, 1);
	assert_int_equal(eps.list[0].faults, 0);
	assert_string_equal(endpoint_addrs(&eps.list[0], buf),
			    "10.1.0.5,fd00:1::5");
}

static void what_files_and_map_do_not_agree_on_is_named(void **state)
{
	__cleanup(endpoint_list_free) struct endpoints eps = {0};
	const struct endpoint_entry entries[] = {
		entry("10.1.0.5", 7, FL_ENDPOINT_PENDING),
		entry("10.1.0.6", 8, 0), /* its other address is missing */
		entry("10.1.0.8", 9, 0), /* nobody's */
	};
	char buf[ENDPOINT_FAULTS_LEN];

	(void)state;
	add_pod(&eps, "web-1", 8, "10.1.0.6", "fd00:1::6");
	add_pod(&eps, "web-2", 10, "10.1.0.7", "fd00:1::7");
	endpoint_list_join(&eps, entries, 3, 0);
	assert_int_equal(eps.n, 4);
	assert_string_equal(endpoint_faults(eps.list[0].faults, buf),
			    "pending,no-record");
	assert_string_equal(endpoint_faults(eps.list[1].faults, buf),
			    "not-in-map");
	assert_string_equal(endpoint_faults(eps.list[2].faults, buf),
			    "no-record");
	assert_string_equal(endpoint_faults(eps.list[3].faults, buf),
			    "not-in-map");
	assert_string_equal(endpoint_faults(0, buf), "ok");
}

static void an_address_that_moved_belongs_to_its_new_device(void **state)
{
	__cleanup(endpoint_list_free) struct endpoints eps = {0};
	const struct endpoint_entry entries[] = {
		entry("10.1.0.5", 8, 0),
		entry("fd00:1::5", 8, 0),
	};

	(void)state;
	add_pod(&eps, "web-0", 7, "10.1.0.5", "fd00:1::5");
	endpoint_list_join(&eps, entries, 2, 0);
	assert_int_equal(eps.n, 2);
	assert_int_equal(eps.list[0].faults, ENDPOINT_NOT_IN_MAP);
	assert_int_equal(eps.list[1].faults, ENDPOINT_NO_RECORD);
	assert_int_equal(eps.list[1].n_addrs, 2);
}

/* ---- routes ---------------------------------------------------------- */

static struct fl_prefix prefix(const char *text)
{
	struct fl_prefix p;

	assert_int_equal(prefix_parse(text, true, &p), 0);
	return p;
}

static void add_route(struct routes *r, const char *text, unsigned int flags)
{
	struct fl_prefix p = prefix(text);
	struct fl_route route = {.flags = flags};

	routes_add(r, &p, &route);
}

static void exclude(struct routes *r, const char *text)
{
	struct fl_prefix p = prefix(text);

	routes_add(r, &p, NULL);
}

static void the_longest_prefix_decides(void **state)
{
	__cleanup(routes_free) struct routes r = {0};
	struct fl_addr a = addr("10.1.0.1"), b = addr("10.1.0.9"),
		       w = addr("192.0.2.1"), v6 = addr("fd00::1");

	(void)state;
	add_route(&r, "10.1.0.0/16", FL_ROUTE_POD_CIDR);
	add_route(&r, "10.1.0.1/32", FL_ROUTE_NODE);
	add_route(&r, "fd00::/64", FL_ROUTE_POD_CIDR | FL_ROUTE_LOCAL);
	routes_sort(&r);
	assert_string_equal(route_what(routes_lookup(&r, &a)), "node");
	assert_string_equal(route_what(routes_lookup(&r, &b)), "pods");
	assert_int_equal(routes_lookup(&r, &v6)->prefix.prefix_len, 64);
	assert_null(routes_lookup(&r, &w));
}

static void an_exclusion_covers_what_lies_within(void **state)
{
	__cleanup(routes_free) struct routes r = {0};

	(void)state;
	add_route(&r, "10.1.0.0/24", FL_ROUTE_POD_CIDR);
	add_route(&r, "10.2.0.0/24", FL_ROUTE_POD_CIDR);
	add_route(&r, "10.3.0.0/24", FL_ROUTE_POD_CIDR);
	exclude(&r, "10.1.0.0/24");
	exclude(&r, "10.2.0.0/16");
	exclude(&r, "10.3.0.0/25");
	routes_sort(&r);
	assert_int_equal(r.n, 5);
	assert_false(routes_masquerades(&r, &r.list[0])); /* itself */
	assert_string_equal(route_what(&r.list[1]), "excluded");
	assert_false(routes_masquerades(&r, &r.list[2])); /* within */
	assert_true(routes_masquerades(&r, &r.list[3]));  /* only a part */
}

static void add_node(struct routes *r, const char *text, unsigned int node,
		     unsigned int flags)
{
	struct fl_prefix p = prefix(text);
	struct fl_route route = {.node_id = node, .flags = flags};

	routes_add(r, &p, &route);
}

static void a_node_with_many_prefixes_is_one_node(void **state)
{
	__cleanup(routes_free) struct routes r = {0};

	(void)state;
	add_node(&r, "10.1.0.0/24", 1, FL_ROUTE_POD_CIDR | FL_ROUTE_LOCAL);
	assert_int_equal(routes_other_nodes(&r), 0);
	add_node(&r, "10.2.0.0/24", 2, FL_ROUTE_POD_CIDR);
	add_node(&r, "10.3.0.0/24", 3, FL_ROUTE_POD_CIDR);
	add_node(&r, "192.0.2.2/32", 2, FL_ROUTE_NODE);
	exclude(&r, "172.16.0.0/12");
	assert_int_equal(routes_other_nodes(&r), 2);
}

/* ---- the agent's word ------------------------------------------------ */

static void assert_agent_line(const char *json, const char *wanted)
{
	cJSON *answer = cJSON_Parse(json);
	char line[256];

	agent_line(answer, line, sizeof(line));
	cJSON_Delete(answer);
	assert_string_equal(line, wanted);
}

static void the_agents_answer_is_one_line(void **state)
{
	(void)state;
	assert_agent_line("{\"ready\":true,"
			  "\"sources\":[{\"name\":\"cluster-dir\","
			  "\"synced\":true}],"
			  "\"objects\":{\"nodes\":2,\"pods\":5},"
			  "\"reconcile\":{\"secondsAgo\":3.2}}",
			  "ready, cluster-dir synced, knows 2 nodes, 5 pods, "
			  "last pass 3s ago");
}

static void an_answer_of_another_version_does_no_harm(void **state)
{
	(void)state;
	assert_agent_line("{}", "not ready");
	assert_agent_line("[]", "not ready");
	assert_agent_line("{\"ready\":1,\"sources\":7,\"objects\":[],"
			  "\"reconcile\":{\"secondsAgo\":\"x\"}}",
			  "not ready");
	assert_agent_line("{\"ready\":true,\"sources\":[1,{}]}",
			  "ready,  not synced,  not synced");
}

static void an_api_server_has_two_lines(void **state)
{
	cJSON *answer = cJSON_Parse(
		"{\"sources\":[{\"name\":\"kubernetes\","
		"\"server\":\"https://[fd00::1]:443\",\"connected\":true,"
		"\"connectedSeconds\":7300,\"lastEventSecondsAgo\":12.4,"
		"\"httpVersion\":\"2\",\"resources\":["
		"{\"name\":\"nodes\",\"phase\":\"watching\",\"objects\":31,"
		"\"resyncs\":1,\"errors\":2},"
		"{\"name\":\"pods\",\"phase\":\"waiting\",\"objects\":804,"
		"\"errors\":3},"
		"{\"name\":\"clusternetworkpolicies\",\"phase\":\"absent\","
		"\"objects\":0},"
		"{\"name\":\"services\",\"phase\":\"watching\"}]}]}");
	char line[512] = "";

	(void)state;
	assert_true(agent_server_line(answer, line, sizeof(line)));
	assert_string_equal(line, "https://[fd00::1]:443, connected for 2h01m, "
				  "HTTP/2, last event 12s ago");
	agent_objects_line(answer, line, sizeof(line));
	assert_string_equal(line,
			    "nodes 31, pods 804 waiting, "
			    "clusternetworkpolicies absent, services followed, "
			    "1 resyncs, 5 errors");
	cJSON_Delete(answer);
}

static void a_server_out_of_reach_is_not_connected(void **state)
{
	cJSON *answer = cJSON_Parse("{\"sources\":[{\"server\":\"https://x\","
				    "\"connected\":false}]}");
	cJSON *none = cJSON_Parse("{\"sources\":[{\"name\":\"x\"},3]}");
	char line[64] = "";

	(void)state;
	assert_true(agent_server_line(answer, line, sizeof(line)));
	assert_string_equal(line, "https://x, not connected");
	assert_false(agent_server_line(none, line, sizeof(line)));
	assert_false(agent_server_line(NULL, line, sizeof(line)));
	cJSON_Delete(answer);
	cJSON_Delete(none);
}

static void the_agents_problems_are_the_nodes(void **state)
{
	cJSON *answer = cJSON_Parse(
		"{\"ready\":false,\"reason\":\"no Node of this name\","
		"\"objects\":{\"notEnforcedYet\":3},"
		"\"problems\":[\"p.yaml:9: spec.x: bad\",\"a.yaml:3: x\","
		"\"b\",\"c\",\"d\"],\"problemsInAll\":71}");
	const char *said = "spec.x: bad"; /* of a policy, in the rulebook */
	struct rulebook_policy bad = {.problems = &said, .n_problems = 1};
	struct rulebook rules = {.policies = &bad, .n_policies = 1};
	struct findings f = {0};

	(void)state;
	agent_judge(answer, &rules, &f);
	cJSON_Delete(answer);
	assert_int_equal(f.n, 6);
	assert_int_equal(f.problems, 5);
	assert_string_equal(f.list[0].text,
			    "the agent is not ready: no Node of this name");
	assert_string_equal(f.list[1].text, "the agent says: a.yaml:3: x");
	assert_string_equal(f.list[4].text, "the agent has 67 more problems");
	assert_int_equal(f.list[5].level, WARN);
}

/* ---- drops ----------------------------------------------------------- */

static void what_is_dropped_now_comes_first(void **state)
{
	static struct metrics before, now;
	static struct drop_view drops[DROPS_MAX];

	(void)state;
	before.time_ns = 1000000000ULL;
	now.time_ns = 3000000000ULL;
	before.of[FL_HOOK_FROM_POD][FL_DROP_ND].packets = 1000;
	now.of[FL_HOOK_FROM_POD][FL_DROP_ND].packets = 1000;
	before.of[FL_HOOK_TO_POD][FL_DROP_POLICY].packets = 10;
	now.of[FL_HOOK_TO_POD][FL_DROP_POLICY] = (struct fl_metric){15, 1500};
	now.of[FL_HOOK_TO_POD][FL_PASS_LOCAL].packets = 99;
	assert_int_equal(drops_compare(&before, &now, drops), 2);
	assert_int_equal(drops[0].reason, FL_DROP_POLICY);
	assert_true(drops[0].per_second == 2.5);
	assert_int_equal(drops[0].bytes, 1500);
	assert_int_equal(drops[1].reason, FL_DROP_ND);
	assert_true(drops[1].per_second == 0);
}

static void counts_that_shrink_are_no_rate(void **state)
{
	static struct metrics before, now;
	static struct drop_view drops[DROPS_MAX];

	(void)state;
	now.time_ns = 1000000000ULL;
	before.of[0][FL_DROP_ND].packets = 1000;
	now.of[0][FL_DROP_ND].packets = 3; /* loaded anew */
	assert_int_equal(drops_compare(&before, &now, drops), 1);
	assert_true(drops[0].per_second == 0);
}

/* ---- judging --------------------------------------------------------- */

static struct route_view any_route = {.is_route = true};

/* A node that nothing is wrong with. */
static struct status fine(void)
{
	static cJSON *ready;
	struct status s = {
		.bpf_root = "/sys/fs/bpf/fairlead",
		.state_dir = "/run/fairlead",
		.loaded = true,
		.node = {.name = "node-a", .bpf_root = "/sys/fs/bpf/fairlead"},
		.devices = {{.name = "fl_vxlan",
			     .ifindex = 3,
			     .role = ATTACH_OVERLAY,
			     .expected_attached = true,
			     .exists = true,
			     .up = true,
			     .attached = true},
			    {.name = "fl_host",
			     .ifindex = 4,
			     .role = ATTACH_POD,
			     .exists = true,
			     .up = true},
			    {.name = "eth0",
			     .ifindex = 2,
			     .role = ATTACH_UPLINK,
			     .expected_attached = true,
			     .exists = true,
			     .up = true,
			     .attached = true}},
		.n_devices = 3,
		.routes = {.list = &any_route, .n = 1},
		.agent = AGENT_ANSWERS,
	};

	if (!ready)
		ready = cJSON_Parse("{\"ok\":true,\"ready\":true}");
	s.answer = ready;
	for (int h = 0; h < FL_HOOK_MAX; h++)
		s.hooks[h] = true;
	return s;
}

/* The findings are exactly this one. */
static void assert_finds(const struct status *s, enum style level,
			 const char *text)
{
	struct findings f;

	status_judge(s, &f);
	assert_int_equal(f.n, 1);
	assert_int_equal(f.problems, level == BAD);
	assert_int_equal(f.list[0].level, level);
	if (!strstr(f.list[0].text, text))
		fail_msg("\"%s\" lacks \"%s\"", f.list[0].text, text);
	assert_true(strlen(f.list[0].advice) > 10);
}

static void a_node_with_nothing_wrong_is_fine(void **state)
{
	struct status s = fine();
	struct findings f;

	(void)state;
	status_judge(&s, &f);
	assert_int_equal(f.n, 0);
	assert_int_equal(f.problems, 0);
}

static void each_fault_of_the_datapath_is_found(void **state)
{
	struct status s = fine();

	(void)state;
	s.hooks[FL_HOOK_FROM_POD] = false;
	assert_finds(&s, BAD, "no program runs at from_pod");
	s = fine();
	s.devices[0].attached = false;
	assert_finds(&s, BAD,
		     "our programs are not on overlay device fl_vxlan");
	s = fine();
	s.devices[1].up = false;
	assert_finds(&s, BAD, "host device fl_host is down");
	s = fine();
	s.devices[2].exists = false;
	assert_finds(&s, BAD, "there is no uplink: no device has number 2");
	s = fine();
	s.n_devices = 2;
	assert_finds(&s, WARN, "no uplink");
	s = fine();
	s.routes.n = 0;
	assert_finds(&s, BAD, "no routes");
}

static void in_another_namespace_only_that_is_said(void **state)
{
	struct status s = fine();

	(void)state;
	s.devices[0].exists = false;
	assert_finds(&s, BAD, "there is no overlay device");
	s.devices[1].exists = false;
	s.devices[2].exists = false;
	assert_finds(&s, BAD, "the devices of this node are not here");
}

static void a_full_hash_is_found_and_a_full_lru_is_not(void **state)
{
	struct status s = fine();
	struct findings f;

	(void)state;
	s.n_maps = 1;
	s.maps[0] = (struct map_usage){.name = "fl_endpoints",
				       .type = "hash",
				       .entries = 900,
				       .max_entries = 1000};
	assert_finds(&s, WARN, "fl_endpoints is nearly full: 900 of 1000");
	s.maps[0].entries = 899;
	status_judge(&s, &f);
	assert_int_equal(f.n, 0);
	strcpy(s.maps[0].type, "lru_hash");
	s.maps[0].entries = 1000;
	status_judge(&s, &f);
	assert_int_equal(f.n, 0);
}

static void the_agent_and_its_file_are_judged(void **state)
{
	struct status s = fine();

	(void)state;
	s.agent = AGENT_ABSENT;
	assert_finds(&s, BAD, "the agent is not running");
	s.agent = AGENT_SILENT;
	assert_finds(&s, BAD, "does not answer");
	s = fine();
	s.answer = NULL;
	assert_finds(&s, BAD, "the agent is not ready");
	s = fine();
	s.node_error = -ENOENT;
	assert_finds(&s, WARN, "there is no /run/fairlead/node.json");
	s = fine();
	s.node_error = -EINVAL;
	strcpy(s.node_why, "node.json: unknown key mtv");
	assert_finds(&s, BAD, "unknown key mtv");
	s = fine();
	s.bpf_root = "/sys/fs/bpf/other";
	assert_finds(&s, WARN, "node.json is of the BPF root");
}

static void many_broken_endpoints_do_not_flood_the_screen(void **state)
{
	struct status s = fine();
	struct endpoint_view views[40] = {0};
	struct findings f;

	(void)state;
	for (int i = 0; i < 40; i++) {
		views[i].ifindex = 10 + i;
		views[i].faults = ENDPOINT_IS_DETACHED;
	}
	s.endpoints.list = views;
	s.endpoints.n = 40;
	status_judge(&s, &f);
	assert_int_equal(f.n, 4);
	assert_string_equal(f.list[0].text, "endpoint 10 is detached");
	assert_string_equal(f.list[3].text, "37 more endpoints are in trouble");
}

static void what_is_not_loaded_is_said_once(void **state)
{
	struct status s = fine();

	(void)state;
	s.loaded = false;
	s.n_devices = 0;
	s.routes.n = 0;
	memset(s.hooks, 0, sizeof(s.hooks));
	assert_finds(&s, BAD, "the datapath is not loaded");
}

/* ---- who has how much of the flow table -------------------------------- */

static void account(struct flow_accounts *all, unsigned int ifindex,
		    unsigned int kind, unsigned long long connections)
{
	struct fl_account_key key = {ifindex, kind};
	struct fl_account a = {.connections = connections, .size = 1000};

	flow_accounts_add(all, &key, &a);
}

static void the_largest_accounts_come_first_and_the_crowded_are_marked(void **s)
{
	struct flow_accounts all = {0};

	(void)s;
	account(&all, 0, FL_ACCOUNT_TOTAL, 700);
	for (unsigned int i = 0; i < 2 * FLOW_ACCOUNTS_MAX; i++)
		account(&all, 10 + i, FL_ACCOUNT_OUT, i);
	account(&all, 7, FL_ACCOUNT_OUT, 560);
	account(&all, 7, FL_ACCOUNT_IN, 290);
	flow_accounts_judge(&all);
	assert_int_equal(all.n, FLOW_ACCOUNTS_MAX);
	assert_int_equal(all.connections, 700);
	assert_int_equal(all.list[0].connections, 560);
	assert_int_equal(all.list[1].connections, 290);
	assert_int_equal(all.list[2].connections, 2 * FLOW_ACCOUNTS_MAX - 1);
	assert_true(all.list[0].crowded); /* 300 are free: it may have 600 */
	assert_false(all.list[1].crowded);
}

static void an_account_has_a_name(void **s)
{
	__cleanup(endpoint_list_free) struct endpoints eps = {0};
	const struct endpoint_entry e = entry("10.1.0.5", 7, 0);
	struct flow_account a = {.key = {7, FL_ACCOUNT_OUT}};
	char buf[FLOW_ACCOUNT_LEN];

	(void)s;
	add_pod(&eps, "web-0", 7, "10.1.0.5", "fd00:1::5");
	endpoint_list_join(&eps, &e, 1, 0);
	assert_string_equal(flow_account_name(&a, &eps, buf),
			    "pod default/web-0");
	a.key.kind = FL_ACCOUNT_IN;
	assert_string_equal(flow_account_name(&a, &eps, buf),
			    "others' connections to pod default/web-0");
	a.key = (struct fl_account_key){0, FL_ACCOUNT_IN};
	assert_string_equal(flow_account_name(&a, &eps, buf),
			    "others' connections to the host");
	a.key.kind = FL_ACCOUNT_HOST;
	assert_string_equal(flow_account_name(&a, &eps, buf), "the host");
	a.key = (struct fl_account_key){9, FL_ACCOUNT_OUT};
	assert_string_equal(flow_account_name(&a, &eps, buf), "device 9");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
			the_largest_accounts_come_first_and_the_crowded_are_marked),
		cmocka_unit_test(an_account_has_a_name),
		cmocka_unit_test(
			one_endpoint_is_one_line_with_all_its_addresses),
		cmocka_unit_test(what_files_and_map_do_not_agree_on_is_named),
		cmocka_unit_test(
			an_address_that_moved_belongs_to_its_new_device),
		cmocka_unit_test(the_longest_prefix_decides),
		cmocka_unit_test(an_exclusion_covers_what_lies_within),
		cmocka_unit_test(a_node_with_many_prefixes_is_one_node),
		cmocka_unit_test(the_agents_answer_is_one_line),
		cmocka_unit_test(an_answer_of_another_version_does_no_harm),
		cmocka_unit_test(an_api_server_has_two_lines),
		cmocka_unit_test(a_server_out_of_reach_is_not_connected),
		cmocka_unit_test(the_agents_problems_are_the_nodes),
		cmocka_unit_test(what_is_dropped_now_comes_first),
		cmocka_unit_test(counts_that_shrink_are_no_rate),
		cmocka_unit_test(a_node_with_nothing_wrong_is_fine),
		cmocka_unit_test(each_fault_of_the_datapath_is_found),
		cmocka_unit_test(in_another_namespace_only_that_is_said),
		cmocka_unit_test(a_full_hash_is_found_and_a_full_lru_is_not),
		cmocka_unit_test(the_agent_and_its_file_are_judged),
		cmocka_unit_test(many_broken_endpoints_do_not_flood_the_screen),
		cmocka_unit_test(what_is_not_loaded_is_said_once),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
