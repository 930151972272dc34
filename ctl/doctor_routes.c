/* SPDX-License-Identifier: Apache-2.0 */
/* Do the maps' routes and the kernel's agree, and does nobody else's lead our
 * packets elsewhere? */
#include "doctor.h"

#include <stdlib.h>
#include <string.h>

#include "../lib/addr.h"
#include "alloc.h"

/* So many of one kind are named one by one. */
enum { NAMED_MAX = 3 };

struct kernel_routes {
	struct link_route *list;
	size_t n, room;
};

static int keep_route(const struct link_route *r, void *arg)
{
	struct kernel_routes *k = arg;

	k->list = must_grow(k->list, k->n, &k->room, sizeof(*k->list));
	k->list[k->n++] = *r;
	return 0;
}

static const struct link_route *find(const struct kernel_routes *k,
				     const struct fl_prefix *dst,
				     unsigned int ifindex)
{
	for (size_t i = 0; i < k->n; i++)
		if (k->list[i].ifindex == ifindex &&
		    !memcmp(&k->list[i].dst, dst, sizeof(*dst)))
			return &k->list[i];
	return NULL;
}

static const char *device_name(struct doctor *d, unsigned int ifindex,
			       char buf[16])
{
	struct link_info l;

	if (link_get_index(d->links, ifindex, &l, NULL))
		return "no device";
	return strcpy(buf, l.name);
}

/* ---- what must be there ---------------------------------------------- */

static int judge_pod_routes(struct doctor *d, const struct kernel_routes *k)
{
	const struct endpoints *eps = &d->status.endpoints;
	char text[ADDR_STRLEN];
	int missing = 0;

	for (size_t i = 0; i < eps->n; i++) {
		const struct endpoint_view *v = &eps->list[i];

		for (int a = 0; a < v->n_addrs; a++) {
			struct fl_prefix dst = {.addr = v->addrs[a],
						.prefix_len = 128};

			if (find(k, &dst, v->ifindex) || missing++ >= NAMED_MAX)
				continue;
			doctor_say(d, DOCTOR_WRONG,
				   "This node itself does not reach the pod, "
				   "so its probes fail. A running agent sets "
				   "the route again within a minute.",
				   "no route to the pod's address %s by %s",
				   addr_format(&v->addrs[a], text), v->device);
		}
	}
	return missing;
}

static bool is_remote_range(const struct route_view *v)
{
	return v->is_route && v->route.flags & FL_ROUTE_POD_CIDR &&
	       !(v->route.flags & FL_ROUTE_LOCAL) && v->route.node_id;
}

/* In native mode the network may know the way. What lies within a range, pods
 * that policies name by their own prefix, follows it in this order, and goes
 * where the range goes. */
static int judge_node_routes(struct doctor *d, const struct kernel_routes *k)
{
	const struct routes *r = &d->status.routes;
	const struct route_view *range = NULL;
	unsigned int overlay = d->status.config.overlay_ifindex;
	char text[PREFIX_STRLEN], name[16];
	int missing = 0;

	for (size_t i = 0; overlay && i < r->n; i++) {
		const struct route_view *v = &r->list[i];

		if (!is_remote_range(v) ||
		    (range && prefix_contains(&range->prefix, &v->prefix.addr)))
			continue;
		range = v;
		if (find(k, &v->prefix, overlay) || missing++ >= NAMED_MAX)
			continue;
		doctor_say(d, DOCTOR_WRONG,
			   "This node itself (not its pods) does not reach "
			   "pods there. A running agent sets the route again "
			   "within a minute.",
			   "no route to the pod range %s by %s",
			   prefix_format(&v->prefix, text),
			   device_name(d, overlay, name));
	}
	return missing;
}

/* ---- what must not --------------------------------------------------- */

static const struct route_view *range_around(const struct routes *r,
					     const struct fl_prefix *dst)
{
	for (size_t i = 0; i < r->n; i++) {
		const struct route_view *v = &r->list[i];

		if (v->is_route && v->route.flags & FL_ROUTE_POD_CIDR &&
		    dst->prefix_len >= v->prefix.prefix_len &&
		    prefix_contains(&v->prefix, &dst->addr))
			return v;
	}
	return NULL;
}

/* Within a pod range, as exact or more so than ours. In native mode the
 * network's own routes are just that, for ranges of other nodes. */
static int judge_foreign_routes(struct doctor *d, const struct kernel_routes *k)
{
	bool overlay = d->status.config.overlay_ifindex;
	char text[PREFIX_STRLEN], range[PREFIX_STRLEN], name[16];
	int bad = 0;

	for (size_t i = 0; i < k->n; i++) {
		const struct link_route *r = &k->list[i];
		const struct route_view *v;

		if (r->protocol == LINK_RTPROT ||
		    r->ifindex == d->status.config.host_ifindex)
			continue;
		v = range_around(&d->status.routes, &r->dst);
		if (!v || (!overlay && !(v->route.flags & FL_ROUTE_LOCAL)) ||
		    bad++ >= NAMED_MAX)
			continue;
		doctor_say(d, DOCTOR_WRONG,
			   "What the node sends there goes astray. Whose "
			   "device is it? Take the route away (ip route del), "
			   "and stop who sets it.",
			   "another's route to %s by %s lies in the pod range "
			   "%s",
			   prefix_format(&r->dst, text),
			   device_name(d, r->ifindex, name),
			   prefix_format(&v->prefix, range));
	}
	return bad;
}

static int judge_default(struct doctor *d, const struct kernel_routes *k)
{
	for (size_t i = 0; i < k->n; i++) {
		unsigned int len = k->list[i].dst.prefix_len;

		if (!len || (len == 96 && prefix_is_v4(&k->list[i].dst)))
			return 0;
	}
	doctor_say(d, DOCTOR_WARNING, "Pods do not reach the world.",
		   "there is no default route");
	return 1;
}

void doctor_routes(struct doctor *d)
{
	struct kernel_routes k = {0};
	struct findings f = {0};
	struct err e = {0};
	int bad;

	if (!doctor_needs_loaded(d))
		return;
	if (!d->links || link_route_each(d->links, keep_route, &k, &e)) {
		doctor_say(d, DOCTOR_UNKNOWN, "", "routes: %.300s", e.msg);
		return;
	}
	judge_routes(&d->status, &f);
	bad = doctor_findings(d, &f);
	bad += judge_pod_routes(d, &k);
	bad += judge_node_routes(d, &k);
	bad += judge_foreign_routes(d, &k);
	bad += judge_default(d, &k);
	if (!bad)
		doctor_say(d, DOCTOR_OK, "",
			   "%zu prefixes, %zu other nodes; the kernel's routes "
			   "agree",
			   d->status.routes.n,
			   routes_other_nodes(&d->status.routes));
	free(k.list);
}
