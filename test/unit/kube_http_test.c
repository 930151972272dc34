/* SPDX-License-Identifier: Apache-2.0 */
/* Requests to real servers (test/kube/http_server.py): TLS of both HTTP
 * versions, certificates good and bad, and all the ways in which an answer can
 * end early or never. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

#include "../../kube/http.h"
#include "../../lib/cleanup.h"
#include "../../lib/state.h"

/* ---- the server ------------------------------------------------------- */

static char dir[] = "/tmp/fairlead-http-XXXXXX";
static pid_t server;
static int server_stdin = -1;

static struct {
	char name[16];
	int port;
} ports[16];

static int start_server(void **state)
{
	int in[2], out[2], n = 0;
	char line[64];
	FILE *f;

	(void)state;
	if (!mkdtemp(dir) || pipe2(in, O_CLOEXEC) || pipe2(out, O_CLOEXEC))
		return -1;
	server = fork();
	if (!server) {
		dup2(in[0], 0);
		dup2(out[1], 1);
		execl("/usr/bin/python3", "python3", "test/kube/http_server.py",
		      dir, NULL);
		_exit(127);
	}
	close(in[0]);
	close(out[1]);
	server_stdin = in[1];
	f = fdopen(out[0], "r");
	while (n < 16 && fgets(line, sizeof(line), f) &&
	       sscanf(line, "%15s %d", ports[n].name, &ports[n].port) == 2)
		n++;
	fclose(f);
	return n ? 0 : -1;
}

static int stop_server(void **state)
{
	char command[128];

	(void)state;
	close(server_stdin); /* its sign to end */
	waitpid(server, NULL, 0);
	snprintf(command, sizeof(command), "rm -rf %s", dir);
	return system(command);
}

static int port_of(const char *name)
{
	for (size_t i = 0; i < 16; i++)
		if (!strcmp(ports[i].name, name))
			return ports[i].port;
	fail_msg("no server %s", name);
	return 0;
}

/* ---- a client --------------------------------------------------------- */

static struct event_base *base;
static struct kube_config config;
static struct kube_http *http;
static struct err err;

static char *format(const char *fmt, ...)
{
	va_list ap;
	char *text;

	va_start(ap, fmt);
	assert_true(vasprintf(&text, fmt, ap) >= 0);
	va_end(ap);
	return text;
}

static void copy_file(const char *from, const char *to)
{
	__cleanup(mem_free) char *source = format("%s/%s", dir, from);
	__cleanup(mem_free) char *target = format("%s/%s", dir, to);
	__cleanup(mem_free) char *data = NULL;
	size_t len;

	assert_int_equal(file_read(source, 1 << 20, &data, &len, NULL), 0);
	assert_int_equal(file_write_atomic(target, data, len, 0600, NULL), 0);
}

static void put_token(const char *token)
{
	__cleanup(mem_free) char *path = format("%s/token", dir);

	assert_int_equal(
		file_write_atomic(path, token, strlen(token), 0600, NULL), 0);
}

static int setup(void **state)
{
	(void)state;
	memset(&err, 0, sizeof(err));
	base = event_base_new();
	copy_file("ca.crt", "roots.crt");
	config.ca_file = format("%s/roots.crt", dir);
	return base ? 0 : -1;
}

static int teardown(void **state)
{
	(void)state;
	kube_http_close(http);
	http = NULL;
	event_base_free(base);
	kube_config_free(&config);
	return 0;
}

static void open_host(const char *scheme, const char *host, const char *name)
{
	config.server = format("%s://%s:%d", scheme, host, port_of(name));
	if (kube_http_open(base, &config, &http, &err))
		fail_msg("%s", err.msg);
}

static void open_to(const char *name)
{
	open_host("https", "127.0.0.1", name);
}

struct fetch {
	struct kube_result r;
	struct kube_call *call;
	size_t len;
	char body[4096]; /* the first of it */
	int n_done, n_data;
	/* What data() or done() are to do. */
	struct fetch *cancels;
	bool stops, closes_in_data, closes_in_done;
	struct fetch *starts;
};

static void start(struct fetch *f, const struct kube_request *r);

/* The pointer of a call is no good once it has ended. */
static void cancel(struct fetch *f)
{
	kube_http_cancel(f->call);
	f->call = NULL;
}

static void close_http(void)
{
	kube_http_close(http);
	http = NULL;
}

