/* SPDX-License-Identifier: Apache-2.0 */
/* Pods of other nodes change: what a pass for them alone leaves in fl_routes is
 * what a whole one would. SEED=n for one certain run. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <cmocka.h>

#include "../../agent/memory.h"
#include "../../agent/pod_moves.h"
#include "../../agent/views.h"
#include "../bench/scale_world.h"

static const struct scale sizes = {8, 600, 0, 24, 12};

static struct config config;
static struct store store;
static struct facts facts;
static struct endpoints endpoints;
static struct node_ids ids;
static struct desired desired;
static struct policies policies;
static struct entries found, no_endpoints;
static unsigned int holds; /* the view of found */

static uint64_t state;

static unsigned int pick(unsigned int n)
{
	state = state * 6364136223846793005ull + 1442695040888963407ull;
	return (state >> 33) % n;
}

/* ---- the cluster ----------------------------------------------------- */

static int set_up(void **unused)
{
	(void)unused;
	config_defaults(&config);
	strcpy(config.node_name, "node-0");
	scale_facts(&facts);
	scale_endpoints(&sizes, &endpoints);
	desired_init(&desired);
	policies_init(&policies);
	entries_init(&found, sizeof(struct fl_prefix), sizeof(struct fl_route));
	entries_init(&no_endpoints, sizeof(struct fl_addr),
		     sizeof(struct fl_endpoint));
	scale_cluster(&sizes, &store);
	return 0;
}

static int tear_down(void **unused)
{
	(void)unused;
	store_free(&store);
	facts_free(&facts);
	endpoints_free(&endpoints);
	node_ids_free(&ids);
	desired_free(&desired);
	policies_free(&policies);
	entries_free(&found);
	return 0;
}

/* ---- changes --------------------------------------------------------- */

/* Another workload's labels, or none; another address, or one of another pod,
 * of a node, of a policy's range; another state. */
static void put_pod(size_t pod)
{
	static char text[4096];
	static const char *const addrs[] = {
		"10.64.2.200", "10.64.3.201", "192.168.0.3", "172.16.1.7",
		"10.64.1.2",   "10.64.4.1",   "10.99.0.1",
	};
	char name[64], namespace[64], addr[48];

	scale_addr(&sizes, pod, addr);
	if (!pick(3))
		strcpy(addr, addrs[pick(7)]);
	scale_pod_name(pod, namespace, name);
	snprintf(text, sizeof(text),
		 "{\"metadata\":{\"name\":\"%s\",\"namespace\":\"%s\","
		 "\"labels\":{\"app\":\"workload-%u\",\"role\":\"%s\"}},"
		 "\"spec\":{\"nodeName\":\"node-%zu\",\"hostNetwork\":%s},"
		 "\"status\":{\"phase\":\"%s\",\"podIP\":\"%s\"}}",
		 name, namespace, pick(60), pick(2) ? "web" : "db",
		 scale_node_of(&sizes, pod), pick(12) ? "false" : "true",
		 pick(8) ? "Running" : "Failed", addr);
	scale_put(&store, RESOURCE_PODS, text);
}

static void put_pod_at(size_t pod, const char *addr)
{
	static char text[4096];
	char name[64], namespace[64];

	scale_pod_name(pod, namespace, name);
	snprintf(text, sizeof(text),
		 "{\"metadata\":{\"name\":\"%s\",\"namespace\":\"%s\"},"
		 "\"spec\":{\"nodeName\":\"node-%zu\"},"
		 "\"status\":{\"phase\":\"Running\",\"podIP\":\"%s\"}}",
		 name, namespace, scale_node_of(&sizes, pod), addr);
	scale_put(&store, RESOURCE_PODS, text);
}

static void change(void)
{
	size_t pod = pick(sizes.pods);
	char name[64], namespace[64];

	if (scale_is_local(&sizes, pod) && pick(20))
		pod++;
	scale_pod_name(pod, namespace, name);
	if (pick(5))
		put_pod(pod);
	else
		store_remove(&store, RESOURCE_PODS, namespace, name);
}

