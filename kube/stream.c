/* SPDX-License-Identifier: Apache-2.0 */
#include "stream.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum {
	NAME_MAX_LEN = 256,	/* of a list's own member */
	BUFFER_KEEP = 64 << 10, /* what is kept of a larger object's room */
};

/* Where we are outside of a value. */
enum place {
	BEFORE,	      /* of the list: '{' */
	FIRST_MEMBER, /* '"' or '}' */
	MEMBER,	      /* '"' */
	NAME,	      /* within a member's name */
	COLON,	      /* ':' */
	VALUE,	      /* of a member: anything */
	ITEMS,	      /* '[' of the items, or null */
	FIRST_ITEM,   /* '{' or ']' */
	ITEM,	      /* '{' */
	AFTER_ITEM,   /* ',' or ']' */
	AFTER_MEMBER, /* ',' or '}' */
	AFTER,	      /* of the list: white space */
	EVENT,	      /* of a watch: '{' */
	INSIDE,	      /* of a value */
};

/* What kind of value we are in. */
enum shape { NESTED, TEXT, WORD };

struct kube_stream {
	enum kube_stream_kind kind;
	struct kube_stream_ops ops;
	enum place place, then; /* where we are, and after the value */
	unsigned long long at;	/* bytes fed before this call */
	bool items_seen, failed;
	/* the value */
	enum shape shape;
	bool quoted, escaped; /* in a string, behind its backslash */
	unsigned int depth;
	unsigned char brackets[KUBE_DEPTH_MAX / 8]; /* 1: '[' */
	char *text;
	size_t len, room;
	bool over;	 /* it is too large, what comes is skipped */
	size_t null_len; /* of "items": null */
	/* the member */
	char name[NAME_MAX_LEN];
	size_t name_len;
};

struct kube_stream *kube_stream_new(enum kube_stream_kind kind,
				    const struct kube_stream_ops *ops)
{
	struct kube_stream *s = calloc(1, sizeof(*s));

	if (!s)
		return NULL;
	s->kind = kind;
	s->ops = *ops;
	s->place = kind == KUBE_STREAM_LIST ? BEFORE : EVENT;
	return s;
}

void kube_stream_free(struct kube_stream *s)
{
	if (!s)
		return;
	free(s->text);
	free(s);
}

bool kube_stream_is_whole(const struct kube_stream *s)
{
	if (s->failed)
		return false;
	if (s->kind == KUBE_STREAM_WATCH)
		return s->place == EVENT;
	return s->place == AFTER && s->items_seen;
}

static bool is_space(char c)
{
	return c == ' ' || c == '\n' || c == '\r' || c == '\t';
}

/* Of a number, true, false, null. */
static bool is_word_byte(char c)
{
	return c == '-' || c == '+' || c == '.' || (c >= '0' && c <= '9') ||
	       (c >= 'a' && c <= 'z') || c == 'E';
}

static bool is_object(const struct kube_stream *s)
{
	return s->then == AFTER_ITEM || s->then == EVENT;
}

/* ---- the text of a value ------------------------------------------------ */

static int keep(struct kube_stream *s, const char *data, size_t n,
		struct err *e)
{
	size_t room = s->room ? s->room : 4096;
	char *text;

	if (s->over)
		return 0;
	s->over = s->len + n > KUBE_OBJECT_MAX && is_object(s) && s->ops.large;
	if (s->over)
		n = KUBE_OBJECT_MAX - s->len;
	if (s->len + n > KUBE_OBJECT_MAX)
		return err_set(e, E2BIG, "an object of more than %d MiB",
			       KUBE_OBJECT_MAX >> 20);
	while (room < s->len + n + 1)
		room *= 2;
	if (room > s->room) {
		text = realloc(s->text, room);
		if (!text)
			return err_sys(e, ENOMEM, "an object of %zu bytes",
				       s->len + n);
		s->text = text;
		s->room = room;
	}
	memcpy(s->text + s->len, data, n);
	s->len += n;
	s->text[s->len] = '\0';
	return 0;
}

static void forget(struct kube_stream *s)
{
	s->len = 0;
	s->over = false;
	if (s->room <= BUFFER_KEEP)
		return;
	free(s->text);
	s->text = NULL;
	s->room = 0;
}

/* ---- within a value ----------------------------------------------------- */

static bool is_array(const struct kube_stream *s)
{
	return s->brackets[(s->depth - 1) / 8] >> ((s->depth - 1) % 8) & 1;
}

