/* SPDX-License-Identifier: Apache-2.0 */
/* The plugin goes into a directory of the host whole or not at all. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cmocka.h>

#include "../../lib/cleanup.h"
#include "../../lib/state.h"
#include "../../loader/install.h"

static char dir[64];
static struct err err;

static int setup(void **state)
{
	(void)state;
	strcpy(dir, "/tmp/fairlead-install-XXXXXX");
	memset(&err, 0, sizeof(err));
	return mkdtemp(dir) ? 0 : -1;
}

static int teardown(void **state)
{
	char command[128];

	(void)state;
	snprintf(command, sizeof(command), "rm -rf %s", dir);
	return system(command);
}

static const char *path_of(const char *name)
{
	static char paths[4][512];
	static int next;

	next = (next + 1) % 4;
	snprintf(paths[next], sizeof(paths[next]), "%s/%s", dir, name);
	return paths[next];
}

static void put_file(const char *name, const char *text)
{
	FILE *f = fopen(path_of(name), "w");

	assert_non_null(f);
	fputs(text, f);
	fclose(f);
}

static void assert_holds(const char *name, const char *text)
{
	__cleanup(mem_free) char *now = NULL;

	assert_int_equal(file_read(path_of(name), 4096, &now, NULL, NULL), 0);
	assert_string_equal(now, text);
}

static void a_plugin_comes_into_a_directory_that_is_made_for_it(void **state)
{
	struct stat st;

	(void)state;
	put_file("new", "one");
	assert_int_equal(install_file(path_of("new"), path_of("opt/bin"),
				      "plugin", &err),
			 0);
	assert_holds("opt/bin/plugin", "one");
	assert_int_equal(stat(path_of("opt/bin/plugin"), &st), 0);
	assert_int_equal(st.st_mode & 07777, 0755);
}

/* A runtime may be running it, or opening it, right now. */
static void the_old_plugin_is_replaced_never_written_to(void **state)
{
	__cleanup(fd_close) int old = -1;
	char text[8] = "";

	(void)state;
	put_file("new", "two");
	put_file("plugin", "old");
	old = open(path_of("plugin"), O_RDONLY);
	assert_int_equal(install_file(path_of("new"), dir, "plugin", &err), 0);
	assert_holds("plugin", "two");
	assert_int_equal(read(old, text, sizeof(text)), 3);
	assert_string_equal(text, "old");
}

static void what_a_killed_install_left_is_gone_after_the_next(void **state)
{
	(void)state;
	put_file("new", "two");
	put_file(".plugin.new", "half of an older o");
	assert_int_equal(install_file(path_of("new"), dir, "plugin", &err), 0);
	assert_holds("plugin", "two");
	assert_int_equal(access(path_of(".plugin.new"), F_OK), -1);
}

static void a_failure_leaves_the_old_plugin_and_nothing_else(void **state)
{
	(void)state;
	put_file("new", "two");
	/* A directory cannot be replaced by a file. */
	assert_int_equal(mkdir(path_of("plugin"), 0755), 0);
	assert_true(install_file(path_of("new"), dir, "plugin", &err) < 0);
	assert_non_null(strstr(err.msg, "install "));
	assert_int_equal(access(path_of(".plugin.new"), F_OK), -1);
	put_file("old", "old");
	assert_int_equal(install_file(path_of("missing"), dir, "old", &err),
			 -ENOENT);
	assert_non_null(strstr(err.msg, "missing"));
	assert_holds("old", "old");
}

static void a_node_whose_agent_runs_is_left_alone(void **state)
{
	__cleanup(fd_close) int lock = -1;
	struct config c;

	(void)state;
	config_defaults(&c);
	strcpy(c.state_dir, dir);
	put_file("fairlead-cni", "plugin");
	put_file("agent.lock", "");
	lock = open(path_of("agent.lock"), O_RDWR);
	assert_int_equal(flock(lock, LOCK_EX), 0);
	assert_int_equal(uninstall_node(&c, dir, &err), -EBUSY);
	assert_non_null(strstr(err.msg, "an agent runs"));
	assert_holds("fairlead-cni", "plugin");
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		T(a_plugin_comes_into_a_directory_that_is_made_for_it),
		T(the_old_plugin_is_replaced_never_written_to),
		T(what_a_killed_install_left_is_gone_after_the_next),
		T(a_failure_leaves_the_old_plugin_and_nothing_else),
		T(a_node_whose_agent_runs_is_left_alone),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
