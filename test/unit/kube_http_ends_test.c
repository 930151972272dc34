/* SPDX-License-Identifier: Apache-2.0 */
/* All the ways in which an answer can end early, or never, and be ended. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>
#include "../../lib/cleanup.h"
#include "../../lib/state.h"
#include "kube_http_world.h"

/* ---- early ends ------------------------------------------------------- */

static void an_answer_that_ends_early_is_an_error(void **state)
{
	static const char *const paths[] = {"/cut/length", "/cut/chunked",
					    "/cut/reset", "/cut-gzip"};
	static const char *const servers[] = {"h1", "h2"};

	(void)state;
	for (int i = 0; i < 2; i++) {
		open_to(servers[i]);
		for (int p = 0; p < 3; p++) {
			struct fetch f = get(paths[p]);

			if (!f.r.error || f.r.status != 200 || !*f.r.message)
				fail_msg("%s %s: status %d, error %d: %s",
					 servers[i], paths[p], f.r.status,
					 f.r.error, f.r.message);
			assert_string_equal(f.body, "half of");
		}
		kube_http_close(w.http);
		free(w.config.server);
	}
	w.http = NULL;
	w.config.server = NULL;
}

static void a_server_that_hangs_up_without_an_answer(void **state)
{
	struct fetch f;

	(void)state;
	open_to("h1");
	f = get("/gone");
	assert_int_equal(f.r.status, 0);
	assert_true(f.r.error < 0);
	assert_true(*f.r.message);
}

static void silence_ends_at_the_idle_limit(void **state)
{
	static const char *const paths[] = {"/stall", "/silent"};
	static const char *const servers[] = {"h1", "h2"};

	(void)state;
	for (int i = 0; i < 4; i++) {
		const struct kube_request r = {.path = paths[i / 2], .idle = 1};
		struct fetch f = {0};

		open_to(servers[i % 2]);
		start(&f, &r);
		run_until(&f.n_done, 1);
		assert_int_equal(f.r.error, -ETIMEDOUT);
		assert_string_equal(f.r.message, "nothing came for 1 s");
		assert_int_equal(f.r.status, i / 2 ? 0 : 200);
		kube_http_close(w.http);
		free(w.config.server);
	}
	w.http = NULL;
	w.config.server = NULL;
}

static void a_request_ends_at_its_time_limit(void **state)
{
	const struct kube_request r = {.path = "/stall", .timeout = 1};
	struct fetch f = {0};

	(void)state;
	open_to("h2");
	start(&f, &r);
	run_until(&f.n_done, 1);
	assert_int_equal(f.r.error, -ETIMEDOUT);
	assert_says(f.r.message, "timed out");
}

/* A stream that was given up must not leave its connection to the next one,
 * which may be as dead; those that are still on it go on. */
static void a_silent_connection_gets_no_new_requests(void **state)
{
	const struct kube_request stall = {.path = "/stall"};
	const struct kube_request silent = {.path = "/silent", .idle = 1};
	struct fetch before, after, other = {0}, f = {0};

	(void)state;
	open_to("h2");
	before = get("/echo");
	start(&other, &stall);
	start(&f, &silent);
	run_until(&f.n_done, 1);
	assert_int_equal(f.r.error, -ETIMEDOUT);
	after = get("/echo");
	assert_fine(&after);
	assert_int_not_equal(connection_of(&before), connection_of(&after));
	assert_int_equal(other.n_done, 0);
	assert_string_equal(other.body, "and then ");
}

/* The kernel takes connections, and nobody answers them. */
static void a_server_that_never_answers_is_given_up_by_all(void **state)
{
	__cleanup(fd_close) int fd = socket(AF_INET, SOCK_STREAM, 0);
	struct sockaddr_in addr = {.sin_family = AF_INET,
				   .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	const struct kube_request r = {.path = "/echo"};
	socklen_t len = sizeof(addr);
	struct fetch f[4] = {0};

	(void)state;
	assert_int_equal(bind(fd, (struct sockaddr *)&addr, len), 0);
	assert_int_equal(listen(fd, 10), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)&addr, &len), 0);
	w.config.server = format("https://127.0.0.1:%d", ntohs(addr.sin_port));
	assert_int_equal(kube_http_open(w.base, &w.config, &w.http, &w.err), 0);
	for (int i = 0; i < 4; i++)
		start(&f[i], &r);
	run_until(&f[0].n_done, 1);
	/* Not ten seconds for each, one after the other. */
	run_for_ms(3000);
	for (int i = 0; i < 4; i++) {
		assert_int_equal(f[i].n_done, 1);
		assert_int_equal(f[i].r.error, -ETIMEDOUT);
		assert_true(*f[i].r.message);
	}
}

/* ---- callbacks that do things ----------------------------------------- */

static void a_reader_can_stop(void **state)
{
	static const char *const servers[] = {"h1", "h2"};

	(void)state;
	for (int i = 0; i < 2; i++) {
		const struct kube_request r = {.path = "/endless/200"};
		struct fetch f = {.stops = true}, next;

		open_to(servers[i]);
		start(&f, &r);
		run_until(&f.n_done, 1);
		assert_int_equal(f.r.error, -ECANCELED);
		assert_int_equal(f.n_data, 1);
		next = get("/echo");
		assert_fine(&next);
		kube_http_close(w.http);
		free(w.config.server);
	}
	w.http = NULL;
	w.config.server = NULL;
}

