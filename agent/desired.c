/* SPDX-License-Identifier: Apache-2.0 */
#include "desired.h"

#include <linux/rtnetlink.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../lib/cleanup.h"
#include "desired_nodes.h"
#include "memory.h"

bool inputs_audit(const struct inputs *in)
{
	const struct node *own = model_node(in->model, in->config->node_name);

	return in->config->policy_audit || (own && own->audit);
}

void desired_init(struct desired *d)
{
	memset(d, 0, sizeof(*d));
	entries_init(&d->endpoints, sizeof(struct fl_addr),
		     sizeof(struct fl_endpoint));
	entries_init(&d->routes, sizeof(struct fl_prefix),
		     sizeof(struct fl_route));
	entries_init(&d->masquerade, sizeof(struct fl_prefix), sizeof(__u32));
	entries_init(&d->uplinks, sizeof(__u32), sizeof(struct fl_uplink));
	entries_init(&d->policy, sizeof(struct fl_policy_key),
		     sizeof(struct fl_policy_entry));
}

void desired_free(struct desired *d)
{
	entries_free(&d->endpoints);
	entries_free(&d->routes);
	entries_free(&d->masquerade);
	entries_free(&d->uplinks);
	entries_free(&d->policy);
	free(d->host_routes);
	problems_free(&d->problems);
	desired_init(d);
}

void desired_add_host_route(struct desired *d, const struct link_route *r)
{
	d->host_routes = list_room(d->host_routes, d->host_routes_room,
				   d->n_host_routes);
	d->host_routes[d->n_host_routes++] = *r;
}

struct fl_addr desired_src(const struct desired *d, bool v4)
{
	return v4 ? d->config.host_v4 : d->config.host_v6;
}

/* ---- this node ------------------------------------------------------ */

struct fl_addr desired_host_addr(const struct fl_prefix *pod_cidr)
{
	return addr_add(&pod_cidr->addr, 1);
}

static void add_pod_cidr(struct desired *d, const struct fl_prefix *cidr,
			 const struct keep_out *keep_out)
{
	struct node_facts *node = &d->node;
	char why[160], text[PREFIX_STRLEN];

	if (!keep_out_allows(keep_out, cidr, why, sizeof(why))) {
		snprintf(d->missing, sizeof(d->missing),
			 "this node's pod range %s %s: it needs another one",
			 prefix_format(cidr, text), why);
		return;
	}
	node->host_addrs[node->n_host_addrs++] = desired_host_addr(cidr);
	node->pod_cidrs[node->n_pod_cidrs++] = *cidr;
}

static void set_pod_cidrs(const struct inputs *in, const struct node *own,
			  const struct keep_out *keep_out, struct desired *d)
{
	const struct fl_prefix *cidrs = in->config->pod_cidrs;
	int n = in->config->n_pod_cidrs;

	if (!n && own) {
		cidrs = own->pod_cidrs;
		n = own->n_pod_cidrs;
	}
	for (int i = 0; i < n; i++)
		add_pod_cidr(d, &cidrs[i], keep_out);
}

static void set_host_addrs(struct desired *d)
{
	for (int i = d->node.n_host_addrs; i--;) {
		const struct fl_addr *a = &d->node.host_addrs[i];

		if (addr_is_v4(a))
			d->config.host_v4 = *a;
		else
			d->config.host_v6 = *a;
	}
}

static void set_config(const struct inputs *in, struct desired *d)
{
	const struct config *c = in->config;
	const struct link_info *l;

	l = facts_link_named(in->facts, c->host_device);
	d->config.host_ifindex = l ? l->ifindex : 0;
	l = c->overlay ? facts_link_named(in->facts, c->overlay_device) : NULL;
	d->config.overlay_ifindex = l ? l->ifindex : 0;
	d->config.overlay_mtu = l ? d->node.mtu : 0;
	d->config.masq_port_min = c->masq_port_min;
	d->config.masq_port_max = c->masq_port_max;
	d->config.masq_skip_min = c->node_port_min;
	d->config.masq_skip_max = c->node_port_max;
	d->config.events_per_second = c->events_per_second;
}

static void set_node(const struct inputs *in, const struct node *own,
		     const struct keep_out *keep_out, struct desired *d)
{
	struct node_facts *node = &d->node;

	snprintf(node->name, sizeof(node->name), "%s", in->config->node_name);
	snprintf(node->bpf_root, sizeof(node->bpf_root), "%s",
		 in->config->bpf_root);
	node->overlay = in->config->overlay;
	node->default_verdict = DEFAULT_ALLOW;
	set_pod_cidrs(in, own, keep_out, d);
	set_host_addrs(d);
	node->mtu = in->config->mtu;
	if (!node->mtu)
		node->mtu = uplinks_mtu(&d->uplink_list, in->config,
					desired_underlay_is_v6(in, own));
}

static void miss_mtu(const struct inputs *in, const struct node *own,
		     struct desired *d)
{
	unsigned int overhead =
		uplinks_overhead(in->config, desired_underlay_is_v6(in, own));
	const struct uplink *u = uplinks_narrowest(&d->uplink_list);

	if (u)
		snprintf(d->missing, sizeof(d->missing),
			 "uplink %s has an MTU of %u: pods need one of %u at "
			 "least, or %u for IPv6",
			 u->name, u->value.mtu, MTU_MIN + overhead,
			 MTU_MIN_IPV6 + overhead);
	else
		snprintf(d->missing, sizeof(d->missing),
			 "no uplink: no device has a default route or an "
			 "InternalIP of Node %.100s",
			 in->config->node_name);
}

