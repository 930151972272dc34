/* SPDX-License-Identifier: Apache-2.0 */
/* How long a pass makes the next one wait. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>
#include <cmocka.h>

#include "../../agent/reconcile.h"

static void a_pass_is_followed_by_four_times_its_work(void **state)
{
	struct agent a = {.applied = true, .was_ready = true};

	(void)state;
	a.busy = 0.001;
	assert_true(reconcile_pause(&a) == 0.1);
	a.busy = 2;
	assert_true(reconcile_pause(&a) == 8);
}

static void one_that_failed_is_not_tried_again_at_once(void **state)
{
	struct agent a = {.was_ready = true, .busy = 0.001};

	(void)state;
	assert_true(reconcile_pause(&a) == 1);
}

static void until_the_node_is_ready_nothing_waits(void **state)
{
	struct agent a = {.applied = true, .busy = 2};

	(void)state;
	assert_true(reconcile_pause(&a) < 0.1);
}

/* For packets that are being decided, or for a processor: a second each time
 * where the kernel has no membarrier(). */
static void what_a_pass_has_waited_for_is_no_work(void **state)
{
	const struct timespec wait = {.tv_nsec = 200000000};
	double worked = clock_worked(), seconds = clock_seconds();

	(void)state;
	nanosleep(&wait, NULL);
	assert_true(clock_seconds() - seconds >= 0.2);
	assert_true(clock_worked() - worked < 0.1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_pass_is_followed_by_four_times_its_work),
		cmocka_unit_test(one_that_failed_is_not_tried_again_at_once),
		cmocka_unit_test(until_the_node_is_ready_nothing_waits),
		cmocka_unit_test(what_a_pass_has_waited_for_is_no_work),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
