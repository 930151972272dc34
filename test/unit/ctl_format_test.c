/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>

#include "../../ctl/format.h"
#include "../../ctl/reason.h"
#include "../../lib/addr.h"

static char buf[FORMAT_LEN];

static void counts_are_exact_unless_asked(void **state)
{
	(void)state;
	assert_string_equal(format_count(0, false, buf), "0");
	assert_string_equal(format_count(12345, false, buf), "12345");
	assert_string_equal(format_count(~0ULL, false, buf),
			    "18446744073709551615");
	assert_string_equal(format_bytes(1572864, false, buf), "1572864");
}

static void human_counts_have_three_digits_and_a_unit(void **state)
{
	(void)state;
	assert_string_equal(format_count(999, true, buf), "999");
	assert_string_equal(format_count(1000, true, buf), "1.0k");
	assert_string_equal(format_count(12345, true, buf), "12.3k");
	assert_string_equal(format_count(123456, true, buf), "123k");
	assert_string_equal(format_count(999600, true, buf), "1.0M");
	assert_string_equal(format_count(99960, true, buf), "100k");
	assert_string_equal(format_count(~0ULL, true, buf), "18447P");
	assert_string_equal(format_bytes(1023, true, buf), "1023B");
	assert_string_equal(format_bytes(1024, true, buf), "1.0KiB");
	assert_string_equal(format_bytes(1572864, true, buf), "1.5MiB");
}

static void durations_have_their_two_largest_units(void **state)
{
	const __u64 s = 1000000000ULL;

	(void)state;
	assert_string_equal(format_duration(0, buf), "0s");
	assert_string_equal(format_duration(s - 1, buf), "0s");
	assert_string_equal(format_duration(59 * s, buf), "59s");
	assert_string_equal(format_duration(60 * s, buf), "1m00s");
	assert_string_equal(format_duration(3599 * s, buf), "59m59s");
	assert_string_equal(format_duration(3600 * s, buf), "1h00m");
	assert_string_equal(format_duration(86399 * s, buf), "23h59m");
	assert_string_equal(format_duration((2 * 86400 + 3 * 3600) * s, buf),
			    "2d03h");
}

static void rates_below_ten_keep_a_decimal(void **state)
{
	(void)state;
	assert_string_equal(format_rate(0, false, buf), "0");
	assert_string_equal(format_rate(0.4, false, buf), "0.4");
	assert_string_equal(format_rate(9.96, false, buf), "10");
	assert_string_equal(format_rate(1234.4, false, buf), "1234");
	assert_string_equal(format_rate(12345, true, buf), "12.3k");
}

static void percentages_tell_little_from_nothing(void **state)
{
	(void)state;
	assert_string_equal(format_percent(0, 65536, buf), "0%");
	assert_string_equal(format_percent(1, 65536, buf), "<1%");
	assert_string_equal(format_percent(65535, 65536, buf), "99%");
	assert_string_equal(format_percent(65536, 65536, buf), "100%");
	assert_string_equal(format_percent(1, 0, buf), "-");
}

static const char *peer(const char *addr, unsigned int port, __u8 proto)
{
	struct fl_addr a;

	assert_int_equal(addr_parse(addr, &a), 0);
	return format_peer(&a, htons(port), proto, buf);
}

static void ipv6_with_a_port_stands_in_brackets(void **state)
{
	(void)state;
	assert_string_equal(peer("10.1.0.5", 80, IPPROTO_TCP), "10.1.0.5:80");
	assert_string_equal(peer("fd00:1::5", 80, IPPROTO_UDP),
			    "[fd00:1::5]:80");
	assert_string_equal(peer("1111:2222:3333:4444:5555:6666:7777:8888",
				 65535, IPPROTO_SCTP),
			    "[1111:2222:3333:4444:5555:6666:7777:8888]:65535");
}

static void what_has_no_ports_shows_none(void **state)
{
	(void)state;
	assert_string_equal(peer("10.1.0.5", 77, IPPROTO_ICMP), "10.1.0.5");
	assert_string_equal(peer("fd00:1::5", 77, IPPROTO_ICMPV6), "fd00:1::5");
	assert_string_equal(peer("10.1.0.5", 0, 47), "10.1.0.5");
}

