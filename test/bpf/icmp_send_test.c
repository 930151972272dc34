// SPDX-License-Identifier: Apache-2.0
/*
 * ICMP errors that the datapath sends, because where it forwards past the host
 * stack it is the router that has to say why it does not.
 */
#include "traffic.h"

#include <netinet/in.h>
#include <string.h>

enum {
	QUOTE_MAX = 128, /* what the datapath quotes of a packet */
	PORT = IN_RANGE,
};

/* ---- errors of our own ----------------------------------------------- */

/* The answer to *in that a pod gets. */
static void answer_of(const struct family *f, const struct packet *in,
		      const struct error_layer *e, const struct fl_addr *to,
		      struct packet *out)
{
	size_t len = in->len - ETH_LEN;

	packet_build(
		out, ETH(.src = gateway_mac, .dst = in->data + 6),
		IP(.src = &f->host, .dst = to, .tos = f->v6 ? 0 : 0xc0),
		((struct layer){.type = LAYER_ERROR, .error = *e}),
		QUOTE(.packet = in, .len = len < QUOTE_MAX ? len : QUOTE_MAX));
}

static void expect_expired(const struct family *f, const struct packet *in)
{
	struct error_layer e = {.kind = ERROR_EXPIRED};
	struct packet want;

	answer_of(f, in, &e, &f->pod_a, &want);
	expect_sent(FROM_POD_A, in, REPLIED, &want);
	assert_int_equal(last.mark, FL_MARK_DECIDED);
}

static void the_last_hop_is_told_to_the_sender(void **state)
{
	const struct family *f = *state;
	const struct fl_addr *dst[] = {&f->pod_b, &f->remote_pod, &f->world,
				       &f->private};
	struct packet p;
	int n = 0;

	for (size_t i = 0; i < 4; i++) {
		for (int j = 0; j < PROTOCOLS; j++) {
			message(&p, .src = &f->pod_a, .dst = dst[i],
				.proto = protocols[j], .sport = PORT, .ttl = 1);
			expect_expired(f, &p);
			assert_int_equal(counter_read(FL_COUNT_ICMP_SENT), ++n);
		}
	}
}

static void no_hops_left_at_all_is_told_too(void **state)
{
	const struct family *f = *state;
	struct packet p;

	packet_build(&p, ETH(.src = mac_a, .dst = gateway_mac),
		     IP(.src = &f->pod_a, .dst = &f->pod_b, .ttl_0 = true),
		     UDP(.sport = 1, .dport = 2), DATA(.len = 9));
	expect_expired(f, &p);
}

static void established_flows_run_out_of_hops_too(void **state)
{
	const struct family *f = *state;
	struct packet p;

	message(&p, .src = &f->pod_a, .dst = &f->pod_b, .ttl = 2);
	expect_sent(FROM_POD_A, &p, LOCAL, NULL);
	message(&p, .src = &f->pod_a, .dst = &f->pod_b, .ttl = 1);
	expect_expired(f, &p);
}

/* Nobody to answer as, so nothing is said; the drop is told all the same. */
static void without_an_address_no_errors_are_sent(void **state)
{
	const struct family *f = *state;
	struct packet p;

	node.config.host_v4 = node.config.host_v6 = (struct fl_addr){0};
	config_write();
	message(&p, .src = &f->pod_a, .dst = &f->pod_b, .ttl = 1);
	expect_drop(FROM_POD_A, &p, TTL);
	message(&p, .src = &f->pod_a, .dst = &f->small, .len = 1400,
		.df = true);
	expect_drop(FROM_POD_A, &p, TOO_BIG);
}

static void long_packets_are_quoted_in_part(void **state)
{
	const struct family *f = *state;
	struct packet p;

	for (size_t len = 1; len < 300; len++) {
		tables_reset();
		message(&p, .src = &f->pod_a, .dst = &f->pod_b,
			.proto = IPPROTO_UDP, .len = len, .ttl = 1);
		expect_expired(f, &p);
	}
}

