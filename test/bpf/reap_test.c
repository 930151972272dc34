// SPDX-License-Identifier: Apache-2.0
/*
 * Expiry: user space names candidates, fl_reap decides. Time is made by moving
 * entries into the past.
 */
#include "traffic.h"

#include <bpf/bpf.h>
#include <errno.h>
#include <netinet/in.h>
#include <string.h>

/* Names the keys to the reaper; returns how many connections it removed. */
static int reap_keys(const struct fl_tuple *keys, unsigned int n)
{
	struct {
		struct fl_reap_head head;
		struct fl_tuple keys[FL_REAP_MAX];
	} data = {.head.count = n};
	LIBBPF_OPTS(bpf_test_run_opts, opts, .data_in = &data,
		    .data_size_in = sizeof(data.head) + n * sizeof(*keys));

	memcpy(data.keys, keys, n * sizeof(*keys));
	assert_int_equal(
		bpf_prog_test_run_opts(node_program_fd("fl_reap"), &opts), 0);
	return opts.retval;
}

/* A connection that has sent and got these packets. */
struct past {
	const char *what;
	__u8 proto;
	__u8 sent[4], got[4]; /* TCP flags, 0: no more; else a count */
	unsigned int timeout;
};

static const struct past pasts[] = {
	{"SYN alone", IPPROTO_TCP, {TCP_SYN}, {}, FL_TIMEOUT_TCP_OPENING},
	{"SYN, SYN+ACK",
	 IPPROTO_TCP,
	 {TCP_SYN},
	 {TCP_SYN | TCP_ACK},
	 FL_TIMEOUT_TCP_OPENING},
	{"handshake",
	 IPPROTO_TCP,
	 {TCP_SYN, TCP_ACK},
	 {TCP_SYN | TCP_ACK, TCP_ACK},
	 FL_TIMEOUT_TCP_ESTABLISHED},
	{"middle of a stream",
	 IPPROTO_TCP,
	 {TCP_ACK},
	 {TCP_ACK},
	 FL_TIMEOUT_TCP_ESTABLISHED},
	{"half closed",
	 IPPROTO_TCP,
	 {TCP_SYN, TCP_ACK, TCP_FIN | TCP_ACK},
	 {TCP_SYN | TCP_ACK, TCP_ACK},
	 FL_TIMEOUT_TCP_ESTABLISHED},
	{"closed",
	 IPPROTO_TCP,
	 {TCP_SYN, TCP_ACK, TCP_FIN | TCP_ACK},
	 {TCP_SYN | TCP_ACK, TCP_FIN | TCP_ACK},
	 FL_TIMEOUT_TCP_CLOSED},
	{"reset by the peer",
	 IPPROTO_TCP,
	 {TCP_SYN},
	 {TCP_RST | TCP_ACK},
	 FL_TIMEOUT_TCP_CLOSED},
	{"reset by who began",
	 IPPROTO_TCP,
	 {TCP_SYN, TCP_ACK, TCP_RST},
	 {TCP_SYN | TCP_ACK, TCP_ACK},
	 FL_TIMEOUT_TCP_CLOSED},
	{"ports used again",
	 IPPROTO_TCP,
	 {TCP_ACK, TCP_FIN | TCP_ACK, TCP_SYN, TCP_ACK},
	 {TCP_FIN | TCP_ACK, TCP_SYN | TCP_ACK, TCP_ACK},
	 FL_TIMEOUT_TCP_ESTABLISHED},
	{"UDP one way", IPPROTO_UDP, {1, 1}, {}, FL_TIMEOUT_UDP},
	{"UDP", IPPROTO_UDP, {1}, {1}, FL_TIMEOUT_UDP_STREAM},
	{"SCTP one way", IPPROTO_SCTP, {1}, {}, FL_TIMEOUT_SCTP_UNREPLIED},
	{"SCTP", IPPROTO_SCTP, {1}, {1}, FL_TIMEOUT_SCTP_REPLIED},
	{"echo", IPPROTO_ICMP, {1}, {1}, FL_TIMEOUT_ICMP},
	{"other", IPPROTO_GRE, {1}, {1}, FL_TIMEOUT_OTHER},
	{"established, the server silent so far",
	 IPPROTO_TCP,
	 {TCP_SYN, TCP_ACK},
	 {TCP_SYN | TCP_ACK},
	 FL_TIMEOUT_TCP_ESTABLISHED},
};
enum { PASTS = sizeof(pasts) / sizeof(pasts[0]) };

