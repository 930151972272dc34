/* SPDX-License-Identifier: Apache-2.0 */
/* The system calls that are failed, and what each may plausibly fail with. */
#pragma once

struct call_kind {
	int nr;
	const char *name;
	const char *errnos; /* "ENOMEM ENOSPC"; "": followed, never failed */
};

extern const struct call_kind call_kinds[];
extern const int n_call_kinds;

const struct call_kind *call_kind_find(int nr);

/* The subcommand of bpf(2), "MAP_UPDATE_ELEM". */
const char *bpf_command_name(unsigned long long cmd);
/* What a netlink reply may say, and the number of an errno's name; 0: unknown.
 */
#define NETLINK_ERRNOS "ENOMEM EBUSY EPERM EINVAL ENOBUFS"
int errno_number(const char *name);
