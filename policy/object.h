/* SPDX-License-Identifier: Apache-2.0 */
/* A NetworkPolicy or a ClusterNetworkPolicy as plain structs. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <cjson/cJSON.h>

#include <fairlead/abi.h>

#include "selector.h"

enum policy_kind { POLICY_NETWORK, POLICY_CLUSTER };

/* In the order in which they are asked. */
enum policy_tier {
	POLICY_TIER_ADMIN,
	POLICY_TIER_NETWORK, /* every NetworkPolicy */
	POLICY_TIER_BASELINE,
	POLICY_TIER_MAX,
};

enum policy_action { POLICY_ACCEPT, POLICY_DENY, POLICY_PASS };

enum policy_peer_kind {
	POLICY_PEER_PODS,
	POLICY_PEER_CIDR,
	POLICY_PEER_NODES,
};

struct policy_peer {
	enum policy_peer_kind kind;
	bool own_namespace;	    /* PODS: of the policy's namespace, whatever
				     * `namespaces` says */
	struct selector namespaces; /* PODS */
	struct selector members;    /* PODS, NODES: their labels */
	struct fl_prefix cidr;	    /* CIDR */
	struct fl_prefix *except;   /* CIDR: within cidr, sorted */
	size_t n_except;
	char *text; /* "pods app=web in namespace default"; what is the same
		     * reads the same */
};

struct policy_port {
	__u8 proto; /* IPPROTO_TCP, _UDP, _SCTP; 0 with a name: any of them */
	char *name; /* of a port of the receiving pod; NULL: by number */
	__u16 first, last; /* without name; 0 and 65535: the whole protocol */
};

struct policy_rule {
	enum fl_direction direction;
	enum policy_action action; /* of a NetworkPolicy: POLICY_ACCEPT */
	unsigned int index;	   /* among those of its direction, 0.. */
	char *name;		   /* "" if it has none */
	struct policy_peer *peers; /* none: everybody */
	size_t n_peers;
	struct policy_port *ports; /* none: everything, whatever protocol */
	size_t n_ports;
};

struct policy {
	enum policy_kind kind;
	char *namespace; /* "" for a ClusterNetworkPolicy */
	char *name;
	enum policy_tier tier;
	int priority;	 /* ClusterNetworkPolicy: 0..1000, the lower first */
	bool governs[2]; /* by enum fl_direction: policyTypes; or has rules */
	/* Something about it is wrong. It has no rules then; it selects what it
	 * was seen to select, all if that could not be read, and denies that
	 * in the directions that it governs: a NetworkPolicy by allowing
	 * nothing, a ClusterNetworkPolicy by denying all in its place. */
	bool invalid;
	struct selector namespaces; /* ClusterNetworkPolicy: subject */
	struct selector pods;	    /* subject */
	struct policy_rule *rules;  /* ingress, then egress, as written */
	size_t n_rules;
};

/* One thing that is wrong. `at` is the nearest value of the tree that exists
 * (yaml_line() knows its line), path "spec.ingress[1].from[0].ipBlock.cidr".
 * namespace and name may be "". The strings live as long as the call. */
struct policy_problem {
	const char *kind; /* "NetworkPolicy" */
	const char *namespace, *name;
	const cJSON *at;
	const char *path;
	const char *reason;
};
typedef void (*policy_problem_fn)(const struct policy_problem *p, void *arg);

/* Is it an object for policy_read(), by its apiVersion and kind? */
bool policy_is_kind(const char *api, const char *kind);

/* An object of the API -> *out, which may be invalid: then fn was told of all
 * that is wrong. -EINVAL, and fn was told, where not even a name can be read
 * (or it is none of our kinds). The tree is not needed afterwards. */
int policy_read(const cJSON *json, policy_problem_fn fn, void *arg,
		struct policy **out);
/* The same where the kind is known: an item of a list need not name it. */
int policy_read_as(enum policy_kind kind, const cJSON *json,
		   policy_problem_fn fn, void *arg, struct policy **out);
void policy_free(struct policy *p);	      /* NULL is fine */
void policy_rule_free(struct policy_rule *r); /* what it holds, not itself */

/* Do they say the same? */
bool policy_equal(const struct policy *a, const struct policy *b);
/* What it takes, what the allocator adds included. */
size_t policy_bytes(const struct policy *p);

const char *policy_kind_name(enum policy_kind kind);
const char *policy_tier_name(enum policy_tier tier); /* "Admin" */

/* "default/allow-web", "ClusterNetworkPolicy NAME (Admin)"; returns buf. */
const char *policy_title(const struct policy *p, char *buf, size_t size);
