/* SPDX-License-Identifier: Apache-2.0 */
#include "calls.h"

#include <errno.h>
#include <stddef.h>
#include <string.h>
#include <sys/syscall.h>

#define CALL(name, errnos)                                                     \
	{                                                                      \
		SYS_##name, #name, errnos                                      \
	}

/* What a program cannot see fail, or may only wait for, is not here: exit,
 * futex, the clock, its own numbers, signals. close() and munmap() fail for
 * programming errors alone. */
const struct call_kind call_kinds[] = {
	CALL(rseq, ""), /* the C library's preparations end with it */
#ifdef SYS_open
	CALL(open, "EMFILE ENOMEM EACCES EIO"),
	CALL(stat, "ENOMEM EACCES EIO"),
	CALL(lstat, "ENOMEM EACCES EIO"),
	CALL(access, "EACCES EIO"),
	CALL(mkdir, "ENOSPC EROFS EACCES EIO"),
	CALL(rmdir, "EROFS EBUSY EIO"),
	CALL(unlink, "EROFS EIO"),
	CALL(rename, "ENOSPC EROFS EIO"),
	CALL(link, "ENOSPC EROFS EIO"),
	CALL(symlink, "ENOSPC EROFS EIO"),
	CALL(chmod, "EROFS EIO"),
	CALL(readlink, "ENOMEM EACCES"),
	CALL(epoll_wait, "EINTR"),
	CALL(poll, "EINTR ENOMEM"),
	CALL(pipe, "EMFILE"),
	CALL(fork, "EAGAIN ENOMEM"),
	CALL(vfork, "EAGAIN ENOMEM"),
	CALL(epoll_create, "EMFILE"),
	CALL(inotify_init, "EMFILE"),
	CALL(eventfd, "EMFILE"),
#endif
	CALL(openat, "EMFILE ENOMEM EACCES EIO ENOSPC"),
	CALL(read, "EIO"),
	CALL(pread64, "EIO"),
	CALL(readv, "EIO"),
	CALL(write, "ENOSPC EIO"),
	CALL(pwrite64, "ENOSPC EIO"),
	CALL(writev, "ENOSPC EIO"),
	CALL(newfstatat, "ENOMEM EACCES EIO"),
	CALL(fstat, "ENOMEM EIO"),
	CALL(statx, "ENOMEM EACCES EIO"),
	CALL(statfs, "EIO ENOSYS"),
	CALL(fstatfs, "EIO ENOSYS"),
	CALL(lseek, "ESPIPE"),
	CALL(faccessat, "EACCES EIO"),
	CALL(readlinkat, "ENOMEM EACCES"),
	CALL(getdents64, "EIO ENOMEM"),
	CALL(mkdirat, "ENOSPC EROFS EACCES EIO"),
	CALL(unlinkat, "EROFS EIO"),
	CALL(renameat, "ENOSPC EROFS EIO"),
	CALL(renameat2, "ENOSPC EROFS EIO"),
	CALL(linkat, "ENOSPC EROFS EIO"),
	CALL(symlinkat, "ENOSPC EROFS EIO"),
	CALL(fchmod, "EROFS EIO"),
	CALL(fchmodat, "EROFS EIO"),
	CALL(fchown, "EROFS EPERM"),
	CALL(ftruncate, "ENOSPC EIO"),
	CALL(fsync, "ENOSPC EIO"),
	CALL(fdatasync, "ENOSPC EIO"),
	CALL(utimensat, "EROFS EIO"),
	CALL(flock, "EINTR ENOLCK"),
	CALL(fcntl, "EINVAL ENOMEM"),
	CALL(dup, "EMFILE"),
	CALL(ioctl, "EPERM ENOTTY"),
	CALL(mmap, "ENOMEM"),
	CALL(mremap, "ENOMEM"),
	CALL(brk, "ENOMEM"),
	CALL(socket, "EMFILE ENOBUFS EPERM"),
	CALL(socketpair, "EMFILE ENOBUFS"),
	CALL(bind, "EADDRINUSE ENOMEM"),
	CALL(listen, "EADDRINUSE"),
	CALL(accept4, "EMFILE ECONNABORTED"),
	CALL(connect, "ECONNREFUSED EAGAIN"),
	CALL(getsockname, "ENOBUFS"),
	CALL(getpeername, "ENOBUFS"),
	CALL(setsockopt, "ENOMEM EPERM"),
	CALL(getsockopt, "ENOMEM"),
	CALL(shutdown, "ENOTCONN"),
	CALL(sendto, "ENOBUFS EPIPE"),
	CALL(recvfrom, "ENOBUFS ENOMEM"),
	CALL(sendmsg, "ENOBUFS ENOMEM"),
	CALL(recvmsg, "ENOBUFS ENOMEM"),
	CALL(ppoll, "EINTR ENOMEM"),
	CALL(epoll_create1, "EMFILE"),
	CALL(epoll_ctl, "ENOMEM ENOSPC"),
	CALL(epoll_pwait, "EINTR"),
	CALL(timerfd_create, "EMFILE"),
	CALL(timerfd_settime, "EINVAL"),
	CALL(eventfd2, "EMFILE"),
	CALL(signalfd4, "EMFILE"),
	CALL(inotify_init1, "EMFILE"),
	CALL(inotify_add_watch, "ENOSPC ENOMEM"),
	CALL(pipe2, "EMFILE"),
	CALL(clone, "EAGAIN ENOMEM"),
	CALL(clone3, "EAGAIN ENOMEM"),
	CALL(execve, "ENOMEM EACCES"),
	CALL(wait4, "EINTR"),
	CALL(setns, "EPERM ENOMEM"),
	CALL(unshare, "EPERM ENOMEM"),
	CALL(mount, "EPERM ENOMEM"),
	CALL(umount2, "EPERM EBUSY"),
	CALL(setrlimit, "EPERM"),
	CALL(getrandom, "EAGAIN"),
	CALL(uname, "EFAULT"),
	CALL(sysinfo, "EFAULT"),
	CALL(capget, "EPERM"),
	CALL(capset, "EPERM"),
	CALL(prctl, "EPERM EINVAL"),
	CALL(seccomp, "EINVAL ENOMEM"),
	CALL(perf_event_open, "EPERM EMFILE"),
	CALL(bpf, "EPERM ENOMEM EINVAL EBUSY E2BIG"),
};
const int n_call_kinds = sizeof(call_kinds) / sizeof(call_kinds[0]);

