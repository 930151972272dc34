// SPDX-License-Identifier: Apache-2.0
/*
 * ICMP errors: those that the datapath sends because it is the router, and
 * those of others, which go where the flow goes that they quote.
 */
#include "traffic.h"

#include <netinet/in.h>
#include <string.h>

enum {
	QUOTE_MAX = 128, /* what the datapath quotes of a packet */
	PORT = 40123,	 /* within the masquerade range */
};

/* ---- errors of our own -------------------------------------------------- */

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

/* ---- too big ---------------------------------------------------------------
 */

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

/* ---- errors about masqueraded connections ----------------------------------
 */

static const enum error_kind kinds[] = {ERROR_TOO_BIG, ERROR_PORT, ERROR_HOST,
					ERROR_EXPIRED};
enum { KINDS = 4 };

/* What of a packet is quoted: the least, up to the checksum, all. */
static const size_t quotes[] = {8, 18, 0};
enum { QUOTES = 3 };

static size_t quote_len(const struct family *f, size_t l4)
{
	return l4 ? f->ip_len + l4 : 0;
}

/* A router says of what pod_a sent:
 *
 *   router -> node: error [ node:port -> world ]
 *          => router -> pod_a: error [ pod_a:sport -> world ]
 */
static void errors_about_what_a_pod_sent_reach_it(void **state)
{
	const struct family *f = *state;

	for (int i = 0; i < PROTOCOLS * KINDS * QUOTES; i++) {
		__u8 proto = protocols[i % PROTOCOLS];
		enum error_kind kind = kinds[i / PROTOCOLS % KINDS];
		size_t quote = quote_len(f, quotes[i / PROTOCOLS / KINDS]);
		const struct fl_addr *teller = i % 2 ? &f->router : &f->world;
		__u16 sport = proto == IPPROTO_SCTP ? PORT : 1000;
		struct message m = {.src = &f->pod_a,
				    .dst = &f->world,
				    .proto = proto,
				    .sport = sport,
				    .ttl = 9};
		struct packet inner, p, want;

		tables_reset();
		message_build(&inner, &m);
		m.sport = leaves_as(FROM_POD_A, &m, &f->node);
		packet_build(&want, ETH(.src = gateway_mac, .dst = mac_a),
			     IP(.src = teller, .dst = &f->pod_a, .ttl = 63),
			     ERROR(.kind = kind, .mtu = 1280),
			     QUOTE(.packet = &inner, .len = quote));
		m.src = &f->node;
		message_build(&inner, &m);
		packet_build(&p, ETH(.src = router_mac, .dst = uplink_mac),
			     IP(.src = teller, .dst = &f->node),
			     ERROR(.kind = kind, .mtu = 1280),
			     QUOTE(.packet = &inner, .len = quote));
		expect_sent(FROM_UPLINK, &p, LOCAL, &want);
		assert_int_equal(counter_read(FL_COUNT_ICMP_TRANSLATED), 1);
		assert_int_equal(flow_count(), 2);
	}
}

/* A pod says of what the world answered:
 *
 *   pod_a -> world: error [ world -> pod_a:sport ]
 *          => node -> world: error [ world -> node:port ]
 */