/* ---- passes ---------------------------------------------------------- */

static void compute(void)
{
	const struct inputs in = {
		.config = &config,
		.model = &store.model,
		.facts = &facts,
		.endpoints = &endpoints,
		.ids = &ids,
	};
	const struct policies_found maps = {
		.missing = "",
		.synced = true,
		.routes = &found,
		.endpoints = &no_endpoints,
	};

	node_ids_update(&ids, &store.model, &found);
	desired_compute(&in, &desired);
	assert_string_equal(desired.missing, "");
	policies_update(&in, &desired.node, &maps, &policies);
	policies_join(&in, &maps, &policies, &desired);
	policies_forget_world(&policies);
}

static void take_whole(void)
{
	compute();
	policies_commit(&policies);
	entries_free(&found);
	found = desired.routes;
	entries_init(&desired.routes, found.key_size, found.value_size);
}

/* As reconcile_view.c does it, at the turn and behind it. */
static void write_views(const struct entries *now, const struct entries *want)
{
	const struct views v = {VIEW_ROUTES, holds, true, &found};
	struct views settled = {VIEW_ROUTES, 0, true, NULL};
	struct entries changes, keys, gone;
	bool turn = false, shows = false;

	entries_init(&changes, found.key_size, found.value_size);
	entries_init(&keys, found.key_size, 0);
	entries_init(&gone, found.key_size, 0);
	views_stage(&v, now, want, &changes, &keys, &turn);
	entries_patch(&found, &changes);
	holds ^= turn;
	settled.holds = holds;
	entries_free(&changes);
	views_settle(&settled, &found, &keys, &changes, &gone, &shows);
	entries_patch(&found, &changes);
	entries_drop(&found, &gone);
	assert_false(views_differ(VIEW_ROUTES, &found));
	entries_free(&changes);
	entries_free(&keys);
	entries_free(&gone);
}

static bool take_moves(void)
{
	struct entries now, want;
	struct pod_moves moves;
	bool done;

	if (!pod_moves_find(&store.news, &store.model, &endpoints, &moves))
		return false;
	entries_init(&now, found.key_size, found.value_size);
	entries_init(&want, found.key_size, found.value_size);
	done = pod_moves_apply(&moves, &policies, &found, &now, &want);
	if (done)
		write_views(&now, &want);
	pod_moves_free(&moves);
	entries_free(&now);
	entries_free(&want);
	return done;
}

static void expect_whole(void)
{
	const struct policy_compiled *c = &policies.good;

	compute();
	assert_int_equal(c->n_identities, policies.next.n_identities);
	assert_memory_equal(c->identities, policies.next.identities,
			    c->n_identities * sizeof(*c->identities));
	assert_int_equal(found.n, desired.routes.n);
	assert_memory_equal(found.data, desired.routes.data,
			    found.n * (found.key_size + found.value_size));
}

static void a_pass_for_pods_leaves_what_a_whole_one_would(void **unused)
{
	const char *seed = getenv("SEED");
	unsigned int n_moves = 0, n_whole = 0;

	(void)unused;
	state = seed ? strtoul(seed, NULL, 10) : (unsigned long)time(NULL);
	print_message("SEED=%lu\n", (unsigned long)state);
	take_whole();
	pod_news_free(&store.news);
	for (int i = 0; i < 1500; i++) {
		for (unsigned int n = 1 + pick(2); n--;)
			change();
		if (take_moves()) {
			n_moves++;
			expect_whole();
		} else {
			n_whole++;
			take_whole();
		}
		pod_news_free(&store.news);
	}
	print_message("%u passes for pods, %u whole ones\n", n_moves, n_whole);
	assert_true(n_moves > 150 && n_whole > 150);
}

