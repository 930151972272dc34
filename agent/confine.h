/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the agent can't do even if somebody makes it run code of theirs: it
 * gives up all capabilities but those that it works with, for good, and may
 * make only the system calls that it makes. Call both before any thread is
 * there; a kernel that refuses is worth a warning, not the end.
 */
#pragma once

#include "../lib/config.h"

/* Keeps CAP_BPF, CAP_NET_ADMIN, CAP_PERFMON, and before Linux 5.11
 * CAP_SYS_RESOURCE, as far as it has them; clears the bounding, ambient and
 * inheritable sets alike. Does nothing with drop-capabilities: false. */
void confine_capabilities(const struct config *c);

/* Nothing can be gained by execve() from here on, and what is not in the list
 * (confine_calls.c) fails with EPERM and a line in the kernel's log; numbers
 * that are newer than it with ENOSYS, so that libc falls back. Of another
 * architecture's calls the process dies. Does nothing with seccomp: false, nor
 * in a build with AddressSanitizer, whose leak checker forks and traces. */
void confine_calls(const struct config *c);
