// SPDX-License-Identifier: Apache-2.0
/*
 * A change of policies shows in one step. Random tables become other random
 * tables by the steps of agent/views.h, and after each single write, in any
 * order, the datapath is asked about many connections at once: what it says
 * must be all that it said before, until the epoch makes the other view hold,
 * and from then on all that it says where there is nothing but the new tables.
 *
 *	have -> staged, write by write -> the turn -> settled, write by write
 *
 * Now and then an agent dies between two writes, and the next one goes on from
 * what the maps hold, with something else in mind.
 */
#include "traffic.h"

#include <arpa/inet.h>
#include <bpf/bpf.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "../../agent/views.h"
#include "../../loader/loader.h"

enum { WORLDS = 60, WORLDS_SLOW = 8, PROBES_MAX = 64, WRITES_MAX = 4096 };

/* What one connection would come to. */
struct answer {
	__u8 reason, direction;
	__u32 policy_ifindex, denied_by, rule, ingress_rule;
	__u32 src_identity, dst_identity;
};

struct probe {
	struct packet packet;
	struct at at;
};

struct table {
	enum view_map map;
	int fd;
	struct entries want, base;
};

struct write {
	const struct table *t;
	const void *key, *value; /* value NULL: delete */
};

static struct table tables[] = {
	{.map = VIEW_POLICY}, {.map = VIEW_ROUTES}, {.map = VIEW_ENDPOINTS}};
static struct probe probes[PROBES_MAX];
static int n_probes;
static struct write writes[WRITES_MAX];
static int n_writes;
static unsigned int flags_wanted;
static unsigned long asked;

/* ---- connections ----------------------------------------------------- */

static void add_probe(struct at at, const struct fl_addr *src,
		      const struct fl_addr *dst, __u8 proto, __u16 port)
{
	struct probe *p = &probes[n_probes++];

	assert_true(n_probes <= PROBES_MAX);
	p->at = at;
	message(&p->packet, .src = src, .dst = dst, .proto = proto,
		.sport = 1000, .dport = port);
	if (at.hook == FL_HOOK_FROM_POD)
		memcpy(p->packet.data + 6, mac_a, 6);
}

static void add_probes(const struct family *f)
{
	static const __u16 ports[] = {80, 81, 443};
	static const __u8 protos[] = {IPPROTO_TCP, IPPROTO_UDP};
	const struct fl_addr *there[] = {&f->pod_b, &f->remote_pod, &f->world};
	const struct fl_addr *from[] = {&f->remote_pod, &f->world};
	struct at forwarded = {.hook = FL_HOOK_TO_POD,
			       .ifindex = node.pod_b,
			       .from_ifindex = node.uplink};

	for (int i = 0; i < 3; i++)
		for (int j = 0; j < 2; j++) {
			for (int k = 0; k < 3; k++)
				add_probe(FROM_POD_A, &f->pod_a, there[k],
					  protos[j], ports[i]);
			/* Forwarded: only where test runs can say so. */
			for (int k = 0; k < 2 * run_takes_from_ifindex(); k++)
				add_probe(forwarded, from[k], &f->pod_b,
					  protos[j], ports[i]);
		}
}

static struct answer ask(const struct probe *p)
{
	struct __sk_buff ctx = {
		.mark = FL_MARK_TRACE,
		.ifindex = p->at.ifindex,
		.ingress_ifindex = run_takes_from_ifindex()
					   ? p->at.from_ifindex ?: p->at.ifindex
					   : 0,
		.cb = {p->at.hook},
	};
	struct packet out;
	LIBBPF_OPTS(bpf_test_run_opts, opts, .data_in = p->packet.data,
		    .data_size_in = p->packet.len, .data_out = out.data,
		    .data_size_out = sizeof(out.data), .ctx_in = &ctx,
		    .ctx_size_in = sizeof(ctx), .repeat = 1);
	int fd = bpf_map__fd(node.dp->maps.fl_trace);
	struct fl_trace t = {.reason = FL_REASON_MAX};
	struct answer a;
	__u32 zero = 0;

	assert_int_equal(bpf_map_update_elem(fd, &zero, &t, 0), 0);
	assert_int_equal(
		bpf_prog_test_run_opts(node_program_fd("slow_path"), &opts), 0);
	assert_int_equal(bpf_map_lookup_elem(fd, &zero, &t), 0);
	assert_int_not_equal(t.reason, FL_REASON_MAX);
	asked++;
	memset(&a, 0, sizeof(a));
	a.reason = t.reason;
	a.direction = t.direction;
	a.policy_ifindex = t.policy_ifindex;
	a.denied_by = t.rule;
	a.rule = t.flow.rule;
	a.ingress_rule = t.flow.ingress_rule;
	a.src_identity = t.flow.src_identity;
	a.dst_identity = t.flow.dst_identity;
	return a;
}

