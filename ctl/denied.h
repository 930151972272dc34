/* SPDX-License-Identifier: Apache-2.0 */
/* What policies have denied, by pod and rule: fl_denied, for people. */
#pragma once

#include <cjson/cJSON.h>

#include "ctl.h"
#include "endpoint.h"
#include "rulebook.h"

struct denied_view {
	struct fl_denied_key key;
	struct fl_denied value;
};

struct denied {
	struct denied_view *list; /* the latest first */
	size_t n, room;
	struct endpoints endpoints;
	struct rulebook book;
};

/* Fills *out, also where it fails, for denied_free(). Without the map, which
 * older datapaths lack, there is nothing. */
int denied_read(const struct ctl *c, struct denied *out, struct err *e);
void denied_free(struct denied *d); /* fits __cleanup */

/* A table of the latest ones, with a heading; nothing if there are none. */
void denied_print(const struct denied *d, const struct ctl *c, __u64 now_ns);
cJSON *denied_doc(const struct denied *d, __u64 now_ns); /* an array */

/* "default/deny, ingress rule 2"; "no ingress rule of default/allow,
 * default/deny allows it". */
#define DENIED_WORDS_LEN 1024
const char *denied_words(const struct denied *d, const struct denied_view *v,
			 char buf[DENIED_WORDS_LEN]);