static int on_data(const char *data, size_t len, void *arg)
{
	struct fetch *f = arg;

	assert_int_equal(f->n_done, 0);
	f->n_data++;
	for (size_t i = 0; i < len; i++, f->len++)
		if (f->len + 1 < sizeof(f->body))
			f->body[f->len] = data[i];
	if (f->cancels)
		cancel(f->cancels);
	if (f->closes_in_data)
		close_http();
	return f->stops;
}

static void on_done(const struct kube_result *r, void *arg)
{
	struct fetch *f = arg;
	const struct kube_request again = {.path = "/echo"};

	f->r = *r;
	f->n_done++;
	if (f->cancels)
		cancel(f->cancels);
	f->call = NULL;
	if (f->starts)
		start(f->starts, &again);
	if (f->closes_in_done)
		close_http();
}

static void start(struct fetch *f, const struct kube_request *r)
{
	struct kube_request request = *r;

	request.data = on_data;
	request.done = on_done;
	request.arg = f;
	f->call = kube_http_start(http, &request);
	assert_int_equal(f->n_done, 0);
}

static void give_up(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	*(bool *)arg = true;
}

/* Lets the loop run until *n is at least want; it is broken after 30 s. */
static void run_until(const int *n, int want)
{
	struct timeval tv = {.tv_sec = 30};
	bool over = false;
	struct event *guard = evtimer_new(base, give_up, &over);

	event_add(guard, &tv);
	while (*n < want && !over)
		event_base_loop(base, EVLOOP_ONCE);
	event_free(guard);
	assert_false(over);
}

static void run_for_ms(int ms)
{
	struct timeval tv = {.tv_sec = ms / 1000, .tv_usec = ms % 1000 * 1000};
	bool over = false;
	struct event *guard = evtimer_new(base, give_up, &over);

	event_add(guard, &tv);
	while (!over)
		event_base_loop(base, EVLOOP_ONCE);
	event_free(guard);
}

static struct fetch get(const char *path)
{
	const struct kube_request r = {.path = path, .idle = 20};
	struct fetch f = {0};

	start(&f, &r);
	run_until(&f.n_done, 1);
	return f;
}

static void assert_says(const char *text, const char *what)
{
	if (!strstr(text, what))
		fail_msg("\"%s\" does not say \"%s\"", text, what);
}

static void assert_says_not(const char *text, const char *what)
{
	if (strstr(text, what))
		fail_msg("\"%s\" says \"%s\"", text, what);
}

static void assert_fine(const struct fetch *f)
{
	if (f->r.error || f->r.status != 200)
		fail_msg("status %d, error %d: %s", f->r.status, f->r.error,
			 f->r.message);
	assert_string_equal(f->r.message, "");
	assert_true(f->r.retry_after < 0);
}

static void assert_fails(const char *path, int error, const char *sentence)
{
	struct fetch f = get(path);

	assert_int_equal(f.n_done, 1);
	if (f.r.error != error)
		fail_msg("error %d: %s", f.r.error, f.r.message);
	assert_says(f.r.message, sentence);
}

static int connection_of(const struct fetch *f)
{
	const char *at = strstr(f->body, "connection: ");

	assert_non_null(at);
	return atoi(at + strlen("connection: "));
}

/* ---- requests --------------------------------------------------------- */

static void a_request_says_who_asks_for_what(void **state)
{
	struct fetch f;

	(void)state;
	config.token = strdup("secret");
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
		kube_http_close(http);
		free(config.server);
	}
	http = NULL;
	config.server = NULL;
}

static void a_prefix_of_the_server_is_kept(void **state)
{
	struct fetch f;

	(void)state;
	config.server =
		format("https://127.0.0.1:%d/echo/cluster-1/", port_of("h2"));
	assert_int_equal(kube_http_open(base, &config, &http, &err), 0);
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
	kube_http_close(http);
	http = NULL;
	free(config.server);
	config.server = strdup("http://10.0.0.1");
	assert_int_equal(kube_http_open(base, &config, &http, &err), -EPERM);
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
	config.server = strdup("https://127.0.0.1:1");
	assert_int_equal(kube_http_open(base, &config, &http, &err), 0);
	assert_fails("/echo", -ECONNREFUSED, "Failed to connect");
}

