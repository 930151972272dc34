/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The objects of an API server: owned, indexed, and swept by resource after a
 * whole list. Made for many: see docs/scale.md.
 */
#pragma once

#include "pod_news.h"

/* Which list an object comes from; policies come from two. */
enum resource {
	RESOURCE_NODES,
	RESOURCE_NAMESPACES,
	RESOURCE_PODS,
	RESOURCE_NETWORK_POLICIES,
	RESOURCE_CLUSTER_NETWORK_POLICIES,
	RESOURCE_SERVICES,
	RESOURCE_ENDPOINT_SLICES,
	RESOURCE_MAX,
};

struct store {
	struct model model;
	unsigned int list[RESOURCE_MAX]; /* counts the lists that have begun */
	size_t n[RESOURCE_MAX];
	size_t bytes[RESOURCE_MAX]; /* what their objects take */
	struct pod_news news; /* pods are told here, the rest by the caller */
};

/* Takes o, and frees what it replaces (or o, where it says nothing new).
 * Returns whether anything that we look at is another than before. */
bool store_put(struct store *s, enum resource r, struct object *o);
/* The list has it, but it cannot be read: what is known of it stays. */
void store_keep(struct store *s, enum resource r, const char *namespace,
		const char *name);
/* Returns whether it was there. */
bool store_remove(struct store *s, enum resource r, const char *namespace,
		  const char *name);
/* A list begins: what is not put until store_sweep() will be gone then. */
void store_list(struct store *s, enum resource r);
/* Returns how many went. */
size_t store_sweep(struct store *s, enum resource r);
void store_free(struct store *s); /* and empty */
