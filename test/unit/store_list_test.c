/* SPDX-License-Identifier: Apache-2.0 */
/* Lists and events of an API server become the model, in whatever order. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "store_world.h"

/* ---- lists ---------------------------------------------------------- */

static void what_a_list_leaves_out_goes_when_it_was_whole(void **state)
{
	(void)state;
	store_list(&store, RESOURCE_PODS);
	put(RESOURCE_PODS, POD("a", "x", "10.0.0.1"));
	put(RESOURCE_PODS, POD("a", "y", "10.0.0.2"));
	put(RESOURCE_PODS, POD("a", "z", "10.0.0.3"));
	assert_int_equal(store_sweep(&store, RESOURCE_PODS), 0);

	store_list(&store, RESOURCE_PODS);
	assert_false(put(RESOURCE_PODS, POD("a", "x", "10.0.0.1")));
	assert_true(put(RESOURCE_PODS, POD("a", "y", "10.0.0.9")));
	assert_int_equal(store.n[RESOURCE_PODS], 3);
	assert_int_equal(store_sweep(&store, RESOURCE_PODS), 1);
	assert_non_null(pod("a", "x"));
	assert_pod_addr("a", "y", "10.0.0.9");
	assert_null(pod("a", "z"));
	assert_int_equal(store.n[RESOURCE_PODS], 2);
}

/* The server went away in the middle, and was asked anew. */
static void a_list_that_broke_off_takes_nothing_away(void **state)
{
	(void)state;
	store_list(&store, RESOURCE_PODS);
	put(RESOURCE_PODS, POD("a", "x", "10.0.0.1"));
	put(RESOURCE_PODS, POD("a", "y", "10.0.0.2"));
	store_sweep(&store, RESOURCE_PODS);

	store_list(&store, RESOURCE_PODS);
	put(RESOURCE_PODS, POD("a", "x", "10.0.0.1"));
	store_list(&store, RESOURCE_PODS);
	assert_int_equal(store.n[RESOURCE_PODS], 2);
	put(RESOURCE_PODS, POD("a", "y", "10.0.0.2"));
	assert_int_equal(store_sweep(&store, RESOURCE_PODS), 1);
	assert_null(pod("a", "x"));
	assert_non_null(pod("a", "y"));
}

static void events_during_a_list_count(void **state)
{
	(void)state;
	store_list(&store, RESOURCE_PODS);
	put(RESOURCE_PODS, POD("a", "old", "10.0.0.1"));
	put(RESOURCE_PODS, POD("a", "gone", "10.0.0.2"));
	store_sweep(&store, RESOURCE_PODS);

	store_list(&store, RESOURCE_PODS);
	put(RESOURCE_PODS, POD("a", "new", "10.0.0.3"));
	assert_true(store_remove(&store, RESOURCE_PODS, "a", "gone"));
	put(RESOURCE_PODS, POD("a", "old", "10.0.0.4"));
	assert_int_equal(store_sweep(&store, RESOURCE_PODS), 0);
	assert_pod_addr("a", "new", "10.0.0.3");
	assert_pod_addr("a", "old", "10.0.0.4");
	assert_null(pod("a", "gone"));
}

static void an_empty_list_that_was_whole_empties(void **state)
{
	(void)state;
	store_list(&store, RESOURCE_PODS);
	assert_int_equal(store_sweep(&store, RESOURCE_PODS), 0);
	put(RESOURCE_PODS, POD("a", "x", "10.0.0.1"));
	store_list(&store, RESOURCE_PODS);
	assert_int_equal(store_sweep(&store, RESOURCE_PODS), 1);
	assert_int_equal(store.n[RESOURCE_PODS], 0);
	assert_int_equal(store.model.n[OBJECT_POD], 0);
}

static void both_kinds_of_policies_are_swept_apart(void **state)
{
	(void)state;
	store_list(&store, RESOURCE_NETWORK_POLICIES);
	store_list(&store, RESOURCE_CLUSTER_NETWORK_POLICIES);
	put(RESOURCE_NETWORK_POLICIES, NETWORK_POLICY("p"));
	put(RESOURCE_CLUSTER_NETWORK_POLICIES, CLUSTER_POLICY("p", 1));
	assert_int_equal(store.model.n[OBJECT_POLICY], 2);

	store_list(&store, RESOURCE_NETWORK_POLICIES);
	assert_int_equal(store_sweep(&store, RESOURCE_NETWORK_POLICIES), 1);
	assert_int_equal(store.n[RESOURCE_CLUSTER_NETWORK_POLICIES], 1);
	assert_non_null(model_find(&store.model, OBJECT_POLICY, "", "p"));

	put(RESOURCE_NETWORK_POLICIES, NETWORK_POLICY("p"));
	store_list(&store, RESOURCE_CLUSTER_NETWORK_POLICIES);
	assert_int_equal(store_sweep(&store, RESOURCE_CLUSTER_NETWORK_POLICIES),
			 1);
	assert_non_null(
		model_find(&store.model, OBJECT_POLICY, "default", "p"));
	assert_null(model_find(&store.model, OBJECT_POLICY, "", "p"));
}

