/* SPDX-License-Identifier: Apache-2.0 */
/* What a real kube-apiserver sent: test/unit/recorded/. */
#pragma once

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cjson/cJSON.h>

static char *recorded_text(const char *name)
{
	char path[512], *text;
	FILE *f;
	long size;

	snprintf(path, sizeof(path), "%.*s/recorded/%s",
		 (int)(strrchr(__FILE__, '/') - __FILE__), __FILE__, name);
	f = fopen(path, "r");
	if (!f || fseek(f, 0, SEEK_END) || (size = ftell(f)) < 0) {
		fprintf(stderr, "cannot read %s\n", path);
		exit(1);
	}
	rewind(f);
	text = calloc(1, size + 1);
	if (fread(text, 1, size, f) != (size_t)size)
		exit(1);
	fclose(f);
	return text;
}

/* A list, or an array of the events of a stream; the caller's. */
static inline cJSON *recorded_json(const char *name)
{
	char *text = recorded_text(name), *rest = NULL;
	cJSON *all;

	if (strcmp(strrchr(name, '.'), ".watch")) {
		all = cJSON_Parse(text);
	} else {
		all = cJSON_CreateArray();
		for (char *line = strtok_r(text, "\n", &rest); line;
		     line = strtok_r(NULL, "\n", &rest))
			cJSON_AddItemToArray(all, cJSON_Parse(line));
	}
	free(text);
	return all;
}