static int push(struct kube_stream *s, bool array, struct err *e)
{
	unsigned char bit;

	if (s->depth == KUBE_DEPTH_MAX)
		return err_set(e, E2BIG, "an object nested more than %d deep",
			       KUBE_DEPTH_MAX);
	bit = 1 << (s->depth % 8);
	if (array)
		s->brackets[s->depth / 8] |= bit;
	else
		s->brackets[s->depth / 8] &= ~bit;
	s->depth++;
	return 0;
}

static int unexpected(const struct kube_stream *s, unsigned char c, size_t at,
		      struct err *e)
{
	return err_set(e, EPROTO, "not the JSON expected: byte 0x%02x at %llu",
		       c, s->at + at);
}

/* What needs no thought: bytes of strings, and bytes between strings. */
enum { IN_TEXT = 1, BETWEEN = 2 };
static const unsigned char plain[256] = {
	[' ' ... '!'] = IN_TEXT | BETWEEN,
	['"'] = 0,
	['#' ... 'Z'] = IN_TEXT | BETWEEN,
	['['] = IN_TEXT,
	['\\'] = BETWEEN,
	[']'] = IN_TEXT,
	['^' ... 'z'] = IN_TEXT | BETWEEN,
	['{'] = IN_TEXT,
	['|'] = IN_TEXT | BETWEEN,
	['}'] = IN_TEXT,
	['~' ... 0xff] = IN_TEXT | BETWEEN,
};

static size_t plain_span(const char *data, size_t len, unsigned char where)
{
	size_t i = 0;

	while (i < len && plain[(unsigned char)data[i]] & where)
		i++;
	return i;
}

/* Bytes of a string up to what ends it: the quote is the caller's. */
static size_t text_span(struct kube_stream *s, const char *data, size_t len)
{
	size_t i = 0;

	while (i < len) {
		if (s->escaped && (unsigned char)data[i] >= ' ')
			s->escaped = false;
		else if (data[i] == '\\')
			s->escaped = true;
		else if (!(plain[(unsigned char)data[i]] & IN_TEXT))
			break;
		i++;
		if (!s->escaped)
			i += plain_span(data + i, len - i, IN_TEXT);
	}
	return i;
}

/* One byte of a value outside of strings; 1: the value ends behind it. */
static int nested_byte(struct kube_stream *s, char c, size_t at, struct err *e)
{
	if (c == '"')
		s->quoted = true;
	else if (c == '{' || c == '[')
		return push(s, c == '[', e);
	else if (c == '}' || c == ']') {
		if (is_array(s) != (c == ']'))
			return unexpected(s, c, at, e);
		return --s->depth == 0;
	} else if ((unsigned char)c < ' ' && !is_space(c))
		return unexpected(s, c, at, e);
	return 0;
}

/* How much of data belongs to the value. *whole: it ends there. */
static int value_span(struct kube_stream *s, const char *data, size_t len,
		      size_t at, size_t *span, bool *whole, struct err *e)
{
	size_t i = 0;
	int ret = 0;

	while (i < len && ret == 0) {
		if (s->quoted) {
			i += text_span(s, data + i, len - i);
			if (i == len)
				break;
			if (data[i] != '"')
				return unexpected(s, data[i], at + i, e);
			s->quoted = false;
			ret = s->shape == TEXT;
			i++;
		} else if (s->shape == WORD) {
			ret = !is_word_byte(data[i]);
			i += !ret;
		} else {
			ret = nested_byte(s, data[i], at + i, e);
			i++;
			if (!ret && !s->quoted)
				i += plain_span(data + i, len - i, BETWEEN);
		}
	}
	*span = i;
	*whole = ret == 1;
	return ret < 0 ? ret : 0;
}

static int value_begin(struct kube_stream *s, char c, size_t at,
		       enum place then, struct err *e)
{
	s->then = then;
	s->place = INSIDE;
	s->depth = 0;
	s->quoted = c == '"';
	s->escaped = false;
	s->shape = s->quoted ? TEXT : WORD;
	if (c == '{' || c == '[') {
		s->shape = NESTED;
		push(s, c == '[', e);
	} else if (s->shape == WORD && !is_word_byte(c)) {
		return unexpected(s, c, at, e);
	}
	return keep(s, &c, 1, e);
}

static int hand_over(struct kube_stream *s)
{
	int ret = 0;

	if (s->over)
		ret = s->ops.large(s->text, s->len, s->ops.arg);
	else if (is_object(s))
		ret = s->ops.object(s->text, s->len, s->ops.arg);
	else if (s->ops.member)
		ret = s->ops.member(s->name, s->text, s->len, s->ops.arg);
	forget(s);
	s->place = s->then;
	return ret;
}

