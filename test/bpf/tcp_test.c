// SPDX-License-Identifier: Apache-2.0
/* What a flow entry remembers of TCP, from which the reaper tells a closed
 * connection from an idle one. */
#include "traffic.h"

#include <netinet/in.h>

/* pod_a sends, pod_b answers; flags 0: nothing. Then what each entry says. */
struct step {
	__u8 sent, got;
	__u8 seen, seen_reply;
};

enum { S = FL_TCP_SYN, F = FL_TCP_FIN, R = FL_TCP_RST, D = FL_TCP_DATA };

static void play(const struct family *f, const struct step *steps, size_t n)
{
	struct packet a, b;

	message(&a, .src = &f->pod_a, .dst = &f->pod_b);
	for (size_t i = 0; i < n; i++) {
		const struct step *s = &steps[i];

		if (s->sent) {
			message(&b, .src = &f->pod_a, .dst = &f->pod_b,
				.flags = s->sent);
			expect_sent(FROM_POD_A, &b, LOCAL, NULL);
		}
		if (s->got) {
			message(&b, .src = &f->pod_b, .dst = &f->pod_a,
				.sport = 80, .dport = 1000, .flags = s->got,
				.smac = mac_b);
			expect_sent(FROM_POD_B, &b, LOCAL, NULL);
		}
		if (flow_of(&a).tcp_seen != s->seen ||
		    flow_reply_of(&a).tcp_seen != s->seen_reply)
			fail_msg("step %zu: seen %x and %x, not %x and %x", i,
				 flow_of(&a).tcp_seen,
				 flow_reply_of(&a).tcp_seen, s->seen,
				 s->seen_reply);
	}
}
#define PLAY(f, steps) play(f, steps, sizeof(steps) / sizeof((steps)[0]))

static void a_connection_is_followed_from_syn_to_fin(void **state)
{
	const struct step steps[] = {
		{TCP_SYN, 0, S, 0},
		{0, TCP_SYN | TCP_ACK, S, S},
		{TCP_ACK, 0, S | D, S},
		{TCP_ACK | TCP_PSH, TCP_ACK, S | D, S | D},
		{TCP_FIN | TCP_ACK, 0, S | D | F, S | D},
		{0, TCP_ACK | TCP_PSH, S | D | F, S | D},
		{0, TCP_FIN | TCP_ACK, S | D | F, S | D | F},
		{TCP_ACK, 0, S | D | F, S | D | F},
	};

	PLAY(*state, steps);
}

static void a_reset_is_remembered(void **state)
{
	const struct step refused[] = {
		{TCP_SYN, TCP_RST | TCP_ACK, S, D | R},
	};

	PLAY(*state, refused);
}

/* A RST that its receiver did not take for one (a forged one, out of window)
 * does not end a connection whose sender talks on. */
static void who_talks_on_did_not_reset(void **state)
{
	const struct step steps[] = {
		{TCP_SYN, TCP_SYN | TCP_ACK, S, S},
		{TCP_ACK, TCP_ACK, S | D, S | D},
		{TCP_RST, 0, S | D | R, S | D},
		{TCP_ACK, 0, S | D, S | D},
	};

	PLAY(*state, steps);
}

static void ports_may_be_used_again(void **state)
{
	const struct step steps[] = {
		{TCP_SYN, TCP_SYN | TCP_ACK, S, S},
		{TCP_ACK, TCP_ACK, S | D, S | D},
		{TCP_FIN | TCP_ACK, TCP_FIN | TCP_ACK, S | D | F, S | D | F},
		{TCP_SYN, 0, S, S | D | F},
		{0, TCP_SYN | TCP_ACK, S, S},
		{TCP_ACK, TCP_ACK, S | D, S | D},
	};

	PLAY(*state, steps);
	assert_int_equal(flow_count(), 2);
}

/* The agent was not there when it began; that must not matter. */
static void a_connection_is_taken_up_in_its_middle(void **state)
{
	const struct step steps[] = {
		{TCP_ACK, TCP_ACK, D, D},
		{TCP_FIN | TCP_ACK, TCP_FIN | TCP_ACK, D | F, D | F},
	};

	PLAY(*state, steps);
}

static void a_masqueraded_connection_is_followed_too(void **state)
{
	const struct family *f = *state;
	struct message m = {.src = &f->pod_a,
			    .dst = &f->world,
			    .sport = 40123,
			    .flags = TCP_SYN};
	struct packet p, answer;

	leaves_as(FROM_POD_A, &m, &f->node);
	message_build(&p, &m);
	assert_int_equal(flow_of(&p).tcp_seen, FL_TCP_SYN);
	answer_build(&answer, &m, &f->node, 40123); /* an ACK */
	expect_sent(FROM_UPLINK, &answer, LOCAL, NULL);
	assert_int_equal(flow_reply_of(&p).tcp_seen, FL_TCP_DATA);
	m.flags = TCP_FIN | TCP_ACK;
	leaves_as(FROM_POD_A, &m, &f->node);
	assert_int_equal(flow_of(&p).tcp_seen,
			 FL_TCP_SYN | FL_TCP_FIN | FL_TCP_DATA);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		FAMILIES(a_connection_is_followed_from_syn_to_fin),
		FAMILIES(a_reset_is_remembered),
		FAMILIES(who_talks_on_did_not_reset),
		FAMILIES(ports_may_be_used_again),
		FAMILIES(a_connection_is_taken_up_in_its_middle),
		FAMILIES(a_masqueraded_connection_is_followed_too),
	};

	return bpf_tests(tests, &options_default);
}
