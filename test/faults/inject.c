/* SPDX-License-Identifier: Apache-2.0 */
/*
 * inject [-n NUMBER -e ERRNO [-r]] -o TRACE COMMAND...
 *
 * Runs a command, and the processes that it starts, and counts their system
 * calls. Call NUMBER (from 1) is not made, but fails with ERRNO (a name). With
 * -r, call NUMBER is a netlink request: it is swallowed, and the kernel's
 * answer is made up, with that errno.
 *
 * TRACE gets a line for each call that may fail:
 *	NUMBER NAME ERRNOS,... WHAT
 * with a NAME of netlink for what -r may be used with; and one line
 *	failed NUMBER NAME ERRNO WHAT
 * if the call has been failed. The status is that of the command.
 *
 * The command is not changed for it, nor traced: the kernel asks us about each
 * call (seccomp, SECCOMP_RET_USER_NOTIF), so this works on what is linked
 * statically, and on all the processes that come of it.
 */
#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "calls.h"
#include "inject.h"

#ifndef SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV
#define SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV (1UL << 5)
#endif

static struct {
	long number;
	int error;
	bool reply;
	FILE *trace;
	long count;    /* calls so far */
	bool counting; /* the C library is ready */
} inject;

static volatile pid_t child;

static void die(const char *what)
{
	fprintf(stderr, "inject: %s: %s\n", what, strerror(errno));
	exit(125);
}

/* ---- the child ----------------------------------------------------------- */

/* Ask us about each call of the table, allow all others. */
static int install_filter(void)
{
	struct sock_filter code[2 * 160 + 2];
	struct sock_fprog prog = {.filter = code};
	int i, n = 0;

	code[n++] = (struct sock_filter)BPF_STMT(
		BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr));
	for (i = 0; i < n_call_kinds; i++) {
		code[n++] = (struct sock_filter)BPF_JUMP(
			BPF_JMP | BPF_JEQ | BPF_K, call_kinds[i].nr, 0, 1);
		code[n++] = (struct sock_filter)BPF_STMT(
			BPF_RET | BPF_K, SECCOMP_RET_USER_NOTIF);
	}
	code[n++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K,
						 SECCOMP_RET_ALLOW);
	prog.len = n;
	return syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER,
		       SECCOMP_FILTER_FLAG_NEW_LISTENER |
			       SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV,
		       &prog);
}

/* The listener is handed over by its number: no call of ours would be answered
 * before somebody listens. */
static void run_child(char **argv, volatile int *listener)
{
	int fd;

	/* Not the agent's affair, and it must not outlive us. */
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	fd = install_filter();
	*listener = fd < 0 ? -errno : fd;
	if (fd < 0)
		_exit(125);
	execvp(argv[0], argv);
	_exit(127);
}

static void pass_on(int sig)
{
	if (child > 0)
		kill(child, sig);
}

