/* SPDX-License-Identifier: Apache-2.0 */
/* A source that is an API server, which does as it is told. */
#pragma once

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "../../agent/source_kube.h"
#include "../../kube/watch_private.h"

struct kube_call {
	bool open;
	char method[16], path[512], body[1024];
	struct kube_request request;
};

enum { CALLS_MAX = 64 };
extern struct kube_call calls[CALLS_MAX];
extern int n_calls; /* requests so far */
extern struct event_base *base;
extern struct config source_config;
extern struct source *source;
extern int news; /* how often it has told of some */

#define TEST(name)                                                             \
	cmocka_unit_test_setup_teardown(name, source_setup, source_teardown)

#define NODES	   "/api/v1/nodes"
#define NAMESPACES "/api/v1/namespaces"
#define PODS	   "/api/v1/pods"
#define POLICIES   "/apis/networking.k8s.io/v1/networkpolicies"
#define CLUSTER	   "/apis/policy.networking.k8s.io/v1alpha2/clusternetworkpolicies"
#define SERVICES   "/api/v1/services"

#define NODE(name, version, more)                                              \
	"{\"metadata\":{\"name\":\"" name "\",\"resourceVersion\":\"" version  \
	"\"}," more "}"

#define NODE_A                                                                 \
	NODE("node-a", "3",                                                    \
	     "\"spec\":{\"podCIDRs\":[\"10.1.0.0/24\"]},\"status\":{"          \
	     "\"addresses\":[{\"type\":\"InternalIP\","                        \
	     "\"address\":\"192.0.2.1\"}]}")

#define NODE_B_AT(version)                                                     \
	NODE("node-b", version, "\"spec\":{\"podCIDRs\":[\"10.2.0.0/24\"]}")

#define NODE_B NODE_B_AT("4")

#define POD(name, version, more)                                               \
	"{\"metadata\":{\"namespace\":\"default\",\"name\":\"" name            \
	"\",\"resourceVersion\":\"" version "\"}," more "}"

#define POD_AT(name, version, addr)                                            \
	POD(name, version, "\"status\":{\"podIPs\":[{\"ip\":\"" addr "\"}]}")

#define EVENT(type, object) "{\"type\":\"" type "\",\"object\":" object "}\n"

void turn(void);
void turn_until_news(void); /* or for a second */
/* Until the request is made. */
void turn_until(const char *path, bool watch);
void open_source(void);
int source_setup(void **state);
int source_teardown(void **state);
/* The open request for the path, NULL: there is none. */
struct kube_call *find(const char *path, bool watch);
struct kube_call *expect(const char *path, bool watch);
void finish(struct kube_call *c, int status, int error, const char *message);
void send_text(struct kube_call *c, const char *text);
/* A whole list. */
void list(const char *path, const char *items);
void refuse_list(const char *path, int status);
/* Events of an open watch, in one piece. */
void tell(const char *path, const char *events);
/* The version is too old: it is listed anew. */
void forget_list(const char *path);
void list_all(void);
void open_whole(void);
const struct model *source_model(void);
bool has_pod(const char *name);
void assert_problem(const char *sentence);
size_t count_problems(void);
