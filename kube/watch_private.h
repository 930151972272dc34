/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a watch is made of, for watch*.c and its tests:
 *
 *	watch.c         its life, the requests, when the next one is due
 *	watch_list.c    pages of a list
 *	watch_event.c   events of a watch
 *	watch_check.c   is the server still there where a watch was silent?
 *	watch_outcome.c what follows from how a request ended
 *	watch_sentence.c  and how that is said
 */
#pragma once

#include "head.h"
#include "stream.h"
#include "watch.h"

enum {
	WATCH_PAGE_SIZE = 500,
	WATCH_PAGES_MAX = 20000,    /* of one list */
	WATCH_CONTINUE_MAX = 16384, /* bytes of a token */
	WATCH_PAGE_SECONDS = 300,   /* for one page */
	WATCH_PAGE_IDLE = 60,	    /* without a byte of it */
	WATCH_SECONDS_MIN = 300,    /* timeoutSeconds: from here */
	WATCH_SECONDS_SPREAD = 301, /* this many values */
	WATCH_IDLE_SLACK = 30,	    /* the server ends it; if not, we */
	WATCH_LONG = 10,	    /* seconds: it worked */
	WATCH_SILENT = 240,	    /* seconds without even a bookmark */
	WATCH_STUCK_MAX = 3,	    /* failures at one version, then list */
	WATCH_EXPIRED_MAX = 2,	    /* tokens, then a list without pages */
	WATCH_MISSING_MAX = 3,	    /* 404s of what was there, then it's gone */
	WATCH_RETRY_AFTER_MAX = 120, /* seconds */
	WATCH_PERSON_SECONDS = 60, /* most, where a person must do something */
};

/* What the next request is. */
enum watch_task { TASK_LIST, TASK_WATCH, TASK_CHECK };

/* Why we ended a request ourselves. */
enum watch_ending {
	END_NONE,
	END_MALFORMED, /* watch.fault says how */
	END_GONE,      /* the version is too old (410) */
	END_STATUS,    /* any other ERROR event */
	END_DISORDER,  /* a version below one seen before */
};

/* Time, chance and the timer. Tests have their own; `arm` asks for one call of
 * kube_watch_due() after so many seconds, instead of any asked for before; < 0:
 * for none. */
struct watch_clock {
	double (*now)(void *arg);    /* seconds, CLOCK_MONOTONIC */
	double (*random)(void *arg); /* 0 <= x < 1 */
	void (*arm)(double seconds, void *arg);
	void *arg;
};

struct kube_watch {
	const struct kube_resource *resource;
	const struct kube_transport *transport;
	struct kube_watch_ops ops;
	struct kube_watch_state state;
	struct watch_clock clock;
	double absent_seconds;
	struct event *timer; /* NULL: the clock's arm */
	/* the request */
	enum watch_task task; /* of the request, or of the next one */
	struct kube_call *call;
	struct kube_stream *stream;
	double started;
	bool answered; /* well; its body may be to come */
	enum watch_ending ending;
	struct err fault;
	/* the list */
	bool telling;	   /* listing() was called, listed() not yet */
	char *next_page;   /* token, NULL: the first page */
	unsigned int page; /* number of this one, from 0 */
	char list_version[64];
	bool page_has_metadata;
	char *page_next; /* token that this page gave */
	char page_version[64];
	unsigned int expired; /* tokens in a row */
	size_t items;	      /* of this list so far */
	size_t n_items;	      /* of the last one that was whole */
	/* the watch */
	bool heard; /* an event or bookmark since it began */
	bool unknown_told;
	/* what went wrong so far */
	unsigned int failures; /* in a row: the back-off */
	unsigned int silences; /* in a row that nobody answered; those of
				* lists are failures, too */
	unsigned int stuck;    /* at this version */
	unsigned int missing;  /* 404 in a row */
	bool present;	       /* the last list that worked had it */
	bool absent;	       /* and now the cluster does not */
	char logged[512];      /* the error that was logged last */
	/* may be freed by its own callbacks */
	unsigned int inside;
	bool dead;
};

/* kube_watch_new() with a clock; NULL: the real one. */
struct kube_watch *kube_watch_new_clocked(
	struct event_base *base, const struct kube_resource *resource,
	const struct kube_transport *transport,
	const struct kube_watch_ops *ops, const struct watch_clock *clock);
void kube_watch_due(struct kube_watch *w); /* the timer */

/* watch.c */
double watch_now(const struct kube_watch *w);
double watch_random(const struct kube_watch *w);
void watch_set_phase(struct kube_watch *w, enum kube_watch_phase phase);
/* Ask for the task after so many seconds. */
void watch_later(struct kube_watch *w, enum watch_task task, double seconds);
/* Ends the request from within its data: records why, returns what data() is
 * to return. */
int watch_end(struct kube_watch *w, enum watch_ending why, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
void watch_tell_state(struct kube_watch *w);
/* What stands in for an object of more than KUBE_OBJECT_MAX bytes. */
extern const char watch_too_large[];

/* watch_list.c. Paths and escaped text are on the heap; NULL: no memory. */
char *watch_escape(const char *text); /* for a query */
char *list_path(const struct kube_watch *w);
void list_page_begin(struct kube_watch *w);
int list_item(const char *json, size_t len, void *arg);
int list_item_large(const char *json, size_t len, void *arg);
int list_member(const char *name, const char *json, size_t len, void *arg);
/* The page was whole: the next one, or the watch. */
void list_page_done(struct kube_watch *w);
void list_restart(struct kube_watch *w); /* from the first page */

/* watch_event.c */
char *watch_path(const struct kube_watch *w, unsigned int seconds);
int watch_event(const char *json, size_t len, void *arg);
int watch_event_large(const char *json, size_t len, void *arg);
/* <0, 0, >0; 0 also where one of them is no decimal number and they differ:
 * *known tells. */
int version_compare(const char *a, const char *b, bool *known);

/* watch_check.c */
char *check_path(const struct kube_watch *w);
int check_item(const char *json, size_t len, void *arg);
void check_done(struct kube_watch *w);

/* watch_outcome.c */
void watch_outcome(struct kube_watch *w, const struct kube_result *r);
/* Without an answer: no request could be made. */
void watch_failed(struct kube_watch *w, const char *sentence);

/* watch_sentence.c: all write at most size bytes. */
void sentence_status(const struct kube_watch *w, const struct kube_result *r,
		     char *out, size_t size);
void sentence_broken(const struct kube_watch *w, const struct kube_result *r,
		     char *out, size_t size);
