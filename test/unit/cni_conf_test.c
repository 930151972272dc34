/* SPDX-License-Identifier: Apache-2.0 */
/* The file that announces a node to a container runtime. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cmocka.h>

#include "../../agent/cni_conf.h"
#include "../../lib/state.h"

#define CONF                                                                   \
	"{\"cniVersion\":\"1.0.0\",\"name\":\"fairlead\","                     \
	"\"plugins\":[{\"type\":\"fairlead-cni\"}]}\n"

static char dir[64];
static struct config config;
static struct err err;

static int setup(void **state)
{
	(void)state;
	strcpy(dir, "/tmp/fairlead-cni-conf-XXXXXX");
	if (!mkdtemp(dir))
		return -1;
	memset(&err, 0, sizeof(err));
	config_defaults(&config);
	snprintf(config.cni_conf_source, sizeof(config.cni_conf_source),
		 "%s/source", dir);
	snprintf(config.cni_conf_file, sizeof(config.cni_conf_file),
		 "%s/net.d/10-fairlead.conflist", dir);
	return 0;
}

static int teardown(void **state)
{
	char command[128];

	(void)state;
	snprintf(command, sizeof(command), "rm -rf %s", dir);
	return system(command);
}

static void write_file(const char *path, const char *text)
{
	FILE *f = fopen(path, "w");

	assert_non_null(f);
	fputs(text, f);
	fclose(f);
}

static void assert_installed(const char *wanted)
{
	char *text = NULL;
	size_t len;

	assert_int_equal(
		file_read(config.cni_conf_file, 4096, &text, &len, &err), 0);
	assert_string_equal(text, wanted);
	free(text);
}

static ino_t inode(void)
{
	struct stat st;

	assert_int_equal(stat(config.cni_conf_file, &st), 0);
	return st.st_ino;
}

static void assert_refused(const char *text, const char *sentence)
{
	write_file(config.cni_conf_source, text);
	assert_true(cni_conf_install(&config, &err) < 0);
	if (!strstr(err.msg, sentence))
		fail_msg("\"%s\" does not say \"%s\"", err.msg, sentence);
}

static void it_is_put_in_place_and_nothing_beside_it(void **state)
{
	char net_d[80];
	struct dirent *entry;
	DIR *d;

	(void)state;
	write_file(config.cni_conf_source, CONF);
	assert_int_equal(cni_conf_install(&config, &err), 0);
	assert_installed(CONF);
	snprintf(net_d, sizeof(net_d), "%s/net.d", dir);
	d = opendir(net_d);
	while ((entry = readdir(d)))
		if (entry->d_name[0] != '.')
			assert_string_equal(entry->d_name,
					    "10-fairlead.conflist");
	closedir(d);
}

static void what_is_right_is_left_alone(void **state)
{
	ino_t before;

	(void)state;
	write_file(config.cni_conf_source, CONF);
	assert_int_equal(cni_conf_install(&config, &err), 0);
	before = inode();
	assert_int_equal(cni_conf_install(&config, &err), 0);
	assert_int_equal(inode(), before);
}

static void what_somebody_changed_or_removed_is_put_back(void **state)
{
	(void)state;
	write_file(config.cni_conf_source, CONF);
	assert_int_equal(cni_conf_install(&config, &err), 0);
	write_file(config.cni_conf_file, "{}");
	assert_int_equal(cni_conf_install(&config, &err), 0);
	assert_installed(CONF);
	unlink(config.cni_conf_file);
	assert_int_equal(cni_conf_install(&config, &err), 0);
	assert_installed(CONF);
}

static void a_source_that_makes_no_sense_changes_nothing(void **state)
{
	(void)state;
	write_file(config.cni_conf_source, CONF);
	assert_int_equal(cni_conf_install(&config, &err), 0);
	assert_refused("{\"name\":", "cni-conf-source: ");
	assert_refused("{\"plugins\":[{}]}", "it needs \"name\"");
	assert_refused("{\"name\":\"x\",\"plugins\":[]}", "\"plugins\"");
	assert_refused("[]", "not a list of plugins");
	unlink(config.cni_conf_source);
	assert_true(cni_conf_install(&config, &err) < 0);
	assert_installed(CONF);
}

static void without_its_keys_nothing_is_written(void **state)
{
	(void)state;
	config.cni_conf_source[0] = config.cni_conf_file[0] = 0;
	assert_int_equal(cni_conf_install(&config, &err), 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(it_is_put_in_place_and_nothing_beside_it),
		TEST(what_is_right_is_left_alone),
		TEST(what_somebody_changed_or_removed_is_put_back),
		TEST(a_source_that_makes_no_sense_changes_nothing),
		TEST(without_its_keys_nothing_is_written),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