/* What must be known before anything can be said of this node. */
static void find_missing(const struct inputs *in, const struct node *own,
			 struct desired *d)
{
	const struct config *c = in->config;

	if (d->missing[0])
		return;
	/* An API server's Node tells more than ranges, and what an earlier
	 * agent knew of it is not to be undone. */
	if (!own &&
	    (c->kubeconfig[0] || (c->cluster_dir[0] && !c->n_pod_cidrs)))
		snprintf(d->missing, sizeof(d->missing),
			 "there is no Node %.100s in %.100s", c->node_name,
			 c->cluster_dir[0] ? c->cluster_dir : "the cluster");
	else if (!d->node.n_pod_cidrs)
		snprintf(
			d->missing, sizeof(d->missing),
			"Node %.100s has no podCIDRs, and pod-cidrs is not set",
			c->node_name);
	else if (d->node.mtu < MTU_MIN)
		miss_mtu(in, own, d);
}

/* IPv6 is off on a device whose MTU is too small for it. */
static void find_too_small(const struct inputs *in, struct desired *d)
{
	const struct uplink *u = uplinks_narrowest(&d->uplink_list);

	if (!u || in->config->mtu || d->node.mtu < MTU_MIN ||
	    d->node.mtu >= MTU_MIN_IPV6)
		return;
	problems_add(&d->problems,
		     "uplink %s has an MTU of %u, which leaves pods %u: IPv6 "
		     "needs %d",
		     u->name, u->value.mtu, d->node.mtu, MTU_MIN_IPV6);
}

static void add_uplinks(struct desired *d)
{
	for (int i = 0; i < d->uplink_list.n; i++)
		entries_add(&d->uplinks, &d->uplink_list.items[i].ifindex,
			    &d->uplink_list.items[i].value);
}

/* ---- pods of this node ---------------------------------------------- */

static void add_endpoint_addr(const struct endpoint_record *r,
			      const struct fl_addr *addr, struct desired *d)
{
	struct fl_endpoint entry = endpoint_entry(r);
	struct link_route route = {
		.dst = {128, *addr},
		.ifindex = r->ifindex,
		.src = desired_src(d, addr_is_v4(addr)),
		.protocol = LINK_RTPROT,
	};

	entries_add(&d->endpoints, addr, &entry);
	desired_add_host_route(d, &route);
}

static void add_endpoints(const struct inputs *in, struct desired *d)
{
	for (size_t i = 0; i < in->endpoints->n; i++) {
		const struct endpoint_record *r = &in->endpoints->items[i];

		if (!endpoint_has_device(r, in->facts))
			continue; /* the reaper's business */
		for (int j = 0; j < r->n_addrs; j++) {
			if (endpoints_find_addr(in->endpoints, &r->addrs[j]) ==
			    r)
				add_endpoint_addr(r, &r->addrs[j], d);
			else
				problems_add(&d->problems,
					     "endpoint %s of %.64s: another "
					     "one has the same address",
					     r->ifname, r->container_id);
		}
	}
}

static bool is_in_pod_cidrs(const struct node_facts *node,
			    const struct fl_addr *a)
{
	for (int i = 0; i < node->n_pod_cidrs; i++)
		if (prefix_contains(&node->pod_cidrs[i], a))
			return true;
	return false;
}

/* The address that other nodes do not look for here, NULL: there is none. What
 * another plugin has given is that plugin's business. */
static const struct fl_addr *addr_outside(const struct endpoint_record *r,
					  const struct node_facts *node)
{
	for (int i = 0; !r->ipam[0] && i < r->n_addrs; i++)
		if (!is_in_pod_cidrs(node, &r->addrs[i]))
			return &r->addrs[i];
	return NULL;
}

/* Pods keep their addresses when the node's ranges change. */
static void find_outside(const struct inputs *in, struct desired *d)
{
	const struct endpoint_record *first = NULL;
	const struct fl_addr *addr = NULL;
	char text[ADDR_STRLEN], name[160];
	int n = 0;

	for (size_t i = 0; d->node.n_pod_cidrs && i < in->endpoints->n; i++) {
		const struct endpoint_record *r = &in->endpoints->items[i];
		const struct fl_addr *a = addr_outside(r, &d->node);

		if (!a || !endpoint_has_device(r, in->facts))
			continue;
		if (!n++) {
			first = r;
			addr = a;
		}
	}
	if (!n)
		return;
	if (first->pod_name[0])
		snprintf(name, sizeof(name), "%.64s/%.80s",
			 first->pod_namespace, first->pod_name);
	else
		snprintf(name, sizeof(name), "%.64s", first->container_id);
	problems_add(&d->problems,
		     "%d pod%s outside this node's pod ranges, %s %s for one: "
		     "other nodes do not find such a pod until it is created "
		     "anew",
		     n, n == 1 ? " has an address" : "s have addresses", name,
		     addr_format(addr, text));
}

/* ---- all of it ------------------------------------------------------ */

void desired_compute(const struct inputs *in, struct desired *out)
{
	const struct node *own = model_node(in->model, in->config->node_name);
	__cleanup(keep_out_free) struct keep_out keep_out;

	desired_free(out);
	uplinks_derive(in->facts, in->config, own, &out->uplink_list,
		       &out->problems);
	keep_out_find(in, &out->uplink_list, &keep_out);
	set_node(in, own, &keep_out, out);
	set_config(in, out);
	find_missing(in, own, out);
	find_too_small(in, out);
	add_uplinks(out);
	add_endpoints(in, out);
	find_outside(in, out);
	desired_add_nodes(in, own, &keep_out, out);
	entries_sort(&out->endpoints);
	entries_sort(&out->uplinks);
}
