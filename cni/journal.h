/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the plugin did: to its log file (or syslog), and warnings and errors
 * to standard error as well, where a runtime keeps them with its own. Never
 * fails: a full disk must not stop a pod.
 */
#pragma once

#include "../lib/log.h"

/* "": no file; "syslog". A file that has grown past JOURNAL_MAX is set aside
 * as <file>.1 first. The directory is not made. */
#define JOURNAL_MAX (1024 * 1024)
void journal_open(const char *file, enum log_level level);

/* Put in front of each line's pairs: what this call is about. */
void journal_context(const char *verb, const char *container_id,
		     const char *ifname, const char *network);

/* As log_write(): a sentence and key=value pairs. */
void journal(enum log_level level, const char *msg, const char *kv, ...)
	__attribute__((format(printf, 3, 4)));
