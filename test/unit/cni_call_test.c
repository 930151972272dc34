/* SPDX-License-Identifier: Apache-2.0 */
/* A call of the plugin: environment, CNI_ARGS, the network configuration, and
 * errors as JSON. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
#include <cmocka.h>

#include "../../cni/call.h"
#include "../../lib/cleanup.h"
#include "../../lib/json.h"

static struct call call;
static struct failure failure;

static int setup(void **state)
{
	(void)state;
	unsetenv("CNI_ARGS");
	setenv("CNI_COMMAND", "ADD", 1);
	setenv("CNI_CONTAINERID", "c1", 1);
	setenv("CNI_IFNAME", "eth0", 1);
	setenv("CNI_NETNS", "/run/netns/x", 1);
	memset(&failure, 0, sizeof(failure));
	memset(&call, 0, sizeof(call));
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	call_free(&call);
	return 0;
}

static int read_call(const char *text, size_t len)
{
	__cleanup(fd_close) int fd = memfd_create("stdin", 0);

	assert_int_equal(write(fd, text, len), (ssize_t)len);
	lseek(fd, 0, SEEK_SET);
	call_free(&call);
	return call_read(fd, &call, &failure);
}

/* A configuration with more members; stateDir is one without a log. */
static int read_conf(const char *more)
{
	char text[4096];

	snprintf(text, sizeof(text),
		 "{\"cniVersion\": \"1.1.0\", \"name\": \"net\", \"type\": "
		 "\"fairlead-cni\", \"stateDir\": \"/nonexistent\"%s%s}",
		 *more ? ", " : "", more);
	return read_call(text, strlen(text));
}

static void assert_fails(int ret, int code, const char *sentence)
{
	assert_int_equal(ret, code);
	assert_int_equal(failure.code, code);
	if (!strstr(failure.msg, sentence))
		fail_msg("\"%s\" does not say \"%s\"", failure.msg, sentence);
}

static void a_plain_call_is_read(void **state)
{
	(void)state;
	assert_int_equal(read_conf(""), 0);
	assert_int_equal(call.verb, VERB_ADD);
	assert_string_equal(call.container_id, "c1");
	assert_string_equal(call.ifname, "eth0");
	assert_string_equal(call.netns, "/run/netns/x");
	assert_string_equal(call.conf.name, "net");
	assert_string_equal(call.conf.log_file, "/nonexistent/cni.log");
	assert_string_equal(call.conf.bpf_root, "");
	assert_int_equal(call.conf.version, CNI_1_1_0);
	assert_int_equal(call.conf.mtu, 0);
}

static void all_missing_variables_are_named(void **state)
{
	(void)state;
	unsetenv("CNI_CONTAINERID");
	setenv("CNI_NETNS", "", 1);
	assert_fails(read_conf(""), CNI_ENVIRONMENT,
		     "CNI_CONTAINERID, CNI_NETNS");
	unsetenv("CNI_COMMAND");
	assert_fails(read_conf(""), CNI_ENVIRONMENT, "CNI_COMMAND");
	setenv("CNI_COMMAND", "add", 1);
	assert_fails(read_conf(""), CNI_ENVIRONMENT, "unknown \"add\"");
}

static void del_needs_no_namespace(void **state)
{
	(void)state;
	setenv("CNI_COMMAND", "DEL", 1);
	unsetenv("CNI_NETNS");
	assert_int_equal(read_conf(""), 0);
	assert_string_equal(call.netns, "");
}

static void del_takes_what_it_does_not_know(void **state)
{
	(void)state;
	setenv("CNI_COMMAND", "DEL", 1);
	assert_int_equal(read_conf("\"shape\": \"round\", \"ipMasq\": true, "
				   "\"runtimeConfig\": {\"bandwidth\": 1}"),
			 0);
	setenv("CNI_COMMAND", "ADD", 1);
	assert_fails(read_conf("\"shape\": \"round\""), CNI_CONFIG,
		     "unknown key \"shape\"");
}

