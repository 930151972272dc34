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

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
			a_tcp_connection_is_judged_by_what_was_seen_of_it),
		cmocka_unit_test(no_timeout_is_longer_than_the_programs),
		cmocka_unit_test(a_flow_is_a_candidate_once_its_time_is_over),
		cmocka_unit_test(a_flow_that_was_seen_just_now_is_none),
		cmocka_unit_test(a_fuller_table_is_looked_at_more_often),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
