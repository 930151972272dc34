// SPDX-License-Identifier: Apache-2.0
/*
 * What a local socket sends has no checksum yet: its field holds the sum of
 * the pseudo header, and whoever puts it on a wire does the rest
 * (CHECKSUM_PARTIAL). Translation must keep that true.
 *
 *	socket | eth-pod_a ... uplink | eth-uplink, where we look
 */
#include "traffic.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sched.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "wire.h"

enum { PORT = 40123 };

static int uplink = -1, peer = -1;

static int setup(void **state)
{
	if (uplink < 0) {
		wire_attach();
		uplink = wire_open(node.wire_ns, "eth-uplink");
		/* On lo: no multicast group is joined, and told of, for what
		 * eth-pod_a itself does not have. */
		node_ip_in(node.pods_ns,
			   "address add 10.1.0.10/32 dev lo\n"
			   "address add fd00:1::a/128 dev lo nodad\n"
			   "neigh add 169.254.1.1 dev eth-pod_a lladdr "
			   "02:66:6c:00:00:01 nud permanent\n"
			   "neigh add fe80::1 dev eth-pod_a lladdr "
			   "02:66:6c:00:00:01 nud permanent\n"
			   "route add default via 169.254.1.1 dev eth-pod_a "
			   "onlink\n"
			   "route add default via fe80::1 dev eth-pod_a "
			   "onlink\n");
	}
	wire_drain(uplink);
	return run_setup(state);
}

static int release(void **state)
{
	(void)state;
	if (peer >= 0)
		close(peer);
	peer = -1;
	return 0;
}

static int sockaddr_fill(const struct fl_addr *a, __u16 port, bool v6,
			 struct sockaddr_storage *out)
{
	struct sockaddr_in6 *sa6 = (void *)out;
	struct sockaddr_in *sa4 = (void *)out;

	memset(out, 0, sizeof(*out));
	if (v6) {
		sa6->sin6_family = AF_INET6;
		sa6->sin6_port = htons(port);
		memcpy(&sa6->sin6_addr, a, 16);
		return sizeof(*sa6);
	}
	sa4->sin_family = AF_INET;
	sa4->sin_port = htons(port);
	sa4->sin_addr.s_addr = a->w[3];
	return sizeof(*sa4);
}

/* A socket in a namespace that begins to talk to the world. */
static void talk(int ns, const struct family *f, const struct fl_addr *from,
		 int type, __u16 port)
{
	struct sockaddr_storage sa;
	int len;

	assert_int_equal(setns(ns, CLONE_NEWNET), 0);
	peer = socket(f->af, type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	assert_int_equal(setns(node.node_ns, CLONE_NEWNET), 0);
	assert_true(peer >= 0);
	len = sockaddr_fill(from, port, f->v6, &sa);
	assert_int_equal(bind(peer, (void *)&sa, len), 0);
	len = sockaddr_fill(&f->world, 80, f->v6, &sa);
	connect(peer, (void *)&sa, len);
	if (type == SOCK_DGRAM)
		assert_int_equal(send(peer, "hello", 5, 0), 5);
}

/* The next packet to the world is of this source, and what its checksum field
 * holds is the sum of its pseudo header, no more and no less. */
static void expect_partial(const struct family *f, __u8 proto, __u16 *port)
{
	struct packet p;
	struct view v;
	__u16 field, sum;

	do {
		assert_true(wire_receive(uplink, &p));
		packet_view(&p, &v);
	} while (v.proto != proto);
	assert_addr(&v.saddr, &f->node);
	assert_addr(&v.daddr, &f->world);
	*port = v.sport;
	memcpy(&field, p.data + v.l4_off + (proto == IPPROTO_TCP ? 16 : 6), 2);
	sum = ~checksum(NULL, 0,
			checksum_pseudo(&v.saddr, &v.daddr, v.l4_len, proto));
	assert_int_equal(ntohs(field), sum);
}

static void a_pods_sums_are_left_to_the_device(void **state)
{
	const struct family *f = *state;
	__u16 port;

	talk(node.pods_ns, f, &f->pod_a, SOCK_DGRAM, PORT);
	expect_partial(f, IPPROTO_UDP, &port);
	assert_int_equal(port, PORT);
	release(NULL);
	talk(node.pods_ns, f, &f->pod_a, SOCK_STREAM, 2000);
	expect_partial(f, IPPROTO_TCP, &port);
	assert_in_range(port, MASQ_MIN, MASQ_MAX);
}

/* The host's connection is given another port on its way out. */
static void the_hosts_sums_are_left_to_the_device(void **state)
{
	const struct family *f = *state;
	const int types[] = {SOCK_DGRAM, SOCK_STREAM};
	const __u8 protos[] = {IPPROTO_UDP, IPPROTO_TCP};
	__u16 port;

	for (int i = 0; i < 2; i++) {
		struct message m = {.src = &f->pod_a,
				    .dst = &f->world,
				    .proto = protos[i],
				    .sport = PORT};

		leaves_as(FROM_POD_A, &m, &f->node);
		talk(node.node_ns, f, &f->node, types[i], PORT);
		expect_partial(f, protos[i], &port);
		assert_int_not_equal(port, PORT);
		assert_in_range(port, MASQ_MIN, MASQ_MAX);
		assert_int_equal(counter_read(FL_COUNT_HOST_TRANSLATED), i + 1);
		release(NULL);
	}
}

#define LIVE(test)                                                             \
	{#test "_ipv4", test, setup, release, &ipv4},                          \
	{                                                                      \
#test "_ipv6", test, setup, release, &ipv6                     \
	}

int main(void)
{
	const struct CMUnitTest tests[] = {
		LIVE(a_pods_sums_are_left_to_the_device),
		LIVE(the_hosts_sums_are_left_to_the_device),
	};

	return bpf_tests(tests, &options_default);
}
