/* SPDX-License-Identifier: Apache-2.0 */
/* Calls back when this node's devices, addresses or routes have changed. */
#pragma once

#include <event2/event.h>

#include "../lib/err.h"

struct netwatch;

/* `changed` comes at most every 50 ms, and once for what came in between. */
int netwatch_open(struct event_base *base, void (*changed)(void *arg),
		  void *arg, struct netwatch **out, struct err *e);
void netwatch_close(struct netwatch *w); /* NULL is fine */
