/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Follows one resource of an API server:
 *
 *	list, page by page -> watch from there -> again from the last version
 *	seen, whenever it ends -> list anew only if that version is too old
 *
 * with back-off, and without ever holding more than one object. The protocol:
 * https://kubernetes.io/docs/reference/using-api/api-concepts/
 */
#pragma once

#include <stdbool.h>

#include <cjson/cJSON.h>
#include <event2/event.h>

#include "http.h"

struct kube_resource {
	const char *name;   /* "pods" */
	const char *group;  /* "" for core; for sentences and RBAC */
	const char *path;   /* "/api/v1/pods" */
	const char *select; /* "fieldSelector=...", "" ; in list and watch */
	bool optional;	    /* the cluster may not have it: then it is empty */
	bool metadata_only; /* ask for PartialObjectMetadata */
};

struct kube_watch_ops {
	/* A list begins (again). What is not told of until listed() is gone. */
	void (*listing)(void *arg);
	/* An object as it is now, listed or from an event. */
	void (*object)(const cJSON *json, void *arg);
	/* An object that is gone, as it was last. */
	void (*gone)(const cJSON *json, void *arg);
	/* An object that is there, as it is now, but is too large or no JSON
	 * that can be read. NULL: its resource stops there, and is asked for
	 * again and again; so it does where the name cannot be told. */
	void (*unreadable)(const char *namespace, const char *name,
			   const char *reason, void *arg);
	/* The list was whole: only now may anything be swept. Also for an
	 * optional resource that the cluster does not have. */
	void (*listed)(void *arg);
	/* What kube_watch_state() tells has changed: phase, error, connected,
	 * listed. (Not for each event.) */
	void (*state)(void *arg);
	void *arg;
};

enum kube_watch_phase {
	KUBE_LISTING,
	KUBE_WATCHING,
	KUBE_WAITING, /* to try again */
	KUBE_ABSENT, /* optional, and not in this cluster; asked now and then */
};

/* Times are seconds of CLOCK_MONOTONIC, 0: never. */
struct kube_watch_state {
	enum kube_watch_phase phase;
	bool listed;	   /* whole, at least once */
	char error[512];   /* why it does not go on, "" if it does */
	double connected;  /* since when, 0: it is not */
	double last_event; /* of any kind, bookmarks too */
	double retry_at;   /* when it waits */
	char version[64];  /* resourceVersion reached */
	unsigned long long lists, watches, events, bookmarks, errors, bytes;
	unsigned long long relists; /* lists that were not the first */
	unsigned long long checks;  /* after silence; see watch_check.c */
};

/* What is 0 is as it is by itself. */
struct kube_watch_pace {
	double first;  /* seconds before the first request; 0 */
	double absent; /* seconds, about, until what the cluster does not have
			* is asked for again; KUBE_ABSENT_SECONDS */
};

enum { KUBE_ABSENT_SECONDS = 60 };

struct kube_watch;

/* resource and transport must outlive it. Starts by itself; NULL: no memory.
 * Nothing is called before the event loop runs; an operation that is NULL, but
 * for object and gone, is not called. */
struct kube_watch *kube_watch_new(struct event_base *base,
				  const struct kube_resource *resource,
				  const struct kube_transport *transport,
				  const struct kube_watch_ops *ops);
/* Before the event loop runs. */
void kube_watch_set_pace(struct kube_watch *w,
			 const struct kube_watch_pace *pace);
/* From within one of its own operations, too. NULL is fine. */
void kube_watch_free(struct kube_watch *w);
/* Somebody else was answered by the same server: a watch that waits because
 * nobody answered it asks again within a second. */
void kube_watch_hurry(struct kube_watch *w);
const struct kube_watch_state *kube_watch_state(const struct kube_watch *w);
