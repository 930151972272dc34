/* SPDX-License-Identifier: Apache-2.0 */
#include "source_kube_world.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

int n_calls;
struct event_base *base;
struct config source_config;
struct source *source;
int news;

/* ---- the transport -------------------------------------------------- */

struct kube_call calls[CALLS_MAX];

static struct kube_call *start(void *self, const struct kube_request *r)
{
	struct kube_call *c = &calls[n_calls++];

	(void)self;
	assert_true(n_calls < CALLS_MAX);
	c->open = true;
	c->request = *r;
	snprintf(c->method, sizeof(c->method), "%s",
		 r->method ? r->method : "GET");
	snprintf(c->path, sizeof(c->path), "%s", r->path);
	snprintf(c->body, sizeof(c->body), "%s", r->body ? r->body : "");
	return c;
}

static void cancel(struct kube_call *c)
{
	c->open = false;
}

static const struct kube_transport transport = {start, cancel, NULL};

/* ---- the source ----------------------------------------------------- */

static void changed(void *arg)
{
	(void)arg;
	news++;
}

void turn(void)
{
	for (int i = 0; i < 20; i++)
		event_base_loop(base, EVLOOP_NONBLOCK);
}

/* Until a second has gone by, or there is news. */
void turn_until_news(void)
{
	const struct timespec nap = {0, 5000000};

	for (int i = 0; i < 400 && !news; i++) {
		turn();
		nanosleep(&nap, NULL);
	}
}

void open_source(void)
{
	source = source_kube_new(base, &source_config, &transport,
				 "https://api.test:443", changed, NULL);
	turn();
}

int source_setup(void **state)
{
	(void)state;
	memset(calls, 0, sizeof(calls));
	n_calls = news = 0;
	base = event_base_new();
	config_defaults(&source_config);
	strcpy(source_config.node_name, "node-a");
	strcpy(source_config.kubeconfig, "in-cluster");
	return 0;
}

int source_teardown(void **state)
{
	(void)state;
	source_close(source);
	source = NULL;
	event_base_free(base);
	return 0;
}

/* ---- what the server says ------------------------------------------- */

/* The open request for the path, NULL: there is none. */
struct kube_call *find(const char *path, bool watch)
{
	size_t len = strlen(path);

	for (int i = n_calls; i--;) {
		struct kube_call *c = &calls[i];

		if (c->open && !strncmp(c->path, path, len) &&
		    (c->path[len] == '?' || !c->path[len]) &&
		    !strstr(c->path, "watch=") == !watch)
			return c;
	}
	return NULL;
}

struct kube_call *expect(const char *path, bool watch)
{
	struct kube_call *c = find(path, watch);

	if (!c)
		fail_msg("%s of %s is not asked for",
			 watch ? "a watch" : "a list", path);
	return c;
}

void finish(struct kube_call *c, int status, int error, const char *message)
{
	struct kube_result r = {
		.status = status, .error = error, .retry_after = -1};

	snprintf(r.message, sizeof(r.message), "%s", message);
	c->open = false;
	c->request.done(&r, c->request.arg);
	turn();
}

void send_text(struct kube_call *c, const char *text)
{
	assert_int_equal(c->request.data(text, strlen(text), c->request.arg),
			 0);
	turn();
}

/* A whole list. */
void list(const char *path, const char *items)
{
	struct kube_call *c = expect(path, false);
	char text[4096];

	snprintf(text, sizeof(text),
		 "{\"metadata\":{\"resourceVersion\":\"10\"},\"items\":[%s]}",
		 items);
	send_text(c, text);
	finish(c, 200, 0, "");
}

void refuse_list(const char *path, int status)
{
	finish(expect(path, false), status, 0, "");
}

/* Events of an open watch, in one piece. */
void tell(const char *path, const char *events)
{
	send_text(expect(path, true), events);
}

void list_all(void)
{
	list(NODES, NODE_A "," NODE_B);
	list(NAMESPACES, "{\"metadata\":{\"name\":\"default\"}}");
	list(PODS, POD_AT("web", "5", "10.1.0.5"));
	list(POLICIES, "");
	refuse_list(CLUSTER, 404);
}

void open_whole(void)
{
	open_source();
	list_all();
	assert_true(source->ops->is_complete(source));
	news = 0;
}

const struct model *source_model(void)
{
	return source->ops->model(source);
}

bool has_pod(const char *name)
{
	return model_find(source_model(), OBJECT_POD, "default", name);
}

void assert_problem(const char *sentence)
{
	struct problems p = {0};
	bool found = false;

	source->ops->problems(source, &p);
	for (size_t i = 0; i < p.n; i++) {
		found |= strstr(p.items[i], sentence) != NULL;
		print_message("# problem: %s\n", p.items[i]);
	}
	problems_free(&p);
	if (!found)
		fail_msg("no problem says \"%s\"", sentence);
}

size_t count_problems(void)
{
	struct problems p = {0};
	size_t n;

	source->ops->problems(source, &p);
	n = p.n;
	problems_free(&p);
	return n;
}

/* The request is made, in a while. */
void turn_until(const char *path, bool watch)
{
	const struct timespec nap = {0, 5000000};

	for (int i = 0; i < 2000 && !find(path, watch); i++) {
		turn();
		nanosleep(&nap, NULL);
	}
}

void forget_list(const char *path)
{
	static const char gone[] =
		"{\"type\":\"ERROR\",\"object\":{\"kind\":\"Status\","
		"\"code\":410,\"reason\":\"Expired\"}}\n";
	struct kube_call *c = expect(path, true);

	assert_int_not_equal(
		c->request.data(gone, strlen(gone), c->request.arg), 0);
	finish(c, 0, -125, "");
	turn_until(path, false);
}
