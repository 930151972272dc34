/* SPDX-License-Identifier: Apache-2.0 */
#include "agent.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "../lib/cleanup.h"
#include "../lib/json.h"
#include "metric.h"

#define ANSWER_MAX 65536 /* docs/state.md */

static int connect_to(const char *state_dir, struct err *e)
{
	struct sockaddr_un sun = {.sun_family = AF_UNIX};
	__cleanup(fd_close) int fd = -1;

	if ((size_t)snprintf(sun.sun_path, sizeof(sun.sun_path),
			     "%s/agent.sock",
			     state_dir) >= sizeof(sun.sun_path))
		return err_set(e, ECONNREFUSED,
			       "%s/agent.sock is too long for a socket",
			       state_dir);
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return err_sys(e, errno, "make a socket");
	if (!connect(fd, (struct sockaddr *)&sun, sizeof(sun)))
		return take_fd(&fd);
	if (errno == EAGAIN)
		return err_set(e, ETIMEDOUT, "%s: too many wait already",
			       sun.sun_path);
	if (errno == EACCES || errno == EPERM)
		return err_sys(e, EPERM, "%s", sun.sun_path);
	return err_set(e, ECONNREFUSED, "%s: %s", sun.sun_path,
		       strerror(errno));
}

/* Waits until the socket is ready; the time that is left shrinks. */
static int wait_for(int fd, short what, __u64 deadline_ns, struct err *e)
{
	struct pollfd p = {.fd = fd, .events = what};
	__u64 now = metrics_clock();
	int n;

	if (now < deadline_ns) {
		n = poll(&p, 1, (deadline_ns - now) / 1000000 + 1);
		if (n > 0)
			return 0;
		if (n < 0 && errno != EINTR)
			return err_sys(e, errno, "poll");
	}
	return err_set(e, ETIMEDOUT, "the agent does not answer");
}

static int send_line(int fd, const char *request, __u64 deadline_ns,
		     struct err *e)
{
	char line[512];
	int len = snprintf(line, sizeof(line), "%s\n", request);
	int rc = wait_for(fd, POLLOUT, deadline_ns, e);

	if (rc)
		return rc;
	if (send(fd, line, len, MSG_NOSIGNAL) != len)
		return err_set(e, EPROTO, "the agent hung up");
	return 0;
}

static int read_line(int fd, char *buf, size_t size, __u64 deadline_ns,
		     struct err *e)
{
	size_t at = 0;
	ssize_t n;
	int rc;

	while (!memchr(buf, '\n', at)) {
		rc = wait_for(fd, POLLIN, deadline_ns, e);
		if (rc)
			return rc;
		n = recv(fd, buf + at, size - 1 - at, 0);
		if (n < 0 && (errno == EAGAIN || errno == EINTR))
			continue;
		if (n <= 0)
			return err_set(e, EPROTO, "the agent hung up");
		at += n;
		if (at == size - 1)
			return err_set(e, EPROTO,
				       "the agent's answer is too long");
	}
	*(char *)memchr(buf, '\n', at) = '\0';
	return 0;
}

static int understand(const char *text, cJSON **answer, struct err *e)
{
	__cleanup(json_free) cJSON *doc = NULL;
	const cJSON *why;

	if (json_parse("the agent's answer", text, strlen(text), &doc, e))
		return -(e->code = EPROTO);
	if (!cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(doc, "ok"))) {
		why = cJSON_GetObjectItemCaseSensitive(doc, "error");
		return err_set(e, EPROTO, "the agent says: %s",
			       cJSON_IsString(why) ? why->valuestring : text);
	}
	*answer = take_ptr(doc);
	return 0;
}

int agent_ask(const char *state_dir, const char *request, int timeout_ms,
	      cJSON **answer, struct err *e)
{
	__u64 deadline = metrics_clock() + timeout_ms * 1000000ULL;
	__cleanup(mem_free) char *buf = malloc(ANSWER_MAX + 2);
	__cleanup(fd_close) int fd = connect_to(state_dir, e);
	int rc = fd < 0 ? fd : 0;

	if (!buf)
		return err_set(e, ENOMEM, "out of memory");
	if (!rc)
		rc = send_line(fd, request, deadline, e);
	if (!rc)
		rc = read_line(fd, buf, ANSWER_MAX + 2, deadline, e);
	return rc ? rc : understand(buf, answer, e);
}