static int start(char **argv)
{
	volatile int *listener = mmap(NULL, sizeof(int), PROT_READ | PROT_WRITE,
				      MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	struct sigaction sa = {.sa_handler = pass_on};
	int pidfd, fd;

	if (listener == MAP_FAILED)
		die("mmap");
	*listener = 0;
	fflush(NULL);
	child = fork();
	if (child < 0)
		die("fork");
	if (!child)
		run_child(argv, listener);
	sigaction(SIGTERM, &sa, NULL);
	sigaction(SIGINT, &sa, NULL);
	sigaction(SIGHUP, &sa, NULL);
	pidfd = syscall(SYS_pidfd_open, child, 0);
	while (!*listener)
		usleep(50);
	if (*listener < 0) {
		errno = -*listener;
		die("seccomp");
	}
	fd = syscall(SYS_pidfd_getfd, pidfd, *listener, 0);
	if (fd < 0)
		die("pidfd_getfd");
	/* The child's own is closed by exec only if it is marked so: it is. */
	close(pidfd);
	return fd;
}

/* ---- each call ----------------------------------------------------------- */

bool read_memory(pid_t pid, unsigned long long at, void *to, size_t len)
{
	struct iovec local = {to, len}, remote = {(void *)at, len};

	return process_vm_readv(pid, &local, 1, &remote, 1, 0) == (ssize_t)len;
}

bool write_memory(pid_t pid, unsigned long long at, const void *from,
		  size_t len)
{
	struct iovec local = {(void *)from, len}, remote = {(void *)at, len};

	return process_vm_writev(pid, &local, 1, &remote, 1, 0) == (ssize_t)len;
}

static void read_text(pid_t pid, unsigned long long at, char *to, size_t size)
{
	size_t i;

	for (i = 0; i + 1 < size; i++)
		if (!read_memory(pid, at + i, to + i, 1) || !to[i])
			break;
	to[i] = '\0';
}

/* What a person wants to know of a call: a path, a command, a descriptor. */
static void describe(const struct seccomp_notif *req, char *to, size_t size)
{
	const unsigned long long *a = req->data.args;

	to[0] = '\0';
	switch (req->data.nr) {
	case SYS_bpf:
		snprintf(to, size, "%s", bpf_command_name(a[0]));
		break;
#ifdef SYS_open
	case SYS_open:
	case SYS_stat:
	case SYS_lstat:
	case SYS_access:
	case SYS_mkdir:
	case SYS_rmdir:
	case SYS_unlink:
	case SYS_rename:
	case SYS_chmod:
	case SYS_readlink:
#endif
	case SYS_execve:
	case SYS_statfs:
		read_text(req->pid, a[0], to, size);
		break;
	case SYS_openat:
	case SYS_newfstatat:
	case SYS_statx:
	case SYS_mkdirat:
	case SYS_unlinkat:
	case SYS_renameat:
	case SYS_renameat2:
	case SYS_linkat:
	case SYS_faccessat:
	case SYS_readlinkat:
	case SYS_inotify_add_watch:
		read_text(req->pid, a[1], to, size);
		break;
	case SYS_mmap:
	case SYS_brk:
		break;
	default:
		snprintf(to, size, "%lld%s%s", (long long)(int)a[0],
			 netlink_answers(req) ? " after " : "",
			 netlink_answers(req) ?: "");
	}
	for (char *p = to; *p; p++)
		if (*p < ' ')
			*p = '?';
}

static void tell(const struct call_kind *kind, const char *what)
{
	char errnos[128];

	if (!inject.trace)
		return;
	snprintf(errnos, sizeof(errnos), "%s", kind->errnos);
	for (char *p = errnos; *p; p++)
		if (*p == ' ')
			*p = ',';
	fprintf(inject.trace, "%ld %s %s %s\n", inject.count, kind->name,
		errnos, what);
}

/* The kernel begins a write to a sysctl anew as long as it doesn't get its lock
 * (restart_syscall()), and we hear of each time. */
static bool is_begun_anew(const struct seccomp_notif *req)
{
	static struct seccomp_notif last;
	bool same = req->data.nr == SYS_write && req->pid == last.pid &&
		    !memcmp(&req->data, &last.data, sizeof(last.data));

	last = *req;
	return same;
}

/* Decide on one call: let it be made, or answer it. */
static void judge(const struct seccomp_notif *req,
		  struct seccomp_notif_resp *resp)
{
	const struct call_kind *kind = call_kind_find(req->data.nr);
	char what[256], request[64];
	bool is_request;

	resp->flags = SECCOMP_USER_NOTIF_FLAG_CONTINUE;
	if (req->data.nr == SYS_rseq)
		inject.counting = true;
	if (is_begun_anew(req) || !inject.counting || !kind || !*kind->errnos)
		return;
	if (netlink_answer(req, resp))
		return;
	inject.count++;
	describe(req, what, sizeof(what));
	tell(kind, what);
	is_request = netlink_request(req, request, sizeof(request));
	if (is_request && inject.trace)
		fprintf(inject.trace, "%ld netlink %s %s\n", inject.count,
			"ENOMEM,EBUSY,EPERM,EINVAL,ENOBUFS", request);
	if (inject.count != inject.number || (inject.reply && !is_request))
		return;
	if (inject.reply)
		netlink_swallow(req, resp, inject.error);
	else
		*resp = (struct seccomp_notif_resp){.id = req->id,
						    .error = -inject.error};
	if (inject.trace)
		fprintf(inject.trace, "failed %ld %s %s %s\n", inject.count,
			inject.reply ? "netlink" : kind->name,
			strerrorname_np(inject.error),
			inject.reply ? request : what);
}

/* brk() does not say why: it answers with the old end. */
static void correct(const struct seccomp_notif *req,
		    struct seccomp_notif_resp *resp)
{
	if (req->data.nr == SYS_brk && resp->error)
		*resp = (struct seccomp_notif_resp){.id = req->id};
}

static void listen_to(int fd)
{
	for (;;) {
		struct pollfd p = {.fd = fd, .events = POLLIN};
		struct seccomp_notif req = {0};
		struct seccomp_notif_resp resp = {0};

		if (poll(&p, 1, -1) < 0)
			continue;
		if (!(p.revents & POLLIN))
			return; /* nobody is left */
		if (ioctl(fd, SECCOMP_IOCTL_NOTIF_RECV, &req))
			continue;
		resp.id = req.id;
		judge(&req, &resp);
		correct(&req, &resp);
		ioctl(fd, SECCOMP_IOCTL_NOTIF_SEND, &resp);
		if (inject.trace)
			fflush(inject.trace);
	}
}

int main(int argc, char **argv)
{
	int opt, fd, status = 0;

	while ((opt = getopt(argc, argv, "+n:e:ro:")) != -1)
		switch (opt) {
		case 'n':
			inject.number = atol(optarg);
			break;
		case 'e':
			inject.error = errno_number(optarg);
			break;
		case 'r':
			inject.reply = true;
			break;
		case 'o':
			inject.trace = fopen(optarg, "we");
			break;
		default:
			return 125;
		}
	if (optind == argc || (inject.number && !inject.error)) {
		fprintf(stderr, "usage: inject [-n NUMBER -e ERRNO [-r]] "
				"-o TRACE COMMAND...\n");
		return 125;
	}
	fd = start(argv + optind);
	listen_to(fd);
	while (waitpid(child, &status, 0) < 0 && errno == EINTR)
		;
	if (WIFSIGNALED(status))
		return 128 + WTERMSIG(status);
	return WEXITSTATUS(status);
}
