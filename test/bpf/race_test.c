// SPDX-License-Identifier: Apache-2.0
/*
 * Two CPUs that decide at once:
 *
 *	CPU 0: pod_a:p --> [from_pod] --> node:?        both at the same
 *	CPU 1: pod_a:p --> [from_pod] --> node:?        moment
 */
#include "traffic.h"

#include <arpa/inet.h>
#include <bpf/bpf.h>
#include <netinet/in.h>
#include <pthread.h>
#include <string.h>

enum { ROUNDS = 400 };

/* One side: its packets, where they come from, what became of them. */
struct side {
	const struct family *f;
	const struct fl_addr *src, *dst;
	const __u8 *mac;
	unsigned int ifindex;
	int fd;
	int verdicts[ROUNDS];
	__u16 ports[ROUNDS]; /* source port on the way out */
};

static pthread_barrier_t together;

static void side_build(const struct side *s, int i, struct packet *p)
{
	message(p, .src = s->src, .dst = s->dst, .smac = s->mac,
		.proto = IPPROTO_UDP, .sport = 1000 + i);
}

static void *side_run(void *arg)
{
	struct side *s = arg;
	struct packet in, out;
	struct __sk_buff ctx;
	struct view v;

	for (int i = 0; i < ROUNDS; i++) {
		LIBBPF_OPTS(bpf_test_run_opts, opts, .data_in = in.data,
			    .data_out = out.data, .data_size_out = PACKET_MAX,
			    .ctx_in = &ctx, .ctx_size_in = sizeof(ctx));

		memset(&ctx, 0, sizeof(ctx));
		ctx.ifindex = s->ifindex;
		side_build(s, i, &in);
		opts.data_size_in = in.len;
		pthread_barrier_wait(&together);
		s->verdicts[i] = bpf_prog_test_run_opts(s->fd, &opts)
					 ? -1
					 : (int)opts.retval;
		out.len = opts.data_size_out;
		s->ports[i] = packet_view(&out, &v) ? 0 : v.sport;
	}
	return NULL;
}

static void run_both(struct side sides[2])
{
	pthread_t threads[2];

	assert_int_equal(pthread_barrier_init(&together, NULL, 2), 0);
	for (int i = 0; i < 2; i++)
		assert_int_equal(
			pthread_create(&threads[i], NULL, side_run, &sides[i]),
			0);
	for (int i = 0; i < 2; i++)
		pthread_join(threads[i], NULL);
	pthread_barrier_destroy(&together);
}

static struct side side_of(const struct family *f, bool b,
			   const struct fl_addr *dst)
{
	return (struct side){.f = f,
			     .src = b ? &f->pod_b : &f->pod_a,
			     .dst = dst,
			     .mac = b ? mac_b : mac_a,
			     .ifindex = b ? node.pod_b : node.pod_a,
			     .fd = node_stub_fd(FL_HOOK_FROM_POD)};
}

/* Each direction's entry leads to the other, and back. */
static void assert_entries_agree(const struct side *s)
{
	struct packet p;
	struct fl_flow flow, reply;
	struct fl_tuple key;

	for (int i = 0; i < ROUNDS; i++) {
		side_build(s, i, &p);
		key = packet_tuple(&p);
		flow = flow_of(&p);
		reply = flow_reply_of(&p);
		assert_int_equal(ntohs(flow.to.sport), s->ports[i]);
		key = tuple_reversed(key);
		assert_tuple(&reply.to, &key);
	}
}

static void one_connection_gets_one_port(void **state)
{
	const struct family *f = *state;
	static struct side sides[2];

	sides[0] = sides[1] = side_of(f, false, &f->world);
	run_both(sides);
	for (int i = 0; i < ROUNDS; i++) {
		assert_int_equal(sides[0].verdicts[i], VERDICT_REDIRECT);
		assert_int_equal(sides[1].verdicts[i], VERDICT_REDIRECT);
		assert_int_equal(sides[0].ports[i], sides[1].ports[i]);
	}
	assert_entries_agree(&sides[0]);
	assert_int_equal(flow_count(), 2 * ROUNDS);
	assert_int_equal(counter_read(FL_COUNT_FLOWS_CREATED), ROUNDS);
}

static void two_connections_get_two_ports(void **state)
{
	const struct family *f = *state;
	static struct side sides[2];
	static bool taken[MASQ_MAX - MASQ_MIN + 1];

	memset(taken, 0, sizeof(taken));
	sides[0] = side_of(f, false, &f->world);
	sides[1] = side_of(f, true, &f->world);
	run_both(sides);
	for (int i = 0; i < 2 * ROUNDS; i++) {
		const struct side *s = &sides[i % 2];

		assert_int_equal(s->verdicts[i / 2], VERDICT_REDIRECT);
		assert_in_range(s->ports[i / 2], MASQ_MIN, MASQ_MAX);
		assert_false(taken[s->ports[i / 2] - MASQ_MIN]);
		taken[s->ports[i / 2] - MASQ_MIN] = true;
	}
	assert_entries_agree(&sides[0]);
	assert_entries_agree(&sides[1]);
}

static void one_connection_between_pods_is_entered_once(void **state)
{
	const struct family *f = *state;
	static struct side sides[2];

	sides[0] = sides[1] = side_of(f, false, &f->small);
	run_both(sides);
	assert_entries_agree(&sides[0]);
	assert_int_equal(flow_count(), 2 * ROUNDS);
	assert_int_equal(counter_read(FL_COUNT_FLOWS_CREATED), ROUNDS);
	assert_int_equal(counter_read(FL_COUNT_FLOW_INSERT_OTHER), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		FAMILIES(one_connection_gets_one_port),
		FAMILIES(two_connections_get_two_ports),
		FAMILIES(one_connection_between_pods_is_entered_once),
	};

	return bpf_tests(tests, &options_default);
}
