/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Connections and small packets a second, for test/bench/run.
 *
 *	netbench serve PORT			TCP and UDP of both families
 *	netbench connections ADDR PORT SECONDS	connect, a byte each way, close
 *	netbench packets ADDR PORT SECONDS	16-byte UDP packets that arrive
 *
 * The last two print how many there were, and the seconds of CPU time that
 * client and server used for them.
 */
#include <arpa/inet.h>
#include <err.h>
#include <errno.h>
#include <netdb.h>
#include <poll.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include <netinet/in.h>
#include <netinet/tcp.h>

/* First byte of a UDP packet: one to count, or the question what there was so
 * far, which is answered by a struct so_far. */
enum { PACKET_DATA = 'd', PACKET_QUESTION = 'q' };

struct so_far {
	unsigned long long packets;
	double cpu; /* seconds of the server */
};

#define PACKET_SIZE 16
_Static_assert(sizeof(struct so_far) == PACKET_SIZE, "one size of packet");
/* Both sides share a CPU: all that is sent in a time slice must fit. */
#define RECEIVE_BUFFER (128 << 20)

static double seconds_of(clockid_t clock)
{
	struct timespec t;

	clock_gettime(clock, &t);
	return t.tv_sec + t.tv_nsec / 1e9;
}

/* ---- server ------------------------------------------------------------ */

static int listen_on(int type, const char *port)
{
	struct sockaddr_in6 a = {
		.sin6_family = AF_INET6,
		.sin6_port = htons(atoi(port)),
	};
	int fd = socket(AF_INET6, type | SOCK_CLOEXEC, 0), on = 1, off = 0;
	int size = RECEIVE_BUFFER;

	if (fd < 0)
		err(1, "socket");
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof(off));
	if (type == SOCK_DGRAM &&
	    setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof(size)))
		err(1, "receive buffer");
	if (bind(fd, (struct sockaddr *)&a, sizeof(a)))
		err(1, "bind to port %s", port);
	if (type == SOCK_STREAM && listen(fd, 1024))
		err(1, "listen");
	return fd;
}

/* A byte in, a byte out, and the client closes first. */
static void serve_connections(const char *port)
{
	int listener = listen_on(SOCK_STREAM, port);

	for (;;) {
		int fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
		char byte;

		if (fd < 0)
			continue;
		if (read(fd, &byte, 1) == 1 && write(fd, &byte, 1) == 1)
			(void)!read(fd, &byte, 1);
		close(fd);
	}
}

static void *serve_packets(void *port)
{
	int fd = listen_on(SOCK_DGRAM, port);
	struct so_far so_far = {};

	for (;;) {
		struct sockaddr_in6 from;
		socklen_t from_len = sizeof(from);
		char packet[PACKET_SIZE] = "";

		if (recvfrom(fd, packet, sizeof(packet), 0,
			     (struct sockaddr *)&from, &from_len) <= 0)
			continue;
		if (packet[0] == PACKET_DATA) {
			so_far.packets++;
			continue;
		}
		so_far.cpu = seconds_of(CLOCK_PROCESS_CPUTIME_ID);
		sendto(fd, &so_far, sizeof(so_far), 0, (struct sockaddr *)&from,
		       from_len);
	}
	return NULL;
}

static void serve(char *port)
{
	pthread_t thread;

	if (pthread_create(&thread, NULL, serve_packets, port))
		errx(1, "no thread");
	serve_connections(port);
}

/* ---- clients ----------------------------------------------------------- */

static int resolve(const char *addr, const char *port, struct addrinfo **out)
{
	struct addrinfo hints = {
		.ai_flags = AI_NUMERICHOST | AI_NUMERICSERV,
		.ai_socktype = SOCK_DGRAM,
	};

	return getaddrinfo(addr, port, &hints, out);
}

/* Packets stay in order, so the answer to a question counts all that came
 * before it. Our own CPU time is added. */
static struct so_far ask(int fd)
{
	char question[PACKET_SIZE] = {PACKET_QUESTION};
	struct pollfd p = {.fd = fd, .events = POLLIN};
	struct so_far so_far;

	for (int tries = 0; tries < 10; tries++) {
		if (send(fd, question, sizeof(question), 0) < 0)
			err(1, "send");
		if (poll(&p, 1, 1000) == 1 &&
		    recv(fd, &so_far, sizeof(so_far), 0) == sizeof(so_far)) {
			so_far.cpu += seconds_of(CLOCK_PROCESS_CPUTIME_ID);
			return so_far;
		}
	}
	errx(1, "no answer from the server");
}

static void one_connection(const struct addrinfo *to)
{
	int fd = socket(to->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0), on = 1;
	char byte = 'x';

	if (fd < 0)
		err(1, "socket");
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	if (connect(fd, to->ai_addr, to->ai_addrlen))
		err(1, "connect");
	if (write(fd, &byte, 1) != 1 || read(fd, &byte, 1) != 1)
		err(1, "talk");
	close(fd);
}

static void connections(const struct addrinfo *to, int fd, double seconds)
{
	double start = seconds_of(CLOCK_MONOTONIC);
	struct so_far before = ask(fd);
	unsigned long n = 0;

	while (seconds_of(CLOCK_MONOTONIC) < start + seconds) {
		for (int i = 0; i < 16; i++)
			one_connection(to);
		n += 16;
	}
	printf("%lu %.6f\n", n, ask(fd).cpu - before.cpu);
}

static void packets(int fd, double seconds)
{
	double start = seconds_of(CLOCK_MONOTONIC);
	char packet[PACKET_SIZE] = {PACKET_DATA};
	struct so_far before = ask(fd), after;
	unsigned long long sent = 0, arrived;

	while (seconds_of(CLOCK_MONOTONIC) < start + seconds)
		for (int i = 0; i < 64; i++)
			sent += send(fd, packet, sizeof(packet), 0) > 0;
	after = ask(fd);
	arrived = after.packets - before.packets;
	if (arrived < sent - sent / 100)
		warnx("%llu of %llu packets were lost", sent - arrived, sent);
	printf("%llu %.6f\n", arrived, after.cpu - before.cpu);
}

static void client(bool tcp, char **argv)
{
	struct addrinfo *to;
	int fd;

	if (resolve(argv[0], argv[1], &to))
		errx(2, "not an address and a port: %s %s", argv[0], argv[1]);
	fd = socket(to->ai_family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0 || connect(fd, to->ai_addr, to->ai_addrlen))
		err(1, "socket");
	if (tcp)
		connections(to, fd, atof(argv[2]));
	else
		packets(fd, atof(argv[2]));
	close(fd);
	freeaddrinfo(to);
}

int main(int argc, char **argv)
{
	bool tcp = argc > 1 && !strcmp(argv[1], "connections");

	if (argc == 3 && !strcmp(argv[1], "serve"))
		serve(argv[2]);
	else if (argc == 5 && (tcp || !strcmp(argv[1], "packets")))
		client(tcp, argv + 2);
	else
		errx(2, "usage: netbench serve PORT | "
			"connections|packets ADDR PORT SECONDS");
	return 0;
}
