/* SPDX-License-Identifier: Apache-2.0 */
#include "reconcile.h"

#include <errno.h>
#include <string.h>

#include "../lib/log.h"
#include "../loader/loader.h"

/* ---- devices -------------------------------------------------------- */

static bool has_addr(const struct facts *f, unsigned int ifindex,
		     const struct fl_addr *a)
{
	for (size_t i = 0; i < f->n_addrs; i++)
		if (f->addrs[i].ifindex == ifindex &&
		    addr_equal(&f->addrs[i].addr, a))
			return true;
	return false;
}

static bool devices_are_right(const struct agent *a)
{
	const struct config *c = &a->config;
	const struct node_facts *node = &a->desired.node;
	const struct link_info *host, *overlay;

	host = facts_link_named(&a->facts, c->host_device);
	overlay = facts_link_named(&a->facts, c->overlay_device);
	if (!host || (c->overlay && (!overlay || overlay->mtu != node->mtu)))
		return false;
	for (int i = 0; i < node->n_host_addrs; i++)
		if (!has_addr(&a->facts, host->ifindex, &node->host_addrs[i]))
			return false;
	return true;
}

bool reconcile_devices(struct agent *a, bool full, struct problems *p)
{
	const struct node_facts *node = &a->desired.node;
	struct err e = {0};

	if (!full && devices_are_right(a))
		return false;
	if (devices_setup(&a->config, node->mtu, node->host_addrs,
			  node->n_host_addrs, &e))
		problems_add(p, "%s", e.msg);
	return true;
}

/* ---- routes --------------------------------------------------------- */

static bool is_same_route(const struct link_route *a,
			  const struct link_route *b)
{
	return a->protocol == b->protocol &&
	       !memcmp(&a->dst, &b->dst, sizeof(a->dst)) &&
	       a->ifindex == b->ifindex && a->mtu == b->mtu &&
	       addr_equal(&a->gateway, &b->gateway) &&
	       addr_equal(&a->src, &b->src);
}

static bool is_among(const struct link_route *r, const struct link_route *list,
		     size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (is_same_route(r, &list[i]))
			return true;
	return false;
}

/* To another node: by the overlay, or by a gateway. What leads to a pod goes
 * with the pod's device. */
static bool is_to_a_node(const struct agent *a, const struct link_route *r)
{
	return r->ifindex == a->desired.config.overlay_ifindex ||
	       !addr_is_zero(&r->gateway);
}

/* Somebody else's route to the same is not ours to mend: it is said, and the
 * rest of the node goes on. */
static void set_route(struct agent *a, const struct link_route *r,
		      struct problems *p)
{
	struct err e = {0};

	if (!link_route_replace(a->net, r, &e) || e.code == ENODEV)
		return;
	problems_add(e.code == EEXIST ? &a->desired.problems : p, "%s", e.msg);
}

static void reconcile_routes(struct agent *a, struct problems *p)
{
	const struct desired *d = &a->desired;
	const struct facts *f = &a->facts;
	struct err e = {0};

	for (size_t i = 0; i < d->n_host_routes; i++) {
		const struct link_route *r = &d->host_routes[i];

		if (!is_among(r, f->routes, f->n_routes))
			set_route(a, r, p);
	}
	if (!agent_is_synced(a))
		return;
	for (size_t i = 0; i < f->n_routes; i++) {
		const struct link_route *r = &f->routes[i];

		if (r->protocol == LINK_RTPROT && is_to_a_node(a, r) &&
		    !is_among(r, d->host_routes, d->n_host_routes) &&
		    link_route_del(a->net, r, &e))
			problems_add(p, "%s", e.msg);
	}
}

/* ---- attachments ---------------------------------------------------- */

static void attach(struct agent *a, unsigned int ifindex, enum attach_role role,
		   const char *name, struct problems *p)
{
	struct err e = {0};

	if (!attach_verify(a->config.bpf_root, ifindex, role, &e))
		return;
	if (!attach_device(a->config.bpf_root, a->config.attach, ifindex, role,
			   &e))
		log_info("programs attached", "device=%s ifindex=%u", name,
			 ifindex);
	else if (e.code != ENODEV)
		problems_add(p, "attach to %s: %s", name, e.msg);
}

static bool is_uplink(const struct uplinks *u, unsigned int ifindex)
{
	for (int i = 0; i < u->n; i++)
		if (u->items[i].ifindex == ifindex)
			return true;
	return false;
}

struct stale {
	const struct uplinks *uplinks;
	unsigned int ifindexes[CONFIG_LIST_MAX];
	int n;
};

static int find_stale(unsigned int ifindex, enum attach_role role,
		      enum attach_mode mode, void *arg)
{
	struct stale *s = arg;

	(void)mode;
	if (role == ATTACH_UPLINK && !is_uplink(s->uplinks, ifindex) &&
	    s->n < CONFIG_LIST_MAX)
		s->ifindexes[s->n++] = ifindex;
	return 0;
}