static void names_of_containers_and_interfaces_are_judged(void **state)
{
	char long_id[300];

	(void)state;
	memset(long_id, 'a', sizeof(long_id) - 1);
	long_id[sizeof(long_id) - 1] = '\0';
	setenv("CNI_CONTAINERID", long_id, 1);
	assert_fails(read_conf(""), CNI_ENVIRONMENT, "CNI_CONTAINERID");
	setenv("CNI_CONTAINERID", "a/../b", 1);
	assert_fails(read_conf(""), CNI_ENVIRONMENT, "CNI_CONTAINERID");
	setenv("CNI_CONTAINERID", "c1", 1);
	setenv("CNI_IFNAME", "sixteen-letters-", 1);
	assert_fails(read_conf(""), CNI_ENVIRONMENT, "CNI_IFNAME");
}

static void interfaces_have_names_that_a_device_can_have(void **state)
{
	static const char *const wrong[] = {
		"eth%d", "all",	  "default", "a:1",
		"a\x1b", "a\x7f", "a\xff",   "a\xc2\x9b",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		setenv("CNI_IFNAME", wrong[i], 1);
		assert_fails(read_conf(""), CNI_ENVIRONMENT, "CNI_IFNAME");
	}
	setenv("CNI_IFNAME", "\xc3\xa9th0", 1);
	assert_int_equal(read_conf(""), 0);
	setenv("CNI_NETNS", "/run/netns/\xff", 1);
	assert_fails(read_conf(""), CNI_ENVIRONMENT, "CNI_NETNS");
	setenv("CNI_COMMAND", "DEL", 1);
	assert_int_equal(read_conf(""), 0);
}

static void unknown_keys_name_the_nearest_known_one(void **state)
{
	(void)state;
	assert_fails(read_conf("\"bpfroot\": \"/x\""), CNI_CONFIG,
		     "(is \"bpfRoot\" meant?)");
	assert_fails(read_conf("\"xyzzyplugh\": 1"), CNI_CONFIG,
		     "unknown key \"xyzzyplugh\"");
	assert_int_equal(read_conf("\"cni.dev/anything\": 1, \"args\": {}, "
				   "\"capabilities\": {}, \"disableGC\": true"),
			 0);
}

static void our_own_keys_are_read(void **state)
{
	(void)state;
	assert_int_equal(
		read_conf("\"bpfRoot\": \"/b\", \"mtu\": 1400, "
			  "\"logLevel\": \"debug\", \"logFile\": \"\""),
		0);
	assert_string_equal(call.conf.bpf_root, "/b");
	assert_int_equal(call.conf.mtu, 1400);
	assert_int_equal(call.conf.log_level, LOG_LEVEL_DEBUG);
	assert_string_equal(call.conf.log_file, "");
	assert_fails(read_conf("\"mtu\": 67"), CNI_CONFIG, "\"mtu\"");
	assert_fails(read_conf("\"mtu\": \"1400\""), CNI_CONFIG, "\"mtu\"");
	assert_fails(read_conf("\"bpfRoot\": \"b\""), CNI_CONFIG,
		     "\"bpfRoot\"");
	assert_fails(read_conf("\"logFile\": \"x.log\""), CNI_CONFIG,
		     "\"logFile\"");
	assert_fails(read_conf("\"logLevel\": \"loud\""), CNI_CONFIG,
		     "\"logLevel\"");
}

static void verbs_came_with_their_versions(void **state)
{
	static const char old[] =
		"{\"cniVersion\": \"0.3.1\", \"name\": \"n\"}";

	(void)state;
	setenv("CNI_COMMAND", "CHECK", 1);
	assert_fails(read_call(old, strlen(old)), CNI_VERSION, "0.4.0");
	assert_int_equal(call.conf.version, CNI_0_3_1);
	setenv("CNI_COMMAND", "GC", 1);
	assert_fails(read_call(old, strlen(old)), CNI_VERSION, "1.1.0");
	setenv("CNI_COMMAND", "STATUS", 1);
	assert_fails(read_call(old, strlen(old)), CNI_VERSION, "1.1.0");
}

