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

/* ---- the semantics, taken literally --------------------------------- */

struct question {
	const struct test_world *t;
	size_t pod; /* whose policy */
	enum fl_direction direction;
	struct fl_addr peer;
	__u8 proto;
	__u16 port;
};

static const char *namespace_labels(const struct test_world *t,
				    const char *name)
{
	static char labels[256];
	const char *rest = "";
	size_t len = snprintf(labels, sizeof(labels),
			      "kubernetes.io/metadata.name=%s", name) +
		     1;

	for (size_t i = 0; i < t->w.n_namespaces; i++)
		if (!strcmp(t->namespaces[i].name, name))
			rest = t->namespaces[i].labels;
	for (; *rest; rest += strlen(rest) + 1) {
		strcpy(labels + len, rest);
		len += strlen(rest) + 1;
	}
	labels[len] = '\0';
	return labels;
}

static const struct policy_pod *peer_pod(const struct question *q)
{
	for (size_t i = 0; i < q->t->w.n_pods; i++) {
		const struct policy_pod *p = &q->t->pods[i];

		for (size_t j = 0; j < p->n_addrs; j++)
			if (!p->host_network && !p->terminal &&
			    addr_equal(&p->addrs[j], &q->peer))
				return p;
	}
	return NULL;
}

static bool node_is_peer(const struct question *q, const struct selector *s)
{
	for (size_t i = 0; i < q->t->w.n_nodes; i++) {
		const struct policy_node *n = &q->t->nodes[i];

		for (size_t j = 0; j < n->n_addrs; j++)
			if (addr_equal(&n->addrs[j], &q->peer) &&
			    selector_matches(s, n->labels))
				return true;
	}
	return false;
}

static bool peer_matches(const struct question *q, const struct policy *policy,
			 const struct policy_peer *peer)
{
	const struct policy_pod *pod = peer_pod(q);

	switch (peer->kind) {
	case POLICY_PEER_NODES:
		return node_is_peer(q, &peer->members);
	case POLICY_PEER_CIDR:
		for (size_t i = 0; i < peer->n_except; i++)
			if (prefix_contains(&peer->except[i], &q->peer))
				return false;
		return prefix_contains(&peer->cidr, &q->peer);
	case POLICY_PEER_PODS:
		if (!pod || !selector_matches(&peer->members, pod->labels))
			return false;
		if (peer->own_namespace)
			return !strcmp(pod->namespace, policy->namespace);
		return selector_matches(&peer->namespaces,
					namespace_labels(q->t, pod->namespace));
	}
	return false;
}

static bool port_matches(const struct question *q, const struct policy_port *p)
{
	const struct policy_pod *to =
		q->direction == FL_INGRESS ? &q->t->pods[q->pod] : peer_pod(q);

	if (!p->name)
		return q->proto == p->proto && p->first <= q->port &&
		       q->port <= p->last;
	for (size_t i = 0; to && i < to->n_ports; i++)
		if (!strcmp(to->ports[i].name, p->name) &&
		    to->ports[i].proto == q->proto &&
		    to->ports[i].number == q->port &&
		    (!p->proto || p->proto == q->proto))
			return true;
	return false;
}

static bool rule_matches(const struct question *q, const struct policy *p,
			 const struct policy_rule *r)
{
	bool peer = !r->n_peers, port = !r->n_ports;

	if (r->direction != q->direction)
		return false;
	for (size_t i = 0; i < r->n_peers; i++)
		peer |= peer_matches(q, p, &r->peers[i]);
	for (size_t i = 0; i < r->n_ports; i++)
		port |= port_matches(q, &r->ports[i]);
	return peer && port;
}

static bool selects(const struct question *q, const struct policy *p)
{
	const struct policy_pod *pod = &q->t->pods[q->pod];

	if (!p->governs[q->direction] ||
	    !selector_matches(&p->pods, pod->labels))
		return false;
	if (p->kind == POLICY_NETWORK)
		return !strcmp(p->namespace, pod->namespace);
	return selector_matches(&p->namespaces,
				namespace_labels(q->t, pod->namespace));
}

static void rule_title(const struct policy *p, const struct policy_rule *r,
		       char *out, size_t size)
{
	char title[128];

	policy_title(p, title, sizeof(title));
	snprintf(out, size, "%s, %s rule %u", title,
		 r->direction == FL_INGRESS ? "ingress" : "egress",
		 r->index + 1);
}

/* 1: allowed, 0: denied, -1: not decided here. */
static int ask_cluster(const struct question *q, enum policy_tier tier,
		       char *why, size_t size)
{
	for (int priority = 0; priority <= 1000; priority++)
		for (size_t i = 0; i < q->t->w.n_policies; i++) {
			const struct policy *p = q->t->policies[i];

			if (p->kind != POLICY_CLUSTER || p->tier != tier ||
			    p->priority != priority || !selects(q, p))
				continue;
			if (p->invalid) {
				snprintf(why, size, "invalid");
				return 0;
			}
			for (size_t j = 0; j < p->n_rules; j++) {
				const struct policy_rule *r = &p->rules[j];

				if (!rule_matches(q, p, r))
					continue;
				rule_title(p, r, why, size);
				if (r->action == POLICY_PASS)
					return -1;
				return r->action == POLICY_ACCEPT;
			}
		}
	return -1;
}

/* To NetworkPolicies the way to the own node is always open. */
static bool is_own_node(const struct question *q)
{
	bool found = false;

	for (size_t i = 0; i < q->t->w.n_nodes; i++) {
		const struct policy_node *n = &q->t->nodes[i];

		for (size_t j = 0; n->own && j < n->n_addrs; j++)
			found |= addr_equal(&n->addrs[j], &q->peer);
		for (size_t j = 0; n->own && j < n->n_more_addrs; j++)
			found |= addr_equal(&n->more_addrs[j], &q->peer);
	}
	return found && q->direction == FL_EGRESS;
}

/* why: all rules that allow it, each with a "|" behind it. */
static int ask_network(const struct question *q, char *why, size_t size)
{
	bool selected = false;
	char title[160];

	why[0] = '\0';
	for (size_t i = 0; i < q->t->w.n_policies; i++) {
		const struct policy *p = q->t->policies[i];

		if (p->kind != POLICY_NETWORK || !selects(q, p))
			continue;
		selected = true;
		for (size_t j = 0; j < p->n_rules; j++) {
			size_t len = strlen(why);

			if (!rule_matches(q, p, &p->rules[j]))
				continue;
			rule_title(p, &p->rules[j], title, sizeof(title));
			snprintf(why + len, size - len, "%s|", title);
		}
	}
	if (!selected)
		return -1;
	return *why || is_own_node(q);
}

static int expected(const struct question *q, char *why, size_t size)
{
	int verdict = ask_cluster(q, POLICY_TIER_ADMIN, why, size);

	if (verdict < 0)
		verdict = ask_network(q, why, size);
	if (verdict < 0) {
		why[0] = '\0';
		verdict = ask_cluster(q, POLICY_TIER_BASELINE, why, size);
		if (verdict < 0)
			why[0] = '\0';
	}
	return verdict < 0 ? 1 : verdict;
}

static bool is_governed(const struct question *q)
{
	for (size_t i = 0; i < q->t->w.n_policies; i++)
		if (selects(q, q->t->policies[i]))
			return true;
	return false;
}

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
