/* SPDX-License-Identifier: Apache-2.0 */
/* A picture of this node's network: devices, addresses, and those routes that
 * matter to us (default routes and our own). */
#pragma once

#include <stdbool.h>

#include "../lib/err.h"
#include "../lib/link.h"

struct facts {
	struct link_info *links;
	size_t n_links, links_room;
	struct link_addr *addrs;
	size_t n_addrs, addrs_room;
	struct link_route *routes;
	size_t n_routes, routes_room;
};

int facts_read(struct link_ctx *c, struct facts *out, struct err *e);
void facts_free(struct facts *f); /* and empty */
bool facts_equal(const struct facts *a, const struct facts *b);

const struct link_info *facts_link(const struct facts *f, unsigned int ifindex);
const struct link_info *facts_link_named(const struct facts *f,
					 const char *name);
/* The device that has the address, 0: none. */
unsigned int facts_addr_device(const struct facts *f, const struct fl_addr *a);
bool route_is_default(const struct link_route *r);
