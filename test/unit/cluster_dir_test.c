/* SPDX-License-Identifier: Apache-2.0 */
/* A directory of manifests, as its files come, change, break and go. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <errno.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../../agent/cluster_dir.h"
#include "../../lib/cleanup.h"
#include "../../lib/state.h"
#include "manifest_world.h"

/* ---- the directory -------------------------------------------------- */

static char dir[64];
static struct cluster_dir cluster;

static int make_dir(void **state)
{
	(void)state;
	strcpy(dir, "/tmp/fairlead-model-XXXXXX");
	memset(&cluster, 0, sizeof(cluster));
	cluster.path = dir;
	return mkdtemp(dir) ? 0 : -1;
}

static const char *path_of(const char *name)
{
	static char path[128];

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	return path;
}

static int remove_dir(void **state)
{
	static const char *const names[] = {"a.yaml",  "b.yml", "c.json",
					    ".d.yaml", "e.txt", "new"};

	(void)state;
	cluster_dir_free(&cluster);
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		unlink(path_of(names[i]));
	return rmdir(dir);
}

/* As editors do: beside it, then over it. */
static void write_file(const char *name, const char *text)
{
	char new[128];
	FILE *f;

	strcpy(new, path_of("new"));
	f = fopen(new, "w");
	assert_non_null(f);
	fputs(text, f);
	fclose(f);
	assert_int_equal(rename(new, path_of(name)), 0);
}

static bool scan(void)
{
	bool changed = false;

	if (cluster_dir_scan(&cluster, &changed, &err))
		fail_msg("%s", err.msg);
	return changed;
}

static bool has_node(const char *name)
{
	return model_node(&cluster.model, name);
}

#define NODE(name) "{apiVersion: v1, kind: Node, metadata: {name: " name "}}\n"

static void only_manifests_are_read(void **state)
{
	(void)state;
	write_file("a.yaml", NODE("a"));
	write_file("b.yml", NODE("b"));
	write_file("c.json", "{\"apiVersion\": \"v1\", \"kind\": \"Node\","
			     " \"metadata\": {\"name\": \"c\"}}");
	write_file(".d.yaml", NODE("d"));
	write_file("e.txt", NODE("e"));
	assert_true(scan());
	assert_int_equal(cluster.model.n[OBJECT_NODE], 3);
	assert_true(has_node("c"));
	assert_true(cluster_dir_is_complete(&cluster));
	assert_false(scan());
}

static void changed_and_removed_files_are_followed(void **state)
{
	(void)state;
	write_file("a.yaml", NODE("a"));
	scan();
	write_file("a.yaml", NODE("z"));
	assert_true(scan());
	assert_true(has_node("z"));
	assert_false(has_node("a"));
	unlink(path_of("a.yaml"));
	assert_true(scan());
	assert_false(has_node("z"));
}