const struct call_kind *call_kind_find(int nr)
{
	for (int i = 0; i < n_call_kinds; i++)
		if (call_kinds[i].nr == nr)
			return &call_kinds[i];
	return NULL;
}

const char *bpf_command_name(unsigned long long cmd)
{
	static const char *const names[] = {
		"MAP_CREATE",	     "MAP_LOOKUP_ELEM",
		"MAP_UPDATE_ELEM",   "MAP_DELETE_ELEM",
		"MAP_GET_NEXT_KEY",  "PROG_LOAD",
		"OBJ_PIN",	     "OBJ_GET",
		"PROG_ATTACH",	     "PROG_DETACH",
		"PROG_TEST_RUN",     "PROG_GET_NEXT_ID",
		"MAP_GET_NEXT_ID",   "PROG_GET_FD_BY_ID",
		"MAP_GET_FD_BY_ID",  "OBJ_GET_INFO_BY_FD",
		"PROG_QUERY",	     "RAW_TRACEPOINT_OPEN",
		"BTF_LOAD",	     "BTF_GET_FD_BY_ID",
		"TASK_FD_QUERY",     "MAP_LOOKUP_AND_DELETE_ELEM",
		"MAP_FREEZE",	     "BTF_GET_NEXT_ID",
		"MAP_LOOKUP_BATCH",  "MAP_LOOKUP_AND_DELETE_BATCH",
		"MAP_UPDATE_BATCH",  "MAP_DELETE_BATCH",
		"LINK_CREATE",	     "LINK_UPDATE",
		"LINK_GET_FD_BY_ID", "LINK_GET_NEXT_ID",
		"ENABLE_STATS",	     "ITER_CREATE",
		"LINK_DETACH",	     "PROG_BIND_MAP",
	};

	return cmd < sizeof(names) / sizeof(names[0]) ? names[cmd] : "?";
}

int errno_number(const char *name)
{
	for (int e = 1; e < 134; e++) {
		const char *known = strerrorname_np(e);

		if (known && !strcmp(known, name))
			return e;
	}
	return 0;
}
