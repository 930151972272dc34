// SPDX-License-Identifier: Apache-2.0
/*
 * What BPF_PROG_TEST_RUN cannot show: where a redirect leads, what a tunnel
 * key becomes, what a device takes off a frame. Here the stubs are attached
 * and frames go through the kernel, from one far end to another:
 *
 *	eth-pod_a | pod_a ... uplink | eth-uplink
 *	  pods    |      node        |   wire
 */
#include "traffic.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "wire.h"

enum { PORT = 40123, VXLAN_LEN = 8, UDP_LEN = 8 };

static int pod_a = -1, pod_b, small, uplink, uplink2;

static int attach(void **state)
{
	tables_reset();
	if (pod_a < 0) {
		wire_attach();
		pod_a = wire_open(node.pods_ns, "eth-pod_a");
		pod_b = wire_open(node.pods_ns, "eth-pod_b");
		small = wire_open(node.pods_ns, "eth-small");
		uplink = wire_open(node.wire_ns, "eth-uplink");
		uplink2 = wire_open(node.wire_ns, "eth-uplink2");
		node_ip("neigh add 192.0.2.2 dev uplink lladdr "
			"02:00:00:00:02:fe nud permanent\n"
			"neigh add 2001:db8:1::3 dev uplink lladdr "
			"02:00:00:00:02:fe nud permanent\n"
			"neigh add 192.0.2.77 dev uplink lladdr "
			"02:00:00:00:02:77 nud permanent\n"
			"neigh add 2001:db8:1::77 dev uplink lladdr "
			"02:00:00:00:02:77 nud permanent\n");
	}
	wire_drain(pod_a);
	wire_drain(pod_b);
	wire_drain(small);
	wire_drain(uplink);
	wire_drain(uplink2);
	return run_setup(state);
}

/* Waits until that many packets of the hook ended so. */
static void expect_count(enum fl_hook hook, enum fl_reason reason, __u64 n)
{
	for (int i = 0; i < 100; i++) {
		if (metric_read(hook, reason).packets >= n)
			break;
		usleep(10000);
	}
	assert_int_equal(metric_read(hook, reason).packets, n);
}

/* ---- on one node ----------------------------------------------------- */

static void a_frame_reaches_the_other_pod(void **state)
{
	const struct family *f = *state;
	struct packet p, want;

	for (int i = 0; i < PROTOCOLS; i++) {
		message(&p, .src = &f->pod_a, .dst = &f->pod_b,
			.proto = protocols[i]);
		hop(&p, mac_b, gateway_mac, &want);
		wire_send(pod_a, &p);
		assert_true(wire_expect(pod_b, &want));
		wire_send(pod_a, &p);
		assert_true(wire_expect(pod_b, &want));
		assert_int_equal(flow_of(&p).packets, 2);
	}
}

static void the_gateway_answers_on_the_wire(void **state)
{
	struct packet p, want;

	(void)state;
	packet_build(&p, ETH(.src = mac_a, .dst = gateway_mac),
		     ARP(.sha = mac_a, .spa = &ipv4.pod_a, .tha = mac_b,
			 .tpa = &ipv4.gateway));
	packet_build(&want, ETH(.src = gateway_mac, .dst = mac_a),
		     ARP(.op = 2, .sha = gateway_mac, .spa = &ipv4.gateway,
			 .tha = mac_a, .tpa = &ipv4.pod_a));
	wire_send(pod_a, &p);
	assert_true(wire_expect(pod_a, &want));
	packet_build(&p, ETH(.src = mac_a, .dst = gateway_mac),
		     IP(.src = &ipv6.pod_a, .dst = &ipv6.gateway, .ttl = 255),
		     ND(.target = &ipv6.gateway, .lladdr = mac_a));
	packet_build(&want, ETH(.src = gateway_mac, .dst = mac_a),
		     IP(.src = &ipv6.gateway, .dst = &ipv6.pod_a, .ttl = 255),
		     ND(.type = 136, .target = &ipv6.gateway,
			.lladdr = gateway_mac, .flags = 0xe0000000));
	wire_send(pod_a, &p);
	assert_true(wire_expect(pod_a, &want));
}

