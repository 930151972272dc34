/* SPDX-License-Identifier: Apache-2.0 */
/* The state directory: node facts, endpoint records, address files, names. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <dirent.h>
#include <errno.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cmocka.h>

#include "../../lib/cleanup.h"
#include "../../lib/state.h"

static char dir[] = "/tmp/fairlead-state-XXXXXX";
static struct err err;

static int setup(void **state)
{
	(void)state;
	strcpy(dir, "/tmp/fairlead-state-XXXXXX");
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
	static char path[512];

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	return path;
}

static void put_file(const char *name, const char *text)
{
	FILE *f = fopen(path_of(name), "w");

	assert_non_null(f);
	fputs(text, f);
	fclose(f);
}

static void assert_says(const char *sentence)
{
	if (!strstr(err.msg, sentence))
		fail_msg("\"%s\" does not say \"%s\"", err.msg, sentence);
}

/* ---- node.json ----------------------------------------------------------- */

#define NODE_TEXT                                                              \
	"{\"version\": 1, \"name\": \"node-a\", "                              \
	"\"podCIDRs\": [\"10.1.0.0/24\", \"fd00:1::/64\"], "                   \
	"\"hostAddresses\": [\"10.1.0.1\", \"fd00:1::1\"], \"mtu\": 1450, "    \
	"\"mode\": \"overlay\", \"attach\": \"tcx\", "                         \
	"\"bpfRoot\": \"/sys/fs/bpf/fairlead\", "                              \
	"\"defaultVerdict\": \"deny\"}"

static void node_facts_are_read_as_documented(void **state)
{
	struct node_facts facts;
	char text[PREFIX_STRLEN];

	(void)state;
	put_file("node.json", NODE_TEXT);
	assert_int_equal(node_facts_read(dir, &facts, &err), 0);
	assert_string_equal(facts.name, "node-a");
	assert_int_equal(facts.n_pod_cidrs, 2);
	assert_string_equal(prefix_format(&facts.pod_cidrs[1], text),
			    "fd00:1::/64");
	assert_int_equal(facts.n_host_addrs, 2);
	assert_int_equal(facts.mtu, 1450);
	assert_true(facts.overlay);
	assert_true(facts.tcx);
	assert_int_equal(facts.default_verdict, DEFAULT_DENY);
	assert_string_equal(facts.bpf_root, "/sys/fs/bpf/fairlead");
}

static void node_facts_that_were_written_are_read_again(void **state)
{
	struct node_facts in = {
		.name = "b",
		.mtu = 1500,
		.bpf_root = "/x",
		.default_verdict = DEFAULT_ALLOW,
	};
	struct node_facts out;
	char sub[600];

	(void)state;
	prefix_parse("10.2.0.0/16", true, &in.pod_cidrs[0]);
	in.n_pod_cidrs = 1;
	snprintf(sub, sizeof(sub), "%s/not/yet/there", dir);
	assert_int_equal(node_facts_write(sub, &in, &err), 0);
	assert_int_equal(node_facts_read(sub, &out, &err), 0);
	assert_memory_equal(&in, &out, sizeof(in));
}

static void missing_node_facts_say_that_the_agent_has_not_run(void **state)
{
	struct node_facts facts;

	(void)state;
	assert_int_equal(node_facts_read(dir, &facts, &err), -ENOENT);
	assert_says("agent has not run");
}

/* The text of node.json with one part of it replaced. */
static void assert_node_refused(const char *part, const char *by,
				const char *sentence)
{
	struct node_facts facts, before;
	const char *at = strstr(NODE_TEXT, part);
	char text[1024];

	assert_non_null(at);
	snprintf(text, sizeof(text), "%.*s%s%s", (int)(at - NODE_TEXT),
		 NODE_TEXT, by, at + strlen(part));
	put_file("node.json", text);
	memset(&facts, 0x5a, sizeof(facts));
	before = facts;
	assert_int_equal(node_facts_read(dir, &facts, &err), -EINVAL);
	assert_says(sentence);
	assert_says("node.json");
	assert_memory_equal(&facts, &before, sizeof(facts));
}

