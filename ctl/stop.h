/* SPDX-License-Identifier: Apache-2.0 */
/* Ctrl-C and the like, for commands that end by themselves: what they have made
 * goes, or no half of it stays. */
#pragma once

#include <stdbool.h>

/* Becomes true with a SIGINT, SIGTERM or SIGHUP after stop_on_signals(). */
extern volatile bool stopped;

/* Calls that wait are interrupted (EINTR). */
void stop_on_signals(void);
