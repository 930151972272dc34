/* SPDX-License-Identifier: Apache-2.0 */
/* Asking an agent that answers, lies, hangs or is not there. The agent is a
 * thread that says what the test wants. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "../../ctl/agent.h"
#include "../../ctl/metric.h"
#include "../../lib/cleanup.h"

#define WAIT_MS	   200	/* for what does not come */
#define PATIENT_MS 5000 /* for what does, on a busy machine */

static char dir[] = "/tmp/ctl_agent_testXXXXXX";
static int listener = -1;

struct agent_fake {
	pthread_t thread;
	const char *answer;    /* NULL: stay silent */
	size_t repeat;	       /* send it so often */
	unsigned int pause_us; /* before each but the first */
	char asked[256];
};

static void *serve(void *arg)
{
	struct agent_fake *a = arg;
	int fd = accept(listener, NULL, NULL);
	ssize_t n = read(fd, a->asked, sizeof(a->asked) - 1);

	a->asked[n > 0 ? n : 0] = '\0';
	for (size_t i = 0; a->answer && i < a->repeat; i++) {
		if (i && a->pause_us)
			usleep(a->pause_us);
		if (send(fd, a->answer, strlen(a->answer), MSG_NOSIGNAL) < 0)
			break;
	}
	/* Silent until the other side has had enough. */
	if (!a->answer)
		n = read(fd, a->asked, sizeof(a->asked) - 1);
	close(fd);
	return NULL;
}

static int ask(struct agent_fake *a, int timeout_ms, cJSON **answer,
	       struct err *e)
{
	int rc;

	*e = (struct err){0};
	assert_int_equal(pthread_create(&a->thread, NULL, serve, a), 0);
	rc = agent_ask(dir, "{\"op\":\"status\"}", timeout_ms, answer, e);
	pthread_join(a->thread, NULL);
	return rc;
}

static void a_request_is_a_line_and_the_answer_an_object(void **state)
{
	struct agent_fake a = {.answer = "{\"ok\":true,\"ready\":true}\n",
			       .repeat = 1};
	cJSON *answer = NULL;
	struct err e;

	(void)state;
	assert_int_equal(ask(&a, PATIENT_MS, &answer, &e), 0);
	assert_string_equal(a.asked, "{\"op\":\"status\"}\n");
	assert_true(cJSON_IsTrue(cJSON_GetObjectItem(answer, "ready")));
	cJSON_Delete(answer);
}

static void assert_odd(const char *text, size_t repeat, const char *why)
{
	struct agent_fake a = {.answer = text, .repeat = repeat};
	cJSON *answer = NULL;
	struct err e;

	assert_int_equal(ask(&a, PATIENT_MS, &answer, &e), -EPROTO);
	assert_null(answer);
	if (!strstr(e.msg, why))
		fail_msg("\"%s\" lacks \"%s\"", e.msg, why);
}

static void what_is_no_good_answer_is_an_error_that_says_why(void **state)
{
	(void)state;
	assert_odd("{\"ok\":false,\"error\":\"no such operation\"}\n", 1,
		   "the agent says: no such operation");
	assert_odd("{\"ready\":true}\n", 1, "the agent says: ");
	assert_odd("hello\n", 1, "the agent's answer");
	assert_odd("{\"ok\":tr", 1, "hung up");
	assert_odd("", 1, "hung up");
}

static void an_answer_without_end_is_cut_off(void **state)
{
	static char blanks[16384];

	(void)state;
	memset(blanks, ' ', sizeof(blanks) - 1);
	assert_odd(blanks, 8, "too long");
}

static void a_silent_agent_is_given_up(void **state)
{
	struct agent_fake a = {.answer = NULL};
	__u64 start = metrics_clock(), ms;
	cJSON *answer = NULL;
	struct err e;

	(void)state;
	assert_int_equal(ask(&a, WAIT_MS, &answer, &e), -ETIMEDOUT);
	ms = (metrics_clock() - start) / 1000000;
	assert_true(ms >= WAIT_MS);
	assert_null(answer);
}

static void an_agent_that_dawdles_is_given_up(void **state)
{
	struct agent_fake a = {.answer = " ", .repeat = 40, .pause_us = 50000};
	__u64 start = metrics_clock(), ms;
	cJSON *answer = NULL;
	struct err e;

	(void)state;
	assert_int_equal(ask(&a, WAIT_MS, &answer, &e), -ETIMEDOUT);
	ms = (metrics_clock() - start) / 1000000;
	assert_in_range(ms, WAIT_MS, 1500);
	assert_null(answer);
}

static void nobody_there_is_told_at_once(void **state)
{
	char longer[300];
	cJSON *answer = NULL;
	struct err e = {0};

	(void)state;
	assert_int_equal(agent_ask("/nonexistent", "{}", WAIT_MS, &answer, &e),
			 -ECONNREFUSED);
	memset(longer, 'x', sizeof(longer) - 1);
	longer[sizeof(longer) - 1] = '\0';
	assert_int_equal(agent_ask(longer, "{}", WAIT_MS, &answer, &e),
			 -ECONNREFUSED);
	assert_null(answer);
}

static int listen_up(void **state)
{
	struct sockaddr_un sun = {.sun_family = AF_UNIX};

	(void)state;
	if (!mkdtemp(dir))
		return -1;
	snprintf(sun.sun_path, sizeof(sun.sun_path), "%s/agent.sock", dir);
	listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (bind(listener, (struct sockaddr *)&sun, sizeof(sun)))
		return -1;
	return listen(listener, 4);
}

static int take_down(void **state)
{
	char path[64];

	(void)state;
	fd_close(&listener);
	snprintf(path, sizeof(path), "%s/agent.sock", dir);
	unlink(path);
	return rmdir(dir);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_request_is_a_line_and_the_answer_an_object),
		cmocka_unit_test(
			what_is_no_good_answer_is_an_error_that_says_why),
		cmocka_unit_test(an_answer_without_end_is_cut_off),
		cmocka_unit_test(a_silent_agent_is_given_up),
		cmocka_unit_test(an_agent_that_dawdles_is_given_up),
		cmocka_unit_test(nobody_there_is_told_at_once),
	};

	return cmocka_run_group_tests(tests, listen_up, take_down);
}
