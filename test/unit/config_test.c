/* SPDX-License-Identifier: Apache-2.0 */
/* The configuration: defaults, file, command line, and what they refuse. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <errno.h>
#include <cmocka.h>

#include "../../lib/config.h"

static char file[] = "/tmp/fairlead-config-XXXXXX";
static struct config config;
static struct err err;

static int make_file(void **state)
{
	int fd = mkstemp(file);

	(void)state;
	return fd < 0 ? -1 : close(fd);
}

static int remove_file(void **state)
{
	(void)state;
	return unlink(file);
}

static int defaults(void **state)
{
	(void)state;
	config_defaults(&config);
	memset(&err, 0, sizeof(err));
	return 0;
}

static int read_text(const char *text)
{
	FILE *f = fopen(file, "w");

	assert_non_null(f);
	fputs(text, f);
	fclose(f);
	return config_read(file, &config, &err);
}

static void assert_says(const char *sentence)
{
	if (!strstr(err.msg, sentence))
		fail_msg("\"%s\" does not say \"%s\"", err.msg, sentence);
}

static void assert_text_refused(const char *text, const char *sentence)
{
	struct config before = config;

	assert_true(read_text(text) < 0);
	assert_says(sentence);
	assert_memory_equal(&config, &before, sizeof(before));
}

static void assert_key_refused(const char *key, const char *value,
			       const char *sentence)
{
	struct config before = config;

	assert_int_equal(config_set(&config, key, value, &err), -EINVAL);
	assert_says(sentence);
	assert_memory_equal(&config, &before, sizeof(before));
}

static void set(const char *key, const char *value)
{
	if (config_set(&config, key, value, &err))
		fail_msg("%s", err.msg);
}

static void defaults_are_those_of_the_header(void **state)
{
	(void)state;
	assert_string_equal(config.state_dir, "/run/fairlead");
	assert_string_equal(config.bpf_root, "/sys/fs/bpf/fairlead");
	assert_string_equal(config.overlay_device, "fl_vxlan");
	assert_string_equal(config.host_device, "fl_host");
	assert_true(config.overlay);
	assert_int_equal(config.overlay_port, 8472);
	assert_int_equal(config.overlay_vni, 1);
	assert_true(config.masquerade_v4 && config.masquerade_v6);
	assert_int_equal(config.masq_port_min, 1024);
	assert_int_equal(config.masq_port_max, 65535);
	assert_int_equal(config.node_port_min, 30000);
	assert_int_equal(config.node_port_max, 32767);
	assert_int_equal(config.attach, ATTACH_AUTO);
	assert_int_equal(config.events_per_second, 100);
	assert_true(config.flow_events);
	assert_string_equal(config.http_address, "127.0.0.1:9876");
	assert_int_equal(config.log_level, LOG_LEVEL_INFO);
	assert_true(config.node_name[0]);
	assert_int_equal(config_check(&config, &err), 0);
}

static void a_file_sets_every_kind_of_key(void **state)
{
	(void)state;
	assert_int_equal(read_text("node-name: node-a\n"
				   "mode: native\n"
				   "direct-routes: true\n"
				   "mtu: 1400\n"
				   "uplinks: [eth0, eth1]\n"
				   "pod-cidrs:\n"
				   "  - 10.1.0.0/24\n"
				   "  - fd00:1::/64\n"
				   "masquerade-exclude: 10.0.0.0/8, fd00::/8\n"
				   "masquerade-ports: 2000-3000\n"
				   "node-ports: \"\"\n"
				   "attach: clsact\n"
				   "http-address: \"\"\n"
				   "log-level: debug\n"
				   "log-format: json\n"),
			 0);
	assert_string_equal(config.node_name, "node-a");
	assert_false(config.overlay);
	assert_true(config.direct_routes);
	assert_int_equal(config.mtu, 1400);
	assert_int_equal(config.n_uplinks, 2);
	assert_string_equal(config.uplinks[1], "eth1");
	assert_int_equal(config.n_pod_cidrs, 2);
	assert_int_equal(config.pod_cidrs[0].prefix_len, 96 + 24);
	assert_int_equal(config.pod_cidrs[1].prefix_len, 64);
	assert_int_equal(config.n_masq_exclude, 2);
	assert_int_equal(config.masq_port_min, 2000);
	assert_int_equal(config.masq_port_max, 3000);
	assert_int_equal(config.node_port_max, 0);
	assert_int_equal(config.attach, ATTACH_CLSACT);
	assert_string_equal(config.http_address, "");
	assert_int_equal(config.log_level, LOG_LEVEL_DEBUG);
	assert_int_equal(config.log_format, LOG_FORMAT_JSON);
	assert_int_equal(config_check(&config, &err), 0);
}

static void json_and_an_empty_file_are_fine(void **state)
{
	(void)state;
	assert_int_equal(read_text(""), 0);
	assert_int_equal(read_text("{\"mtu\": 1300, \"uplinks\": []}"), 0);
	assert_int_equal(config.mtu, 1300);
}

static void an_unknown_key_is_named_with_file_line_and_the_nearest(void **state)
{
	(void)state;
	assert_text_refused("mtu: 1400\nstate-dri: /x\n", file);
	assert_says(":2: ");
	assert_says("state-dri");
	assert_says("state-dir");
}

static void a_wrong_value_is_named_with_its_line_and_key(void **state)
{
	(void)state;
	assert_text_refused("mode: overlay\nmtu: big\n", ":2: mtu: \"big\"");
	assert_text_refused("mtu: 1400.5\n", ":1: mtu: ");
	assert_text_refused("mtu: -1\n", ":1: mtu: ");
	assert_text_refused("masquerade-ipv4: yes\n", "neither true nor false");
	assert_text_refused("mode: bridge\n", "overlay or native");
	assert_text_refused("uplinks: {a: b}\n", "uplinks: must be a list");
	assert_text_refused("mtu: [1400]\n", "mtu: is not a list");
	assert_text_refused("node-name:\n", "node-name: no value");
	assert_text_refused("- a\n", "not \"key: value\"");
	assert_text_refused("mtu: 1400\nmtu: 1500\n", "duplicate key");
}

static void ranges_that_are_none_are_refused(void **state)
{
	(void)state;
	assert_key_refused("pod-cidrs", "10.1.0.1/24", "bits set behind");
	assert_key_refused("pod-cidrs", "10.1.0.0/33", "is not a range");
	assert_key_refused("pod-cidrs", "10.1.0.0/24,,", "is not a range");
	assert_key_refused("masquerade-exclude", "pods", "is not a range");
	assert_key_refused("masquerade-ports", "5000", "is not a range");
	assert_key_refused("masquerade-ports", "5000-4000", "is not a range");
	assert_key_refused("masquerade-ports", "0-70000", "is not a range");
	assert_key_refused("masquerade-ports", "", "is not a range");
	assert_key_refused("uplinks", "eth0,a/b", "is not a device name");
	assert_key_refused("host-device", "sixteen_letters_", "device name");
	assert_key_refused("overlay-port", "0", "from 1 to 65535");
	assert_key_refused("overlay-vni", "16777216", "from 1 to 16777215");
	assert_key_refused("log-level", "loud", "warn");
}

static void a_list_has_room_for_sixteen(void **state)
{
	(void)state;
	set("uplinks", "a,b,c,d,e,f,g,h,i,j,k,l,m,n,o,p");
	assert_int_equal(config.n_uplinks, 16);
	assert_key_refused("uplinks", "a,b,c,d,e,f,g,h,i,j,k,l,m,n,o,p,q",
			   "more than 16");
	set("uplinks", "");
	assert_int_equal(config.n_uplinks, 0);
}

static void assert_check_refuses(const char *sentence)
{
	assert_int_equal(config_check(&config, &err), -EINVAL);
	assert_says(sentence);
	config_defaults(&config);
}

static void combinations_that_cannot_work_are_refused(void **state)
{
	(void)state;
	set("direct-routes", "true");
	assert_check_refuses("direct-routes: only in native mode");
	set("mtu", "1279");
	assert_check_refuses("mtu: 1279");
	set("masquerade-ports", "30000-32000");
	assert_check_refuses("masquerade-ports: none is left");
	set("pod-cidrs", "10.1.0.0/16,10.1.2.0/24");
	assert_check_refuses("10.1.0.0/16 and 10.1.2.0/24 overlap");
	set("pod-cidrs", "10.1.0.0/31");
	assert_check_refuses("no room for pods");
	set("pod-cidrs", "10.0.0.0/24,10.0.1.0/24,10.0.2.0/24,10.0.3.0/24,"
			 "10.0.4.0/24,10.0.5.0/24,10.0.6.0/24,10.0.7.0/24,"
			 "10.0.8.0/24");
	assert_check_refuses("pod-cidrs: more than 8");
	set("host-device", "fl_vxlan");
	assert_check_refuses("both \"fl_vxlan\"");
	set("state-dir", "run");
	assert_check_refuses("state-dir: \"run\" is not absolute");
	set("bpf-root", "");
	assert_check_refuses("bpf-root: \"\" is not absolute");
	set("node-name", "a b");
	assert_check_refuses("node-name: \"a b\"");
}

static void the_cluster_has_one_source(void **state)
{
	(void)state;
	set("cluster-dir", "/etc/fairlead/cluster");
	set("kubeconfig", "in-cluster");
	assert_check_refuses("from one of them, not from both");
	set("kubeconfig", "in_cluster");
	assert_check_refuses("neither in-cluster nor an absolute path");
	set("kube-context", "lab");
	assert_check_refuses("kube-context: needs kubeconfig");
	set("kubeconfig", "in-cluster");
	set("kube-context", "lab");
	assert_check_refuses("kube-context: needs kubeconfig");
	set("network-unavailable", "true");
	assert_check_refuses("network-unavailable: needs kubeconfig");
	set("kubeconfig", "/etc/fairlead/kubeconfig");
	set("kube-context", "lab");
	set("network-unavailable", "true");
	assert_int_equal(config_check(&config, &err), 0);
	assert_false(config_is_in_cluster(&config));
	set("kube-context", "");
	set("kubeconfig", "in-cluster");
	assert_int_equal(config_check(&config, &err), 0);
	assert_true(config_is_in_cluster(&config));
	assert_false(config.watch_services);
}

static void the_cni_configuration_has_a_source_and_a_place(void **state)
{
	(void)state;
	set("cni-conf-file", "/etc/cni/net.d/10-fairlead.conflist");
	assert_check_refuses("one needs the other");
	set("cni-conf-source", "/etc/fairlead/cni.conflist");
	assert_check_refuses("one needs the other");
	set("cni-conf-source", "cni.conflist");
	set("cni-conf-file", "/etc/cni/net.d/10-fairlead.conflist");
	assert_check_refuses("cni-conf-source: \"cni.conflist\"");
	set("cni-conf-source", "/etc/fairlead/cni.conflist");
	set("cni-conf-file", "/etc/cni/net.d/.conflist");
	assert_check_refuses("cni-conf-file: ");
	set("cni-conf-source", "/etc/fairlead/cni.conflist");
	set("cni-conf-file", "/etc/cni/net.d/");
	assert_check_refuses("cni-conf-file: ");
	set("cni-conf-source", "/etc/fairlead/cni.conflist");
	set("cni-conf-file", "/etc/cni/net.d/10-fairlead.conflist");
	assert_int_equal(config_check(&config, &err), 0);
}

static void the_http_address_must_be_on_loopback(void **state)
{
	struct fl_addr addr;
	unsigned int port;

	(void)state;
	set("http-address", "0.0.0.0:9876");
	assert_check_refuses("not on a loopback address");
	set("http-address", "[::]:9876");
	assert_check_refuses("not on a loopback address");
	set("http-address", "127.0.0.1");
	assert_check_refuses("is not an address and a port");
	set("http-address", "localhost:80");
	assert_check_refuses("is not an address and a port");
	set("http-address", ":80");
	assert_check_refuses("is not an address and a port");
	set("http-address", "127.0.0.1:99999");
	assert_check_refuses("is not an address and a port");
	set("http-address", "[::1]:9000");
	assert_int_equal(config_check(&config, &err), 0);
	assert_int_equal(config_http(&config, &addr, &port), 0);
	assert_int_equal(port, 9000);
	assert_false(addr_is_v4(&addr));
}

static int parse(int *at, char **words)
{
	int n = 0;

	while (words[n])
		n++;
	return config_parse_args(n, words, &config, at, &err);
}

#define WORDS(...) ((char *[]){"program", __VA_ARGS__, NULL})

static void options_come_after_the_file_wherever_it_is_named(void **state)
{
	int at;

	(void)state;
	assert_int_equal(read_text("mtu: 1400\nmode: native\n"), 0);
	config_defaults(&config);
	assert_int_equal(
		parse(&at, WORDS("--mtu", "1300", "--config", file, "status")),
		5);
	assert_int_equal(config.mtu, 1300);
	assert_false(config.overlay);
}

static void an_option_may_have_an_equals_sign(void **state)
{
	char option[64];
	int at;

	(void)state;
	read_text("");
	snprintf(option, sizeof(option), "--config=%s", file);
	assert_int_equal(parse(&at, WORDS(option, "--node-name=x=y")), 3);
	assert_string_equal(config.node_name, "x=y");
}

static void help_and_version_are_left_to_the_caller(void **state)
{
	int at = 0;

	(void)state;
	assert_int_equal(parse(&at, WORDS("--mtu", "1300", "--help")),
			 -ECANCELED);
	assert_int_equal(at, 3);
	assert_int_equal(parse(&at, WORDS("--version")), -ECANCELED);
	assert_int_equal(at, 1);
	/* an option's value, not an option */
	read_text("");
	assert_int_equal(
		parse(&at, WORDS("--config", file, "--node-name", "--help")),
		5);
}

