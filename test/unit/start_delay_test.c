/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

#include "../../agent/start_delay.h"

static struct config c;

static int setup(void **state)
{
	(void)state;
	config_defaults(&c);
	return 0;
}

static void the_first_agent_after_a_boot_waits_by_chance(void **state)
{
	(void)state;
	assert_true(start_delay_for(&c, 30, false, 0) == 0);
	assert_true(start_delay_for(&c, 30, false, 0.5) == 5);
	assert_true(start_delay_for(&c, 599, false, 0.999) < 10);
	c.start_spread = 60;
	assert_true(start_delay_for(&c, 30, false, 0.5) == 30);
}

static void any_other_asks_at_once(void **state)
{
	(void)state;
	assert_true(start_delay_for(&c, 30, true, 0.9) == 0);
	assert_true(start_delay_for(&c, 600, false, 0.9) == 0);
	c.start_spread = 0;
	assert_true(start_delay_for(&c, 30, false, 0.9) == 0);
}

/* 5,000 nodes: no second sees many more than its share. */
static void nodes_that_boot_together_are_spread(void **state)
{
	unsigned int second[10] = {0};

	(void)state;
	srandom(1);
	for (int i = 0; i < 5000; i++)
		second[(int)start_delay_for(&c, 40, false,
					    random() / (RAND_MAX + 1.0))]++;
	for (int i = 0; i < 10; i++)
		assert_in_range(second[i], 400, 600);
}

/* node.json in the state directory, which is of this boot. */
static void an_agent_that_starts_again_is_known_by_its_state(void **state)
{
	char dir[] = "/tmp/fairlead-start-XXXXXX", path[64];
	FILE *f;

	(void)state;
	assert_non_null(mkdtemp(dir));
	strcpy(c.state_dir, dir);
	c.start_spread = 600;
	snprintf(path, sizeof(path), "%s/node.json", dir);
	f = fopen(path, "w");
	assert_non_null(f);
	fclose(f);
	assert_true(start_delay(&c) == 0);
	unlink(path);
	assert_true(start_delay(&c) < 600);
	rmdir(dir);
}

#define T(name) cmocka_unit_test_setup(name, setup)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(the_first_agent_after_a_boot_waits_by_chance),
		T(any_other_asks_at_once),
		T(nodes_that_boot_together_are_spread),
		T(an_agent_that_starts_again_is_known_by_its_state),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
