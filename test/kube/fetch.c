/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One request by kube/http, for tests and figures: the body to standard
 * output, how it ended and the resident memory on the way to standard error.
 *
 * usage: fetch KUBECONFIG PATH
 */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "../../kube/http.h"

static struct event_base *base;
static struct kube_http *http;

static void say_memory(const char *when)
{
	FILE *f = fopen("/proc/self/status", "re");
	char line[128];

	while (f && fgets(line, sizeof(line), f))
		if (!strncmp(line, "VmRSS:", 6) ||
		    !strncmp(line, "RssAnon:", 8))
			fprintf(stderr, "%s %s", when, line);
	if (f)
		fclose(f);
}

static int on_data(const char *data, size_t len, void *arg)
{
	static int said;

	(void)arg;
	if (!said++)
		say_memory("connected");
	return write(1, data, len) < 0;
}

static void on_done(const struct kube_result *r, void *arg)
{
	struct kube_http_stats stats;

	kube_http_stats(http, &stats);
	fprintf(stderr,
		"status=%d error=%s version=%d connections=%llu bytes=%llu message=\"%s\"\n",
		r->status, r->error ? strerror(-r->error) : "none",
		stats.http_version, stats.connections, r->bytes, r->message);
	*(int *)arg = r->error || r->status != 200;
	event_base_loopbreak(base);
}

int main(int argc, char **argv)
{
	struct kube_config config = {0};
	struct kube_request request = {.data = on_data, .done = on_done};
	struct err err = {0};
	int failed = 1;

	if (argc != 3)
		return 2;
	base = event_base_new();
	say_memory("before");
	if (kube_config_read(argv[1], "", &config, &err) ||
	    kube_http_open(base, &config, &http, &err)) {
		fprintf(stderr, "%s\n", err.msg);
		return 1;
	}
	say_memory("loaded");
	request.path = argv[2];
	request.arg = &failed;
	kube_http_start(http, &request);
	event_base_dispatch(base);
	kube_http_close(http);
	kube_config_free(&config);
	event_base_free(base);
	return failed;
}