/* ... is ignored, and a problem that names node and annotation. */
static void an_annotation_that_makes_no_sense(void **state)
{
	static const char *const wrong[][2] = {
		{"address", "10.0.0.300"},
		{"address", ""},
		{"address", "0.0.0.0"},
		{"address", "10.0.0.1,10.0.0.2"},
		{"address", "10.0.0.1,fd00::1,fd00::2"},
		{"address", "10.0.0.1,"},
		{"pod-cidrs", "10.1.0.0"},
		{"pod-cidrs", "10.1.0.1/24"},
		{"pod-cidrs", "10.1.0.0/24,10.1.0.0/25"},
		{"pod-cidrs", "10.1.0.0/24,nonsense"},
		{"policy-audit", "yes"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(wrong) / sizeof(*wrong); i++) {
		char text[300], want[100];
		const struct node *node;

		snprintf(
			text, sizeof(text),
			"apiVersion: v1\nkind: Node\nmetadata:\n"
			"  name: a\n  annotations:\n    fairlead.io/%s: \"%s\"\n"
			"status:\n  addresses:\n"
			"  - {type: InternalIP, address: 10.0.0.11}\n",
			wrong[i][0], wrong[i][1]);
		snprintf(want, sizeof(want),
			 "a.yaml:4: Node a: annotation fairlead.io/%s: \"%s\"",
			 wrong[i][0], wrong[i][1]);
		write_file("a.yaml", text);
		assert_true(scan());
		assert_int_equal(cluster.problems.n, 1);
		if (strncmp(cluster.problems.items[0], want, strlen(want)))
			fail_msg("%s", cluster.problems.items[0]);
		node = model_node(&cluster.model, "a");
		assert_int_equal(node->n_addrs, 1);
		assert_true(node->addrs[0].tunnel);
		assert_int_equal(node->n_pod_cidrs, 0);
		assert_false(node->audit);
	}
}

static void a_broken_file_leaves_what_it_said_before(void **state)
{
	(void)state;
	write_file("a.yaml", NODE("a"));
	scan();
	write_file("a.yaml", "kind: [\n");
	assert_true(scan());
	assert_true(has_node("a"));
	assert_true(cluster_dir_is_complete(&cluster));
	assert_int_equal(cluster.problems.n, 1);
	assert_non_null(strstr(cluster.problems.items[0], "a.yaml:"));
	assert_non_null(
		strstr(cluster.problems.items[0], "what it said before stays"));
	assert_false(scan());
	write_file("a.yaml", NODE("b"));
	assert_true(scan());
	assert_int_equal(cluster.problems.n, 0);
	assert_true(has_node("b"));
}

static void a_file_that_never_was_good_means_we_do_not_know_all(void **state)
{
	(void)state;
	write_file("a.yaml", NODE("a"));
	write_file("b.yml", "nonsense\n");
	scan();
	assert_true(has_node("a"));
	assert_false(cluster_dir_is_complete(&cluster));
	unlink(path_of("b.yml"));
	scan();
	assert_true(cluster_dir_is_complete(&cluster));
}

static void an_empty_file_is_half_written(void **state)
{
	(void)state;
	write_file("a.yaml", NODE("a"));
	scan();
	write_file("a.yaml", "");
	scan();
	assert_true(has_node("a"));
	assert_non_null(strstr(cluster.problems.items[0], "a.yaml: empty"));
	write_file("a.yaml", "# nothing here on purpose\n");
	scan();
	assert_false(has_node("a"));
}

static void an_unreadable_directory_deletes_nothing(void **state)
{
	bool changed;

	(void)state;
	write_file("a.yaml", NODE("a"));
	scan();
	cluster.path = "/nonexistent/cluster";
	assert_int_equal(cluster_dir_scan(&cluster, &changed, &err), -ENOENT);
	assert_non_null(strstr(err.msg, "/nonexistent/cluster"));
	assert_false(changed);
	assert_true(has_node("a"));
	assert_false(cluster_dir_is_complete(&cluster));
	cluster.path = dir;
}

static void a_dangling_link_deletes_nothing(void **state)
{
	(void)state;
	write_file("e.txt", NODE("a"));
	assert_int_equal(symlink("e.txt", path_of("a.yaml")), 0);
	scan();
	assert_true(has_node("a"));
	unlink(path_of("e.txt"));
	scan();
	assert_true(has_node("a"));
	assert_int_equal(cluster.problems.n, 1);
	write_file("e.txt", NODE("b"));
	scan();
	assert_true(has_node("b"));
}

static void the_first_of_two_files_has_the_object(void **state)
{
	(void)state;
	write_file("a.yaml", "# one\n" NODE("n"));
	write_file("b.yml", NODE("n") "---\n" NODE("m"));
	scan();
	assert_int_equal(cluster.model.n[OBJECT_NODE], 2);
	assert_int_equal(cluster.problems.n, 1);
	assert_non_null(strstr(cluster.problems.items[0],
			       "b.yml:1: Node n is ignored: it is also in "
			       "a.yaml:2"));
	unlink(path_of("a.yaml"));
	scan();
	assert_int_equal(cluster.problems.n, 0);
	assert_true(has_node("n"));
}

static void what_is_not_enforced_is_a_problem_with_a_count(void **state)
{
	(void)state;
	write_file("a.yaml", "{apiVersion: v1, kind: Service}\n---\n"
			     "{apiVersion: v1, kind: Service}\n");
	scan();
	assert_int_equal(cluster_dir_later(&cluster), 2);
	assert_non_null(strstr(cluster.problems.items[0],
			       "v1 Service is NOT ENFORCED YET (2 of them)"));
}

static void an_invalid_policy_is_a_problem_and_not_a_hole(void **state)
{
	(void)state;
	write_file("a.yaml",
		   "{apiVersion: networking.k8s.io/v1, kind: NetworkPolicy,"
		   " metadata: {name: p}, spec: {podSelector: {},"
		   " ingres: []}}\n");
	scan();
	assert_true(cluster_dir_is_complete(&cluster));
	assert_int_equal(cluster.model.n[OBJECT_POLICY], 1);
	assert_int_equal(cluster.problems.n, 1);
	assert_non_null(strstr(cluster.problems.items[0],
			       "a.yaml:1: NetworkPolicy default/p: spec"));
	assert_non_null(strstr(cluster.problems.items[0], "ingres"));
}

#define SCANS(name) cmocka_unit_test_setup_teardown(name, make_dir, remove_dir)

int main(void)
{
	const struct CMUnitTest tests[] = {
		SCANS(only_manifests_are_read),
		SCANS(changed_and_removed_files_are_followed),
		SCANS(an_annotation_that_makes_no_sense),
		SCANS(a_broken_file_leaves_what_it_said_before),
		SCANS(a_file_that_never_was_good_means_we_do_not_know_all),
		SCANS(an_empty_file_is_half_written),
		SCANS(an_unreadable_directory_deletes_nothing),
		SCANS(a_dangling_link_deletes_nothing),
		SCANS(the_first_of_two_files_has_the_object),
		SCANS(what_is_not_enforced_is_a_problem_with_a_count),
		SCANS(an_invalid_policy_is_a_problem_and_not_a_hole),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