static void errors_are_not_answered_with_errors(void **state)
{
	const struct family *f = *state;
	struct packet quoted, p;

	message(&quoted, .src = &f->pod_b, .dst = &f->pod_a, .smac = mac_b);
	run(FROM_POD_B, &quoted);
	packet_build(&p, ETH(.src = mac_a, .dst = gateway_mac),
		     IP(.src = &f->pod_a, .dst = &f->pod_b, .ttl = 1),
		     ERROR(.kind = ERROR_PORT), QUOTE(.packet = &quoted));
	expect_drop(FROM_POD_A, &p, TTL);
	assert_int_equal(counter_read(FL_COUNT_ICMP_SENT), 0);
}

static void later_fragments_are_not_answered(void **state)
{
	const struct family *f = *state;
	struct packet whole, p;

	message(&whole, .src = &f->pod_a, .dst = &f->pod_b,
		.proto = IPPROTO_UDP, .len = 200, .ttl = 1);
	packet_fragment(&whole, 64, 64, 7, &p);
	expect_drop(FROM_POD_A, &p, TTL);
	assert_int_equal(counter_read(FL_COUNT_ICMP_SENT), 0);
}

static void errors_sent_are_limited_in_number(void **state)
{
	const struct family *f = *state;
	struct packet p;

	message(&p, .src = &f->pod_a, .dst = &f->pod_b, .ttl = 1);
	limit_fill(FL_LIMIT_ICMP, FL_ICMP_PER_SECOND - 1);
	expect_expired(f, &p);
	expect_drop(FROM_POD_A, &p, TTL);
	assert_int_equal(counter_read(FL_COUNT_ICMP_SENT), 1);
	limit_fill(FL_LIMIT_ICMP, 0);
	expect_expired(f, &p);
}

/* ---- too big --------------------------------------------------------- */

/* Somewhere with an MTU, and what may pass. */
struct path {
	const struct fl_addr *dst;
	unsigned int mtu;
	enum fl_reason reason;
};

static void paths_of(const struct family *f, struct path out[5])
{
	const struct path paths[5] = {
		{&f->small, SMALL_MTU, FL_PASS_LOCAL},
		{&f->remote_pod, OVERLAY_MTU, FL_PASS_OVERLAY},
		{&f->remote_node, OVERLAY_MTU, FL_PASS_OVERLAY},
		{&f->world2, UPLINK2_MTU, FL_PASS_UPLINK},
		{&f->world, UPLINK_MTU, FL_PASS_UPLINK},
	};

	memcpy(out, paths, sizeof(paths));
}

/* A UDP datagram of that many bytes with its IP header. */
static void sized(const struct family *f, const struct path *path,
		  size_t ip_len, bool df, struct packet *out)
{
	message(out, .src = &f->pod_a, .dst = path->dst, .proto = IPPROTO_UDP,
		.sport = PORT, .len = ip_len - f->ip_len - 8, .df = df);
}

static void what_does_not_fit_the_path_is_told_its_mtu(void **state)
{
	const struct family *f = *state;
	struct path paths[5];
	struct packet p, q, want;

	paths_of(f, paths);
	for (int i = 0; i < 5; i++) {
		struct error_layer e = {.kind = ERROR_TOO_BIG,
					.mtu = paths[i].mtu};

		for (int j = 0; j < 4; j++) {
			const size_t beyond[] = {1, 4, 5, 300};

			tables_reset();
			sized(f, &paths[i], paths[i].mtu + beyond[j], true, &p);
			answer_of(f, &p, &e, &f->pod_a, &want);
			expect_sent(FROM_POD_A, &p, REPLIED, &want);
			assert_int_equal(last.mark, FL_MARK_DECIDED);
			sized(f, &paths[i], paths[i].mtu, true, &q);
			expect_at(FROM_POD_A, &q, VERDICT_REDIRECT,
				  paths[i].reason, NULL, __FILE__, __LINE__);
			expect_sent(FROM_POD_A, &p, REPLIED, &want);
		}
	}
}

/* Segments of a large packet that is cut up later are what must fit. */
static void segments_are_measured_not_the_packet(void **state)
{
	const struct family *f = *state;
	struct at at = FROM_POD_A;
	struct packet p;

	message(&p, .src = &f->pod_a, .dst = &f->small, .len = 2600,
		.df = true);
	at.gso_size = SMALL_MTU - f->ip_len - 20;
	expect_sent(at, &p, LOCAL, NULL);
	at.gso_size++;
	expect_sent(at, &p, REPLIED, NULL);
}