static void wrong_node_facts_are_refused_with_the_key(void **state)
{
	(void)state;
	assert_node_refused("\"mtu\"", "\"mtuu\"",
			    "unknown key \"mtuu\" (is \"mtu\" meant?)");
	assert_node_refused("\"mtu\": 1450, ", "", "\"mtu\" is missing");
	assert_node_refused("1450", "\"1450\"", "\"mtu\" must be a number");
	assert_node_refused("1450", "1e999", "\"mtu\"");
	assert_node_refused("1450", "-1", "\"mtu\"");
	assert_node_refused("1450", "1450.5", "\"mtu\"");
	assert_node_refused("\"version\": 1", "\"version\": 2", "\"version\"");
	assert_node_refused("10.1.0.0/24", "10.1.0.7/24", "10.1.0.7/24");
	assert_node_refused("10.1.0.0/24", "10.1.0.0/33", "\"podCIDRs\"");
	assert_node_refused("fd00:1::/64", "10.1.0.128/25", "overlap");
	assert_node_refused("\"10.1.0.1\"", "17", "\"hostAddresses\"");
	assert_node_refused("overlay", "tunnel", "\"mode\"");
	assert_node_refused("\"tcx\"", "\"xdp\"", "\"attach\"");
	assert_node_refused("/sys/fs/bpf/fairlead", "relative", "\"bpfRoot\"");
	assert_node_refused("\"mode\"", "\"mtu\": 1, \"mode\"", "twice");
	assert_node_refused("\"deny\"}", "\"deny\"", "not valid JSON");
	assert_node_refused("\"deny\"}", "\"deny\"} x", "after the JSON");
	assert_node_refused("node-a", "\xff", "UTF-8");
}

/* ---- endpoints ----------------------------------------------------------- */

static struct endpoint_record record_of(const char *id, const char *ifname)
{
	struct endpoint_record r = {
		.netns = "/run/netns/x",
		.network = "net",
		.host_device = "fl_0123456789ab",
		.ifindex = 7,
		.mac = {0x0a, 0x58, 0, 0, 0, 1},
		.mtu = 1450,
		.n_addrs = 2,
		.pod_namespace = "default",
		.pod_name = "web \"0\" \\",
		.created = 1767225600,
	};

	snprintf(r.container_id, sizeof(r.container_id), "%s", id);
	snprintf(r.ifname, sizeof(r.ifname), "%s", ifname);
	addr_parse("10.1.0.5", &r.addrs[0]);
	addr_parse("fd00:1::5", &r.addrs[1]);
	return r;
}

static void records_that_were_written_are_read_again(void **state)
{
	struct endpoint_record in = record_of("c1", "eth0"), out;

	(void)state;
	assert_int_equal(endpoint_record_write(dir, &in, &err), 0);
	assert_int_equal(endpoint_record_read(dir, "c1", "eth0", &out, &err),
			 0);
	assert_memory_equal(&in, &out, sizeof(in));
	assert_int_equal(endpoint_record_remove(dir, "c1", "eth0", &err), 0);
	assert_int_equal(endpoint_record_read(dir, "c1", "eth0", &out, &err),
			 -ENOENT);
	assert_int_equal(endpoint_record_remove(dir, "c1", "eth0", &err), 0);
}

static void records_whose_file_names_collide_are_told_apart(void **state)
{
	struct endpoint_record a = record_of("a-b", "c"), out;
	struct endpoint_record b = record_of("a", "b-c");

	(void)state;
	assert_int_equal(endpoint_record_write(dir, &a, &err), 0);
	assert_int_equal(endpoint_record_write(dir, &b, &err), -EEXIST);
	assert_int_equal(endpoint_record_read(dir, "a", "b-c", &out, &err),
			 -ENOENT);
	assert_int_equal(endpoint_record_remove(dir, "a", "b-c", &err), 0);
	assert_int_equal(endpoint_record_read(dir, "a-b", "c", &out, &err), 0);
}

static void names_that_lead_out_of_the_directory_are_refused(void **state)
{
	struct endpoint_record r = record_of("../x", "eth0");

	(void)state;
	assert_int_equal(endpoint_record_write(dir, &r, &err), -EINVAL);
	r = record_of("x", "../y");
	assert_int_equal(endpoint_record_write(dir, &r, &err), -EINVAL);
	assert_int_equal(endpoint_record_remove(dir, "..", "e", &err), -EINVAL);
}

static int count(const struct endpoint_record *r, void *arg)
{
	(void)r;
	++*(int *)arg;
	return 0;
}

