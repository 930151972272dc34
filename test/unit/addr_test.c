/* SPDX-License-Identifier: Apache-2.0 */
#include <arpa/inet.h>
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "../../lib/addr.h"

#define array_size(a) (sizeof(a) / sizeof((a)[0]))

static struct fl_addr addr(const char *text)
{
	struct fl_addr a = {};

	if (addr_parse(text, &a))
		fail_msg("\"%s\" was not read as an address", text);
	return a;
}

static struct fl_prefix prefix(const char *text)
{
	struct fl_prefix p = {};

	if (prefix_parse(text, true, &p))
		fail_msg("\"%s\" was not read as a prefix", text);
	return p;
}

/* ---- addresses --------------------------------------------------------- */

static void address_survives_reading_and_writing(void **state)
{
	static const char *const texts[] = {
		"0.0.0.0",     "10.1.2.3",
		"169.254.1.1", "255.255.255.255",
		"::",	       "::1",
		"fd00:1::5",   "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
	};
	char buf[ADDR_STRLEN];

	(void)state;
	for (size_t i = 0; i < array_size(texts); i++) {
		struct fl_addr a = addr(texts[i]);

		assert_string_equal(addr_format(&a, buf), texts[i]);
		assert_int_equal(addr_is_v4(&a), !strchr(texts[i], ':'));
	}
}

static void ipv4_is_kept_mapped_into_ipv6(void **state)
{
	static const unsigned char bytes[16] = {
		[10] = 0xff, [11] = 0xff, [12] = 10,
		[13] = 1,    [14] = 2,	  [15] = 3};
	struct fl_addr a = addr("10.1.2.3");

	(void)state;
	assert_memory_equal(&a, bytes, 16);
	a = addr("::ffff:10.1.2.3");
	assert_memory_equal(&a, bytes, 16);
	assert_true(addr_is_v4(&a));
}

static void what_is_no_address_is_refused_and_changes_nothing(void **state)
{
	static const char *const texts[] = {
		"",	      " 10.0.0.1", "10.0.0.1 ",	 "10.0.0",
		"10.0.0.256", "10.0.0.01", "10.0.0.1/8", "10.0.0.1:80",
		"fe80::1%lo", "[::1]",	   "::1/128",	 "1:2:3:4:5:6:7:8:9",
		":",	      "::g",	   "localhost",	 "0x0a000001",
		"167772161",
	};
	struct fl_addr before = addr("192.0.2.1"), a = before;

	(void)state;
	for (size_t i = 0; i < array_size(texts); i++) {
		if (addr_parse(texts[i], &a) != -EINVAL)
			fail_msg("\"%s\" passed as an address", texts[i]);
		assert_true(addr_equal(&a, &before));
	}
}

static void zero_is_zero_in_either_family_only(void **state)
{
	struct fl_addr unset = {}, v4 = addr("0.0.0.0"), v6 = addr("::");
	struct fl_addr one = addr("0.0.0.1"), lo = addr("::1");
	struct fl_addr high = addr("1::");

	(void)state;
	assert_true(addr_is_zero(&unset));
	assert_true(addr_is_zero(&v4));
	assert_true(addr_is_zero(&v6));
	assert_false(addr_is_zero(&one));
	assert_false(addr_is_zero(&lo));
	assert_false(addr_is_zero(&high));
}

static void bytes_go_to_the_kernel_and_back(void **state)
{
	static const char *const texts[] = {"10.1.2.3", "fd00:1::5"};
	static const int families[] = {AF_INET, AF_INET6};

	(void)state;
	for (size_t i = 0; i < array_size(texts); i++) {
		struct fl_addr a = addr(texts[i]), back;
		unsigned char raw[16];
		const void *bytes;
		int family;
		size_t len;

		bytes = addr_bytes(&a, &family, &len);
		assert_int_equal(family, families[i]);
		assert_int_equal(len, family == AF_INET ? 4 : 16);
		assert_int_equal(inet_pton(family, texts[i], raw), 1);
		assert_memory_equal(bytes, raw, len);
		back = addr_from_bytes(family, bytes);
		assert_true(addr_equal(&a, &back));
	}
}

