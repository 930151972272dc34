/* SPDX-License-Identifier: Apache-2.0 */
/* Services and EndpointSlices, as an API server sends them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <netinet/in.h>
#include <cmocka.h>

#include "../../agent/object_read.h"
#include "../../agent/shared.h"
#include "../../agent/store.h"
#include "../../lib/cleanup.h"
#include "../../lib/json.h"
#include "recorded.h"

static struct store store;

static int tear_down(void **state)
{
	(void)state;
	store_free(&store);
	assert_int_equal(shared_count(), 0);
	return 0;
}

/* Returns whether it was news. */
static bool put(enum resource r, const char *text)
{
	__cleanup(json_free) cJSON *json = cJSON_Parse(text);
	struct object *o = NULL;
	struct err e = {0};

	assert_non_null(json);
	if (object_read(r, json, &o, &e) || e.code)
		fail_msg("%s", e.msg);
	return store_put(&store, r, o);
}

static void list_recorded(enum resource r, const char *file)
{
	__cleanup(json_free) cJSON *list = recorded_json(file);
	const cJSON *item;

	store_list(&store, r);
	cJSON_ArrayForEach (item, cJSON_GetObjectItem(list, "items")) {
		char *text = cJSON_PrintUnformatted(item);

		put(r, text);
		cJSON_free(text);
	}
	store_sweep(&store, r);
}

static const struct service *service(const char *ns, const char *name)
{
	const struct object *o =
		model_find(&store.model, OBJECT_SERVICE, ns, name);

	assert_non_null(o);
	return (const struct service *)o;
}

static const struct endpoint_slice *slice(const char *ns, const char *name)
{
	const struct object *o =
		model_find(&store.model, OBJECT_ENDPOINT_SLICE, ns, name);

	assert_non_null(o);
	return (const struct endpoint_slice *)o;
}

static void assert_addr(const struct fl_addr *a, const char *want)
{
	char text[ADDR_STRLEN];

	assert_string_equal(addr_format(a, text), want);
}

/* ---- what a real server sent ---------------------------------------- */

static void recorded_services_are_read(void **state)
{
	const struct service *s;

	(void)state;
	list_recorded(RESOURCE_SERVICES, "services-list-whole");
	assert_int_equal(store.n[RESOURCE_SERVICES], 7);

	s = service("red", "web");
	assert_int_equal(s->type, SERVICE_CLUSTER_IP);
	assert_string_equal(s->selector, "app=web");
	assert_int_equal(s->n_cluster_ips, 1);
	assert_addr(&s->addrs[0], "10.96.10.10");
	assert_int_equal(s->affinity_seconds, 10800);
	assert_false(s->headless);
	assert_int_equal(s->n_ports, 2);
	assert_string_equal(s->ports[0].name, "http");
	assert_int_equal(s->ports[0].port, 80);
	assert_string_equal(s->ports[0].target_name, "http");
	assert_int_equal(s->ports[1].proto, IPPROTO_UDP);
	assert_int_equal(s->ports[1].target_port, 53);

	s = service("red", "web-headless");
	assert_true(s->headless);
	assert_int_equal(s->n_cluster_ips, 0);
	assert_int_equal(s->ports[0].target_port, 8080);

	s = service("red", "web-lb");
	assert_int_equal(s->type, SERVICE_LOAD_BALANCER);
	assert_int_equal(s->n_cluster_ips, 1);
	assert_int_equal(s->n_external_ips, 1);
	assert_int_equal(s->n_balancer_ips, 1);
	assert_addr(&s->addrs[1], "198.51.100.7");
	assert_addr(&s->addrs[2], "203.0.113.9");
	assert_int_equal(s->ports[0].node_port, 32196);
	assert_true(s->internal_local);
	assert_false(s->external_local);

	s = service("red", "web-nodeport");
	assert_int_equal(s->type, SERVICE_NODE_PORT);
	assert_true(s->external_local);
	assert_false(s->internal_local);

	s = service("blue", "elsewhere");
	assert_int_equal(s->type, SERVICE_EXTERNAL_NAME);
	assert_int_equal(s->n_ports, 0);
	assert_string_equal(s->selector, "");
}

