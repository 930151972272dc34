/* SPDX-License-Identifier: Apache-2.0 */
#include "node.h"

#include <net/if_arp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../../agent/memory.h"
#include "../../agent/policies.h"
#include "../../agent/policy_file.h"
#include "../../ctl/rulebook.h"
#include "fuzz.h"

static struct config config;
static struct facts facts;
static struct endpoints endpoints;
static struct node_ids ids;
static struct entries found_routes, found_endpoints;
static struct policies policies;
static bool is_open;

static void add_link(unsigned int ifindex, const char *name)
{
	struct link_info *l;

	facts.links = list_room(facts.links, facts.links_room, facts.n_links);
	l = &facts.links[facts.n_links++];
	memset(l, 0, sizeof(*l));
	l->ifindex = ifindex;
	l->mtu = 1500;
	l->type = ARPHRD_ETHER;
	snprintf(l->name, sizeof(l->name), "%s", name);
}

static void add_addr(unsigned int ifindex, const char *text)
{
	struct link_addr *a;

	facts.addrs = list_room(facts.addrs, facts.addrs_room, facts.n_addrs);
	a = &facts.addrs[facts.n_addrs++];
	memset(a, 0, sizeof(*a));
	a->ifindex = ifindex;
	addr_parse(text, &a->addr);
	a->prefix_len = 24;
}

static void add_pod(const char *namespace, const char *name, unsigned int n)
{
	struct endpoint_record r = {
		.ifindex = 10 + n, .mtu = 1450, .n_addrs = 2};
	char text[32];

	snprintf(r.container_id, sizeof(r.container_id), "id-%u", n);
	strcpy(r.ifname, "eth0");
	snprintf(r.host_device, sizeof(r.host_device), "fl_%u", n);
	snprintf(r.pod_namespace, sizeof(r.pod_namespace), "%s", namespace);
	snprintf(r.pod_name, sizeof(r.pod_name), "%s", name);
	snprintf(text, sizeof(text), "10.1.0.%u", 1 + n);
	addr_parse(text, &r.addrs[0]);
	snprintf(text, sizeof(text), "fd00:1::%u", 1 + n);
	addr_parse(text, &r.addrs[1]);
	endpoints_put(&endpoints, &r);
	add_link(r.ifindex, r.host_device);
}

static void node_open(void)
{
	if (is_open)
		return;
	is_open = true;
	config_defaults(&config);
	strcpy(config.node_name, "node-a");
	add_link(2, "eth0");
	add_addr(2, "192.0.2.1");
	add_pod("default", "web", 1);
	add_pod("default", "client", 2);
	add_pod("other", "db", 3);
	entries_init(&found_routes, sizeof(struct fl_prefix),
		     sizeof(struct fl_route));
	entries_init(&found_endpoints, sizeof(struct fl_addr),
		     sizeof(struct fl_endpoint));
	policies_init(&policies);
}

void fuzz_node_forget(void)
{
	if (!is_open)
		return;
	is_open = false;
	policies_free(&policies);
	facts_free(&facts);
	endpoints_free(&endpoints);
	node_ids_free(&ids);
	memset(&ids, 0, sizeof(ids));
	entries_free(&found_routes);
	entries_free(&found_endpoints);
}

/* ---- what must hold -------------------------------------------------- */

static int compare_keys(const struct fl_policy_key *a,
			const struct fl_policy_key *b)
{
	if (a->policy_id != b->policy_id)
		return a->policy_id < b->policy_id ? -1 : 1;
	if (a->direction != b->direction)
		return a->direction < b->direction ? -1 : 1;
	if (a->identity != b->identity)
		return a->identity < b->identity ? -1 : 1;
	if (a->proto != b->proto)
		return a->proto < b->proto ? -1 : 1;
	if (a->port != b->port)
		return __builtin_bswap16(a->port) < __builtin_bswap16(b->port)
			       ? -1
			       : 1;
	return (int)a->prefix_len - (int)b->prefix_len;
}

static void check_entries(const struct policy_compiled *c)
{
	for (size_t i = 0; i < c->n_entries; i++) {
		const struct policy_entry *e = &c->entries[i];

		fuzz_check(!i || compare_keys(&e[-1].key, &e->key) < 0);
		fuzz_check(e->key.prefix_len >= FL_POLICY_BITS_ANY &&
			   e->key.prefix_len <= FL_POLICY_BITS_PROTO + 16);
		fuzz_check(e->key.direction <= FL_EGRESS);
		fuzz_check(e->value.verdict <= FL_ALLOW);
		fuzz_check(policy_group_find(c, e->key.policy_id));
		fuzz_check(!e->value.rule ||
			   policy_rule_find(c, e->value.rule));
	}
	for (size_t i = 1; i < c->n_identities; i++) {
		const struct policy_identity *id = &c->identities[i];
		int order = addr_compare(&id[-1].prefix.addr, &id->prefix.addr);

		fuzz_check(order < 0 ||
			   (!order &&
			    id[-1].prefix.prefix_len < id->prefix.prefix_len));
	}
	for (size_t i = 0; i < c->n_endpoints; i++)
		fuzz_check(!c->endpoints[i].flags ==
			   !c->endpoints[i].policy_id);
}

/* What was compiled with the last time's numbers in mind says the same as what
 * is compiled from nothing. */
static void check_fresh(const struct inputs *in, const struct node_facts *node)
{
	const struct policy_compiled *next = &policies.next;
	struct policies_world *world;
	struct policy_compiled fresh;

	if (!policies.world)
		return;
	world = world_build(in, node);
	policy_compile(world_get(world), NULL, &fresh);
	fuzz_check(fresh.n_entries == next->n_entries);
	fuzz_check(fresh.n_identities == next->n_identities);
	fuzz_check(fresh.n_groups == next->n_groups);
	fuzz_check(fresh.n_rules == next->n_rules);
	for (size_t i = 0; i < fresh.n_endpoints; i++)
		fuzz_check(fresh.endpoints[i].flags ==
			   next->endpoints[i].flags);
	policy_compiled_free(&fresh);
	world_free(world);
}

/* What the agent writes of it, `fairlead policy` can read. */
static void check_file(void)
{
	char *text = policy_file_format(&policies, &endpoints, 7);
	struct rulebook book = {0};
	struct err e = {0};

	fuzz_check(text);
	if (rulebook_parse("policy.json", text, strlen(text), &book, &e)) {
		fprintf(stderr, "%s\n%s\n", e.msg, text);
		fuzz_fail("policy.json can be read", __FILE__, __LINE__);
	}
	fuzz_check(book.known && book.n_rules == policies.good.n_rules);
	rulebook_free(&book);
	cJSON_free(text);
}

void fuzz_node_compute(const struct model *m)
{
	const struct inputs in = {&config, m, &facts, &endpoints, &ids};
	struct policies_found found = {
		.missing = "",
		.synced = true,
		.routes = &found_routes,
		.endpoints = &found_endpoints,
	};
	struct desired desired;
	struct entries entries;

	node_open();
	desired_init(&desired);
	node_ids_update(&ids, m, &found_routes);
	desired_compute(&in, &desired);
	policies_update(&in, &desired.node, &found, &policies);
	policies_join(&in, &found, &policies, &desired);
	check_entries(&policies.next);
	check_fresh(&in, &desired.node);
	entries_init(&entries, sizeof(struct fl_policy_key),
		     sizeof(struct fl_policy_entry));
	policies_entries(&policies, &entries);
	entries_free(&entries);
	if (!policies.kept[0]) {
		policies_commit(&policies);
		check_file();
	}
	policies_forget_world(&policies);
	desired_free(&desired);
}
