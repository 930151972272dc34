/* SPDX-License-Identifier: Apache-2.0 */
/* The life of a watch: requests, one at a time, and the timer between them. */
#include "watch.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "../lib/cleanup.h"
#include "../lib/log.h"
#include "watch_private.h"

#define ACCEPT_LIST                                                            \
	"application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1,"    \
	"application/json"
#define ACCEPT_WATCH                                                           \
	"application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1,"        \
	"application/json"

/* ---- time and chance ---------------------------------------------------- */

double watch_now(const struct kube_watch *w)
{
	struct timespec t;

	if (w->clock.now)
		return w->clock.now(w->clock.arg);
	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec + t.tv_nsec / 1e9;
}

double watch_random(const struct kube_watch *w)
{
	if (w->clock.random)
		return w->clock.random(w->clock.arg);
	return arc4random() / 4294967296.0;
}

static void arm(struct kube_watch *w, double seconds)
{
	struct timeval t;

	if (!w->timer) {
		w->clock.arm(seconds, w->clock.arg);
	} else if (seconds < 0) {
		evtimer_del(w->timer);
	} else {
		t.tv_sec = (time_t)seconds;
		t.tv_usec = (suseconds_t)((seconds - t.tv_sec) * 1e6);
		evtimer_add(w->timer, &t);
	}
}

/* ---- states ------------------------------------------------------------- */

void watch_tell_state(struct kube_watch *w)
{
	if (!w->dead && w->ops.state)
		w->ops.state(w->ops.arg);
}

void watch_set_phase(struct kube_watch *w, enum kube_watch_phase phase)
{
	if (w->state.phase == phase)
		return;
	w->state.phase = phase;
	watch_tell_state(w);
}

void watch_later(struct kube_watch *w, enum watch_task task, double seconds)
{
	w->task = task;
	w->state.retry_at = 0;
	if (seconds > 0)
		w->state.retry_at = watch_now(w) + seconds;
	if (!w->dead)
		arm(w, seconds);
}

const char watch_too_large[] = "more than 16 MiB";
_Static_assert(KUBE_OBJECT_MAX == 16 << 20, "watch_too_large says so");

int watch_end(struct kube_watch *w, enum watch_ending why, const char *fmt, ...)
{
	va_list ap;

	w->ending = why;
	va_start(ap, fmt);
	vsnprintf(w->fault.msg, sizeof(w->fault.msg), fmt, ap);
	va_end(ap);
	return -ECANCELED;
}

/* ---- being freed from within -------------------------------------------- */

static void destroy(struct kube_watch *w)
{
	if (w->timer)
		event_free(w->timer);
	kube_stream_free(w->stream);
	free(w->next_page);
	free(w->page_next);
	free(w);
}

static void enter(struct kube_watch *w)
{
	w->inside++;
}

static void leave(struct kube_watch *w)
{
	if (--w->inside == 0 && w->dead)
		destroy(w);
}

/* ---- a request ---------------------------------------------------------- */

/* A good answer begins: whatever was wrong is over. */
static void begin_answer(struct kube_watch *w)
{
	w->answered = true;
	if (w->absent)
		watch_set_phase(w, KUBE_LISTING);
	w->absent = false;
	if (w->state.error[0])
		log_info("the API server answers again", "resource=%s",
			 w->resource->name);
	w->logged[0] = '\0';
	if (!w->state.error[0] && w->state.connected > 0)
		return;
	w->state.error[0] = '\0';
	w->state.connected = watch_now(w);
	watch_tell_state(w);
}

static void request_accepted(void *arg)
{
	struct kube_watch *w = arg;

	enter(w);
	if (!w->answered && !w->dead)
		begin_answer(w);
	leave(w);
}

static int feed(struct kube_watch *w, const char *data, size_t len)
{
	struct err e = {0};
	int ret;

	w->state.bytes += len;
	if (!w->answered)
		begin_answer(w);
	if (w->dead)
		return -ECANCELED;
	ret = kube_stream_feed(w->stream, data, len, &e);
	if (ret && w->ending == END_NONE && !w->dead)
		watch_end(w, END_MALFORMED, "%s", e.msg);
	return ret;
}

static int request_data(const char *data, size_t len, void *arg)
{
	struct kube_watch *w = arg;
	int ret = -ECANCELED;

	enter(w);
	if (w->ending == END_NONE && !w->dead)
		ret = feed(w, data, len);
	leave(w);
	return ret;
}

static void request_done(const struct kube_result *r, void *arg)
{
	struct kube_watch *w = arg;

	enter(w);
	w->call = NULL;
	if (!w->dead)
		watch_outcome(w, r);
	leave(w);
}

static const char *accepted_types(const struct kube_watch *w)
{
	if (w->task == TASK_CHECK)
		return ACCEPT_LIST;
	if (!w->resource->metadata_only)
		return NULL;
	return w->task == TASK_LIST ? ACCEPT_LIST : ACCEPT_WATCH;
}

