// SPDX-License-Identifier: Apache-2.0
#include "governed.h"

#include <arpa/inet.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <bpf/bpf.h>
#include <cmocka.h>

#include "../unit/policy_random.h"
#include "../unit/policy_literal.h"
#include "tables.h"

static struct test_world *world;
static struct policy_compiled compiled;
static char *texts[WORLD_MAX];
static size_t n_texts;

/* ---- the world -------------------------------------------------------- */

static const char *both(const struct fl_addr *v4, const struct fl_addr *v6)
{
	static char text[2 * ADDR_STRLEN + 2];
	char a[ADDR_STRLEN], b[ADDR_STRLEN];

	snprintf(text, sizeof(text), "%s %s", addr_format(v4, a),
		 addr_format(v6, b));
	return text;
}

#define BOTH(place) both(&ipv4.place, &ipv6.place)

static void build_world(void)
{
	world = world_new();
	add_namespace(world, "ns0", random_labels());
	add_namespace(world, "ns1", random_labels());
	add_namespace(world, "ns2", random_labels());
	add_local(world, "ns0/a", random_labels(), BOTH(pod_a));
	random_ports(world);
	add_local(world, "ns1/b", random_labels(), BOTH(pod_b));
	random_ports(world);
	add_local(world, "ns0/small", random_labels(), BOTH(small));
	random_ports(world);
	add_local(world, "ns2/stuck", random_labels(), BOTH(stuck));
	random_ports(world);
	add_pod(world, "ns0/far", random_labels(), BOTH(remote_pod));
	random_ports(world);
	add_pod(world, "ns1/farther", random_labels(), BOTH(remote_pod3));
	random_ports(world);
	add_node(world, "here", random_labels(),
		 "192.0.2.1 192.0.3.1 2001:db8:1::1 2001:db8:2::1", BOTH(host),
		 "10.1.0.0/24 fd00:1::/64", true);
	add_node(world, "there", random_labels(), BOTH(remote_node), "",
		 "10.2.0.0/24 fd00:2::/64", false);
	add_node(world, "yonder", random_labels(), BOTH(remote_node3), "",
		 "10.3.0.0/24 fd00:3::/64", false);
}

static void add_policies(void)
{
	unsigned int n = 1 + pick(5);

	for (unsigned int i = 0; i < n; i++) {
		if (pick(3))
			say_network_policy(i);
		else
			say_cluster_policy(i);
		add_policy(world, text);
		texts[n_texts++] = strdup(text);
	}
}

/* ---- the maps --------------------------------------------------------- */

static void must_write(const struct bpf_map *map, const void *key,
		       const void *value)
{
	if (!bpf_map_update_elem(bpf_map__fd(map), key, value, 0))
		return;
	perror(bpf_map__name(map));
	abort();
}

static void write_policy(void)
{
	for (size_t i = 0; i < compiled.n_entries; i++) {
		const struct policy_entry *e = &compiled.entries[i];
		const struct fl_policy_entry both_views = {
			.rule = {e->value.rule, e->value.rule},
			.verdict = {e->value.verdict, e->value.verdict},
		};

		must_write(node.dp->maps.fl_policy, &e->key, &both_views);
	}
}

/* Identities go into the routes that are there, and into longer prefixes within
 * them, which are otherwise as what is around them. */
static void write_identities(void)
{
	int fd = bpf_map__fd(node.dp->maps.fl_routes);

	for (size_t i = 0; i < compiled.n_identities; i++) {
		const struct policy_identity *id = &compiled.identities[i];
		struct fl_route r;

		if (bpf_map_lookup_elem(fd, &id->prefix, &r))
			memset(&r, 0, sizeof(r));
		r.identity[0] = r.identity[1] = id->identity;
		must_write(node.dp->maps.fl_routes, &id->prefix, &r);
	}
}

