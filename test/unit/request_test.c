/* SPDX-License-Identifier: Apache-2.0 */
/* Requests at the agent's socket: the answers of docs/state.md, and an error
 * for everything else. The socket itself is real, in a temporary directory. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>
#include <errno.h>
#include <cmocka.h>

#include "../../agent/request.h"
#include "../../agent/socket.h"
#include "../../lib/cleanup.h"

static char called[512]; /* "added c1 eth0" */

static int added(const char *id, const char *ifname, void *arg, struct err *e)
{
	(void)arg;
	snprintf(called, sizeof(called), "added %s %s", id, ifname);
	if (!strcmp(id, "unknown"))
		return err_set(e, ENOENT, "there is no \"such\" record");
	return 0;
}

static int removed(const char *id, const char *ifname, void *arg, struct err *e)
{
	(void)arg;
	(void)e;
	snprintf(called, sizeof(called), "removed %s %s", id, ifname);
	return 0;
}

static void status(cJSON *answer, void *arg)
{
	(void)arg;
	cJSON_AddNumberToObject(answer, "endpoints", 3);
}

static int pod(const char *wanted, cJSON *answer, void *arg, struct err *e)
{
	(void)arg;
	if (strcmp(wanted, "default/web"))
		return err_set(e, ENOENT, "no pod is called %s", wanted);
	cJSON_AddStringToObject(answer, "pod", wanted);
	return 0;
}

static const struct request_ops ops = {
	.node = "node-a",
	.endpoint_added = added,
	.endpoint_removed = removed,
	.status = status,
	.pod = pod,
};

static void assert_answer(const char *line, const char *want)
{
	bool ok = false;
	char *text = request_answer(&ops, line, strlen(line), &ok);

	assert_string_equal(text, want);
	assert_int_equal(ok, !strncmp(want, "{\"ok\":true", 10));
	cJSON_free(text);
}

static void assert_refused(const char *line, const char *sentence)
{
	bool ok = true;
	char *text = request_answer(&ops, line, strlen(line), &ok);

	assert_false(ok);
	assert_int_equal(strncmp(text, "{\"ok\":false,\"error\":\"", 21), 0);
	if (!strstr(text, sentence))
		fail_msg("%s does not say \"%s\"", text, sentence);
	assert_string_equal(called, "");
	cJSON_free(text);
}

static int forget(void **state)
{
	(void)state;
	called[0] = 0;
	return 0;
}

/* ---- answers -------------------------------------------------------- */

static void each_operation_has_its_answer(void **state)
{
	(void)state;
	assert_answer("{\"op\":\"ping\"}",
		      "{\"ok\":true,\"node\":\"node-a\",\"version\":"
		      "\"" FAIRLEAD_VERSION "\"}");
	assert_answer("{\"op\":\"status\"}", "{\"ok\":true,\"endpoints\":3}");
	assert_answer("{\"op\":\"pod\",\"pod\":\"default/web\"}",
		      "{\"ok\":true,\"pod\":\"default/web\"}");
	assert_refused("{\"op\":\"pod\",\"pod\":\"nobody\"}",
		       "no pod is called nobody");
	assert_refused("{\"op\":\"pod\"}", "pod");
	assert_answer("{\"op\":\"endpoint-added\",\"containerID\":\"c1\","
		      "\"ifname\":\"eth0\"}",
		      "{\"ok\":true}");
	assert_string_equal(called, "added c1 eth0");
	assert_answer("{\"ifname\":\"eth1\",\"containerID\":\"c2\","
		      "\"op\":\"endpoint-removed\"}",
		      "{\"ok\":true}");
	assert_string_equal(called, "removed c2 eth1");
}

static void an_operation_that_fails_says_why(void **state)
{
	(void)state;
	assert_answer("{\"op\":\"endpoint-added\",\"containerID\":\"unknown\","
		      "\"ifname\":\"eth0\"}",
		      "{\"ok\":false,\"error\":\"there is no \\\"such\\\" "
		      "record\"}");
}

static void what_is_no_request_is_refused(void **state)
{
	(void)state;
	assert_refused("", "request");
	assert_refused("hello", "request");
	assert_refused("[]", "not a JSON object");
	assert_refused("{}", "op");
	assert_refused("{\"op\":5}", "op");
	assert_refused("{\"op\":\"ping\"} {}", "request");
	assert_refused("{\"op\":\"format\"}", "unknown operation");
	assert_refused("{\"op\":\"ping\",\"loud\":true}", "loud");
	assert_refused("{\"op\":\"ping\",\"op\":\"status\"}", "op");
	assert_refused("{\"op\":\"endpoint-added\",\"ifname\":\"eth0\"}",
		       "containerID");
	assert_refused("{\"op\":\"endpoint-added\",\"containerID\":\"c\","
		       "\"ifname\":7}",
		       "ifname");
}

/* Both become part of a path. */
static void names_that_lead_elsewhere_are_refused(void **state)
{
	(void)state;
	assert_refused("{\"op\":\"endpoint-added\",\"containerID\":\"../x\","
		       "\"ifname\":\"eth0\"}",
		       "not a container id");
	assert_refused("{\"op\":\"endpoint-removed\",\"containerID\":\"c\","
		       "\"ifname\":\"a/b\"}",
		       "not a device name");
	assert_refused("{\"op\":\"endpoint-added\",\"containerID\":\"\","
		       "\"ifname\":\"eth0\"}",
		       "not a container id");
	assert_refused("{\"op\":\"endpoint-added\",\"containerID\":\"c\","
		       "\"ifname\":\"a-name-that-is-too-long\"}",
		       "ifname");
}

