/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <arpa/inet.h>
#include <netinet/in.h>
#include <string.h>

#include "../../ctl/event.h"
#include "../../ctl/filter.h"
#include "../../lib/addr.h"
#include "../../lib/cleanup.h"

/* No device has this number, so no device's name depends on the machine. */
#define IFINDEX 2000000007

static struct endpoint_record web = {
	.pod_namespace = "default",
	.pod_name = "web-0",
	.ifindex = IFINDEX,
};
static const struct pods nobody;
static const struct rulebook no_rules;
static const struct pods one_pod = {.list = &web, .n = 1};

static struct fl_tuple tuple(const char *src, unsigned int sport,
			     const char *dst, unsigned int dport, __u8 proto)
{
	struct fl_tuple t = {
		.sport = htons(sport), .dport = htons(dport), .proto = proto};

	assert_int_equal(addr_parse(src, &t.saddr), 0);
	assert_int_equal(addr_parse(dst, &t.daddr), 0);
	return t;
}

static struct fl_event drop(struct fl_tuple t)
{
	return (struct fl_event){.type = FL_EVENT_DROP,
				 .hook = FL_HOOK_FROM_POD,
				 .reason = FL_DROP_SPOOFED_ADDR,
				 .ifindex = IFINDEX,
				 .packets = 1,
				 .bytes = 74,
				 .tuple = t};
}

static void assert_line_by(const struct fl_event *ev, const struct pods *pods,
			   const struct rulebook *rules, const char *wanted)
{
	__cleanup(mem_free) char *text = NULL;
	struct look look = {0};
	size_t len;
	FILE *out = open_memstream(&text, &len);

	event_line(ev, pods, rules, &look, out);
	fclose(out);
	assert_string_equal(text, wanted);
}

static void assert_line(const struct fl_event *ev, const struct pods *pods,
			const char *wanted)
{
	assert_line_by(ev, pods, &no_rules, wanted);
}

static void a_drop_says_who_why_and_where(void **state)
{
	struct fl_event ev =
		drop(tuple("10.1.0.5", 43210, "10.1.0.9", 80, IPPROTO_TCP));

	(void)state;
	assert_line(&ev, &nobody,
		    "drop  10.1.0.5:43210 -> 10.1.0.9:80 tcp  spoofed source "
		    "address  endpoint 2000000007");
	assert_line(&ev, &one_pod,
		    "drop  10.1.0.5:43210 -> 10.1.0.9:80 tcp  spoofed source "
		    "address  endpoint 2000000007 default/web-0");
}

static void ipv6_reads_the_same(void **state)
{
	struct fl_event ev =
		drop(tuple("fd00:1::5", 43210, "fd00:1::9", 80, IPPROTO_UDP));

	(void)state;
	ev.reason = FL_DROP_POLICY;
	ev.hook = FL_HOOK_FROM_OVERLAY;
	assert_line(&ev, &one_pod,
		    "drop  [fd00:1::5]:43210 -> [fd00:1::9]:80 udp  denied by "
		    "policy  overlay");
}

static const struct rulebook_rule one_rule = {
	.number = 7, .text = "default/deny, ingress rule 2"};
static const struct rulebook rules = {
	.rules = (struct rulebook_rule *)&one_rule, .n_rules = 1};

static struct fl_event denied(__u32 rule)
{
	struct fl_event ev =
		drop(tuple("10.1.0.9", 43210, "10.1.0.5", 80, IPPROTO_TCP));

	ev.reason = FL_DROP_POLICY;
	ev.ifindex = IFINDEX + 1;
	ev.policy_ifindex = IFINDEX;
	ev.direction = FL_INGRESS;
	ev.verdict = FL_DENY;
	ev.rule = rule;
	return ev;
}

static void a_drop_by_policy_names_the_rule_and_whose_it_is(void **state)
{
	struct fl_event ev = denied(7);

	(void)state;
	assert_line_by(&ev, &one_pod, &rules,
		       "drop  10.1.0.9:43210 -> 10.1.0.5:80 tcp  denied by "
		       "policy: default/deny, ingress rule 2, for "
		       "default/web-0  endpoint 2000000008");
	/* without policy.json, and without a record of the pod */
	assert_line(&ev, &nobody,
		    "drop  10.1.0.9:43210 -> 10.1.0.5:80 tcp  denied by "
		    "policy: rule 7, for endpoint 2000000007  endpoint "
		    "2000000008");
}