static void input_that_is_no_configuration_is_refused(void **state)
{
	static const char null[] = "{\"cniVersion\": \"1.1.0\"\0}";

	(void)state;
	assert_fails(read_call("", 0), CNI_DECODE, "empty");
	assert_fails(read_call(" \n", 2), CNI_DECODE, "empty");
	assert_fails(read_call("{", 1), CNI_DECODE, "not valid JSON");
	assert_fails(read_call("7", 1), CNI_DECODE, "not a JSON object");
	assert_fails(read_call("\xff\xfe", 2), CNI_DECODE, "UTF-8");
	assert_fails(read_call("\xc0\xaf", 2), CNI_DECODE, "UTF-8");
	assert_fails(read_call("\xed\xa0\x80", 3), CNI_DECODE, "UTF-8");
	assert_fails(read_call(null, sizeof(null) - 1), CNI_DECODE,
		     "not valid JSON");
	assert_fails(read_call("{}", 2), CNI_VERSION, "\"cniVersion\"");
	assert_fails(read_call("{\"cniVersion\": null}", 20), CNI_DECODE,
		     "\"cniVersion\"");
}

static void version_needs_no_input(void **state)
{
	static const char asked[] = "{\"cniVersion\": \"0.4.0\"}";

	(void)state;
	setenv("CNI_COMMAND", "VERSION", 1);
	assert_int_equal(read_call("", 0), 0);
	assert_int_equal(call.conf.version, CNI_NEWEST);
	assert_int_equal(read_call("{}", 2), 0);
	assert_int_equal(read_call(asked, strlen(asked)), 0);
	assert_int_equal(call.conf.version, CNI_0_4_0);
	assert_fails(read_call("x", 1), CNI_DECODE, "not valid JSON");
}

static void wishes_come_from_the_runtime(void **state)
{
	struct fl_addr want;

	(void)state;
	assert_int_equal(read_conf("\"runtimeConfig\": {\"ips\": "
				   "[\"10.1.0.5/24\", \"fd00::5\"], \"mac\": "
				   "\"0A:58:00:00:00:01\"}"),
			 0);
	addr_parse("fd00::5", &want);
	assert_int_equal(call.conf.wishes.n_ips, 2);
	assert_memory_equal(&call.conf.wishes.ips[1], &want, sizeof(want));
	assert_true(call.conf.wishes.has_mac);
	assert_int_equal(call.conf.wishes.mac[0], 0x0a);
	assert_int_equal(
		read_conf("\"args\": {\"cni\": {\"ips\": [\"10.1.0.6\"]}}"), 0);
	assert_int_equal(call.conf.wishes.n_ips, 1);
	assert_fails(read_conf("\"runtimeConfig\": {\"ips\": \"10.1.0.5\"}"),
		     CNI_CONFIG, "runtimeConfig.ips");
	assert_fails(read_conf("\"runtimeConfig\": {\"ips\": [5]}"), CNI_CONFIG,
		     "runtimeConfig.ips");
	assert_fails(read_conf("\"runtimeConfig\": {\"ips\": [\"10.1/8\"]}"),
		     CNI_CONFIG, "10.1/8");
	assert_fails(read_conf("\"runtimeConfig\": {\"mac\": \"0a:58\"}"),
		     CNI_CONFIG, "0a:58");
}

