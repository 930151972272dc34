/* SPDX-License-Identifier: Apache-2.0 */
/* Requests to real servers, and what they answer. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "../../lib/cleanup.h"
#include "../../lib/state.h"
#include "kube_http_world.h"

/* ---- requests --------------------------------------------------------- */

static void a_request_says_who_asks_for_what(void **state)
{
	struct fetch f;

	(void)state;
	w.config.token = strdup("secret");
	open_to("h2");
	f = get("/echo?limit=500");
	assert_fine(&f);
	assert_says(f.body, "GET /echo?limit=500\n");
	assert_says(f.body, "authorization: Bearer secret\n");
	assert_says(f.body, "accept: application/json\n");
	assert_says(f.body, "accept-encoding: gzip\n");
	assert_says(f.body,
		    "user-agent: fairlead-agent/" FAIRLEAD_VERSION " (linux/");
	assert_int_equal(f.r.bytes, f.len);
	f = get("/echo?watch=true");
	assert_says_not(f.body, "accept-encoding");
	f = get("/echo?a=b&watch=1");
	assert_says_not(f.body, "accept-encoding");
}

static void a_patch_has_a_body_and_its_type(void **state)
{
	const struct kube_request r = {
		.method = "PATCH",
		.path = "/echo",
		.body = "{\"a\":1}",
		.content_type = "application/merge-patch+json",
	};
	static const char *const servers[] = {"h1", "h2"};

	(void)state;
	for (int i = 0; i < 2; i++) {
		struct fetch f = {0};

		open_to(servers[i]);
		start(&f, &r);
		run_until(&f.n_done, 1);
		assert_fine(&f);
		assert_says(f.body, "PATCH /echo\n");
		assert_says(f.body,
			    "content-type: application/merge-patch+json\n");
		assert_says(f.body, "\n{\"a\":1}");
		kube_http_close(w.http);
		free(w.config.server);
	}
	w.http = NULL;
	w.config.server = NULL;
}

static void a_prefix_of_the_server_is_kept(void **state)
{
	struct fetch f;

	(void)state;
	w.config.server =
		format("https://127.0.0.1:%d/echo/cluster-1/", port_of("h2"));
	assert_int_equal(kube_http_open(w.base, &w.config, &w.http, &w.err), 0);
	f = get("/api");
	assert_says(f.body, "GET /echo/cluster-1/api\n");
}

static void plain_http_is_for_this_machine(void **state)
{
	struct fetch f;

	(void)state;
	setenv("http_proxy", "http://127.0.0.1:1", 1);
	open_host("http", "127.0.0.1", "plain");
	f = get("/echo");
	unsetenv("http_proxy");
	assert_fine(&f);
	kube_http_close(w.http);
	w.http = NULL;
	free(w.config.server);
	w.config.server = strdup("http://10.0.0.1");
	assert_int_equal(kube_http_open(w.base, &w.config, &w.http, &w.err),
			 -EPERM);
}

static void an_ipv6_address_is_reached(void **state)
{
	struct fetch f;

	(void)state;
	open_host("https", "[::1]", "v6");
	f = get("/echo");
	assert_fine(&f);
	assert_says(f.body, ":authority: [::1]:");
}

static void nobody_listening_is_refused(void **state)
{
	(void)state;
	w.config.server = strdup("https://127.0.0.1:1");
	assert_int_equal(kube_http_open(w.base, &w.config, &w.http, &w.err), 0);
	assert_fails("/echo", -ECONNREFUSED, "Failed to connect");
}

static void an_unknown_name_is_said(void **state)
{
	(void)state;
	w.config.server = strdup("https://nowhere.invalid");
	assert_int_equal(kube_http_open(w.base, &w.config, &w.http, &w.err), 0);
	assert_fails("/echo", -EHOSTUNREACH, "nowhere.invalid");
}

/* ---- what the server says --------------------------------------------- */

