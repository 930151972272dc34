/* SPDX-License-Identifier: Apache-2.0 */
/* The exchanges of test/kube/recorded: status and body, with head and chunk
 * framing taken off. A header, because each unit test is a file of its own. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define RECORDED "test/kube/recorded"

struct recorded {
	char name[128];
	char path[1024]; /* of the request, with its query */
	int status;
	double retry_after; /* < 0: not said */
	char *body;
	size_t len;
	bool whole; /* the framing said so */
};

static inline char *recorded_file(const char *name, size_t *len)
{
	char path[256], *text;
	FILE *f;

	snprintf(path, sizeof(path), RECORDED "/%s.wire", name);
	f = fopen(path, "r");
	if (!f || fseek(f, 0, SEEK_END)) {
		perror(path);
		exit(1);
	}
	*len = ftell(f);
	rewind(f);
	text = calloc(1, *len + 1);
	if (!text || fread(text, 1, *len, f) != *len) {
		perror(path);
		exit(1);
	}
	fclose(f);
	return text;
}

static inline void recorded_dechunk(struct recorded *r, char *at, char *end)
{
	unsigned long size;

	while (at < end) {
		size = strtoul(at, &at, 16);
		at += 2;
		if (size == 0) {
			r->whole = true;
			return;
		}
		if (size > (size_t)(end - at))
			size = end - at;
		memmove(r->body + r->len, at, size);
		r->len += size;
		at += size + 2;
	}
}

static inline void recorded_read(const char *name, struct recorded *r)
{
	char *text, *body, *line;
	bool chunked = false;
	size_t len;

	text = recorded_file(name, &len);
	memset(r, 0, sizeof(*r));
	snprintf(r->name, sizeof(r->name), "%s", name);
	r->retry_after = -1;
	r->status = atoi(text + strlen("HTTP/1.1 "));
	body = strstr(text, "\r\n\r\n") + 4;
	for (line = text; line < body; line = strchr(line, '\n') + 1) {
		if (!strncasecmp(line, "Retry-After:", 12))
			r->retry_after = atof(line + 12);
		if (!strncasecmp(line, "Transfer-Encoding: chunked", 26))
			chunked = true;
	}
	r->body = calloc(1, len + 1);
	if (chunked) {
		recorded_dechunk(r, body, text + len);
	} else {
		r->len = text + len - body;
		memcpy(r->body, body, r->len);
		r->whole = true;
	}
	r->body[r->len] = '\0';
	free(text);
}

/* All of the index whose name has the word; returns how many. */
static inline int recorded_each(const char *word,
				void (*fn)(struct recorded *r, void *arg),
				void *arg)
{
	char line[4096], name[128], path[1024];
	struct recorded r;
	int n = 0;
	FILE *f;

	f = fopen(RECORDED "/INDEX.tsv", "r");
	if (!f) {
		perror(RECORDED "/INDEX.tsv");
		exit(1);
	}
	while (fgets(line, sizeof(line), f)) {
		if (sscanf(line, "%127s %*s %1023s", name, path) != 2 ||
		    !strcmp(name, "name") || !strstr(name, word))
			continue;
		recorded_read(name, &r);
		snprintf(r.path, sizeof(r.path), "%s", path);
		fn(&r, arg);
		free(r.body);
		n++;
	}
	fclose(f);
	return n;
}
