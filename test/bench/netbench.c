/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Connections and small packets a second, for test/bench/run.
 *
 *	netbench serve PORT			TCP and UDP of both families
 *	netbench connections ADDR PORT SECONDS	connect, a byte each way, close
 *	netbench packets ADDR PORT SECONDS	16-byte UDP packets that arrive
 *
 * The last two print one number, the rate a second.
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

/* First byte of a UDP packet: one to count, or the question how many there
 * were since the last question. */
enum { PACKET_DATA = 'd', PACKET_COUNT = 'c' };

#define PACKET_SIZE 16
/* Both sides share a CPU: all that is sent in a time slice must fit. */
#define RECEIVE_BUFFER (128 << 20)

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
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
	unsigned long long count = 0;

	for (;;) {
		struct sockaddr_in6 from;
		socklen_t from_len = sizeof(from);
		char packet[PACKET_SIZE] = "";

		if (recvfrom(fd, packet, sizeof(packet), 0,
			     (struct sockaddr *)&from, &from_len) <= 0)
			continue;
		if (packet[0] == PACKET_DATA) {
			count++;
			continue;
		}
		memcpy(packet + 8, &count, sizeof(count));
		sendto(fd, packet, sizeof(packet), 0, (struct sockaddr *)&from,
		       from_len);
		count = 0;
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

static int resolve(const char *addr, const char *port, int type,
		   struct addrinfo **out)
{
	struct addrinfo hints = {
		.ai_flags = AI_NUMERICHOST | AI_NUMERICSERV,
		.ai_socktype = type,
	};

	return getaddrinfo(addr, port, &hints, out);
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

static void connections(const struct addrinfo *to, double seconds)
{
	double start = now(), end = start;
	unsigned long n = 0;

	while (end < start + seconds) {
		for (int i = 0; i < 16; i++)
			one_connection(to);
		n += 16;
		end = now();
	}
	printf("%.0f\n", n / (end - start));
}

/* Packets stay in order, so the answer to a question counts all that came
 * before it. */
static unsigned long long ask_count(int fd)
{
	char packet[PACKET_SIZE] = {PACKET_COUNT};
	struct pollfd p = {.fd = fd, .events = POLLIN};
	unsigned long long count;

	for (int tries = 0; tries < 10; tries++) {
		if (send(fd, packet, sizeof(packet), 0) < 0)
			err(1, "send");
		if (poll(&p, 1, 1000) == 1 &&
		    recv(fd, packet, sizeof(packet), 0) == sizeof(packet)) {
			memcpy(&count, packet + 8, sizeof(count));
			return count;
		}
	}
	errx(1, "no answer from the server");
}

static void packets(const struct addrinfo *to, double seconds)
{
	int fd = socket(to->ai_family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	char packet[PACKET_SIZE] = {PACKET_DATA};
	unsigned long long sent = 0, arrived;
	double start, end;

	if (fd < 0 || connect(fd, to->ai_addr, to->ai_addrlen))
		err(1, "socket");
	ask_count(fd);
	start = end = now();
	while (end < start + seconds) {
		for (int i = 0; i < 64; i++)
			sent += send(fd, packet, sizeof(packet), 0) > 0;
		end = now();
	}
	arrived = ask_count(fd);
	end = now();
	if (arrived < sent - sent / 100)
		warnx("%llu of %llu packets were lost", sent - arrived, sent);
	printf("%.0f\n", arrived / (end - start));
}

int main(int argc, char **argv)
{
	bool tcp = argc > 1 && !strcmp(argv[1], "connections");
	struct addrinfo *to;

	if (argc == 3 && !strcmp(argv[1], "serve")) {
		serve(argv[2]);
	} else if (argc == 5 && (tcp || !strcmp(argv[1], "packets"))) {
		if (resolve(argv[2], argv[3], tcp ? SOCK_STREAM : SOCK_DGRAM,
			    &to))
			errx(2, "not an address and a port: %s %s", argv[2],
			     argv[3]);
		(tcp ? connections : packets)(to, atof(argv[4]));
		freeaddrinfo(to);
	} else {
		errx(2, "usage: netbench serve PORT | "
			"connections|packets ADDR PORT SECONDS");
	}
	return 0;
}
