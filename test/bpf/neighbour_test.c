// SPDX-License-Identifier: Apache-2.0
/*
 * ARP and neighbour discovery of a pod: its gateway answers, whoever else is
 * asked for or spoken of is nobody's business.
 *
 *	pod_a -- who has the gateway? --> [from_pod] -- FL_GATEWAY_MAC --> pod_a
 */
#include "traffic.h"

#include <netinet/in.h>
#include <string.h>

static const __u8 nobody[6];
static const __u8 broadcast[6] = {255, 255, 255, 255, 255, 255};
static const __u8 solicited_mac[6] = {0x33, 0x33, 0xff, 0, 0, 1};

/* ---- ARP ------------------------------------------------------------- */

/* What a well-behaved pod_a asks. */
static struct arp_layer question(void)
{
	return (struct arp_layer){.sha = mac_a,
				  .spa = &ipv4.pod_a,
				  .tha = nobody,
				  .tpa = &ipv4.gateway};
}

static void arp_build(struct packet *p, const __u8 *smac,
		      const struct arp_layer *arp)
{
	packet_build(p, ETH(.src = smac, .dst = broadcast),
		     ((struct layer){.type = LAYER_ARP, .arp = *arp}));
}

static void expect_arp_drop(const __u8 *smac, const struct arp_layer *arp,
			    enum fl_reason reason)
{
	struct packet p;

	arp_build(&p, smac, arp);
	expect_at(FROM_POD_A, &p, VERDICT_DROP, reason, NULL, __FILE__,
		  __LINE__);
}

static void the_gateway_answers_arp(void **state)
{
	struct arp_layer arp = question();
	struct packet p, want;

	(void)state;
	arp_build(&p, mac_a, &arp);
	packet_build(&want, ETH(.src = gateway_mac, .dst = mac_a),
		     ARP(.op = 2, .sha = gateway_mac, .spa = &ipv4.gateway,
			 .tha = mac_a, .tpa = &ipv4.pod_a));
	expect_sent(FROM_POD_A, &p, REPLIED, &want);
	assert_int_equal(last.mark, FL_MARK_DECIDED);
	/* A refresh asks the known MAC. */
	memcpy(p.data, gateway_mac, 6);
	expect_sent(FROM_POD_A, &p, REPLIED, &want);
}

/* RFC 5227: who is about to take an address asks from 0.0.0.0. */
static void a_probe_for_the_gateways_address_is_answered(void **state)
{
	struct arp_layer arp = question();
	struct packet p, want;

	(void)state;
	arp.spa = &ipv4.any;
	arp_build(&p, mac_a, &arp);
	packet_build(&want, ETH(.src = gateway_mac, .dst = mac_a),
		     ARP(.op = 2, .sha = gateway_mac, .spa = &ipv4.gateway,
			 .tha = mac_a, .tpa = &ipv4.any));
	expect_sent(FROM_POD_A, &p, REPLIED, &want);
}

static void arp_for_anything_else_is_dropped(void **state)
{
	const struct fl_addr *others[] = {&ipv4.pod_a, &ipv4.pod_b, &ipv4.host,
					  &ipv4.node, &ipv4.world};
	struct arp_layer arp = question();

	(void)state;
	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
		arp.tpa = others[i];
		expect_arp_drop(mac_a, &arp, FL_DROP_ARP);
	}
}

static void arp_lies_are_dropped(void **state)
{
	struct arp_layer arp = question();

	(void)state;
	arp.op = 2; /* an answer that nobody asked for */
	expect_arp_drop(mac_a, &arp, FL_DROP_ARP);
	arp = question();
	arp.spa = &ipv4.pod_b;
	expect_arp_drop(mac_a, &arp, FL_DROP_SPOOFED_ADDR);
	arp.spa = arp.tpa = &ipv4.gateway; /* "I am the gateway" */
	expect_arp_drop(mac_a, &arp, FL_DROP_SPOOFED_ADDR);
	arp.op = 2;
	expect_arp_drop(mac_a, &arp, FL_DROP_SPOOFED_ADDR);
	arp = question();
	arp.sha = mac_b;
	expect_arp_drop(mac_a, &arp, FL_DROP_SPOOFED_MAC);
	expect_arp_drop(mac_b, &arp, FL_DROP_SPOOFED_MAC);
	arp.sha = mac_a;
	expect_arp_drop(mac_b, &arp, FL_DROP_SPOOFED_MAC);
}