/* ---- any order ------------------------------------------------------ */

enum { NAMES = 40, VERSIONS = 5 };

static void name_of(int i, char *ns, char *name)
{
	/* some that sort differently with and without what comes between */
	sprintf(ns, "%s", i % 3 ? i % 3 == 1 ? "a" : "a-b" : "a.b");
	sprintf(name, "p%d", i);
}

static struct object *version_of(int i, int version)
{
	char ns[8], name[16], text[256];

	name_of(i, ns, name);
	snprintf(text, sizeof(text),
		 "{\"metadata\": {\"namespace\": \"%s\", \"name\": \"%s\"},"
		 " \"status\": {\"podIP\": \"10.0.%d.%d\"}}",
		 ns, name, version, i);
	return read_text(RESOURCE_PODS, text);
}

/* Each object's own events in their order (the last is a removal for every
 * fourth), those of different ones mixed at random, and a list in between. */
static void play(unsigned int seed)
{
	int next[NAMES] = {0}, left = NAMES * VERSIONS;

	srand(seed);
	while (left) {
		int i = rand() % NAMES;
		char ns[8], name[16];

		if (next[i] == VERSIONS)
			continue;
		left--;
		name_of(i, ns, name);
		if (++next[i] == VERSIONS && i % 4 == 0)
			store_remove(&store, RESOURCE_PODS, ns, name);
		else
			store_put(&store, RESOURCE_PODS,
				  version_of(i, next[i]));
		if (left == NAMES) {
			store_list(&store, RESOURCE_PODS);
			for (int j = 0; j < NAMES; j++)
				if (next[j] &&
				    !(next[j] == VERSIONS && j % 4 == 0))
					store_put(&store, RESOURCE_PODS,
						  version_of(j, next[j]));
			assert_int_equal(store_sweep(&store, RESOURCE_PODS), 0);
		}
	}
}

static void check_order(struct object *o, void *arg)
{
	const struct object **last = arg;

	if (*last)
		assert_true(strcmp((*last)->namespace, o->namespace) < 0 ||
			    (!strcmp((*last)->namespace, o->namespace) &&
			     strcmp((*last)->name, o->name) < 0));
	*last = o;
}

static void any_order_of_events_ends_the_same(void **state)
{
	(void)state;
	for (unsigned int seed = 1; seed <= 20; seed++) {
		const struct object *last = NULL;

		store_forget(NULL);
		play(seed);
		assert_int_equal(store.n[RESOURCE_PODS], NAMES * 3 / 4);
		for (int i = 0; i < NAMES; i++) {
			char ns[8], name[16], want[32];

			name_of(i, ns, name);
			snprintf(want, sizeof(want), "10.0.%d.%d", VERSIONS, i);
			if (i % 4)
				assert_pod_addr(ns, name, want);
			else
				assert_null(pod(ns, name));
		}
		model_each(&store.model, OBJECT_POD, check_order, &last);
	}
}

/* More than an index keeps in one piece, in order, backwards and at random. */
static void many_are_found_and_go(void **state)
{
	enum { MANY = 3000 };
	char text[160], name[16];

	(void)state;
	for (int turn = 0; turn < 3; turn++) {
		const struct object *last = NULL;

		srand(turn);
		for (int i = 0; i < MANY; i++) {
			int which = turn == 1 ? MANY - 1 - i : i;

			which = turn == 2 ? i * 1009 % MANY : which;
			snprintf(text, sizeof(text),
				 "{\"metadata\": {\"namespace\": \"n%d\", "
				 "\"name\": \"p%04d\"}}",
				 which % 7, which);
			assert_true(put(RESOURCE_PODS, text));
		}
		model_each(&store.model, OBJECT_POD, check_order, &last);
		for (int i = 0; i < MANY; i++) {
			char ns[8];
			int which = i * 1013 % MANY;

			snprintf(ns, sizeof(ns), "n%d", which % 7);
			snprintf(name, sizeof(name), "p%04d", which);
			assert_non_null(pod(ns, name));
			assert_true(
				store_remove(&store, RESOURCE_PODS, ns, name));
			assert_null(pod(ns, name));
			if (i % 500 == 0) {
				last = NULL;
				model_each(&store.model, OBJECT_POD,
					   check_order, &last);
			}
		}
		assert_int_equal(store.n[RESOURCE_PODS], 0);
		assert_int_equal(store.bytes[RESOURCE_PODS], 0);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(what_a_list_leaves_out_goes_when_it_was_whole),
		TEST(a_list_that_broke_off_takes_nothing_away),
		TEST(events_during_a_list_count),
		TEST(an_empty_list_that_was_whole_empties),
		TEST(both_kinds_of_policies_are_swept_apart),
		TEST(any_order_of_events_ends_the_same),
		TEST(many_are_found_and_go),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
