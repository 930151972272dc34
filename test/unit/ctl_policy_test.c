/* SPDX-License-Identifier: Apache-2.0 */
/* What `fairlead policy` and `fairlead trace` make of maps, of policy.json and
 * of what they are asked. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

#include "../../ctl/frame.h"
#include "../../ctl/verdict.h"
#include "../../lib/addr.h"
#include "../../lib/cleanup.h"

/* ---- entries -> rows ------------------------------------------------- */

/* bits: of the port; -1: any protocol. */
static struct verdict_entry entry(__u32 identity, __u8 proto, unsigned int port,
				  int bits, __u8 verdict, __u32 rule)
{
	return (struct verdict_entry){
		.key = {.prefix_len = bits < 0 ? FL_POLICY_BITS_ANY
					       : FL_POLICY_BITS_PROTO + bits,
			.policy_id = 1,
			.identity = identity,
			.direction = FL_INGRESS,
			.proto = proto,
			.port = htons(port)},
		.value = {.verdict = verdict, .rule = rule},
	};
}

static void assert_row(const struct verdict_list *v, size_t i, __u32 identity,
		       __u8 verdict, __u32 rule, const char *ports)
{
	assert_true(i < v->n);
	assert_int_equal(v->rows[i].identity, identity);
	assert_int_equal(v->rows[i].verdict, verdict);
	assert_int_equal(v->rows[i].rule, rule);
	assert_string_equal(v->rows[i].ports, ports);
}

static void prefixes_of_one_range_are_a_range_again(void **state)
{
	struct verdict_entry e[] = {
		entry(17, IPPROTO_TCP, 7002, 16, FL_ALLOW, 3),
		entry(17, IPPROTO_UDP, 53, 16, FL_ALLOW, 3),
		entry(17, IPPROTO_TCP, 7000, 15, FL_ALLOW, 3),
	};
	__cleanup(verdict_list_free) struct verdict_list v = {0};

	(void)state;
	verdict_list_make(e, 3, &v);
	assert_int_equal(v.n, 1);
	assert_row(&v, 0, 17, FL_ALLOW, 3, "tcp 7000-7002, udp 53");
	assert_true(verdict_list_end_in_deny(&v, FL_INGRESS));
}

static void the_longest_prefix_has_its_ports(void **state)
{
	struct verdict_entry e[] = {
		entry(17, IPPROTO_TCP, 80, 16, FL_DENY, 4),
		entry(17, IPPROTO_TCP, 0, 0, FL_ALLOW, 3),
	};
	__cleanup(verdict_list_free) struct verdict_list v = {0};

	(void)state;
	verdict_list_make(e, 2, &v);
	assert_int_equal(v.n, 2);
	assert_row(&v, 0, 17, FL_ALLOW, 3, "tcp 0-79, 81-65535");
	assert_row(&v, 1, 17, FL_DENY, 4, "tcp 80");
}

static void what_is_left_of_a_peer_is_any_other(void **state)
{
	struct verdict_entry e[] = {
		entry(FL_IDENTITY_ANY, 0, 0, -1, FL_ALLOW, 0),
		entry(17, 0, 0, -1, FL_DENY, 5),
		entry(17, IPPROTO_SCTP, 0, 0, FL_ALLOW, 3),
	};
	__cleanup(verdict_list_free) struct verdict_list v = {0};

	(void)state;
	verdict_list_make(e, 3, &v);
	assert_int_equal(v.n, 3);
	assert_row(&v, 0, 17, FL_ALLOW, 3, "sctp");
	assert_row(&v, 1, 17, FL_DENY, 5, "any other");
	assert_row(&v, 2, FL_IDENTITY_ANY, FL_ALLOW, 0, "any");
	assert_false(verdict_list_end_in_deny(&v, FL_INGRESS));
	assert_true(verdict_list_end_in_deny(&v, FL_EGRESS));
}

static void no_entries_are_no_rows(void **state)
{
	struct verdict_list v = {0};

	(void)state;
	verdict_list_make(NULL, 0, &v);
	assert_int_equal(v.n, 0);
	assert_true(verdict_list_end_in_deny(&v, FL_INGRESS));
}

/* ---- policy.json ----------------------------------------------------- */

