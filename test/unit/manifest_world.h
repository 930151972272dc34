/* SPDX-License-Identifier: Apache-2.0 */
/* One manifest, and what it says. */
#pragma once

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "../../agent/manifest.h"

extern struct manifest parsed;
extern struct err err;

#define PARSES(name) cmocka_unit_test_teardown(name, manifest_forget)

int parse(const char *text);
int manifest_forget(void **state);
void must_parse(const char *text, size_t objects);
void assert_refused(const char *text, const char *sentence);
void assert_addr_is(const struct fl_addr *a, const char *want);
void assert_prefix(const struct fl_prefix *p, const char *want);
