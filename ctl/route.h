/* SPDX-License-Identifier: Apache-2.0 */
/* fl_routes and fl_masquerade, as one list of prefixes. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "../lib/addr.h"
#include "ctl.h"

struct route_view {
	struct fl_prefix prefix;
	bool is_route;	  /* in fl_routes */
	bool is_excluded; /* in fl_masquerade */
	struct fl_route route;
};

struct routes {
	struct route_view *list; /* in order of family, address, length */
	size_t n, room;
	unsigned int view; /* the one that holds */
};

int routes_read(const struct ctl *c, struct routes *out, struct err *e);
void routes_free(struct routes *r); /* fits __cleanup */

void routes_add(struct routes *r, const struct fl_prefix *p,
		const struct fl_route *route); /* NULL: from fl_masquerade */
/* Before anything is asked; what is in both maps becomes one. */
void routes_sort(struct routes *r);
/* The route (not the exclusion) with the longest prefix, or NULL. */
const struct route_view *routes_lookup(const struct routes *r,
				       const struct fl_addr *a);
/* Would a packet to it be masqueraded when it leaves by an uplink? */
bool routes_masquerades(const struct routes *r, const struct route_view *v);
/* "pods", "node", "excluded" */
const char *route_what(const struct route_view *v);
/* Nodes beside this one. */
size_t routes_other_nodes(const struct routes *r);
