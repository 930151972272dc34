/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A kube_watch in a world of its own: time that only goes on when told, one
 * request at a time that the test answers by hand, and a diary of all that
 * happened:
 *
 *	GET /api/v1/pods?limit=500
 *	listing
 *	object blue/web 7
 *	gone blue/web 8
 *	unreadable blue/web: more than 16 MiB
 *	listed
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "../../kube/watch_private.h"

struct kube_call {
	struct kube_request r;
	char path[2048];
	char accept[256];
};

enum { WORLD_OBJECTS = 512 };

struct world_object {
	char name[256];
	char version[64];
	unsigned long long hash; /* of its JSON */
	bool told;		 /* since the list began */
};

struct world {
	struct kube_watch *w;
	struct kube_resource resource;
	struct kube_transport transport;
	double now, due; /* due < 0: nothing is */
	double chance;	 /* what random() gives, < 0: varied */
	unsigned int seed;
	struct kube_call call;
	bool open; /* the call is */
	unsigned int requests, cancelled, states;
	bool refuse; /* start() gives NULL */
	char *diary;
	size_t len, room;
	bool was_read;	     /* the diary: it begins anew */
	bool quiet;	     /* no diary */
	const char *free_in; /* callback that frees the watch */
	struct world_object objects[WORLD_OBJECTS];
	int n_objects;
};

void world_open(struct world *d, const struct kube_resource *r);
void world_close(struct world *d);
/* What happened since it was last asked; valid until something happens. */
const char *world_diary(struct world *d);
/* Let time pass until the timer; returns how long it was, < 0: none is set. */
double world_wait(struct world *d);
/* A piece of the body; what data() says. */
int world_send_n(struct world *d, const char *data, size_t len);
int world_send(struct world *d, const char *text);
void world_end(struct world *d, int status, int error, const char *message,
	       double retry_after);
void world_end_well(struct world *d);
/* All of an answer, well ended unless data() said no. */
void world_answer(struct world *d, const char *text);
struct world_object *world_find(struct world *d, const char *name);
const char *world_text(const cJSON *object, const char *key);
void world_on_object(const cJSON *json, void *arg);
void world_on_gone(const cJSON *json, void *arg);