static void errors_of_ours_reach_the_sender(void **state)
{
	const struct family *f = *state;
	struct packet p, want;

	message(&p, .src = &f->pod_a, .dst = &f->pod_b, .ttl = 1);
	packet_build(
		&want, ETH(.src = gateway_mac, .dst = mac_a),
		IP(.src = &f->host, .dst = &f->pod_a, .tos = f->v6 ? 0 : 0xc0),
		ERROR(.kind = ERROR_EXPIRED), QUOTE(.packet = &p));
	wire_send(pod_a, &p);
	assert_true(wire_expect(pod_a, &want));
}

/* The device takes the tag off and leaves it beside the packet. */
static void a_tagged_frame_of_a_pod_is_dropped(void **state)
{
	const struct family *f = *state;
	struct packet p;

	packet_build(&p, ETH(.src = mac_a, .dst = gateway_mac), VLAN(.tci = 12),
		     IP(.src = &f->pod_a, .dst = &f->pod_b),
		     TCP(.sport = 1, .dport = 2));
	wire_send(pod_a, &p);
	expect_count(FL_HOOK_FROM_POD, FL_DROP_VLAN, 1);
	assert_int_equal(flow_count(), 0);
}

/* ---- the host and a pod ---------------------------------------------- */

static int host_socket(const struct family *f)
{
	struct sockaddr_in6 sa6 = {.sin6_family = AF_INET6};
	struct sockaddr_in sa4 = {.sin_family = AF_INET};
	int fd = socket(f->af, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	sa6.sin6_port = sa4.sin_port = htons(5000);
	memcpy(&sa6.sin6_addr, &f->host, 16);
	sa4.sin_addr.s_addr = f->host.w[3];
	assert_int_equal(f->v6 ? bind(fd, (void *)&sa6, sizeof(sa6))
			       : bind(fd, (void *)&sa4, sizeof(sa4)),
			 0);
	sa6.sin6_port = sa4.sin_port = htons(80);
	memcpy(&sa6.sin6_addr, &f->pod_a, 16);
	sa4.sin_addr.s_addr = f->pod_a.w[3];
	assert_int_equal(f->v6 ? connect(fd, (void *)&sa6, sizeof(sa6))
			       : connect(fd, (void *)&sa4, sizeof(sa4)),
			 0);
	return fd;
}

static void the_host_and_a_pod_talk(void **state)
{
	const struct family *f = *state;
	struct timeval second = {.tv_sec = 1};
	int fd = host_socket(f);
	struct packet p;
	char text[8] = "";

	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &second, sizeof(second));
	assert_int_equal(send(fd, "hello", 5, 0), 5);
	expect_count(FL_HOOK_TO_POD, FL_PASS_LOCAL, 1);
	packet_build(&p, ETH(.src = mac_a, .dst = gateway_mac),
		     IP(.src = &f->pod_a, .dst = &f->host),
		     UDP(.sport = 80, .dport = 5000),
		     DATA(.len = 5, .first = 'a'));
	wire_send(pod_a, &p);
	assert_int_equal(recv(fd, text, sizeof(text), 0), 5);
	assert_string_equal(text, "abcde");
	assert_int_equal(flow_count(), 2);
	close(fd);
}

/* ---- to the world and back ------------------------------------------- */

