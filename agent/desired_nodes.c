/* SPDX-License-Identifier: Apache-2.0 */
#include "desired_nodes.h"

#include <linux/rtnetlink.h>
#include <string.h>

/* Passed to those who look at each node. */
struct walk {
	const struct inputs *in;
	const struct node *own; /* may be NULL */
	const struct keep_out *keep_out;
	struct desired *d;
	bool v6;
};

/* ---- the overlay's addresses ---------------------------------------- */

static const struct fl_addr *tunnel_addr(const struct node *node, bool v4)
{
	for (int i = 0; i < node->n_addrs; i++)
		if (node->addrs[i].tunnel &&
		    addr_is_v4(&node->addrs[i].addr) == v4)
			return &node->addrs[i].addr;
	return NULL;
}

bool desired_tunnel(const struct node *own, const struct node *other,
		    struct fl_addr *out)
{
	for (int v4 = 1; v4 >= 0; v4--) {
		const struct fl_addr *a = tunnel_addr(other, v4);

		if (a && (!own || tunnel_addr(own, v4))) {
			*out = *a;
			return true;
		}
	}
	return false;
}

static void look_for_v6(struct object *o, void *arg)
{
	struct walk *w = arg;
	struct fl_addr tunnel;

	if (o != &w->own->o &&
	    desired_tunnel(w->own, (struct node *)o, &tunnel) &&
	    !addr_is_v4(&tunnel))
		w->v6 = true;
}

bool desired_underlay_is_v6(const struct inputs *in, const struct node *own)
{
	struct walk w = {.in = in, .own = own};

	if (!own)
		return false;
	w.v6 = own->n_addrs && !tunnel_addr(own, true) &&
	       tunnel_addr(own, false);
	model_each(in->model, OBJECT_NODE, look_for_v6, &w);
	return w.v6;
}

/* ---- fl_routes and fl_masquerade ------------------------------------ */

static void no_masquerade(struct desired *d, const struct fl_prefix *p)
{
	const __u32 one = 1;

	entries_add(&d->masquerade, p, &one);
}

static void add_route(struct desired *d, const struct fl_prefix *p,
		      const struct fl_route *r)
{
	entries_add(&d->routes, p, r);
	no_masquerade(d, p);
}

/* What two nodes claim belongs to this one, else to the first numbered. */
static bool prefer(const void *key, const void *a, const void *b, void *arg)
{
	const struct fl_route *x = a, *y = b;
	struct walk *w = arg;
	char text[PREFIX_STRLEN];

	if (x->node_id == y->node_id)
		return false;
	problems_add(&w->d->problems, "%s belongs to two nodes: %s and %s",
		     prefix_format(key, text),
		     node_ids_name(w->in->ids, x->node_id),
		     node_ids_name(w->in->ids, y->node_id));
	if ((x->flags ^ y->flags) & FL_ROUTE_LOCAL)
		return y->flags & FL_ROUTE_LOCAL;
	return y->node_id < x->node_id;
}

static void add_addr(struct desired *d, const struct fl_addr *a,
		     const struct fl_route *r)
{
	struct fl_prefix p = {128, *a};

	add_route(d, &p, r);
}

static void add_cidr(struct desired *d, const struct fl_prefix *cidr,
		     const struct fl_route *base, bool local)
{
	struct fl_route pods = *base, host = *base;
	struct fl_addr addr = desired_host_addr(cidr);

	for (int i = 0; i < FL_VIEWS; i++)
		pods.identity[i] = FL_IDENTITY_POD;
	pods.flags = FL_ROUTE_POD_CIDR | (local ? FL_ROUTE_LOCAL : 0);
	add_route(d, cidr, &pods);
	host.flags = FL_ROUTE_NODE | (local ? FL_ROUTE_LOCAL : 0);
	add_addr(d, &addr, &host);
}

/* A range that would take this node off the network is nobody's. */
static void add_others_cidr(const struct walk *w, const char *name,
			    const struct fl_prefix *cidr,
			    const struct fl_route *base)
{
	char why[160], text[PREFIX_STRLEN];

	if (keep_out_allows(w->keep_out, cidr, why, sizeof(why)))
		add_cidr(w->d, cidr, base, false);
	else
		problems_add(&w->d->problems,
			     "Node %s: its pod range %s %s: not used", name,
			     prefix_format(cidr, text), why);
}

/* Everything that the host answers to, not only what its Node lists. */
static void add_own_addrs(const struct walk *w, const struct fl_route *host)
{
	const struct facts *f = w->in->facts;

	for (size_t i = 0; i < f->n_addrs; i++) {
		const struct link_addr *a = &f->addrs[i];

		if (a->scope == RT_SCOPE_UNIVERSE)
			add_addr(w->d, &a->addr, host);
	}
}