static void recorded_slices_are_read(void **state)
{
	const struct endpoint_slice *s;

	(void)state;
	list_recorded(RESOURCE_ENDPOINT_SLICES, "endpointslices-list-whole");
	assert_int_equal(store.n[RESOURCE_ENDPOINT_SLICES], 5);

	s = slice("red", "web-abc12");
	assert_string_equal(s->service, "web");
	assert_false(s->v6);
	assert_int_equal(s->n_ports, 2);
	assert_string_equal(s->ports[0].name, "http");
	assert_int_equal(s->ports[0].number, 8080);
	assert_int_equal(s->ports[1].proto, IPPROTO_UDP);
	assert_int_equal(s->n_endpoints, 2);
	assert_addr(&s->endpoints[0].addr, "10.244.0.5");
	assert_string_equal(s->endpoints[0].node, "node-a");
	assert_true(s->endpoints[0].ready);
	assert_true(s->endpoints[0].serving);
	assert_false(s->endpoints[0].terminating);
	assert_false(s->endpoints[1].ready);
	assert_true(s->endpoints[1].serving);
	assert_true(s->endpoints[1].terminating);

	/* conditions that are not told */
	s = slice("red", "web-def34");
	assert_true(s->endpoints[0].ready);
	assert_true(s->endpoints[0].serving);
	assert_false(s->endpoints[0].terminating);

	s = slice("red", "web-v6");
	assert_true(s->v6);
	assert_addr(&s->endpoints[0].addr, "fd00:10:244:1::5");

	s = slice("red", "empty");
	assert_string_equal(s->service, "web-lb");
	assert_int_equal(s->n_endpoints, 0);
	assert_int_equal(s->n_ports, 0);
}

static void the_same_list_once_more_is_no_news(void **state)
{
	size_t shared;

	(void)state;
	list_recorded(RESOURCE_SERVICES, "services-list-whole");
	list_recorded(RESOURCE_ENDPOINT_SLICES, "endpointslices-list-whole");
	shared = shared_bytes();
	for (int turn = 0; turn < 2; turn++) {
		__cleanup(json_free) cJSON *list =
			recorded_json(turn ? "services-list-whole"
					   : "endpointslices-list-whole");
		const cJSON *item;

		cJSON_ArrayForEach (item, cJSON_GetObjectItem(list, "items")) {
			char *text = cJSON_PrintUnformatted(item);

			assert_false(put(turn ? RESOURCE_SERVICES
					      : RESOURCE_ENDPOINT_SLICES,
					 text));
			cJSON_free(text);
		}
	}
	assert_int_equal(shared_bytes(), shared);
}

/* ---- what is news --------------------------------------------------- */

#define SERVICE(spec) "{\"metadata\": {\"name\": \"s\"}, \"spec\": {" spec "}}"

#define SERVICE_STATUS(status)                                                 \
	"{\"metadata\": {\"name\": \"s\"}, \"status\": {" status "}}"

static void all_that_is_looked_at_of_a_service_is_news(void **state)
{
	static const char *const after[] = {
		SERVICE("\"type\": \"NodePort\""),
		SERVICE("\"selector\": {\"a\": \"b\"}"),
		SERVICE("\"clusterIP\": \"None\""),
		SERVICE("\"clusterIP\": \"10.0.0.1\""),
		SERVICE("\"clusterIPs\": [\"fd00::1\"]"),
		SERVICE("\"externalIPs\": [\"10.0.0.1\"]"),
		SERVICE("\"ports\": [{\"port\": 80}]"),
		SERVICE("\"ports\": [{\"port\": 80, \"nodePort\": 30080}]"),
		SERVICE("\"sessionAffinity\": \"ClientIP\""),
		SERVICE("\"internalTrafficPolicy\": \"Local\""),
		SERVICE("\"externalTrafficPolicy\": \"Local\""),
		SERVICE_STATUS("\"loadBalancer\": {\"ingress\": [{\"ip\": "
			       "\"10.0.0.1\"}]}"),
	};

	(void)state;
	for (size_t i = 0; i < sizeof(after) / sizeof(*after); i++) {
		store_free(&store);
		put(RESOURCE_SERVICES, SERVICE(""));
		assert_true(put(RESOURCE_SERVICES, after[i]));
		assert_false(put(RESOURCE_SERVICES, after[i]));
	}
	store_free(&store);
	put(RESOURCE_SERVICES, SERVICE(""));
	assert_false(
		put(RESOURCE_SERVICES, SERVICE("\"ipFamilies\": [\"IPv4\"]")));
}

#define SLICE(rest)                                                            \
	"{\"metadata\": {\"name\": \"s\"}, \"addressType\": \"IPv4\"" rest "}"
#define ENDPOINT(rest) SLICE(", \"endpoints\": [{" rest "}]")