static const struct past *past_of(const char *what)
{
	for (int i = 0; i < PASTS; i++)
		if (!strcmp(pasts[i].what, what))
			return &pasts[i];
	fail_msg("no past %s", what);
	return NULL;
}

static void begin_earlier(struct fl_tuple key, int seconds)
{
	struct fl_flow f;

	assert_true(flow_read(&key, &f));
	f.created_ns -= seconds * 1000000000ll;
	flow_write(&key, &f);
}

/* Plays it between pod_a and pod_b, in two seconds; the tuple of pod_a's
 * direction. */
static struct fl_tuple play(const struct family *f, const struct past *past)
{
	struct packet a, b;
	bool echo = past->proto == IPPROTO_ICMP;

	for (int i = 0; i < 4; i++) {
		message(&a, .src = &f->pod_a, .dst = &f->pod_b,
			.proto = past->proto, .flags = past->sent[i]);
		if (past->sent[i])
			expect_sent(FROM_POD_A, &a, LOCAL, NULL);
		if (!past->got[i])
			continue;
		message(&b, .src = &f->pod_b, .dst = &f->pod_a,
			.sport = echo ? 1000 : 80, .dport = 1000, .reply = true,
			.proto = past->proto, .flags = past->got[i],
			.smac = mac_b);
		expect_sent(FROM_POD_B, &b, LOCAL, NULL);
	}
	assert_int_equal(flow_count(), 2);
	begin_earlier(packet_tuple(&a), 2);
	begin_earlier(tuple_reversed(packet_tuple(&a)), 2);
	return packet_tuple(&a);
}

static void each_kind_of_connection_has_its_own_time(void **state)
{
	const struct family *f = *state;

	for (int i = 0; i < PASTS; i++) {
		struct fl_tuple key, reply;

		tables_reset();
		key = play(f, &pasts[i]);
		reply = tuple_reversed(key);
		flow_age(&key, pasts[i].timeout - 3);
		flow_age(&reply, pasts[i].timeout - 3);
		if (reap_keys(&key, 1) || flow_count() != 2)
			fail_msg("%s went too soon", pasts[i].what);
		flow_age(&key, 4);
		flow_age(&reply, 4);
		if (reap_keys(&key, 1) != 1 || flow_count() != 0)
			fail_msg("%s stayed", pasts[i].what);
		assert_int_equal(counter_read(FL_COUNT_FLOWS_REAPED), 1);
	}
}

/* Whichever direction user space saw, both are looked at. */
static void the_replys_key_names_the_connection_as_well(void **state)
{
	const struct family *f = *state;

	for (int i = 0; i < PASTS; i++) {
		struct fl_tuple key, reply;

		tables_reset();
		key = play(f, &pasts[i]);
		reply = tuple_reversed(key);
		flow_age(&key, pasts[i].timeout - 3);
		flow_age(&reply, pasts[i].timeout - 3);
		if (reap_keys(&reply, 1))
			fail_msg("%s went too soon", pasts[i].what);
		flow_age(&key, 4);
		flow_age(&reply, 4);
		if (reap_keys(&reply, 1) != 1 || flow_count() != 0)
			fail_msg("%s stayed", pasts[i].what);
	}
}

/* A name server is asked from another port each time: 100 questions a second
 * are not to be 18,000 entries. */
