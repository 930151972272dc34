/* SPDX-License-Identifier: Apache-2.0 */
/*
 * <state-dir>/cni.lock: ADD and DEL share it, GC (and the agent, when it looks
 * for what was left behind) has it alone. So whoever has it alone knows that
 * nobody is between two steps. The kernel lets go of it with the process.
 *
 * <state-dir>/attachments.lock: one call at a time of one attachment. It is one
 * file for all of them, and stays: each locks a byte of its own, so that
 * attachments do not wait for each other and none leaves a file behind.
 */
#pragma once

#include "call.h"
#include "failure.h"

/* Goes on without it after a second: the runtime does not call ADD or DEL
 * while GC runs (the specification forbids it), and the agent leaves alone what
 * is young, so who still has it then hangs, and a pod must not wait for that.
 */
int state_lock_shared(const char *state_dir, int *fd, struct failure *f);
/* CNI_TRY_AGAIN where others have not let go after a few seconds. */
int state_lock_alone(const char *state_dir, int *fd, struct failure *f);

/* Taken before anything of the attachment is looked at, and before cni.lock.
 * CNI_TRY_AGAIN as above. Where the file cannot be opened ADD fails; the
 * others go on without (*fd is -1), for what was made must be removable. */
int attachment_lock(const struct call *c, int *fd, struct failure *f);