static const char book_text[] =
	"{\"version\":1,\"epoch\":12,\"policies\":["
	"{\"kind\":\"NetworkPolicy\",\"namespace\":\"default\",\"name\":\"web\","
	"\"tier\":\"NetworkPolicy\",\"priority\":0,\"valid\":false,"
	"\"selects\":[\"default/b\",\"default/a\"],\"problems\":[\"spec.x: bad\"]},"
	"{\"kind\":\"ClusterNetworkPolicy\",\"namespace\":\"\","
	"\"name\":\"admin\",\"tier\":\"Admin\",\"priority\":5,\"valid\":true,"
	"\"selects\":[],\"problems\":[]}],"
	"\"rules\":["
	"{\"number\":9,\"policy\":\"admin\",\"kind\":\"ClusterNetworkPolicy\","
	"\"direction\":\"egress\",\"text\":\"nine\"},"
	"{\"number\":2,\"policy\":\"default/web\",\"kind\":\"NetworkPolicy\","
	"\"direction\":\"ingress\",\"text\":\"default/web, ingress rule 1\"}],"
	"\"identities\":[{\"number\":18,\"text\":\"b\"},"
	"{\"number\":17,\"text\":\"pods app=web\"}],"
	"\"groups\":[{\"policyID\":3,\"ingress\":true,\"egress\":false,"
	"\"policies\":[\"default/web\"],\"endpoints\":[\"default/a\"]}],"
	"\"problems\":[\"two of priority 5\"],\"stats\":{}}";

static void the_agents_file_names_numbers(void **state)
{
	__cleanup(rulebook_free) struct rulebook b = {0};
	char buf[RULE_TEXT_LEN];
	struct err e;

	(void)state;
	assert_int_equal(
		rulebook_parse("x", book_text, strlen(book_text), &b, &e), 0);
	assert_true(b.known);
	assert_int_equal(b.epoch, 12);
	assert_string_equal(rulebook_rule(&b, 2, buf),
			    "default/web, ingress rule 1");
	assert_string_equal(rulebook_rule(&b, 9, buf), "nine");
	assert_string_equal(rulebook_rule(&b, 3, buf), "rule 3");
	assert_string_equal(rulebook_identity(&b, 17, buf), "pods app=web");
	assert_string_equal(rulebook_identity(&b, 99, buf), "identity 99");
	assert_string_equal(rulebook_identity(&b, FL_IDENTITY_WORLD, buf),
			    "the world");
	assert_string_equal(b.policies[0].name, "default/web");
	assert_false(b.policies[0].valid);
	assert_int_equal(b.policies[0].n_rules, 1);
	assert_int_equal(b.policies[0].n_selects, 2);
	assert_string_equal(b.policies[0].selects[0], "default/a");
	assert_string_equal(b.policies[1].name, "admin");
	assert_string_equal(rulebook_group(&b, 3)->policies[0], "default/web");
	assert_null(rulebook_group(&b, 4));
	assert_string_equal(b.problems[0], "two of priority 5");
}

static void a_file_of_another_kind_does_no_harm(void **state)
{
	static const char *const texts[] = {
		"{",
		"[]",
		"{\"version\":2}",
		"{\"version\":\"1\"}",
	};
	static const char odd[] =
		"{\"version\":1,\"policies\":[7,{\"name\":[]}],\"rules\":{},"
		"\"identities\":[null],\"groups\":\"x\",\"problems\":[1]}";
	__cleanup(rulebook_free) struct rulebook b = {0};
	char buf[RULE_TEXT_LEN];
	struct err e;

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		assert_int_not_equal(
			rulebook_parse("x", texts[i], strlen(texts[i]), &b, &e),
			0);
		assert_false(b.known);
	}
	assert_int_equal(rulebook_parse("x", odd, strlen(odd), &b, &e), 0);
	assert_int_equal(b.n_problems, 0);
	assert_string_equal(rulebook_rule(&b, 1, buf), "rule 1");
}

static void a_missing_file_says_what_that_means(void **state)
{
	struct rulebook b;
	struct err e;

	(void)state;
	assert_int_equal(rulebook_read("/nonexistent", &b, &e), -ENOENT);
	assert_non_null(strstr(e.msg, "/nonexistent/policy.json"));
	assert_false(b.known);
	rulebook_free(&b);
}

/* ---- what is traced -------------------------------------------------- */

static void assert_target(const char *text, bool icmp, int proto,
			  unsigned int port)
{
	struct frame_target t = {0};
	struct err e;

	assert_int_equal(set_target(text, &t, &e), 0);
	assert_true(t.given);
	assert_int_equal(t.icmp, icmp);
	if (!icmp)
		assert_int_equal(t.proto, proto);
	assert_int_equal(t.port, port);
}

