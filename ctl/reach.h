/* SPDX-License-Identifier: Apache-2.0 */
/* Trying whether one reaches another, in whatever network namespace. */
#pragma once

#include <stdbool.h>
#include <sys/types.h>

#include "../lib/addr.h"

enum reach_how { REACH_TCP, REACH_UDP, REACH_ICMP, REACH_FULL, REACH_MAX };

struct reach {
	int netns; /* fd, -1: this one */
	struct fl_addr to;
	enum reach_how how;
	unsigned int port; /* of an echo server: TCP, UDP */
	unsigned int size; /* of a packet: REACH_FULL, which may not be
			    * fragmented */
	/* out */
	int error; /* 0: it does; ETIMEDOUT: no answer; or what was said */
	pid_t pid; /* while it is tried */
};

const char *reach_name(enum reach_how how);
/* All at once, each in a process of its own; at most four seconds, and until
 * *stop becomes true. */
void reach_all(struct reach *list, int n, const volatile bool *stop);
