/* SPDX-License-Identifier: Apache-2.0 */
/* Events of a watch: told of one by one, and none twice. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "../lib/cleanup.h"
#include "../lib/json.h"
#include "../lib/log.h"
#include "watch_private.h"

char *watch_path(const struct kube_watch *w, unsigned int seconds)
{
	const char *select = w->resource->select ? w->resource->select : "";
	__cleanup(mem_free) char *version = watch_escape(w->state.version);
	char *path;

	if (!version)
		return NULL;
	if (asprintf(&path,
		     "%s?watch=true&allowWatchBookmarks=true"
		     "&resourceVersion=%s&timeoutSeconds=%u%s%s",
		     w->resource->path, version, seconds, *select ? "&" : "",
		     select) < 0)
		return NULL;
	return path;
}

static bool is_number(const char *text)
{
	return *text && !text[strspn(text, "0123456789")];
}

int version_compare(const char *a, const char *b, bool *known)
{
	size_t la, lb;

	*known = is_number(a) && is_number(b);
	if (!*known)
		return 0;
	a += strspn(a, "0");
	b += strspn(b, "0");
	la = strlen(a);
	lb = strlen(b);
	return la != lb ? (la < lb ? -1 : 1) : strcmp(a, b);
}

static const char *string_of(const cJSON *object, const char *key)
{
	return cJSON_GetStringValue(
		cJSON_GetObjectItemCaseSensitive(object, key));
}

/* A Status in place of an object. */
static int end_by_status(struct kube_watch *w, const cJSON *status)
{
	const char *message = string_of(status, "message");
	const char *reason = string_of(status, "reason");
	const cJSON *code = cJSON_GetObjectItemCaseSensitive(status, "code");
	int number = cJSON_IsNumber(code) ? code->valueint : 0;
	bool gone;

	message = message ? message : "no message";
	reason = reason ? reason : "";
	gone = number == 410 || !strcmp(reason, "Expired") ||
	       !strcmp(reason, "Gone");
	return watch_end(w, gone ? END_GONE : END_STATUS,
			 "the server says %d: %.300s", number, message);
}

/* 1: news, 0: seen before, negative: to be returned. Moves the version. */
static int advance(struct kube_watch *w, const char *version)
{
	bool known;
	int order;

	if (!version || !*version ||
	    strlen(version) >= sizeof(w->state.version))
		return watch_end(w, END_MALFORMED,
				 "an event without a resourceVersion");
	if (!strcmp(version, w->state.version))
		return 0;
	order = version_compare(version, w->state.version, &known);
	if (known && order < 0)
		return watch_end(w, END_DISORDER,
				 "version %s comes after %s: the server has "
				 "lost its history",
				 version, w->state.version);
	strcpy(w->state.version, version);
	w->stuck = 0;
	return 1;
}

/* The same, and counts it. */
static int count(struct kube_watch *w, const char *type, const char *version)
{
	bool bookmark = !strcmp(type, "BOOKMARK");
	int news = advance(w, version);

	if (news < 0)
		return news;
	w->heard = true;
	w->state.last_event = watch_now(w);
	w->state.events += !bookmark;
	w->state.bookmarks += bookmark;
	return news && !bookmark;
}

static int take(struct kube_watch *w, const char *type, const cJSON *object)
{
	const cJSON *metadata =
		cJSON_GetObjectItemCaseSensitive(object, "metadata");
	int news = count(w, type, string_of(metadata, "resourceVersion"));

	if (news <= 0)
		return news;
	if (!strcmp(type, "DELETED"))
		w->ops.gone(object, w->ops.arg);
	else
		w->ops.object(object, w->ops.arg);
	return w->dead ? -ECANCELED : 0;
}

static int is_known(const char *type)
{
	return !strcmp(type, "ADDED") || !strcmp(type, "MODIFIED") ||
	       !strcmp(type, "DELETED") || !strcmp(type, "BOOKMARK");
}

static int ignore(struct kube_watch *w, const char *type)
{
	if (!w->unknown_told)
		log_warn("an event of an unknown type is ignored",
			 "resource=%s type=\"%.64s\"", w->resource->name, type);
	w->unknown_told = true;
	return 0;
}

/* What is gone need not be read. */
static cJSON *make_gone(const struct kube_head *head)
{
	cJSON *object = cJSON_CreateObject();
	cJSON *metadata = cJSON_AddObjectToObject(object, "metadata");

	cJSON_AddStringToObject(metadata, "namespace", head->namespace);
	cJSON_AddStringToObject(metadata, "name", head->name);
	cJSON_AddStringToObject(metadata, "resourceVersion", head->version);
	return object;
}

static int unreadable(struct kube_watch *w, const char *json, size_t len,
		      const char *reason)
{
	__cleanup(json_free) cJSON *gone = NULL;
	struct kube_head head;
	int news;

	if (!w->ops.unreadable || kube_head_read(json, len, true, &head) ||
	    !is_known(head.type))
		return watch_end(w, END_MALFORMED, "%s", reason);
	if (!strcmp(head.type, "DELETED")) {
		gone = make_gone(&head);
		return take(w, head.type, gone);
	}
	news = count(w, head.type, head.version);
	if (news <= 0)
		return news;
	w->ops.unreadable(head.namespace, head.name, reason, w->ops.arg);
	return w->dead ? -ECANCELED : 0;
}

int watch_event_large(const char *json, size_t len, void *arg)
{
	return unreadable(arg, json, len, watch_too_large);
}

int watch_event(const char *json, size_t len, void *arg)
{
	__cleanup(json_free) cJSON *event = NULL;
	struct kube_watch *w = arg;
	const char *type;
	cJSON *object;
	struct err e = {0};

	if (json_parse("an event", json, len, &event, &e))
		return unreadable(w, json, len, e.msg);
	type = string_of(event, "type");
	object = cJSON_GetObjectItemCaseSensitive(event, "object");
	if (!type || !cJSON_IsObject(object))
		return watch_end(w, END_MALFORMED,
				 "an event without a type or an object");
	if (!strcmp(type, "ERROR"))
		return end_by_status(w, object);
	if (!is_known(type))
		return ignore(w, type);
	return take(w, type, object);
}
