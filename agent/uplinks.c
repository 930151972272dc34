/* SPDX-License-Identifier: Apache-2.0 */
#include "uplinks.h"

#include <linux/if_addr.h>
#include <net/if_arp.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <string.h>

enum { OVERHEAD_IPV4 = 50, OVERHEAD_IPV6 = 70 };

/* ---- which ---------------------------------------------------------- */

static bool can_be_uplink(const struct link_info *l, const struct config *c)
{
	return !(l->flags & IFF_LOOPBACK) &&
	       strcmp(l->name, c->overlay_device) &&
	       strcmp(l->name, c->host_device);
}

static bool has_default_route(const struct facts *f, unsigned int ifindex)
{
	for (size_t i = 0; i < f->n_routes; i++)
		if (f->routes[i].ifindex == ifindex &&
		    route_is_default(&f->routes[i]))
			return true;
	return false;
}

static bool is_internal_addr(const struct node *own, const struct fl_addr *a)
{
	for (int i = 0; own && i < own->n_addrs; i++)
		if ((own->addrs[i].internal || own->addrs[i].tunnel) &&
		    addr_equal(&own->addrs[i].addr, a))
			return true;
	return false;
}

static bool has_internal_addr(const struct facts *f, const struct node *own,
			      unsigned int ifindex)
{
	for (size_t i = 0; i < f->n_addrs; i++)
		if (f->addrs[i].ifindex == ifindex &&
		    is_internal_addr(own, &f->addrs[i].addr))
			return true;
	return false;
}

/* ---- what it looks like --------------------------------------------- */

static bool is_node_addr(const struct node *own, const struct fl_addr *a)
{
	for (int i = 0; own && i < own->n_addrs; i++)
		if (addr_equal(&own->addrs[i].addr, a))
			return true;
	return false;
}

static bool is_usable(const struct link_addr *a)
{
	return a->scope == RT_SCOPE_UNIVERSE &&
	       !(a->flags &
		 (IFA_F_TENTATIVE | IFA_F_DADFAILED | IFA_F_DEPRECATED));
}

/* The node's own address if the device has it, else the first lasting one,
 * else the first (IPv6 privacy addresses come and go). */
static int addr_rank(const struct link_addr *a, const struct node *own)
{
	bool v4 = addr_is_v4(&a->addr);

	if (is_internal_addr(own, &a->addr))
		return 4;
	if (is_node_addr(own, &a->addr))
		return 3;
	return !v4 && (a->flags & IFA_F_TEMPORARY) ? 1 : 2;
}

static struct fl_addr best_addr(const struct facts *f, const struct node *own,
				unsigned int ifindex, bool v4)
{
	struct fl_addr best = {0};
	int best_rank = 0;

	for (size_t i = 0; i < f->n_addrs; i++) {
		const struct link_addr *a = &f->addrs[i];
		int rank;

		if (a->ifindex != ifindex || !is_usable(a) ||
		    addr_is_v4(&a->addr) != v4)
			continue;
		rank = addr_rank(a, own);
		if (rank > best_rank) {
			best_rank = rank;
			best = a->addr;
		}
	}
	return best;
}

/* What the datapath reads and writes; loopback has one as well. */
static bool has_ethernet(const struct link_info *l)
{
	return l->type == ARPHRD_ETHER || l->type == ARPHRD_LOOPBACK;
}

static void add(struct uplinks *u, const struct facts *f,
		const struct link_info *l, const struct node *own,
		struct problems *p)
{
	struct uplink *new = &u->items[u->n];

	if (!has_ethernet(l)) {
		problems_add(p,
			     "uplink %s has no Ethernet header: not supported",
			     l->name);
		return;
	}
	if (u->n == CONFIG_LIST_MAX) {
		problems_add(p, "more than %d uplinks: %s is not one of them",
			     CONFIG_LIST_MAX, l->name);
		return;
	}
	u->n++;
	memset(new, 0, sizeof(*new));
	new->ifindex = l->ifindex;
	strcpy(new->name, l->name);
	new->value.v4 = best_addr(f, own, l->ifindex, true);
	new->value.v6 = best_addr(f, own, l->ifindex, false);
	new->value.mtu = l->mtu;
}

static void add_named(const struct facts *f, const struct config *c,
		      const struct node *own, struct uplinks *out,
		      struct problems *p)
{
	for (int i = 0; i < c->n_uplinks; i++) {
		const struct link_info *l = facts_link_named(f, c->uplinks[i]);

		if (!l)
			problems_add(p, "uplinks: there is no device %s",
				     c->uplinks[i]);
		else
			add(out, f, l, own, p);
	}
}

void uplinks_derive(const struct facts *f, const struct config *c,
		    const struct node *own, struct uplinks *out,
		    struct problems *p)
{
	memset(out, 0, sizeof(*out));
	if (c->n_uplinks) {
		add_named(f, c, own, out, p);
		return;
	}
	for (size_t i = 0; i < f->n_links; i++) {
		const struct link_info *l = &f->links[i];

		if (can_be_uplink(l, c) &&
		    (has_default_route(f, l->ifindex) ||
		     has_internal_addr(f, own, l->ifindex)))
			add(out, f, l, own, p);
	}
}

const struct uplink *uplinks_narrowest(const struct uplinks *u)
{
	const struct uplink *least = NULL;

	for (int i = 0; i < u->n; i++)
		if (!least || u->items[i].value.mtu < least->value.mtu)
			least = &u->items[i];
	return least;
}

unsigned int uplinks_overhead(const struct config *c, bool underlay_v6)
{
	if (!c->overlay)
		return 0;
	return underlay_v6 ? OVERHEAD_IPV6 : OVERHEAD_IPV4;
}

unsigned int uplinks_mtu(const struct uplinks *u, const struct config *c,
			 bool underlay_v6)
{
	const struct uplink *least = uplinks_narrowest(u);
	unsigned int overhead = uplinks_overhead(c, underlay_v6);

	return least && least->value.mtu > overhead
		       ? least->value.mtu - overhead
		       : 0;
}
