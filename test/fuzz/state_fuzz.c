/* SPDX-License-Identifier: Apache-2.0 */
/* A state directory: each part of the input is a file of it. Read by all that
 * read it back; what is good is written and read again. */
#include "fuzz.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../../agent/endpoints.h"
#include "../../cni/pool.h"
#include "../../ctl/rulebook.h"
#include "../../lib/cleanup.h"
#include "../../lib/state.h"

/* ---- node.json ------------------------------------------------------- */

static bool check_node(const char *dir, struct node_facts *node)
{
	struct node_facts again;
	struct err e = {0};

	memset(node, 0, sizeof(*node));
	memset(&again, 0, sizeof(again));
	if (node_facts_read(dir, node, &e)) {
		fuzz_check(e.code && *e.msg);
		return false;
	}
	fuzz_check(node->n_pod_cidrs >= 0 &&
		   node->n_pod_cidrs <= STATE_CIDRS_MAX);
	fuzz_check(node->n_host_addrs >= 0 &&
		   node->n_host_addrs <= STATE_ADDRS_MAX);
	fuzz_check(!node_facts_write(dir, node, &e));
	fuzz_check(!node_facts_read(dir, &again, &e));
	fuzz_check(!strcmp(node->name, again.name) &&
		   !strcmp(node->bpf_root, again.bpf_root) &&
		   node->mtu == again.mtu && node->tcx == again.tcx &&
		   node->overlay == again.overlay &&
		   node->default_verdict == again.default_verdict &&
		   node->n_pod_cidrs == again.n_pod_cidrs &&
		   node->n_host_addrs == again.n_host_addrs &&
		   !memcmp(node->pod_cidrs, again.pod_cidrs,
			   sizeof(again.pod_cidrs)) &&
		   !memcmp(node->host_addrs, again.host_addrs,
			   sizeof(again.host_addrs)));
	return true;
}

/* ---- endpoints/ ------------------------------------------------------ */

static bool records_equal(const struct endpoint_record *a,
			  const struct endpoint_record *b)
{
	return !strcmp(a->container_id, b->container_id) &&
	       !strcmp(a->ifname, b->ifname) && !strcmp(a->netns, b->netns) &&
	       !strcmp(a->network, b->network) &&
	       !strcmp(a->host_device, b->host_device) &&
	       a->ifindex == b->ifindex && !memcmp(a->mac, b->mac, 6) &&
	       a->mtu == b->mtu && a->n_addrs == b->n_addrs &&
	       !memcmp(a->addrs, b->addrs, a->n_addrs * sizeof(*a->addrs)) &&
	       !strcmp(a->ipam, b->ipam) &&
	       !strcmp(a->pod_namespace, b->pod_namespace) &&
	       !strcmp(a->pod_name, b->pod_name) &&
	       !strcmp(a->pod_uid, b->pod_uid) &&
	       !strcmp(a->boot_id, b->boot_id) && a->created == b->created;
}

static int check_record(const struct endpoint_record *r, void *arg)
{
	struct endpoint_record again;
	const char *dir = arg;
	struct err e = {0};

	fuzz_check(name_is_safe(r->container_id, CONTAINER_ID_MAX));
	fuzz_check(ifname_is_valid(r->ifname));
	fuzz_check(r->n_addrs >= 0 && r->n_addrs <= STATE_ADDRS_MAX);
	/* "a-b" with "c" and "a" with "b-c" share a file name. */
	if (endpoint_record_write(dir, r, &e)) {
		fuzz_check(e.code && *e.msg);
		return 0;
	}
	fuzz_check(!endpoint_record_read(dir, r->container_id, r->ifname,
					 &again, &e));
	fuzz_check(records_equal(r, &again));
	return 0;
}

