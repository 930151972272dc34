/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The pods of `fairlead test`: a network namespace that a process of ours keeps
 * alive, connected by the plugin. The namespace goes with the process, and the
 * process with us, however we end; what the plugin has entered is removed by
 * testpod_stop(), or by the next run (testpods_sweep()).
 */
#pragma once

#include <sys/types.h>

#include "../lib/err.h"
#include "../lib/state.h"

#define TESTPOD_NETWORK "fairlead-test"

struct testpod {
	const char *state_dir, *plugin; /* the plugin's path */
	char id[64];			/* of its container */
	pid_t pid;			/* 0: none */
	int netns;			/* fd */
	struct endpoint_record record;
};

/* A pod that answers at `port`; `letter` tells those of one run apart. On
 * failure nothing is left. */
int testpod_start(struct testpod *p, const char *state_dir, const char *plugin,
		  char letter, unsigned int port, struct err *e);
/* Its address of that family (AF_INET, AF_INET6), or NULL. */
const struct fl_addr *testpod_addr(const struct testpod *p, int family);
/* 0 also where it never was. */
int testpod_stop(struct testpod *p, struct err *e);
/* After the last one: the directory of their addresses, if it is empty. */
void testpods_end(const char *state_dir);
/* Remove what runs that were killed have left; *n: how many pods. */
int testpods_sweep(const char *state_dir, const char *plugin, int *n,
		   struct err *e);

/* Echo at a port, TCP and UDP, both families, in a process of its own in the
 * namespace that it is called in. Returns its id when it listens, or negative
 * errno. It ends with us. */
pid_t echo_start(unsigned int port, struct err *e);
/* The same loop in this process; sockets are there when it writes a byte to
 * `ready`. Does not return but on failure. */
int echo_serve(unsigned int port, int ready);
