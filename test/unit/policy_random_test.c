/* SPDX-License-Identifier: Apache-2.0 */
/* Random worlds: what the compiled entries say against the semantics of the
 * objects, taken literally. SEED=n for one certain run, WORLDS=n for more. */
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
#include "policy_literal.h"

/* ---- both, side by side --------------------------------------------- */

static void compare(const struct question *q, const struct policy_compiled *c,
		    const struct policy_governed *g, uint64_t seed)
{
	const struct policy_identity *i = policy_identity_find(c, &q->peer);
	__u32 identity = i ? i->identity : FL_IDENTITY_WORLD;
	struct policy_verdict got;
	const struct policy_rule_info *rule;
	char why[2048] = "", addr[ADDR_STRLEN];
	int want = expected(q, why, sizeof(why));

	got = policy_explain(c, g->policy_id, q->direction, identity, q->proto,
			     q->port);
	rule = policy_rule_find(c, got.rule);
	if ((int)got.verdict == want &&
	    (rule ? *why && (!strcmp(why, "invalid") || strstr(why, rule->text))
		  : !*why))
		return;
	fail_msg("seed %llu: %s of %s/%s, peer %s (identity %u), protocol %u "
		 "port %u: got %u (%s), want %d (%s)",
		 (unsigned long long)seed,
		 q->direction == FL_INGRESS ? "ingress" : "egress",
		 q->t->pods[q->pod].namespace, q->t->pods[q->pod].name,
		 addr_format(&q->peer, addr), identity, q->proto, q->port,
		 got.verdict, rule ? rule->text : "no rule", want, why);
}

static const char *const strangers[] = {
	"203.0.113.1", "203.0.113.9", "8.8.8.8",   "2001:db8::1", "2606::1",
	"10.3.0.1",    "192.168.0.9", "fd00:3::1", "192.168.0.1", "192.168.0.2",
	"fd01::1",     "10.1.0.1",    "10.2.0.1",  "10.0.0.1",
};

static struct fl_addr random_peer(const struct test_world *t)
{
	struct fl_addr a;

	if (pick(3)) {
		const struct policy_pod *p = &t->pods[pick(t->w.n_pods)];

		if (!p->terminal)
			return p->addrs[pick(p->n_addrs)];
	}
	addr_parse(PICK(strangers), &a);
	return a;
}

static void probe(const struct test_world *t, const struct policy_compiled *c,
		  uint64_t seed)
{
	static const __u8 protos[] = {IPPROTO_TCP, IPPROTO_UDP, IPPROTO_SCTP,
				      IPPROTO_ICMP, IPPROTO_GRE};
	static const unsigned int ports[] = {0,	 1,   53,   79,	  80,
					     81, 443, 8080, 9000, 65535};
	size_t e = pick(t->w.n_endpoints);
	struct question q = {
		.t = t,
		.pod = t->endpoints[e].pod,
		.direction = pick(2),
		.peer = random_peer(t),
		.proto = PICK(protos),
		.port = pick(2) ? PICK(ports) : pick(65536),
	};
	__u32 flag = q.direction == FL_INGRESS ? FL_ENDPOINT_INGRESS
					       : FL_ENDPOINT_EGRESS;

	if (q.proto == IPPROTO_ICMP || q.proto == IPPROTO_GRE)
		q.port = 0;
	if (is_governed(&q) != !!(c->endpoints[e].flags & flag))
		fail_msg("seed %llu: governed is wrong",
			 (unsigned long long)seed);
	if (is_governed(&q))
		compare(&q, c, &c->endpoints[e], seed);
}

static void
random_worlds_are_compiled_to_what_their_policies_mean(void **unused)
{
	unsigned long worlds = from_env("WORLDS", 400);
	uint64_t seed = from_env("SEED", time(NULL));

	(void)unused;
	printf("# SEED=%llu WORLDS=%lu\n", (unsigned long long)seed, worlds);
	for (unsigned long i = 0; i < worlds; i++, seed++) {
		struct policy_compiled c, again;
		struct test_world *t;

		state = seed;
		pick(2);
		t = random_world();
		policy_compile(&t->w, NULL, &c);
		for (int j = 0; j < 500; j++)
			probe(t, &c, seed);
		policy_compile(&t->w, &c, &again);
		assert_int_equal(again.n_entries, c.n_entries);
		assert_memory_equal(again.entries, c.entries,
				    c.n_entries * sizeof(*c.entries));
		policy_compiled_free(&again);
		policy_compiled_free(&c);
		world_free(t);
	}
}

/* The numbers of one world are carried into another, which must not show. */
static void what_was_compiled_before_changes_no_verdict(void **unused)
{
	uint64_t seed = from_env("SEED", time(NULL) + 1000000);
	struct policy_compiled before, c;
	struct test_world *t;

	(void)unused;
	state = seed;
	t = random_world();
	policy_compile(&t->w, NULL, &before);
	world_free(t);
	for (int i = 0; i < 100; i++) {
		t = random_world();
		policy_compile(&t->w, &before, &c);
		for (int j = 0; j < 200; j++)
			probe(t, &c, seed);
		world_free(t);
		policy_compiled_free(&before);
		before = c;
	}
	policy_compiled_free(&before);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
			random_worlds_are_compiled_to_what_their_policies_mean),
		cmocka_unit_test(what_was_compiled_before_changes_no_verdict),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
