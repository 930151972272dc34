/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The system calls of the agent and of the libraries that it is made of: libc
 * (names are looked up by threads), libbpf, libnl, libevent, libcurl, OpenSSL.
 * A call that the architecture does not have is left out; newer ones that libc
 * tries first are refused as if the kernel did not have them.
 */
#include <errno.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/sched.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "../lib/log.h"
#include "confine.h"

#if defined(__x86_64__)
#define OUR_ARCH AUDIT_ARCH_X86_64
#elif defined(__aarch64__)
#define OUR_ARCH AUDIT_ARCH_AARCH64
#endif

#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define WITH_SANITIZER 1
#endif
#endif
#if defined(__SANITIZE_ADDRESS__)
#define WITH_SANITIZER 1
#endif

/* The last one of 5.10: what is above is newer than some kernel that we run
 * on, so that who asks for it can do without. */
#define LAST_OLD_CALL SYS_process_madvise
#ifndef SYS_process_madvise
#define SYS_process_madvise 440
#endif

static const int allowed[] = {
	/* files */
	SYS_read,
	SYS_write,
	SYS_readv,
	SYS_writev,
	SYS_pread64,
	SYS_pwrite64,
	SYS_preadv,
	SYS_pwritev,
	SYS_openat,
	SYS_openat2,
	SYS_close,
	SYS_lseek,
	SYS_newfstatat,
	SYS_fstat,
	SYS_statx,
	SYS_statfs,
	SYS_fstatfs,
	SYS_faccessat,
	SYS_faccessat2,
	SYS_readlinkat,
	SYS_getcwd,
	SYS_getdents64,
	SYS_renameat,
	SYS_renameat2,
	SYS_unlinkat,
	SYS_mkdirat,
	SYS_linkat,
	SYS_symlinkat,
	SYS_fchmod,
	SYS_fchmodat,
	SYS_fchown,
	SYS_fchownat,
	SYS_fsync,
	SYS_fdatasync,
	SYS_ftruncate,
	SYS_fallocate,
	SYS_fadvise64,
	SYS_flock,
	SYS_fcntl,
	SYS_dup,
	SYS_dup3,
	SYS_pipe2,
	SYS_umask,
	SYS_utimensat,
	SYS_sendfile,
	SYS_copy_file_range,
	SYS_ioctl,
	SYS_close_range,
	SYS_inotify_init1,
	SYS_inotify_add_watch,
	SYS_inotify_rm_watch,
#ifdef SYS_open /* arm64 has the newer ones alone */
	SYS_open,
	SYS_creat,
	SYS_stat,
	SYS_lstat,
	SYS_access,
	SYS_readlink,
	SYS_getdents,
	SYS_rename,
	SYS_unlink,
	SYS_mkdir,
	SYS_rmdir,
	SYS_link,
	SYS_symlink,
	SYS_chmod,
	SYS_chown,
	SYS_dup2,
	SYS_pipe,
	SYS_inotify_init,
	SYS_utimes,
#endif
	/* memory */
	SYS_mmap,
	SYS_munmap,
	SYS_mprotect,
	SYS_mremap,
	SYS_madvise,
	SYS_brk,
	SYS_msync,
	SYS_memfd_create,
	SYS_membarrier,
	/* the network */
	SYS_socket,
	SYS_socketpair,
	SYS_bind,
	SYS_connect,
	SYS_listen,
	SYS_accept,
	SYS_accept4,
	SYS_sendto,
	SYS_recvfrom,
	SYS_sendmsg,
	SYS_recvmsg,
	SYS_sendmmsg,
	SYS_recvmmsg,
	SYS_shutdown,
	SYS_getsockname,
	SYS_getpeername,
	SYS_getsockopt,
	SYS_setsockopt,
	SYS_bpf,
	/* waiting */
	SYS_ppoll,
	SYS_pselect6,
	SYS_epoll_create1,
	SYS_epoll_ctl,
	SYS_epoll_pwait,
	SYS_eventfd2,
	SYS_timerfd_create,
	SYS_timerfd_settime,
	SYS_timerfd_gettime,
	SYS_signalfd4,
	SYS_nanosleep,
	SYS_clock_nanosleep,
	SYS_clock_gettime,
	SYS_clock_getres,
	SYS_gettimeofday,
	SYS_restart_syscall,
#ifdef SYS_poll
	SYS_poll,
	SYS_select,
	SYS_epoll_create,
	SYS_epoll_wait,
	SYS_eventfd,
	SYS_signalfd,
	SYS_time,
	SYS_pause,
#endif
	/* the process, its threads and signals */
	SYS_exit,
	SYS_exit_group,
	SYS_futex,
	SYS_set_robust_list,
	SYS_get_robust_list,
	SYS_set_tid_address,
	SYS_rseq,
	SYS_sched_yield,
	SYS_sched_getaffinity,
	SYS_sched_getparam,
	SYS_sched_getscheduler,
	SYS_sched_get_priority_max,
	SYS_sched_get_priority_min,
	SYS_getcpu,
	SYS_rt_sigaction,
	SYS_rt_sigprocmask,
	SYS_rt_sigreturn,
	SYS_rt_sigtimedwait,
	SYS_sigaltstack,
	SYS_tgkill,
	SYS_getpid,
	SYS_getppid,
	SYS_gettid,
	SYS_getuid,
	SYS_geteuid,
	SYS_getgid,
	SYS_getegid,
	SYS_getresuid,
	SYS_getresgid,
	SYS_getpgid,
	SYS_getsid,
	SYS_getrlimit,
	SYS_setrlimit,
	SYS_prlimit64,
	SYS_getrusage,
	SYS_times,
	SYS_capget,
	SYS_prctl,
	SYS_uname,
	SYS_sysinfo,
	SYS_getrandom,
#ifdef SYS_arch_prctl
	SYS_arch_prctl,
	SYS_getpgrp,
#endif
};
enum { ALLOWED = sizeof(allowed) / sizeof(allowed[0]) };

