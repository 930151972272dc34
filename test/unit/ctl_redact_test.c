/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "../../ctl/redact.h"
#include "../../lib/cleanup.h"

static void expect(const char *in, const char *out)
{
	size_t len;
	__cleanup(mem_free) char *got = redact(in, strlen(in), &len);

	assert_string_equal(got, out);
	assert_int_equal(len, strlen(out));
}

static void what_follows_a_secrets_name_is_left_out(void **state)
{
	(void)state;
	expect("token: abc\nnext", "token: (left out)\nnext");
	expect("a=1 token=abc b=2", "a=1 token=(left out) b=2");
	expect("error=\"x\" CNI_ARGS=\"a=b;c=d\" pod=p",
	       "error=\"x\" CNI_ARGS=\"(left out)\" pod=p");
	expect("{\"client-key-data\":\"abc\",\"b\":1}",
	       "{\"client-key-data\":\"(left out)\",\"b\":1}");
	expect("{\"token\":\"a\\\"b\",\"c\":2}",
	       "{\"token\":\"(left out)\",\"c\":2}");
	expect("x=\"{\\\"token\\\":\\\"abc\\\",\\\"d\\\":1}\"",
	       "x=\"{\\\"token\\\":\\\"(left out)\\\",\\\"d\\\":1}\"");
	expect("DB_PASSWORD='abc' y", "DB_PASSWORD='(left out)' y");
}

static void tokens_without_a_name_are_known(void **state)
{
	(void)state;
	expect("said Bearer abcdefgh12 here", "said Bearer (left out) here");
	expect("x eyJhbGciOiJSUzI1NiJ9.abc.def y", "x (left out) y");
	expect("https://me:pw@host/x", "https://(left out)@host/x");
	expect("jwt_eyJhbGciOiJSUzI1NiJ9.abc.def y", "jwt_(left out) y");
	expect("joeyJones", "joeyJones");
}

static void private_keys_are_left_out_whole(void **state)
{
	(void)state;
	expect("a\n-----BEGIN EC PRIVATE KEY-----\nabc\ndef\n"
	       "-----END EC PRIVATE KEY-----\nb\n",
	       "a\n(left out)\nb\n");
	expect("-----BEGIN PRIVATE KEY-----\nabc\n", "");
}

static void all_else_stays_as_it_is(void **state)
{
	static const char *const texts[] = {
		"10.1.0.0/24 dev 7 via fd00::1 proto 70\n",
		"{\"name\":\"default/web\",\"addresses\":[\"10.1.0.2\"]}",
		"https://10.96.0.1:443, connected for 3h\n",
		"a token is read for each request\n",
		"no newline at the end",
		"",
		"\n\n",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		expect(texts[i], texts[i]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_follows_a_secrets_name_is_left_out),
		cmocka_unit_test(tokens_without_a_name_are_known),
		cmocka_unit_test(private_keys_are_left_out_whole),
		cmocka_unit_test(all_else_stays_as_it_is),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
