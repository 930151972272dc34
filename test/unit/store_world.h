/* SPDX-License-Identifier: Apache-2.0 */
/* A store, and what is put into it. */
#pragma once

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "../../agent/store.h"

extern struct store store;

#define TEST(name) cmocka_unit_test_teardown(name, store_end)

#define POD(ns, name, ip)                                                      \
	"{\"metadata\": {\"namespace\": \"" ns "\", \"name\": \"" name "\"},"  \
	" \"status\": {\"phase\": \"Running\", \"podIP\": \"" ip "\"}}"

#define NETWORK_POLICY(name)                                                   \
	"{\"metadata\": {\"namespace\": \"default\", \"name\": \"" name "\"}," \
	" \"spec\": {\"podSelector\": {}}}"

#define CLUSTER_POLICY(name, priority)                                         \
	"{\"metadata\": {\"name\": \"" name "\"}, \"spec\": {"                 \
	"\"tier\": \"Admin\", \"priority\": " #priority ","                    \
	"\"subject\": {\"namespaces\": {}},"                                   \
	"\"ingress\": [{\"action\": \"Deny\","                                 \
	" \"from\": [{\"namespaces\": {}}]}]}}"

int store_forget(void **state);
int store_end(void **state);
struct object *read_text(enum resource r, const char *text);
bool put(enum resource r, const char *text);
const struct pod *pod(const char *ns, const char *name);
void assert_pod_addr(const char *ns, const char *name, const char *want);
