/* SPDX-License-Identifier: Apache-2.0 */
/* What policies are compiled from. Everything is the caller's; nothing of it
 * is kept by what was compiled. Arrays may be in any order, but the same order
 * gives the same numbers. Labels as in selector.h. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include <fairlead/abi.h>

#include "object.h"

/* Every namespace has the label kubernetes.io/metadata.name, as the API server
 * sees to it: it is added where it is missing, and where pods name a namespace
 * that is not here. */
struct policy_namespace {
	const char *name;
	const char *labels;
};

struct policy_named_port {
	const char *name;
	__u8 proto;
	__u16 number;
};

struct policy_pod { /* there are many */
	const char *namespace, *name;
	const char *labels;
	const struct fl_addr *addrs;
	const struct policy_named_port *ports;
	unsigned short n_addrs, n_ports;
	bool host_network; /* no selector matches it: it is its node */
	bool terminal;	   /* Succeeded or Failed: it has no addresses */
	bool ending;	   /* being deleted: its address may be another's */
};

struct policy_node {
	const char *name;
	const char *labels;
	const struct fl_addr *addrs; /* status.addresses */
	size_t n_addrs;
	/* Other addresses of it, as that of fl_host: CIDRs hold them, but no
	 * selector of nodes matches them. */
	const struct fl_addr *more_addrs;
	size_t n_more_addrs;
	const struct fl_prefix *pod_cidrs;
	size_t n_pod_cidrs;
	bool own; /* this node */
};

/* A pod that runs here. */
struct policy_endpoint {
	const struct fl_addr *addrs;
	size_t n_addrs;
	long pod; /* its place in pods, -1: not known (nothing selects it) */
};

struct policy_world {
	const struct policy_namespace *namespaces;
	size_t n_namespaces;
	const struct policy_pod *pods; /* NULL: pod() tells of each */
	size_t n_pods;
	struct policy_pod (*pod)(const struct policy_world *w, size_t i);
	const struct policy_node *nodes;
	size_t n_nodes;
	const struct policy *const *policies;
	size_t n_policies;
	const struct policy_endpoint *endpoints;
	size_t n_endpoints;
};

static inline struct policy_pod policy_world_pod(const struct policy_world *w,
						 size_t i)
{
	return w->pods ? w->pods[i] : w->pod(w, i);
}