static void ask_all(struct answer *out)
{
	for (int i = 0; i < n_probes; i++)
		out[i] = ask(&probes[i]);
}

static void expect_all(const struct answer *want, const char *when)
{
	for (int i = 0; i < n_probes; i++) {
		struct answer got = ask(&probes[i]);

		if (memcmp(&got, &want[i], sizeof(got)))
			fail_msg("%s: connection %d: %s, identities %u %u, "
				 "rules %u %u; wanted %s, %u %u, %u %u",
				 when, i, reason_name(got.reason),
				 got.src_identity, got.dst_identity, got.rule,
				 got.ingress_rule, reason_name(want[i].reason),
				 want[i].src_identity, want[i].dst_identity,
				 want[i].rule, want[i].ingress_rule);
	}
}

/* ---- random tables --------------------------------------------------- */

static unsigned int pick(unsigned int n)
{
	return rand() % n;
}

static __u32 pick_identity(void)
{
	static const __u32 some[] = {FL_IDENTITY_WORLD,
				     FL_IDENTITY_POD,
				     FL_IDENTITY_UNKNOWN,
				     16,
				     17,
				     18,
				     19};

	return some[pick(7)];
}

static void make_policy(struct entries *out)
{
	static const __u16 ports[] = {80, 81, 443};

	for (unsigned int n = pick(80); n--;) {
		struct fl_policy_key key = {
			.policy_id = 1 + pick(3),
			.identity = pick(3) ? pick_identity() : FL_IDENTITY_ANY,
			.direction = pick(2),
			.prefix_len = FL_POLICY_BITS_ANY,
		};
		__u8 verdict = pick(2);
		__u32 rule = pick(1000);
		const struct fl_policy_entry both = {
			.rule = {rule, rule}, .verdict = {verdict, verdict}};

		if (pick(5)) {
			unsigned int bits = pick(2) ? 16 : pick(17);

			key.proto = pick(2) ? IPPROTO_TCP : IPPROTO_UDP;
			key.prefix_len = FL_POLICY_BITS_PROTO + bits;
			key.port = htons(ports[pick(3)] & 0xffff0000 >> bits);
		}
		entries_add(out, &key, &both);
	}
	entries_sort(out);
	entries_unique(out, NULL, NULL);
}

static void add_route(struct entries *out, const struct entries *base,
		      const struct fl_addr *a, __u32 bits)
{
	struct fl_prefix p = {bits, *a};
	__u32 identity = pick_identity();
	struct fl_route r = {0};

	if (pick(2))
		return;
	for (__u32 bit = bits; bit < 128; bit++)
		p.addr.w[bit / 32] &= ~htonl(1u << (31 - bit % 32));
	/* As policies_join() does: but for who lives there, it is as around. */
	for (size_t i = 0, best = 0; i < base->n; i++) {
		const struct fl_prefix *q = entries_key(base, i);

		if (q->prefix_len < best || !prefix_contains(q, a))
			continue;
		best = q->prefix_len;
		memcpy(&r, entries_value(base, i), sizeof(r));
	}
	r.identity[0] = r.identity[1] = identity;
	entries_add(out, &p, &r);
}

static void make_routes(const struct entries *base, struct entries *out)
{
	static const struct family *const families[] = {&ipv4, &ipv6};
	static const __u32 lengths[] = {100, 119, 122, 125, 126, 127, 128};

	for (size_t i = 0; i < base->n; i++) {
		__u32 identity = pick_identity();
		struct fl_route r;

		memcpy(&r, entries_value(base, i), sizeof(r));
		r.identity[0] = r.identity[1] = identity;
		entries_add(out, entries_key(base, i), &r);
	}
	for (int i = 0; i < 2; i++)
		for (int j = 0; j < 7; j++) {
			add_route(out, base, &families[i]->remote_pod,
				  lengths[j]);
			add_route(out, base, &families[i]->world, lengths[j]);
		}
	entries_sort(out);
	entries_unique(out, NULL, NULL);
}

static void make_endpoints(const struct entries *base, struct entries *out)
{
	for (size_t i = 0; i < base->n; i++) {
		struct fl_endpoint_view v = {
			.identity = pick_identity(),
			.policy_id = 1 + pick(3),
			.flags = pick(4) ? FL_ENDPOINT_INGRESS |
						   FL_ENDPOINT_EGRESS
					 : pick(16),
		};
		struct fl_endpoint ep;

		memcpy(&ep, entries_value(base, i), sizeof(ep));
		ep.view[0] = ep.view[1] = v;
		entries_add(out, entries_key(base, i), &ep);
	}
	entries_sort(out);
}