static int stop(const struct endpoint_record *r, void *arg)
{
	(void)r;
	++*(int *)arg;
	return 17;
}

static void each_record_is_shown_and_bad_ones_are_counted(void **state)
{
	struct endpoint_record r;
	int seen = 0, bad = 9;

	(void)state;
	assert_int_equal(endpoint_record_each(dir, count, &seen, &bad, &err),
			 0);
	assert_int_equal(seen + bad, 0);
	r = record_of("c1", "eth0");
	assert_int_equal(endpoint_record_write(dir, &r, &err), 0);
	r = record_of("c2", "eth0");
	assert_int_equal(endpoint_record_write(dir, &r, &err), 0);
	put_file("endpoints/torn-eth0.json", "{\"version\":");
	put_file("endpoints/" FILE_TEMP_PREFIX "abc", "");
	assert_int_equal(endpoint_record_each(dir, count, &seen, &bad, &err),
			 0);
	assert_int_equal(seen, 2);
	assert_int_equal(bad, 1);
	seen = 0;
	assert_int_equal(endpoint_record_each(dir, stop, &seen, NULL, &err),
			 17);
	assert_int_equal(seen, 1);
}

/* ---- addresses ----------------------------------------------------------- */

static struct ip_owner owner_of(const char *addr, const char *id)
{
	struct ip_owner owner = {.network = "net", .ifname = "eth0"};

	assert_int_equal(addr_parse(addr, &owner.addr), 0);
	snprintf(owner.container_id, sizeof(owner.container_id), "%s", id);
	return owner;
}

static void an_address_has_one_owner(void **state)
{
	struct ip_owner a = owner_of("10.1.0.5", "a"), out;
	struct ip_owner b = owner_of("10.1.0.5", "b");

	(void)state;
	assert_int_equal(ip_file_create(dir, &a, &err), 0);
	assert_int_equal(ip_file_create(dir, &b, &err), -EEXIST);
	assert_int_equal(ip_file_read(dir, "net", &a.addr, &out, &err), 0);
	assert_memory_equal(&a, &out, sizeof(a));
}

static void an_address_file_is_as_documented(void **state)
{
	struct ip_owner a = owner_of("fd00::5", "a");
	__cleanup(mem_free) char *text = NULL;

	(void)state;
	assert_int_equal(ip_file_create(dir, &a, &err), 0);
	assert_int_equal(
		file_read(path_of("ips/net/fd00::5"), 100, &text, NULL, &err),
		0);
	assert_string_equal(text, "a eth0\n");
}

static void only_its_owner_frees_an_address(void **state)
{
	struct ip_owner a = owner_of("10.1.0.5", "a"), out;
	struct ip_owner b = owner_of("10.1.0.5", "b");

	(void)state;
	assert_int_equal(ip_file_remove(dir, &a, &err), 0);
	assert_int_equal(ip_file_create(dir, &a, &err), 0);
	assert_int_equal(ip_file_remove(dir, &b, &err), 0);
	assert_int_equal(ip_file_read(dir, "net", &a.addr, &out, &err), 0);
	assert_int_equal(ip_file_remove(dir, &a, &err), 0);
	assert_int_equal(ip_file_read(dir, "net", &a.addr, &out, &err),
			 -ENOENT);
	assert_int_equal(ip_file_remove(dir, &a, &err), 0);
}

static int count_owner(const struct ip_owner *owner, void *arg)
{
	(void)owner;
	++*(int *)arg;
	return 0;
}

static void each_address_of_all_networks_is_shown(void **state)
{
	struct ip_owner a = owner_of("10.1.0.5", "a");
	int seen = 0, bad = 9;

	(void)state;
	assert_int_equal(
		ip_file_each(dir, NULL, count_owner, &seen, &bad, &err), 0);
	assert_int_equal(seen + bad, 0);
	assert_int_equal(ip_file_create(dir, &a, &err), 0);
	strcpy(a.network, "other");
	assert_int_equal(ip_file_create(dir, &a, &err), 0);
	put_file("ips/net/10.1.0.6", "");
	put_file("ips/net/notes", "a eth0\n");
	assert_int_equal(
		ip_file_each(dir, NULL, count_owner, &seen, &bad, &err), 0);
	assert_int_equal(seen, 2);
	assert_int_equal(bad, 2);
	seen = 0;
	assert_int_equal(
		ip_file_each(dir, "other", count_owner, &seen, NULL, &err), 0);
	assert_int_equal(seen, 1);
}

