/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What follows from how a request ended: the next one, and when. The rule that
 * holds for all: between two requests that did not help there is a back-off,
 * and nothing but a watch that lived for a while ends it. (A list that worked
 * does not: its watch may fail, and the list after that, for ever.)
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "../lib/log.h"
#include "watch_private.h"

/* ---- how long ----------------------------------------------------------- */

/* Full jitter below a limit that doubles, from half a second; never nothing. */
static double back_off(const struct kube_watch *w, double least, double most)
{
	unsigned int bad =
		w->failures + (w->task == TASK_WATCH ? w->silences : 0);
	unsigned int n = bad ? bad - 1 : 0;
	double limit = 0.5 * (double)(1u << (n < 10 ? n : 10));
	double delay;

	if (limit < least)
		limit = least;
	if (limit > most)
		limit = most;
	delay = watch_random(w) * limit;
	return delay < 0.1 ? 0.1 : delay;
}

/* Before a new list. A server that starts anew makes all nodes ask for one: the
 * larger it is, the further apart. What is known stays in force meanwhile. */
static double before_list(const struct kube_watch *w)
{
	double least = 2 + w->n_items / 5000.0;

	return back_off(w, least < 30 ? least : 30, 60);
}

static double spread(const struct kube_watch *w, double from, double to)
{
	return from + watch_random(w) * (to - from);
}

/* What a person must mend may be mended soon: the rules of a new installation
 * come seconds after its agents. So not long at first, half to all of a limit
 * that doubles from two seconds. */
static double for_a_person(const struct kube_watch *w)
{
	unsigned int n = w->failures ? w->failures : 1;
	double limit = (double)(1u << (n < 10 ? n : 10));

	if (limit > WATCH_PERSON_SECONDS)
		limit = WATCH_PERSON_SECONDS;
	return spread(w, limit / 2, limit);
}

static double delay_of_status(const struct kube_watch *w,
			      const struct kube_result *r)
{
	double delay;

	switch (r->status) {
	case 401: /* the token may have been renewed by then */
		delay = back_off(w, 0.5, 15);
		break;
	case 400: /* a version or token that it does not like */
	case 410:
		delay = before_list(w);
		break;
	case 408:
	case 429:
		delay = back_off(w, 0.5, 60);
		break;
	default: /* forbidden, not found ...: a person must do something */
		delay = r->status >= 500 ? back_off(w, 0.5, 60)
					 : for_a_person(w);
	}
	if (r->retry_after > WATCH_RETRY_AFTER_MAX)
		delay += WATCH_RETRY_AFTER_MAX;
	else if (r->retry_after > 0)
		delay += r->retry_after;
	return delay;
}

/* ---- to wait ------------------------------------------------------------ */

/* The same sentence is a warning once, until something works again. */
static void say(struct kube_watch *w, double delay)
{
	bool again = !strcmp(w->logged, w->state.error);

	snprintf(w->logged, sizeof(w->logged), "%s", w->state.error);
	log_write(again ? LOG_LEVEL_DEBUG : LOG_LEVEL_WARN,
		  "the API server cannot be followed",
		  "resource=%s error=\"%s\" retry_in=%.1f", w->resource->name,
		  w->state.error, delay);
}

/* One line, whatever the server said. */
static void set_error(struct kube_watch *w, const char *sentence)
{
	char *c;

	snprintf(w->state.error, sizeof(w->state.error), "%s", sentence);
	for (c = w->state.error; *c; c++)
		if ((unsigned char)*c < ' ' || *c == 0x7f)
			*c = ' ';
}

static void wait_for(struct kube_watch *w, enum watch_task task, double delay,
		     const char *sentence)
{
	set_error(w, sentence);
	w->state.errors++;
	w->state.connected = 0;
	w->state.phase = KUBE_WAITING;
	say(w, delay);
	watch_later(w, task, delay);
	watch_tell_state(w);
}

void watch_failed(struct kube_watch *w, const char *sentence)
{
	w->failures++;
	wait_for(w, w->task, back_off(w, 0.5, 60), sentence);
}

/* ---- not in this cluster ------------------------------------------------ */

static void be_absent(struct kube_watch *w)
{
	bool news = !w->absent;

	list_restart(w);
	w->absent = true;
	w->present = false;
	w->failures = 0;
	w->state.error[0] = '\0';
	w->logged[0] = '\0';
	w->state.version[0] = '\0';
	w->state.listed = true;
	if (!w->state.connected)
		w->state.connected = watch_now(w);
	watch_later(
		w, TASK_LIST,
		spread(w, 0.75 * w->absent_seconds, 1.25 * w->absent_seconds));
	watch_set_phase(w, KUBE_ABSENT);
	if (news && !w->dead && w->ops.listing)
		w->ops.listing(w->ops.arg);
	if (news && !w->dead && w->ops.listed)
		w->ops.listed(w->ops.arg);
}

/* A server that starts may not know yet what it had before: what was there is
 * not gone before it has said so for a while. */
static void missing(struct kube_watch *w, const struct kube_result *r)
{
	char sentence[sizeof(w->state.error)];

	if (!w->present || ++w->missing >= WATCH_MISSING_MAX) {
		be_absent(w);
		return;
	}
	list_restart(w);
	sentence_status(w, r, sentence, sizeof(sentence));
	wait_for(w, TASK_LIST,
		 spread(w, w->absent_seconds / 3, w->absent_seconds / 1.5),
		 sentence);
}

/* ---- an answer that is no success --------------------------------------- */

/* Whether a list that met this can go on with the same page. */
static bool keeps_page(const struct kube_watch *w, const struct kube_result *r)
{
	return (r->status == 401 || r->status == 429 || r->status >= 500) &&
	       w->failures % WATCH_STUCK_MAX != 0;
}

