/* SPDX-License-Identifier: Apache-2.0 */
/*
 * BPF_PROG_TEST_RUN cannot give a packet a tunnel key, or a VLAN tag that is
 * beside the packet, and it refuses packets that end within their IP header. A
 * small program can do all this: it sets or cuts, and tail-calls the program
 * under test.
 */
#pragma once

#include <stdbool.h>

#include <fairlead/abi.h>

struct trampoline_call {
	int target_fd;		    /* program to run */
	const struct fl_addr *from; /* sender's tunnel address, NULL: no key */
	__u16 vlan;		    /* 0: no tag */
	__u32 cut_to;		    /* length of the packet, 0: as it is */
};

/* fd of a program that does this and goes on to the target; valid until the
 * next call. */
int trampoline(const struct trampoline_call *call);
/* false: whoever is named as sender, the target sees 0.0.0.0 or ::. */
bool trampoline_knows_sender(void);
void trampoline_free(void);
