/* SPDX-License-Identifier: Apache-2.0 */
#include "desired_ranges.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "memory.h"

struct keep_out_addr {
	struct fl_addr addr;
	const char *node; /* whose InternalIP it is, NULL: this host has it */
};

static void add(struct keep_out *k, const struct fl_addr *a, const char *node)
{
	k->addrs = list_room(k->addrs, k->room, k->n);
	k->addrs[k->n].addr = *a;
	k->addrs[k->n++].node = node;
}

static void add_internal(struct object *o, void *arg)
{
	const struct node *node = (struct node *)o;

	for (int i = 0; i < node->n_addrs; i++)
		if (node->addrs[i].internal || node->addrs[i].tunnel)
			add(arg, &node->addrs[i].addr, o->name);
}

/* Devices of ours have addresses in pod ranges. */
static bool is_ours(const struct inputs *in, unsigned int ifindex)
{
	const struct link_info *l = facts_link(in->facts, ifindex);

	return !l || !strcmp(l->name, in->config->host_device) ||
	       !strcmp(l->name, in->config->overlay_device) ||
	       !strncmp(l->name, "fl_", 3);
}

static int compare(const void *a, const void *b)
{
	const struct keep_out_addr *x = a, *y = b;
	int order = addr_compare(&x->addr, &y->addr);

	/* of one address, what this host has comes first */
	return order ? order : !!x->node - !!y->node;
}

void keep_out_find(const struct inputs *in, const struct uplinks *uplinks,
		   struct keep_out *out)
{
	const struct facts *f = in->facts;

	*out = (struct keep_out){.facts = f, .uplinks = uplinks};
	for (size_t i = 0; i < f->n_addrs; i++)
		if (!is_ours(in, f->addrs[i].ifindex))
			add(out, &f->addrs[i].addr, NULL);
	model_each(in->model, OBJECT_NODE, add_internal, out);
	if (out->n)
		qsort(out->addrs, out->n, sizeof(out->addrs[0]), compare);
}

void keep_out_free(struct keep_out *k)
{
	free(k->addrs);
	memset(k, 0, sizeof(*k));
}

/* The first that lies in the range, NULL: none does. */
static const struct keep_out_addr *first_within(const struct keep_out *k,
						const struct fl_prefix *range)
{
	size_t low = 0, high = k->n;

	while (low < high) {
		size_t mid = low + (high - low) / 2;

		if (addr_compare(&k->addrs[mid].addr, &range->addr) < 0)
			low = mid + 1;
		else
			high = mid;
	}
	if (low < k->n && prefix_contains(range, &k->addrs[low].addr))
		return &k->addrs[low];
	return NULL;
}

static bool is_on_uplink(const struct keep_out *k, const struct link_addr *a)
{
	for (int i = 0; i < k->uplinks->n; i++)
		if (k->uplinks->items[i].ifindex == a->ifindex)
			return true;
	return false;
}

/* The network of an uplink that the range shares addresses with. */
static bool overlaps_uplink(const struct keep_out *k,
			    const struct fl_prefix *range,
			    struct fl_prefix *net)
{
	for (size_t i = 0; i < k->facts->n_addrs; i++) {
		const struct link_addr *a = &k->facts->addrs[i];

		if (is_on_uplink(k, a) &&
		    !prefix_make(&a->addr, a->prefix_len, net) &&
		    prefix_overlaps(net, range))
			return true;
	}
	return false;
}

bool keep_out_allows(const struct keep_out *k, const struct fl_prefix *range,
		     char *why, size_t size)
{
	const struct keep_out_addr *a;
	char text[PREFIX_STRLEN];
	struct fl_prefix net;

	if (!prefix_length(range)) {
		snprintf(why, size, "is all there is");
		return false;
	}
	a = first_within(k, range);
	if (a && !a->node)
		snprintf(why, size, "contains %s, this node's own address",
			 addr_format(&a->addr, text));
	else if (a)
		snprintf(why, size, "contains %s, the InternalIP of Node %.64s",
			 addr_format(&a->addr, text), a->node);
	else if (overlaps_uplink(k, range, &net))
		snprintf(why, size, "overlaps the uplink's network %s",
			 prefix_format(&net, text));
	else
		return true;
	return false;
}
