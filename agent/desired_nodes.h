/* SPDX-License-Identifier: Apache-2.0 */
/* The part of desired.c that is about where pods and nodes live: fl_routes,
 * fl_masquerade and the host's routes to other nodes. */
#pragma once

#include "desired_ranges.h"

void desired_add_nodes(const struct inputs *in, const struct node *own,
		       const struct keep_out *keep_out, struct desired *d);
/* Does the overlay to any node run over IPv6? */
bool desired_underlay_is_v6(const struct inputs *in, const struct node *own);

/* Ranges of two nodes of which one lies within the other are problems. */
void desired_find_overlaps(const struct node_ids *ids, struct desired *d);

/* Of desired.c, for desired_nodes.c. */
void desired_add_host_route(struct desired *d, const struct link_route *r);
struct fl_addr desired_src(const struct desired *d, bool v4);