static enum watch_task after_status(struct kube_watch *w,
				    const struct kube_result *r)
{
	if (w->task == TASK_LIST) {
		w->expired += r->status == 410 && w->next_page;
		if (!keeps_page(w, r))
			list_restart(w);
		return TASK_LIST;
	}
	switch (r->status) {
	case 401:
	case 403:
	case 408:
	case 429:
		return TASK_WATCH;
	default:
		return r->status >= 500 ? TASK_WATCH : TASK_LIST;
	}
}

static void end_by_status(struct kube_watch *w, const struct kube_result *r)
{
	char sentence[sizeof(w->state.error)];
	enum watch_task task;

	w->failures++;
	if (r->status == 404 && w->resource->optional && w->task == TASK_LIST) {
		missing(w, r);
		return;
	}
	sentence_status(w, r, sentence, sizeof(sentence));
	task = after_status(w, r);
	wait_for(w, task, delay_of_status(w, r), sentence);
}

/* ---- an end of our own -------------------------------------------------- */

/* What is wrong at this version again and again is left behind by a list. */
static enum watch_task unless_stuck(struct kube_watch *w)
{
	if (++w->stuck < WATCH_STUCK_MAX)
		return TASK_WATCH;
	w->stuck = 0;
	return TASK_LIST;
}

static void end_by_us(struct kube_watch *w)
{
	char sentence[sizeof(w->state.error)];
	enum watch_task task = TASK_LIST;

	w->failures++;
	snprintf(sentence, sizeof(sentence), "%s %s: %.400s",
		 w->task == TASK_WATCH ? "watch" : "list", w->resource->name,
		 w->fault.msg);
	if (w->task == TASK_LIST)
		list_restart(w);
	else if (w->ending == END_MALFORMED || w->ending == END_STATUS)
		task = unless_stuck(w);
	wait_for(w, task,
		 task == TASK_LIST ? before_list(w) : back_off(w, 0.5, 60),
		 sentence);
}

/* ---- the end of an answer ----------------------------------------------- */

static bool is_broken(const struct kube_watch *w, const struct kube_result *r)
{
	return r->error || !r->status || !kube_stream_is_whole(w->stream);
}

static void end_list(struct kube_watch *w, const struct kube_result *r)
{
	char sentence[sizeof(w->state.error)];

	if (is_broken(w, r)) {
		w->failures++;
		sentence_broken(w, r, sentence, sizeof(sentence));
		if (!r->error || w->failures % WATCH_STUCK_MAX == 0)
			list_restart(w);
		wait_for(w, TASK_LIST, back_off(w, 0.5, 60), sentence);
	} else if (!w->page_has_metadata) {
		watch_end(w, END_MALFORMED, "a list without metadata");
		end_by_us(w);
	} else if (w->page_next &&
		   ((w->next_page && !strcmp(w->page_next, w->next_page)) ||
		    w->page >= WATCH_PAGES_MAX)) {
		watch_end(w, END_MALFORMED, "a list that does not end");
		end_by_us(w);
	} else {
		list_page_done(w);
	}
}

/* A server that was restored from a backup may be behind the version that we
 * watch from, and then it says nothing until it gets there, which no event of
 * its own tells: not even a bookmark, that comes each minute otherwise. So it
 * is asked where it is. */
static bool was_silent(const struct kube_watch *w, double lived)
{
	return !w->heard && lived >= WATCH_SILENT;
}

/* Or it ends the watch soon, each time. */
static enum watch_task unless_behind(struct kube_watch *w)
{
	if (w->heard || ++w->stuck < WATCH_STUCK_MAX)
		return TASK_WATCH;
	w->stuck = 0;
	return TASK_CHECK;
}

static void end_watch(struct kube_watch *w, const struct kube_result *r)
{
	double lived = watch_now(w) - w->started;
	enum watch_task task = TASK_WATCH;
	char sentence[sizeof(w->state.error)];
	bool broken = is_broken(w, r);

	if (r->status)
		w->failures = lived >= WATCH_LONG ? 0 : w->failures + 1;
	if (!broken && lived >= WATCH_LONG) {
		/* the usual end */
		watch_later(w, was_silent(w, lived) ? TASK_CHECK : TASK_WATCH,
			    0);
		return;
	}
	if (broken) {
		sentence_broken(w, r, sentence, sizeof(sentence));
	} else {
		task = unless_behind(w);
		snprintf(sentence, sizeof(sentence),
			 "watch %s: the server ended it after %.1f s",
			 w->resource->name, lived);
	}
	wait_for(w, task, back_off(w, 0.5, 60), sentence);
}

static void end_check(struct kube_watch *w, const struct kube_result *r)
{
	char sentence[sizeof(w->state.error)];

	if (is_broken(w, r)) {
		w->failures++;
		sentence_broken(w, r, sentence, sizeof(sentence));
		wait_for(w, TASK_WATCH, back_off(w, 0.5, 60), sentence);
	} else if (!w->page_has_metadata) {
		watch_end(w, END_MALFORMED, "a list without metadata");
		end_by_us(w);
	} else {
		check_done(w);
	}
}

void watch_outcome(struct kube_watch *w, const struct kube_result *r)
{
	bool good = r->status >= 200 && r->status < 300;

	w->silences = r->status ? 0 : w->silences + 1;
	if (w->ending != END_NONE) {
		/* long watches may end like this now and then */
		if (w->task == TASK_WATCH &&
		    watch_now(w) - w->started >= WATCH_LONG)
			w->failures = 0;
		end_by_us(w);
	} else if (r->status && !good) {
		end_by_status(w, r);
	} else if (w->task == TASK_LIST) {
		end_list(w, r);
	} else if (w->task == TASK_CHECK) {
		end_check(w, r);
	} else {
		end_watch(w, r);
	}
}
