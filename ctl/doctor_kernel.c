/* SPDX-License-Identifier: Apache-2.0 */
/* May we look, and can this kernel do it? */
#include "doctor.h"

#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

void doctor_privileges(struct doctor *d)
{
	if (!geteuid())
		doctor_say(d, DOCTOR_OK, "", "root: everything can be read");
	else
		doctor_say(d, DOCTOR_WRONG, "Run it with sudo.",
			   "not root: maps, programs, filters and the agent's "
			   "socket cannot be read, and little of what follows "
			   "can be said");
}

static void judge_jit(struct doctor *d)
{
	char text[16];

	doctor_file("/proc/sys/net/core/bpf_jit_enable", text, sizeof(text));
	if (!strcmp(text, "0"))
		doctor_say(d, DOCTOR_WARNING,
			   "sysctl -w net.core.bpf_jit_enable=1, and load "
			   "again: `fairlead-loader load`.",
			   "the kernel interprets BPF programs: they take "
			   "several times as long");
}

void doctor_kernel(struct doctor *d)
{
	struct utsname u;
	struct err e = {0};

	uname(&u);
	if (geteuid())
		doctor_say(d, DOCTOR_UNKNOWN, "",
			   "Linux %s; what it can do is found out by root only",
			   u.release);
	else if (datapath_check(d->ctl->bpf_root, &e))
		doctor_say(d, DOCTOR_WRONG,
			   "Without it nothing can be loaded. docs/install.md "
			   "says what is needed.",
			   "%.350s", e.msg);
	else
		doctor_say(d, DOCTOR_OK, "",
			   "Linux %s (%s) has all that is needed; devices are "
			   "attached to by %s",
			   u.release, u.machine,
			   attach_has_tcx() ? "TCX, pods' by filters"
					    : "filters (no TCX before 6.6)");
	judge_jit(d);
}