static void capabilities_that_we_have_not_are_refused(void **state)
{
	(void)state;
	assert_int_equal(read_conf("\"runtimeConfig\": {\"portMappings\": [], "
				   "\"bandwidth\": {}, \"dns\": null}"),
			 0);
	assert_fails(read_conf("\"runtimeConfig\": {\"portMappings\": "
			       "[{\"hostPort\": 80}]}"),
		     CNI_UNSUPPORTED, "{\"hostPort\":80}");
	assert_fails(read_conf("\"runtimeConfig\": {\"ipRanges\": [[1]]}"),
		     CNI_UNSUPPORTED, "ipRanges");
	assert_int_equal(read_conf("\"ipam\": {\"type\": \"host-local\"}, "
				   "\"runtimeConfig\": {\"ipRanges\": [[1]]}"),
			 0);
}

static void delegated_plugins_are_names_not_paths(void **state)
{
	(void)state;
	assert_int_equal(read_conf("\"ipam\": {}"), 0);
	assert_string_equal(call.conf.ipam_type, "");
	assert_int_equal(read_conf("\"ipam\": {\"type\": \"host-local\"}"), 0);
	assert_string_equal(call.conf.ipam_type, "host-local");
	assert_fails(read_conf("\"ipam\": {\"type\": \"../sh\"}"), CNI_CONFIG,
		     "../sh");
	assert_fails(read_conf("\"ipam\": {\"subnet\": \"10.0.0.0/8\"}"),
		     CNI_CONFIG, "ipam.type");
	assert_fails(read_conf("\"ipam\": [1]"), CNI_CONFIG, "\"ipam\"");
}

static void plugin_does_not_delegate_to_itself(void **state)
{
	static const char own[] = "\"ipam\": {\"type\": \"fairlead-cni\"}";

	(void)state;
	assert_fails(read_conf(own), CNI_CONFIG, "this plugin itself");
	setenv("CNI_COMMAND", "DEL", 1);
	assert_int_equal(read_conf(own), 0);
	assert_string_equal(call.conf.ipam_type, "");
}

static void dns_is_judged(void **state)
{
	(void)state;
	assert_int_equal(read_conf("\"dns\": {}"), 0);
	assert_null(call.conf.dns);
	assert_int_equal(read_conf("\"dns\": {\"nameservers\": [\"10.0.0.1\"], "
				   "\"domain\": \"d\"}"),
			 0);
	assert_non_null(call.conf.dns);
	assert_fails(read_conf("\"dns\": {\"nameservers\": [1]}"), CNI_CONFIG,
		     "dns.nameservers");
	assert_fails(read_conf("\"dns\": {\"search\": \"d\"}"), CNI_CONFIG,
		     "dns.search");
	assert_fails(read_conf("\"dns\": \"10.0.0.1\""), CNI_CONFIG, "\"dns\"");
}

/* ---- CNI_ARGS ------------------------------------------------------------ */

static void cni_args_of_kubernetes_are_read(void **state)
{
	struct call_args args;

	(void)state;
	assert_int_equal(
		call_args_parse("IgnoreUnknown=1;K8S_POD_NAMESPACE=shop;"
				"K8S_POD_NAME=web-0;K8S_POD_UID=u;"
				"K8S_POD_INFRA_CONTAINER_ID=c;NEW=x;",
				&args, &failure),
		0);
	assert_string_equal(args.pod_namespace, "shop");
	assert_string_equal(args.pod_name, "web-0");
	assert_string_equal(args.pod_uid, "u");
	assert_int_equal(args.wishes.n_ips, 0);
}

static void cni_args_can_ask_for_addresses_and_a_mac(void **state)
{
	struct call_args args;

	(void)state;
	assert_int_equal(call_args_parse("IP=10.1.0.5,fd00::5;"
					 "MAC=0a:58:00:00:00:01",
					 &args, &failure),
			 0);
	assert_int_equal(args.wishes.n_ips, 2);
	assert_true(args.wishes.has_mac);
	assert_int_equal(call_args_parse("IP=;MAC=", &args, &failure), 0);
	assert_int_equal(args.wishes.n_ips, 0);
	assert_false(args.wishes.has_mac);
}