static void errors_about_what_a_pod_got_leave_as_the_node(void **state)
{
	const struct family *f = *state;

	for (int i = 0; i < PROTOCOLS * KINDS * QUOTES; i++) {
		__u8 proto = protocols[i % PROTOCOLS];
		enum error_kind kind = kinds[i / PROTOCOLS % KINDS];
		size_t quote = quote_len(f, quotes[i / PROTOCOLS / KINDS]);
		bool echo = proto == IPPROTO_ICMP;
		__u16 sport = proto == IPPROTO_SCTP ? PORT : 1000, port;
		struct message m = {.src = &f->pod_a,
				    .dst = &f->world,
				    .proto = proto,
				    .sport = sport};
		struct packet inner, p, want;

		tables_reset();
		port = leaves_as(FROM_POD_A, &m, &f->node);
		message(&inner, .src = &f->world, .dst = &f->pod_a,
			.proto = proto, .sport = echo ? sport : 80,
			.dport = sport, .reply = true);
		packet_build(&p, ETH(.src = mac_a, .dst = gateway_mac),
			     IP(.src = &f->pod_a, .dst = &f->world),
			     ERROR(.kind = kind, .mtu = 1280),
			     QUOTE(.packet = &inner, .len = quote));
		message(&inner, .src = &f->world, .dst = &f->node,
			.proto = proto, .sport = echo ? port : 80,
			.dport = port, .reply = true);
		packet_build(&want, ETH(.src = mac_a, .dst = gateway_mac),
			     IP(.src = &f->node, .dst = &f->world, .ttl = 63),
			     ERROR(.kind = kind, .mtu = 1280),
			     QUOTE(.packet = &inner, .len = quote));
		expect_sent(FROM_POD_A, &p, UPLINK, &want);
		assert_int_equal(counter_read(FL_COUNT_ICMP_TRANSLATED), 1);
	}
}

/* A UDP checksum of zero, quoted, is no checksum there either. */
static void a_quoted_datagram_without_checksum_keeps_none(void **state)
{
	struct packet sent, inner, p, want;

	(void)state;
	packet_build(&sent, ETH(.src = mac_a, .dst = gateway_mac),
		     IP(.src = &ipv4.pod_a, .dst = &ipv4.world, .ttl = 9),
		     UDP(.sport = PORT, .dport = 53, .no_checksum = true));
	expect_sent(FROM_POD_A, &sent, UPLINK, NULL);
	packet_build(&inner, ETH(.src = mac_a, .dst = gateway_mac),
		     IP(.src = &ipv4.node, .dst = &ipv4.world, .ttl = 9),
		     UDP(.sport = PORT, .dport = 53, .no_checksum = true));
	packet_build(&p, ETH(.src = router_mac, .dst = uplink_mac),
		     IP(.src = &ipv4.router, .dst = &ipv4.node),
		     ERROR(.kind = ERROR_PORT), QUOTE(.packet = &inner));
	packet_build(&want, ETH(.src = gateway_mac, .dst = mac_a),
		     IP(.src = &ipv4.router, .dst = &ipv4.pod_a, .ttl = 63),
		     ERROR(.kind = ERROR_PORT), QUOTE(.packet = &sent));
	expect_sent(FROM_UPLINK, &p, LOCAL, &want);
}

static void quoted_options_and_fragment_headers_are_stepped_over(void **state)
{
	const struct family *f = *state;
	struct packet sent, inner, first, p, want;

	/* IPv4: options. IPv6: the first fragment of a datagram. */
	packet_build(&sent, ETH(.src = mac_a, .dst = gateway_mac),
		     IP(.src = &f->pod_a, .dst = &f->world,
			.options = f->v6 ? 0 : 12),
		     UDP(.sport = PORT, .dport = 53), DATA(.len = 64));
	packet_build(&inner, ETH(.src = mac_a, .dst = gateway_mac),
		     IP(.src = &f->node, .dst = &f->world,
			.options = f->v6 ? 0 : 12),
		     UDP(.sport = PORT, .dport = 53), DATA(.len = 64));
	expect_sent(FROM_POD_A, &sent, UPLINK, NULL);
	if (f->v6) {
		first = sent;
		packet_fragment(&first, 0, 32, 5, &sent);
		first = inner;
		packet_fragment(&first, 0, 32, 5, &inner);
	}
	packet_build(&p, ETH(.src = router_mac, .dst = uplink_mac),
		     IP(.src = &f->router, .dst = &f->node),
		     ERROR(.kind = ERROR_HOST), QUOTE(.packet = &inner));
	packet_build(&want, ETH(.src = gateway_mac, .dst = mac_a),
		     IP(.src = &f->router, .dst = &f->pod_a, .ttl = 63),
		     ERROR(.kind = ERROR_HOST), QUOTE(.packet = &sent));
	expect_sent(FROM_UPLINK, &p, LOCAL, &want);
}