static void a_pod_leaves_as_the_node_to_the_router(void **state)
{
	const struct family *f = *state;
	struct packet p, want;

	for (int i = 0; i < PROTOCOLS; i++) {
		message(&p, .src = &f->pod_a, .dst = &f->world, .sport = PORT,
			.proto = protocols[i]);
		message(&want, .src = &f->node, .dst = &f->world, .sport = PORT,
			.proto = protocols[i], .ttl = 63, .smac = uplink_mac,
			.dmac = router_mac);
		wire_send(pod_a, &p);
		assert_true(wire_expect(uplink, &want));
		message(&p, .src = &f->world, .dst = &f->node,
			.sport = protocols[i] == IPPROTO_ICMP ? PORT : 80,
			.dport = PORT, .proto = protocols[i], .reply = true,
			.smac = router_mac, .dmac = uplink_mac);
		message(&want, .src = &f->world, .dst = &f->pod_a,
			.sport = protocols[i] == IPPROTO_ICMP ? PORT : 80,
			.dport = PORT, .proto = protocols[i], .reply = true,
			.ttl = 63, .smac = gateway_mac, .dmac = mac_a);
		wire_send(uplink, &p);
		assert_true(wire_expect(pod_a, &want));
	}
	/* from_pod counted it, to_uplink only let it through. */
	assert_int_equal(
		metric_read(FL_HOOK_TO_UPLINK, FL_PASS_NOT_OURS).packets, 0);
}

static void a_neighbour_on_the_link_is_sent_to_itself(void **state)
{
	const struct family *f = *state;
	const __u8 mac[6] = {2, 0, 0, 0, 2, 0x77};
	struct packet p, want;

	message(&p, .src = &f->pod_a, .dst = &f->neighbour, .sport = PORT);
	message(&want, .src = &f->node, .dst = &f->neighbour, .sport = PORT,
		.ttl = 63, .smac = uplink_mac, .dmac = mac);
	wire_send(pod_a, &p);
	assert_true(wire_expect(uplink, &want));
}

static void an_error_of_a_router_reaches_the_pod(void **state)
{
	const struct family *f = *state;
	struct packet sent, outside, p, want;

	message(&sent, .src = &f->pod_a, .dst = &f->world, .sport = PORT);
	wire_send(pod_a, &sent);
	assert_true(wire_receive(uplink, &outside));
	message(&outside, .src = &f->node, .dst = &f->world, .sport = PORT);
	packet_build(&p, ETH(.src = router_mac, .dst = uplink_mac),
		     IP(.src = &f->router, .dst = &f->node),
		     ERROR(.kind = ERROR_TOO_BIG, .mtu = 1280),
		     QUOTE(.packet = &outside));
	packet_build(&want, ETH(.src = gateway_mac, .dst = mac_a),
		     IP(.src = &f->router, .dst = &f->pod_a, .ttl = 63),
		     ERROR(.kind = ERROR_TOO_BIG, .mtu = 1280),
		     QUOTE(.packet = &sent));
	wire_send(uplink, &p);
	assert_true(wire_expect(pod_a, &want));
}

/* An answer that is too big for the pod is refused to the world. */
static void an_error_of_ours_leaves_by_the_uplink(void **state)
{
	const struct family *f = *state;
	struct packet p, want;

	message(&p, .src = &f->small, .dst = &f->world, .sport = PORT,
		.smac = mac_small);
	wire_send(small, &p);
	assert_true(wire_receive(uplink, &p));
	wire_drain(uplink);
	message(&p, .src = &f->world, .dst = &f->node, .sport = 80,
		.dport = PORT, .len = 1300, .df = true, .smac = router_mac,
		.dmac = uplink_mac);
	packet_build(
		&want, ETH(.src = uplink_mac, .dst = router_mac),
		IP(.src = &f->node, .dst = &f->world, .tos = f->v6 ? 0 : 0xc0),
		ERROR(.kind = ERROR_TOO_BIG, .mtu = SMALL_MTU),
		QUOTE(.packet = &p, .len = 128));
	wire_send(uplink, &p);
	assert_true(wire_expect(uplink, &want));
}

/* What may be cut up is cut by the host stack, and the pieces are
 * masqueraded on their way out. */
