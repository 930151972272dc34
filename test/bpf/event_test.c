// SPDX-License-Identifier: Apache-2.0
/* Events are for people: never so many that telling costs more than doing,
 * and whatever is held back is counted. */
#include "traffic.h"

#include <bpf/bpf.h>
#include <netinet/in.h>
#include <sched.h>

/* Limits are those of a CPU. */
static void stay_on_one_cpu(void)
{
	cpu_set_t cpus;

	CPU_ZERO(&cpus);
	CPU_SET(sched_getcpu(), &cpus);
	sched_setaffinity(0, sizeof(cpus), &cpus);
}

static void spoofed(struct packet *p)
{
	message(p, .src = &ipv4.pod_b, .dst = &ipv4.small);
}

/* Without all that expect_*() looks at: where a machine is slow it is to be
 * done within a second. */
static void run_bare(const struct packet *p, int n, enum verdict verdict)
{
	struct __sk_buff ctx = {.ifindex = node.pod_a};
	LIBBPF_OPTS(bpf_test_run_opts, opts, .data_in = p->data,
		    .data_size_in = p->len, .ctx_in = &ctx,
		    .ctx_size_in = sizeof(ctx), .repeat = n);

	assert_int_equal(
		bpf_prog_test_run_opts(node_stub_fd(FL_HOOK_FROM_POD), &opts),
		0);
	assert_int_equal((int)opts.retval, verdict);
}

/* Drops it that often; returns how many events came of it. */
static unsigned int drop_many(const struct packet *p, int n)
{
	run_bare(p, n, VERDICT_DROP);
	return events_take(NULL, 0);
}

/* drop_many() with so many events a second, within one. */
static unsigned int drop_in_a_second(const struct packet *p, __u32 reason,
				     __u32 limit, int n)
{
	unsigned int told;

	do {
		tables_reset();
		node.config.events_per_second = limit;
		config_write();
		limit_fill(reason, 0);
		told = drop_many(p, n);
	} while (!limit_held());
	return told;
}

static void drops_are_told_up_to_the_limit(void **state)
{
	struct packet p;

	(void)state;
	spoofed(&p);
	assert_int_equal(drop_in_a_second(&p, FL_DROP_SPOOFED_ADDR, 5, 100), 5);
	assert_int_equal(counter_read(FL_COUNT_EVENTS_LIMITED), 95);
	assert_int_equal(
		metric_read(FL_HOOK_FROM_POD, FL_DROP_SPOOFED_ADDR).packets,
		100);
	assert_int_equal(
		metric_read(FL_HOOK_FROM_POD, FL_DROP_SPOOFED_ADDR).bytes,
		100 * p.len);
}

static void each_reason_has_its_own_limit(void **state)
{
	struct packet p, other_p;

	unsigned int other;

	(void)state;
	message(&other_p, .src = &ipv4.pod_a, .dst = &ipv4.no_pod);
	spoofed(&p);
	do {
		assert_int_equal(
			drop_in_a_second(&p, FL_DROP_SPOOFED_ADDR, 5, 50), 5);
		other = drop_many(&other_p, 50);
	} while (!limit_held());
	assert_int_equal(other, 5);
}

static void the_next_second_has_room_again(void **state)
{
	struct packet p;

	(void)state;
	spoofed(&p);
	node.config.events_per_second = 2;
	config_write();
	limit_fill(FL_DROP_SPOOFED_ADDR, 2);
	assert_int_equal(drop_many(&p, 1), 0);
	limit_expire(FL_DROP_SPOOFED_ADDR);
	assert_int_equal(drop_many(&p, 1), 1);
}

static void a_limit_of_zero_tells_nothing(void **state)
{
	const struct family *f = *state;
	struct packet p;

	node.config.events_per_second = 0;
	config_write();
	message(&p, .src = &f->pod_b, .dst = &f->small);
	expect_drop(FROM_POD_A, &p, SPOOFED_ADDR);
	assert_int_equal(last.n_events, 0);
	expect_delivered(FROM_POD_A, mac_b, .src = &f->pod_a, .dst = &f->pod_b);
	assert_int_equal(last.n_events, 0);
}

static void new_connections_have_a_limit_of_their_own(void **state)
{
	const struct family *f = *state;
	struct packet p, new[10];
	unsigned int told;

	for (int i = 0; i < 10; i++)
		message(&new[i], .src = &f->pod_a, .dst = &f->pod_b,
			.sport = 2000 + i);
	do {
		tables_reset();
		node.config.events_per_second = 3;
		config_write();
		limit_fill(FL_DROP_SPOOFED_ADDR, 0);
		limit_fill(FL_LIMIT_EVENT + FL_EVENT_FLOW_NEW, 0);
		for (int i = 0; i < 10; i++)
			run_bare(&new[i], 1, VERDICT_REDIRECT);
		told = events_take(NULL, 0);
	} while (!limit_held());
	assert_int_equal(told, 3);
	assert_int_equal(counter_read(FL_COUNT_EVENTS_LIMITED), 7);
	assert_int_equal(counter_read(FL_COUNT_FLOWS_CREATED), 10);
	message(&p, .src = &f->pod_b, .dst = &f->small);
	expect_drop(FROM_POD_A, &p, SPOOFED_ADDR);
	assert_int_equal(last.n_events, 1);
}

static void events_without_room_are_counted(void **state)
{
	struct packet p;
	unsigned int room, told;

	(void)state;
	room = bpf_map__max_entries(node.dp->maps.fl_events) /
	       (sizeof(struct fl_event) + BPF_RINGBUF_HDR_SZ);
	spoofed(&p);
	told = drop_many(&p, room + 500);
	assert_in_range(told, room - 2, room);
	assert_int_equal(counter_read(FL_COUNT_EVENTS_LOST), room + 500 - told);
	assert_int_equal(drop_many(&p, 1), 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		ONCE(drops_are_told_up_to_the_limit),
		ONCE(each_reason_has_its_own_limit),
		ONCE(the_next_second_has_room_again),
		FAMILIES(a_limit_of_zero_tells_nothing),
		FAMILIES(new_connections_have_a_limit_of_their_own),
		ONCE(events_without_room_are_counted),
	};

	stay_on_one_cpu();
	return bpf_tests(tests, &options_default);
}
