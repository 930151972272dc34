/* SPDX-License-Identifier: Apache-2.0 */
#include "route.h"

#include <stdlib.h>
#include <string.h>

#include "../lib/cleanup.h"
#include "../loader/loader.h"
#include "alloc.h"

void routes_add(struct routes *r, const struct fl_prefix *p,
		const struct fl_route *route)
{
	struct route_view *v;

	r->list = must_grow(r->list, r->n, &r->room, sizeof(*r->list));
	v = &r->list[r->n++];
	*v = (struct route_view){
		.prefix = *p,
		.is_route = route,
		.is_excluded = !route,
	};
	if (route)
		v->route = *route;
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

/* A prefix may be in both maps: one view says so. */
void routes_sort(struct routes *r)
{
	size_t kept = 0;

	if (r->n)
		qsort(r->list, r->n, sizeof(*r->list), by_prefix);
	for (size_t i = 0; i < r->n; i++) {
		struct route_view *last = kept ? &r->list[kept - 1] : NULL;
		const struct route_view *v = &r->list[i];

		if (!last || by_prefix(last, v)) {
			r->list[kept++] = *v;
			continue;
		}
		if (v->is_route)
			last->route = v->route;
		last->is_route |= v->is_route;
		last->is_excluded |= v->is_excluded;
	}
	r->n = kept;
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

/* What is around it has its bits, and is no longer. */
bool routes_masquerades(const struct routes *r, const struct route_view *v)
{
	for (int len = prefix_length(&v->prefix); r->n && len >= 0; len--) {
		struct route_view around = {0};
		const struct route_view *found;

		prefix_make(&v->prefix.addr, len, &around.prefix);
		found = bsearch(&around, r->list, r->n, sizeof(around),
				by_prefix);
		if (found && found->is_excluded)
			return false;
	}
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

static int by_number(const void *a, const void *b)
{
	__u32 x = *(const __u32 *)a, y = *(const __u32 *)b;

	return x < y ? -1 : x > y;
}

size_t routes_other_nodes(const struct routes *r)
{
	__cleanup(mem_free) __u32 *ids = NULL;
	size_t n = 0, room = 0, nodes = 0;

	for (size_t i = 0; i < r->n; i++) {
		if (!is_other_node(&r->list[i]))
			continue;
		ids = must_grow(ids, n, &room, sizeof(*ids));
		ids[n++] = r->list[i].route.node_id;
	}
	if (n)
		qsort(ids, n, sizeof(*ids), by_number);
	for (size_t i = 0; i < n; i++)
		nodes += !i || ids[i] != ids[i - 1];
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