static void bad_options_are_refused_by_name(void **state)
{
	struct config before = config;
	int at;

	(void)state;
	assert_int_equal(parse(&at, WORDS("--mtuu", "1")), -ENOENT);
	assert_says("--mtuu");
	assert_says("mtu");
	assert_int_equal(parse(&at, WORDS("--mtu")), -EINVAL);
	assert_says("--mtu: a value is missing");
	assert_int_equal(parse(&at, WORDS("-x")), -EINVAL);
	read_text("");
	assert_int_equal(parse(&at, WORDS("--config", file, "--mtu", "x")),
			 -EINVAL);
	assert_says("option --mtu");
	assert_memory_equal(&config, &before, sizeof(before));
}

static void a_named_file_must_exist(void **state)
{
	int at;

	(void)state;
	assert_int_equal(parse(&at, WORDS("--config", "/nonexistent/f.yaml")),
			 -ENOENT);
	assert_says("/nonexistent/f.yaml");
}

#define TEST(name) cmocka_unit_test_setup(name, defaults)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(defaults_are_those_of_the_header),
		TEST(a_file_sets_every_kind_of_key),
		TEST(json_and_an_empty_file_are_fine),
		TEST(an_unknown_key_is_named_with_file_line_and_the_nearest),
		TEST(a_wrong_value_is_named_with_its_line_and_key),
		TEST(ranges_that_are_none_are_refused),
		TEST(a_list_has_room_for_sixteen),
		TEST(combinations_that_cannot_work_are_refused),
		TEST(the_cluster_has_one_source),
		TEST(the_cni_configuration_has_a_source_and_a_place),
		TEST(the_http_address_must_be_on_loopback),
		TEST(options_come_after_the_file_wherever_it_is_named),
		TEST(an_option_may_have_an_equals_sign),
		TEST(help_and_version_are_left_to_the_caller),
		TEST(bad_options_are_refused_by_name),
		TEST(a_named_file_must_exist),
	};

	return cmocka_run_group_tests(tests, make_file, remove_file);
}
