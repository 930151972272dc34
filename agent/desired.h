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

struct desired {
	/* Why the rest cannot be said yet, "" if it can. Endpoints and the
	 * routes to them are valid all the same. */
	char missing[256];
	struct node_facts node;	 /* but for tcx */
	struct fl_config config; /* but for the epoch */
	struct uplinks uplink_list;
	struct entries endpoints, routes, masquerade, uplinks;
	struct link_route *host_routes;
	size_t n_host_routes, host_routes_room;
	struct problems problems;
};

void desired_init(struct desired *d);
void desired_compute(const struct inputs *in, struct desired *out);
void desired_free(struct desired *d);

/* The address under which this node reaches another by the overlay: its first
 * InternalIP of a family that both have, IPv4 preferred. False: there is none.
 * own NULL: any family will do. */
bool desired_tunnel(const struct node *own, const struct node *other,
		    struct fl_addr *out);
/* The node's own address in a pod range: the first usable one. */
struct fl_addr desired_host_addr(const struct fl_prefix *pod_cidr);