static void a_drop_by_no_rule_says_that_none_allowed_it(void **state)
{
	struct fl_event ev = denied(0);

	(void)state;
	assert_line_by(&ev, &one_pod, &rules,
		       "drop  10.1.0.9:43210 -> 10.1.0.5:80 tcp  denied by "
		       "policy: no ingress rule of default/web-0 allows it  "
		       "endpoint 2000000008");
	ev.direction = FL_EGRESS;
	assert_line_by(&ev, &one_pod, &rules,
		       "drop  10.1.0.9:43210 -> 10.1.0.5:80 tcp  denied by "
		       "policy: no egress rule of default/web-0 allows it  "
		       "endpoint 2000000008");
}

static void an_audited_verdict_says_that_it_would_drop(void **state)
{
	struct fl_event ev = denied(7);

	(void)state;
	ev.type = FL_EVENT_VERDICT;
	assert_line_by(&ev, &one_pod, &rules,
		       "would drop  10.1.0.9:43210 -> 10.1.0.5:80 tcp  denied "
		       "by policy: default/deny, ingress rule 2, for "
		       "default/web-0  endpoint 2000000008");
}

static void json_of_a_drop_by_policy_has_all_of_it(void **state)
{
	struct fl_event ev = denied(7);
	cJSON *doc = event_doc(&ev, &one_pod, &rules, 0);
	cJSON *policy = cJSON_GetObjectItem(doc, "policy");
	char *text = cJSON_PrintUnformatted(policy);

	(void)state;
	assert_string_equal(
		text,
		"{\"pod\":\"default/web-0\",\"endpoint\":2000000007,"
		"\"direction\":\"ingress\",\"verdict\":\"deny\",\"rule\":7,"
		"\"ruleText\":\"default/deny, ingress rule 2\","
		"\"meaning\":\"default/deny, ingress rule 2, for "
		"default/web-0\"}");
	free(text);
	cJSON_Delete(doc);
	ev.policy_ifindex = 0; /* another reason: nobody's policy */
	doc = event_doc(&ev, &one_pod, &rules, 0);
	assert_null(cJSON_GetObjectItem(doc, "policy"));
	cJSON_Delete(doc);
}

static void without_addresses_none_are_shown(void **state)
{
	struct fl_event ev = drop((struct fl_tuple){0});

	(void)state;
	ev.reason = FL_DROP_ARP;
	assert_line(&ev, &nobody,
		    "drop  ARP for something other than the gateway  endpoint "
		    "2000000007");
}

static void a_reason_of_a_newer_datapath_is_a_question_mark(void **state)
{
	struct fl_event ev =
		drop(tuple("10.1.0.5", 0, "10.1.0.9", 0, IPPROTO_ICMP));

	(void)state;
	ev.reason = 63;
	assert_line(&ev, &nobody,
		    "drop  10.1.0.5 -> 10.1.0.9 icmp  ?  endpoint 2000000007");
}

static struct fl_event begun(void)
{
	struct fl_event ev =
		drop(tuple("10.1.0.5", 1000, "198.51.100.7", 80, IPPROTO_TCP));

	ev.type = FL_EVENT_FLOW_NEW;
	ev.action = FL_ACTION_UPLINK;
	ev.to = tuple("192.0.2.1", 1024, "198.51.100.7", 80, IPPROTO_TCP);
	return ev;
}

static void a_new_connection_says_where_it_goes_and_as_what(void **state)
{
	struct fl_event ev = begun();

	(void)state;
	assert_line(
		&ev, &nobody,
		"new   10.1.0.5:1000 -> 198.51.100.7:80 tcp  by an uplink from "
		"192.0.2.1:1024  endpoint 2000000007");
	ev.to = ev.tuple;
	ev.action = FL_ACTION_LOCAL;
	assert_line(
		&ev, &nobody,
		"new   10.1.0.5:1000 -> 198.51.100.7:80 tcp  to a local pod  "
		"endpoint 2000000007");
}