static void make_world(void)
{
	for (int i = 0; i < 3; i++)
		entries_free(&tables[i].want);
	make_policy(&tables[0].want);
	make_routes(&tables[1].base, &tables[1].want);
	make_endpoints(&tables[2].base, &tables[2].want);
	flags_wanted = pick(4);
}

/* ---- writes ---------------------------------------------------------- */

static int keep(const void *key, const void *value, void *arg)
{
	entries_add(arg, key, value);
	return 0;
}

static void read_table(const struct table *t, struct entries *out)
{
	entries_free(out);
	assert_int_equal(map_each(t->fd, keep, out, NULL), 0);
	entries_sort(out);
}

static int note_write(const void *key, const void *have, const void *want,
		      void *arg)
{
	(void)have;
	assert_true(n_writes < WRITES_MAX);
	writes[n_writes++] = (struct write){arg, key, want};
	return 0;
}

static void shuffle(void)
{
	for (int i = n_writes - 1; i > 0; i--) {
		int j = pick(i + 1);
		struct write w = writes[i];

		writes[i] = writes[j];
		writes[j] = w;
	}
}

static void do_write(const struct write *w)
{
	assert_int_equal(w->value ? bpf_map_update_elem(w->t->fd, w->key,
							w->value, BPF_ANY)
				  : bpf_map_delete_elem(w->t->fd, w->key),
			 0);
}

static unsigned int holds(void)
{
	return node.config.epoch & FL_EPOCH_VIEW;
}

static int note_unwanted(const void *key, const void *have, const void *want,
			 void *arg)
{
	(void)have;
	if (!want)
		entries_add(arg, key, NULL);
	return 0;
}

struct step {
	struct entries have, changes, keys, gone;
};

static void note_staging(const struct table *t, const struct views *v,
			 struct step *s)
{
	bool turn;

	views_stage(v, &s->have, &t->want, &s->changes, &s->keys, &turn);
}

static void note_settling(const struct table *t, const struct views *v,
			  struct step *s)
{
	bool shows;

	entries_diff(&s->have, &t->want, note_unwanted, &s->keys);
	views_settle(v, &s->have, &s->keys, &s->changes, &s->gone, &shows);
	for (size_t i = 0; i < s->gone.n; i++)
		note_write(entries_key(&s->gone, i), NULL, NULL, (void *)t);
}

/* Writes `limit` of the differences between what the maps hold and the step
 * (true: staging), asking after each. Returns how many there were. */
static int take_step(bool staging, int limit, const struct answer *want)
{
	struct step steps[3];
	int n;

	n_writes = 0;
	for (int i = 0; i < 3; i++) {
		const struct table *t = &tables[i];
		const struct views v = {t->map, holds(),
					t->map != VIEW_ENDPOINTS, NULL};
		struct step *s = &steps[i];

		entries_init(&s->have, t->want.key_size, t->want.value_size);
		entries_init(&s->changes, t->want.key_size, t->want.value_size);
		entries_init(&s->keys, t->want.key_size, 0);
		entries_init(&s->gone, t->want.key_size, 0);
		read_table(t, &s->have);
		(staging ? note_staging : note_settling)(t, &v, s);
		for (size_t j = 0; j < s->changes.n; j++)
			note_write(entries_key(&s->changes, j), NULL,
				   entries_value(&s->changes, j), (void *)t);
	}
	shuffle();
	n = n_writes;
	for (int i = 0; i < n && i < limit; i++) {
		do_write(&writes[i]);
		expect_all(want, staging ? "staging" : "settling");
	}
	for (int i = 0; i < 3; i++) {
		entries_free(&steps[i].have);
		entries_free(&steps[i].changes);
		entries_free(&steps[i].keys);
		entries_free(&steps[i].gone);
	}
	return n;
}

static void turn(const struct answer *before)
{
	struct answer after[PROBES_MAX];

	node.config.flags[!holds()] = flags_wanted;
	config_write();
	expect_all(before, "the flags of the other view");
	view_turn_now();
	ask_all(after);
	/* Whoever is still at it with what held before. */
	node.config.epoch -= FL_EPOCH_VIEW;
	config_write();
	expect_all(before, "the view that held");
	node.config.epoch += FL_EPOCH_VIEW;
	config_write();
	expect_all(after, "the view that holds");
}

