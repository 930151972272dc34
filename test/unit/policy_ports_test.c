/* SPDX-License-Identifier: Apache-2.0 */
/* Verdicts by port, and the fewest prefixes for them: against brute force over
 * all 65,536 ports and, where it can be enumerated, all smaller covers. */
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <cmocka.h>

#include "../../policy/ports.h"

static uint64_t state;

static unsigned int pick(unsigned int n)
{
	state = state * 6364136223846793005ull + 1442695040888963407ull;
	return (state >> 33) % n;
}

static void begin_random(void)
{
	const char *seed = getenv("SEED");

	state = seed ? strtoull(seed, NULL, 10) : (uint64_t)time(NULL);
	printf("# SEED=%llu\n", (unsigned long long)state);
}

static struct ports_rule allow(const struct ports_match *m, size_t n,
			       __u32 number)
{
	return (struct ports_rule){
		.tier = POLICY_TIER_NETWORK,
		.number = number,
		.all = !n,
		.matches = m,
		.n_matches = n,
	};
}

/* What the trie says: PORTS_NOTHING + below where there is no entry. */
static const struct ports_prefix *find(const struct ports_cover *c, __u8 proto,
				       __u16 port)
{
	const struct ports_prefix *best = NULL;

	for (size_t i = 0; i < c->n; i++) {
		const struct ports_prefix *p = &c->items[i];
		int bits = p->bits - FL_POLICY_BITS_PROTO;

		if (p->bits != FL_POLICY_BITS_ANY &&
		    (p->proto != proto ||
		     (bits && (p->port ^ port) >> (16 - bits))))
			continue;
		if (!best || p->bits > best->bits)
			best = p;
	}
	return best;
}

static void assert_same(const struct ports_function *f,
			const struct ports_function *below,
			const struct ports_cover *c)
{
	static const __u8 protos[] = {IPPROTO_TCP, IPPROTO_UDP, IPPROTO_SCTP,
				      IPPROTO_ICMP, IPPROTO_GRE};

	for (size_t i = 0; i < sizeof(protos); i++)
		for (unsigned int port = 0; port <= 65535; port++) {
			const struct ports_prefix *p = find(c, protos[i], port);
			__u32 got =
				p	? p->value
				: below ? ports_value(below, protos[i], port)
					: PORTS_NOTHING;
			__u32 want = ports_value(f, protos[i], port);

			if (got != want)
				fail_msg("protocol %u port %u: %u, not %u",
					 protos[i], port, got, want);
			if (i > 2)
				break;
		}
}

static size_t count_range(__u16 first, __u16 last)
{
	struct ports_match m = {IPPROTO_TCP, first, last};
	struct ports_rule r = allow(&m, 1, 1);
	struct ports_function f;
	struct ports_cover c = {0};
	size_t n;

	ports_resolve(&r, 1, true, &f);
	ports_cover(&f, NULL, &c);
	assert_same(&f, NULL, &c);
	n = c.n;
	ports_cover_free(&c);
	ports_free(&f);
	return n;
}

static void a_range_takes_the_fewest_prefixes(void **unused)
{
	(void)unused;
	assert_int_equal(count_range(80, 80), 1);
	assert_int_equal(count_range(0, 65535), 1);
	assert_int_equal(count_range(1024, 2047), 1);
	assert_int_equal(count_range(0, 1023), 1);
	/* all but port 0: the protocol, and a deny for 0 */
	assert_int_equal(count_range(1, 65535), 2);
	/* with a deny within it where that is shorter than going around */
	assert_int_equal(count_range(32768, 61000), 6);
	assert_int_equal(count_range(8000, 8999), 6);
}

static void a_rule_without_ports_is_one_entry_for_any_protocol(void **unused)
{
	struct ports_rule r = allow(NULL, 0, 7);
	struct ports_function f;
	struct ports_cover c = {0};

	(void)unused;
	ports_resolve(&r, 1, true, &f);
	ports_cover(&f, NULL, &c);
	assert_int_equal(c.n, 1);
	assert_int_equal(c.items[0].bits, FL_POLICY_BITS_ANY);
	assert_int_equal(c.items[0].value, PORTS_VALUE(7, FL_ALLOW));
	ports_cover_free(&c);
	ports_free(&f);
}

