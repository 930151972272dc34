/* SPDX-License-Identifier: Apache-2.0 */
/* A cluster of two nodes, of which one is this, and what follows from it. */
#pragma once

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "../../agent/desired.h"
#include "../../agent/manifest.h"

/* Node a is this one. eth0 is number 2 and has 10.0.0.11, fd00::11. */
extern struct config config;
extern struct manifest manifest;
extern struct model model;
extern struct facts facts;
extern struct endpoints endpoints;
extern struct node_ids ids;
extern struct entries found_routes;
extern struct desired desired;

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

#define NODE(name, cidrs, addrs)                                               \
	"---\n{apiVersion: v1, kind: Node, metadata: {name: " name "},"        \
	" spec: {podCIDRs: [" cidrs "]}, status: {addresses: [" addrs "]}}\n"

#define IP(a) "{type: InternalIP, address: '" a "'},"

#define NODE_A                                                                 \
	NODE("a", "10.1.0.0/24, 'fd00:1::/64'", IP("10.0.0.11") IP("fd00::11"))

#define NODE_B                                                                 \
	NODE("b", "10.2.0.0/24, 'fd00:2::/64'", IP("10.0.0.12") IP("fd00::12"))

struct fl_addr addr(const char *text);
struct fl_prefix prefix(const char *text);
struct link_info *add_link(unsigned int ifindex, const char *name,
			   unsigned int mtu);
struct link_addr *add_addr(unsigned int ifindex, const char *text);
void add_default_route(unsigned int ifindex, const char *dst);
void add_pod(const char *id, unsigned int ifindex, const char *v4,
	     const char *v6);
void cluster(const char *text);
int set_up(void **state);
int tear_down(void **state);
void compute(void);
const struct fl_route *route(const char *text);
bool is_masqueraded(const char *text);
const struct link_route *host_route(const char *text);
const struct fl_uplink *uplink(__u32 ifindex);
void assert_addr(const struct fl_addr *a, const char *want);
bool has_problem(const char *words);
