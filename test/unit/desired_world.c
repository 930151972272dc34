/* SPDX-License-Identifier: Apache-2.0 */
#include "desired_world.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <net/if.h>
#include <net/if_arp.h>
#include <linux/rtnetlink.h>

#include "../../agent/memory.h"

/* Node a is this one. eth0 is number 2 and has 10.0.0.11, fd00::11. */
struct config config;
struct manifest manifest;
struct model model;
struct facts facts;
struct endpoints endpoints;
struct node_ids ids;
struct entries found_routes;
struct desired desired;

struct fl_addr addr(const char *text)
{
	struct fl_addr a = {0};

	if (addr_parse(text, &a))
		fail_msg("%s is no address", text);
	return a;
}

struct fl_prefix prefix(const char *text)
{
	struct fl_prefix p = {0};

	if (prefix_parse(text, true, &p))
		fail_msg("%s is no range", text);
	return p;
}

struct link_info *add_link(unsigned int ifindex, const char *name,
			   unsigned int mtu)
{
	struct link_info *l;

	facts.links = list_room(facts.links, facts.links_room, facts.n_links);
	l = &facts.links[facts.n_links++];
	memset(l, 0, sizeof(*l));
	l->ifindex = ifindex;
	l->mtu = mtu;
	l->type = ARPHRD_ETHER;
	l->flags = IFF_UP;
	strcpy(l->name, name);
	return l;
}

struct link_addr *add_addr(unsigned int ifindex, const char *text)
{
	struct fl_prefix p;
	struct link_addr *a;
	char bare[64];

	strcpy(bare, text);
	*strchr(bare, '/') = 0;
	facts.addrs = list_room(facts.addrs, facts.addrs_room, facts.n_addrs);
	a = &facts.addrs[facts.n_addrs++];
	memset(a, 0, sizeof(*a));
	a->ifindex = ifindex;
	a->addr = addr(bare);
	prefix_parse(text, false, &p);
	a->prefix_len = prefix_length(&p);
	return a;
}

void add_default_route(unsigned int ifindex, const char *dst)
{
	struct link_route *r;

	facts.routes =
		list_room(facts.routes, facts.routes_room, facts.n_routes);
	r = &facts.routes[facts.n_routes++];
	memset(r, 0, sizeof(*r));
	r->dst = prefix(dst);
	r->ifindex = ifindex;
}

void add_pod(const char *id, unsigned int ifindex, const char *v4,
	     const char *v6)
{
	struct endpoint_record r = {.ifindex = ifindex, .mtu = 1450};

	strcpy(r.container_id, id);
	strcpy(r.ifname, "eth0");
	snprintf(r.host_device, sizeof(r.host_device), "fl_%u", ifindex);
	r.addrs[r.n_addrs++] = addr(v4);
	r.addrs[r.n_addrs++] = addr(v6);
	r.mac[5] = ifindex;
	endpoints_put(&endpoints, &r);
}

void cluster(const char *text)
{
	struct object *other;
	struct err e;

	model_clear(&model);
	manifest_free(&manifest);
	if (manifest_parse("f", text, strlen(text), &manifest, &e))
		fail_msg("%s", e.msg);
	for (size_t i = 0; i < manifest.objects.n; i++)
		model_add(&model, manifest.objects.items[i], &other);
}

int set_up(void **state)
{
	(void)state;
	config_defaults(&config);
	strcpy(config.node_name, "a");
	strcpy(config.cluster_dir, "/cluster");
	add_link(1, "lo", 65536)->flags |= IFF_LOOPBACK;
	add_addr(1, "127.0.0.1/8")->scope = RT_SCOPE_HOST;
	add_link(2, "eth0", 1500);
	add_addr(2, "10.0.0.11/24");
	add_addr(2, "fd00::11/64");
	add_addr(2, "fe80::1234/64")->scope = RT_SCOPE_LINK;
	add_default_route(2, "0.0.0.0/0");
	add_link(3, "fl_vxlan", 1450);
	add_link(4, "fl_host", 1450);
	entries_init(&found_routes, sizeof(struct fl_prefix),
		     sizeof(struct fl_route));
	desired_init(&desired);
	cluster(NODE_A NODE_B);
	return 0;
}

int tear_down(void **state)
{
	(void)state;
	model_clear(&model);
	manifest_free(&manifest);
	facts_free(&facts);
	endpoints_free(&endpoints);
	node_ids_free(&ids);
	entries_free(&found_routes);
	desired_free(&desired);
	return 0;
}

void compute(void)
{
	const struct inputs in = {
		.config = &config,
		.model = &model,
		.facts = &facts,
		.endpoints = &endpoints,
		.ids = &ids,
	};

	node_ids_update(&ids, &model, &found_routes);
	desired_compute(&in, &desired);
}

const struct fl_route *route(const char *text)
{
	struct fl_prefix p = prefix(text);
	const struct fl_route *r = entries_find(&desired.routes, &p);

	if (!r)
		fail_msg("no route for %s", text);
	return r;
}

bool is_masqueraded(const char *text)
{
	struct fl_prefix p = prefix(text);

	return !entries_find(&desired.masquerade, &p);
}

const struct link_route *host_route(const char *text)
{
	struct fl_prefix p = prefix(text);

	for (size_t i = 0; i < desired.n_host_routes; i++)
		if (!memcmp(&desired.host_routes[i].dst, &p, sizeof(p)))
			return &desired.host_routes[i];
	return NULL;
}

const struct fl_uplink *uplink(__u32 ifindex)
{
	return entries_find(&desired.uplinks, &ifindex);
}

void assert_addr(const struct fl_addr *a, const char *want)
{
	char text[ADDR_STRLEN];

	assert_string_equal(addr_format(a, text), want);
}

bool has_problem(const char *words)
{
	for (size_t i = 0; i < desired.problems.n; i++)
		if (strstr(desired.problems.items[i], words))
			return true;
	return false;
}
