/* SPDX-License-Identifier: Apache-2.0 */
/* Random worlds with random policies. SEED=n for one certain run. Include after
 * cmocka.h. */
#pragma once

#include <netinet/in.h>

#include "policy_world.h"

static uint64_t state;

static unsigned int pick(unsigned int n)
{
	state = state * 6364136223846793005ull + 1442695040888963407ull;
	return (state >> 33) % n;
}

#define PICK(list) ((list)[pick(sizeof(list) / sizeof(*(list)))])

/* ---- text that grows ------------------------------------------------ */

static char text[65536];
static size_t text_len;

static void say(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
static void say(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	text_len +=
		vsnprintf(text + text_len, sizeof(text) - text_len, fmt, ap);
	va_end(ap);
	assert_true(text_len < sizeof(text));
}

/* ---- policies ------------------------------------------------------- */

static const char *const keys[] = {"app", "role", "env"};
static const char *const values[] = {"a", "b", "c"};
static const char *const blocks[] = {
	"0.0.0.0/0",	  "::/0",	    "10.0.0.0/8",      "10.1.0.0/16",
	"10.1.0.0/30",	  "10.2.0.0/24",    "10.2.0.3/32",     "10.1.0.2/32",
	"192.168.0.0/24", "192.168.0.2/32", "fd00::/16",       "fd00:1::/64",
	"fd00:1::2/128",  "203.0.113.0/24", "203.0.113.8/29",  "2001:db8::/32",
	"10.2.0.0/25",	  "fd00:2::/32",    "198.51.100.0/24", "10.1.0.10/31",
};

static void say_selector(void)
{
	static const char *const ops[] = {"In", "NotIn", "Exists",
					  "DoesNotExist"};
	unsigned int n = pick(3);

	say("{");
	if (n && pick(2)) {
		say("\"matchLabels\":{\"%s\":\"%s\"}", PICK(keys),
		    PICK(values));
		n--;
		if (n)
			say(",");
	}
	if (n)
		say("\"matchExpressions\":[");
	for (unsigned int i = 0; i < n; i++) {
		unsigned int op = pick(4);

		say("%s{\"key\":\"%s\",\"operator\":\"%s\"", i ? "," : "",
		    PICK(keys), ops[op]);
		if (op < 2)
			say(",\"values\":[\"%s\",\"%s\"]", PICK(values),
			    PICK(values));
		say("}");
	}
	if (n)
		say("]");
	say("}");
}

/* Of namespaces, also by name. */
static void say_namespaces(void)
{
	if (pick(3))
		say_selector();
	else
		say("{\"matchLabels\":{\"kubernetes.io/metadata.name\":"
		    "\"ns%u\"}}",
		    pick(4));
}

static void say_block(void)
{
	struct fl_prefix p, q;
	const char *block = PICK(blocks);
	bool any = false;

	say("\"ipBlock\":{\"cidr\":\"%s\"", block);
	prefix_parse(block, false, &p);
	for (size_t i = 0; i < sizeof(blocks) / sizeof(*blocks); i++) {
		prefix_parse(blocks[i], false, &q);
		if (q.prefix_len <= p.prefix_len ||
		    !prefix_contains(&p, &q.addr) || pick(3))
			continue;
		say("%s\"%s\"", any ? "," : ",\"except\":[", blocks[i]);
		any = true;
	}
	say("%s}", any ? "]" : "");
}

static void say_port(void)
{
	static const char *const protos[] = {"TCP", "UDP", "SCTP"};
	unsigned int first;

	say("{");
	switch (pick(4)) {
	case 0:
		say("\"port\":%u", PICK(((unsigned int[]){80, 443, 1, 65535})));
		break;
	case 1:
		first = pick(1000) + 1;
		say("\"port\":%u,\"endPort\":%u", first,
		    first + pick(65536 - first));
		break;
	case 2:
		say("\"port\":\"%s\"", pick(2) ? "http" : "dns");
		break;
	default:
		say("\"protocol\":\"%s\"}", PICK(protos));
		return;
	}
	if (pick(2))
		say(",\"protocol\":\"%s\"", PICK(protos));
	say("}");
}

static void say_network_peers(void)
{
	unsigned int n = pick(4);

	for (unsigned int i = 0; i < n; i++) {
		unsigned int kind = pick(4);

		say("%s{", i ? "," : "");
		if (kind == 0)
			say_block();
		if (kind == 1 || kind == 3) {
			say("\"podSelector\":");
			say_selector();
		}
		if (kind == 3)
			say(",");
		if (kind >= 2) {
			say("\"namespaceSelector\":");
			say_namespaces();
		}
		say("}");
	}
}

static void say_network_rules(const char *name, const char *peers)
{
	unsigned int n = pick(3), ports;

	say(",\"%s\":[", name);
	for (unsigned int i = 0; i < n; i++) {
		say("%s{\"%s\":[", i ? "," : "", peers);
		say_network_peers();
		say("],\"ports\":[");
		ports = pick(3);
		for (unsigned int j = 0; j < ports; j++) {
			say("%s", j ? "," : "");
			say_port();
		}
		say("]}");
	}
	say("]");
}

static void say_network_policy(unsigned int i)
{
	static const char *const types[] = {"\"Ingress\"", "\"Egress\"",
					    "\"Ingress\",\"Egress\"", ""};

	text_len = 0;
	say("{\"apiVersion\":\"networking.k8s.io/v1\",\"kind\":"
	    "\"NetworkPolicy\",\"metadata\":{\"name\":\"np%u\",\"namespace\":"
	    "\"ns%u\"},\"spec\":{\"podSelector\":",
	    i, pick(4));
	say_selector();
	say(",\"policyTypes\":[%s]", pick(12) ? PICK(types) : "\"Wrong\"");
	say_network_rules("ingress", "from");
	say_network_rules("egress", "to");
	say("}}");
}

static void say_cluster_peer(bool egress, bool *outside)
{
	switch (pick(egress ? 4 : 2)) {
	case 0:
		say("{\"namespaces\":");
		say_namespaces();
		say("}");
		return;
	case 1:
		say("{\"pods\":{\"namespaceSelector\":");
		say_namespaces();
		say(",\"podSelector\":");
		say_selector();
		say("}}");
		return;
	case 2:
		*outside = true;
		say("{\"nodes\":");
		say_selector();
		say("}");
		return;
	default:
		*outside = true;
		say("{\"networks\":[\"%s\",\"%s\"]}", PICK(blocks),
		    PICK(blocks));
		return;
	}
}

static void say_protocol(bool outside)
{
	static const char *const protos[] = {"tcp", "udp", "sctp"};
	unsigned int first = pick(1000) + 1;

	switch (pick(outside ? 2 : 3)) {
	case 0:
		say("{\"%s\":{\"destinationPort\":{\"number\":%u}}}",
		    PICK(protos), pick(2) ? 80 : first);
		return;
	case 1:
		say("{\"%s\":{\"destinationPort\":{\"range\":{\"start\":%u,"
		    "\"end\":%u}}}}",
		    PICK(protos), first, first + 1 + pick(65535 - first));
		return;
	default:
		say("{\"destinationNamedPort\":\"%s\"}",
		    pick(2) ? "http" : "dns");
		return;
	}
}

static void say_cluster_rules(const char *name, const char *peers, bool egress)
{
	static const char *const actions[] = {"Accept", "Deny", "Pass"};
	unsigned int n = pick(4);

	say(",\"%s\":[", name);
	for (unsigned int i = 0; i < n; i++) {
		unsigned int count = 1 + pick(2);
		bool outside = false;

		say("%s{\"action\":\"%s\",\"%s\":[", i ? "," : "",
		    PICK(actions), peers);
		for (unsigned int j = 0; j < count; j++) {
			say("%s", j ? "," : "");
			say_cluster_peer(egress, &outside);
		}
		say("]");
		if (pick(2)) {
			say(",\"protocols\":[");
			say_protocol(outside);
			say(",");
			say_protocol(outside);
			say("]");
		}
		say("}");
	}
	say("]");
}

static void say_cluster_policy(unsigned int i)
{
	text_len = 0;
	say("{\"apiVersion\":\"policy.networking.k8s.io/v1alpha2\",\"kind\":"
	    "\"ClusterNetworkPolicy\",\"metadata\":{\"name\":\"cnp%u\"},"
	    "\"spec\":{\"tier\":\"%s\",\"priority\":%u,\"subject\":{",
	    i, pick(2) ? "Admin" : "Baseline", pick(12) ? pick(4) : 1001);
	if (pick(2)) {
		say("\"namespaces\":");
		say_namespaces();
	} else {
		say("\"pods\":{\"namespaceSelector\":");
		say_namespaces();
		say(",\"podSelector\":");
		say_selector();
		say("}");
	}
	say("}");
	say_cluster_rules("ingress", "from", false);
	say_cluster_rules("egress", "to", true);
	say("}}");
}

/* ---- worlds --------------------------------------------------------- */

static const char *random_labels(void)
{
	static char labels[128];
	size_t len = 0;

	labels[0] = '\0';
	for (int i = 0; i < 3; i++)
		if (pick(3))
			len += snprintf(labels + len, sizeof(labels) - len,
					"%s%s=%s", len ? " " : "", keys[i],
					PICK(values));
	return labels;
}

static void random_ports(struct test_world *t)
{
	static const unsigned int numbers[] = {80, 8080, 53, 9000};
	static const __u8 protos[] = {IPPROTO_TCP, IPPROTO_UDP, IPPROTO_SCTP};

	if (pick(2))
		add_port(t, "http", IPPROTO_TCP, PICK(numbers));
	if (pick(3) == 0)
		add_port(t, "dns", PICK(protos), PICK(numbers));
}

static void random_pods(struct test_world *t)
{
	char title[32], addrs[64];

	for (unsigned int i = 0; i < 14; i++) {
		unsigned int node = i < 6 ? 1 : 2;
		size_t pod;

		snprintf(title, sizeof(title), "ns%u/pod%u", pick(4), i);
		snprintf(addrs, sizeof(addrs), "10.%u.0.%u fd00:%u::%x", node,
			 2 + i, node, 2 + i);
		if (node == 1) {
			add_local(t, title, random_labels(), addrs);
			random_ports(t);
			continue;
		}
		pod = add_pod(t, title, random_labels(), addrs);
		random_ports(t);
		t->pods[pod].host_network = i == 12;
		t->pods[pod].terminal = i == 13;
		if (i == 12)
			t->pods[pod].n_addrs = world_addrs(t, "192.168.0.2",
							   &t->pods[pod].addrs);
	}
}

static inline struct test_world *random_world(void)
{
	struct test_world *t = world_new();
	unsigned int n = pick(7);

	add_namespace(t, "ns0", random_labels());
	add_namespace(t, "ns1", random_labels());
	add_namespace(t, "ns2", random_labels());
	random_pods(t);
	add_node(t, "here", random_labels(), "192.168.0.1 fd01::1", "10.1.0.1",
		 "10.1.0.0/24 fd00:1::/64", true);
	add_node(t, "there", random_labels(), "192.168.0.2", "10.2.0.1",
		 "10.2.0.0/24 fd00:2::/64", false);
	for (unsigned int i = 0; i < n; i++) {
		if (pick(3))
			say_network_policy(i);
		else
			say_cluster_policy(i);
		add_policy(t, text);
	}
	return t;
}

static inline unsigned long from_env(const char *name, unsigned long otherwise)
{
	const char *value = getenv(name);

	return value ? strtoul(value, NULL, 10) : otherwise;
}