static void a_question_and_its_answer_are_no_stream(void **state)
{
	const struct family *f = *state;

	for (int by_reply = 0; by_reply < 2; by_reply++) {
		struct fl_tuple key = play(f, past_of("UDP"));
		struct fl_tuple reply = tuple_reversed(key);
		const struct fl_tuple *named = by_reply ? &reply : &key;

		begin_earlier(key, -1);
		begin_earlier(reply, -1);
		flow_age(&key, FL_TIMEOUT_UDP - 3);
		flow_age(&reply, FL_TIMEOUT_UDP - 3);
		assert_int_equal(reap_keys(named, 1), 0);
		flow_age(&key, 4);
		flow_age(&reply, 4);
		assert_int_equal(reap_keys(named, 1), 1);
		assert_int_equal(flow_count(), 0);
	}
}

static void one_busy_direction_keeps_both(void **state)
{
	const struct family *f = *state;
	const struct past *udp = past_of("UDP");
	struct fl_tuple key = play(f, udp), reply = tuple_reversed(key);

	flow_age(&key, 100000);
	assert_int_equal(reap_keys(&key, 1), 0);
	assert_int_equal(reap_keys(&reply, 1), 0);
	assert_int_equal(flow_count(), 2);
	assert_int_equal(counter_read(FL_COUNT_FLOWS_REAPED), 0);
}

/* The race that users of others lost connections to: user space saw it idle,
 * then a packet came. */
static void what_was_used_meanwhile_stays(void **state)
{
	const struct family *f = *state;
	struct fl_tuple key = play(f, past_of("UDP one way")),
			reply = tuple_reversed(key);
	struct packet p;

	flow_age(&key, 100000);
	flow_age(&reply, 100000);
	message(&p, .src = &f->pod_a, .dst = &f->pod_b, .proto = IPPROTO_UDP);
	expect_sent(FROM_POD_A, &p, LOCAL, NULL);
	assert_int_equal(reap_keys(&key, 1), 0);
	assert_int_equal(flow_count(), 2);
}

static void a_masqueraded_connection_goes_with_its_port(void **state)
{
	const struct family *f = *state;
	struct message m = {
		.src = &f->pod_a, .dst = &f->world, .proto = IPPROTO_UDP};
	struct packet p;
	struct fl_tuple key, reply;

	for (int by_reply = 0; by_reply < 2; by_reply++) {
		leaves_as(FROM_POD_A, &m, &f->node);
		message_build(&p, &m);
		key = packet_tuple(&p);
		reply = tuple_reversed(flow_of(&p).to);
		flow_age(&key, 31);
		flow_age(&reply, 31);
		assert_int_equal(reap_keys(by_reply ? &reply : &key, 1), 1);
		assert_int_equal(flow_count(), 0);
	}
}

static void a_single_direction_is_removed_too(void **state)
{
	const struct family *f = *state;
	struct fl_tuple key = play(f, past_of("UDP")),
			reply = tuple_reversed(key);

	flow_age(&reply, 1000);
	flow_remove(&key);
	assert_int_equal(reap_keys(&reply, 1), 1);
	assert_int_equal(flow_count(), 0);
	key = play(f, past_of("UDP"));
	flow_age(&key, 1000);
	flow_remove(&reply);
	assert_int_equal(reap_keys(&key, 1), 1);
	assert_int_equal(flow_count(), 0);
}

static void keys_that_are_gone_are_no_error(void **state)
{
	const struct family *f = *state;
	struct fl_tuple keys[3] = {0};

	keys[0] = play(f, past_of("UDP one way"));
	keys[1] = tuple_reversed(keys[0]);
	keys[2] = (struct fl_tuple){.proto = 99};
	flow_age(&keys[0], 1000);
	flow_age(&keys[1], 1000);
	assert_int_equal(reap_keys(keys, 3), 1);
	assert_int_equal(reap_keys(keys, 3), 0);
	assert_int_equal(reap_keys(keys, 0), 0);
}