static void check_endpoints(const char *dir)
{
	struct endpoints list = {0};
	struct err e = {0};
	int n_bad = 0;

	if (endpoint_record_each(dir, check_record, (void *)dir, &n_bad, &e))
		fuzz_check(e.code && *e.msg);
	fuzz_check(!endpoints_read(&list, dir, &e) || *e.msg);
	for (size_t i = 0; i < list.n; i++)
		fuzz_check(endpoints_find(&list, list.items[i].container_id,
					  list.items[i].ifname));
	endpoints_free(&list);
}

/* ---- ips/ ------------------------------------------------------------ */

static int check_owner(const struct ip_owner *o, void *arg)
{
	struct ip_owner again;
	const char *dir = arg;
	struct err e = {0};

	fuzz_check(name_is_safe(o->network, NETWORK_NAME_MAX));
	fuzz_check(name_is_safe(o->container_id, CONTAINER_ID_MAX));
	fuzz_check(!ip_file_read(dir, o->network, &o->addr, &again, &e));
	fuzz_check(!strcmp(o->container_id, again.container_id) &&
		   !strcmp(o->ifname, again.ifname));
	fuzz_check(ip_file_create(dir, o, &e) == -EEXIST);
	return 0;
}

static void check_pool(const char *dir, const struct node_facts *node)
{
	struct pool pool = {
		.state_dir = dir,
		.node = node,
		.owner = {.network = "fairlead",
			  .container_id = "fuzz",
			  .ifname = "eth0"},
	};
	const struct wishes wishes = {0};
	struct fl_addr addrs[STATE_ADDRS_MAX];
	struct failure f = {0};
	struct ip_owner owner;
	struct err e = {0};
	int n = 0;

	if (pool_check(&pool, &f) || pool_take(&pool, &wishes, addrs, &n, &f)) {
		fuzz_check(f.code && *f.msg);
		return;
	}
	for (int i = 0; i < n; i++) {
		fuzz_check(pool_has(node, &addrs[i]));
		fuzz_check(
			!ip_file_read(dir, "fairlead", &addrs[i], &owner, &e));
		fuzz_check(!strcmp(owner.container_id, "fuzz"));
	}
	fuzz_check(!pool_give_back(&pool, addrs, n, &e));
	for (int i = 0; i < n; i++)
		fuzz_check(ip_file_read(dir, "fairlead", &addrs[i], &owner,
					&e) == -ENOENT);
}

/* ---- policy.json ----------------------------------------------------- */

static void check_rulebook(const char *dir)
{
	char text[RULE_TEXT_LEN];
	struct rulebook book = {0};
	struct err e = {0};

	if (rulebook_read(dir, &book, &e))
		fuzz_check(*e.msg && !book.known);
	for (size_t i = 0; i < book.n_rules; i++) {
		fuzz_check(book.rules[i].text);
		fuzz_check(*rulebook_rule(&book, book.rules[i].number, text));
	}
	for (size_t i = 0; i < book.n_identities; i++)
		rulebook_identity(&book, book.identities[i].number, text);
	for (size_t i = 0; i < book.n_groups; i++)
		fuzz_check(rulebook_group(&book, book.groups[i].policy_id));
	fuzz_check(rulebook_rule(&book, 0xfffffff0, text));
	rulebook_refresh(dir, &book);
	rulebook_free(&book);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *dir = fuzz_dir();
	struct node_facts node;
	struct fuzz_input in;
	struct err e = {0};
	int n_bad;

	fuzz_quiet();
	fuzz_split(data, size, &in);
	for (size_t i = 0; i < in.n; i++)
		fuzz_write(in.parts[i].title, in.parts[i].text,
			   in.parts[i].len);
	check_endpoints(dir);
	fuzz_check(!ip_file_each(dir, NULL, check_owner, (void *)dir, &n_bad,
				 &e) ||
		   *e.msg);
	check_rulebook(dir);
	if (check_node(dir, &node))
		check_pool(dir, &node);
	fuzz_input_free(&in);
	fuzz_forget();
	return 0;
}
