/* SPDX-License-Identifier: Apache-2.0 */
/* The two ways to attach a stub to a device, for attach.c alone. */
#pragma once

#include <stdbool.h>

#include <linux/types.h>

#include "../lib/err.h"
#include "loader.h"

enum attach_side { SIDE_INGRESS, SIDE_EGRESS, SIDE_MAX };

/* ---- TCX: a pinned link, first of all links of the device ------------- */

/* 0 also where it is so already; -EEXIST never. */
int tcx_attach(const char *bpf_root, unsigned int ifindex,
	       enum attach_side side, int prog_fd, __u32 prog_id,
	       struct err *e);
int tcx_detach(const char *bpf_root, unsigned int ifindex,
	       enum attach_side side, struct err *e);
/* Is there a pin for either side (whatever became of the link)? */
bool tcx_is_pinned(const char *bpf_root, unsigned int ifindex);
/* Id of the program that our link runs on this device, 0: none. */
__u32 tcx_program(const char *bpf_root, unsigned int ifindex,
		  enum attach_side side);
/* Id of the program that our link has, attached or not; 0: no such pin. */
__u32 tcx_program_pinned(const char *bpf_root, unsigned int ifindex,
			 enum attach_side side);

/* ---- clsact: a filter with our priority and handle -------------------- */

#define CLSACT_PRIORITY 3866
#define CLSACT_HANDLE	0xfa1

int clsact_attach(const char *bpf_root, unsigned int ifindex,
		  enum attach_role role, enum attach_side side, int prog_fd,
		  __u32 prog_id, struct err *e);
/* Both sides, and the qdisc if it was made for us and is empty. */
int clsact_detach(const char *bpf_root, unsigned int ifindex, struct err *e);
/* Was it attached so (whatever became of it), as what? Costs no netlink; role
 * may be NULL. */
bool clsact_is_marked(const char *bpf_root, unsigned int ifindex,
		      enum attach_role *role);
__u32 clsact_program(unsigned int ifindex, enum attach_side side);

/* Detach from all devices, also from those that have lost our programs. */
int detach_all(const char *bpf_root, struct err *e);
