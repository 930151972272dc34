/* SPDX-License-Identifier: Apache-2.0 */
/* How many connections there are, to whom, and what goes over them. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "../../lib/cleanup.h"
#include "../../lib/state.h"
#include "kube_http_world.h"

/* ---- connections ------------------------------------------------------ */

static void many_at_once(const char *name, int n, int most_connections,
			 int version)
{
	struct fetch *f = calloc((size_t)n, sizeof(*f));
	const struct kube_request r = {.path = "/echo", .idle = 20};
	struct kube_http_stats stats;

	open_to(name);
	for (int i = 0; i < n; i++)
		start(&f[i], &r);
	for (int i = 0; i < n; i++) {
		run_until(&f[i].n_done, 1);
		assert_fine(&f[i]);
		assert_int_equal(f[i].n_done, 1);
	}
	kube_http_stats(w.http, &stats);
	assert_int_equal(stats.requests, n);
	assert_int_equal(stats.http_version, version);
	assert_in_range(stats.connections, 1, most_connections);
	assert_true(stats.bytes_in >= (unsigned long long)n * f[0].len);
	free(f);
}

static void a_hundred_streams_share_a_connection(void **state)
{
	(void)state;
	many_at_once("h2", 100, 1, 20);
}

static void a_hundred_requests_over_http1(void **state)
{
	(void)state;
	many_at_once("h1", 100, 100, 11);
}

static void connections_are_used_again(void **state)
{
	struct fetch a, b;

	(void)state;
	open_to("h1");
	a = get("/echo");
	b = get("/echo");
	assert_int_equal(connection_of(&a), connection_of(&b));
}

/* Over HTTP/1.1 each watch keeps its connection to itself. */
static void connections_are_used_again_beside_watches(void **state)
{
	const struct kube_request stall = {.path = "/stall"};
	struct fetch watches[10] = {0}, a, b;

	(void)state;
	open_to("h1");
	for (int i = 0; i < 10; i++)
		start(&watches[i], &stall);
	for (int i = 0; i < 10; i++)
		run_until(&watches[i].n_data, 1);
	a = get("/echo");
	b = get("/echo");
	assert_int_equal(connection_of(&a), connection_of(&b));
}

static void large_answers_come_compressed(void **state)
{
	static const char *const servers[] = {"h1", "h2"};

	(void)state;
	for (int i = 0; i < 2; i++) {
		struct fetch f;

		open_to(servers[i]);
		f = get("/big");
		assert_fine(&f);
		assert_int_equal(f.len, 1 << 20);
		assert_memory_equal(f.body, "0123456789abcdef0123", 20);
		assert_in_range(f.r.bytes, 100, 1 << 16);
		f = get("/big?watch=true");
		assert_fine(&f);
		assert_int_equal(f.len, 1 << 20);
		assert_int_equal(f.r.bytes, 1 << 20);
		kube_http_close(w.http);
		free(w.config.server);
	}
	w.http = NULL;
	w.config.server = NULL;
}

static void a_proxy_is_used_as_configured(void **state)
{
	__cleanup(mem_free) char *log = format("%s/proxy.log", w.dir);
	__cleanup(mem_free) char *want =
		format("CONNECT 127.0.0.1:%d\n", port_of("h2"));
	__cleanup(mem_free) char *said = NULL;
	struct fetch f;

	(void)state;
	unlink(log);
	setenv("NO_PROXY", "127.0.0.1", 1); /* is about the environment's */
	w.config.proxy_url = format("http://127.0.0.1:%d", port_of("proxy"));
	open_to("h2");
	f = get("/echo");
	unsetenv("NO_PROXY");
	assert_fine(&f);
	assert_says_not(f.body, "proxy");
	assert_int_equal(file_read(log, 4096, &said, NULL, &w.err), 0);
	assert_string_equal(said, want);
}

static void a_proxy_of_the_environment_is_used(void **state)
{
	__cleanup(mem_free) char *log = format("%s/proxy.log", w.dir);
	__cleanup(mem_free) char *url =
		format("http://127.0.0.1:%d", port_of("proxy"));
	__cleanup(mem_free) char *want =
		format("CONNECT 127.0.0.1:%d\n", port_of("elsewhere"));
	__cleanup(mem_free) char *said = NULL;
	struct fetch f;

	(void)state;
	unlink(log);
	setenv("HTTPS_PROXY", url, 1);
	w.config.tls_server_name = strdup("kubernetes.default");
	open_to("elsewhere");
	f = get("/echo");
	unsetenv("HTTPS_PROXY");
	assert_fine(&f);
	assert_int_equal(file_read(log, 4096, &said, NULL, &w.err), 0);
	assert_string_equal(said, want);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		test(a_hundred_streams_share_a_connection),
		test(a_hundred_requests_over_http1),
		test(connections_are_used_again),
		test(connections_are_used_again_beside_watches),
		test(large_answers_come_compressed),
		test(a_proxy_is_used_as_configured),
		test(a_proxy_of_the_environment_is_used),
	};

	return cmocka_run_group_tests(tests, start_server, stop_server);
}