static void assert_answer(const char *path, int status, const char *message,
			  double retry_min, double retry_max)
{
	struct fetch f = get(path);

	assert_int_equal(f.r.error, 0);
	assert_int_equal(f.r.status, status);
	assert_string_equal(f.r.message, message);
	assert_int_equal(f.n_data, 0);
	if (f.r.retry_after < retry_min || f.r.retry_after > retry_max)
		fail_msg("%s: retry after %g", path, f.r.retry_after);
}

static void refusals_say_why_and_when_to_come_back(void **state)
{
	static const char *const servers[] = {"h1", "h2"};

	(void)state;
	for (int i = 0; i < 2; i++) {
		open_to(servers[i]);
		assert_answer("/status/401/Unauthorized", 401,
			      "Unauthorized: it is unauthorized", -1, -1);
		assert_answer("/status/403/Forbidden", 403,
			      "Forbidden: it is forbidden", -1, -1);
		assert_answer("/status/410/Expired", 410,
			      "Expired: it is expired", -1, -1);
		assert_answer("/status/429/TooManyRequests?7", 429,
			      "TooManyRequests: it is toomanyrequests", 7, 7);
		assert_answer("/status/503/Unavailable?0", 503,
			      "Unavailable: it is unavailable", 0, 0);
		assert_answer("/status/503/Unavailable?date", 503,
			      "Unavailable: it is unavailable", 60, 101);
		assert_answer("/status/503/Unavailable?past", 503,
			      "Unavailable: it is unavailable", 0, 0);
		assert_answer("/status/503/Unavailable?-5", 503,
			      "Unavailable: it is unavailable", -1, -1);
		assert_answer("/status/503/Unavailable?soon", 503,
			      "Unavailable: it is unavailable", -1, -1);
		kube_http_close(w.http);
		free(w.config.server);
	}
	w.http = NULL;
	w.config.server = NULL;
}

static void what_is_no_status_is_shown_cut_and_clean(void **state)
{
	struct fetch f;

	(void)state;
	open_to("h2");
	f = get("/text/502");
	assert_int_equal(f.r.error, 0);
	assert_says(f.r.message, "HTTP 502: no  json here: \u00e9\u00e9");
	assert_true(strlen(f.r.message) > 200);
	assert_says_not(f.r.message, "?");
	assert_int_equal(f.n_data, 0);
}

static void a_redirect_is_not_followed(void **state)
{
	struct fetch f;

	(void)state;
	open_to("h1");
	f = get("/redirect");
	assert_int_equal(f.r.status, 302);
	assert_int_equal(f.r.error, 0);
	assert_says(f.r.message, "points to https://127.0.0.1:1/elsewhere");
}

static void headers_and_error_bodies_are_bounded(void **state)
{
	static const char *const servers[] = {"h1", "h2"};

	(void)state;
	for (int i = 0; i < 2; i++) {
		struct fetch f;

		open_to(servers[i]);
		f = get("/headers");
		assert_int_equal(f.r.error, -EPROTO);
		f = get("/endless/500");
		assert_int_equal(f.r.error, 0);
		assert_int_equal(f.r.status, 500);
		assert_says(f.r.message, "HTTP 500: xxxx");
		kube_http_close(w.http);
		free(w.config.server);
	}
	w.http = NULL;
	w.config.server = NULL;
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		test(a_request_says_who_asks_for_what),
		test(a_patch_has_a_body_and_its_type),
		test(a_prefix_of_the_server_is_kept),
		test(plain_http_is_for_this_machine),
		test(an_ipv6_address_is_reached),
		test(nobody_listening_is_refused),
		test(an_unknown_name_is_said),
		test(refusals_say_why_and_when_to_come_back),
		test(what_is_no_status_is_shown_cut_and_clean),
		test(a_redirect_is_not_followed),
		test(headers_and_error_bodies_are_bounded),
	};

	return cmocka_run_group_tests(tests, start_server, stop_server);
}
