/* SPDX-License-Identifier: Apache-2.0 */
/* Results in the form of each version of the specification. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "../../cni/result.h"
#include "../../lib/cleanup.h"
#include "../../lib/json.h"

static const unsigned char mac[6] = {0x0a, 0x58, 0, 0, 0, 1};
static struct fl_addr addrs[2];
static struct fl_prefix routes[2];
static struct made made;
static struct failure failure;

static int setup(void **state)
{
	(void)state;
	addr_parse("10.1.0.5", &addrs[0]);
	addr_parse("fd00:1::5", &addrs[1]);
	prefix_parse("0.0.0.0/0", true, &routes[0]);
	prefix_parse("::/0", true, &routes[1]);
	made = (struct made){
		.host_device = "fl_0",
		.ifname = "eth0",
		.sandbox = "/run/netns/x",
		.mac = mac,
		.mtu = 1450,
		.addrs = addrs,
		.n_addrs = 2,
		.routes = routes,
		.n_routes = 2,
	};
	memset(&failure, 0, sizeof(failure));
	return 0;
}

static void assert_json(const cJSON *got, const char *wanted)
{
	__cleanup(json_free) cJSON *want = cJSON_Parse(wanted);
	__cleanup(mem_free) char *text = cJSON_PrintUnformatted(got);

	assert_non_null(want);
	if (!cJSON_Compare(got, want, true))
		fail_msg("got %s\nwanted %s", text, wanted);
}

static void assert_result(enum cni_version version, const char *wanted)
{
	__cleanup(json_free) cJSON *got = result_build(version, NULL, &made);

	assert_json(got, wanted);
}

#define INTERFACES_OLD                                                         \
	"\"interfaces\": [{\"name\": \"fl_0\", "                               \
	"\"mac\": \"02:66:6c:00:00:01\"}, {\"name\": \"eth0\", "               \
	"\"mac\": \"0a:58:00:00:00:01\", \"sandbox\": \"/run/netns/x\"}], "
#define ROUTES                                                                 \
	"\"routes\": [{\"dst\": \"0.0.0.0/0\", \"gw\": \"169.254.1.1\"}, "     \
	"{\"dst\": \"::/0\", \"gw\": \"fe80::1\"}]}"
#define IPS_OLD                                                                \
	"\"ips\": [{\"version\": \"4\", \"interface\": 1, "                    \
	"\"address\": \"10.1.0.5/32\", \"gateway\": \"169.254.1.1\"}, "        \
	"{\"version\": \"6\", \"interface\": 1, "                              \
	"\"address\": \"fd00:1::5/128\", \"gateway\": \"fe80::1\"}], "
#define IPS                                                                    \
	"\"ips\": [{\"interface\": 1, \"address\": \"10.1.0.5/32\", "          \
	"\"gateway\": \"169.254.1.1\"}, {\"interface\": 1, "                   \
	"\"address\": \"fd00:1::5/128\", \"gateway\": \"fe80::1\"}], "

static void before_1_0_0_each_address_has_its_version(void **state)
{
	(void)state;
	assert_result(
		CNI_0_3_0,
		"{\"cniVersion\": \"0.3.0\", " INTERFACES_OLD IPS_OLD ROUTES);
	assert_result(
		CNI_0_3_1,
		"{\"cniVersion\": \"0.3.1\", " INTERFACES_OLD IPS_OLD ROUTES);
	assert_result(
		CNI_0_4_0,
		"{\"cniVersion\": \"0.4.0\", " INTERFACES_OLD IPS_OLD ROUTES);
}

static void from_1_0_0_on_it_has_not(void **state)
{
	(void)state;
	assert_result(CNI_1_0_0,
		      "{\"cniVersion\": \"1.0.0\", " INTERFACES_OLD IPS ROUTES);
}

static void from_1_1_0_on_interfaces_have_their_mtu(void **state)
{
	(void)state;
	assert_result(
		CNI_1_1_0,
		"{\"cniVersion\": \"1.1.0\", \"interfaces\": [{\"name\": "
		"\"fl_0\", \"mac\": \"02:66:6c:00:00:01\", \"mtu\": 1450}, "
		"{\"name\": \"eth0\", \"mac\": \"0a:58:00:00:00:01\", \"mtu\": "
		"1450, \"sandbox\": \"/run/netns/x\"}], " IPS ROUTES);
}

static void a_previous_result_comes_first_and_indexes_fit(void **state)
{
	__cleanup(json_free) cJSON *prev = cJSON_Parse(
		"{\"cniVersion\": \"1.0.0\", \"interfaces\": [{\"name\": "
		"\"wg0\", \"sandbox\": \"/run/netns/x\"}], \"ips\": "
		"[{\"address\": \"192.0.2.1/24\", \"interface\": 0}], "
		"\"dns\": {\"domain\": \"d\"}, \"more\": 1}");
	__cleanup(json_free) cJSON *got = NULL;

	(void)state;
	made.n_addrs = 1;
	made.n_routes = 0;
	got = result_build(CNI_1_0_0, prev, &made);
	assert_json(
		got,
		"{\"cniVersion\": \"1.0.0\", \"interfaces\": [{\"name\": "
		"\"wg0\", \"sandbox\": \"/run/netns/x\"}, {\"name\": \"fl_0\", "
		"\"mac\": \"02:66:6c:00:00:01\"}, {\"name\": \"eth0\", "
		"\"mac\": \"0a:58:00:00:00:01\", \"sandbox\": "
		"\"/run/netns/x\"}], \"ips\": [{\"address\": \"192.0.2.1/24\", "
		"\"interface\": 0}, {\"interface\": 2, \"address\": "
		"\"10.1.0.5/32\", \"gateway\": \"169.254.1.1\"}], "
		"\"dns\": {\"domain\": \"d\"}, \"more\": 1}");
}

static void a_delegated_plugins_addresses_are_kept_as_they_came(void **state)
{
	__cleanup(json_free) cJSON *ips = cJSON_Parse(
		"[{\"address\": \"10.22.0.5/16\", \"gateway\": \"10.22.0.1\"}]");
	__cleanup(json_free) cJSON *dns =
		cJSON_Parse("{\"nameservers\": [\"10.0.0.53\"]}");
	__cleanup(json_free) cJSON *got = NULL;

	(void)state;
	made.ips = ips;
	made.dns = dns;
	got = result_build(CNI_0_4_0, NULL, &made);
	assert_json(cJSON_GetObjectItem(got, "ips"),
		    "[{\"version\": \"4\", \"address\": \"10.22.0.5/16\", "
		    "\"gateway\": \"10.22.0.1\", \"interface\": 1}]");
	assert_json(cJSON_GetObjectItem(got, "dns"),
		    "{\"nameservers\": [\"10.0.0.53\"]}");
}

static void a_newer_result_loses_what_an_older_form_has_not(void **state)
{
	__cleanup(json_free) cJSON *result = cJSON_Parse(
		"{\"cniVersion\": \"1.1.0\", \"interfaces\": [{\"name\": "
		"\"a\", \"mtu\": 1, \"socketPath\": \"/s\", \"pciID\": \"p\"}], "
		"\"ips\": [{\"address\": \"fd00::1/64\"}], \"routes\": "
		"[{\"dst\": \"::/0\", \"mtu\": 1, \"advmss\": 2, \"priority\": "
		"3, \"table\": 4, \"scope\": 5}]}");

	(void)state;
	result_shape(result, CNI_0_4_0);
	assert_json(result,
		    "{\"cniVersion\": \"0.4.0\", \"interfaces\": [{\"name\": "
		    "\"a\"}], \"ips\": [{\"address\": \"fd00::1/64\", "
		    "\"version\": \"6\"}], \"routes\": [{\"dst\": \"::/0\"}]}");
	result_shape(result, CNI_1_1_0);
	assert_json(cJSON_GetObjectItem(result, "ips"),
		    "[{\"address\": \"fd00::1/64\"}]");
}

static void an_interface_is_found_by_name_and_sandbox(void **state)
{
	__cleanup(json_free) cJSON *got = result_build(CNI_1_0_0, NULL, &made);

	(void)state;
	assert_int_equal(result_find(got, "eth0", "/run/netns/x"), 1);
	assert_int_equal(result_find(got, "eth0", NULL), 1);
	assert_int_equal(result_find(got, "eth0", "/run/netns/y"), -1);
	assert_int_equal(result_find(got, "fl_0", NULL), -1);
	assert_int_equal(result_find(got, "eth1", NULL), -1);
}

static void addresses_are_read_by_interface(void **state)
{
	__cleanup(json_free) cJSON *got = result_build(CNI_1_0_0, NULL, &made);
	struct fl_addr out[2];
	int n = 0;

	(void)state;
	assert_int_equal(result_addrs(got, 1, out, 2, &n, &failure), 0);
	assert_int_equal(n, 2);
	assert_memory_equal(out, addrs, sizeof(addrs));
	assert_int_equal(result_addrs(got, 0, out, 2, &n, &failure), 0);
	assert_int_equal(n, 0);
	assert_int_equal(result_addrs(got, -1, out, 1, &n, &failure),
			 CNI_CONFIG);
}

static void assert_refused(const char *text, const char *sentence)
{
	__cleanup(json_free) cJSON *result = cJSON_Parse(text);

	assert_non_null(result);
	assert_int_equal(result_check(result, "prevResult", &failure),
			 CNI_DECODE);
	if (!strstr(failure.msg, sentence) ||
	    !strstr(failure.msg, "prevResult"))
		fail_msg("\"%s\" does not say \"%s\"", failure.msg, sentence);
}

static void what_is_no_result_is_refused(void **state)
{
	(void)state;
	assert_refused("[]", "not a JSON object");
	assert_refused("{\"ips\": {}}", "\"ips\" must be a list");
	assert_refused("{\"interfaces\": [1]}", "list of objects");
	assert_refused("{\"routes\": \"x\"}", "\"routes\" must be a list");
	assert_refused("{\"ips\": [{\"address\": 5}]}", "not an address");
	assert_refused("{\"ips\": [{\"address\": \"10.0.0.1/99\"}]}",
		       "10.0.0.1/99");
}

#define TEST(f) cmocka_unit_test_setup(f, setup)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(before_1_0_0_each_address_has_its_version),
		TEST(from_1_0_0_on_it_has_not),
		TEST(from_1_1_0_on_interfaces_have_their_mtu),
		TEST(a_previous_result_comes_first_and_indexes_fit),
		TEST(a_delegated_plugins_addresses_are_kept_as_they_came),
		TEST(a_newer_result_loses_what_an_older_form_has_not),
		TEST(an_interface_is_found_by_name_and_sandbox),
		TEST(addresses_are_read_by_interface),
		TEST(what_is_no_result_is_refused),
	};

	return cmocka_run_group_tests_name("cni result", tests, NULL, NULL);
}