static void write_endpoint(const struct fl_addr *a, size_t place,
			   unsigned int ifindex, const __u8 mac[6],
			   unsigned int mtu)
{
	const struct policy_identity *id = policy_identity_find(&compiled, a);
	struct fl_endpoint ep = {.ifindex = ifindex, .mtu = mtu};

	for (int i = 0; i < FL_VIEWS; i++) {
		ep.view[i].identity = id ? id->identity : FL_IDENTITY_POD;
		if (!world)
			continue;
		ep.view[i].policy_id = compiled.endpoints[place].policy_id;
		ep.view[i].flags = compiled.endpoints[place].flags;
	}
	memcpy(ep.mac, mac, 6);
	must_write(node.dp->maps.fl_endpoints, a, &ep);
}

void governed_endpoints(unsigned int mtu)
{
	const struct family *families[] = {&ipv4, &ipv6};

	for (int i = 0; i < 2; i++) {
		const struct family *f = families[i];

		write_endpoint(&f->pod_a, 0, node.pod_a, mac_a, 1500);
		write_endpoint(&f->pod_b, 1, node.pod_b, mac_b, mtu);
		write_endpoint(&f->small, 2, node.small, mac_small, SMALL_MTU);
		write_endpoint(&f->stuck, 3, node.stuck, mac_stuck, 1500);
	}
}

void governed_free(void)
{
	while (n_texts)
		free(texts[--n_texts]);
	if (!world)
		return;
	policy_compiled_free(&compiled);
	memset(&compiled, 0, sizeof(compiled));
	world_free(world);
	world = NULL;
}

void governed_install(__u64 seed)
{
	__u32 epoch = epoch_now();

	governed_free();
	if (seed) {
		state = seed;
		build_world();
		add_policies();
		policy_compile(&world->w, NULL, &compiled);
	}
	tables_reset_rules();
	/* As the agent has them. */
	route_write("10.1.0.1/32", NULL, 1, FL_IDENTITY_HOST,
		    FL_ROUTE_NODE | FL_ROUTE_LOCAL);
	route_write("fd00:1::1/128", NULL, 1, FL_IDENTITY_HOST,
		    FL_ROUTE_NODE | FL_ROUTE_LOCAL);
	write_policy();
	write_identities();
	governed_endpoints(1500);
	node.config.epoch = epoch;
	epoch_raise_now();
}

/* ---- what they mean --------------------------------------------------- */

static long place_of(const struct fl_addr *a)
{
	for (size_t i = 0; world && i < world->w.n_endpoints; i++)
		for (size_t j = 0; j < world->endpoints[i].n_addrs; j++)
			if (addr_equal(&world->endpoints[i].addrs[j], a))
				return i;
	return -1;
}

static bool asks(long place, enum fl_direction direction,
		 const struct fl_addr *peer, const struct fl_tuple *t)
{
	const bool has_ports = t->proto == IPPROTO_TCP ||
			       t->proto == IPPROTO_UDP ||
			       t->proto == IPPROTO_SCTP;
	const struct question q = {
		.t = world,
		.pod = world->endpoints[place].pod,
		.direction = direction,
		.peer = *peer,
		.proto = t->proto,
		.port = has_ports ? ntohs(t->dport) : 0,
	};
	char why[4096];

	return !is_governed(&q) || expected(&q, why, sizeof(why));
}

bool governed_allows(const struct fl_tuple *t, bool by_host)
{
	long from = place_of(&t->saddr), to = place_of(&t->daddr);

	if (from >= 0 && from == to)
		return true;
	if (from >= 0 && !by_host && !asks(from, FL_EGRESS, &t->daddr, t))
		return false;
	return to < 0 || by_host || asks(to, FL_INGRESS, &t->saddr, t);
}

void governed_print(void)
{
	for (size_t i = 0; i < n_texts; i++)
		fprintf(stderr, "# policy %s\n", texts[i]);
	for (size_t i = 0; world && i < world->w.n_pods; i++) {
		fprintf(stderr, "# pod %s/%s:", world->pods[i].namespace,
			world->pods[i].name);
		for (const char *l = world->pods[i].labels; *l;
		     l += strlen(l) + 1)
			fprintf(stderr, " %s", l);
		fprintf(stderr, "\n");
	}
}
