/* SPDX-License-Identifier: Apache-2.0 */
/* What this node should look like, as a pure function of what is known of the
 * cluster, of the node's network and of its pods. */
#pragma once

#include "../lib/config.h"
#include "endpoints.h"
#include "entries.h"
#include "facts.h"
#include "model.h"
#include "node_ids.h"
#include "problems.h"
#include "uplinks.h"

struct inputs {
	const struct config *config;
	const struct model *model;
	const struct facts *facts;
	const struct endpoints *endpoints;
	const struct node_ids *ids;
};

/* Is this node to tell its verdicts and not enforce them? */
bool inputs_audit(const struct inputs *in);

struct desired {
	/* Why the rest cannot be said yet, "" if it can. Endpoints and the
	 * routes to them are valid all the same. */
	char missing[256];
	struct node_facts node;	 /* but for tcx */
	struct fl_config config; /* but for the epoch */
	struct uplinks uplink_list;
	struct entries endpoints, routes, masquerade, uplinks;
	struct entries policy; /* policies_join() fills it */
	bool keep_policy;      /* fl_policy stays as it is */
	struct link_route *host_routes;
	size_t n_host_routes, host_routes_room;
	struct problems problems;
};

void desired_init(struct desired *d);
/* All but policy: everything is as if there were none. */
void desired_compute(const struct inputs *in, struct desired *out);
void desired_free(struct desired *d);

/* The address under which this node reaches another by the overlay: its first
 * InternalIP (or what its annotation says instead) of a family that both have,
 * IPv4 preferred. False: there is none.
 * own NULL: any family will do. */
bool desired_tunnel(const struct node *own, const struct node *other,
		    struct fl_addr *out);
/* Which lengths the prefixes of fl_routes have: few, so that looking for what
 * is around a prefix is cheap. */
struct route_lengths {
	bool in_use[129];
	/* What was asked last, for those who ask in order: of prefixes of this
	 * length within this one, all have the same around them. */
	struct route_last {
		unsigned int len;
		struct fl_prefix within;
		const struct fl_route *around;
	} last;
};

void route_lengths_find(const struct entries *routes,
			struct route_lengths *out);
/* The entry of the longest prefix around p that is not p itself, NULL: there
 * is none. */
const struct fl_route *route_around(const struct entries *routes,
				    const struct route_lengths *lengths,
				    const struct fl_prefix *p);
/* The node's own address in a pod range: the first usable one. */
struct fl_addr desired_host_addr(const struct fl_prefix *pod_cidr);