/* Takes what it can; how much is in *used. */
static int value_feed(struct kube_stream *s, const char *data, size_t len,
		      size_t at, size_t *used, struct err *e)
{
	bool whole = false;
	int ret;

	ret = value_span(s, data, len, at, used, &whole, e);
	if (!ret)
		ret = keep(s, data, *used, e);
	if (ret || !whole)
		return ret;
	return hand_over(s);
}

/* ---- around the values -------------------------------------------------- */

static int name_byte(struct kube_stream *s, char c, size_t at, struct err *e)
{
	if ((unsigned char)c < ' ')
		return unexpected(s, c, at, e);
	if (s->escaped) {
		s->escaped = false;
	} else if (c == '\\') {
		s->escaped = true;
	} else if (c == '"') {
		s->name[s->name_len] = '\0';
		s->place = COLON;
		return 0;
	}
	if (s->name_len + 1 == sizeof(s->name))
		return err_set(e, E2BIG, "a member's name beyond %d bytes",
			       NAME_MAX_LEN);
	s->name[s->name_len++] = c;
	return 0;
}

static int colon(struct kube_stream *s, struct err *e)
{
	s->place = VALUE;
	if (strcmp(s->name, "items"))
		return 0;
	if (s->items_seen)
		return err_set(e, EPROTO, "a list with \"items\" twice");
	s->items_seen = true;
	s->place = ITEMS;
	return 0;
}

/* "items" is an array, or null as Go writes an empty one. */
static int items_byte(struct kube_stream *s, char c, size_t at, struct err *e)
{
	static const char null[] = "null";

	if (s->null_len == 0 && c == '[') {
		s->place = FIRST_ITEM;
		return 0;
	}
	if (c != null[s->null_len])
		return unexpected(s, c, at, e);
	if (!null[++s->null_len])
		s->place = AFTER_MEMBER;
	return 0;
}

/* The byte that each place waits for, and where it leads; values and names
 * have their own ways. */
static int step(struct kube_stream *s, char c, size_t at, struct err *e)
{
	static const struct {
		enum place from;
		char byte;
		enum place to;
	} ways[] = {
		{BEFORE, '{', FIRST_MEMBER},	 {FIRST_MEMBER, '"', NAME},
		{FIRST_MEMBER, '}', AFTER},	 {MEMBER, '"', NAME},
		{FIRST_ITEM, ']', AFTER_MEMBER}, {AFTER_ITEM, ',', ITEM},
		{AFTER_ITEM, ']', AFTER_MEMBER}, {AFTER_MEMBER, ',', MEMBER},
		{AFTER_MEMBER, '}', AFTER},
	};
	size_t i;

	for (i = 0; i < sizeof(ways) / sizeof(*ways); i++) {
		if (s->place != ways[i].from || c != ways[i].byte)
			continue;
		s->place = ways[i].to;
		if (s->place == NAME)
			s->name_len = 0;
		return 0;
	}
	return unexpected(s, c, at, e);
}

static int outside_byte(struct kube_stream *s, char c, size_t at, struct err *e)
{
	if (s->place == NAME)
		return name_byte(s, c, at, e);
	if (s->place == ITEMS && s->null_len)
		return items_byte(s, c, at, e);
	if (is_space(c))
		return 0;
	if (s->place == COLON && c == ':')
		return colon(s, e);
	if (s->place == ITEMS)
		return items_byte(s, c, at, e);
	if (s->place == VALUE)
		return value_begin(s, c, at, AFTER_MEMBER, e);
	if (c == '{' && s->place == EVENT)
		return value_begin(s, c, at, EVENT, e);
	if (c == '{' && (s->place == FIRST_ITEM || s->place == ITEM))
		return value_begin(s, c, at, AFTER_ITEM, e);
	return step(s, c, at, e);
}

int kube_stream_feed(struct kube_stream *s, const char *data, size_t len,
		     struct err *e)
{
	size_t i = 0, used;
	int ret = 0;

	if (s->failed)
		return err_set(e, EPROTO, "fed after a failure");
	while (i < len && !ret) {
		used = 1;
		if (s->place == INSIDE)
			ret = value_feed(s, data + i, len - i, i, &used, e);
		else
			ret = outside_byte(s, data[i], i, e);
		i += used;
	}
	s->at += len;
	s->failed = ret != 0;
	return ret;
}
