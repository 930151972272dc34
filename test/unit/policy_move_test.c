/* SPDX-License-Identifier: Apache-2.0 */
/* Pods that come and go without compiling: the same identities as if all had
 * been compiled anew. SEED=n for one certain run, WORLDS=n for more. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <cmocka.h>

#include "policy_random.h"

enum { CHANGES = 25, TOUCHED_MAX = 64 };

/* Addresses of pods that have changed, each once. */
static struct fl_addr touched[TOUCHED_MAX];
static size_t n_touched;
static unsigned int n_moved, n_anew;

static void touch(const struct policy_pod *pod)
{
	for (size_t i = 0; i < pod->n_addrs; i++) {
		size_t j = 0;

		while (j < n_touched &&
		       !addr_equal(&touched[j], &pod->addrs[i]))
			j++;
		assert_true(j < TOUCHED_MAX);
		touched[j] = pod->addrs[i];
		n_touched += j == n_touched;
	}
}

/* ---- changes --------------------------------------------------------- */

static bool is_local(const struct test_world *t, size_t pod)
{
	for (size_t i = 0; i < t->w.n_endpoints; i++)
		if (t->endpoints[i].pod == (long)pod)
			return true;
	return false;
}

/* Room in the fixture of the world is only given back with the world. */
static bool has_room(const struct test_world *t)
{
	return t->n_texts < 4 * WORLD_MAX - 4 &&
	       t->n_addrs < 4 * WORLD_MAX - 4 && t->w.n_pods < WORLD_MAX - 1;
}

static void relabel(struct test_world *t, struct policy_pod *pod)
{
	pod->labels = world_labels(t, random_labels());
}

static void readdress(struct test_world *t, struct policy_pod *pod)
{
	static const char *const addrs[] = {
		"10.2.0.40", "10.2.0.41 fd00:2::41", "10.1.0.2", "10.2.0.3",
		"10.9.0.1",  "192.168.0.2",	     "",	 "203.0.113.9",
	};

	pod->n_addrs = world_addrs(t, PICK(addrs), &pod->addrs);
}

static void come(struct test_world *t)
{
	char title[32], addrs[64];
	unsigned int at = 50 + pick(30);

	snprintf(title, sizeof(title), "ns%u/new%zu", pick(5), t->n_texts);
	snprintf(addrs, sizeof(addrs), "10.2.0.%u fd00:2::%x", at, at);
	touch(&t->pods[add_pod(t, title, random_labels(), addrs)]);
	if (!pick(3))
		random_ports(t);
}

static void change_one(struct test_world *t)
{
	size_t i = pick(t->w.n_pods);
	struct policy_pod *pod = &t->pods[i];

	if (pick(4) == 0) {
		come(t);
		return;
	}
	if (is_local(t, i))
		return;
	touch(pod);
	switch (pick(5)) {
	case 0:
	case 1:
		relabel(t, pod);
		break;
	case 2:
		readdress(t, pod);
		break;
	case 3:
		pod->terminal = !pod->terminal;
		break;
	case 4:
		pod->host_network = !pod->host_network;
		break;
	}
	touch(pod);
}

/* ---- the same -------------------------------------------------------- */

/* Who has it; false: two have. */
static bool find_owner(const struct test_world *t, const struct fl_addr *a,
		       const struct policy_pod **out)
{
	int n = 0;

	*out = NULL;
	for (size_t i = 0; i < t->w.n_pods; i++) {
		const struct policy_pod *pod = &t->pods[i];

		if (pod->terminal || pod->host_network)
			continue;
		for (size_t j = 0; j < pod->n_addrs; j++) {
			if (!addr_equal(&pod->addrs[j], a))
				continue;
			*out = pod;
			n++;
		}
	}
	return n < 2;
}

static bool move_all(const struct test_world *t, struct policy_compiled *c)
{
	struct policy_move moves[TOUCHED_MAX];

	for (size_t i = 0; i < n_touched; i++) {
		moves[i].addr = touched[i];
		if (!find_owner(t, &touched[i], &moves[i].pod))
			return false;
	}
	return policy_move(c, moves, n_touched);
}

static void expect_same(const struct policy_compiled *a,
			const struct policy_compiled *b)
{
	assert_int_equal(a->n_identities, b->n_identities);
	if (a->n_identities)
		assert_memory_equal(a->identities, b->identities,
				    a->n_identities * sizeof(*a->identities));
	assert_int_equal(a->n_entries, b->n_entries);
	if (a->n_entries)
		assert_memory_equal(a->entries, b->entries,
				    a->n_entries * sizeof(*a->entries));
	assert_int_equal(a->stats.prefixes, b->stats.prefixes);
	assert_int_equal(a->stats.identities, b->stats.identities);
	assert_int_equal(a->stats.bytes, b->stats.bytes);
}

static void step(struct test_world *t, struct policy_compiled *c)
{
	struct policy_compiled anew, before = *c;
	unsigned int n = 1 + pick(3);
	bool moved;

	n_touched = 0;
	while (n--)
		change_one(t);
	before.identities =
		malloc((c->n_identities + 1) * sizeof(*before.identities));
	memcpy(before.identities, c->identities,
	       c->n_identities * sizeof(*before.identities));
	policy_compile(&t->w, c, &anew);
	moved = move_all(t, c);
	expect_same(c, moved ? &anew : &before);
	n_moved += moved;
	n_anew += !moved;
	free(before.identities);
	policy_compiled_free(c);
	*c = anew;
	if (!pick(2))
		return;
	/* from what was moved, not only from what was compiled */
	policy_compile(&t->w, c, &anew);
	expect_same(c, &anew);
	policy_compiled_free(c);
	*c = anew;
}

/* Many in a row, without compiling in between. */
static void walk(struct test_world *t, struct policy_compiled *c)
{
	struct policy_compiled anew;
	int n = 0;

	for (int i = 0; i < CHANGES && has_room(t); i++) {
		n_touched = 0;
		change_one(t);
		if (!move_all(t, c)) {
			policy_compile(&t->w, c, &anew);
			policy_compiled_free(c);
			*c = anew;
			n = 0;
			continue;
		}
		n++;
		policy_compile(&t->w, c, &anew);
		expect_same(c, &anew);
		policy_compiled_free(&anew);
	}
	n_moved += n;
}

static void moved_is_as_if_compiled_anew(void **unused)
{
	unsigned long worlds = from_env("WORLDS", 400);

	(void)unused;
	state = from_env("SEED", time(NULL));
	print_message("SEED=%lu\n", (unsigned long)state);
	for (unsigned long i = 0; i < worlds; i++) {
		struct test_world *t = random_world();
		struct policy_compiled c;

		policy_compile(&t->w, NULL, &c);
		for (int j = 0; j < CHANGES && has_room(t); j++)
			step(t, &c);
		policy_compiled_free(&c);
		world_free(t);
		t = random_world();
		policy_compile(&t->w, NULL, &c);
		walk(t, &c);
		policy_compiled_free(&c);
		world_free(t);
	}
	print_message("%u moved, %u compiled anew\n", n_moved, n_anew);
	/* both are there, or nothing has been tested */
	assert_true(n_moved > worlds && n_anew > worlds / 4);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(moved_is_as_if_compiled_anew),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