static void more_than_pods_is_for_a_whole_pass(void **unused)
{
	struct pod_moves moves;
	size_t pod = 1;

	(void)unused;
	put_pod(pod);
	pod_news_more(&store.news);
	put_pod(pod + 1);
	assert_false(
		pod_moves_find(&store.news, &store.model, &endpoints, &moves));
	/* A source that says no more than "something" is one, too. */
	assert_false(pod_moves_find(NULL, &store.model, &endpoints, &moves));
	pod_news_free(&store.news);
	assert_true(
		pod_moves_find(&store.news, &store.model, &endpoints, &moves));
	assert_int_equal(moves.n, 0);
	pod_moves_free(&moves);
}

static void many_pods_are_for_a_whole_pass(void **unused)
{
	struct pod_news n = {0};
	struct pod pod = {.o = {.kind = OBJECT_POD, .namespace = "x"}};

	(void)unused;
	pod.o.name = "y";
	for (int i = 0; i < 20000; i++)
		pod_news_add(&n, NULL, &pod);
	assert_true(n.more);
	assert_int_equal(n.n_names, 0);
	pod_news_free(&n);
	assert_false(n.more);
}

static void a_pod_that_runs_here_is_for_a_whole_pass(void **unused)
{
	struct pod_moves moves;
	char name[64], namespace[64];

	(void)unused;
	scale_pod_name(0, namespace, name);
	put_pod(0);
	pod_news_free(&store.news);
	assert_true(store_remove(&store, RESOURCE_PODS, namespace, name));
	assert_int_equal(store.news.n_names, 1);
	assert_false(
		pod_moves_find(&store.news, &store.model, &endpoints, &moves));
	pod_news_free(&store.news);
}

/* Of it alone there is news. */
static void put_anew(size_t pod, const char *addr)
{
	char name[64], namespace[64];

	scale_pod_name(pod, namespace, name);
	store_remove(&store, RESOURCE_PODS, namespace, name);
	pod_news_free(&store.news);
	put_pod_at(pod, addr);
}

/* Nobody has told its name: what is known of it is its address. */
static void a_pod_of_a_nameless_endpoint_is_for_a_whole_pass(void **unused)
{
	struct endpoint_record r = {.container_id = "c", .ifname = "eth0"};
	struct endpoints nameless = {0};
	struct pod_moves moves;

	(void)unused;
	addr_parse("10.64.0.99", &r.addrs[r.n_addrs++]);
	put_anew(1, "10.64.0.99");
	assert_true(
		pod_moves_find(&store.news, &store.model, &nameless, &moves));
	pod_moves_free(&moves);
	endpoints_put(&nameless, &r);
	assert_false(
		pod_moves_find(&store.news, &store.model, &nameless, &moves));
	pod_news_free(&store.news);
	endpoints_free(&nameless);
}

/* An address of a node that a Pod claims: whoever writes its status. */
static void where_no_policy_has_a_peer_no_route_changes(void **unused)
{
	struct policies none = {0};
	struct entries now, want;
	struct pod_moves moves;

	(void)unused;
	policies_init(&none);
	take_whole();
	put_anew(1, "192.168.0.5");
	assert_true(
		pod_moves_find(&store.news, &store.model, &endpoints, &moves));
	assert_int_equal(moves.n, 1);
	assert_non_null(entries_find(
		&found, &(struct fl_prefix){128, moves.items[0].addr}));
	entries_init(&now, found.key_size, found.value_size);
	entries_init(&want, found.key_size, found.value_size);
	assert_true(pod_moves_apply(&moves, &none, &found, &now, &want));
	assert_int_equal(now.n, 0);
	assert_int_equal(want.n, 0);
	pod_moves_free(&moves);
	pod_news_free(&store.news);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_pass_for_pods_leaves_what_a_whole_one_would),
		cmocka_unit_test(more_than_pods_is_for_a_whole_pass),
		cmocka_unit_test(many_pods_are_for_a_whole_pass),
		cmocka_unit_test(a_pod_that_runs_here_is_for_a_whole_pass),
		cmocka_unit_test(
			a_pod_of_a_nameless_endpoint_is_for_a_whole_pass),
		cmocka_unit_test(where_no_policy_has_a_peer_no_route_changes),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