static void addition_carries_within_the_family(void **state)
{
	static const struct {
		const char *from;
		unsigned long long n;
		const char *to;
	} cases[] = {
		{"10.0.0.0", 0, "10.0.0.0"},
		{"10.0.0.0", 1, "10.0.0.1"},
		{"10.0.0.255", 1, "10.0.1.0"},
		{"10.0.0.250", 0x10005, "10.1.0.255"},
		{"10.255.255.255", 1, "11.0.0.0"},
		{"255.255.255.255", 1, "0.0.0.0"},
		{"0.0.0.5", 0x100000000ULL, "0.0.0.5"},
		{"fd00::", 1, "fd00::1"},
		{"fd00::ffff", 1, "fd00::1:0"},
		{"fd00::ffff:ffff:ffff:ffff", 1, "fd00:0:0:1::"},
		{"fd00::2", 0xffffffffffffffffULL, "fd00:0:0:1::1"},
		{"ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", 2, "::1"},
	};
	char buf[ADDR_STRLEN];

	(void)state;
	for (size_t i = 0; i < array_size(cases); i++) {
		struct fl_addr a = addr(cases[i].from);

		a = addr_add(&a, cases[i].n);
		assert_string_equal(addr_format(&a, buf), cases[i].to);
	}
}

static void order_is_numeric(void **state)
{
	static const char *const ascending[] = {
		"::1",	    "9.255.255.255", "10.0.0.1",
		"10.0.0.2", "10.0.1.0",	     "fd00::1",
	};

	(void)state;
	for (size_t i = 0; i < array_size(ascending); i++) {
		for (size_t j = 0; j < array_size(ascending); j++) {
			struct fl_addr a = addr(ascending[i]);
			struct fl_addr b = addr(ascending[j]);
			int order = addr_compare(&a, &b);

			assert_int_equal((order > 0) - (order < 0),
					 (i > j) - (i < j));
		}
	}
}

/* ---- prefixes ---------------------------------------------------------- */

static void prefix_survives_reading_and_writing(void **state)
{
	static const struct {
		const char *text;
		unsigned int len, bits;
		bool v4;
	} cases[] = {
		{"0.0.0.0/0", 0, 96, true},
		{"10.0.0.0/8", 8, 104, true},
		{"10.1.2.0/23", 23, 119, true},
		{"10.1.2.3/32", 32, 128, true},
		{"::/0", 0, 0, false},
		{"fd00:1::/64", 64, 64, false},
		{"fd00::5/128", 128, 128, false},
	};
	char buf[PREFIX_STRLEN];

	(void)state;
	for (size_t i = 0; i < array_size(cases); i++) {
		struct fl_prefix p = prefix(cases[i].text);

		assert_string_equal(prefix_format(&p, buf), cases[i].text);
		assert_int_equal(p.prefix_len, cases[i].bits);
		assert_int_equal(prefix_length(&p), cases[i].len);
		assert_int_equal(prefix_is_v4(&p), cases[i].v4);
	}
}

static void longest_texts_fit_their_buffers(void **state)
{
	static const char text[] =
		"ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff/128";
	struct fl_prefix p = prefix(text);
	char buf[PREFIX_STRLEN];

	(void)state;
	assert_string_equal(prefix_format(&p, buf), text);
}

static void bare_address_is_a_host_prefix(void **state)
{
	struct fl_prefix v4 = prefix("10.0.0.1"), v6 = prefix("fd00::1");

	(void)state;
	assert_int_equal(prefix_length(&v4), 32);
	assert_int_equal(prefix_length(&v6), 128);
}

static void host_bits_are_an_error_if_strict_else_cleared(void **state)
{
	static const struct {
		const char *text, *cleared;
	} cases[] = {
		{"10.0.0.1/24", "10.0.0.0/24"},
		{"10.0.1.255/23", "10.0.0.0/23"},
		{"10.0.0.1/0", "0.0.0.0/0"},
		{"10.0.0.1/31", "10.0.0.0/31"},
		{"fd00::1/64", "fd00::/64"},
		{"fd00:0:0:1::/63", "fd00::/63"},
		{"ffff::/1", "8000::/1"},
	};
	char buf[PREFIX_STRLEN];
	struct fl_prefix p;

	(void)state;
	for (size_t i = 0; i < array_size(cases); i++) {
		assert_int_equal(prefix_parse(cases[i].text, true, &p),
				 -EINVAL);
		assert_int_equal(prefix_parse(cases[i].text, false, &p), 0);
		assert_string_equal(prefix_format(&p, buf), cases[i].cleared);
	}
}

static void what_is_no_prefix_is_refused_and_changes_nothing(void **state)
{
	static const char *const texts[] = {
		"",
		"/",
		"/8",
		"10.0.0.0/",
		"10.0.0.0/33",
		"10.0.0.0/-1",
		"10.0.0.0/+8",
		"10.0.0.0/ 8",
		"10.0.0.0/08",
		"10.0.0.0/8x",
		"10.0.0.0/8/8",
		"fd00::/129",
		"fd00::/1000",
		"10.0.0/8",
		"10.0.0.0/4294967304",
		"fd00:fd00:fd00:fd00:fd00:fd00:fd00:fd00:fd00:fd00:fd00/64",
	};
	struct fl_prefix before = prefix("192.0.2.0/24"), p = before;

	(void)state;
	for (size_t i = 0; i < array_size(texts); i++) {
		if (prefix_parse(texts[i], false, &p) != -EINVAL)
			fail_msg("\"%s\" passed as a prefix", texts[i]);
		assert_memory_equal(&p, &before, sizeof(p));
	}
}