static void add_own(const struct walk *w)
{
	const char *name = w->in->config->node_name;
	struct fl_route host = {
		.node_id = node_ids_get(w->in->ids, name),
		.identity = {FL_IDENTITY_HOST, FL_IDENTITY_HOST},
		.flags = FL_ROUTE_NODE | FL_ROUTE_LOCAL,
	};

	for (int i = 0; i < w->d->node.n_pod_cidrs; i++)
		add_cidr(w->d, &w->d->node.pod_cidrs[i], &host, true);
	for (int i = 0; w->own && i < w->own->n_addrs; i++)
		add_addr(w->d, &w->own->addrs[i].addr, &host);
	add_own_addrs(w, &host);
}

/* ---- the host's own routes ------------------------------------------ */

static void add_overlay_route(const struct walk *w, const struct fl_prefix *p)
{
	struct link_route r = {
		.dst = *p,
		.ifindex = w->d->config.overlay_ifindex,
		.src = desired_src(w->d, prefix_is_v4(p)),
		.mtu = w->d->node.mtu,
		.protocol = LINK_RTPROT,
		.onlink = true,
	};

	if (r.ifindex)
		desired_add_host_route(w->d, &r);
}

/* The device on whose link the address is, 0: it is behind a router. */
static unsigned int link_of(const struct walk *w, const struct fl_addr *a)
{
	const struct facts *f = w->in->facts;
	struct fl_prefix net;

	for (size_t i = 0; i < f->n_addrs; i++)
		if (!prefix_make(&f->addrs[i].addr, f->addrs[i].prefix_len,
				 &net) &&
		    net.prefix_len < 128 && prefix_contains(&net, a))
			return f->addrs[i].ifindex;
	return 0;
}

static void add_direct_route(const struct walk *w, const struct node *node,
			     const struct fl_prefix *p)
{
	const struct fl_addr *via = tunnel_addr(node, prefix_is_v4(p));
	struct link_route r = {
		.dst = *p,
		.src = desired_src(w->d, prefix_is_v4(p)),
		.protocol = LINK_RTPROT,
	};

	if (!via)
		return;
	r.gateway = *via;
	r.ifindex = link_of(w, via);
	if (r.ifindex)
		desired_add_host_route(w->d, &r);
}

/* ---- other nodes ---------------------------------------------------- */

static void add_other(struct object *o, void *arg)
{
	struct walk *w = arg;
	struct node *node = (struct node *)o;
	const struct config *c = w->in->config;
	struct fl_route remote = {
		.node_id = node_ids_get(w->in->ids, o->name),
		.identity = {FL_IDENTITY_REMOTE_NODE, FL_IDENTITY_REMOTE_NODE},
		.flags = FL_ROUTE_NODE,
	};

	if (!strcmp(o->name, c->node_name))
		return;
	if (!desired_tunnel(w->own, node, &remote.node))
		problems_add(&w->d->problems,
			     "Node %s: no InternalIP of a family that this "
			     "node has",
			     o->name);
	for (int i = 0; i < node->n_addrs; i++)
		add_addr(w->d, &node->addrs[i].addr, &remote);
	for (int i = 0; i < node->n_pod_cidrs; i++)
		add_others_cidr(w, o->name, &node->pod_cidrs[i], &remote);
}

/* To what is this node's for certain. */
static void add_host_routes(struct object *o, void *arg)
{
	struct walk *w = arg;
	struct node *node = (struct node *)o;
	const struct config *c = w->in->config;

	if (!strcmp(o->name, c->node_name))
		return;
	for (int i = 0; i < node->n_pod_cidrs; i++) {
		const struct fl_prefix *p = &node->pod_cidrs[i];
		const struct fl_route *r = entries_find(&w->d->routes, p);

		if (!r || !(r->flags & FL_ROUTE_POD_CIDR) ||
		    r->node_id != node_ids_get(w->in->ids, o->name))
			continue;
		if (c->overlay)
			add_overlay_route(w, p);
		else if (c->direct_routes)
			add_direct_route(w, node, p);
	}
}

void desired_add_nodes(const struct inputs *in, const struct node *own,
		       const struct keep_out *keep_out, struct desired *d)
{
	struct walk w = {
		.in = in,
		.own = own,
		.keep_out = keep_out,
		.d = d,
	};

	add_own(&w);
	model_each(in->model, OBJECT_NODE, add_other, &w);
	for (int i = 0; i < in->config->n_masq_exclude; i++)
		no_masquerade(d, &in->config->masq_exclude[i]);
	entries_sort(&d->routes);
	entries_unique(&d->routes, prefer, &w);
	entries_sort(&d->masquerade);
	entries_unique(&d->masquerade, NULL, NULL);
	desired_find_overlaps(in->ids, d);
	model_each(in->model, OBJECT_NODE, add_host_routes, &w);
}
