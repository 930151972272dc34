/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What would become of a packet: trace.c asks the datapath, trace_tell.c puts
 * the answer in words, cmd_trace.c shows both.
 */
#pragma once

#include <cjson/cJSON.h>

#include "cluster_pod.h"
#include "ctl.h"
#include "endpoint.h"
#include "frame.h"
#include "route.h"
#include "rulebook.h"

struct trace_request {
	const char *from, *to;
	struct frame_target target;
	bool ipv6;
};

struct trace {
	struct endpoints endpoints;
	struct routes routes;
	struct rulebook book;
	struct fl_config config;
	const struct endpoint_view *sender; /* NULL: this node */
	struct cluster_pod receiver; /* of another node; "" if not by name */
	struct fl_tuple tuple;
	struct fl_trace answer;
};

/* Fills *out, also where it fails, for trace_free(). */
int trace_run(const struct ctl *c, const struct trace_request *r,
	      struct trace *out, struct err *e);
void trace_free(struct trace *t); /* fits __cleanup */

bool trace_passes(const struct trace *t);
void trace_print(const struct trace *t, const struct ctl *c);
cJSON *trace_doc(const struct trace *t);
