// SPDX-License-Identifier: Apache-2.0
/*
 * Each reason of the ABI has a packet that gives it, by family where it has
 * one. The switch names them all: a new reason does not compile here until it
 * says how it comes about.
 */
#include "traffic.h"

#include <bpf/bpf.h>
#include <netinet/in.h>
#include <string.h>

static const struct family *f;

static void drop_of(struct at at, enum fl_reason reason,
		    const struct message *m)
{
	struct packet p;

	message_build(&p, m);
	expect_at(at, &p, VERDICT_DROP, reason, NULL, __FILE__, __LINE__);
}
#define DROP(at, reason, ...)                                                  \
	drop_of(at, reason, &(struct message){__VA_ARGS__})

static void pass_of(struct at at, enum verdict verdict, enum fl_reason reason,
		    const struct message *m)
{
	struct packet p;

	message_build(&p, m);
	expect_at(at, &p, verdict, reason, NULL, __FILE__, __LINE__);
}
#define PASS(at, verdict, reason, ...)                                         \
	pass_of(at, VERDICT_##verdict, reason, &(struct message){__VA_ARGS__})

/* ---- what a message does not say ------------------------------------- */

static void below_ip(enum fl_reason r)
{
	struct packet p;

	if (r == FL_DROP_ARP)
		packet_build(&p, ETH(.src = mac_a, .dst = gateway_mac),
			     ARP(.sha = mac_a, .spa = &ipv4.pod_a, .tha = mac_b,
				 .tpa = &ipv4.pod_b));
	else if (r == FL_DROP_ND)
		packet_build(
			&p, ETH(.src = mac_a, .dst = gateway_mac),
			IP(.src = &ipv6.pod_a, .dst = &ipv6.pod_b, .ttl = 255),
			ND(.target = &ipv6.pod_b, .lladdr = mac_a));
	else if (r == FL_DROP_VLAN)
		packet_build(&p, ETH(.src = mac_a, .dst = gateway_mac),
			     VLAN(.tci = 1),
			     IP(.src = &f->pod_a, .dst = &f->pod_b),
			     UDP(.sport = 1, .dport = 2));
	else
		packet_build(&p, ETH(.src = mac_a, .dst = gateway_mac),
			     DATA(.len = 46));
	expect_at(FROM_POD_A, &p, VERDICT_DROP, r, NULL, __FILE__, __LINE__);
}

static void malformed(void)
{
	struct packet p;

	message(&p, .src = &f->pod_a, .dst = &f->pod_b);
	p.len--;
	expect_drop(FROM_POD_A, &p, MALFORMED);
}

static void ext_headers(void)
{
	struct layer layers[12] = {ETH(.src = mac_a, .dst = gateway_mac),
				   IP(.src = &ipv6.pod_a, .dst = &ipv6.pod_b)};
	struct packet p;

	for (int i = 0; i < 8; i++)
		layers[2 + i] = EXT(.type = IPPROTO_DSTOPTS);
	layers[10] = UDP(.sport = 1, .dport = 2);
	packet_build_layers(&p, layers);
	expect_drop(FROM_POD_A, &p, EXT_HEADERS);
}

static void source_route(void)
{
	struct packet p;

	packet_build(&p, ETH(.src = mac_a, .dst = gateway_mac),
		     IP(.src = &ipv6.pod_a, .dst = &ipv6.pod_b),
		     EXT(.type = IPPROTO_ROUTING, .len = 24, .segments = 1),
		     UDP(.sport = 1, .dport = 2));
	expect_drop(FROM_POD_A, &p, SOURCE_ROUTE);
}

static void icmp_unrelated(void)
{
	struct packet quoted, p;

	message(&quoted, .src = &f->pod_b, .dst = &f->pod_a);
	packet_build(&p, ETH(.src = mac_a, .dst = gateway_mac),
		     IP(.src = &f->pod_a, .dst = &f->pod_b),
		     ERROR(.kind = ERROR_PORT), QUOTE(.packet = &quoted));
	expect_drop(FROM_POD_A, &p, ICMP_UNRELATED);
}

static void frag_unknown(void)
{
	struct packet whole, p;

	message(&whole, .src = &f->pod_a, .dst = &f->world,
		.proto = IPPROTO_UDP, .len = 100);
	packet_fragment(&whole, 48, 48, 1, &p);
	expect_drop(FROM_POD_A, &p, FRAG_UNKNOWN);
}

static void empty_slot(enum fl_hook hook)
{
	__u32 slot = hook;

	bpf_map_delete_elem(bpf_map__fd(node.stub->maps.fl_hooks), &slot);
}

static void no_stage(void)
{
	__u32 n = bpf_map__max_entries(node.dp->maps.fl_stages);

	for (__u32 i = 0; i < n; i++)
		bpf_map_delete_elem(bpf_map__fd(node.dp->maps.fl_stages), &i);
	DROP(FROM_POD_A, FL_DROP_NO_STAGE, .src = &f->pod_a, .dst = &f->pod_b);
}

/* A map that is full, and not an LRU one. */
static void no_mapping(void)
{
	struct fl_tuple key = {.proto = 255};
	struct fl_flow flow = {0};

	node_flows_max = 1;
	node_load(&options_default);
	node_flows_max = 0;
	flow_write(&key, &flow);
	DROP(FROM_POD_A, FL_DROP_NO_MAPPING, .src = &f->pod_a,
	     .dst = &f->world);
}

/* ---- all of them ----------------------------------------------------- */

/* Makes the reason happen; false for what no packet can bring about. */
static bool produce(enum fl_reason r)
{
	const struct fl_addr *a = &f->pod_a, *b = &f->pod_b, *w = &f->world;

	switch (r) {
	case FL_PASS_LOCAL:
		PASS(FROM_POD_A, REDIRECT, r, .src = a, .dst = b);
		return true;
	case FL_PASS_OVERLAY:
		PASS(FROM_POD_A, REDIRECT, r, .src = a, .dst = &f->remote_pod);
		return true;
	case FL_PASS_UPLINK:
		PASS(FROM_POD_A, REDIRECT, r, .src = a, .dst = w);
		return true;
	case FL_PASS_HOST:
		PASS(FROM_POD_A, PASS, r, .src = a, .dst = &f->host);
		return true;
	case FL_PASS_NOT_OURS:
		PASS(FROM_UPLINK, PASS, r, .src = w, .dst = &f->node);
		return true;
	case FL_PASS_REPLIED:
		PASS(FROM_POD_A, REDIRECT, r, .src = a, .dst = b, .ttl = 1);
		return true;
	case FL_PASS_NO_PROGRAM:
		empty_slot(FL_HOOK_FROM_UPLINK);
		PASS(FROM_UPLINK, PASS, r, .src = w, .dst = &f->node);
		return true;
	case FL_DROP_NO_PROGRAM:
		empty_slot(FL_HOOK_FROM_POD);
		DROP(FROM_POD_A, r, .src = a, .dst = b);
		return true;
	case FL_DROP_NO_STAGE:
		no_stage();
		return true;
	case FL_DROP_MALFORMED:
		malformed();
		return true;
	case FL_DROP_ETHERTYPE:
	case FL_DROP_VLAN:
	case FL_DROP_ARP:
	case FL_DROP_ND:
		below_ip(r);
		return true;
	case FL_DROP_EXT_HEADERS:
		ext_headers();
		return true;
	case FL_DROP_SPOOFED_ADDR:
		DROP(FROM_POD_A, r, .src = b, .dst = a);
		return true;
	case FL_DROP_SPOOFED_MAC:
		DROP(FROM_POD_A, r, .src = a, .dst = b, .smac = mac_b);
		return true;
	case FL_DROP_LINK_LOCAL:
		DROP(FROM_POD_A, r, .src = &ipv6.link_local,
		     .dst = &ipv6.pod_b);
		return true;
	case FL_DROP_MULTICAST:
		DROP(FROM_POD_A, r, .src = a, .dst = &f->multicast);
		return true;
	case FL_DROP_MARTIAN:
		DROP(FROM_POD_A, r, .src = a, .dst = &f->loopback);
		return true;
	case FL_DROP_UNKNOWN_NODE:
		DROP(((struct at){AT(FROM_OVERLAY, overlay),
				  .tunnel = &ipv4.world}),
		     r, .src = &f->remote_pod, .dst = a);
		return true;
	case FL_DROP_WRONG_NODE:
		DROP(FROM_NODE2, r, .src = &f->remote_pod3, .dst = a);
		return true;
	case FL_DROP_NOT_BY_OVERLAY:
		DROP(FROM_UPLINK, r, .src = &f->remote_pod, .dst = a);
		return true;
	case FL_DROP_OVERLAY_PORT:
		DROP(FROM_POD_A, r, .src = a, .dst = &f->remote_node,
		     .proto = IPPROTO_UDP, .dport = 8472);
		return true;
	case FL_DROP_NO_ENDPOINT:
		DROP(FROM_POD_A, r, .src = a, .dst = &f->no_pod);
		return true;
	case FL_DROP_NO_ROUTE:
		DROP(FROM_POD_A, r, .src = a, .dst = &f->no_route);
		return true;
	case FL_DROP_NOT_UPLINK:
		DROP(FROM_POD_A, r, .src = a, .dst = &f->by_other);
		return true;
	case FL_DROP_FORWARDING_OFF:
		DROP(FROM_POD(stuck), r, .src = &f->stuck, .dst = w,
		     .smac = mac_stuck);
		return true;
	case FL_DROP_NO_MASQ_ADDR:
		uplink_write(node.uplink, NULL, NULL, UPLINK_MTU);
		DROP(FROM_POD_A, r, .src = a, .dst = w);
		return true;
	case FL_DROP_NO_MASQ_PORT:
		node.config.masq_port_min = node.config.masq_port_max = 0;
		config_write();
		DROP(FROM_POD_A, r, .src = a, .dst = w);
		return true;
	case FL_DROP_MASQ_PROTO:
		DROP(FROM_POD_A, r, .src = a, .dst = w, .proto = IPPROTO_GRE);
		return true;
	case FL_DROP_NO_MAPPING:
		no_mapping();
		return true;
	case FL_DROP_FRAG_UNKNOWN:
		frag_unknown();
		return true;
	case FL_DROP_ICMP_UNRELATED:
		icmp_unrelated();
		return true;
	case FL_DROP_TTL:
		limit_fill(FL_LIMIT_ICMP, FL_ICMP_PER_SECOND);
		DROP(FROM_POD_A, r, .src = a, .dst = b, .ttl = 1);
		return true;
	case FL_DROP_TOO_BIG:
		limit_fill(FL_LIMIT_ICMP, FL_ICMP_PER_SECOND);
		DROP(FROM_POD_A, r, .src = a, .dst = &f->small, .len = 1400,
		     .df = true);
		return true;
	case FL_DROP_REWRITE: /* the kernel refuses to write a header */
	case FL_DROP_ENCAP:   /* ... to take a tunnel key */
	case FL_REASON_MAX:
		return false;
	case FL_DROP_POLICY:
		govern(b, node.pod_b, mac_b, 7, FL_ENDPOINT_INGRESS);
		DROP(FROM_POD_A, r, .src = a, .dst = b);
		return true;
	case FL_DROP_UNKNOWN_PEER:
		govern(a, node.pod_a, mac_a, 7, FL_ENDPOINT_EGRESS);
		route_write(f->v6 ? "fd00:2::/64" : "10.2.0.0/24",
			    &ipv4.remote_node, 2, FL_IDENTITY_UNKNOWN,
			    FL_ROUTE_POD_CIDR);
		DROP(FROM_POD_A, r, .src = a, .dst = &f->remote_pod);
		return true;
	case FL_DROP_SOURCE_ROUTE:
		source_route();
		return true;
	case FL_DROP_FLOW_SHARE:
		account_total_write(10, 10);
		DROP(FROM_POD_A, r, .src = a, .dst = w);
		return true;
	case FL_DROP_PENDING:
		config_flags(FL_CONFIG_PENDING_DENY);
		config_write();
		govern(a, node.pod_a, mac_a, 0, FL_ENDPOINT_PENDING);
		DROP(FROM_POD_A, r, .src = a, .dst = b);
		return true;
	}
	return false;
}

static int reload(void **state)
{
	(void)state;
	node_flows_max = 0;
	node_load(&options_default);
	return 0;
}

static void every_reason_comes_about(void **state)
{
	int made = 0;

	f = *state;
	for (int r = 0; r < FL_REASON_MAX; r++) {
		tables_reset();
		if (!produce(r))
			continue;
		assert_int_equal(last.reason, r);
		made++;
		if (r == FL_PASS_NO_PROGRAM || r == FL_DROP_NO_PROGRAM ||
		    r == FL_DROP_NO_STAGE || r == FL_DROP_NO_MAPPING)
			node_load(&options_default);
	}
	assert_int_equal(made, FL_REASON_MAX - 2);
}

static void every_reason_has_a_name_and_a_sentence(void **state)
{
	static const char *const texts[] = {
#define X(id, name, text) text,
		FL_PASS_REASONS(X) FL_DROP_REASONS(X)
#undef X
	};

	(void)state;
	assert_int_equal(sizeof(texts) / sizeof(texts[0]), FL_REASON_MAX);
	for (int i = 0; i < FL_REASON_MAX; i++) {
		assert_true(strlen(texts[i]) > 8);
		for (int j = 0; j < i; j++)
			assert_string_not_equal(reason_name(i), reason_name(j));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		FAMILIES_RELEASE(every_reason_comes_about, reload),
		ONCE(every_reason_has_a_name_and_a_sentence),
	};

	return bpf_tests(tests, &options_default);
}
