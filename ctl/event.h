/* SPDX-License-Identifier: Apache-2.0 */
/* An event of the datapath as a line that a person reads, and as JSON. */
#pragma once

#include <stdio.h>
#include <cjson/cJSON.h>

#include "pods.h"
#include "rulebook.h"
#include "table.h"

/* "drop", "new", "end", "verdict" */
const char *event_type_name(unsigned int type);

/*
 * drop  10.1.0.5:43210 -> 10.1.0.9:80 tcp  spoofed source address  endpoint 7
 * new   10.1.0.5:43210 -> 192.0.2.7:80 tcp  uplink from 192.0.2.1:1024 endpoint
 * 7 end   10.1.0.5:43210 -> 10.1.0.9:80 tcp  12/10 packets 840/9120 bytes
 * endpoint 7
 * drop  10.1.0.5:43210 -> 10.1.0.9:80 tcp  denied by policy: no ingress rule of
 * default/web-0 allows it  endpoint 7
 *
 * with the pod's name behind its endpoint where it is known. What a policy in
 * audit mode would have dropped begins with "would drop". No newline. `rules`
 * may be empty: rules are then numbers.
 */
void event_line(const struct fl_event *ev, const struct pods *pods,
		const struct rulebook *rules, const struct look *look,
		FILE *out);

/* real_ns: the wall clock at ev->time_ns, ns since 1970. */
cJSON *event_doc(const struct fl_event *ev, const struct pods *pods,
		 const struct rulebook *rules, __u64 real_ns);