/* Nothing but what is wanted, in both views. */
static void write_plainly(void)
{
	for (int i = 0; i < 3; i++) {
		const struct table *t = &tables[i];
		struct entries have;

		entries_init(&have, t->want.key_size, t->want.value_size);
		read_table(t, &have);
		for (size_t j = 0; j < have.n; j++)
			bpf_map_delete_elem(t->fd, entries_key(&have, j));
		for (size_t j = 0; j < t->want.n; j++)
			do_write(&(struct write){t, entries_key(&t->want, j),
						 entries_value(&t->want, j)});
		entries_free(&have);
	}
	config_flags(flags_wanted);
	config_write();
}

static void begin(unsigned int seed)
{
	const int fds[] = {bpf_map__fd(node.dp->maps.fl_policy),
			   bpf_map__fd(node.dp->maps.fl_routes),
			   bpf_map__fd(node.dp->maps.fl_endpoints)};
	const size_t sizes[][2] = {
		{sizeof(struct fl_policy_key), sizeof(struct fl_policy_entry)},
		{sizeof(struct fl_prefix), sizeof(struct fl_route)},
		{sizeof(struct fl_addr), sizeof(struct fl_endpoint)}};

	srand(seed);
	print_message("SEED=%u\n", seed);
	for (int i = 0; i < 3; i++) {
		struct table *t = &tables[i];

		t->fd = fds[i];
		entries_init(&t->want, sizes[i][0], sizes[i][1]);
		entries_init(&t->base, sizes[i][0], sizes[i][1]);
		read_table(t, &t->base);
	}
	n_probes = 0;
	asked = 0;
	add_probes(&ipv4);
	add_probes(&ipv6);
}

static void end(void)
{
	for (int i = 0; i < 3; i++) {
		entries_free(&tables[i].want);
		entries_free(&tables[i].base);
	}
}

static unsigned int seed_of(void)
{
	const char *text = getenv("SEED");

	return text ? (unsigned int)strtoul(text, NULL, 10)
		    : (unsigned int)(clock_ns() / 1000);
}

/* Each asks a thousand questions after each write: fewer of them where there is
 * no KVM. */
static int world_count(void)
{
	return getenv("FL_SLOW") ? WORLDS_SLOW : WORLDS;
}

/* ---- tests ----------------------------------------------------------- */

static void a_change_shows_in_one_step(void **state)
{
	struct answer before[PROBES_MAX], after[PROBES_MAX];
	int changed = 0, sum = 0, allowed = 0, worlds = world_count();

	(void)state;
	begin(seed_of());
	make_world();
	write_plainly();
	for (int world = 0; world < worlds; world++) {
		ask_all(before);
		make_world();
		sum += take_step(true, WRITES_MAX, before);
		turn(before);
		ask_all(after);
		sum += take_step(false, WRITES_MAX, after);
		/* Settled, both views are the same. */
		config_flags(flags_wanted);
		view_turn_now();
		expect_all(after, "the other view, settled");
		write_plainly();
		expect_all(after, "nothing but the new");
		for (int i = 0; i < n_probes; i++) {
			changed += memcmp(&before[i], &after[i],
					  sizeof(after[i])) != 0;
			allowed += after[i].reason < FL_DROP_FIRST;
		}
	}
	print_message("%d worlds, %d writes, %lu connections asked about, %d "
		      "changed, %d of %d allowed\n",
		      worlds, sum, asked, changed, allowed, worlds * n_probes);
	/* A test that sees one thing only sees nothing. */
	assert_true(sum > 10 * worlds);
	assert_true(changed > worlds * n_probes / 4);
	assert_true(allowed > worlds * n_probes / 10);
	assert_true(allowed < worlds * n_probes * 9 / 10);
	end();
}

static void an_agent_that_dies_leaves_the_old_or_the_new(void **state)
{
	struct answer now[PROBES_MAX];
	int died = 0, worlds = world_count();

	(void)state;
	begin(seed_of());
	make_world();
	write_plainly();
	for (int world = 0; world < worlds; world++) {
		ask_all(now);
		make_world();
		if (take_step(true, pick(60), now) > n_writes / 2 && pick(2)) {
			died++; /* with part of it written, before the turn */
			continue;
		}
		take_step(true, WRITES_MAX, now);
		turn(now);
		ask_all(now);
		take_step(false, pick(60), now); /* and it may die here */
		if (!pick(3))
			take_step(false, WRITES_MAX, now);
	}
	assert_true(died > 0 || worlds < WORLDS);
	/* Whatever there was: from here it ends where it must. */
	make_world();
	ask_all(now);
	take_step(true, WRITES_MAX, now);
	turn(now);
	ask_all(now);
	take_step(false, WRITES_MAX, now);
	write_plainly();
	expect_all(now, "nothing but the new");
	end();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		ONCE(a_change_shows_in_one_step),
		ONCE(an_agent_that_dies_leaves_the_old_or_the_new),
	};

	return bpf_tests(tests, &options_default);
}