/* ---- the socket ----------------------------------------------------- */

struct server {
	char dir[64];
	struct event_base *base;
	struct socket *socket;
};

static int serve(void **state)
{
	static struct server s;
	struct err e;

	strcpy(s.dir, "/tmp/fairlead-socket-XXXXXX");
	*state = &s;
	called[0] = 0;
	s.base = event_base_new();
	return !mkdtemp(s.dir) || !s.base ||
	       socket_open(s.base, s.dir, &ops, &s.socket, &e);
}

static int end(void **state)
{
	struct server *s = *state;

	socket_close(s->socket);
	event_base_free(s->base);
	return rmdir(s->dir); /* the socket's file is gone as well */
}

static int connect_to(const struct server *s)
{
	struct sockaddr_un addr = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0);

	snprintf(addr.sun_path, sizeof(addr.sun_path), "%.60s/agent.sock",
		 s->dir);
	assert_int_equal(connect(fd, (struct sockaddr *)&addr, sizeof(addr)),
			 0);
	return fd;
}

/* Let the server work until it has nothing left to do. */
static void turn(const struct server *s)
{
	for (int i = 0; i < 20; i++)
		event_base_loop(s->base, EVLOOP_NONBLOCK);
}

static void only_the_owner_may_connect(void **state)
{
	struct server *s = *state;
	char path[128];
	struct stat st;

	snprintf(path, sizeof(path), "%s/agent.sock", s->dir);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
}

static void several_requests_of_a_client_are_answered_in_order(void **state)
{
	struct server *s = *state;
	__cleanup(fd_close) int fd = connect_to(s);
	const char *half = "{\"op\":\"status\"}\n{\"op\":", *rest = "5}\n";
	char buf[1024] = "";

	assert_int_equal(write(fd, half, strlen(half)), strlen(half));
	turn(s);
	assert_int_equal(read(fd, buf, sizeof(buf)), 26);
	assert_string_equal(buf, "{\"ok\":true,\"endpoints\":3}\n");
	assert_int_equal(write(fd, rest, strlen(rest)), strlen(rest));
	turn(s);
	assert_true(read(fd, buf, sizeof(buf)) > 0);
	assert_non_null(strstr(buf, "\"ok\":false"));
	assert_int_equal(socket_stats(s->socket)->requests, 2);
	assert_int_equal(socket_stats(s->socket)->failed, 1);
}

static void a_line_that_never_ends_is_refused(void **state)
{
	struct server *s = *state;
	__cleanup(fd_close) int fd = connect_to(s);
	char block[4096], buf[256] = "";

	memset(block, 'x', sizeof(block));
	for (int i = 0; i < 40; i++) {
		if (send(fd, block, sizeof(block), MSG_NOSIGNAL) < 0)
			break;
		turn(s);
	}
	assert_true(read(fd, buf, sizeof(buf) - 1) > 0);
	assert_non_null(strstr(buf, "longer than 64 KiB"));
}

static void who_hangs_up_early_does_no_harm(void **state)
{
	struct server *s = *state;

	for (int i = 0; i < 50; i++) {
		__cleanup(fd_close) int fd = connect_to(s);

		assert_int_equal(write(fd, "{\"op\":", 6), 6);
		turn(s);
	}
	turn(s);
	__cleanup(fd_close) int fd = connect_to(s);
	char buf[256];

	assert_int_equal(write(fd, "{\"op\":\"ping\"}\n", 14), 14);
	turn(s);
	assert_true(read(fd, buf, sizeof(buf)) > 0);
}

static void more_than_32_clients_wait_for_their_turn(void **state)
{
	struct server *s = *state;
	int fds[40];
	char buf[256];

	for (int i = 0; i < 40; i++) {
		fds[i] = connect_to(s);
		assert_int_equal(write(fds[i], "{\"op\":\"ping\"}\n", 14), 14);
	}
	turn(s);
	assert_true(read(fds[31], buf, sizeof(buf)) > 0);
	assert_int_equal(read(fds[32], buf, sizeof(buf)), -1);
	assert_int_equal(errno, EAGAIN);
	for (int i = 0; i < 32; i++)
		close(fds[i]);
	turn(s);
	for (int i = 32; i < 40; i++) {
		assert_true(read(fds[i], buf, sizeof(buf)) > 0);
		close(fds[i]);
	}
}

#define ANSWERS(name) cmocka_unit_test_setup(name, forget)
#define SERVES(name)  cmocka_unit_test_setup_teardown(name, serve, end)

int main(void)
{
	const struct CMUnitTest tests[] = {
		ANSWERS(each_operation_has_its_answer),
		ANSWERS(an_operation_that_fails_says_why),
		ANSWERS(what_is_no_request_is_refused),
		ANSWERS(names_that_lead_elsewhere_are_refused),
		SERVES(only_the_owner_may_connect),
		SERVES(several_requests_of_a_client_are_answered_in_order),
		SERVES(a_line_that_never_ends_is_refused),
		SERVES(who_hangs_up_early_does_no_harm),
		SERVES(more_than_32_clients_wait_for_their_turn),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
