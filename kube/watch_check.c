/* SPDX-License-Identifier: Apache-2.0 */
/*
 * After a watch that said nothing at all: is the server behind the version that
 * we watch from? A list of one object has the version that it is at.
 *
 *	behind ours, or not comparable  its history is another: list anew
 *	ours or later                   nothing happened: watch on from ours
 *
 * Not from the version of the answer: what came between the end of the watch
 *and the answer would never be told.
 */
#include <stdio.h>
#include <string.h>

#include "../lib/cleanup.h"
#include "watch_private.h"

char *check_path(const struct kube_watch *w)
{
	const char *select = w->resource->select ? w->resource->select : "";
	char *path;

	if (asprintf(&path, "%s?limit=1%s%s", w->resource->path,
		     *select ? "&" : "", select) < 0)
		return NULL;
	return path;
}

/* It may be news, but then the next watch tells it, and in order. */
int check_item(const char *json, size_t len, void *arg)
{
	(void)json;
	(void)len;
	(void)arg;
	return 0;
}

void check_done(struct kube_watch *w)
{
	bool known;
	int order;

	order = version_compare(w->page_version, w->state.version, &known);
	if (known ? order < 0 : strcmp(w->page_version, w->state.version) != 0)
		watch_later(w, TASK_LIST, watch_random(w));
	else
		watch_later(w, TASK_WATCH, 0);
}