static void arp_of_another_shape_is_dropped(void **state)
{
	struct arp_layer arp = question();

	(void)state;
	arp.op = 3; /* reverse ARP */
	expect_arp_drop(mac_a, &arp, FL_DROP_ARP);
	arp = question();
	arp.hln = 8;
	expect_arp_drop(mac_a, &arp, FL_DROP_ARP);
	arp = question();
	arp.pln = 16;
	expect_arp_drop(mac_a, &arp, FL_DROP_ARP);
	arp = question();
	arp.pro = 0x86dd;
	expect_arp_drop(mac_a, &arp, FL_DROP_ARP);
	arp = question();
	arp.hrd = 6;
	expect_arp_drop(mac_a, &arp, FL_DROP_ARP);
}

static void short_arp_is_malformed(void **state)
{
	struct arp_layer arp = question();
	struct packet p;

	(void)state;
	arp_build(&p, mac_a, &arp);
	while (p.len-- > ETH_LEN)
		expect_drop(FROM_POD_A, &p, MALFORMED);
}

static void the_host_may_ask_a_pod(void **state)
{
	struct packet p;

	(void)state;
	packet_build(&p, ETH(.src = gateway_mac, .dst = broadcast),
		     ARP(.sha = gateway_mac, .spa = &ipv4.host, .tha = nobody,
			 .tpa = &ipv4.pod_a));
	expect_pass(TO_POD_A, &p, HOST);
	packet_build(&p, ETH(.src = gateway_mac, .dst = mac_a),
		     IP(.src = &ipv6.host, .dst = &ipv6.pod_a, .ttl = 255),
		     ND(.target = &ipv6.pod_a, .lladdr = gateway_mac));
	expect_pass(TO_POD_A, &p, HOST);
}

/* ---- neighbour discovery --------------------------------------------- */

static struct fl_addr solicited_node, all_nodes;

static void nd_addresses(void)
{
	solicited_node = all_nodes = ipv6.multicast;
	memset(&all_nodes, 0, sizeof(all_nodes));
	memcpy(&all_nodes, "\xff\x02", 2);
	solicited_node = all_nodes;
	((__u8 *)&all_nodes)[15] = 1;
	((__u8 *)&solicited_node)[11] = 1;
	((__u8 *)&solicited_node)[12] = 0xff;
	((__u8 *)&solicited_node)[15] = 1;
}

struct solicit {
	const struct fl_addr *src, *target;
	const __u8 *smac, *lladdr;
	__u8 type, ttl;
};

static void solicit_build(struct packet *p, const struct solicit *s)
{
	nd_addresses();
	packet_build(
		p, ETH(.src = s->smac ? s->smac : mac_a, .dst = solicited_mac),
		IP(.src = s->src, .dst = &solicited_node,
		   .ttl = s->ttl ? s->ttl : 255),
		ND(.type = s->type,
		   .target = s->target ? s->target : &ipv6.gateway,
		   .lladdr = s->lladdr));
}

static void expect_nd_drop(const struct solicit *s, enum fl_reason reason)
{
	struct packet p;

	solicit_build(&p, s);
	expect_at(FROM_POD_A, &p, VERDICT_DROP, reason, NULL, __FILE__,
		  __LINE__);
}

static void expect_advert(const struct fl_addr *src, const __u8 *lladdr)
{
	struct packet p, want;

	solicit_build(&p, &(struct solicit){.src = src, .lladdr = lladdr});
	packet_build(&want, ETH(.src = gateway_mac, .dst = mac_a),
		     IP(.src = &ipv6.gateway, .dst = src, .ttl = 255),
		     ND(.type = 136, .target = &ipv6.gateway,
			.lladdr = gateway_mac, .flags = 0xe0000000));
	expect_sent(FROM_POD_A, &p, REPLIED, &want);
	assert_int_equal(last.mark, FL_MARK_DECIDED);
}

