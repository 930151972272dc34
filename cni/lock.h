/* SPDX-License-Identifier: Apache-2.0 */
/*
 * <state-dir>/cni.lock: ADD and DEL share it, GC (and the agent, when it looks
 * for what was left behind) has it alone. So whoever has it alone knows that
 * nobody is between two steps. The kernel lets go of it with the process.
 */
#pragma once

#include "failure.h"

/* Goes on without it after a second: the runtime does not call ADD or DEL
 * while GC runs (the specification forbids it), and the agent leaves alone what
 * is young, so who still has it then hangs, and a pod must not wait for that.
 */
int state_lock_shared(const char *state_dir, int *fd, struct failure *f);
/* CNI_TRY_AGAIN where others have not let go after a few seconds. */
int state_lock_alone(const char *state_dir, int *fd, struct failure *f);