static struct kube_stream *stream_of(struct kube_watch *w)
{
	static const struct kube_stream_ops list = {list_item, list_item_large,
						    list_member, NULL};
	static const struct kube_stream_ops check = {check_item, check_item,
						     list_member, NULL};
	static const struct kube_stream_ops watch = {
		watch_event, watch_event_large, NULL, NULL};
	struct kube_stream_ops ops = watch;

	if (w->task != TASK_WATCH)
		ops = w->task == TASK_LIST ? list : check;
	ops.arg = w;
	return kube_stream_new(w->task == TASK_WATCH ? KUBE_STREAM_WATCH
						     : KUBE_STREAM_LIST,
			       &ops);
}

static void request_start(struct kube_watch *w, const char *path,
			  unsigned int timeout, unsigned int idle)
{
	const struct kube_request request = {
		.path = path,
		.accept = accepted_types(w),
		.timeout = timeout,
		.idle = idle,
		.accepted = request_accepted,
		.data = request_data,
		.done = request_done,
		.arg = w,
	};

	kube_stream_free(w->stream);
	w->stream = stream_of(w);
	w->ending = END_NONE;
	w->answered = false;
	w->started = watch_now(w);
	if (w->stream && path)
		w->call = w->transport->start(w->transport->self, &request);
	if (!w->call)
		watch_failed(w, "the request could not be made");
}

static void start_list(struct kube_watch *w)
{
	__cleanup(mem_free) char *path = list_path(w);

	list_page_begin(w);
	watch_set_phase(w, w->absent ? KUBE_ABSENT : KUBE_LISTING);
	if (!w->dead)
		request_start(w, path, WATCH_PAGE_SECONDS, WATCH_PAGE_IDLE);
}

static void start_watch(struct kube_watch *w)
{
	unsigned int seconds =
		WATCH_SECONDS_MIN +
		(unsigned int)(watch_random(w) * WATCH_SECONDS_SPREAD);
	__cleanup(mem_free) char *path = watch_path(w, seconds);

	w->heard = false;
	w->state.watches++;
	watch_set_phase(w, KUBE_WATCHING);
	if (!w->dead)
		request_start(w, path, 0, seconds + WATCH_IDLE_SLACK);
}

/* Nobody is told: it is a part of watching. */
static void start_check(struct kube_watch *w)
{
	__cleanup(mem_free) char *path = check_path(w);

	list_page_begin(w);
	w->state.checks++;
	watch_set_phase(w, KUBE_WATCHING);
	if (!w->dead)
		request_start(w, path, WATCH_PAGE_IDLE, WATCH_PAGE_IDLE);
}

void kube_watch_due(struct kube_watch *w)
{
	enter(w);
	w->state.retry_at = 0;
	if (w->task == TASK_LIST)
		start_list(w);
	else if (w->task == TASK_CHECK)
		start_check(w);
	else
		start_watch(w);
	leave(w);
}

/* ---- begin and end ------------------------------------------------------ */

static void on_timer(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	kube_watch_due(arg);
}

struct kube_watch *kube_watch_new_clocked(
	struct event_base *base, const struct kube_resource *resource,
	const struct kube_transport *transport,
	const struct kube_watch_ops *ops, const struct watch_clock *clock)
{
	struct kube_watch *w = calloc(1, sizeof(*w));

	if (!w)
		return NULL;
	w->resource = resource;
	w->transport = transport;
	w->ops = *ops;
	if (clock)
		w->clock = *clock;
	if (!w->clock.arm)
		w->timer = evtimer_new(base, on_timer, w);
	if (!w->clock.arm && !w->timer) {
		free(w);
		return NULL;
	}
	w->state.phase = KUBE_LISTING;
	w->absent_seconds = KUBE_ABSENT_SECONDS;
	watch_later(w, TASK_LIST, 0);
	return w;
}

void kube_watch_set_pace(struct kube_watch *w,
			 const struct kube_watch_pace *pace)
{
	if (pace->absent > 0)
		w->absent_seconds = pace->absent;
	watch_later(w, TASK_LIST, pace->first);
}

struct kube_watch *kube_watch_new(struct event_base *base,
				  const struct kube_resource *resource,
				  const struct kube_transport *transport,
				  const struct kube_watch_ops *ops)
{
	return kube_watch_new_clocked(base, resource, transport, ops, NULL);
}

void kube_watch_free(struct kube_watch *w)
{
	if (!w || w->dead)
		return;
	w->dead = true;
	arm(w, -1);
	if (w->call)
		w->transport->cancel(w->call);
	w->call = NULL;
	if (!w->inside)
		destroy(w);
}

void kube_watch_hurry(struct kube_watch *w)
{
	if (!w->dead && w->silences && w->state.phase == KUBE_WAITING &&
	    w->state.retry_at > watch_now(w) + 1)
		watch_later(w, w->task, watch_random(w));
}

const struct kube_watch_state *kube_watch_state(const struct kube_watch *w)
{
	return &w->state;
}
