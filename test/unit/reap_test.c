/* SPDX-License-Identifier: Apache-2.0 */
/* Which flow entries are handed to the reaper, and how often they are looked
 * at. The program decides; a candidate too many costs a little, one too few
 * would stay for ever. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <netinet/in.h>
#include <cmocka.h>

#include "../../agent/idle.h"
#include "../../agent/shares.h"

#define SECOND 1000000000ULL

static unsigned int timeout(__u8 proto, __u8 tcp_seen)
{
	struct fl_tuple key = {.proto = proto};
	struct fl_flow flow = {.tcp_seen = tcp_seen};

	return idle_timeout(&key, &flow);
}

static void a_tcp_connection_is_judged_by_what_was_seen_of_it(void **state)
{
	const __u8 open = FL_TCP_SYN | FL_TCP_DATA;

	(void)state;
	assert_int_equal(timeout(IPPROTO_TCP, FL_TCP_SYN),
			 FL_TIMEOUT_TCP_OPENING);
	/* begun before we looked: taken for established */
	assert_int_equal(timeout(IPPROTO_TCP, 0), FL_TIMEOUT_TCP_ESTABLISHED);
	assert_int_equal(timeout(IPPROTO_TCP, open),
			 FL_TIMEOUT_TCP_ESTABLISHED);
	assert_int_equal(timeout(IPPROTO_TCP, open | FL_TCP_RST),
			 FL_TIMEOUT_TCP_CLOSED);
	/* the other side may have closed as well: let the program look */
	assert_int_equal(timeout(IPPROTO_TCP, open | FL_TCP_FIN),
			 FL_TIMEOUT_TCP_CLOSED);
}

static void no_timeout_is_longer_than_the_programs(void **state)
{
	(void)state;
	assert_true(timeout(IPPROTO_UDP, 0) <= FL_TIMEOUT_UDP);
	assert_true(timeout(IPPROTO_UDP, 0) <= FL_TIMEOUT_UDP_STREAM);
	assert_true(timeout(IPPROTO_SCTP, 0) <= FL_TIMEOUT_SCTP_UNREPLIED);
	assert_true(timeout(IPPROTO_SCTP, 0) <= FL_TIMEOUT_SCTP_REPLIED);
	assert_true(timeout(IPPROTO_ICMP, 0) <= FL_TIMEOUT_ICMP);
	assert_true(timeout(IPPROTO_ICMPV6, 0) <= FL_TIMEOUT_ICMP);
	assert_true(timeout(IPPROTO_GRE, 0) <= FL_TIMEOUT_OTHER);
}

static void a_flow_is_a_candidate_once_its_time_is_over(void **state)
{
	struct fl_tuple key = {.proto = IPPROTO_UDP};
	struct fl_flow flow = {.last_seen_ns = 100 * SECOND};

	(void)state;
	assert_false(idle_is_candidate(&key, &flow, false, 100 * SECOND));
	assert_false(idle_is_candidate(&key, &flow, false, 130 * SECOND));
	assert_true(idle_is_candidate(&key, &flow, false, 130 * SECOND + 1));
	/* of a crowded account: an eighth of 30 seconds, whole ones */
	assert_false(idle_is_candidate(&key, &flow, true, 103 * SECOND));
	assert_true(idle_is_candidate(&key, &flow, true, 103 * SECOND + 1));
	key.proto = IPPROTO_TCP; /* established: as long as anybody's */
	flow.tcp_seen = FL_TCP_SYN | FL_TCP_DATA;
	assert_false(idle_is_candidate(&key, &flow, true, 1000 * SECOND));
}

/* A packet may come between reading the clock and reading the entry. */
static void a_flow_that_was_seen_just_now_is_none(void **state)
{
	struct fl_tuple key = {.proto = IPPROTO_ICMP};
	struct fl_flow flow = {.last_seen_ns = 101 * SECOND};

	(void)state;
	assert_false(idle_is_candidate(&key, &flow, false, 100 * SECOND));
	assert_false(idle_is_candidate(&key, &flow, false, 0));
}

static void a_fuller_table_is_looked_at_more_often(void **state)
{
	(void)state;
	assert_int_equal(idle_interval(0, 65536), 10);
	assert_int_equal(idle_interval(32768, 65536), 10);
	assert_int_equal(idle_interval(32769, 65536), 5);
	assert_int_equal(idle_interval(49152, 65536), 5);
	assert_int_equal(idle_interval(49153, 65536), 1);
	assert_int_equal(idle_interval(65536, 65536), 1);
}

/* After some quiet one pod opens `rate` connections a second, each over at
 * once; returns how many of them were too many in two minutes. A tenth of a
 * second a step. */
static unsigned int too_many(unsigned int rate)
{
	enum { ENTRIES = 65536, STEPS = 1400, QUIET = 200 };
	static unsigned int began[STEPS];
	struct shares_stats s = {.size = shares_size(ENTRIES, 2)};
	unsigned int held = 0, refused = 0, oldest = 0, next = 0, last = 0;

	for (unsigned int now = 0; now < STEPS; now++) {
		unsigned int timeout = FL_TIMEOUT_TCP_CLOSED;

		for (unsigned int i = 0; now > QUIET && i < rate / 10; i++) {
			if (held >= FL_SHARE_FACTOR * (s.size - held)) {
				refused++;
				continue;
			}
			began[now]++;
			held++;
			s.begun++;
		}
		if (now < next)
			continue;
		s.crowded = held >= s.size - held;
		if (s.crowded)
			timeout /= FL_TIMEOUT_HURRY;
		while (oldest + timeout * 10 < now)
			held -= began[oldest++];
		s.connections = held;
		next = now +
		       10 * (s.crowded
				     ? 1
				     : shares_interval(&s, (now - last) / 10.0,
						       idle_interval(2 * held,
								     ENTRIES)));
		last = now;
		s.begun = 0;
	}
	memset(began, 0, sizeof(began));
	return refused;
}

static void a_pod_may_open_thousands_a_second(void **state)
{
	(void)state;
	for (unsigned int rate = 100; rate <= 2000; rate += 100)
		if (too_many(rate))
			fail_msg("of %u a second %u were too many", rate,
				 too_many(rate));
	assert_true(too_many(20000)); /* a flood */
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
			a_tcp_connection_is_judged_by_what_was_seen_of_it),
		cmocka_unit_test(no_timeout_is_longer_than_the_programs),
		cmocka_unit_test(a_flow_is_a_candidate_once_its_time_is_over),
		cmocka_unit_test(a_flow_that_was_seen_just_now_is_none),
		cmocka_unit_test(a_fuller_table_is_looked_at_more_often),
		cmocka_unit_test(a_pod_may_open_thousands_a_second),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