static void odd_quotes_keep_right_checksums(void **state)
{
	const struct family *f = *state;
	struct message m = {
		.src = &f->pod_a, .dst = &f->world, .proto = IPPROTO_TCP};
	struct packet before, after, p, want;

	message_build(&before, &m);
	m.sport = leaves_as(FROM_POD_A, &m, &f->node);
	m.src = &f->node;
	message_build(&after, &m);
	for (size_t len = f->ip_len + 8; len < before.len - ETH_LEN; len++) {
		if (len == f->ip_len + 17) /* half a checksum is none */
			continue;
		packet_build(&p, ETH(.src = router_mac, .dst = uplink_mac),
			     IP(.src = &f->router, .dst = &f->node),
			     ERROR(.kind = ERROR_HOST),
			     QUOTE(.packet = &after, .len = len));
		packet_build(&want, ETH(.src = gateway_mac, .dst = mac_a),
			     IP(.src = &f->router, .dst = &f->pod_a, .ttl = 63),
			     ERROR(.kind = ERROR_HOST),
			     QUOTE(.packet = &before, .len = len));
		expect_sent(FROM_UPLINK, &p, LOCAL, &want);
	}
}

/* ---- errors about connections without translation ---------------------------
 */

static void errors_between_pods_go_as_they_are(void **state)
{
	const struct family *f = *state;
	struct packet sent, p, want;

	message(&sent, .src = &f->pod_a, .dst = &f->pod_b,
		.proto = IPPROTO_UDP);
	run(FROM_POD_A, &sent);
	packet_build(&p, ETH(.src = mac_b, .dst = gateway_mac),
		     IP(.src = &f->pod_b, .dst = &f->pod_a),
		     ERROR(.kind = ERROR_PORT), QUOTE(.packet = &sent));
	hop(&p, mac_a, gateway_mac, &want);
	expect_sent(FROM_POD_B, &p, LOCAL, &want);
	assert_int_equal(counter_read(FL_COUNT_ICMP_TRANSLATED), 0);
	assert_int_equal(flow_count(), 2);
}

static void errors_of_another_node_reach_the_pod(void **state)
{
	const struct family *f = *state;
	const struct fl_addr *tellers[] = {&f->remote_pod, &f->remote_node};
	struct packet sent, p, want;

	message(&sent, .src = &f->pod_a, .dst = &f->remote_pod);
	run(FROM_POD_A, &sent);
	for (int i = 0; i < 2; i++) {
		packet_build(&p,
			     ETH(.src = overlay_src_mac, .dst = overlay_mac),
			     IP(.src = tellers[i], .dst = &f->pod_a),
			     ERROR(.kind = ERROR_TOO_BIG, .mtu = 1400),
			     QUOTE(.packet = &sent));
		hop(&p, mac_a, gateway_mac, &want);
		expect_sent(FROM_NODE2, &p, LOCAL, &want);
	}
}

static void errors_to_another_node_go_by_the_overlay(void **state)
{
	const struct family *f = *state;
	struct packet got, p, want;

	message(&got, .src = &f->remote_pod, .dst = &f->pod_a,
		.proto = IPPROTO_UDP, .smac = overlay_src_mac,
		.dmac = overlay_mac);
	expect_sent(FROM_NODE2, &got, LOCAL, NULL);
	packet_build(&p, ETH(.src = mac_a, .dst = gateway_mac),
		     IP(.src = &f->pod_a, .dst = &f->remote_pod),
		     ERROR(.kind = ERROR_PORT), QUOTE(.packet = &got));
	hop(&p, overlay_mac, overlay_src_mac, &want);
	expect_sent(FROM_POD_A, &p, OVERLAY, &want);
}

