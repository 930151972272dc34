// SPDX-License-Identifier: Apache-2.0
/* What the agent gives up, tried in processes of their own. */
#include <errno.h>
#include <linux/capability.h>
#include <linux/seccomp.h>
#include <netdb.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "../../agent/confine.h"

#if defined(__SANITIZE_ADDRESS__)
#define WITH_SANITIZER 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define WITH_SANITIZER 1
#endif
#endif

static const struct config on = {.seccomp = true, .drop_capabilities = true};
static const struct config off;

/* Runs fn in a child; returns its status: 0, or the line that failed. */
static int in_child(int (*fn)(void))
{
	pid_t pid = fork();
	int status;

	assert_true(pid >= 0);
	if (!pid)
		_exit(fn());
	assert_int_equal(waitpid(pid, &status, 0), pid);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

/* An exit status has eight bits. */
#define MUST(what)                                                             \
	do {                                                                   \
		if (!(what)) {                                                 \
			printf("# line %d: %s, errno %d\n", __LINE__, #what,   \
			       errno);                                         \
			fflush(stdout);                                        \
			return 1;                                              \
		}                                                              \
	} while (0)

static void needs_a_filter(void)
{
#ifdef WITH_SANITIZER
	skip();
#endif
}

/* ---- calls ----------------------------------------------------------- */

static int refused(long number)
{
	errno = 0;
	return syscall(number, 0, 0, 0, 0, 0, 0) == -1 ? errno : 0;
}

static int try_forbidden(void)
{
	static const long calls[] = {
		SYS_execve,	      SYS_execveat,
		SYS_ptrace,	      SYS_mount,
		SYS_umount2,	      SYS_pivot_root,
		SYS_chroot,	      SYS_setns,
		SYS_unshare,	      SYS_init_module,
		SYS_finit_module,     SYS_delete_module,
		SYS_kexec_load,	      SYS_reboot,
		SYS_keyctl,	      SYS_add_key,
		SYS_process_vm_readv, SYS_process_vm_writev,
		SYS_perf_event_open,  SYS_userfaultfd,
		SYS_setuid,	      SYS_setgid,
		SYS_capset,	      SYS_kill,
		SYS_io_uring_setup,   SYS_open_by_handle_at,
		SYS_mknodat,	      SYS_sethostname,
		SYS_settimeofday,     SYS_swapon,
		SYS_seccomp,	      SYS_personality,
	};

	confine_calls(&on);
	for (size_t i = 0; i < sizeof(calls) / sizeof(calls[0]); i++)
		if (refused(calls[i]) != EPERM) {
			printf("# call %ld: errno %d\n", calls[i], errno);
			fflush(stdout);
			return 1;
		}
	return 0;
}

static void what_the_agent_never_does_is_refused(void **state)
{
	(void)state;
	needs_a_filter();
	assert_int_equal(in_child(try_forbidden), 0);
}

static int try_newer(void)
{
	confine_calls(&on);
	MUST(refused(441) == ENOSYS);
	MUST(refused(100000) == ENOSYS);
	MUST(refused(SYS_clone3) == ENOSYS);
	return 0;
}

static void what_it_does_not_know_is_as_on_an_old_kernel(void **state)
{
	(void)state;
	needs_a_filter();
	assert_int_equal(in_child(try_newer), 0);
}

static int try_processes(void)
{
	confine_calls(&on);
	MUST(fork() == -1 && errno == EPERM);
	return 0;
}

static void it_makes_no_processes(void **state)
{
	(void)state;
	needs_a_filter();
	assert_int_equal(in_child(try_processes), 0);
}

static void *look_up(void *arg)
{
	struct addrinfo *found = NULL;

	*(int *)arg = getaddrinfo("localhost", "80", NULL, &found);
	if (found)
		freeaddrinfo(found);
	/* The filter is every thread's. */
	if (refused(SYS_execve) != EPERM)
		*(int *)arg = -1;
	return NULL;
}

static int try_threads(void)
{
	pthread_t thread;
	int result = -2;

	confine_calls(&on);
	MUST(!pthread_create(&thread, NULL, look_up, &result));
	MUST(!pthread_join(thread, NULL));
	MUST(result == 0);
	return 0;
}

static void its_threads_look_up_names_and_are_held_too(void **state)
{
	(void)state;
	needs_a_filter();
	assert_int_equal(in_child(try_threads), 0);
}

static int try_without(void)
{
	pid_t pid;
	int status;

	confine_calls(&off);
	confine_capabilities(&off);
	pid = fork();
	if (!pid) {
		execl("/bin/true", "true", NULL);
		_exit(1);
	}
	MUST(pid > 0 && waitpid(pid, &status, 0) == pid && !status);
	return 0;
}

static void it_can_be_left_out(void **state)
{
	(void)state;
	assert_int_equal(in_child(try_without), 0);
}

/* ---- capabilities ---------------------------------------------------- */

static unsigned long long set_of(const char *name)
{
	unsigned long long set = ~0ULL;
	FILE *f = fopen("/proc/self/status", "re");
	char line[256];

	while (f && fgets(line, sizeof(line), f))
		if (!strncmp(line, name, strlen(name)))
			sscanf(line + strlen(name), ": %llx", &set);
	if (f)
		fclose(f);
	return set;
}

static int try_capabilities(void)
{
	const unsigned long long most =
		1ULL << CAP_BPF | 1ULL << CAP_NET_ADMIN | 1ULL << CAP_PERFMON |
		1ULL << CAP_SYS_RESOURCE;
	unsigned long long had = set_of("CapPrm");

	confine_capabilities(&on);
	MUST(!(set_of("CapPrm") & ~most));
	MUST(set_of("CapEff") == set_of("CapPrm"));
	MUST((had & 1ULL << CAP_BPF) == (set_of("CapEff") & 1ULL << CAP_BPF));
	MUST(!(set_of("CapBnd") & ~most));
	MUST(set_of("CapInh") == 0 && set_of("CapAmb") == 0);
	return 0;
}

static void it_keeps_the_capabilities_that_it_works_with(void **state)
{
	(void)state;
	if (geteuid())
		skip();
	assert_int_equal(in_child(try_capabilities), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_the_agent_never_does_is_refused),
		cmocka_unit_test(what_it_does_not_know_is_as_on_an_old_kernel),
		cmocka_unit_test(it_makes_no_processes),
		cmocka_unit_test(its_threads_look_up_names_and_are_held_too),
		cmocka_unit_test(it_can_be_left_out),
		cmocka_unit_test(it_keeps_the_capabilities_that_it_works_with),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