#define LOAD(field)                                                            \
	BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, field))
#define IF(op, value, yes, no)                                                 \
	BPF_JUMP(BPF_JMP | BPF_##op | BPF_K, (value), (yes), (no))
#define RETURN(what) BPF_STMT(BPF_RET | BPF_K, (what))
#define REFUSE(err)  RETURN(SECCOMP_RET_ERRNO | (err))

/* The little of struct seccomp_data's arguments that we look at. */
#define LOW_HALF_OF_ARGUMENT_0 args[0]

#ifdef OUR_ARCH

static int install(void)
{
	static const struct sock_filter head[] = {
		LOAD(arch),
		IF(JEQ, OUR_ARCH, 1, 0),
		RETURN(SECCOMP_RET_KILL_PROCESS),
		LOAD(nr),
	};
	static const struct sock_filter tail[] = {
		/* Threads, and no processes. */
		IF(JEQ, SYS_clone, 0, 4),
		LOAD(LOW_HALF_OF_ARGUMENT_0),
		IF(JSET, CLONE_THREAD, 0, 1),
		RETURN(SECCOMP_RET_ALLOW),
		REFUSE(EPERM),
		/* libc goes on with clone(), whose flags can be looked at. */
		IF(JEQ, SYS_clone3, 1, 0),
		IF(JGT, LAST_OLD_CALL, 0, 1),
		REFUSE(ENOSYS),
		REFUSE(EPERM),
	};
	enum {
		HEAD = sizeof(head) / sizeof(head[0]),
		TAIL = sizeof(tail) / sizeof(tail[0]),
	};
	struct sock_filter filter[HEAD + 2 * ALLOWED + TAIL];
	struct sock_fprog program = {.len = HEAD + 2 * ALLOWED + TAIL,
				     .filter = filter};
	struct sock_filter *at = filter + HEAD;

	memcpy(filter, head, sizeof(head));
	for (int i = 0; i < ALLOWED; i++) {
		*at++ = (struct sock_filter)IF(JEQ, allowed[i], 0, 1);
		*at++ = (struct sock_filter)RETURN(SECCOMP_RET_ALLOW);
	}
	memcpy(at, tail, sizeof(tail));
	return syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER,
		       SECCOMP_FILTER_FLAG_LOG, &program);
}

#else

static int install(void)
{
	errno = ENOTSUP;
	return -1;
}

#endif

void confine_calls(const struct config *c)
{
#ifdef WITH_SANITIZER
	(void)c;
	(void)install;
	log_info("built with a sanitizer, system calls are not filtered", NULL);
#else
	if (!c->seccomp)
		return;
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) || install())
		log_warn("system calls are not filtered", "error=\"%s\"",
			 strerror(errno));
#endif
}
