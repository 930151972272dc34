/* SPDX-License-Identifier: Apache-2.0 */
/* A word with the agent, where there is one. */
#pragma once

#include <cjson/cJSON.h>

#include "../lib/err.h"

/* Send one request to <state-dir>/agent.sock and wait for its answer;
 * *answer is a JSON object, the caller deletes it.
 *
 *	-ECONNREFUSED	nobody listens (or there is no socket)
 *	-ETIMEDOUT	somebody does, and does not answer in time
 *	-EPROTO		the answer is none, or {"ok": false}
 */
int agent_ask(const char *state_dir, const char *request, int timeout_ms,
	      cJSON **answer, struct err *e);