static void assert_args_refused(const char *text, const char *sentence)
{
	struct call_args args;

	assert_fails(call_args_parse(text, &args, &failure), CNI_ENVIRONMENT,
		     sentence);
	assert_non_null(strstr(failure.msg, "CNI_ARGS"));
}

static void wrong_cni_args_are_refused(void **state)
{
	(void)state;
	assert_args_refused("FOO=1", "FOO");
	assert_args_refused("IgnoreUnknown=0;FOO=1", "FOO");
	assert_args_refused("FOO", "not KEY=VALUE");
	assert_args_refused("IP=10.1.0", "10.1.0");
	assert_args_refused("MAC=0a-58-00-00-00-01", "MAC");
	assert_args_refused("MAC=0a:58:00:00:00:+1", "MAC");
	assert_args_refused("K8S_POD_NAMESPACE=\xff\xfe", "K8S_POD_NAMESPACE");
	assert_args_refused("K8S_POD_NAME=a\x1b[31m", "K8S_POD_NAME");
	assert_args_refused("K8S_POD_NAME=a\nb", "K8S_POD_NAME");
	assert_args_refused("K8S_POD_UID=\xc2\x9b", "K8S_POD_UID");
}

/* ---- errors -------------------------------------------------------------- */

static void errors_are_json_of_the_specification(void **state)
{
	__cleanup(mem_free) char *text = NULL;
	__cleanup(json_free) cJSON *json = NULL;

	(void)state;
	failure_set(&failure, CNI_CONFIG, "a \"word\"\n and \xff %d", 7);
	text = failure_json(&failure, "1.0.0");
	assert_true(utf8_is_valid(text, strlen(text)));
	json = cJSON_Parse(text);
	assert_string_equal(
		cJSON_GetObjectItem(json, "cniVersion")->valuestring, "1.0.0");
	assert_int_equal(cJSON_GetObjectItem(json, "code")->valueint, 7);
	assert_string_equal(cJSON_GetObjectItem(json, "msg")->valuestring,
			    "a \"word\"\n and ? 7");
	assert_null(cJSON_GetObjectItem(json, "details"));
}

static void errors_of_files_are_io_errors(void **state)
{
	struct err e;

	(void)state;
	err_sys(&e, ENOSPC, "write x");
	assert_int_equal(failure_from(&failure, CNI_KERNEL, &e, NULL), CNI_IO);
	err_sys(&e, EPERM, "bpf");
	assert_int_equal(failure_from(&failure, CNI_KERNEL, &e, NULL),
			 CNI_PRIVILEGES);
	err_sys(&e, EINVAL, "route");
	assert_int_equal(failure_from(&failure, CNI_KERNEL, &e, "in the pod"),
			 CNI_KERNEL);
	assert_string_equal(failure.msg, "in the pod: route: Invalid argument");
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_plain_call_is_read),
		TEST(all_missing_variables_are_named),
		TEST(del_needs_no_namespace),
		TEST(del_takes_what_it_does_not_know),
		TEST(names_of_containers_and_interfaces_are_judged),
		TEST(interfaces_have_names_that_a_device_can_have),
		TEST(unknown_keys_name_the_nearest_known_one),
		TEST(our_own_keys_are_read),
		TEST(verbs_came_with_their_versions),
		TEST(input_that_is_no_configuration_is_refused),
		TEST(version_needs_no_input),
		TEST(wishes_come_from_the_runtime),
		TEST(capabilities_that_we_have_not_are_refused),
		TEST(delegated_plugins_are_names_not_paths),
		TEST(plugin_does_not_delegate_to_itself),
		TEST(dns_is_judged),
		TEST(cni_args_of_kubernetes_are_read),
		TEST(cni_args_can_ask_for_addresses_and_a_mac),
		TEST(wrong_cni_args_are_refused),
		TEST(errors_are_json_of_the_specification),
		TEST(errors_of_files_are_io_errors),
	};

	return cmocka_run_group_tests_name("cni call", tests, NULL, NULL);
}
