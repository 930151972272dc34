/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Logging for daemons and tools: one line an event on stderr, a sentence and
 * key=value pairs, or a JSON object a line:
 *
 *	log_info("endpoint added", "pod=%s address=%s", pod, addr);
 *
 * The second argument is a printf format of space-separated key=value pairs;
 * NULL for none. A value with spaces is written key="%s".
 */
#pragma once

enum log_level { LOG_LEVEL_ERROR, LOG_LEVEL_WARN, LOG_LEVEL_INFO, LOG_LEVEL_DEBUG };
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
#define log_warn(msg, ...) log_write(LOG_LEVEL_WARN, msg, __VA_ARGS__)
#define log_info(msg, ...) log_write(LOG_LEVEL_INFO, msg, __VA_ARGS__)
#define log_debug(msg, ...) log_write(LOG_LEVEL_DEBUG, msg, __VA_ARGS__)
