/* SPDX-License-Identifier: Apache-2.0 */
#include "confine.h"

#include <errno.h>
#include <linux/capability.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "../lib/log.h"

/* Before 5.11 the memory of maps is locked memory, of which there is a limit
 * that libbpf raises. */
static bool locks_memory(void)
{
	unsigned int major = 0, minor = 0;
	struct utsname u;

	if (uname(&u) || sscanf(u.release, "%u.%u", &major, &minor) != 2)
		return false;
	return major < 5 || (major == 5 && minor < 11);
}

static __u64 bit(int capability)
{
	return 1ULL << capability;
}

static __u64 wanted(void)
{
	__u64 set = bit(CAP_BPF) | bit(CAP_NET_ADMIN) | bit(CAP_PERFMON);

	return locks_memory() ? set | bit(CAP_SYS_RESOURCE) : set;
}

/* Needs CAP_SETPCAP. Who has been given few capabilities may not have it; what
 * is left in the bounding set then is of no use without execve(). */
static void shrink_bounding_set(__u64 keep)
{
	for (int cap = 0; prctl(PR_CAPBSET_READ, cap, 0, 0, 0) >= 0; cap++)
		if (cap > 63 || !(keep & bit(cap)))
			prctl(PR_CAPBSET_DROP, cap, 0, 0, 0);
}

/* libc has no function for these two. */
static int read_sets(struct __user_cap_data_struct sets[2])
{
	struct __user_cap_header_struct head = {
		.version = _LINUX_CAPABILITY_VERSION_3};

	return syscall(SYS_capget, &head, sets);
}

static int write_sets(const struct __user_cap_data_struct sets[2])
{
	struct __user_cap_header_struct head = {
		.version = _LINUX_CAPABILITY_VERSION_3};

	return syscall(SYS_capset, &head, sets);
}

void confine_capabilities(const struct config *c)
{
	struct __user_cap_data_struct sets[2];
	__u64 keep = wanted();

	if (!c->drop_capabilities)
		return;
	shrink_bounding_set(keep);
	prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
	if (read_sets(sets))
		goto failed;
	for (int i = 0; i < 2; i++) {
		sets[i].permitted &= keep >> (32 * i);
		sets[i].effective = sets[i].permitted;
		sets[i].inheritable = 0;
	}
	if (!write_sets(sets))
		return;
failed:
	log_warn("capabilities could not be given up", "error=\"%s\"",
		 strerror(errno));
}
