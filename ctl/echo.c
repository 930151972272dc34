/* SPDX-License-Identifier: Apache-2.0 */
/* A server that sends back what it gets: the other end of `fairlead test`. */
#include "testpod.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../lib/cleanup.h"

enum { TCP, UDP, FIRST_CLIENT, CLIENTS_MAX = 64 };

/* One socket for both families, one for IPv4 where there is no IPv6. */
static int listen_at(int type, unsigned int port)
{
	struct sockaddr_in6 v6 = {.sin6_family = AF_INET6,
				  .sin6_port = htons(port)};
	struct sockaddr_in v4 = {.sin_family = AF_INET,
				 .sin_port = htons(port)};
	int fd = socket(AF_INET6, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	bool has_v6 = fd >= 0;
	int on = 1, off = 0;

	if (!has_v6)
		fd = socket(AF_INET, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return -errno;
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof(off));
	if (bind(fd, has_v6 ? (void *)&v6 : (void *)&v4,
		 has_v6 ? sizeof(v6) : sizeof(v4)) ||
	    (type == SOCK_STREAM && listen(fd, 64))) {
		int code = -errno;

		close(fd);
		return code;
	}
	return fd;
}

/* From the address that it came to: a node has several. The socket's own
 * choice is the route's, so the answer is sent from where the question went. */
static void answer_udp(int fd)
{
	char buf[65536], control[256];
	struct sockaddr_storage from;
	struct iovec iov = {buf, sizeof(buf)};
	struct msghdr msg = {.msg_name = &from,
			     .msg_namelen = sizeof(from),
			     .msg_iov = &iov,
			     .msg_iovlen = 1,
			     .msg_control = control,
			     .msg_controllen = sizeof(control)};
	ssize_t n = recvmsg(fd, &msg, 0);
	struct cmsghdr *c;

	if (n < 0)
		return;
	iov.iov_len = n;
	for (c = CMSG_FIRSTHDR(&msg); c; c = CMSG_NXTHDR(&msg, c))
		if (c->cmsg_level == IPPROTO_IPV6 &&
		    c->cmsg_type == IPV6_PKTINFO)
			((struct in6_pktinfo *)CMSG_DATA(c))->ipi6_ifindex = 0;
	sendmsg(fd, &msg, MSG_NOSIGNAL);
}

static bool answer_tcp(int fd)
{
	char buf[4096];
	ssize_t n = recv(fd, buf, sizeof(buf), 0);

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return true;
	return n > 0 && send(fd, buf, n, MSG_NOSIGNAL) == n;
}

static void accept_one(struct pollfd *fds, int *n)
{
	int fd = accept4(fds[TCP].fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);

	if (fd >= 0 && *n < FIRST_CLIENT + CLIENTS_MAX)
		fds[(*n)++] = (struct pollfd){.fd = fd, .events = POLLIN};
	else if (fd >= 0)
		close(fd);
}

int echo_serve(unsigned int port, int ready)
{
	struct pollfd fds[FIRST_CLIENT + CLIENTS_MAX] = {
		[TCP] = {.fd = listen_at(SOCK_STREAM, port), .events = POLLIN},
		[UDP] = {.fd = listen_at(SOCK_DGRAM, port), .events = POLLIN},
	};
	int n = FIRST_CLIENT, on = 1;

	if (fds[TCP].fd < 0 || fds[UDP].fd < 0)
		return fds[TCP].fd < 0 ? fds[TCP].fd : fds[UDP].fd;
	setsockopt(fds[UDP].fd, IPPROTO_IPV6, IPV6_RECVPKTINFO, &on,
		   sizeof(on));
	if (write(ready, "r", 1) != 1)
		return -EPIPE;
	for (;;) {
		if (poll(fds, n, -1) < 0)
			continue;
		for (int i = n - 1; i >= FIRST_CLIENT; i--)
			if (fds[i].revents && !answer_tcp(fds[i].fd)) {
				close(fds[i].fd);
				fds[i] = fds[--n];
			}
		if (fds[UDP].revents)
			answer_udp(fds[UDP].fd);
		if (fds[TCP].revents)
			accept_one(fds, &n);
	}
}

pid_t echo_start(unsigned int port, struct err *e)
{
	int ready[2];
	char byte;
	pid_t pid;

	if (pipe2(ready, O_CLOEXEC))
		return err_sys(e, errno, "pipe");
	pid = fork();
	if (!pid) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		signal(SIGINT, SIG_IGN); /* ended by whom started it */
		signal(SIGTERM, SIG_DFL);
		close(ready[0]);
		_exit(-echo_serve(port, ready[1]));
	}
	close(ready[1]);
	if (pid > 0 && read(ready[0], &byte, 1) != 1) {
		int status = 0;

		/* It has ended, or we were interrupted. */
		kill(pid, SIGTERM);
		while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
			;
		close(ready[0]);
		return err_sys(e,
			       WEXITSTATUS(status) ? WEXITSTATUS(status) : EIO,
			       "listen at port %u", port);
	}
	close(ready[0]);
	return pid < 0 ? err_sys(e, errno, "fork") : pid;
}
