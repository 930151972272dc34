/* SPDX-License-Identifier: Apache-2.0 */
/* <state-dir>/agent.sock: newline-delimited JSON, see docs/state.md. */
#pragma once

#include <event2/event.h>

#include "../lib/err.h"
#include "request.h"

struct socket;

struct socket_stats {
	unsigned long long requests, failed;
};

/* A socket that an earlier agent left is replaced. */
int socket_open(struct event_base *base, const char *state_dir,
		const struct request_ops *ops, struct socket **out,
		struct err *e);
/* If somebody removed the file, another one is made. */
int socket_heal(struct socket *s, struct err *e);
void socket_close(struct socket *s); /* NULL is fine; removes the file */
const struct socket_stats *socket_stats(const struct socket *s);