static void errors_about_what_the_host_sent_are_the_hosts(void **state)
{
	const struct family *f = *state;
	struct packet sent, p;

	message(&sent, .src = &f->host, .dst = &f->pod_a, .proto = IPPROTO_UDP,
		.smac = gateway_mac, .dmac = mac_a);
	expect_pass(TO_POD_A, &sent, LOCAL);
	packet_build(&p, ETH(.src = mac_a, .dst = gateway_mac),
		     IP(.src = &f->pod_a, .dst = &f->host),
		     ERROR(.kind = ERROR_PORT), QUOTE(.packet = &sent));
	expect_pass(FROM_POD_A, &p, HOST);
}

/* The host's stack tells a pod, from its own address. */
static void errors_of_the_host_reach_the_pod(void **state)
{
	const struct family *f = *state;
	struct packet sent, p;

	message(&sent, .src = &f->pod_a, .dst = &f->node, .proto = IPPROTO_UDP);
	expect_pass(FROM_POD_A, &sent, HOST);
	packet_build(&p, ETH(.src = gateway_mac, .dst = mac_a),
		     IP(.src = &f->node, .dst = &f->pod_a),
		     ERROR(.kind = ERROR_PORT), QUOTE(.packet = &sent));
	expect_pass(TO_POD_A, &p, LOCAL);
	/* ... and about what it would have routed for it */
	message(&sent, .src = &f->pod_a, .dst = &f->no_route);
	packet_build(&p, ETH(.src = gateway_mac, .dst = mac_a),
		     IP(.src = &f->host, .dst = &f->pod_a),
		     ERROR(.kind = ERROR_HOST), QUOTE(.packet = &sent));
	expect_pass(TO_POD_A, &p, LOCAL);
}

/* ---- errors that are lies
 * ------------------------------------------------------ */

static void unrelated_errors_of_pods_are_dropped(void **state)
{
	const struct family *f = *state;
	struct packet quoted, p;

	message(&quoted, .src = &f->pod_b, .dst = &f->pod_a);
	packet_build(&p, ETH(.src = mac_a, .dst = gateway_mac),
		     IP(.src = &f->pod_a, .dst = &f->pod_b),
		     ERROR(.kind = ERROR_PORT), QUOTE(.packet = &quoted));
	expect_drop(FROM_POD_A, &p, ICMP_UNRELATED);
	packet_build(&p, ETH(.src = overlay_src_mac, .dst = overlay_mac),
		     IP(.src = &f->remote_pod, .dst = &f->pod_b),
		     ERROR(.kind = ERROR_PORT), QUOTE(.packet = &quoted));
	expect_drop(FROM_NODE2, &p, ICMP_UNRELATED);
	assert_int_equal(flow_count(), 0);
}

static void unrelated_errors_at_the_uplink_are_the_hosts(void **state)
{
	const struct family *f = *state;
	struct packet quoted, p;

	message(&quoted, .src = &f->node, .dst = &f->world);
	packet_build(&p, ETH(.src = router_mac, .dst = uplink_mac),
		     IP(.src = &f->router, .dst = &f->node),
		     ERROR(.kind = ERROR_TOO_BIG, .mtu = 1280),
		     QUOTE(.packet = &quoted));
	expect_pass(FROM_UPLINK, &p, NOT_OURS);
	packet_build(&p, ETH(.src = uplink_mac, .dst = router_mac),
		     IP(.src = &f->node, .dst = &f->world),
		     ERROR(.kind = ERROR_PORT), QUOTE(.packet = &quoted));
	expect_pass(TO_UPLINK, &p, NOT_OURS);
}

