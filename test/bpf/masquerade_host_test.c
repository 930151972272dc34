// SPDX-License-Identifier: Apache-2.0
/*
 * Pods leave as the node, and so does the node itself: no two of them may have
 * one port to one peer.
 *
 *	a socket of the host --> [to_uplink] --> node:port --> world
 */
#include "traffic.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

/* ---- the host's own sockets and connections -------------------------- */

/* Sockets of the host that a test holds. */
static int sockets[2] = {-1, -1};

static int sockets_close(void **state)
{
	(void)state;
	for (int i = 0; i < 2; i++) {
		if (sockets[i] >= 0)
			close(sockets[i]);
		sockets[i] = -1;
	}
	return 0;
}

/* One on this port of any address; -1 where there cannot be one. */
static int socket_bind(const struct family *f, int type, __u16 port)
{
	struct sockaddr_in6 sa6 = {.sin6_family = AF_INET6,
				   .sin6_port = htons(port)};
	struct sockaddr_in sa4 = {.sin_family = AF_INET,
				  .sin_port = htons(port)};
	int fd = socket(f->af, type | SOCK_CLOEXEC, 0);

	if (fd < 0 ||
	    (f->v6 ? bind(fd, (void *)&sa6, sizeof(sa6))
		   : bind(fd, (void *)&sa4, sizeof(sa4))) ||
	    (type == SOCK_STREAM && listen(fd, 1))) {
		close(fd);
		return -1;
	}
	return fd;
}

static void ports_of_host_sockets_are_not_taken(void **state)
{
	const struct family *f = *state;
	struct message m = outgoing(f, IPPROTO_UDP, IN_RANGE);
	__u64 seen;

	sockets[0] = socket_bind(f, SOCK_DGRAM, IN_RANGE);
	sockets[1] = socket_bind(f, SOCK_STREAM, IN_RANGE);
	assert_true(sockets[0] >= 0 && sockets[1] >= 0);
	assert_int_not_equal(leaves(f, &m), IN_RANGE);
	/* Another may be tried at random that is the same one. */
	seen = counter_read(FL_COUNT_MASQ_SOCKET);
	assert_in_range(seen, 1, 3);
	m.proto = IPPROTO_TCP;
	assert_int_not_equal(leaves(f, &m), IN_RANGE);
	assert_in_range(counter_read(FL_COUNT_MASQ_SOCKET), seen + 1, seen + 3);
}

/* A message of the host itself to the world, on its way out. */
static struct message from_host(const struct family *f, __u8 proto)
{
	return (struct message){.src = &f->node,
				.dst = &f->world,
				.proto = proto,
				.sport = IN_RANGE,
				.flags = TCP_SYN,
				.smac = uplink_mac,
				.dmac = router_mac};
}

static void a_pod_does_not_get_the_port_of_a_host_connection(void **state)
{
	const struct family *f = *state;
	struct packet p, answer;

	for (int i = 0; i < PROTOCOLS; i++) {
		struct message host = from_host(f, protocols[i]);
		struct message m = outgoing(f, protocols[i], IN_RANGE);

		message_build(&p, &host);
		expect_pass(TO_UPLINK, &p, UPLINK);
		message_build(&p, &m);
		if (protocols[i] == IPPROTO_SCTP)
			expect_drop(FROM_POD_A, &p, NO_MASQ_PORT);
		else
			assert_int_not_equal(leaves(f, &m), IN_RANGE);
		answer_build(&answer, &host, &f->node, IN_RANGE);
		expect_pass(FROM_UPLINK, &answer, HOST);
	}
	assert_int_equal(counter_read(FL_COUNT_HOST_TRANSLATED), 0);
}

static void a_host_connection_makes_way_for_a_pods(void **state)
{
	const struct family *f = *state;
	const __u8 with_ports[] = {IPPROTO_TCP, IPPROTO_UDP, IPPROTO_ICMP};
	struct packet p, want;

	for (size_t i = 0; i < sizeof(with_ports); i++) {
		struct message m = outgoing(f, with_ports[i], IN_RANGE);
		struct message host = from_host(f, with_ports[i]), back;
		__u16 port;

		assert_int_equal(leaves(f, &m), IN_RANGE);
		message_build(&p, &host);
		run(TO_UPLINK, &p);
		assert_int_equal(last.verdict, VERDICT_PASS);
		assert_int_equal(last.reason, FL_PASS_UPLINK);
		port = ntohs(flow_of(&p).to.sport);
		assert_int_not_equal(port, IN_RANGE);
		assert_in_range(port, MASQ_MIN, MASQ_MAX);
		back = host;
		back.sport = port;
		message_build(&want, &back);
		assert_packet(&last.out, &want);
		assert_int_equal(counter_read(FL_COUNT_HOST_TRANSLATED), i + 1);

		answer_arrives(f, &m, IN_RANGE);
		answer_build(&p, &host, &f->node, port);
		answer_build(&want, &host, &f->node, IN_RANGE);
		expect_pass_as(FROM_UPLINK, &p, HOST, &want);
	}
}