static void an_unknown_name_is_said(void **state)
{
	(void)state;
	config.server = strdup("https://nowhere.invalid");
	assert_int_equal(kube_http_open(base, &config, &http, &err), 0);
	assert_fails("/echo", -EHOSTUNREACH, "nowhere.invalid");
}

/* ---- who we are ------------------------------------------------------- */

static void a_token_that_rotates_is_read_again(void **state)
{
	struct fetch f;

	(void)state;
	put_token("first\n");
	config.token_file = format("%s/token", dir);
	open_to("h2");
	f = get("/echo");
	assert_says(f.body, "Bearer first\n");
	put_token("second");
	f = get("/echo");
	assert_says(f.body, "Bearer second\n");
	unlink(config.token_file);
	assert_fails("/echo", -ENOENT, "token");
	put_token("third");
	f = get("/echo");
	assert_says(f.body, "Bearer third\n");
}

static void use_client(const char *name)
{
	__cleanup(mem_free) char *cert = format("%s.crt", name);
	__cleanup(mem_free) char *key = format("%s.key", name);

	copy_file(cert, "me.crt");
	copy_file(key, "me.key");
}

static void a_client_certificate_is_shown_and_rotates(void **state)
{
	struct fetch f;

	(void)state;
	use_client("client");
	config.cert_file = format("%s/me.crt", dir);
	config.key_file = format("%s/me.key", dir);
	open_to("client");
	f = get("/echo");
	assert_fine(&f);
	assert_says(f.body, "peer: client\n");
	use_client("client2");
	f = get("/echo");
	assert_fine(&f);
	assert_says(f.body, "peer: client2\n");
	copy_file("good.crt", "me.crt"); /* and not yet its key */
	assert_fails("/echo", -EACCES, "client certificate and key");
}

static void a_client_certificate_can_be_inline(void **state)
{
	__cleanup(mem_free) char *cert = format("%s/client.crt", dir);
	__cleanup(mem_free) char *key = format("%s/client.key", dir);
	struct fetch f;

	(void)state;
	assert_int_equal(
		file_read(cert, 1 << 20, &config.cert_data, NULL, NULL), 0);
	assert_int_equal(file_read(key, 1 << 20, &config.key_data, NULL, NULL),
			 0);
	config.ca_data = NULL;
	assert_int_equal(
		file_read(config.ca_file, 1 << 20, &config.ca_data, NULL, NULL),
		0);
	free(config.ca_file);
	config.ca_file = NULL;
	open_to("client");
	f = get("/echo");
	assert_fine(&f);
	assert_says(f.body, "peer: client\n");
}

static void a_client_certificate_that_is_missing_is_said(void **state)
{
	(void)state;
	open_to("client");
	assert_fails("/echo", -EACCES, "certificate required");
}

/* ---- who the server is ------------------------------------------------ */

static void a_server_of_another_authority_is_refused(void **state)
{
	(void)state;
	open_to("moved");
	assert_fails("/echo", -EACCES, "certificate authority");
}

static void an_expired_certificate_is_refused(void **state)
{
	(void)state;
	open_to("expired");
	assert_fails("/echo", -EACCES, "certificate has expired");
}

static void a_certificate_for_another_name_is_refused(void **state)
{
	(void)state;
	open_to("elsewhere");
	assert_fails("/echo", -EACCES, "127.0.0.1");
}

static void the_system_does_not_know_this_authority(void **state)
{
	(void)state;
	free(config.ca_file);
	config.ca_file = NULL;
	open_to("h2");
	assert_fails("/echo", -EACCES, "certificate");
}

static void a_tls_server_name_is_what_is_verified(void **state)
{
	static const char *const wrong = "kubernetes.other";
	struct fetch f;

	(void)state;
	config.tls_server_name = strdup("kubernetes.default");
	open_to("elsewhere");
	f = get("/echo");
	assert_fine(&f);
	assert_says(f.body, ":authority: 127.0.0.1:");
	kube_http_close(http);
	free(config.server);
	free(config.tls_server_name);
	config.tls_server_name = strdup(wrong);
	open_to("elsewhere");
	assert_fails("/echo", -EACCES, wrong);
}