static void a_port_is_a_number_and_a_protocol(void **state)
{
	static const char *const wrong[] = {
		"",	"0/tcp", "65536/tcp", "80/", "/tcp",	 "80/icmp",
		"80/x", "x/tcp", "-1/tcp",    " 80", "80/tcp/2", "0x50/tcp"};
	struct frame_target t = {0};
	struct err e;

	(void)state;
	assert_target("80/tcp", false, IPPROTO_TCP, 80);
	assert_target("65535/UDP", false, IPPROTO_UDP, 65535);
	assert_target("9/sctp", false, IPPROTO_SCTP, 9);
	assert_target("443", false, IPPROTO_TCP, 443);
	assert_target("icmp", true, 0, 0);
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
		assert_int_equal(set_target(wrong[i], &t, &e), -EINVAL);
	assert_false(t.given);
}

static struct fl_tuple tuple(const char *src, const char *dst, __u8 proto)
{
	struct fl_tuple t = {
		.sport = htons(40000), .dport = htons(80), .proto = proto};

	assert_int_equal(addr_parse(src, &t.saddr), 0);
	assert_int_equal(addr_parse(dst, &t.daddr), 0);
	return t;
}

static void a_frame_is_a_whole_packet(void **state)
{
	static const __u8 mac[6] = {2, 0, 0, 0, 0, 7};
	static const __u8 gateway[6] = FL_GATEWAY_MAC;
	struct fl_tuple t = tuple("10.1.0.5", "10.1.0.9", IPPROTO_TCP);
	struct trace_frame f;
	unsigned int sum = 0;

	(void)state;
	frame_make(&t, mac, &f);
	assert_int_equal(f.len, 14 + 20 + 40);
	assert_memory_equal(f.bytes, gateway, 6);
	assert_memory_equal(f.bytes + 6, mac, 6);
	assert_int_equal(f.bytes[12] << 8 | f.bytes[13], 0x0800);
	assert_memory_equal(f.bytes + 26, "\x0a\x01\x00\x05\x0a\x01\x00\x09",
			    8);
	assert_memory_equal(f.bytes + 34, "\x9c\x40\x00\x50", 4);
	assert_int_equal(f.bytes[34 + 13], 0x02); /* SYN alone */
	for (int i = 14; i < 34; i += 2)
		sum += f.bytes[i] << 8 | f.bytes[i + 1];
	assert_int_equal((sum & 0xffff) + (sum >> 16), 0xffff);

	t = tuple("fd00::5", "fd00::9", IPPROTO_ICMPV6);
	frame_make(&t, mac, &f);
	assert_int_equal(f.len, 14 + 40 + 40);
	assert_int_equal(f.bytes[12] << 8 | f.bytes[13], 0x86dd);
	assert_int_equal(f.bytes[14 + 6], IPPROTO_ICMPV6);
	assert_int_equal(f.bytes[54], 128); /* echo request */
	assert_memory_equal(f.bytes + 58, "\x9c\x40", 2);
}

static unsigned int unroutable(const char *text)
{
	struct fl_addr a;

	assert_int_equal(addr_parse(text, &a), 0);
	return frame_unroutable(&a);
}

static void what_no_hook_routes_is_known_before(void **state)
{
	(void)state;
	assert_int_equal(unroutable("10.1.0.5"), FL_REASON_MAX);
	assert_int_equal(unroutable("fd00::1"), FL_REASON_MAX);
	assert_int_equal(unroutable("224.0.0.1"), FL_DROP_MULTICAST);
	assert_int_equal(unroutable("255.255.255.255"), FL_DROP_MULTICAST);
	assert_int_equal(unroutable("127.0.0.1"), FL_DROP_MARTIAN);
	assert_int_equal(unroutable("::1"), FL_DROP_MARTIAN);
	assert_int_equal(unroutable("ff02::1"), FL_DROP_MULTICAST);
	assert_int_equal(unroutable("fe80::1"), FL_DROP_LINK_LOCAL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(prefixes_of_one_range_are_a_range_again),
		cmocka_unit_test(the_longest_prefix_has_its_ports),
		cmocka_unit_test(what_is_left_of_a_peer_is_any_other),
		cmocka_unit_test(no_entries_are_no_rows),
		cmocka_unit_test(the_agents_file_names_numbers),
		cmocka_unit_test(a_file_of_another_kind_does_no_harm),
		cmocka_unit_test(a_missing_file_says_what_that_means),
		cmocka_unit_test(a_port_is_a_number_and_a_protocol),
		cmocka_unit_test(a_frame_is_a_whole_packet),
		cmocka_unit_test(what_no_hook_routes_is_known_before),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
