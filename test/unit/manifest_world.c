/* SPDX-License-Identifier: Apache-2.0 */
#include "manifest_world.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <errno.h>

struct manifest parsed;
struct err err;

int parse(const char *text)
{
	memset(&err, 0, sizeof(err));
	manifest_free(&parsed);
	return manifest_parse("f.yaml", text, strlen(text), &parsed, &err);
}

int manifest_forget(void **state)
{
	(void)state;
	manifest_free(&parsed);
	return 0;
}

void must_parse(const char *text, size_t objects)
{
	if (parse(text))
		fail_msg("%s", err.msg);
	assert_int_equal(parsed.objects.n, objects);
}

void assert_refused(const char *text, const char *sentence)
{
	assert_int_equal(parse(text), -EINVAL);
	assert_int_equal(parsed.objects.n, 0);
	if (!strstr(err.msg, sentence))
		fail_msg("\"%s\" does not say \"%s\"", err.msg, sentence);
}

void assert_addr_is(const struct fl_addr *a, const char *want)
{
	char text[ADDR_STRLEN];

	assert_string_equal(addr_format(a, text), want);
}

void assert_prefix(const struct fl_prefix *p, const char *want)
{
	char text[PREFIX_STRLEN];

	assert_string_equal(prefix_format(p, text), want);
}
