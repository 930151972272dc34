/* SPDX-License-Identifier: Apache-2.0 */
#include "source_dir.h"

#include <errno.h>
#include <limits.h>
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <time.h>
#include <unistd.h>

#include "cluster_dir.h"
#include "memory.h"

enum {
	SETTLE_MS = 10,	   /* after a file was closed or moved here */
	WRITING_MS = 1000, /* while one is being written */
	RETRY_MS = 1000,   /* a directory that is not there */
	HEAL_MS = 30000,   /* whatever inotify may have missed */
	WRITING_LIMIT = 5, /* seconds */
};

struct source_dir {
	struct source source;
	struct cluster_dir content;
	int inotify;
	int watch; /* -1: none */
	struct event *readable, *timer;
	time_t waiting_since; /* 0: no scan is due */
	char error[512];
	void (*changed)(void *arg);
	void *arg;
};

static void arm(struct source_dir *s, int ms)
{
	struct timeval delay = {ms / 1000, ms % 1000 * 1000};

	event_add(s->timer, &delay);
}

/* Returns whether the sentence is another one than before. */
static bool set_error(struct source_dir *s, const char *text)
{
	if (!strcmp(s->error, text))
		return false;
	snprintf(s->error, sizeof(s->error), "%s", text);
	return true;
}

static void on_inotify(evutil_socket_t fd, short what, void *arg);

/* 0 or -1 with errno. */
static int inotify_open(struct source_dir *s)
{
	if (s->inotify >= 0)
		return 0;
	s->inotify = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
	if (s->inotify < 0)
		return -1;
	s->readable = event_new(event_get_base(s->timer), s->inotify,
				EV_READ | EV_PERSIST, on_inotify, s);
	if (s->readable && !event_add(s->readable, NULL))
		return 0;
	if (s->readable)
		event_free(s->readable);
	s->readable = NULL;
	close(s->inotify);
	s->inotify = -1;
	errno = ENOMEM;
	return -1;
}

/* The watch comes first, so that nothing changes unseen after the scan. A
 * directory that was moved away or made anew is watched anew. */
static int watch(struct source_dir *s, struct err *e)
{
	int wd = inotify_open(s);

	if (!wd)
		wd = inotify_add_watch(
			s->inotify, s->content.path,
			IN_CLOSE_WRITE | IN_MODIFY | IN_CREATE | IN_DELETE |
				IN_MOVED_FROM | IN_MOVED_TO | IN_ATTRIB |
				IN_DELETE_SELF | IN_MOVE_SELF | IN_ONLYDIR);
	if (wd < 0)
		return err_sys(e, errno, "cluster-dir %s", s->content.path);
	if (s->watch >= 0 && s->watch != wd)
		inotify_rm_watch(s->inotify, s->watch);
	s->watch = wd;
	return 0;
}

/* Returns whether there is news. What cannot be watched is looked at all the
 * same, and often. */
static bool scan(struct source_dir *s)
{
	bool changed = false, was_readable = s->content.readable;
	struct err e = {0};
	int rc = watch(s, &e);

	if (!cluster_dir_scan(&s->content, &changed, &e) && rc)
		err_wrap(&e, "not watched, but looked at each second");
	if (changed)
		malloc_trim(0); /* the trees of manifests are gone */
	changed |= set_error(s, e.code ? e.msg : "");
	s->waiting_since = 0;
	arm(s, e.code || s->content.again ? RETRY_MS : HEAL_MS);
	return changed || was_readable != s->content.readable;
}

static void on_timer(evutil_socket_t fd, short what, void *arg)
{
	struct source_dir *s = arg;

	(void)fd;
	(void)what;
	if (scan(s))
		s->changed(s->arg);
}

static void on_inotify(evutil_socket_t fd, short what, void *arg)
{
	char buf[4096] __attribute__((aligned(8)));
	struct source_dir *s = arg;
	int delay = SETTLE_MS;
	ssize_t n;

	(void)what;
	while ((n = read(fd, buf, sizeof(buf))) > 0) {
		for (char *p = buf; p < buf + n;) {
			const struct inotify_event *ev = (void *)p;

			if (ev->mask & (IN_MODIFY | IN_CREATE))
				delay = WRITING_MS;
			else if (!(ev->mask & IN_IGNORED))
				delay = SETTLE_MS;
			if (ev->mask & (IN_IGNORED | IN_MOVE_SELF) &&
			    ev->wd == s->watch)
				s->watch = -1;
			p += sizeof(*ev) + ev->len;
		}
	}
	/* Somebody who never stops writing does not hold up the others. */
	if (!s->waiting_since)
		s->waiting_since = time(NULL);
	if (time(NULL) - s->waiting_since > WRITING_LIMIT)
		delay = 0;
	arm(s, delay);
}

/* ---- the source ----------------------------------------------------- */

static const struct source_dir *dir_of(const struct source *s)
{
	return (const struct source_dir *)s;
}

static const struct model *dir_model(const struct source *s)
{
	return &dir_of(s)->content.model;
}

static bool dir_is_complete(const struct source *s)
{
	return cluster_dir_is_complete(&dir_of(s)->content);
}

static const char *dir_waiting(const struct source *s)
{
	const struct cluster_dir *d = &dir_of(s)->content;
	static char why[512];

	if (dir_of(s)->error[0])
		return dir_of(s)->error;
	snprintf(why, sizeof(why),
		 "not all manifests in %.180s could be read: %.250s", d->path,
		 d->problems.n ? d->problems.items[0] : "");
	return why;
}

static void dir_problems(const struct source *s, struct problems *out)
{
	const struct problems *p = &dir_of(s)->content.problems;

	if (dir_of(s)->error[0])
		problems_add(out, "%s", dir_of(s)->error);
	for (size_t i = 0; i < p->n; i++)
		problems_add(out, "%s", p->items[i]);
}

static unsigned int dir_later(const struct source *s)
{
	return cluster_dir_later(&dir_of(s)->content);
}

static void dir_describe(const struct source *s, cJSON *out)
{
	const struct source_dir *d = dir_of(s);

	cJSON_AddStringToObject(out, "path", d->content.path);
	cJSON_AddNumberToObject(out, "files", d->content.n);
	if (d->error[0])
		cJSON_AddStringToObject(out, "error", d->error);
}

static void dir_close(struct source *source)
{
	struct source_dir *s = (struct source_dir *)source;

	if (s->readable)
		event_free(s->readable);
	event_free(s->timer);
	if (s->inotify >= 0)
		close(s->inotify);
	cluster_dir_free(&s->content);
	free(s);
}

static const struct source_ops dir_ops = {
	.name = "cluster-dir",
	.model = dir_model,
	.is_complete = dir_is_complete,
	.waiting = dir_waiting,
	.problems = dir_problems,
	.later = dir_later,
	.describe = dir_describe,
	.close = dir_close,
};

struct source *source_dir_open(struct event_base *base, const char *path,
			       void (*changed)(void *arg), void *arg)
{
	struct source_dir *s = memory_alloc(sizeof(*s));

	s->source.ops = &dir_ops;
	s->content.path = path;
	s->changed = changed;
	s->arg = arg;
	s->watch = -1;
	s->inotify = -1;
	s->timer = evtimer_new(base, on_timer, s);
	scan(s);
	return &s->source;
}
