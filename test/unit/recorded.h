/* SPDX-License-Identifier: Apache-2.0 */
/* What a real kube-apiserver sent, as JSON. */
#pragma once

#include <cjson/cJSON.h>

#include "kube_recorded.h"

/* A list, or an array of the events of a stream; the caller's. */
static inline cJSON *recorded_json(const char *name)
{
	struct recorded r;
	char *rest = NULL;
	cJSON *all;

	recorded_read(name, &r);
	if (strcmp(strrchr(name, '-'), "-watch")) {
		all = cJSON_Parse(r.body);
	} else {
		all = cJSON_CreateArray();
		for (char *line = strtok_r(r.body, "\n", &rest); line;
		     line = strtok_r(NULL, "\n", &rest))
			cJSON_AddItemToArray(all, cJSON_Parse(line));
	}
	free(r.body);
	return all;
}
