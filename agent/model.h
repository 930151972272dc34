/* SPDX-License-Identifier: Apache-2.0 */
/* The cluster as plain structs: what is needed of an object, never its JSON. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "../lib/addr.h"
#include "../lib/state.h"
#include "../policy/world.h"
#include "index.h"
#include "problems.h"

enum object_kind {
	OBJECT_NODE,
	OBJECT_NAMESPACE,
	OBJECT_POD,
	OBJECT_POLICY,
	OBJECT_SERVICE,
	OBJECT_ENDPOINT_SLICE,
	OBJECT_KIND_MAX,
};

/* What every object begins with. */
struct object {
	__u8 kind;     /* enum object_kind */
	__u8 resource; /* store.c: enum resource */
	union {
		int line;	   /* of its manifest, 0: unknown */
		unsigned int list; /* store.c: the last that had it */
	};
	const char *namespace; /* shared; "" where the kind has none */
	char *name;	       /* allocated, or behind the object */
};

/* Those of status.addresses, and two by annotation. */
enum { NODE_ADDRS_MAX = STATE_ADDRS_MAX + 2 };

struct node_addr {
	struct fl_addr addr;
	bool internal; /* InternalIP */
	bool tunnel;   /* other nodes reach it here: see docs/kubernetes.md */
};

/* Labels, here and below: shared; "key=value", each with its final NUL, sorted,
 * an empty one last. */
struct node {
	struct object o;
	const char *labels;
	struct fl_prefix pod_cidrs[STATE_CIDRS_MAX];
	int n_pod_cidrs;
	struct node_addr addrs[NODE_ADDRS_MAX];
	int n_addrs;
	bool audit;		  /* its verdicts are told, not enforced */
	struct problems problems; /* annotations that make no sense, ... */
};

struct namespace
{
	struct object o;
	const char *labels;
};

enum pod_phase {
	POD_PENDING,
	POD_RUNNING,
	POD_SUCCEEDED,
	POD_FAILED,
	POD_UNKNOWN,
};

/* In one piece: addresses and the name follow it. There are many. */
struct pod {
	struct object o;
	const char *node; /* shared; "" if not scheduled */
	const char *labels;
	const struct policy_named_port *ports; /* shared, and so are the names;
						* those that have one */
	__u32 uid;			       /* pod_uid() of it */
	__u16 n_ports;
	__u8 n_addrs;
	__u8 phase : 3; /* enum pod_phase */
	bool host_network : 1;
	bool audit : 1;	 /* its verdicts are told, not enforced */
	bool ending : 1; /* it is being deleted */
	struct fl_addr addrs[];
};

/* Does its address lead to it? */
static inline bool pod_has_addrs(const struct pod *pod)
{
	return !pod->host_network && pod->phase != POD_SUCCEEDED &&
	       pod->phase != POD_FAILED;
}

/* A number for a UID: equal ones have the same, others hardly ever. 0: "". */
__u32 pod_uid(const char *uid);

/* A NetworkPolicy or a ClusterNetworkPolicy (which has no namespace). One that
 * is invalid is an object like any other: it denies. */
struct policy_object {
	struct object o;
	struct policy *policy;
	struct problems problems; /* "spec.ingress[0]: reason" */
	struct problems reports;  /* the same, with file, line and name */
};

/* ---- services: read, and not enforced yet ---------------------------- */

enum service_type {
	SERVICE_CLUSTER_IP,
	SERVICE_NODE_PORT,
	SERVICE_LOAD_BALANCER,
	SERVICE_EXTERNAL_NAME, /* a matter of DNS alone */
};

struct service_port {
	const char *name;	 /* shared, "" */
	const char *target_name; /* shared; a port of the pod, "": by number */
	__u16 port, node_port;	 /* 0: none */
	__u16 target_port;
	__u8 proto;
	__u8 pad; /* 0: equal ones are equal byte by byte */
};

/* In one piece: addresses and the name follow it. */
struct service {
	struct object o;
	const char *selector;		  /* as labels; "": none */
	const struct service_port *ports; /* shared, and so are the names */
	__u32 affinity_seconds; /* of a client to an endpoint, 0: none */
	__u16 n_ports;
	__u8 type;	     /* enum service_type */
	bool headless;	     /* no clusterIP, for it wants none */
	bool internal_local; /* internalTrafficPolicy: Local */
	bool external_local; /* externalTrafficPolicy: Local */
	/* Which of addrs: clusterIPs, then externalIPs, then those of the load
	 * balancer. */
	__u8 n_cluster_ips, n_external_ips, n_balancer_ips;
	struct fl_addr addrs[];
};

struct slice_port {
	const char *name; /* shared, "" */
	__u16 number;	  /* 0: all */
	__u8 proto;
	__u8 pad[5];
};

struct slice_endpoint {
	struct fl_addr addr;
	const char *node; /* shared, "": not told */
	bool ready, serving, terminating;
};

/* In one piece: endpoints and the name follow it. */
struct endpoint_slice {
	struct object o;
	const char *service; /* shared; of the slice's namespace, "": none */
	const struct slice_port *ports; /* shared, and so are the names */
	__u16 n_ports;
	bool v6; /* addressType */
	__u32 n_endpoints;
	struct slice_endpoint endpoints[];
};

/* ---- objects --------------------------------------------------------- */

struct object *object_new(enum object_kind kind); /* with nothing behind it */
/* The same in one piece with what is behind it: `behind`, as many bytes, and
 * the name. Takes over the references of `from` to what is shared, and copies
 * the rest. For kinds that say so. */
struct object *object_pack(enum object_kind kind, const struct object *from,
			   const void *behind, size_t size);
void object_free(struct object *o); /* NULL is fine */
/* Do they say the same, as far as anybody here looks at it? Of one name. */
bool object_equal(const struct object *a, const struct object *b);
/* What it takes by itself, what the allocator adds included: without what it
 * shares with others (shared_bytes()). */
size_t object_bytes(const struct object *o);
/* What is wrong with it, as sentences for a person; NULL: kept nowhere. */
const struct problems *object_problems(const struct object *o);
const char *object_kind_name(enum object_kind kind); /* "Node" */

struct object_list {
	struct object **items;
	size_t n, room;
};

void object_list_add(struct object_list *l, struct object *o);
void object_list_free(struct object_list *l); /* with the objects; and empty */

/* An index by kind, namespace and name over objects that others own. */
struct model {
	struct index index[OBJECT_KIND_MAX];
	size_t n[OBJECT_KIND_MAX];
};

void model_clear(struct model *m);
/* -EEXIST, with *other the object that has the name. */
int model_add(struct model *m, struct object *o, struct object **other);
/* o takes the place of the one that has its name, which is returned. NULL:
 * there is none, and nothing has changed. */
struct object *model_replace(struct model *m, struct object *o);
/* Returns what has left, NULL: there was none. */
struct object *model_remove(struct model *m, enum object_kind kind,
			    const char *namespace, const char *name);
struct object *model_find(const struct model *m, enum object_kind kind,
			  const char *namespace, const char *name);
const struct node *model_node(const struct model *m, const char *name);
/* In the order of names. */
void model_each(const struct model *m, enum object_kind kind,
		void (*fn)(struct object *o, void *arg), void *arg);