static void a_pod_cannot_end_another_pods_connection(void **state)
{
	const struct family *f = *state;
	struct packet sent, p;

	message(&sent, .src = &f->pod_a, .dst = &f->pod_b);
	run(FROM_POD_A, &sent);
	/* small as pod_b */
	packet_build(&p, ETH(.src = mac_small, .dst = gateway_mac),
		     IP(.src = &f->pod_b, .dst = &f->pod_a),
		     ERROR(.kind = ERROR_PORT), QUOTE(.packet = &sent));
	expect_drop(FROM_POD(small), &p, SPOOFED_ADDR);
	/* small as itself, quoting what it never got */
	packet_build(&p, ETH(.src = mac_small, .dst = gateway_mac),
		     IP(.src = &f->small, .dst = &f->pod_a),
		     ERROR(.kind = ERROR_PORT), QUOTE(.packet = &sent));
	run(FROM_POD(small), &p);
	assert_int_equal(last.verdict, VERDICT_DROP);
	/* pod_b with a router's address */
	packet_build(&p, ETH(.src = mac_b, .dst = gateway_mac),
		     IP(.src = &f->router, .dst = &f->pod_a),
		     ERROR(.kind = ERROR_HOST), QUOTE(.packet = &sent));
	expect_drop(FROM_POD_B, &p, SPOOFED_ADDR);
	/* pod_b with another MAC */
	packet_build(&p, ETH(.src = mac_small, .dst = gateway_mac),
		     IP(.src = &f->pod_b, .dst = &f->pod_a),
		     ERROR(.kind = ERROR_PORT), QUOTE(.packet = &sent));
	expect_drop(FROM_POD_B, &p, SPOOFED_MAC);
}

/* An error goes to who sent what it quotes, and to nobody else. */
static void errors_to_others_than_the_quoted_sender_go_nowhere(void **state)
{
	const struct family *f = *state;
	struct message m = {.src = &f->pod_a,
			    .dst = &f->world,
			    .proto = IPPROTO_UDP,
			    .sport = PORT};
	struct packet quoted, p;

	leaves_as(FROM_POD_A, &m, &f->node);
	m.src = &f->node;
	message_build(&quoted, &m);
	packet_build(&p, ETH(.src = router_mac, .dst = uplink_mac),
		     IP(.src = &f->router, .dst = &f->node2),
		     ERROR(.kind = ERROR_HOST), QUOTE(.packet = &quoted));
	expect_pass(FROM_UPLINK, &p, NOT_OURS);
	message(&quoted, .src = &f->pod_b, .dst = &f->pod_a, .smac = mac_b);
	run(FROM_POD_B, &quoted);
	packet_build(&p, ETH(.src = mac_a, .dst = gateway_mac),
		     IP(.src = &f->pod_a, .dst = &f->small),
		     ERROR(.kind = ERROR_PORT), QUOTE(.packet = &quoted));
	run(FROM_POD_A, &p);
	assert_int_equal(last.verdict, VERDICT_DROP);
}

static void quotes_too_short_to_name_a_flow_are_unrelated(void **state)
{
	const struct family *f = *state;
	struct message m = {.src = &f->pod_a,
			    .dst = &f->world,
			    .proto = IPPROTO_UDP,
			    .sport = PORT};
	struct packet quoted, p;

	leaves_as(FROM_POD_A, &m, &f->node);
	m.src = &f->node;
	message_build(&quoted, &m);
	for (size_t len = 1; len < f->ip_len + 4; len++) {
		packet_build(&p, ETH(.src = router_mac, .dst = uplink_mac),
			     IP(.src = &f->router, .dst = &f->node),
			     ERROR(.kind = ERROR_HOST),
			     QUOTE(.packet = &quoted, .len = len));
		expect_pass(FROM_UPLINK, &p, NOT_OURS);
		packet_build(&p, ETH(.src = mac_b, .dst = gateway_mac),
			     IP(.src = &f->pod_b, .dst = &f->pod_a),
			     ERROR(.kind = ERROR_HOST),
			     QUOTE(.packet = &quoted, .len = len));
		expect_drop(FROM_POD_B, &p, ICMP_UNRELATED);
	}
}