static void an_ended_one_says_what_it_carried(void **state)
{
	struct fl_event ev = begun();

	(void)state;
	ev.type = FL_EVENT_FLOW_CLOSED;
	ev.packets = 12;
	ev.bytes = 840;
	ev.reply_packets = 10;
	ev.reply_bytes = 9120;
	assert_line(&ev, &nobody,
		    "end   10.1.0.5:1000 -> 198.51.100.7:80 tcp  12/10 packets "
		    "840/9120 bytes  endpoint 2000000007");
}

static void what_the_host_began_is_no_endpoint(void **state)
{
	struct fl_event ev = begun();

	(void)state;
	ev.type = FL_EVENT_FLOW_CLOSED;
	ev.hook = FL_HOOK_TO_POD;
	ev.ifindex = FL_ORIGIN_HOST;
	assert_line(&ev, &nobody,
		    "end   10.1.0.5:1000 -> 198.51.100.7:80 tcp  1/0 packets "
		    "74/0 bytes  this node");
}

static void a_name_with_control_characters_is_harmless(void **state)
{
	struct endpoint_record evil = {.pod_namespace = "a",
				       .pod_name = "b\033[2J\n",
				       .ifindex = IFINDEX};
	struct pods pods = {.list = &evil, .n = 1};
	struct fl_event ev = drop((struct fl_tuple){0});

	(void)state;
	ev.reason = FL_DROP_ARP;
	assert_line(&ev, &pods,
		    "drop  ARP for something other than the gateway  endpoint "
		    "2000000007 a/b?[2J?");
}

static void json_has_names_for_scripts(void **state)
{
	struct fl_event ev =
		drop(tuple("fd00:1::5", 43210, "fd00:1::9", 80, IPPROTO_TCP));
	cJSON *doc =
		event_doc(&ev, &one_pod, &no_rules, 1767225600123456789ULL);
	__cleanup(mem_free) char *text = cJSON_PrintUnformatted(doc);

	(void)state;
	cJSON_Delete(doc);
	assert_string_equal(
		text, "{\"time\":\"2026-01-01T00:00:00.123456Z\","
		      "\"type\":\"drop\",\"protocol\":\"tcp\","
		      "\"source\":{\"address\":\"fd00:1::5\",\"port\":43210},"
		      "\"destination\":{\"address\":\"fd00:1::9\",\"port\":80},"
		      "\"packets\":1,\"bytes\":74,"
		      "\"reason\":\"spoofed_address\","
		      "\"meaning\":\"spoofed source address\","
		      "\"sourceIdentity\":\"unknown\","
		      "\"destinationIdentity\":\"unknown\",\"rule\":0,"
		      "\"hook\":\"from_pod\",\"endpoint\":2000000007,"
		      "\"pod\":\"default/web-0\"}");
}

static void a_wanted_reason_hides_connections(void **state)
{
	struct filter f = FILTER_ALL;
	struct fl_event ev = begun();

	(void)state;
	f.reason = FL_DROP_SPOOFED_ADDR;
	assert_false(filter_event(&f, &nobody, &ev));
	ev.type = FL_EVENT_DROP;
	assert_true(filter_event(&f, &nobody, &ev));
	f.reason = FL_DROP_POLICY;
	assert_false(filter_event(&f, &nobody, &ev));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_drop_says_who_why_and_where),
		cmocka_unit_test(ipv6_reads_the_same),
		cmocka_unit_test(
			a_drop_by_policy_names_the_rule_and_whose_it_is),
		cmocka_unit_test(a_drop_by_no_rule_says_that_none_allowed_it),
		cmocka_unit_test(an_audited_verdict_says_that_it_would_drop),
		cmocka_unit_test(json_of_a_drop_by_policy_has_all_of_it),
		cmocka_unit_test(without_addresses_none_are_shown),
		cmocka_unit_test(
			a_reason_of_a_newer_datapath_is_a_question_mark),
		cmocka_unit_test(
			a_new_connection_says_where_it_goes_and_as_what),
		cmocka_unit_test(an_ended_one_says_what_it_carried),
		cmocka_unit_test(what_the_host_began_is_no_endpoint),
		cmocka_unit_test(a_name_with_control_characters_is_harmless),
		cmocka_unit_test(json_has_names_for_scripts),
		cmocka_unit_test(a_wanted_reason_hides_connections),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