static void a_batch_is_removed_at_once(void **state)
{
	const struct family *f = *state;
	struct fl_tuple keys[FL_REAP_MAX], reply;
	struct packet p;

	for (int i = 0; i < FL_REAP_MAX; i++) {
		message(&p, .src = &f->pod_a, .dst = &f->pod_b,
			.proto = IPPROTO_UDP, .sport = 2000 + i);
		expect_sent(FROM_POD_A, &p, LOCAL, NULL);
		keys[i] = packet_tuple(&p);
		reply = tuple_reversed(keys[i]);
		flow_age(&keys[i], 1000);
		flow_age(&reply, 1000);
	}
	assert_int_equal(reap_keys(keys, FL_REAP_MAX), FL_REAP_MAX);
	assert_int_equal(flow_count(), 0);
	assert_int_equal(counter_read(FL_COUNT_FLOWS_REAPED), FL_REAP_MAX);
}

/* A count that the data does not hold must not make up keys. */
static void a_wrong_count_reads_nothing_beyond_the_data(void **state)
{
	const struct family *f = *state;
	struct fl_tuple key = play(f, past_of("UDP one way")),
			reply = tuple_reversed(key);
	struct {
		struct fl_reap_head head;
		struct fl_tuple key;
	} data = {.head.count = 0xffff, .key = key};
	LIBBPF_OPTS(bpf_test_run_opts, opts, .data_in = &data,
		    .data_size_in = sizeof(data));

	flow_age(&key, 1000);
	flow_age(&reply, 1000);
	assert_int_equal(
		bpf_prog_test_run_opts(node_program_fd("fl_reap"), &opts), 0);
	assert_int_equal(opts.retval, 1);
	opts.data_size_in = sizeof(data.head);
	assert_int_equal(
		bpf_prog_test_run_opts(node_program_fd("fl_reap"), &opts), 0);
	assert_int_equal(opts.retval, 0);
}

static void the_end_is_told_with_what_was_carried(void **state)
{
	const struct family *f = *state;
	struct fl_event ev[4];
	struct packet p;

	for (int by_reply = 0; by_reply < 2; by_reply++) {
		struct fl_tuple key = play(f, past_of("UDP"));
		struct fl_tuple reply = tuple_reversed(key);

		message(&p, .src = &f->pod_a, .dst = &f->pod_b,
			.proto = IPPROTO_UDP);
		expect_sent(FROM_POD_A, &p, LOCAL, NULL);
		flow_age(&key, 1000);
		flow_age(&reply, 1000);
		assert_int_equal(reap_keys(by_reply ? &reply : &key, 1), 1);
		assert_int_equal(events_take(ev, 4), 1);
		assert_int_equal(ev[0].type, FL_EVENT_FLOW_CLOSED);
		assert_tuple(&ev[0].tuple, &key);
		assert_int_equal(ev[0].packets, 2);
		assert_int_equal(ev[0].bytes, 2 * (p.len - ETH_LEN));
		assert_int_equal(ev[0].reply_packets, 1);
		assert_int_equal(ev[0].reply_bytes, p.len - ETH_LEN);
		assert_int_equal(ev[0].hook, FL_HOOK_FROM_POD);
		assert_int_equal(ev[0].ifindex, node.pod_a);
		assert_int_equal(ev[0].out_ifindex, node.pod_b);
		assert_int_equal(ev[0].action, FL_ACTION_LOCAL);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		FAMILIES(each_kind_of_connection_has_its_own_time),
		FAMILIES(the_replys_key_names_the_connection_as_well),
		FAMILIES(a_question_and_its_answer_are_no_stream),
		FAMILIES(one_busy_direction_keeps_both),
		FAMILIES(what_was_used_meanwhile_stays),
		FAMILIES(a_masqueraded_connection_goes_with_its_port),
		FAMILIES(a_single_direction_is_removed_too),
		FAMILIES(keys_that_are_gone_are_no_error),
		FAMILIES(a_batch_is_removed_at_once),
		FAMILIES(a_wrong_count_reads_nothing_beyond_the_data),
		FAMILIES(the_end_is_told_with_what_was_carried),
	};

	return bpf_tests(tests, &options_default);
}
