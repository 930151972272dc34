// SPDX-License-Identifier: Apache-2.0
/*
 * A kernel that lacks something is told apart before anything is made, and
 * refused with the name of what it lacks. Such kernels are older than any that
 * we can run on, so this one answers as they do: the bpf() calls of libbpf go
 * through syscall(), which is ours here.
 */
#include <errno.h>
#include <linux/bpf.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <dlfcn.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "../../loader/loader.h"

enum { NONE = -1 };

/* What this kernel does not have, and what it answers to all programs. */
static int no_map_type = NONE, no_helper = NONE, no_program;

static bool calls(const union bpf_attr *attr, int helper)
{
	const struct bpf_insn *insns = (void *)(uintptr_t)attr->insns;

	for (__u32 i = 0; i < attr->insn_cnt; i++)
		if (insns[i].code == (BPF_JMP | BPF_CALL) &&
		    !insns[i].src_reg && insns[i].imm == helper)
			return true;
	return false;
}

/* errno of an older kernel, 0: it does it. */
static int refusal(int command, const union bpf_attr *attr)
{
	if (command == BPF_MAP_CREATE && (int)attr->map_type == no_map_type)
		return EINVAL;
	if (command != BPF_PROG_LOAD)
		return 0;
	if (no_program)
		return no_program;
	if (no_helper == NONE || !calls(attr, no_helper))
		return 0;
	if (attr->log_buf && attr->log_size)
		snprintf((char *)(uintptr_t)attr->log_buf, attr->log_size,
			 "0: (85) call unknown#%d\ninvalid func unknown#%d\n",
			 no_helper, no_helper);
	return EINVAL;
}

/* In place of the C library's, for libbpf as well. */
long syscall(long number, ...)
{
	static long (*real)(long number, ...);
	long a[6];
	va_list ap;

	if (!real)
		real = dlsym(RTLD_NEXT, "syscall");
	va_start(ap, number);
	for (int i = 0; i < 6; i++)
		a[i] = va_arg(ap, long);
	va_end(ap);
	if (number == SYS_bpf) {
		errno = refusal(a[0], (void *)a[1]);
		if (errno)
			return -1;
	}
	return real(number, a[0], a[1], a[2], a[3], a[4], a[5]);
}

static int has_all(void **state)
{
	(void)state;
	no_map_type = no_helper = NONE;
	no_program = 0;
	return 0;
}

/* Refused, with these words and the kernel's own name. */
static void expect_refused(int code, const char *words)
{
	struct err e = {0};
	struct utsname u;

	uname(&u);
	assert_int_equal(datapath_check("/sys/fs/bpf", &e), -code);
	if (!strstr(e.msg, words))
		fail_msg("\"%s\" does not say \"%s\"", e.msg, words);
	if (code == EOPNOTSUPP) {
		assert_non_null(strstr(e.msg, u.release));
		assert_non_null(strstr(e.msg, "needs Linux 5.10 or newer"));
	}
}

static void a_kernel_that_has_all_is_taken(void **state)
{
	struct err e = {0};

	(void)state;
	assert_int_equal(datapath_check("/sys/fs/bpf", &e), 0);
}

static void a_kernel_without_a_kind_of_map_is_refused(void **state)
{
	(void)state;
	no_map_type = BPF_MAP_TYPE_RINGBUF;
	expect_refused(EOPNOTSUPP, "lacks BPF ring buffers (Linux 5.8)");
	no_map_type = BPF_MAP_TYPE_LPM_TRIE;
	expect_refused(EOPNOTSUPP, "lacks LPM tries (Linux 4.11)");
}

static void a_kernel_without_a_helper_is_refused(void **state)
{
	(void)state;
	no_helper = BPF_FUNC_redirect_peer;
	expect_refused(EOPNOTSUPP, "lacks bpf_redirect_peer (Linux 5.10)");
	no_helper = BPF_FUNC_skc_lookup_tcp;
	expect_refused(EOPNOTSUPP, "lacks bpf_skc_lookup_tcp (Linux 5.2)");
}

static void all_that_is_lacking_is_named(void **state)
{
	(void)state;
	no_map_type = BPF_MAP_TYPE_RINGBUF;
	no_helper = BPF_FUNC_redirect_neigh;
	expect_refused(EOPNOTSUPP, "lacks BPF ring buffers (Linux 5.8), "
				   "bpf_redirect_neigh (Linux 5.10)");
}

static void a_kernel_that_takes_no_programs_is_refused(void **state)
{
	(void)state;
	no_program = EPERM;
	expect_refused(EPERM, "does not let us load BPF programs");
	no_program = EINVAL;
	expect_refused(EINVAL, "cannot load BPF programs for tc");
}

/* Not after the first pin: before. */
static void a_refused_load_leaves_nothing(void **state)
{
	struct config config;
	struct err e = {0};

	(void)state;
	config_defaults(&config);
	snprintf(config.bpf_root, sizeof(config.bpf_root),
		 "/sys/fs/bpf/flt%d-lacks", getpid());
	no_helper = BPF_FUNC_redirect_peer;
	assert_int_equal(datapath_load(&config, false, NULL, &e), -EOPNOTSUPP);
	assert_non_null(strstr(e.msg, "bpf_redirect_peer"));
	assert_int_equal(access(config.bpf_root, F_OK), -1);
}

#define LACKS(test)                                                            \
	{                                                                      \
#test, test, has_all, has_all, NULL                            \
	}

int main(void)
{
	const struct CMUnitTest tests[] = {
		LACKS(a_kernel_that_has_all_is_taken),
		LACKS(a_kernel_without_a_kind_of_map_is_refused),
		LACKS(a_kernel_without_a_helper_is_refused),
		LACKS(all_that_is_lacking_is_named),
		LACKS(a_kernel_that_takes_no_programs_is_refused),
		LACKS(a_refused_load_leaves_nothing),
	};

	if (geteuid() != 0) {
		puts("ok 1 - kernels that lack something # SKIP needs root");
		return 0;
	}
	return cmocka_run_group_tests(tests, NULL, NULL);
}