static void what_may_be_cut_up_is_no_error(void **state)
{
	struct path paths[5];
	struct packet p;

	(void)state;
	paths_of(&ipv4, paths);
	sized(&ipv4, &paths[0], SMALL_MTU + 1, false, &p);
	expect_sent(FROM_POD_A, &p, LOCAL, NULL);
	sized(&ipv4, &paths[1], OVERLAY_MTU + 1, false, &p);
	expect_sent(FROM_POD_A, &p, OVERLAY, NULL);
	/* The host stack cuts, to_uplink translates. */
	for (int i = 1; i < 100; i++) {
		sized(&ipv4, &paths[3], UPLINK2_MTU + i, false, &p);
		expect_pass(FROM_POD_A, &p, HOST);
	}
}

static void what_does_not_fit_is_dropped_where_it_cannot_be_told(void **state)
{
	const struct family *f = *state;
	struct path paths[5];
	struct packet p;

	paths_of(f, paths);
	sized(f, &paths[0], SMALL_MTU + 1, true, &p);
	limit_fill(FL_LIMIT_ICMP, FL_ICMP_PER_SECOND);
	expect_drop(FROM_POD_A, &p, TOO_BIG);
}

/* What the world sends to a pod with a smaller MTU is answered by the node. */
static void the_world_is_told_by_the_uplinks_address(void **state)
{
	const struct family *f = *state;
	struct message m = {.src = &f->small,
			    .dst = &f->world,
			    .proto = IPPROTO_UDP,
			    .sport = PORT,
			    .smac = mac_small};
	struct packet p, want;

	leaves_as(FROM_POD(small), &m, &f->node);
	message(&p, .src = &f->world, .dst = &f->node, .proto = IPPROTO_UDP,
		.sport = 80, .dport = PORT, .df = true,
		.len = SMALL_MTU - f->ip_len - 8 + 1, .smac = router_mac,
		.dmac = uplink_mac);
	run(FROM_UPLINK, &p);
	assert_int_equal(last.reason, FL_PASS_REPLIED);
	packet_build(
		&want, ETH(.src = last.out.data + 6, .dst = last.out.data),
		IP(.src = &f->node, .dst = &f->world, .tos = f->v6 ? 0 : 0xc0),
		ERROR(.kind = ERROR_TOO_BIG, .mtu = SMALL_MTU),
		QUOTE(.packet = &p, .len = QUOTE_MAX));
	assert_packet(&last.out, &want);
}

static void another_node_is_told_by_the_overlay(void **state)
{
	const struct family *f = *state;
	struct packet p, want;

	message(&p, .src = &f->remote_pod, .dst = &f->small,
		.proto = IPPROTO_UDP, .df = true,
		.len = SMALL_MTU - f->ip_len - 8 + 1, .smac = overlay_src_mac,
		.dmac = overlay_mac);
	packet_build(&want, ETH(.src = overlay_src_mac, .dst = overlay_mac),
		     IP(.src = &f->host, .dst = &f->remote_pod,
			.tos = f->v6 ? 0 : 0xc0),
		     ERROR(.kind = ERROR_TOO_BIG, .mtu = SMALL_MTU),
		     QUOTE(.packet = &p, .len = QUOTE_MAX));
	expect_sent(FROM_NODE2, &p, REPLIED, &want);
	assert_int_equal(last.mark, FL_MARK_DECIDED);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		FAMILIES(the_last_hop_is_told_to_the_sender),
		FAMILIES(no_hops_left_at_all_is_told_too),
		FAMILIES(established_flows_run_out_of_hops_too),
		FAMILIES(without_an_address_no_errors_are_sent),
		FAMILIES(long_packets_are_quoted_in_part),
		FAMILIES(errors_are_not_answered_with_errors),
		FAMILIES(later_fragments_are_not_answered),
		FAMILIES(errors_sent_are_limited_in_number),
		FAMILIES(what_does_not_fit_the_path_is_told_its_mtu),
		FAMILIES(segments_are_measured_not_the_packet),
		ONCE(what_may_be_cut_up_is_no_error),
		FAMILIES(what_does_not_fit_is_dropped_where_it_cannot_be_told),
		FAMILIES(the_world_is_told_by_the_uplinks_address),
		FAMILIES(another_node_is_told_by_the_overlay),
	};

	return bpf_tests(tests, &options_default);
}
