/* SPDX-License-Identifier: Apache-2.0 */
/* Core dumps and debuggers of a process that holds a token: each case in a
 * process of its own. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

#include "../../agent/guard.h"

enum { DUMPABLE = 1, LIMITED = 2 };

/* What a process is after it. */
static int guarded(const struct config *c)
{
	struct rlimit limit;
	int status;
	pid_t pid = fork();

	if (!pid) {
		prctl(PR_SET_DUMPABLE, 1);
		guard_secrets(c);
		getrlimit(RLIMIT_CORE, &limit);
		_exit((prctl(PR_GET_DUMPABLE) ? DUMPABLE : 0) |
		      (limit.rlim_max ? 0 : LIMITED));
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	return WEXITSTATUS(status);
}

static void with_an_api_server_there_are_no_core_dumps(void **state)
{
	struct config c;

	(void)state;
	config_defaults(&c);
	strcpy(c.kubeconfig, "in-cluster");
	assert_int_equal(guarded(&c), LIMITED);
}

static void without_one_or_where_they_are_asked_for_there_are(void **state)
{
	struct config c;

	(void)state;
	config_defaults(&c);
	assert_true(guarded(&c) & DUMPABLE);
	strcpy(c.kubeconfig, "in-cluster");
	c.core_dumps = true;
	assert_true(guarded(&c) & DUMPABLE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(with_an_api_server_there_are_no_core_dumps),
		cmocka_unit_test(
			without_one_or_where_they_are_asked_for_there_are),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