static void all_that_is_looked_at_of_a_slice_is_news(void **state)
{
#define ADDR "\"addresses\": [\"10.0.0.1\"]"
	static const char *const versions[] = {
		SLICE(""),
		ENDPOINT(ADDR),
		ENDPOINT("\"addresses\": [\"10.0.0.2\"]"),
		ENDPOINT(ADDR ", \"nodeName\": \"n\""),
		ENDPOINT(ADDR ", \"conditions\": {\"ready\": false}"),
		ENDPOINT(ADDR ", \"conditions\": {\"serving\": false}"),
		ENDPOINT(ADDR ", \"conditions\": {\"terminating\": true}"),
		SLICE(", \"ports\": [{\"port\": 80}]"),
		SLICE(", \"ports\": [{\"port\": 81}]"),
		SLICE(", \"ports\": [{\"port\": 81, \"protocol\": \"UDP\"}]"),
		SLICE(", \"ports\": [{\"name\": \"a\", \"port\": 81}]"),
		SLICE(", \"ports\": [{}]"),
		"{\"metadata\": {\"name\": \"s\", \"labels\": "
		"{\"kubernetes.io/service-name\": \"x\"}}, \"addressType\": "
		"\"IPv4\"}",
		"{\"metadata\": {\"name\": \"s\"}, \"addressType\": \"IPv6\"}",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(versions) / sizeof(*versions); i++) {
		assert_true(put(RESOURCE_ENDPOINT_SLICES, versions[i]));
		assert_false(put(RESOURCE_ENDPOINT_SLICES, versions[i]));
	}
	/* of several addresses the first alone means something */
	put(RESOURCE_ENDPOINT_SLICES, ENDPOINT(ADDR));
	assert_false(
		put(RESOURCE_ENDPOINT_SLICES,
		    ENDPOINT("\"addresses\": [\"10.0.0.1\", \"10.0.0.2\"], "
			     "\"zone\": \"z\"")));
#undef ADDR
}

/* ---- what is rare --------------------------------------------------- */

static void a_proxys_address_is_left_to_the_proxy(void **state)
{
	(void)state;
	put(RESOURCE_SERVICES,
	    "{\"metadata\": {\"name\": \"s\"}, \"status\": {\"loadBalancer\": "
	    "{\"ingress\": [{\"ip\": \"10.0.0.1\", \"ipMode\": \"Proxy\"}, "
	    "{\"hostname\": \"lb.example.com\"}, "
	    "{\"ip\": \"10.0.0.2\", \"ipMode\": \"VIP\"}]}}}");
	assert_int_equal(service("default", "s")->n_balancer_ips, 1);
	assert_addr(&service("default", "s")->addrs[0], "10.0.0.2");
}

static void names_are_no_endpoints(void **state)
{
	(void)state;
	put(RESOURCE_ENDPOINT_SLICES,
	    "{\"metadata\": {\"name\": \"s\"}, \"addressType\": \"FQDN\", "
	    "\"endpoints\": [{\"addresses\": [\"a.example.com\"]}]}");
	assert_int_equal(slice("default", "s")->n_endpoints, 0);
}

static void read_odd(enum resource r, const char *text, const char *sentence,
		     struct object **out)
{
	__cleanup(json_free) cJSON *json = cJSON_Parse(text);
	struct err e = {0};

	assert_non_null(json);
	assert_int_equal(object_read(r, json, out, &e), 0);
	if (!strstr(e.msg, sentence))
		fail_msg("\"%s\" does not say \"%s\"", e.msg, sentence);
}

static void the_rest_counts_whatever_one_value_is(void **state)
{
	struct object *o = NULL;

	(void)state;
	read_odd(RESOURCE_SERVICES,
		 SERVICE("\"clusterIPs\": [\"10.0.0.300\", \"10.0.0.3\"], "
			 "\"ports\": [{\"port\": 70000}, {\"port\": 80}]"),
		 "Service s: spec.clusterIPs: \"10.0.0.300\"", &o);
	assert_int_equal(((struct service *)o)->n_cluster_ips, 1);
	assert_int_equal(((struct service *)o)->n_ports, 1);
	object_free(o);
	read_odd(RESOURCE_ENDPOINT_SLICES,
		 SLICE(", \"endpoints\": [{\"addresses\": [\"fd00::1\"]}, "
		       "{\"addresses\": [\"10.0.0.1\"]}, {}]"),
		 "EndpointSlice s: endpoints.addresses: \"fd00::1\"", &o);
	assert_int_equal(((struct endpoint_slice *)o)->n_endpoints, 1);
	object_free(o);
}

#define TEST(name) cmocka_unit_test_teardown(name, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(recorded_services_are_read),
		TEST(recorded_slices_are_read),
		TEST(the_same_list_once_more_is_no_news),
		TEST(all_that_is_looked_at_of_a_service_is_news),
		TEST(all_that_is_looked_at_of_a_slice_is_news),
		TEST(a_proxys_address_is_left_to_the_proxy),
		TEST(names_are_no_endpoints),
		TEST(the_rest_counts_whatever_one_value_is),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
