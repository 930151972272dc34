/* SPDX-License-Identifier: Apache-2.0 */
/* /metrics, /healthz and /readyz. */
#pragma once

#include "../lib/err.h"

struct agent;
struct http;

/* Nothing is served where http-address is empty. An address that is taken is
 * an error. */
int http_open(struct agent *a, struct http **out, struct err *e);
void http_close(struct http *h); /* NULL is fine */