static void quoted_later_fragments_are_unrelated(void **state)
{
	const struct family *f = *state;
	struct packet whole, quoted, p;

	message(&whole, .src = &f->pod_a, .dst = &f->pod_b,
		.proto = IPPROTO_UDP, .len = 200);
	run(FROM_POD_A, &whole);
	packet_fragment(&whole, 64, 64, 9, &quoted);
	packet_build(&p, ETH(.src = mac_b, .dst = gateway_mac),
		     IP(.src = &f->pod_b, .dst = &f->pod_a),
		     ERROR(.kind = ERROR_HOST), QUOTE(.packet = &quoted));
	expect_drop(FROM_POD_B, &p, ICMP_UNRELATED);
}

/* ---- echoes
 * ------------------------------------------------------------------ */

static void two_pods_may_ping_with_one_identifier(void **state)
{
	const struct family *f = *state;
	struct message a = {.src = &f->pod_a,
			    .dst = &f->world,
			    .proto = IPPROTO_ICMP,
			    .sport = PORT};
	struct message b = a;
	struct packet p, want;
	__u16 port;

	b.src = &f->pod_b;
	b.smac = mac_b;
	assert_int_equal(leaves_as(FROM_POD_A, &a, &f->node), PORT);
	port = leaves_as(FROM_POD_B, &b, &f->node);
	assert_int_not_equal(port, PORT);
	answer_build(&p, &b, &f->node, port);
	message(&want, .src = &f->world, .dst = &f->pod_b,
		.proto = IPPROTO_ICMP, .sport = PORT, .reply = true, .ttl = 63,
		.smac = gateway_mac, .dmac = mac_b);
	expect_sent(FROM_UPLINK, &p, LOCAL, &want);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		FAMILIES(the_last_hop_is_told_to_the_sender),
		FAMILIES(no_hops_left_at_all_is_told_too),
		FAMILIES(established_flows_run_out_of_hops_too),
		FAMILIES(long_packets_are_quoted_in_part),
		FAMILIES(without_an_address_no_errors_are_sent),
		FAMILIES(errors_are_not_answered_with_errors),
		FAMILIES(later_fragments_are_not_answered),
		FAMILIES(errors_sent_are_limited_in_number),
		FAMILIES(what_does_not_fit_the_path_is_told_its_mtu),
		FAMILIES(segments_are_measured_not_the_packet),
		ONCE(what_may_be_cut_up_is_no_error),
		FAMILIES(what_does_not_fit_is_dropped_where_it_cannot_be_told),
		FAMILIES(the_world_is_told_by_the_uplinks_address),
		FAMILIES(another_node_is_told_by_the_overlay),
		FAMILIES(errors_about_what_a_pod_sent_reach_it),
		FAMILIES(errors_about_what_a_pod_got_leave_as_the_node),
		ONCE(a_quoted_datagram_without_checksum_keeps_none),
		FAMILIES(quoted_options_and_fragment_headers_are_stepped_over),
		FAMILIES(odd_quotes_keep_right_checksums),
		FAMILIES(errors_between_pods_go_as_they_are),
		FAMILIES(errors_of_another_node_reach_the_pod),
		FAMILIES(errors_to_another_node_go_by_the_overlay),
		FAMILIES(errors_about_what_the_host_sent_are_the_hosts),
		FAMILIES(errors_of_the_host_reach_the_pod),
		FAMILIES(unrelated_errors_of_pods_are_dropped),
		FAMILIES(unrelated_errors_at_the_uplink_are_the_hosts),
		FAMILIES(a_pod_cannot_end_another_pods_connection),
		FAMILIES(errors_to_others_than_the_quoted_sender_go_nowhere),
		FAMILIES(quotes_too_short_to_name_a_flow_are_unrelated),
		FAMILIES(quoted_later_fragments_are_unrelated),
		FAMILIES(two_pods_may_ping_with_one_identifier),
	};

	return bpf_tests(tests, &options_default);
}