static void detach_stale(struct agent *a, struct problems *p)
{
	struct stale s = {.uplinks = &a->desired.uplink_list};
	struct err e = {0};

	if (attach_each(a->config.bpf_root, find_stale, &s, &e))
		problems_add(p, "%s", e.msg);
	for (int i = 0; i < s.n; i++) {
		log_info("no longer an uplink", "ifindex=%u", s.ifindexes[i]);
		if (detach_device(a->config.bpf_root, s.ifindexes[i], &e))
			problems_add(p, "%s", e.msg);
	}
}

static void reconcile_attachments(struct agent *a, bool full,
				  struct problems *p)
{
	const struct desired *d = &a->desired;

	if (d->config.overlay_ifindex)
		attach(a, d->config.overlay_ifindex, ATTACH_OVERLAY,
		       a->config.overlay_device, p);
	for (int i = 0; i < d->uplink_list.n; i++)
		attach(a, d->uplink_list.items[i].ifindex, ATTACH_UPLINK,
		       d->uplink_list.items[i].name, p);
	if (full && agent_is_synced(a))
		detach_stale(a, p);
}

/* ---- pods ----------------------------------------------------------- */

static void set_neighbour(struct agent *a, const struct endpoint_record *r,
			  const struct fl_addr *addr, struct problems *p)
{
	unsigned char mac[6];
	struct err e = {0};

	if (!link_neigh_get(a->net, r->ifindex, addr, mac, &e) &&
	    !memcmp(mac, r->mac, sizeof(mac)))
		return;
	if (link_neigh_set(a->net, r->ifindex, addr, r->mac, &e) &&
	    e.code != ENODEV)
		problems_add(p, "%s", e.msg);
}

static void set_sysctls(struct agent *a, const char *device)
{
	static const struct {
		const char *format, *value;
	} wanted[] = {
		{"net/ipv4/conf/%s/forwarding", "1"},
		{"net/ipv4/conf/%s/rp_filter", "0"},
	};
	char path[64];

	/* The device may be gone by now, or the kernel without IPv6. */
	for (size_t i = 0; i < sizeof(wanted) / sizeof(wanted[0]); i++) {
		snprintf(path, sizeof(path), wanted[i].format, device);
		sysctl_write(path, wanted[i].value, NULL);
	}
	link_forward_ipv6(a->net, device, NULL);
}

void reconcile_pods(struct agent *a, struct problems *p)
{
	for (size_t i = 0; i < a->endpoints.n; i++) {
		const struct endpoint_record *r = &a->endpoints.items[i];

		if (!endpoint_has_device(r, &a->facts))
			continue;
		attach(a, r->ifindex, ATTACH_POD, r->host_device, p);
		set_sysctls(a, r->host_device);
		for (int j = 0; j < r->n_addrs; j++)
			set_neighbour(a, r, &r->addrs[j], p);
	}
}

void reconcile_host(struct agent *a, bool full, struct problems *p)
{
	reconcile_routes(a, p);
	reconcile_attachments(a, full, p);
	if (full)
		reconcile_pods(a, p);
}

/* ---- node.json ------------------------------------------------------ */

static bool is_same_node(const struct node_facts *a, const struct node_facts *b)
{
	size_t cidrs = a->n_pod_cidrs * sizeof(a->pod_cidrs[0]);
	size_t addrs = a->n_host_addrs * sizeof(a->host_addrs[0]);

	return !strcmp(a->name, b->name) && !strcmp(a->bpf_root, b->bpf_root) &&
	       a->mtu == b->mtu && a->overlay == b->overlay &&
	       a->tcx == b->tcx && a->default_verdict == b->default_verdict &&
	       a->n_pod_cidrs == b->n_pod_cidrs &&
	       !memcmp(a->pod_cidrs, b->pod_cidrs, cidrs) &&
	       a->n_host_addrs == b->n_host_addrs &&
	       !memcmp(a->host_addrs, b->host_addrs, addrs);
}

void reconcile_node_file(struct agent *a, struct problems *p)
{
	struct node_facts want = a->desired.node, now;
	struct err e = {0};
	int rc = node_facts_read(a->config.state_dir, &now, &e);

	/* On pods' devices TCX only where it is asked for: see loader.h. */
	want.tcx = a->config.attach == ATTACH_TCX;
	if (!rc && is_same_node(&now, &want))
		return;
	/* No pod starts before the policies are known that may govern it, and
	 * what was known before is not undone by half a list. */
	if (a->config.kubeconfig[0] && !agent_is_synced(a))
		return;
	/* No pod starts on a node that was never whole. */
	if (rc == -ENOENT && p->n)
		return;
	if (node_facts_write(a->config.state_dir, &want, &e))
		problems_add(p, "%s", e.msg);
	else
		log_info("node.json written", "mtu=%u", want.mtu);
}
