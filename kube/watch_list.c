/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A list, page by page. All pages are of the version of the first one, and the
 * watch goes on from there. A page's token that has expired (410) comes with
 * another, that would go on with the rest as it is now; we do not take it: the
 * first page's version is then too old to watch from as well, and a later one
 * would never tell what was deleted between the two. So the list begins again,
 * and if that happens twice in a row (a list that takes longer than the server
 * remembers), without pages, as client-go does: to us a list of any length is
 * one object at a time.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../lib/cleanup.h"
#include "../lib/json.h"
#include "watch_private.h"

static bool is_unreserved(char c)
{
	return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') ||
	       (c >= 'a' && c <= 'z') || (c && strchr("-._~", c));
}

char *watch_escape(const char *text)
{
	char *out = malloc(3 * strlen(text) + 1), *at = out;

	for (; out && *text; text++) {
		if (is_unreserved(*text))
			*at++ = *text;
		else
			at += sprintf(at, "%%%02X", (unsigned char)*text);
	}
	if (out)
		*at = '\0';
	return out;
}

char *list_path(const struct kube_watch *w)
{
	const char *select = w->resource->select ? w->resource->select : "";
	__cleanup(mem_free) char *token = NULL;
	char limit[32] = "", *path;
	bool paged = w->expired < WATCH_EXPIRED_MAX;

	token = watch_escape(w->next_page ? w->next_page : "");
	if (!token)
		return NULL;
	if (paged)
		snprintf(limit, sizeof(limit), "limit=%d", WATCH_PAGE_SIZE);
	if (asprintf(&path, "%s%s%s%s%s%s%s", w->resource->path,
		     paged || *select ? "?" : "", limit,
		     paged && *select ? "&" : "", select,
		     *token ? "&continue=" : "", token) < 0)
		return NULL;
	return path;
}

void list_page_begin(struct kube_watch *w)
{
	free(w->page_next);
	w->page_next = NULL;
	w->page_has_metadata = false;
}

void list_restart(struct kube_watch *w)
{
	free(w->next_page);
	w->next_page = NULL;
	w->page = 0;
	w->items = 0;
	w->telling = false;
}

/* Lists are told of with their first item or end: a server that does not
 * answer makes nobody look again at what he has. */
static void begin_telling(struct kube_watch *w)
{
	if (w->telling)
		return;
	w->telling = true;
	w->state.relists += w->state.lists > 0;
	w->state.lists++;
	if (w->ops.listing)
		w->ops.listing(w->ops.arg);
}

/* Without its name it could not be told from one that is gone. */
static int unreadable(struct kube_watch *w, const char *json, size_t len,
		      const char *reason)
{
	struct kube_head head;

	if (!w->ops.unreadable || kube_head_read(json, len, false, &head))
		return watch_end(w, END_MALFORMED, "%s", reason);
	begin_telling(w);
	w->items++;
	if (!w->dead)
		w->ops.unreadable(head.namespace, head.name, reason,
				  w->ops.arg);
	return w->dead ? -ECANCELED : 0;
}

int list_item_large(const char *json, size_t len, void *arg)
{
	return unreadable(arg, json, len, watch_too_large);
}

int list_item(const char *json, size_t len, void *arg)
{
	__cleanup(json_free) cJSON *item = NULL;
	struct kube_watch *w = arg;
	struct err e = {0};

	if (json_parse("an item", json, len, &item, &e))
		return unreadable(w, json, len, e.msg);
	begin_telling(w);
	w->items++;
	if (!w->dead)
		w->ops.object(item, w->ops.arg);
	return w->dead ? -ECANCELED : 0;
}

static int read_metadata(struct kube_watch *w, const cJSON *metadata)
{
	const char *version, *next;

	version = cJSON_GetStringValue(
		cJSON_GetObjectItemCaseSensitive(metadata, "resourceVersion"));
	next = cJSON_GetStringValue(
		cJSON_GetObjectItemCaseSensitive(metadata, "continue"));
	if (!version || !*version || strlen(version) >= sizeof(w->page_version))
		return watch_end(w, END_MALFORMED,
				 "a list without a resourceVersion");
	if (next && strlen(next) > WATCH_CONTINUE_MAX)
		return watch_end(w, END_MALFORMED,
				 "a continue token of more than %d bytes",
				 WATCH_CONTINUE_MAX);
	strcpy(w->page_version, version);
	w->page_has_metadata = true;
	free(w->page_next);
	w->page_next = NULL;
	if (!next || !*next)
		return 0;
	w->page_next = strdup(next);
	if (!w->page_next)
		return watch_end(w, END_MALFORMED, "no memory");
	return 0;
}

/* What is no list (a Status, say) must not pass for an empty one. */
static int check_kind(struct kube_watch *w, const char *json, size_t len)
{
	if (len >= 6 && !strcmp(json + len - 5, "List\""))
		return 0;
	return watch_end(w, END_MALFORMED, "no list but kind %.64s", json);
}

int list_member(const char *name, const char *json, size_t len, void *arg)
{
	__cleanup(json_free) cJSON *value = NULL;
	struct kube_watch *w = arg;
	struct err e = {0};

	if (!strcmp(name, "kind"))
		return check_kind(w, json, len);
	if (strcmp(name, "metadata"))
		return 0;
	if (json_parse("metadata", json, len, &value, &e))
		return watch_end(w, END_MALFORMED, "%s", e.msg);
	return read_metadata(w, value);
}

static void turn_page(struct kube_watch *w)
{
	free(w->next_page);
	w->next_page = w->page_next;
	w->page_next = NULL;
	w->page++;
	watch_later(w, TASK_LIST, 0);
}

void list_page_done(struct kube_watch *w)
{
	begin_telling(w);
	if (w->dead)
		return;
	if (w->page == 0)
		strcpy(w->list_version, w->page_version);
	w->missing = 0;
	w->present = true;
	if (w->page_next) {
		turn_page(w);
		return;
	}
	w->n_items = w->items;
	list_restart(w);
	w->expired = 0;
	w->stuck = 0;
	strcpy(w->state.version, w->list_version);
	w->state.listed = true;
	watch_later(w, TASK_WATCH, 0);
	if (w->ops.listed)
		w->ops.listed(w->ops.arg);
	watch_tell_state(w);
}