static void the_host_stack_cuts_what_is_too_big_for_the_uplink(void **state)
{
	struct packet whole, p, got;
	struct view v;
	size_t bytes = 0;

	(void)state;
	message(&p, .src = &ipv4.pod_a, .dst = &ipv4.world2, .sport = PORT,
		.proto = IPPROTO_UDP, .len = 1450);
	message(&whole, .src = &ipv4.node2, .dst = &ipv4.world2, .sport = PORT,
		.proto = IPPROTO_UDP, .len = 1450);
	wire_send(pod_a, &p);
	while (bytes < 1458 && wire_receive(uplink2, &got)) {
		const size_t head = ETH_LEN + IPV4_LEN;

		if (packet_view(&got, &v) || v.proto != IPPROTO_UDP)
			continue;
		assert_true(v.fragment);
		assert_addr(&v.saddr, &ipv4.node2);
		assert_in_range(v.ip_len, 21, UPLINK2_MTU);
		assert_memory_equal(got.data + head, whole.data + head + bytes,
				    got.len - head);
		bytes += got.len - head;
	}
	assert_int_equal(bytes, 1458);
}

/* ---- to other nodes and back ----------------------------------------- */

/* The VXLAN packet that comes out; its headers' length, and what is wrong. */
static size_t receive_encapsulated(struct packet *p, struct view *v)
{
	while (wire_receive(uplink, p)) {
		const char *wrong = packet_view(p, v);

		if (v->proto != IPPROTO_UDP || v->dport != 8472)
			continue;
		if (wrong)
			fail_msg("%s", wrong);
		return v->l4_off + UDP_LEN + VXLAN_LEN;
	}
	fail_msg("nothing came");
	return 0;
}

static void expect_encapsulated(const struct family *f,
				const struct fl_addr *dst,
				const struct fl_addr *from,
				const struct fl_addr *to)
{
	struct packet p, inner, outer;
	struct view v;
	size_t head;
	__u8 *vxlan;

	message(&p, .src = &f->pod_a, .dst = dst);
	hop(&p, overlay_mac, overlay_src_mac, &inner);
	wire_send(pod_a, &p);
	head = receive_encapsulated(&outer, &v);
	assert_addr(&v.saddr, from);
	assert_addr(&v.daddr, to);
	vxlan = outer.data + v.l4_off + UDP_LEN;
	assert_int_equal(vxlan[0], 0x08);
	assert_int_equal(vxlan[4] << 16 | vxlan[5] << 8 | vxlan[6],
			 options_default.overlay_vni);
	assert_int_equal(
		outer.data[v.l4_off + 6] << 8 | outer.data[v.l4_off + 7], 0);
	outer.len -= head;
	memmove(outer.data, outer.data + head, outer.len);
	assert_packet(&outer, &inner);
}

static void a_pod_is_heard_on_another_node(void **state)
{
	const struct family *f = *state;

	expect_encapsulated(f, &f->remote_pod, &ipv4.node, &ipv4.remote_node);
}

static void an_ipv6_underlay_carries_both_families(void **state)
{
	const struct family *f = *state;

	expect_encapsulated(f, &f->remote_pod3, &ipv6.node, &ipv6.remote_node3);
}

/* A frame of another node, in VXLAN. */
static void encapsulate(struct packet *p, const struct packet *inner,
			const struct fl_addr *from, const struct fl_addr *to)
{
	size_t head;

	packet_build(p, ETH(.src = router_mac, .dst = uplink_mac),
		     IP(.src = from, .dst = to),
		     UDP(.sport = 50000, .dport = 8472, .no_checksum = true),
		     DATA(.len = VXLAN_LEN + inner->len));
	head = p->len - inner->len - VXLAN_LEN;
	memset(p->data + head, 0, VXLAN_LEN);
	p->data[head] = 0x08;
	p->data[head + 6] = options_default.overlay_vni;
	memcpy(p->data + head + VXLAN_LEN, inner->data, inner->len);
}

