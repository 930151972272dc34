/* SPDX-License-Identifier: Apache-2.0 */
/* When policy.json is written: it names what policies.good was made of. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

#include "../../agent/reconcile.h"

static struct agent agent;
static struct policy_rule_info rule = {.number = 1, .policy = 7};
static char file[300];

static int set_up(void **state)
{
	char dir[] = "/tmp/policy_file_test.XXXXXX";

	(void)state;
	memset(&agent, 0, sizeof(agent));
	snprintf(agent.config.state_dir, sizeof(agent.config.state_dir), "%s",
		 mkdtemp(dir));
	strcpy(agent.config.bpf_root, "/nonexistent");
	snprintf(file, sizeof(file), "%s/policy.json", agent.config.state_dir);
	agent.maps.config = -1;
	agent.policy_file_is_old = true;
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	unlink(file);
	return rmdir(agent.config.state_dir);
}

/* A map that is full keeps an earlier compilation in force, while a policy
 * that it knows as its eighth is gone. */
static void it_does_not_name_policies_of_a_world_that_is_gone(void **state)
{
	struct problems p = {0};

	(void)state;
	agent.policies.good.rules = &rule;
	agent.policies.good.n_rules = 1;
	reconcile_policy_file(&agent, &p);
	assert_int_equal(access(file, F_OK), -1);
	assert_true(agent.policy_file_is_old);
	assert_int_equal(p.n, 0);
}

static void it_is_written_when_the_policies_are_in_force(void **state)
{
	struct problems p = {0};

	(void)state;
	agent.policies_are_current = true;
	reconcile_policy_file(&agent, &p);
	assert_int_equal(access(file, F_OK), 0);
	assert_false(agent.policy_file_is_old);
	assert_int_equal(p.n, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
			it_does_not_name_policies_of_a_world_that_is_gone,
			set_up, tear_down),
		cmocka_unit_test_setup_teardown(
			it_is_written_when_the_policies_are_in_force, set_up,
			tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
