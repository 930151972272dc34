/* SPDX-License-Identifier: Apache-2.0 */
#include "probe.h"

#include <errno.h>
#include <netinet/icmp6.h>
#include <netinet/in.h>
#include <netinet/ip.h>
#include <netinet/ip_icmp.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "../lib/cleanup.h"

enum { TRIES = 3, HEAD_V4 = 20, HEAD_V6 = 40, HEAD_ICMP = 8 };

struct sockets {
	int v4, v6; /* -1: the family is not to be had */
	__u16 id;   /* of our echo requests */
};

static __u16 checksum(const void *data, size_t len)
{
	const __u8 *p = data;
	__u32 sum = 0;

	for (size_t i = 0; i + 1 < len; i += 2)
		sum += p[i] << 8 | p[i + 1];
	if (len & 1)
		sum += p[len - 1] << 8;
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return htons(~sum & 0xffff);
}

/* What the path's MTU was thought to be does not count. */
static int open_v4(void)
{
	int fd = socket(AF_INET, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK,
			IPPROTO_ICMP);
	int probe = IP_PMTUDISC_PROBE, room = 4 << 20;

	if (fd < 0)
		return fd;
	setsockopt(fd, IPPROTO_IP, IP_MTU_DISCOVER, &probe, sizeof(probe));
	setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &room, sizeof(room));
	return fd;
}

static int open_v6(void)
{
	int fd = socket(AF_INET6, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK,
			IPPROTO_ICMPV6);
	int probe = IPV6_PMTUDISC_PROBE, on = 1, room = 4 << 20;
	struct icmp6_filter filter;

	if (fd < 0)
		return fd;
	setsockopt(fd, IPPROTO_IPV6, IPV6_MTU_DISCOVER, &probe, sizeof(probe));
	setsockopt(fd, IPPROTO_IPV6, IPV6_DONTFRAG, &on, sizeof(on));
	setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &room, sizeof(room));
	ICMP6_FILTER_SETBLOCKALL(&filter);
	ICMP6_FILTER_SETPASS(ICMP6_ECHO_REPLY, &filter);
	setsockopt(fd, IPPROTO_ICMPV6, ICMP6_FILTER, &filter, sizeof(filter));
	return fd;
}

static void send_v4(const struct sockets *s, struct probe *p, __u16 seq)
{
	__u8 buf[PROBE_SIZE_MAX] = {0};
	struct icmphdr *head = (struct icmphdr *)buf;
	struct sockaddr_in to = {.sin_family = AF_INET};
	size_t len = p->size - HEAD_V4;

	memcpy(&to.sin_addr, (const __u8 *)&p->to + 12, 4);
	head->type = ICMP_ECHO;
	head->un.echo.id = s->id;
	head->un.echo.sequence = htons(seq);
	head->checksum = checksum(buf, len);
	p->error = sendto(s->v4, buf, len, 0, (struct sockaddr *)&to,
			  sizeof(to)) < 0
			   ? errno
			   : 0;
}

/* The kernel fills in the checksum. */
static void send_v6(const struct sockets *s, struct probe *p, __u16 seq)
{
	__u8 buf[PROBE_SIZE_MAX] = {0};
	struct icmp6_hdr *head = (struct icmp6_hdr *)buf;
	struct sockaddr_in6 to = {.sin6_family = AF_INET6};

	memcpy(&to.sin6_addr, &p->to, 16);
	head->icmp6_type = ICMP6_ECHO_REQUEST;
	head->icmp6_id = s->id;
	head->icmp6_seq = htons(seq);
	p->error = sendto(s->v6, buf, p->size - HEAD_V6, 0,
			  (struct sockaddr *)&to, sizeof(to)) < 0
			   ? errno
			   : 0;
}

static void send_missing(const struct sockets *s, struct probe *list, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (list[i].answered)
			continue;
		if (addr_is_v4(&list[i].to))
			send_v4(s, &list[i], i);
		else
			send_v6(s, &list[i], i);
	}
}

static void note(struct probe *list, size_t n, __u16 seq, size_t size)
{
	if (seq < n && list[seq].size == size)
		list[seq].answered = true;
}

static void receive_v4(const struct sockets *s, struct probe *list, size_t n)
{
	__u8 buf[PROBE_SIZE_MAX + 64];
	ssize_t len;

	while ((len = recv(s->v4, buf, sizeof(buf), 0)) > 0) {
		size_t head = (buf[0] & 15) * 4;
		const struct icmphdr *icmp = (void *)(buf + head);

		if ((size_t)len >= head + HEAD_ICMP &&
		    icmp->type == ICMP_ECHOREPLY && icmp->un.echo.id == s->id)
			note(list, n, ntohs(icmp->un.echo.sequence), len);
	}
}

static void receive_v6(const struct sockets *s, struct probe *list, size_t n)
{
	__u8 buf[PROBE_SIZE_MAX + 64];
	const struct icmp6_hdr *icmp = (void *)buf;
	ssize_t len;

	while ((len = recv(s->v6, buf, sizeof(buf), 0)) > 0)
		if (len >= HEAD_ICMP && icmp->icmp6_id == s->id)
			note(list, n, ntohs(icmp->icmp6_seq), len + HEAD_V6);
}

static bool is_done(const struct probe *list, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (!list[i].answered && !list[i].error)
			return false;
	return true;
}

static long long now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1000LL + ts.tv_nsec / 1000000;
}

static void wait_until(const struct sockets *s, struct probe *list, size_t n,
		       long long end)
{
	struct pollfd fds[] = {
		{.fd = s->v4, .events = POLLIN},
		{.fd = s->v6, .events = POLLIN},
	};
	long long now;

	while (!is_done(list, n) && (now = now_ms()) < end) {
		if (poll(fds, 2, end - now) <= 0)
			continue;
		if (fds[0].revents)
			receive_v4(s, list, n);
		if (fds[1].revents)
			receive_v6(s, list, n);
	}
}

int probes_run(struct probe *list, size_t n, int timeout_ms, struct err *e)
{
	__cleanup(fd_close) int v4 = open_v4();
	__cleanup(fd_close) int v6 = open_v6();
	struct sockets s = {.v4 = v4, .v6 = v6, .id = htons(getpid())};

	if (v4 < 0)
		return err_sys(e, errno, "open a raw socket");
	for (size_t i = 0; i < n; i++) {
		list[i].answered = false;
		if (list[i].size < PROBE_SIZE_MIN)
			list[i].size = PROBE_SIZE_MIN;
		if (list[i].size > PROBE_SIZE_MAX)
			list[i].size = PROBE_SIZE_MAX;
	}
	for (int try = 0; try < TRIES && !is_done(list, n); try++) {
		send_missing(&s, list, n);
		wait_until(&s, list, n, now_ms() + timeout_ms / TRIES);
	}
	return 0;
}
