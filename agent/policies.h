/* SPDX-License-Identifier: Apache-2.0 */
/* From the policies of the cluster to what enforces them on this node. Pure:
 * the maps are read and written by others.
 *
 *	model, facts, endpoints -> world -> policy_compile() -> join -> desired
 */
#pragma once

#include "../policy/compile.h"
#include "desired.h"

struct policies_world;

/* What the maps hold, and how far the model can be trusted. */
struct policies_found {
	const char *missing; /* why no map but fl_endpoints is written, or "" */
	bool synced;	     /* the model is all there is */
	bool enforced;	     /* the maps hold policies, whoever wrote them */
	unsigned int max_entries; /* of fl_policy, 0: as many as it takes */
	unsigned int view;	  /* of the maps, the one that holds */
	const struct entries *routes, *endpoints; /* for what is kept */
};

struct policies {
	size_t n; /* in the model */
	size_t n_invalid, n_problems;
	/* "" if `next` is to be put in force. Else why what the maps hold
	 * stays: entries, flags and identities together. */
	char kept[512];
	/* A set of policies was refused; else too little is known so far. */
	bool refused;
	struct policies_world *world; /* until the model may change */
	struct policy_compiled next;  /* of world */
	struct policy_compiled good;  /* what this agent has put in force,
				       * without its entries */
	bool has_good;
	struct entries pods;	     /* by address, struct policies_pod */
	double seconds, max_seconds; /* it took to compile */
};

/* What becomes of an endpoint. */
struct policies_pod {
	__u32 identity, policy_id;
	__u32 flags; /* enum fl_endpoint_flags */
};

void policies_init(struct policies *p);
void policies_free(struct policies *p);

/* Compile. node: of this node, as desired_compute() left it. */
void policies_update(const struct inputs *in, const struct node_facts *node,
		     const struct policies_found *found, struct policies *p);
/* Keep what is in force, for this reason; the next join does so. */
void policies_refuse(struct policies *p, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));
/* `next` is in force. */
void policies_commit(struct policies *p);
/* The model may change from now on, until the next update. */
void policies_forget_world(struct policies *p);

/* Put it into what desired_compute() has left. */
void policies_join(const struct inputs *in, const struct policies_found *found,
		   const struct policies *p, struct desired *d);
/* What a pod's address is to have in fl_routes, which says what is around it.
 * False: no entry. */
bool policies_route(const struct policy_compiled *c,
		    const struct entries *routes,
		    const struct route_lengths *lengths,
		    const struct fl_prefix *p, struct fl_route *out);
/* What fl_policy is to hold; sorted. */
void policies_entries(const struct policies *p, struct entries *out);
/* Put it into one entry of fl_endpoints. */
void policies_set_endpoint(const struct policies *p,
			   const struct policies_found *found,
			   const struct fl_addr *addr, struct fl_endpoint *e);

/* The policy that takes most of the room, as a title; returns how much. */
size_t policies_largest(const struct policies *p, char *title, size_t size);

/* ---- the world, private to policies*.c and policy_file.c ------------- */

/* A Pod as the compiler has it; of the same life. */
struct policy_pod world_pod(const struct pod *pod);
struct policies_world *world_build(const struct inputs *in,
				   const struct node_facts *node);
/* What only the compiler needs, which is large. */
void world_forget_cluster(struct policies_world *w);
void world_free(struct policies_world *w);
const struct policy_world *world_get(const struct policies_world *w);
/* NULL: not known. */
const struct pod *world_endpoint_pod(const struct policies_world *w, size_t i);
const struct policy_object *world_policy(const struct policies_world *w,
					 size_t i);