static void calls_can_be_cancelled_at_any_time(void **state)
{
	const struct kube_request r = {.path = "/stall"};
	struct fetch queued = {0}, running = {0}, next;

	(void)state;
	open_to("h2");
	start(&queued, &r);
	kube_http_cancel(queued.call);
	kube_http_cancel(NULL);
	start(&running, &r);
	run_until(&running.n_data, 1);
	kube_http_cancel(running.call);
	next = get("/echo");
	assert_fine(&next);
	assert_int_equal(queued.n_done + running.n_done, 0);
	assert_int_equal(queued.n_data, 0);
}

static void a_call_can_cancel_itself_from_data(void **state)
{
	const struct kube_request r = {.path = "/endless/200"};
	struct fetch f = {0}, next;

	(void)state;
	f.cancels = &f;
	open_to("h2");
	start(&f, &r);
	run_until(&f.n_data, 1);
	next = get("/echo");
	assert_fine(&next);
	assert_int_equal(f.n_data, 1);
	assert_int_equal(f.n_done, 0);
}

static void a_call_can_cancel_another_from_data(void **state)
{
	static const char *const servers[] = {"h1", "h2"};

	(void)state;
	for (int i = 0; i < 2; i++) {
		const struct kube_request stall = {.path = "/stall"};
		const struct kube_request echo = {.path = "/echo"};
		struct fetch other = {0}, third = {0}, f = {0};

		open_to(servers[i]);
		start(&other, &stall);
		start(&third, &stall);
		run_until(&other.n_data, 1);
		run_until(&third.n_data, 1);
		f.cancels = &other;
		start(&f, &echo);
		run_until(&f.n_done, 1);
		assert_fine(&f);
		run_for_ms(50);
		assert_int_equal(other.n_done, 0);
		assert_int_equal(third.n_done, 0);
		kube_http_close(w.http);
		free(w.config.server);
	}
	w.http = NULL;
	w.config.server = NULL;
}

/* All get their done() in the same round, or before: whatever the order, the
 * first ones cancel those behind them, themselves, and begin new calls. */
static void done_can_cancel_and_begin(void **state)
{
	const struct kube_request r = {.path = "/echo"};
	struct fetch f[20] = {0}, more[20] = {0};
	int ended = 0;

	(void)state;
	open_to("h2");
	for (int i = 0; i < 20; i++) {
		f[i].cancels = &f[i % 2 ? i : (i + 7) % 20];
		f[i].starts = &more[i];
		start(&f[i], &r);
	}
	for (int i = 0; i < 20; i++) {
		while (f[i].call)
			event_base_loop(w.base, EVLOOP_ONCE);
		ended += f[i].n_done;
		assert_in_range(f[i].n_done, 0, 1);
	}
	assert_in_range(ended, 10, 20);
	for (int i = 0; i < 20; i++) {
		if (f[i].n_done)
			run_until(&more[i].n_done, 1);
		assert_int_equal(more[i].n_done, f[i].n_done);
	}
}

static void all_can_be_closed_while_calls_run(void **state)
{
	const struct kube_request r = {.path = "/endless/200"};
	struct fetch f[10] = {0};

	(void)state;
	open_to("h2");
	for (int i = 0; i < 10; i++)
		start(&f[i], &r);
	run_until(&f[3].n_data, 2);
	kube_http_close(w.http);
	w.http = NULL;
	for (int i = 0; i < 10; i++)
		assert_int_equal(f[i].n_done, 0);
}

static void close_within(bool from_done)
{
	const struct kube_request endless = {.path = "/endless/200"};
	const struct kube_request echo = {.path = "/echo"};
	struct fetch other = {0}, f = {.closes_in_data = !from_done,
				       .closes_in_done = from_done};

	open_to("h1");
	start(&other, &endless);
	run_until(&other.n_data, 1);
	start(&f, &echo);
	run_until(from_done ? &f.n_done : &f.n_data, 1);
	assert_null(w.http);
	run_for_ms(50);
	assert_int_equal(other.n_done, 0);
	assert_int_equal(f.n_done, from_done);
	free(w.config.server);
	w.config.server = NULL;
}

static void all_can_be_closed_from_a_callback(void **state)
{
	(void)state;
	close_within(false);
	close_within(true);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		test(an_answer_that_ends_early_is_an_error),
		test(a_server_that_hangs_up_without_an_answer),
		test(silence_ends_at_the_idle_limit),
		test(a_request_ends_at_its_time_limit),
		test(a_silent_connection_gets_no_new_requests),
		test(a_server_that_never_answers_is_given_up_by_all),
		test(a_reader_can_stop),
		test(calls_can_be_cancelled_at_any_time),
		test(a_call_can_cancel_itself_from_data),
		test(a_call_can_cancel_another_from_data),
		test(done_can_cancel_and_begin),
		test(all_can_be_closed_while_calls_run),
		test(all_can_be_closed_from_a_callback),
	};

	return cmocka_run_group_tests(tests, start_server, stop_server);
}
