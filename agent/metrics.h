/* SPDX-License-Identifier: Apache-2.0 */
/* Numbers in the text format that Prometheus reads. */
#pragma once

#include <stdbool.h>

#include <event2/buffer.h>
#include <fairlead/abi.h>

#include "../loader/loader.h"

enum { METRICS_MAPS_MAX = 16 };

/* What comes out of the maps. */
struct metrics_maps {
	struct fl_metric packets[FL_HOOK_MAX][FL_REASON_MAX];
	__u64 counters[FL_COUNT_MAX];
	struct map_usage usage[METRICS_MAPS_MAX];
	int n_usage;
};

/* known: the usage of a map that is too large to be counted anew. */
int metrics_read(const char *bpf_root, const struct map_usage *known,
		 struct metrics_maps *out, struct err *e);
void metrics_format_maps(const struct metrics_maps *m, struct evbuffer *out);

/* One family: its head, then its values. labels may be NULL: no labels; else
 * `key="value"` pairs, values as metrics_escape() leaves them. */
void metrics_head(struct evbuffer *out, const char *name, const char *type,
		  const char *help);
void metrics_value(struct evbuffer *out, const char *name, const char *labels,
		   double value);
/* Head and value of a family of one. */
void metrics_one(struct evbuffer *out, const char *name, const char *type,
		 const char *help, double value);
/* For use between quotes. */
const char *metrics_escape(const char *text, char *buf, size_t size);