/* ---- files and names ----------------------------------------------------- */

static int files_in(const char *path)
{
	DIR *d = opendir(path);
	struct dirent *entry;
	int n = 0;

	assert_non_null(d);
	while ((entry = readdir(d)))
		n += strcmp(entry->d_name, ".") && strcmp(entry->d_name, "..");
	closedir(d);
	return n;
}

static void a_failed_write_leaves_nothing(void **state)
{
	(void)state;
	assert_int_equal(mkdir(path_of("taken"), 0755), 0);
	assert_int_equal(mkdir(path_of("taken/full"), 0755), 0);
	assert_int_not_equal(
		file_write_atomic(path_of("taken"), "x", 1, 0600, &err), 0);
	assert_int_equal(files_in(dir), 1);
	assert_int_equal(
		file_create_atomic(path_of("taken"), "x", 1, 0600, &err),
		-EEXIST);
	assert_int_equal(files_in(dir), 1);
}

static void a_written_file_has_its_mode_whatever_the_umask(void **state)
{
	mode_t before = umask(077);
	struct stat st;

	(void)state;
	assert_int_equal(file_write_atomic(path_of("f"), "x", 1, 0644, &err),
			 0);
	umask(before);
	assert_int_equal(stat(path_of("f"), &st), 0);
	assert_int_equal(st.st_mode & 0777, 0644);
}

/* ---- who else might have written it ------------------------------------ */

static int read_state(const char *name)
{
	char *text = NULL;
	int ret = state_file_read(path_of(name), 100, &text, NULL, &err);

	free(text);
	return ret;
}

static void a_state_file_of_anybody_elses_is_not_trusted(void **state)
{
	char target[600];

	(void)state;
	assert_int_equal(file_write_atomic(path_of("f"), "x", 1, 0600, &err),
			 0);
	assert_int_equal(read_state("f"), 0);
	assert_int_equal(chmod(path_of("f"), 0620), 0);
	assert_int_equal(read_state("f"), -EINVAL);
	assert_int_equal(chmod(path_of("f"), 0602), 0);
	assert_int_equal(read_state("f"), -EINVAL);
	assert_non_null(strstr(err.msg, "written by others"));
	assert_int_equal(chmod(path_of("f"), 0644), 0);
	assert_int_equal(read_state("f"), 0);

	snprintf(target, sizeof(target), "%s", path_of("f"));
	assert_int_equal(symlink(target, path_of("link")), 0);
	assert_int_equal(read_state("link"), -ELOOP);
	assert_int_equal(mkfifo(path_of("pipe"), 0600), 0);
	assert_int_equal(read_state("pipe"), -EINVAL);
	assert_int_equal(mkdir(path_of("dir"), 0700), 0);
	assert_int_equal(read_state("dir"), -EINVAL);
	assert_int_equal(read_state("none"), -ENOENT);
	if (geteuid())
		return;
	assert_int_equal(chown(path_of("f"), 12345, 0), 0);
	assert_int_equal(read_state("f"), -EINVAL);
	assert_non_null(strstr(err.msg, "user 12345"));
}

static void a_state_directory_of_anybody_elses_is_not_trusted(void **state)
{
	struct node_facts facts;
	struct stat st;

	(void)state;
	assert_int_equal(state_dir_check(path_of("none"), &err), 0);
	assert_int_equal(state_dir_make(path_of("a/b"), &err), 0);
	assert_int_equal(stat(path_of("a/b"), &st), 0);
	assert_int_equal(st.st_mode & 0777, 0700);
	assert_int_equal(state_dir_check(path_of("a/b"), &err), 0);
	assert_int_equal(chmod(path_of("a/b"), 0777), 0);
	assert_int_equal(state_dir_check(path_of("a/b"), &err), -EPERM);
	assert_int_equal(node_facts_read(path_of("a/b"), &facts, &err), -EPERM);
	assert_int_equal(chmod(path_of("a/b"), 0700), 0);
	if (geteuid())
		return;
	assert_int_equal(chown(path_of("a/b"), 12345, 0), 0);
	assert_int_equal(state_dir_check(path_of("a/b"), &err), -EPERM);
}