static void the_gateway_answers_solicitations(void **state)
{
	(void)state;
	expect_advert(&ipv6.pod_a, mac_a);
	expect_advert(&ipv6.pod_a, NULL);
	expect_advert(&ipv6.link_local, mac_a);
	expect_advert(&ipv6.link_local, NULL);
}

/* Duplicate address detection asks from ::, and is answered to all nodes. */
static void the_gateways_address_is_defended(void **state)
{
	struct packet p, want;

	(void)state;
	solicit_build(&p, &(struct solicit){.src = &ipv6.any});
	packet_build(&want, ETH(.src = gateway_mac, .dst = mac_a),
		     IP(.src = &ipv6.gateway, .dst = &all_nodes, .ttl = 255),
		     ND(.type = 136, .target = &ipv6.gateway,
			.lladdr = gateway_mac, .flags = 0xa0000000));
	expect_sent(FROM_POD_A, &p, REPLIED, &want);
}

static void solicitations_for_anything_else_are_dropped(void **state)
{
	const struct fl_addr *others[] = {&ipv6.pod_a, &ipv6.pod_b, &ipv6.host,
					  &ipv6.node, &ipv6.link_local};

	(void)state;
	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
		expect_nd_drop(&(struct solicit){.src = &ipv6.pod_a,
						 .target = others[i]},
			       FL_DROP_ND);
}

static void nd_lies_are_dropped(void **state)
{
	const __u8 types[] = {133, 134, 136, 137};

	(void)state;
	for (size_t i = 0; i < sizeof(types); i++)
		expect_nd_drop(&(struct solicit){.src = &ipv6.pod_a,
						 .type = types[i],
						 .lladdr = mac_a},
			       FL_DROP_ND);
	expect_nd_drop(&(struct solicit){.src = &ipv6.pod_b},
		       FL_DROP_SPOOFED_ADDR);
	expect_nd_drop(&(struct solicit){.src = &ipv6.host},
		       FL_DROP_SPOOFED_ADDR);
	expect_nd_drop(&(struct solicit){.src = &ipv6.pod_a, .smac = mac_b},
		       FL_DROP_SPOOFED_MAC);
	/* Another hop limit has been through a router. */
	expect_nd_drop(&(struct solicit){.src = &ipv6.pod_a, .ttl = 254},
		       FL_DROP_ND);
}

static void multicast_listener_reports_stay_in_the_pod(void **state)
{
	struct packet p;

	(void)state;
	nd_addresses();
	packet_build(&p, ETH(.src = mac_a, .dst = solicited_mac),
		     IP(.src = &ipv6.link_local, .dst = &all_nodes, .ttl = 1),
		     ICMP(.type = 143), DATA(.len = 20));
	expect_drop(FROM_POD_A, &p, ND);
}

static void short_solicitations_are_dropped(void **state)
{
	struct packet p;
	size_t whole;

	(void)state;
	solicit_build(&p, &(struct solicit){.src = &ipv6.pod_a});
	for (whole = p.len; p.len-- > ETH_LEN + 1;) {
		run(FROM_POD_A, &p);
		assert_int_equal(last.verdict, VERDICT_DROP);
	}
	/* The same with a payload length that agrees. */
	p.len = whole;
	while (p.len-- > ETH_LEN + IPV6_LEN + 1) {
		p.data[ETH_LEN + 5] = p.len - ETH_LEN - IPV6_LEN;
		run(FROM_POD_A, &p);
		assert_int_equal(last.verdict, VERDICT_DROP);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		ONCE(the_gateway_answers_arp),
		ONCE(a_probe_for_the_gateways_address_is_answered),
		ONCE(arp_for_anything_else_is_dropped),
		ONCE(arp_lies_are_dropped),
		ONCE(arp_of_another_shape_is_dropped),
		ONCE(short_arp_is_malformed),
		ONCE(the_host_may_ask_a_pod),
		ONCE(the_gateway_answers_solicitations),
		ONCE(the_gateways_address_is_defended),
		ONCE(solicitations_for_anything_else_are_dropped),
		ONCE(nd_lies_are_dropped),
		ONCE(multicast_listener_reports_stay_in_the_pod),
		ONCE(short_solicitations_are_dropped),
	};

	return bpf_tests(tests, &options_default);
}