static void an_authority_that_rotates_counts_at_once(void **state)
{
	struct fetch f;

	(void)state;
	open_to("h2");
	f = get("/echo");
	assert_fine(&f);
	/* The connection of before is there, and must not be used. */
	copy_file("other-ca.crt", "roots.crt");
	assert_fails("/echo", -EACCES, "certificate");
	copy_file("ca.crt", "roots.crt");
	f = get("/echo");
	assert_fine(&f);
	unlink(config.ca_file);
	assert_fails("/echo", -ENOENT, "certificate authority");
}

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
	kube_http_stats(http, &stats);
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
		kube_http_close(http);
		free(config.server);
	}
	http = NULL;
	config.server = NULL;
}

static void a_proxy_is_used_as_configured(void **state)
{
	__cleanup(mem_free) char *log = format("%s/proxy.log", dir);
	__cleanup(mem_free) char *want =
		format("CONNECT 127.0.0.1:%d\n", port_of("h2"));
	__cleanup(mem_free) char *said = NULL;
	struct fetch f;

	(void)state;
	unlink(log);
	setenv("NO_PROXY", "127.0.0.1", 1); /* is about the environment's */
	config.proxy_url = format("http://127.0.0.1:%d", port_of("proxy"));
	open_to("h2");
	f = get("/echo");
	unsetenv("NO_PROXY");
	assert_fine(&f);
	assert_says_not(f.body, "proxy");
	assert_int_equal(file_read(log, 4096, &said, NULL, &err), 0);
	assert_string_equal(said, want);
}

static void a_proxy_of_the_environment_is_used(void **state)
{
	__cleanup(mem_free) char *log = format("%s/proxy.log", dir);
	__cleanup(mem_free) char *url =
		format("http://127.0.0.1:%d", port_of("proxy"));
	__cleanup(mem_free) char *want =
		format("CONNECT 127.0.0.1:%d\n", port_of("elsewhere"));
	__cleanup(mem_free) char *said = NULL;
	struct fetch f;

	(void)state;
	unlink(log);
	setenv("HTTPS_PROXY", url, 1);
	config.tls_server_name = strdup("kubernetes.default");
	open_to("elsewhere");
	f = get("/echo");
	unsetenv("HTTPS_PROXY");
	assert_fine(&f);
	assert_int_equal(file_read(log, 4096, &said, NULL, &err), 0);
	assert_string_equal(said, want);
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
		kube_http_close(http);
		free(config.server);
	}
	http = NULL;
	config.server = NULL;
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
		kube_http_close(http);
		free(config.server);
	}
	http = NULL;
	config.server = NULL;
}

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
		kube_http_close(http);
		free(config.server);
	}
	http = NULL;
	config.server = NULL;
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
		kube_http_close(http);
		free(config.server);
	}
	http = NULL;
	config.server = NULL;
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
	config.server = format("https://127.0.0.1:%d", ntohs(addr.sin_port));
	assert_int_equal(kube_http_open(base, &config, &http, &err), 0);
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
		kube_http_close(http);
		free(config.server);
	}
	http = NULL;
	config.server = NULL;
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
		kube_http_close(http);
		free(config.server);
	}
	http = NULL;
	config.server = NULL;
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
			event_base_loop(base, EVLOOP_ONCE);
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
	kube_http_close(http);
	http = NULL;
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
	assert_null(http);
	run_for_ms(50);
	assert_int_equal(other.n_done, 0);
	assert_int_equal(f.n_done, from_done);
	free(config.server);
	config.server = NULL;
}

static void all_can_be_closed_from_a_callback(void **state)
{
	(void)state;
	close_within(false);
	close_within(true);
}

#define test(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

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
		test(a_token_that_rotates_is_read_again),
		test(a_client_certificate_is_shown_and_rotates),
		test(a_client_certificate_can_be_inline),
		test(a_client_certificate_that_is_missing_is_said),
		test(a_server_of_another_authority_is_refused),
		test(an_expired_certificate_is_refused),
		test(a_certificate_for_another_name_is_refused),
		test(the_system_does_not_know_this_authority),
		test(a_tls_server_name_is_what_is_verified),
		test(an_authority_that_rotates_counts_at_once),
		test(a_hundred_streams_share_a_connection),
		test(a_hundred_requests_over_http1),
		test(connections_are_used_again),
		test(connections_are_used_again_beside_watches),
		test(large_answers_come_compressed),
		test(a_proxy_is_used_as_configured),
		test(a_proxy_of_the_environment_is_used),
		test(refusals_say_why_and_when_to_come_back),
		test(what_is_no_status_is_shown_cut_and_clean),
		test(a_redirect_is_not_followed),
		test(headers_and_error_bodies_are_bounded),
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
