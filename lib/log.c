/* SPDX-License-Identifier: Apache-2.0 */
#include "log.h"

#include <ctype.h>
#include <errno.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define LINE_MAX_BYTES 8192
#define KV_MAX_BYTES   4096

static enum log_level max_level = LOG_LEVEL_INFO;
static enum log_format line_format = LOG_FORMAT_TEXT;
static int line_fd = STDERR_FILENO;

static const char *const level_names[] = {
	[LOG_LEVEL_ERROR] = "error",
	[LOG_LEVEL_WARN] = "warn",
	[LOG_LEVEL_INFO] = "info",
	[LOG_LEVEL_DEBUG] = "debug",
};

static const char *const format_names[] = {
	[LOG_FORMAT_TEXT] = "text",
	[LOG_FORMAT_JSON] = "json",
};

#define array_size(a) (sizeof(a) / sizeof((a)[0]))

static int name_index(const char *const *names, size_t n, const char *name)
{
	for (size_t i = 0; i < n; i++)
		if (!strcmp(names[i], name))
			return i;
	return -EINVAL;
}

int log_level_parse(const char *name, enum log_level *level)
{
	int i = name_index(level_names, array_size(level_names), name);

	if (i < 0)
		return i;
	*level = i;
	return 0;
}

int log_format_parse(const char *name, enum log_format *format)
{
	int i = name_index(format_names, array_size(format_names), name);

	if (i < 0)
		return i;
	*format = i;
	return 0;
}

void log_set_level(enum log_level level)
{
	max_level = level;
}

void log_set_format(enum log_format format)
{
	line_format = format;
}

void log_set_fd(int fd)
{
	line_fd = fd;
}

/* ---- one line, built piece by piece ------------------------------------ */

/* A piece goes in whole or not at all, and some room is kept for what closes
 * the line, so that a line cut short is still a line, and still JSON. */
struct line {
	char *text;
	size_t size;
	size_t len;
	bool cut;
};
#define CLOSING_BYTES 16

static void line_put(struct line *l, const char *piece, size_t n)
{
	if (l->cut || l->len + n > l->size - CLOSING_BYTES) {
		l->cut = true;
		return;
	}
	memcpy(l->text + l->len, piece, n);
	l->len += n;
}

static void line_puts(struct line *l, const char *piece)
{
	line_put(l, piece, strlen(piece));
}

static void line_close(struct line *l, const char *piece)
{
	size_t n = strlen(piece);

	memcpy(l->text + l->len, piece, n);
	l->len += n;
}

/* Bytes of the UTF-8 character at s (n left), 0 if it is none. */
static size_t utf8_len(const unsigned char *s, size_t n)
{
	size_t len = s[0] < 0x80	   ? 1
		     : (s[0] >> 5) == 0x06 ? 2
		     : (s[0] >> 4) == 0x0e ? 3
		     : (s[0] >> 3) == 0x1e ? 4
					   : 0;
	unsigned int c = s[0] & (0xff >> (len + 1));

	if (len > n || s[0] == 0xc0 || s[0] == 0xc1)
		return 0;
	if (s[0] == 0xc2 && s[1] < 0xa0) /* control characters again */
		return 0;
	for (size_t i = 1; i < len; i++) {
		if ((s[i] & 0xc0) != 0x80)
			return 0;
		c = c << 6 | (s[i] & 0x3f);
	}
	if (len == 3 && (c < 0x800 || (c >= 0xd800 && c < 0xe000)))
		return 0;
	if (len == 4 && (c < 0x10000 || c > 0x10ffff))
		return 0;
	return len;
}

/* Text from anywhere: nothing in it may end the line, move the cursor or, if
 * it stands in quotes, end those. */
static void line_escape(struct line *l, const char *text, size_t n, bool quoted)
{
	bool json = line_format == LOG_FORMAT_JSON;
	char escape[8];

	while (n) {
		unsigned char c = *text;
		size_t len = utf8_len((const unsigned char *)text, n);

		if (c == '\n' || c == '\t') {
			line_puts(l, c == '\n' ? "\\n" : "\\t");
		} else if (len == 0 || c < 0x20 || c == 0x7f) {
			snprintf(escape, sizeof(escape),
				 json ? "\\u%04x" : "\\x%02x",
				 json && !len ? 0xfffd : c);
			line_puts(l, escape);
		} else if (quoted && (c == '"' || c == '\\')) {
			line_puts(l, c == '"' ? "\\\"" : "\\\\");
		} else {
			line_put(l, text, len);
		}
		len = len ? len : 1;
		text += len;
		n -= len;
	}
}

static void line_time(struct line *l)
{
	struct timespec now;
	struct tm tm;
	char buf[64];
	size_t n;

	clock_gettime(CLOCK_REALTIME, &now);
	gmtime_r(&now.tv_sec, &tm);
	n = strftime(buf, sizeof(buf), "%Y-%m-%dT%H:%M:%S", &tm);
	snprintf(buf + n, sizeof(buf) - n, ".%03ldZ", now.tv_nsec / 1000000);
	line_puts(l, buf);
}

/* ---- key=value pairs --------------------------------------------------- */

/* Length of a key at s that an equals sign follows, 0 if there is none. */
static size_t key_len(const char *s)
{
	size_t n = 0;

	while (isalnum((unsigned char)s[n]) || (s[n] && strchr("_.-", s[n])))
		n++;
	return s[n] == '=' ? n : 0;
}

/* A value ends where the text ends, or where a space and the next key come:
 * one that was not quoted, or has quotes inside, keeps all it has. */
