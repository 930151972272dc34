/* SPDX-License-Identifier: Apache-2.0 */
/* A connection as a line of a table and as JSON. */
#pragma once

#include <stdbool.h>
#include <cjson/cJSON.h>

#include "connection.h"
#include "pods.h"
#include "rulebook.h"
#include "table.h"

/* With `translation`, that column stays when the terminal is narrow. */
struct table *flow_table_new(bool translation);
void flow_table_row(struct table *t, const struct connection *c,
		    const struct pods *pods, const struct rulebook *rules,
		    __u64 now_ns, bool human);

cJSON *connection_doc(const struct connection *c, const struct pods *pods,
		      const struct rulebook *rules, __u64 now_ns);

/* What the other side sees instead: "from 192.0.2.1:1024", "to ...", both,
 * or "" where nothing is translated. Returns buf. */
#define TRANSLATION_LEN 160
const char *translation_text(const struct fl_tuple *t,
			     const struct fl_tuple *to,
			     char buf[TRANSLATION_LEN]);
