/* SPDX-License-Identifier: Apache-2.0 */
#include "route.h"

#include <stdlib.h>
#include <string.h>

#include "../lib/cleanup.h"
#include "../loader/loader.h"
#include "alloc.h"

static struct route_view *view_of(struct routes *r, const struct fl_prefix *p)
{
	for (size_t i = 0; i < r->n; i++)
		if (!memcmp(&r->list[i].prefix, p, sizeof(*p)))
			return &r->list[i];
	return NULL;
}

/* The routes come first and are distinct; the exclusions look for theirs. */
void routes_add(struct routes *r, const struct fl_prefix *p,
		const struct fl_route *route)
{
	struct route_view *v = route ? NULL : view_of(r, p);

	if (!v) {
		r->list = must_grow(r->list, r->n, &r->room, sizeof(*r->list));
		v = &r->list[r->n++];
		*v = (struct route_view){.prefix = *p};
	}
	if (route) {
		v->is_route = true;
		v->route = *route;
	} else {
		v->is_excluded = true;
	}
}

static int by_prefix(const void *a, const void *b)
{
	const struct route_view *x = a, *y = b;
	int order;

	if (prefix_is_v4(&x->prefix) != prefix_is_v4(&y->prefix))
		return prefix_is_v4(&x->prefix) ? -1 : 1;
	order = addr_compare(&x->prefix.addr, &y->prefix.addr);
	if (order)
		return order;
	return (int)x->prefix.prefix_len - (int)y->prefix.prefix_len;
}

void routes_sort(struct routes *r)
{
	if (r->n)
		qsort(r->list, r->n, sizeof(*r->list), by_prefix);
}

const struct route_view *routes_lookup(const struct routes *r,
				       const struct fl_addr *a)
{
	const struct route_view *best = NULL;

	for (size_t i = 0; i < r->n; i++) {
		const struct route_view *v = &r->list[i];

		if (!prefix_contains(&v->prefix, a))
			continue;
		if (!best || v->prefix.prefix_len > best->prefix.prefix_len)
			best = v;
	}
	return best;
}

bool routes_masquerades(const struct routes *r, const struct route_view *v)
{
	for (size_t i = 0; i < r->n; i++)
		if (r->list[i].is_excluded &&
		    r->list[i].prefix.prefix_len <= v->prefix.prefix_len &&
		    prefix_contains(&r->list[i].prefix, &v->prefix.addr))
			return false;
	return true;
}

const char *route_what(const struct route_view *v)
{
	if (!v->is_route)
		return "excluded";
	return v->route.flags & FL_ROUTE_POD_CIDR ? "pods"
	       : v->route.flags & FL_ROUTE_NODE	  ? "node"
						  : "other";
}

static bool is_other_node(const struct route_view *v)
{
	return v->is_route && v->route.node_id &&
	       !(v->route.flags & FL_ROUTE_LOCAL);
}

size_t routes_other_nodes(const struct routes *r)
{
	size_t nodes = 0, j;

	for (size_t i = 0; i < r->n; i++) {
		if (!is_other_node(&r->list[i]))
			continue;
		for (j = 0; j < i; j++)
			if (is_other_node(&r->list[j]) &&
			    r->list[j].route.node_id ==
				    r->list[i].route.node_id)
				break;
		nodes += j == i;
	}
	return nodes;
}

/* ---- reading --------------------------------------------------------- */

static int keep_route(const void *key, const void *value, void *arg)
{
	routes_add(arg, key, value);
	return 0;
}

static int keep_exclusion(const void *key, const void *value, void *arg)
{
	(void)value;
	routes_add(arg, key, NULL);
	return 0;
}

int routes_read(const struct ctl *c, struct routes *out, struct err *e)
{
	__cleanup(fd_close) int fd = ctl_map_open(c, FL_MAP_ROUTES, e);
	__cleanup(fd_close) int masq = -1;
	int rc = fd < 0 ? fd : map_each(fd, keep_route, out, e);

	if (rc)
		return rc;
	out->view = ctl_view(c);
	masq = ctl_map_open(c, FL_MAP_MASQUERADE, e);
	rc = masq < 0 ? masq : map_each(masq, keep_exclusion, out, e);
	if (!rc)
		routes_sort(out);
	return rc;
}

void routes_free(struct routes *r)
{
	free(r->list);
	*r = (struct routes){0};
}