static size_t value_len(const char *s)
{
	bool quoted = s[0] == '"';
	size_t n = 0;

	while (s[n] && !(s[n] == ' ' && key_len(s + n + 1) &&
			 (!quoted || (n > 1 && s[n - 1] == '"'))))
		n++;
	return n;
}

/* How much of the expanded text the first n bytes of its format make. A cut
 * between conversions leaves a format that takes the first of the arguments. */
static size_t expanded_len(const char *kv, size_t n, va_list ap)
{
	char prefix[KV_MAX_BYTES];
	va_list copy;
	int len;

	snprintf(prefix, sizeof(prefix), "%.*s", (int)n, kv);
	va_copy(copy, ap);
	len = vsnprintf(NULL, 0, prefix, copy);
	va_end(copy);
	return len < 0 ? 0 : (size_t)len;
}

static size_t expand(char out[KV_MAX_BYTES], const char *kv, va_list ap)
{
	va_list copy;
	int len;

	va_copy(copy, ap);
	len = vsnprintf(out, KV_MAX_BYTES, kv, copy);
	va_end(copy);
	if (len < KV_MAX_BYTES)
		return len < 0 ? 0 : (size_t)len;
	memcpy(out + KV_MAX_BYTES - 4, "...", 4);
	return KV_MAX_BYTES - 1;
}

static bool needs_quotes(const char *value, size_t n)
{
	size_t i, len;

	for (i = 0; i < n; i += len) {
		len = utf8_len((const unsigned char *)value + i, n - i);
		if (!len || (unsigned char)value[i] <= ' ' ||
		    value[i] == 0x7f || strchr("\"\\=", value[i]))
			return true;
	}
	return false;
}

/* A value that has no room whole ends in dots; a key that has none is left
 * out, with all behind it. */
static void line_pair(struct line *l, const char *key, size_t key_bytes,
		      const char *value, size_t n, bool quoted)
{
	bool json = line_format == LOG_FORMAT_JSON;
	size_t before = l->len;

	quoted = quoted || json || needs_quotes(value, n);
	line_puts(l, json ? ",\"" : " ");
	line_put(l, key, key_bytes);
	line_puts(l, json ? "\":" : "=");
	if (quoted)
		line_puts(l, "\"");
	if (l->cut) {
		l->len = before;
		return;
	}
	line_escape(l, value, n, quoted);
	if (l->cut)
		line_close(l, "...");
	if (quoted)
		line_close(l, "\"");
}

/* Where a pair begins and ends is for the format to say: no argument can make
 * another one. */
static void line_pairs(struct line *l, const char *kv, va_list ap)
{
	char text[KV_MAX_BYTES];
	size_t len = expand(text, kv, ap), key, n, from, to;
	const char *at = kv, *value;
	bool quoted;

	while (*at && !l->cut) {
		key = key_len(at);
		if (!key) {
			at++;
			continue;
		}
		value = at + key + 1;
		n = value_len(value);
		quoted = n > 1 && value[0] == '"' && value[n - 1] == '"';
		from = expanded_len(kv, (size_t)(value - kv) + quoted, ap);
		to = expanded_len(kv, (size_t)(value - kv) + n - quoted, ap);
		to = to < len ? to : len;
		if (from <= to)
			line_pair(l, at, key, text + from, to - from, quoted);
		at = value + n;
	}
}

void log_pairs(char *out, size_t size, const char *kv, ...)
{
	va_list ap;

	va_start(ap, kv);
	log_vpairs(out, size, kv, ap);
	va_end(ap);
}

void log_vpairs(char *out, size_t size, const char *kv, va_list ap)
{
	struct line l = {.text = out, .size = size};

	if (size > CLOSING_BYTES)
		line_pairs(&l, kv, ap);
	out[l.len] = '\0';
}

/* ---- lines ------------------------------------------------------------- */

static void line_begin(struct line *l, enum log_level level, const char *msg)
{
	bool json = line_format == LOG_FORMAT_JSON;
	char name[16];

	if (json)
		line_puts(l, "{\"time\":\"");
	line_time(l);
	snprintf(name, sizeof(name), " %-5s ", level_names[level]);
	line_puts(l, json ? "\",\"level\":\"" : name);
	if (json) {
		line_puts(l, level_names[level]);
		line_puts(l, "\",\"msg\":\"");
	}
	line_escape(l, msg, strlen(msg), json);
	if (l->cut)
		line_close(l, "...");
	if (json)
		line_close(l, "\"");
}

/* One write a line: lines of two processes do not mix. A log that cannot be
 * written must not stop the one who logs. */
static void line_write(struct line *l)
{
	line_close(l, line_format == LOG_FORMAT_JSON ? "}\n" : "\n");
	(void)!write(line_fd, l->text, l->len);
}

void log_write(enum log_level level, const char *msg, const char *kv, ...)
{
	int saved_errno = errno;
	char text[LINE_MAX_BYTES];
	struct line l = {.text = text, .size = sizeof(text)};
	va_list ap;

	if (level > max_level)
		return;
	line_begin(&l, level, msg);
	if (kv) {
		va_start(ap, kv);
		line_pairs(&l, kv, ap);
		va_end(ap);
	}
	line_write(&l);
	errno = saved_errno;
}

void log_write_pairs(enum log_level level, const char *msg, const char *pairs)
{
	int saved_errno = errno;
	char text[LINE_MAX_BYTES];
	struct line l = {.text = text, .size = sizeof(text)};

	if (level > max_level)
		return;
	line_begin(&l, level, msg);
	line_puts(&l, pairs);
	line_write(&l);
	errno = saved_errno;
}
