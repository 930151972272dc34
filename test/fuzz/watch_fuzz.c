/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A whole API server: what it answers to the lists and watches of each
 *resource, part by part, and how each answer ends.
 *
 *	@@ pods 200
 *	{"metadata":{"resourceVersion":"7"},"items":[...]}
 *	@@ pods 200 open
 *	{"type":"ADDED","object":{...}}
 *	@@ nodes 410
 *
 * The status may be followed by "open" (more is to come), "broken" (the
 * connection is) or nothing (that was all). It goes to the request that is open
 * for the resource, cut at random places.
 */
#include "fuzz.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../../agent/shared.h"
#include "../../agent/source_kube.h"
#include "../../lib/cleanup.h"
#include "../../lib/json.h"
#include "node.h"

/* ---- the transport --------------------------------------------------- */

enum { CALLS_MAX = 512 };

struct kube_call {
	bool open;
	char path[20000];
	struct kube_request request;
};

static struct kube_call *calls[CALLS_MAX];
static int n_calls;

static struct kube_call *start(void *self, const struct kube_request *r)
{
	struct kube_call *c;

	(void)self;
	if (n_calls == CALLS_MAX)
		return NULL;
	c = malloc(sizeof(*c));
	fuzz_check(c && strlen(r->path) < sizeof(c->path));
	/* It becomes a line of a request. */
	fuzz_check(!strpbrk(r->path, " \r\n"));
	c->open = true;
	c->request = *r;
	strcpy(c->path, r->path);
	calls[n_calls++] = c;
	return c;
}

static void cancel(struct kube_call *c)
{
	c->open = false;
}

static const struct kube_transport transport = {start, cancel, NULL};

static struct kube_call *find(enum resource r)
{
	const char *path = source_kube_resource(r)->path;
	size_t len = strlen(path);

	for (int i = n_calls; i--;)
		if (calls[i]->open && !strncmp(calls[i]->path, path, len) &&
		    strchr("?", calls[i]->path[len]))
			return calls[i];
	return NULL;
}

/* ---- answers --------------------------------------------------------- */

static struct event_base *base;

static void turn(void)
{
	for (int i = 0; i < 3; i++)
		event_base_loop(base, EVLOOP_NONBLOCK);
}

static int find_resource(const char *name, enum resource *out)
{
	for (int r = 0; r < RESOURCE_MAX; r++)
		if (!strcmp(name, source_kube_resource(r)->name)) {
			*out = r;
			return 0;
		}
	return -ENOENT;
}

/* What data() says of it, -ENOENT: the call is gone. */
static int send_body(struct kube_call *c, const char *text, size_t size)
{
	size_t at = 0, len;
	int ret = 0;

	while (at < size && c->open && !ret) {
		__cleanup(mem_free) char *piece = NULL;

		len = 1 + fuzz_random() % 256;
		len = len < size - at ? len : size - at;
		piece = malloc(len);
		memcpy(piece, text + at, len);
		ret = c->request.data(piece, len, c->request.arg);
		at += len;
	}
	return c->open ? ret : -ENOENT;
}

static void answer(const struct fuzz_part *part)
{
	struct kube_result result = {.retry_after = -1};
	char name[64] = "", how[16] = "";
	struct kube_call *c;
	enum resource r;
	int ret = 0;

	sscanf(part->title, "%63s %d %15s", name, &result.status, how);
	if (find_resource(name, &r) || !(c = find(r)))
		return;
	if (result.status / 100 == 2) {
		if (c->request.accepted)
			c->request.accepted(c->request.arg);
		if (c->open)
			ret = send_body(c, part->text, part->len);
	} else if (part->len < sizeof(result.message) &&
		   utf8_is_valid(part->text, part->len)) {
		strcpy(result.message, part->text); /* kube_http's are, too */
	}
	if (!c->open || (!ret && !strcmp(how, "open")))
		return;
	if (ret)
		result.error = -ECANCELED;
	else if (!strcmp(how, "broken"))
		result.error = -EPIPE;
	c->open = false;
	c->request.done(&result, c->request.arg);
}

/* ---- what must hold -------------------------------------------------- */

static void changed(void *arg)
{
	(void)arg;
}

static void check_source(struct source *s)
{
	__cleanup(json_free) cJSON *told = cJSON_CreateObject(), *again = NULL;
	__cleanup(mem_free) char *text = NULL;
	struct evbuffer *metrics = evbuffer_new();
	struct problems problems = {0};
	struct err e;

	s->ops->problems(s, &problems);
	s->ops->describe(s, told);
	text = json_print(told, false);
	fuzz_check(!json_parse("told", text, strlen(text), &again, &e));
	s->ops->metrics(s, metrics);
	fuzz_check(evbuffer_get_length(metrics) > 0);
	if (!s->ops->is_complete(s))
		fuzz_check(*s->ops->waiting(s));
	fuzz_node_compute(s->ops->model(s));
	problems_free(&problems);
	evbuffer_free(metrics);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct config config;
	struct fuzz_input in;
	struct source *source;

	fuzz_quiet();
	fuzz_seed(data, size);
	fuzz_split(data, size, &in);
	config_defaults(&config);
	strcpy(config.node_name, "node-a");
	strcpy(config.kubeconfig, "in-cluster");
	base = event_base_new();
	source = source_kube_new(base, &config, &transport,
				 "https://api.test:443", changed, NULL);
	turn();
	for (size_t i = 0; i < in.n; i++) {
		answer(&in.parts[i]);
		turn();
	}
	check_source(source);
	source_close(source);
	event_base_free(base);
	fuzz_input_free(&in);
	fuzz_node_forget();
	while (n_calls)
		free(calls[--n_calls]);
	fuzz_check(shared_count() == 0);
	return 0;
}
