/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Logging for daemons and tools: one line an event on stderr, a sentence and
 * key=value pairs, or a JSON object a line:
 *
 *	log_info("endpoint added", "pod=%s address=%s", pod, addr);
 *
 * The second argument is a printf format of space-separated key=value pairs;
 * NULL for none. A value that may have spaces is written key="%s". Whatever
 * the arguments hold, each stays within its value: in a line of text a value
 * with spaces, quotes, backslashes, '=' or control characters comes out in
 * quotes, with \" \\ \n \t \xHH in it.
 */
#pragma once

#include <stdarg.h>
#include <stddef.h>

enum log_level {
	LOG_LEVEL_ERROR,
	LOG_LEVEL_WARN,
	LOG_LEVEL_INFO,
	LOG_LEVEL_DEBUG
};
enum log_format { LOG_FORMAT_TEXT, LOG_FORMAT_JSON };

/* Start values: info, text, stderr. */
void log_set_level(enum log_level level);
void log_set_format(enum log_format format);
void log_set_fd(int fd);

/* "error", "warn", "info", "debug" -> level; -EINVAL for anything else. */
int log_level_parse(const char *name, enum log_level *level);
int log_format_parse(const char *name, enum log_format *format);

void log_write(enum log_level level, const char *msg, const char *kv, ...)
	__attribute__((format(printf, 3, 4)));

#define log_error(msg, ...) log_write(LOG_LEVEL_ERROR, msg, __VA_ARGS__)
#define log_warn(msg, ...)  log_write(LOG_LEVEL_WARN, msg, __VA_ARGS__)
#define log_info(msg, ...)  log_write(LOG_LEVEL_INFO, msg, __VA_ARGS__)
#define log_debug(msg, ...) log_write(LOG_LEVEL_DEBUG, msg, __VA_ARGS__)

/* Pairs alone, each as a line of the format that is set has it, with what
 * separates it from the one before: texts of several calls can be joined, and
 * written as they are. */
void log_pairs(char *out, size_t size, const char *kv, ...)
	__attribute__((format(printf, 3, 4)));
void log_vpairs(char *out, size_t size, const char *kv, va_list ap)
	__attribute__((format(printf, 3, 0)));
void log_write_pairs(enum log_level level, const char *msg, const char *pairs);