static void a_file_is_read_whole_or_not_at_all(void **state)
{
	char *text = NULL, *big = calloc(1, 10001);
	size_t len;

	(void)state;
	memset(big, 'x', 10000);
	put_file("f", big);
	assert_int_equal(file_read(path_of("f"), 10000, &text, &len, &err), 0);
	assert_int_equal(len, 10000);
	assert_string_equal(text, big);
	free(text);
	text = NULL;
	assert_int_equal(file_read(path_of("f"), 9999, &text, &len, &err),
			 -EFBIG);
	assert_null(text);
	free(big);
}

static void names_are_judged_as_the_specification_and_the_kernel_do(void **s)
{
	(void)s;
	assert_true(name_is_safe("a", 10));
	assert_true(name_is_safe("0_.-Z", 10));
	assert_false(name_is_safe("", 10));
	assert_false(name_is_safe("-a", 10));
	assert_false(name_is_safe(".", 10));
	assert_false(name_is_safe("a/b", 10));
	assert_false(name_is_safe("a b", 10));
	assert_false(name_is_safe("\xc3\xa4", 10));
	assert_false(name_is_safe("abcdefghijk", 10));
	assert_true(ifname_is_valid("eth0"));
	assert_true(ifname_is_valid("a23456789012345"));
	assert_false(ifname_is_valid("a234567890123456"));
	assert_false(ifname_is_valid(""));
	assert_false(ifname_is_valid("."));
	assert_false(ifname_is_valid(".."));
	assert_false(ifname_is_valid("a/b"));
	assert_false(ifname_is_valid("a:b"));
	assert_false(ifname_is_valid("a b"));
	assert_false(ifname_is_valid("eth%d"));
	assert_false(ifname_is_valid("a\x1b"));
	assert_false(ifname_is_valid("all"));
	assert_false(ifname_is_valid("default"));
	assert_false(ifname_is_valid("a\n"));
}

static void host_devices_have_names_of_their_own(void **state)
{
	char a[16], b[16], c[16];

	(void)state;
	host_device_name("c1", "eth0", a);
	host_device_name("c1", "eth1", b);
	host_device_name("c2", "eth0", c);
	assert_int_equal(strlen(a), 15);
	assert_memory_equal(a, "fl_", 3);
	assert_int_equal(strspn(a + 3, "0123456789abcdef"), 12);
	assert_string_not_equal(a, b);
	assert_string_not_equal(a, c);
	host_device_name("c1", "eth0", b);
	assert_string_equal(a, b);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

/* Nobody writes to it: to open it like a file would take for ever. */
static void a_pipe_is_no_file(void **state)
{
	char *text = NULL;

	(void)state;
	assert_int_equal(mkfifo(path_of("pipe"), 0600), 0);
	alarm(10);
	assert_int_equal(file_read(path_of("pipe"), 100, &text, NULL, &err),
			 -EINVAL);
	alarm(0);
	assert_non_null(strstr(err.msg, "is a pipe"));
	assert_null(text);
	unlink(path_of("pipe"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(node_facts_are_read_as_documented),
		TEST(node_facts_that_were_written_are_read_again),
		TEST(missing_node_facts_say_that_the_agent_has_not_run),
		TEST(wrong_node_facts_are_refused_with_the_key),
		TEST(records_that_were_written_are_read_again),
		TEST(records_whose_file_names_collide_are_told_apart),
		TEST(names_that_lead_out_of_the_directory_are_refused),
		TEST(each_record_is_shown_and_bad_ones_are_counted),
		TEST(an_address_has_one_owner),
		TEST(an_address_file_is_as_documented),
		TEST(only_its_owner_frees_an_address),
		TEST(each_address_of_all_networks_is_shown),
		TEST(a_failed_write_leaves_nothing),
		TEST(a_written_file_has_its_mode_whatever_the_umask),
		TEST(a_state_file_of_anybody_elses_is_not_trusted),
		TEST(a_state_directory_of_anybody_elses_is_not_trusted),
		TEST(a_file_is_read_whole_or_not_at_all),
		TEST(a_pipe_is_no_file),
		TEST(names_are_judged_as_the_specification_and_the_kernel_do),
		TEST(host_devices_have_names_of_their_own),
	};

	return cmocka_run_group_tests_name("state", tests, NULL, NULL);
}
