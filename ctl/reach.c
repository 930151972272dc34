/* SPDX-License-Identifier: Apache-2.0 */
#include "reach.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "probe.h"

enum { TRIES = 6, TRY_MS = 500, ALL_MS = 4000, SMALL = 128 };

static const char word[] = "fairlead test";

const char *reach_name(enum reach_how how)
{
	static const char *const names[REACH_MAX] = {"tcp", "udp", "icmp",
						     "full size"};

	return names[how];
}

static socklen_t sockaddr_of(const struct fl_addr *a, unsigned int port,
			     struct sockaddr_storage *out)
{
	struct sockaddr_in *v4 = (void *)out;
	struct sockaddr_in6 *v6 = (void *)out;

	memset(out, 0, sizeof(*out));
	if (addr_is_v4(a)) {
		v4->sin_family = AF_INET;
		v4->sin_port = htons(port);
		memcpy(&v4->sin_addr, (const char *)a + 12, 4);
		return sizeof(*v4);
	}
	v6->sin6_family = AF_INET6;
	v6->sin6_port = htons(port);
	memcpy(&v6->sin6_addr, a, 16);
	return sizeof(*v6);
}

static int wait_until(int fd, short events, int ms)
{
	struct pollfd p = {.fd = fd, .events = events};

	return poll(&p, 1, ms) > 0 ? 0 : ETIMEDOUT;
}

static int read_word(int fd)
{
	char buf[sizeof(word)];

	if (recv(fd, buf, sizeof(buf), 0) != sizeof(word))
		return errno ? errno : EPROTO;
	return memcmp(buf, word, sizeof(word)) ? EPROTO : 0;
}

/* A SYN that is lost is sent again after a second, and after three. */
static int try_tcp(int fd, const struct sockaddr_storage *to, socklen_t len)
{
	int code = 0;
	socklen_t size = sizeof(code);

	if (connect(fd, (const void *)to, len) && errno != EINPROGRESS)
		return errno;
	if (wait_until(fd, POLLOUT, ALL_MS - 500))
		return ETIMEDOUT;
	getsockopt(fd, SOL_SOCKET, SO_ERROR, &code, &size);
	if (code)
		return code;
	if (send(fd, word, sizeof(word), MSG_NOSIGNAL) != sizeof(word))
		return errno;
	return wait_until(fd, POLLIN, ALL_MS - 500) ?: read_word(fd);
}

static int try_udp(int fd, const struct sockaddr_storage *to, socklen_t len)
{
	int code = ETIMEDOUT;

	if (connect(fd, (const void *)to, len))
		return errno;
	for (int i = 0; i < TRIES; i++) {
		send(fd, word, sizeof(word), MSG_NOSIGNAL);
		if (wait_until(fd, POLLIN, TRY_MS))
			continue;
		code = read_word(fd);
		if (!code)
			break;
	}
	return code;
}

static int try_icmp(const struct reach *r)
{
	struct probe p = {.to = r->to,
			  .size = r->how == REACH_FULL ? r->size : SMALL};
	struct err e = {0};

	if (probes_run(&p, 1, ALL_MS - 1000, &e))
		return e.code;
	return p.answered ? 0 : p.error ? p.error : ETIMEDOUT;
}

static int try(const struct reach *r)
{
	struct sockaddr_storage to;
	socklen_t len = sockaddr_of(&r->to, r->port, &to);
	int fd;

	if (r->how == REACH_ICMP || r->how == REACH_FULL)
		return try_icmp(r);
	fd = socket(to.ss_family,
		    (r->how == REACH_TCP ? SOCK_STREAM : SOCK_DGRAM) |
			    SOCK_NONBLOCK | SOCK_CLOEXEC,
		    0);
	if (fd < 0)
		return errno;
	return r->how == REACH_TCP ? try_tcp(fd, &to, len)
				   : try_udp(fd, &to, len);
}

static void begin(struct reach *r)
{
	r->error = ETIMEDOUT;
	r->pid = fork();
	if (r->pid < 0)
		r->error = errno;
	if (r->pid)
		return;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	signal(SIGINT, SIG_IGN);
	if (r->netns >= 0 && setns(r->netns, CLONE_NEWNET))
		_exit(errno);
	_exit(try(r));
}

/* Whoever has ended: how many still run. */
static int collect(struct reach *list, int n)
{
	int running = 0, status;

	for (int i = 0; i < n; i++) {
		if (list[i].pid <= 0)
			continue;
		if (waitpid(list[i].pid, &status, WNOHANG) != list[i].pid) {
			running++;
			continue;
		}
		list[i].pid = 0;
		if (WIFEXITED(status))
			list[i].error = WEXITSTATUS(status);
	}
	return running;
}

void reach_all(struct reach *list, int n, const volatile bool *stop)
{
	const struct timespec moment = {.tv_nsec = 20000000};
	/* Twice as long: the machine may be busy, they count themselves. */
	int moments = 2 * ALL_MS / 20;

	for (int i = 0; i < n; i++)
		begin(&list[i]);
	while (collect(list, n) && moments-- && !*stop)
		nanosleep(&moment, NULL);
	for (int i = 0; i < n; i++) {
		if (list[i].pid <= 0)
			continue;
		kill(list[i].pid, SIGKILL);
		while (waitpid(list[i].pid, NULL, 0) < 0 && errno == EINTR)
			;
		list[i].pid = 0;
	}
}