static void length_of_a_made_prefix_counts_in_its_family(void **state)
{
	struct fl_addr v4 = addr("10.1.2.3"), v6 = addr("fd00::1");
	char buf[PREFIX_STRLEN];
	struct fl_prefix p;

	(void)state;
	assert_int_equal(prefix_make(&v4, 16, &p), 0);
	assert_string_equal(prefix_format(&p, buf), "10.1.0.0/16");
	assert_int_equal(prefix_make(&v4, 33, &p), -EINVAL);
	assert_int_equal(prefix_make(&v6, 33, &p), 0);
	assert_string_equal(prefix_format(&p, buf), "fd00::/33");
	assert_int_equal(prefix_make(&v6, 129, &p), -EINVAL);
	assert_string_equal(prefix_format(&p, buf), "fd00::/33");
}

static void prefix_contains_its_range_and_nothing_beside_it(void **state)
{
	static const struct {
		const char *prefix, *addr;
		bool inside;
	} cases[] = {
		{"10.0.0.0/23", "10.0.0.0", true},
		{"10.0.0.0/23", "10.0.1.255", true},
		{"10.0.0.0/23", "10.0.2.0", false},
		{"10.0.0.0/23", "9.255.255.255", false},
		{"0.0.0.0/0", "255.1.2.3", true},
		{"10.0.0.1/32", "10.0.0.1", true},
		{"10.0.0.1/32", "10.0.0.0", false},
		{"fd00::/63", "fd00:0:0:1::5", true},
		{"fd00::/63", "fd00:0:0:2::", false},
		{"::/0", "fd00::1", true},
		/* the families are apart, whatever the bits say */
		{"::/0", "10.0.0.1", false},
		{"0.0.0.0/0", "fd00::1", false},
	};

	(void)state;
	for (size_t i = 0; i < array_size(cases); i++) {
		struct fl_prefix p = prefix(cases[i].prefix);
		struct fl_addr a = addr(cases[i].addr);

		if (prefix_contains(&p, &a) != cases[i].inside)
			fail_msg("%s in %s: not as expected", cases[i].addr,
				 cases[i].prefix);
	}
}

static void prefixes_overlap_when_one_is_within_the_other(void **state)
{
	static const struct {
		const char *a, *b;
		bool overlap;
	} cases[] = {
		{"10.0.0.0/8", "10.1.0.0/16", true},
		{"10.0.0.0/8", "10.0.0.0/8", true},
		{"10.0.0.0/9", "10.128.0.0/9", false},
		{"0.0.0.0/0", "192.0.2.1/32", true},
		{"fd00::/48", "fd00:0:0:1::/64", true},
		{"fd00::/64", "fd00:0:0:1::/64", false},
		{"::/0", "10.0.0.0/8", false},
	};

	(void)state;
	for (size_t i = 0; i < array_size(cases); i++) {
		struct fl_prefix a = prefix(cases[i].a), b = prefix(cases[i].b);

		assert_int_equal(prefix_overlaps(&a, &b), cases[i].overlap);
		assert_int_equal(prefix_overlaps(&b, &a), cases[i].overlap);
	}
}

int main(void)
{
	const struct CMUnitTest addr[] = {
		cmocka_unit_test(address_survives_reading_and_writing),
		cmocka_unit_test(ipv4_is_kept_mapped_into_ipv6),
		cmocka_unit_test(
			what_is_no_address_is_refused_and_changes_nothing),
		cmocka_unit_test(zero_is_zero_in_either_family_only),
		cmocka_unit_test(bytes_go_to_the_kernel_and_back),
		cmocka_unit_test(addition_carries_within_the_family),
		cmocka_unit_test(order_is_numeric),
		cmocka_unit_test(prefix_survives_reading_and_writing),
		cmocka_unit_test(longest_texts_fit_their_buffers),
		cmocka_unit_test(bare_address_is_a_host_prefix),
		cmocka_unit_test(host_bits_are_an_error_if_strict_else_cleared),
		cmocka_unit_test(
			what_is_no_prefix_is_refused_and_changes_nothing),
		cmocka_unit_test(length_of_a_made_prefix_counts_in_its_family),
		cmocka_unit_test(
			prefix_contains_its_range_and_nothing_beside_it),
		cmocka_unit_test(prefixes_overlap_when_one_is_within_the_other),
	};

	return cmocka_run_group_tests(addr, NULL, NULL);
}