static void what_is_denied_by_default_takes_no_entry(void **unused)
{
	struct ports_function f;
	struct ports_cover c = {0};

	(void)unused;
	ports_resolve(NULL, 0, true, &f);
	ports_cover(&f, NULL, &c);
	assert_int_equal(c.n, 0);
	ports_free(&f);
	ports_resolve(NULL, 0, false, &f);
	ports_cover(&f, NULL, &c);
	assert_int_equal(c.n, 1);
	assert_int_equal(c.items[0].value, PORTS_VALUE(0, FL_ALLOW));
	ports_cover_free(&c);
	ports_free(&f);
}

static void what_is_said_below_is_not_said_again(void **unused)
{
	struct ports_match web = {IPPROTO_TCP, 80, 80};
	struct ports_match dns = {IPPROTO_UDP, 53, 53};
	struct ports_rule rules[] = {allow(&web, 1, 1), allow(&dns, 1, 2)};
	struct ports_function below, f;
	struct ports_cover c = {0};

	(void)unused;
	ports_resolve(rules, 1, true, &below);
	ports_resolve(rules, 2, true, &f);
	ports_cover(&f, &below, &c);
	assert_int_equal(c.n, 1);
	assert_int_equal(c.items[0].proto, IPPROTO_UDP);
	assert_same(&f, &below, &c);
	ports_cover(&below, &below, &c);
	assert_int_equal(c.n, 0);
	ports_cover_free(&c);
	ports_free(&f);
	ports_free(&below);
}

static struct ports_rule at(enum policy_tier tier, enum policy_action action,
			    __u32 number)
{
	return (struct ports_rule){
		.tier = tier, .action = action, .number = number, .all = true};
}

static __u32 decide(const struct ports_rule *rules, size_t n, bool closed)
{
	struct ports_function f;
	__u32 value;

	ports_resolve(rules, n, closed, &f);
	value = ports_value(&f, IPPROTO_TCP, 80);
	assert_int_equal(f.other, value);
	ports_free(&f);
	return value;
}

static void tiers_are_asked_in_order_and_pass_leads_to_the_next(void **unused)
{
	struct ports_rule accept = at(POLICY_TIER_ADMIN, POLICY_ACCEPT, 1);
	struct ports_rule pass = at(POLICY_TIER_ADMIN, POLICY_PASS, 2);
	struct ports_rule deny = at(POLICY_TIER_ADMIN, POLICY_DENY, 3);
	struct ports_rule network = at(POLICY_TIER_NETWORK, POLICY_ACCEPT, 4);
	struct ports_rule base = at(POLICY_TIER_BASELINE, POLICY_DENY, 5);
	struct ports_rule base_pass = at(POLICY_TIER_BASELINE, POLICY_PASS, 6);

	(void)unused;
#define DECIDE(closed, ...)                                                    \
	decide((struct ports_rule[]){__VA_ARGS__},                             \
	       sizeof((struct ports_rule[]){__VA_ARGS__}) /                    \
		       sizeof(struct ports_rule),                              \
	       closed)
	assert_int_equal(DECIDE(true, accept, deny), PORTS_VALUE(1, FL_ALLOW));
	assert_int_equal(DECIDE(true, deny, accept), PORTS_VALUE(3, FL_DENY));
	assert_int_equal(DECIDE(true, pass, deny, network),
			 PORTS_VALUE(4, FL_ALLOW));
	assert_int_equal(DECIDE(true, pass), PORTS_NOTHING);
	assert_int_equal(DECIDE(true, base), PORTS_NOTHING);
	assert_int_equal(DECIDE(false, pass, deny, base),
			 PORTS_VALUE(5, FL_DENY));
	assert_int_equal(DECIDE(false, base_pass, base),
			 PORTS_VALUE(0, FL_ALLOW));
}

static size_t random_rules(struct ports_rule *rules, struct ports_match *m,
			   unsigned int room, size_t max)
{
	static const __u8 protos[] = {IPPROTO_TCP, IPPROTO_UDP, IPPROTO_SCTP};
	size_t n = pick(max + 1);

	for (size_t i = 0; i < n; i++) {
		unsigned int count = pick(4);

		rules[i] = (struct ports_rule){
			.tier = i * POLICY_TIER_MAX / max,
			.number = i + 1,
			.matches = m,
			.n_matches = count,
			.all = !count,
		};
		if (rules[i].tier != POLICY_TIER_NETWORK)
			rules[i].action = pick(3);
		for (unsigned int j = 0; j < count; j++) {
			unsigned int first = pick(room);
			unsigned int last = first + pick(room - first);

			*m++ = (struct ports_match){protos[pick(3)], first,
						    last};
		}
	}
	return n;
}

