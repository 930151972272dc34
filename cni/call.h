/* SPDX-License-Identifier: Apache-2.0 */
/* One call of the plugin: the CNI_* environment and standard input. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <cjson/cJSON.h>

#include "conf.h"
#include "failure.h"

enum verb {
	VERB_ADD,
	VERB_DEL,
	VERB_CHECK,
	VERB_GC,
	VERB_STATUS,
	VERB_VERSION
};

#define CALL_STDIN_MAX (16 * 1024 * 1024)

/* CNI_ARGS: KEY=VALUE;KEY=VALUE. */
struct call_args {
	struct wishes wishes; /* IP, MAC */
	char pod_namespace[254];
	char pod_name[254];
	char pod_uid[64];
};

struct call {
	enum verb verb;
	const char *verb_name;
	char container_id[CONTAINER_ID_MAX + 1]; /* "" with GC, STATUS */
	char ifname[16];
	char netns[512]; /* "" if not given */
	struct call_args args;
	struct conf conf;
	char *text; /* standard input as it came, for delegated plugins */
	size_t len;
	cJSON *json;
};

/* Reads and judges everything. What is known by then is in *c also on failure
 * (the version, for the answer); call_free() in any case. */
int call_read(int stdin_fd, struct call *c, struct failure *f);
void call_free(struct call *c);

int call_args_parse(const char *text, struct call_args *out, struct failure *f);