static void another_nodes_frame_reaches_the_pod(void **state)
{
	const struct family *f = *state;
	struct packet inner, p, want;

	message(&inner, .src = &f->remote_pod, .dst = &f->pod_a,
		.smac = overlay_src_mac, .dmac = overlay_mac);
	hop(&inner, mac_a, gateway_mac, &want);
	encapsulate(&p, &inner, &ipv4.remote_node, &ipv4.node);
	wire_send(uplink, &p);
	assert_true(wire_expect(pod_a, &want));
	message(&inner, .src = &f->remote_pod3, .dst = &f->pod_a,
		.smac = overlay_src_mac, .dmac = overlay_mac);
	hop(&inner, mac_a, gateway_mac, &want);
	encapsulate(&p, &inner, &ipv6.remote_node3, &ipv6.node);
	wire_send(uplink, &p);
	assert_true(wire_expect(pod_a, &want));
}

static void a_strangers_frame_does_not(void **state)
{
	const struct family *f = *state;
	struct packet inner, p;

	message(&inner, .src = &f->remote_pod, .dst = &f->pod_a,
		.smac = overlay_src_mac, .dmac = overlay_mac);
	encapsulate(&p, &inner, &ipv4.neighbour, &ipv4.node);
	wire_send(uplink, &p);
	expect_count(FL_HOOK_FROM_OVERLAY, FL_DROP_UNKNOWN_NODE, 1);
	message(&inner, .src = &f->remote_pod3, .dst = &f->pod_a,
		.smac = overlay_src_mac, .dmac = overlay_mac);
	encapsulate(&p, &inner, &ipv4.remote_node, &ipv4.node);
	wire_send(uplink, &p);
	expect_count(FL_HOOK_FROM_OVERLAY, FL_DROP_WRONG_NODE, 1);
	assert_int_equal(flow_count(), 0);
}

/* An inner error goes back through the tunnel. */
static void an_error_of_ours_leaves_by_the_overlay(void **state)
{
	const struct family *f = *state;
	struct packet inner, p, want, outer;
	struct view v;
	size_t head;

	message(&inner, .src = &f->remote_pod, .dst = &f->pod_a, .ttl = 1,
		.smac = overlay_src_mac, .dmac = overlay_mac);
	encapsulate(&p, &inner, &ipv4.remote_node, &ipv4.node);
	packet_build(&want, ETH(.src = overlay_src_mac, .dst = overlay_mac),
		     IP(.src = &f->host, .dst = &f->remote_pod,
			.tos = f->v6 ? 0 : 0xc0),
		     ERROR(.kind = ERROR_EXPIRED), QUOTE(.packet = &inner));
	wire_send(uplink, &p);
	head = receive_encapsulated(&outer, &v);
	assert_addr(&v.daddr, &ipv4.remote_node);
	outer.len -= head;
	memmove(outer.data, outer.data + head, outer.len);
	assert_packet(&outer, &want);
}

#define LIVE(test)                                                             \
	{#test "_ipv4", test, attach, NULL, &ipv4},                            \
	{                                                                      \
#test "_ipv6", test, attach, NULL, &ipv6                       \
	}

int main(void)
{
	const struct CMUnitTest tests[] = {
		LIVE(a_frame_reaches_the_other_pod),
		{"the_gateway_answers_on_the_wire",
		 the_gateway_answers_on_the_wire, attach, NULL, NULL},
		LIVE(errors_of_ours_reach_the_sender),
		LIVE(a_tagged_frame_of_a_pod_is_dropped),
		LIVE(the_host_and_a_pod_talk),
		LIVE(a_pod_leaves_as_the_node_to_the_router),
		LIVE(a_neighbour_on_the_link_is_sent_to_itself),
		LIVE(an_error_of_a_router_reaches_the_pod),
		LIVE(an_error_of_ours_leaves_by_the_uplink),
		{"the_host_stack_cuts_what_is_too_big_for_the_uplink",
		 the_host_stack_cuts_what_is_too_big_for_the_uplink, attach,
		 NULL, NULL},
		LIVE(a_pod_is_heard_on_another_node),
		LIVE(an_ipv6_underlay_carries_both_families),
		LIVE(another_nodes_frame_reaches_the_pod),
		LIVE(a_strangers_frame_does_not),
		LIVE(an_error_of_ours_leaves_by_the_overlay),
	};

	return bpf_tests(tests, &options_default);
}
