/* SPDX-License-Identifier: Apache-2.0 */
/* What the agent's memory holds of secrets is nobody else's. */
#pragma once

#include "../lib/config.h"

/* No core dumps, and no debugger without CAP_SYS_PTRACE, of a process that
 * holds the token of an API server. Call it before that is read. */
void guard_secrets(const struct config *c);
