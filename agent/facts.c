/* SPDX-License-Identifier: Apache-2.0 */
#include "facts.h"

#include <stdlib.h>
#include <string.h>

#include "../lib/cleanup.h"
#include "memory.h"

bool route_is_default(const struct link_route *r)
{
	return prefix_length(&r->dst) == 0;
}

static int add_link(const struct link_info *l, void *arg)
{
	struct facts *f = arg;

	f->links = list_room(f->links, f->links_room, f->n_links);
	f->links[f->n_links++] = *l;
	return 0;
}

static int add_addr(const struct link_addr *a, void *arg)
{
	struct facts *f = arg;

	f->addrs = list_room(f->addrs, f->addrs_room, f->n_addrs);
	f->addrs[f->n_addrs++] = *a;
	return 0;
}

static int add_route(const struct link_route *r, void *arg)
{
	struct facts *f = arg;

	if (!route_is_default(r) && r->protocol != LINK_RTPROT)
		return 0;
	f->routes = list_room(f->routes, f->routes_room, f->n_routes);
	f->routes[f->n_routes++] = *r;
	return 0;
}

int facts_read(struct link_ctx *c, struct facts *out, struct err *e)
{
	__cleanup(facts_free) struct facts f = {0};
	int rc;

	rc = link_each(c, add_link, &f, e);
	if (!rc)
		rc = link_addr_each(c, add_addr, &f, e);
	if (!rc)
		rc = link_route_each(c, add_route, &f, e);
	if (rc)
		return rc;
	*out = f;
	memset(&f, 0, sizeof(f));
	return 0;
}

void facts_free(struct facts *f)
{
	free(f->links);
	free(f->addrs);
	free(f->routes);
	memset(f, 0, sizeof(*f));
}

static bool same(const void *a, size_t n, const void *b, size_t m, size_t size)
{
	return n == m && (!n || !memcmp(a, b, n * size));
}

bool facts_equal(const struct facts *a, const struct facts *b)
{
	return same(a->links, a->n_links, b->links, b->n_links,
		    sizeof(*a->links)) &&
	       same(a->addrs, a->n_addrs, b->addrs, b->n_addrs,
		    sizeof(*a->addrs)) &&
	       same(a->routes, a->n_routes, b->routes, b->n_routes,
		    sizeof(*a->routes));
}

const struct link_info *facts_link(const struct facts *f, unsigned int ifindex)
{
	for (size_t i = 0; i < f->n_links; i++)
		if (f->links[i].ifindex == ifindex)
			return &f->links[i];
	return NULL;
}

const struct link_info *facts_link_named(const struct facts *f,
					 const char *name)
{
	for (size_t i = 0; i < f->n_links; i++)
		if (!strcmp(f->links[i].name, name))
			return &f->links[i];
	return NULL;
}

unsigned int facts_addr_device(const struct facts *f, const struct fl_addr *a)
{
	for (size_t i = 0; i < f->n_addrs; i++)
		if (addr_equal(&f->addrs[i].addr, a))
			return f->addrs[i].ifindex;
	return 0;
}