static void random_functions_are_what_their_prefixes_say(void **unused)
{
	struct ports_match m[64];
	struct ports_rule rules[12];

	(void)unused;
	begin_random();
	for (int i = 0; i < 60; i++) {
		struct ports_function f, below;
		struct ports_cover c = {0};
		unsigned int room = pick(2) ? 65536 : 256;
		size_t n = random_rules(rules, m, room, 12);

		ports_resolve(rules, n, pick(2), &f);
		n = random_rules(rules, m, room, 4);
		ports_resolve(rules, n, pick(2), &below);
		ports_cover(&f, NULL, &c);
		assert_same(&f, NULL, &c);
		ports_cover(&f, &below, &c);
		assert_same(&f, &below, &c);
		ports_cover_free(&c);
		ports_free(&f);
		ports_free(&below);
	}
}

/* ---- the fewest: against all covers of eight ports ------------------ */

enum { SMALL = 8, NODES = 2 * SMALL - 1, COLOURS = 3 };

/* The value that port has with these entries (0: none) in a heap of nodes. */
static int inherited(const int *entry, int port)
{
	for (int node = SMALL - 1 + port;; node = (node - 1) / 2) {
		if (entry[node])
			return entry[node];
		if (!node)
			return 0;
	}
}

/* Is there a cover with at most `left` entries in the nodes from `node` on? */
static bool try_covers(int *entry, int node, int left, const int *want,
		       const bool *same)
{
	bool ok = true;

	for (int port = 0; ok && port < SMALL; port++) {
		int value = inherited(entry, port);

		ok = value ? value == want[port] : same[port];
	}
	if (ok)
		return true;
	for (; left && node < NODES; node++)
		for (int colour = 1; colour <= COLOURS; colour++) {
			entry[node] = colour;
			ok = try_covers(entry, node + 1, left - 1, want, same);
			entry[node] = 0;
			if (ok)
				return true;
		}
	return false;
}

/* Ports 0-7 of TCP have random verdicts, the others what is below. */
static void no_cover_of_eight_ports_is_smaller(void **unused)
{
	(void)unused;
	begin_random();
	for (int i = 0; i < 60; i++) {
		struct ports_span spans[SMALL + 1], under[SMALL + 1];
		struct ports_span rest = {65535, PORTS_NOTHING};
		struct ports_function f = {0}, below = {0};
		struct ports_cover c = {0};
		int want[SMALL], entry[NODES] = {0};
		bool same[SMALL];

		for (int port = 0; port < SMALL; port++) {
			want[port] = 1 + pick(COLOURS);
			same[port] = pick(3) == 0;
			spans[port] = (struct ports_span){port, want[port]};
			under[port] = (struct ports_span){
				port, same[port] ? want[port] : 99};
		}
		spans[SMALL] = under[SMALL] = rest;
		for (int k = PORTS_TCP; k < PORTS_OTHER; k++) {
			f.spans[k] = k ? &rest : spans;
			below.spans[k] = k ? &rest : under;
			f.n[k] = below.n[k] = k ? 1 : SMALL + 1;
		}
		ports_cover(&f, &below, &c);
		assert_same(&f, &below, &c);
		if (c.n)
			assert_false(try_covers(entry, 0, c.n - 1, want, same));
		ports_cover_free(&c);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_range_takes_the_fewest_prefixes),
		cmocka_unit_test(
			a_rule_without_ports_is_one_entry_for_any_protocol),
		cmocka_unit_test(what_is_denied_by_default_takes_no_entry),
		cmocka_unit_test(what_is_said_below_is_not_said_again),
		cmocka_unit_test(
			tiers_are_asked_in_order_and_pass_leads_to_the_next),
		cmocka_unit_test(random_functions_are_what_their_prefixes_say),
		cmocka_unit_test(no_cover_of_eight_ports_is_smaller),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
