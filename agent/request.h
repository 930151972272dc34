/* SPDX-License-Identifier: Apache-2.0 */
/* One request of docs/state.md and its answer. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include <cjson/cJSON.h>

#include "../lib/err.h"

struct request_ops {
	const char *node;
	int (*endpoint_added)(const char *container_id, const char *ifname,
			      void *arg, struct err *e);
	int (*endpoint_removed)(const char *container_id, const char *ifname,
				void *arg, struct err *e);
	void (*status)(cJSON *answer, void *arg);
	int (*pod)(const char *wanted, cJSON *answer, void *arg, struct err *e);
	void *arg;
};

/* The answer to a line, as one line without its newline; the caller frees it
 * with cJSON_free(). *ok: it is {"ok":true,...}. */
char *request_answer(const struct request_ops *ops, const char *line,
		     size_t len, bool *ok);
/* {"ok":false,"error":...}, likewise. */
char *request_refuse(const char *reason);
