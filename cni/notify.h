/* SPDX-License-Identifier: Apache-2.0 */
/* Telling the agent. It may be dead or hung: nothing waits for it long, and
 * nothing fails because of it. */
#pragma once

#include <stddef.h>

#define NOTIFY_TIMEOUT_MS 500

/* Sends {"op": op, "containerID": ..., "ifname": ...} and waits for "ok" at
 * most timeout_ms (0: does not wait for the answer). 0, or negative errno:
 * nobody there, no answer in time, or -EPROTO: an answer that is not ok. */
int notify_agent(const char *state_dir, const char *op,
		 const char *container_id, const char *ifname, int timeout_ms);

/* Why the agent says that it is not ready, "" if it is; 0, or negative errno
 * and *reason untouched: nobody there, or no answer in time. */
int notify_reason(const char *state_dir, int timeout_ms, char *reason,
		  size_t size);
