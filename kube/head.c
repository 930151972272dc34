/* SPDX-License-Identifier: Apache-2.0 */
#include "head.h"

#include <errno.h>
#include <string.h>

struct cursor {
	const char *at, *end;
	struct kube_head head;
};

/* Takes the value behind the key; false: it ends within it. */
typedef bool (*member_fn)(struct cursor *c, const char *key);

static bool skip_space(struct cursor *c)
{
	while (c->at < c->end && strchr(" \t\r\n", *c->at))
		c->at++;
	return c->at < c->end;
}

static bool take(struct cursor *c, char byte)
{
	if (!skip_space(c) || *c->at != byte)
		return false;
	c->at++;
	return true;
}

/* A string; one that has escapes or does not fit is none of those that we look
 * for: then out is "". */
static bool read_string(struct cursor *c, char *out, size_t size)
{
	const char *from;
	bool plain = true;

	if (!take(c, '"'))
		return false;
	for (from = c->at; c->at < c->end && *c->at != '"'; c->at++) {
		if (*c->at != '\\')
			continue;
		plain = false;
		c->at++;
	}
	if (c->at >= c->end)
		return false;
	*out = '\0';
	if (plain && (size_t)(c->at - from) < size) {
		memcpy(out, from, c->at - from);
		out[c->at - from] = '\0';
	}
	c->at++;
	return true;
}

static bool skip_value(struct cursor *c)
{
	unsigned int depth = 0;
	char ignored[1];

	do {
		if (!skip_space(c))
			return false;
		if (*c->at == '"') {
			if (!read_string(c, ignored, sizeof(ignored)))
				return false;
			continue;
		}
		if (*c->at == '{' || *c->at == '[')
			depth++;
		else if (*c->at == '}' || *c->at == ']')
			depth--;
		c->at++;
	} while (depth);
	while (c->at < c->end && !strchr(",}]", *c->at))
		c->at++; /* the rest of a number */
	return c->at < c->end;
}

static bool each_member(struct cursor *c, member_fn member)
{
	char key[64];

	if (!take(c, '{'))
		return false;
	do {
		if (!read_string(c, key, sizeof(key)) || !take(c, ':') ||
		    !member(c, key))
			return false;
	} while (take(c, ','));
	return take(c, '}');
}

static bool metadata_member(struct cursor *c, const char *key)
{
	struct kube_head *h = &c->head;

	if (!strcmp(key, "name"))
		return read_string(c, h->name, sizeof(h->name));
	if (!strcmp(key, "namespace"))
		return read_string(c, h->namespace, sizeof(h->namespace));
	if (!strcmp(key, "resourceVersion"))
		return read_string(c, h->version, sizeof(h->version));
	return skip_value(c);
}

static bool object_member(struct cursor *c, const char *key)
{
	if (!strcmp(key, "metadata"))
		return each_member(c, metadata_member);
	return skip_value(c);
}

static bool event_member(struct cursor *c, const char *key)
{
	if (!strcmp(key, "type"))
		return read_string(c, c->head.type, sizeof(c->head.type));
	if (!strcmp(key, "object"))
		return each_member(c, object_member);
	return skip_value(c);
}

int kube_head_read(const char *json, size_t len, bool event,
		   struct kube_head *out)
{
	struct cursor c = {.at = json, .end = json + len};

	each_member(&c, event ? event_member : object_member);
	if (!*c.head.name || !*c.head.version || (event && !*c.head.type))
		return -ENOENT;
	*out = c.head;
	return 0;
}