static void what_the_host_does_outside_the_range_is_its_own(void **state)
{
	const struct family *f = *state;
	struct message host = from_host(f, IPPROTO_TCP);
	struct packet p;

	host.sport = 22;
	message_build(&p, &host);
	expect_pass(TO_UPLINK, &p, NOT_OURS);
	host.sport = MASQ_MAX + 1;
	message_build(&p, &host);
	expect_pass(TO_UPLINK, &p, NOT_OURS);
	host = from_host(f, IPPROTO_TCP); /* the answer of a server there */
	host.flags = TCP_SYN | TCP_ACK;
	message_build(&p, &host);
	expect_pass(TO_UPLINK, &p, NOT_OURS);
	assert_int_equal(flow_count(), 0);
}

/* Nobody masquerades as another address of the node: no port can be lost. */
static void what_the_host_does_as_somebody_else_is_its_own(void **state)
{
	const struct family *f = *state;
	const struct fl_addr *others[] = {&f->node2, &f->host};
	struct packet p;

	for (int i = 0; i < 2; i++) {
		struct message host = from_host(f, IPPROTO_UDP);

		host.src = others[i];
		message_build(&p, &host);
		expect_pass(TO_UPLINK, &p, NOT_OURS);
	}
	assert_int_equal(flow_count(), 0);
}

/* The stack cut a large datagram of a pod into pieces, say. */
static void a_pods_packet_through_the_stack_is_masqueraded_too(void **state)
{
	const struct family *f = *state;
	struct at at = {.hook = FL_HOOK_TO_UPLINK,
			.ifindex = node.uplink,
			.from_ifindex = node.pod_a};
	struct message m = outgoing(f, IPPROTO_UDP, IN_RANGE), translated = m;
	struct packet p, want;

	message_build(&p, &m);
	translated.src = &f->node;
	message_build(&want, &translated);
	expect_pass_as(at, &p, UPLINK, &want);
	answer_arrives(f, &m, IN_RANGE);
}

/* As the node it would be the node's tunnel to whoever gets it. */
static void a_pods_packet_to_the_tunnels_port_does_not_leave(void **state)
{
	const struct family *f = *state;
	struct message m = outgoing(f, IPPROTO_UDP, IN_RANGE);
	struct at at = {AT(TO_UPLINK, uplink), .from_ifindex = node.pod_a};
	struct packet p;

	m.dport = 8472;
	message_build(&p, &m);
	expect_drop(at, &p, OVERLAY_PORT);
	/* An outer packet may still know whence the inner one came. */
	m.src = &f->node;
	message_build(&p, &m);
	expect_pass(at, &p, NOT_OURS);
}

static void a_mapping_is_the_same_by_either_way_out(void **state)
{
	const struct family *f = *state;
	struct at at = {.hook = FL_HOOK_TO_UPLINK,
			.ifindex = node.uplink,
			.from_ifindex = node.pod_a};
	struct message m = outgoing(f, IPPROTO_UDP, 1000), translated = m;
	struct packet p, want;
	__u16 port = leaves(f, &m);

	message_build(&p, &m);
	translated.src = &f->node;
	translated.sport = port;
	message_build(&want, &translated);
	expect_pass_as(at, &p, UPLINK, &want);
	assert_int_equal(leaves(f, &m), port);
	assert_int_equal(flow_count(), 2);
}

static void a_translated_host_connection_keeps_its_port(void **state)
{
	const struct family *f = *state;
	struct message m = outgoing(f, IPPROTO_UDP, IN_RANGE);
	struct message host = from_host(f, IPPROTO_UDP);
	struct packet p, want, first;

	leaves(f, &m);
	message_build(&p, &host);
	run(TO_UPLINK, &p);
	first = last.out;
	epoch_raise_now();
	expect_pass_as(TO_UPLINK, &p, UPLINK, &first);
	epoch_raise_now();
	answer_build(&p, &host, &f->node, ntohs(packet_tuple(&first).sport));
	answer_build(&want, &host, &f->node, IN_RANGE);
	expect_pass_as(FROM_UPLINK, &p, HOST, &want);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		FAMILIES_RELEASE(ports_of_host_sockets_are_not_taken,
				 sockets_close),
		FAMILIES(a_pod_does_not_get_the_port_of_a_host_connection),
		FAMILIES(a_host_connection_makes_way_for_a_pods),
		FAMILIES(what_the_host_does_outside_the_range_is_its_own),
		FAMILIES(what_the_host_does_as_somebody_else_is_its_own),
		FAMILIES(a_pods_packet_through_the_stack_is_masqueraded_too),
		FAMILIES(a_pods_packet_to_the_tunnels_port_does_not_leave),
		FAMILIES(a_mapping_is_the_same_by_either_way_out),
		FAMILIES(a_translated_host_connection_keeps_its_port),
	};

	return bpf_tests(tests, &options_default);
}
