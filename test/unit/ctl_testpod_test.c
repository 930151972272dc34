/* SPDX-License-Identifier: Apache-2.0 */
/* What `fairlead test` leaves in the state directory. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cmocka.h>

#include "../../ctl/testpod.h"

static char dir[] = "/tmp/ctl_testpod_test.XXXXXX";

static const char *path(const char *name)
{
	static char buf[128];

	snprintf(buf, sizeof(buf), "%s/%s", dir, name);
	return buf;
}

static void the_directory_of_its_addresses_goes_with_the_last(void **state)
{
	(void)state;
	testpods_end(dir); /* there was none */
	mkdir(path("ips"), 0700);
	mkdir(path("ips/fairlead"), 0700);
	mkdir(path("ips/fairlead-test"), 0700);
	testpods_end(dir);
	assert_int_equal(access(path("ips/fairlead-test"), F_OK), -1);
	assert_int_equal(access(path("ips/fairlead"), F_OK), 0);
	rmdir(path("ips/fairlead"));
	rmdir(path("ips"));
}

static void the_directory_of_another_runs_addresses_stays(void **state)
{
	FILE *f;

	(void)state;
	mkdir(path("ips"), 0700);
	mkdir(path("ips/fairlead-test"), 0700);
	f = fopen(path("ips/fairlead-test/10.1.0.2"), "w");
	fclose(f);
	testpods_end(dir);
	assert_int_equal(access(path("ips/fairlead-test/10.1.0.2"), F_OK), 0);
	unlink(path("ips/fairlead-test/10.1.0.2"));
	rmdir(path("ips/fairlead-test"));
	rmdir(path("ips"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
			the_directory_of_its_addresses_goes_with_the_last),
		cmocka_unit_test(the_directory_of_another_runs_addresses_stays),
	};
	int failed;

	if (!mkdtemp(dir))
		return 1;
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	rmdir(dir);
	return failed;
}
