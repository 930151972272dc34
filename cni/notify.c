/* SPDX-License-Identifier: Apache-2.0 */
#include "notify.h"

#include <errno.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>

#include <cjson/cJSON.h>

#include "../lib/cleanup.h"
#include "../lib/json.h"

enum { STATUS_MAX = (64 << 10) + 2 }; /* an answer of the agent */

/* The agent's socket, without waiting; -EAGAIN where its queue is full. */
static int connect_agent(const char *state_dir)
{
	struct sockaddr_un addr = {.sun_family = AF_UNIX};
	__cleanup(fd_close) int fd = -1;

	if (snprintf(addr.sun_path, sizeof(addr.sun_path), "%s/agent.sock",
		     state_dir) >= (int)sizeof(addr.sun_path))
		return -ENAMETOOLONG;
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return -errno;
	if (connect(fd, (struct sockaddr *)&addr, sizeof(addr)))
		return -errno;
	return take_fd(&fd);
}

static int send_request(int fd, const cJSON *request)
{
	__cleanup(mem_free) char *text = NULL;
	size_t len;

	text = cJSON_PrintUnformatted(request);
	if (!text)
		return -ENOMEM;
	len = strlen(text);
	text[len] = '\n'; /* in place of the NUL */
	if (send(fd, text, len + 1, MSG_NOSIGNAL) != (ssize_t)len + 1)
		return errno ? -errno : -EAGAIN;
	return 0;
}

static long long now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000LL + now.tv_nsec / 1000000;
}

/* One line, or what there is when the time is over. */
static int read_line(int fd, int timeout_ms, char *line, size_t size)
{
	long long end = now_ms() + timeout_ms, left;
	struct pollfd poll_fd = {.fd = fd, .events = POLLIN};
	size_t have = 0;
	ssize_t n;

	while (!memchr(line, '\n', have)) {
		left = end - now_ms();
		if (left <= 0)
			return -ETIMEDOUT;
		if (have + 1 >= size)
			return -EPROTO;
		n = poll(&poll_fd, 1, (int)left);
		if (n < 0)
			return -errno;
		if (n == 0)
			return -ETIMEDOUT;
		n = recv(fd, line + have, size - 1 - have, 0);
		if (n < 0 && errno != EAGAIN)
			return -errno;
		if (n == 0)
			return -ECONNRESET;
		have += n > 0 ? (size_t)n : 0;
	}
	line[have] = '\0';
	return 0;
}

static int answer_ok(const char *line)
{
	__cleanup(json_free) cJSON *obj = cJSON_Parse(line);

	return cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(obj, "ok"))
		       ? 0
		       : -EPROTO;
}

int notify_agent(const char *state_dir, const char *op,
		 const char *container_id, const char *ifname, int timeout_ms)
{
	__cleanup(fd_close) int fd = connect_agent(state_dir);
	__cleanup(json_free) cJSON *request = cJSON_CreateObject();
	char line[4096];
	int ret;

	if (fd < 0)
		return fd;
	cJSON_AddStringToObject(request, "op", op);
	cJSON_AddStringToObject(request, "containerID", container_id);
	cJSON_AddStringToObject(request, "ifname", ifname);
	ret = send_request(fd, request);
	if (ret || !timeout_ms)
		return ret;
	ret = read_line(fd, timeout_ms, line, sizeof(line));
	return ret ? ret : answer_ok(line);
}

int notify_reason(const char *state_dir, int timeout_ms, char *reason,
		  size_t size)
{
	__cleanup(fd_close) int fd = connect_agent(state_dir);
	__cleanup(json_free) cJSON *request = cJSON_CreateObject();
	__cleanup(json_free) cJSON *answer = NULL;
	__cleanup(mem_free) char *line = malloc(STATUS_MAX);
	const char *text;
	int ret;

	if (fd < 0 || !line)
		return fd < 0 ? fd : -ENOMEM;
	cJSON_AddStringToObject(request, "op", "status");
	ret = send_request(fd, request);
	if (!ret)
		ret = read_line(fd, timeout_ms, line, STATUS_MAX);
	if (ret)
		return ret;
	answer = cJSON_Parse(line);
	if (!cJSON_IsObject(answer))
		return -EPROTO;
	text = cJSON_GetStringValue(
		cJSON_GetObjectItemCaseSensitive(answer, "reason"));
	snprintf(reason, size, "%s", text ? text : "");
	return 0;
}
