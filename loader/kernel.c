/* SPDX-License-Identifier: Apache-2.0 */
#include "loader.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/bpf.h>
#include <linux/capability.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "bpflog.h"
#include "pins.h"

/* ---- privileges ------------------------------------------------------- */

static bool has_cap(const struct __user_cap_data_struct *d, int cap)
{
	return d[cap / 32].effective & (1U << (cap % 32));
}

static int check_privileges(struct err *e)
{
	struct __user_cap_header_struct head = {
		.version = _LINUX_CAPABILITY_VERSION_3,
	};
	struct __user_cap_data_struct d[_LINUX_CAPABILITY_U32S_3] = {0};

	if (syscall(SYS_capget, &head, d))
		return err_sys(e, errno, "read our capabilities");
	if (has_cap(d, CAP_NET_ADMIN) &&
	    (has_cap(d, CAP_SYS_ADMIN) ||
	     (has_cap(d, CAP_BPF) && has_cap(d, CAP_PERFMON))))
		return 0;
	return err_set(e, EPERM,
		       "loading BPF programs needs root (CAP_SYS_ADMIN, or "
		       "CAP_BPF and CAP_PERFMON; and CAP_NET_ADMIN): run it "
		       "with sudo");
}

/* ---- bpffs ------------------------------------------------------------ */

static int check_bpffs(const char *bpf_root, struct err *e)
{
	int r;

	if (bpf_root[0] != '/' || strlen(bpf_root) >= PIN_PATH_MAX)
		return err_set(e, EINVAL,
			       "bpf-root must be an absolute path: \"%s\"",
			       bpf_root);
	r = pin_is_on_bpffs(bpf_root);
	if (r == -EPERM && strchr(bpf_root, '.'))
		return err_set(e, EPERM,
			       "bpf-root %s: names below bpffs cannot "
			       "contain a dot",
			       bpf_root);
	if (r < 0)
		return err_sys(e, -r, "look at %s", bpf_root);
	if (r)
		return 0;
	return err_set(e, ENOTDIR,
		       "%s is not on a BPF file system: mount one (mount -t "
		       "bpf bpf /sys/fs/bpf) or set bpf-root to a directory "
		       "on one",
		       bpf_root);
}

/* ---- features --------------------------------------------------------- */

struct feature {
	enum { MAP_TYPE, HELPER } kind;
	int number;
	const char *name; /* with the version that has it */
};

static const struct feature features[] = {
	{MAP_TYPE, BPF_MAP_TYPE_PROG_ARRAY, "program arrays (Linux 4.2)"},
	{MAP_TYPE, BPF_MAP_TYPE_PERCPU_ARRAY, "per-CPU arrays (Linux 4.6)"},
	{MAP_TYPE, BPF_MAP_TYPE_LRU_HASH, "LRU hash maps (Linux 4.10)"},
	{MAP_TYPE, BPF_MAP_TYPE_LPM_TRIE, "LPM tries (Linux 4.11)"},
	{MAP_TYPE, BPF_MAP_TYPE_RINGBUF, "BPF ring buffers (Linux 5.8)"},
	{HELPER, BPF_FUNC_skb_set_tunnel_key,
	 "bpf_skb_set_tunnel_key (Linux 4.3)"},
	{HELPER, BPF_FUNC_fib_lookup, "bpf_fib_lookup (Linux 4.18)"},
	{HELPER, BPF_FUNC_skc_lookup_tcp, "bpf_skc_lookup_tcp (Linux 5.2)"},
	{HELPER, BPF_FUNC_redirect_neigh, "bpf_redirect_neigh (Linux 5.10)"},
	{HELPER, BPF_FUNC_redirect_peer, "bpf_redirect_peer (Linux 5.10)"},
};

static bool has_feature(const struct feature *f)
{
	if (f->kind == MAP_TYPE)
		return libbpf_probe_bpf_map_type(f->number, NULL) == 1;
	return libbpf_probe_bpf_helper(BPF_PROG_TYPE_SCHED_CLS, f->number,
				       NULL) == 1;
}

static int check_load(const char *release, struct err *e)
{
	struct bpf_insn insns[] = {
		{.code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = BPF_REG_0},
		{.code = BPF_JMP | BPF_EXIT},
	};
	int fd = bpf_prog_load(BPF_PROG_TYPE_SCHED_CLS, NULL, "GPL", insns, 2,
			       NULL);

	if (fd >= 0) {
		close(fd);
		return 0;
	}
	if (fd == -EPERM || fd == -EACCES)
		return err_set(e, EPERM,
			       "the kernel does not let us load BPF programs: "
			       "run it as root of the machine, not of a user "
			       "namespace or a confined container");
	return err_sys(e, -fd,
		       "kernel %s cannot load BPF programs for tc "
		       "(CONFIG_BPF_SYSCALL, CONFIG_NET_CLS_BPF)",
		       release);
}

static int check_features(struct err *e)
{
	char missing[384] = "";
	struct utsname u;
	size_t len = 0;
	int r;

	uname(&u);
	r = check_load(u.release, e);
	if (r)
		return r;
	for (size_t i = 0; i < sizeof(features) / sizeof(*features); i++)
		if (!has_feature(&features[i]) && len < sizeof(missing))
			len += snprintf(missing + len, sizeof(missing) - len,
					"%s%s", len ? ", " : "",
					features[i].name);
	if (!len)
		return 0;
	return err_set(e, EOPNOTSUPP,
		       "kernel %s lacks %s: Fairlead needs Linux 5.10 or newer",
		       u.release, missing);
}

int datapath_check(const char *bpf_root, struct err *e)
{
	int r;

	bpflog_begin();
	r = check_privileges(e);
	if (!r)
		r = check_bpffs(bpf_root, e);
	return r ? r : check_features(e);
}