static void protocols_have_names_and_numbers(void **state)
{
	__u8 proto = 99;

	(void)state;
	assert_string_equal(format_proto(IPPROTO_ICMPV6, buf), "icmpv6");
	assert_string_equal(format_proto(47, buf), "47");
	assert_int_equal(proto_parse("UDP", &proto), 0);
	assert_int_equal(proto, IPPROTO_UDP);
	assert_int_equal(proto_parse("47", &proto), 0);
	assert_int_equal(proto, 47);
	assert_int_equal(proto_parse("256", &proto), -22);
	assert_int_equal(proto_parse("", &proto), -22);
	assert_int_equal(proto_parse("-1", &proto), -22);
	assert_int_equal(proto_parse("gre", &proto), -22);
	assert_int_equal(proto, 47);
}

static void cleaning_keeps_whole_characters_within_the_buffer(void **state)
{
	char out[6];

	(void)state;
	format_clean("abc\xc3\xa4\xc3\xb6", out, sizeof(out));
	assert_string_equal(out, "abc\xc3\xa4");
	format_clean("abcd\xc3\xa4", out, sizeof(out));
	assert_string_equal(out, "abcd");
	format_clean("\xc3", out, sizeof(out));
	assert_string_equal(out, "?");
	format_clean("\xe2\x82", out, sizeof(out));
	assert_string_equal(out, "??");
	format_clean("\xc0\xaf", out, sizeof(out));
	assert_string_equal(out, "??");
	format_clean("\xed\xa0\x80", out, sizeof(out));
	assert_string_equal(out, "???");
}

static void identities_that_are_reserved_have_names(void **state)
{
	(void)state;
	assert_string_equal(format_identity(FL_IDENTITY_HOST, buf), "host");
	assert_string_equal(format_identity(FL_IDENTITY_POD, buf), "pod");
	assert_string_equal(format_identity(FL_IDENTITY_FIRST_FREE, buf), "16");
}

static void every_drop_reason_has_advice_and_no_pass_has(void **state)
{
	(void)state;
	for (unsigned int r = 0; r < FL_REASON_MAX; r++) {
		if (reason_is_drop(r) != !!reason_advice(r))
			fail_msg("%s", reason_name(r));
		assert_int_equal(reason_find(reason_name(r)), r);
	}
	assert_null(reason_advice(FL_REASON_MAX));
	assert_string_equal(reason_name(FL_REASON_MAX), "?");
	assert_string_equal(hook_name(FL_HOOK_MAX), "?");
}

static void a_misspelt_reason_is_told_the_nearest(void **state)
{
	struct err e = {0};
	int reason = -1;

	(void)state;
	assert_int_equal(set_reason("spoofed_adress", &reason, &e), -22);
	assert_non_null(strstr(e.msg, "did you mean spoofed_address?"));
	assert_int_equal(reason, -1);
	assert_int_equal(set_reason("policy", &reason, &e), 0);
	assert_int_equal(reason, FL_DROP_POLICY);
	/* A way to pass is no reason for a drop. */
	assert_int_equal(set_reason("uplink", &reason, &e), -22);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(counts_are_exact_unless_asked),
		cmocka_unit_test(human_counts_have_three_digits_and_a_unit),
		cmocka_unit_test(durations_have_their_two_largest_units),
		cmocka_unit_test(rates_below_ten_keep_a_decimal),
		cmocka_unit_test(percentages_tell_little_from_nothing),
		cmocka_unit_test(ipv6_with_a_port_stands_in_brackets),
		cmocka_unit_test(what_has_no_ports_shows_none),
		cmocka_unit_test(protocols_have_names_and_numbers),
		cmocka_unit_test(
			cleaning_keeps_whole_characters_within_the_buffer),
		cmocka_unit_test(identities_that_are_reserved_have_names),
		cmocka_unit_test(every_drop_reason_has_advice_and_no_pass_has),
		cmocka_unit_test(a_misspelt_reason_is_told_the_nearest),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
