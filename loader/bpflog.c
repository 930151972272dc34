/* SPDX-License-Identifier: Apache-2.0 */
#include "bpflog.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <bpf/libbpf.h>

#include "../lib/cleanup.h"
#include "../lib/log.h"

#define CAUSE_MAX 320

static _Thread_local char cause[CAUSE_MAX];
static _Thread_local bool from_verifier;

/* The last lines of a text that fit, on one line, without libbpf's frame. */
static void keep_end(char *text)
{
	char *lines[4] = {0}, *line, *save = NULL;
	size_t n = 0, len = 0;

	for (line = strtok_r(text, "\n", &save); line;
	     line = strtok_r(NULL, "\n", &save))
		if (strncmp(line, "processed ", 10) &&
		    !strstr(line, "END PROG LOAD LOG"))
			lines[n++ % 4] = line;
	cause[0] = '\0';
	for (size_t i = n > 4 ? n - 4 : 0; i < n && len < sizeof(cause); i++)
		len += snprintf(cause + len, sizeof(cause) - len, "%s%s",
				len ? " | " : "", lines[i % 4]);
}

static void log_lines(char *text)
{
	char *line, *save = NULL;

	for (line = strtok_r(text, "\n", &save); line;
	     line = strtok_r(NULL, "\n", &save))
		log_debug(line, NULL);
}

static int print(enum libbpf_print_level level, const char *fmt, va_list ap)
{
	__cleanup(mem_free) char *text = NULL;
	__cleanup(mem_free) char *copy = NULL;
	char *log;

	if (vasprintf(&text, fmt, ap) < 0) {
		text = NULL;
		return 0;
	}
	copy = strdup(text);
	if (copy)
		log_lines(copy);
	log = strstr(text, "-- BEGIN PROG LOAD LOG --");
	if (log) {
		from_verifier = true;
		keep_end(log + strlen("-- BEGIN PROG LOAD LOG --"));
	} else if (level == LIBBPF_WARN && !from_verifier) {
		keep_end(text);
	}
	return 0;
}

void bpflog_begin(void)
{
	libbpf_set_print(print);
	cause[0] = '\0';
	from_verifier = false;
}

const char *bpflog_cause(void)
{
	return cause;
}
