/* SPDX-License-Identifier: Apache-2.0 */
/*
 * By tc filters. A symbolic link links/<ifindex>-clsact on bpffs says that we
 * attached to the device in this way; its text is the role and whether the
 * qdisc was made for us or found: "pod made", "uplink found".
 */
#include "attach_impl.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <linux/pkt_sched.h>
#include <linux/rtnetlink.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <netlink/msg.h>
#include <netlink/netlink.h>

#include "../lib/cleanup.h"
#include "bpflog.h"
#include "pins.h"

static const enum bpf_tc_attach_point points[SIDE_MAX] = {
	[SIDE_INGRESS] = BPF_TC_INGRESS,
	[SIDE_EGRESS] = BPF_TC_EGRESS,
};

static const char *marker_path(char out[PIN_PATH_MAX], const char *bpf_root,
			       unsigned int ifindex)
{
	return pin_path(out, bpf_root, "links/%u-clsact", ifindex);
}

static const char *const roles[] = {
	[ATTACH_POD] = "pod",
	[ATTACH_OVERLAY] = "overlay",
	[ATTACH_UPLINK] = "uplink",
};

#define ROLES (sizeof(roles) / sizeof(*roles))

struct mark {
	enum attach_role role;
	bool made; /* the qdisc is ours */
};

/* -ENOENT: there is none of ours. */
static int mark_read(const char *path, struct mark *out, struct err *e)
{
	char text[32], *space;
	ssize_t n = readlink(path, text, sizeof(text) - 1);

	if (n < 0 && errno != ENOENT && errno != EINVAL)
		return err_sys(e, errno, "read %s", path);
	if (n <= 0)
		return -ENOENT;
	text[n] = '\0';
	space = strchr(text, ' ');
	if (!space)
		return -ENOENT;
	*space = '\0';
	for (size_t i = 0; i < ROLES; i++) {
		if (strcmp(text, roles[i]))
			continue;
		out->role = i;
		out->made = !strcmp(space + 1, "made");
		return 0;
	}
	return -ENOENT;
}

/* Plugin and agent may come to one device together: both write the same. */
static int mark_write(const char *path, const struct mark *m, struct err *e)
{
	char next[PIN_PATH_MAX + 8], text[32];

	snprintf(text, sizeof(text), "%s %s", roles[m->role],
		 m->made ? "made" : "found");
	snprintf(next, sizeof(next), "%s-next", path);
	unlink(next);
	if (symlink(text, next) && errno != EEXIST)
		return err_sys(e, errno, "create %s", next);
	if (rename(next, path) && errno != ENOENT)
		return err_sys(e, errno, "rename %s to %s", next, path);
	return 0;
}

bool clsact_is_marked(const char *bpf_root, unsigned int ifindex,
		      enum attach_role *role)
{
	char path[PIN_PATH_MAX];
	struct mark m;

	if (mark_read(marker_path(path, bpf_root, ifindex), &m, NULL))
		return false;
	if (role)
		*role = m.role;
	return true;
}

/* ---- what is there --------------------------------------------------- */

struct tc_dump {
	unsigned int ifindex;
	char qdisc[16]; /* kind of the qdisc that filters hang on, or "" */
	int n_filters;
};

static int see_qdisc(struct nl_msg *msg, void *arg)
{
	struct nlmsghdr *h = nlmsg_hdr(msg);
	struct tcmsg *t = nlmsg_data(h);
	struct tc_dump *d = arg;
	struct nlattr *kind = nlmsg_find_attr(h, sizeof(*t), TCA_KIND);

	if (t->tcm_ifindex == (int)d->ifindex &&
	    t->tcm_handle == TC_H_MAKE(TC_H_INGRESS, 0) && kind)
		snprintf(d->qdisc, sizeof(d->qdisc), "%s",
			 nla_get_string(kind));
	return NL_OK;
}

static int see_filter(struct nl_msg *msg, void *arg)
{
	struct tc_dump *d = arg;

	(void)msg;
	d->n_filters++;
	return NL_OK;
}

static int dump(int type, struct tcmsg *t, nl_recvmsg_msg_cb_t fn,
		struct tc_dump *d)
{
	struct nl_sock *sk = nl_socket_alloc();
	int r = -1;

	if (!sk)
		return -1;
	if (!nl_connect(sk, NETLINK_ROUTE) &&
	    !nl_socket_modify_cb(sk, NL_CB_VALID, NL_CB_CUSTOM, fn, d) &&
	    nl_send_simple(sk, type, NLM_F_DUMP, t, sizeof(*t)) >= 0)
		r = nl_recvmsgs_default(sk);
	nl_socket_free(sk);
	return r < 0 ? -1 : 0;
}

static int find_qdisc(unsigned int ifindex, struct tc_dump *d, struct err *e)
{
	struct tcmsg t = {.tcm_ifindex = ifindex};

	*d = (struct tc_dump){.ifindex = ifindex};
	if (dump(RTM_GETQDISC, &t, see_qdisc, d))
		return err_set(e, EIO, "list the qdiscs of device %u failed",
			       ifindex);
	return 0;
}

/* Does any filter, of whomever, hang on the device's clsact? In doubt: yes. */
static bool has_filters(unsigned int ifindex)
{
	struct tc_dump d = {.ifindex = ifindex};
	struct tcmsg t = {.tcm_ifindex = ifindex};

	t.tcm_parent = TC_H_MAKE(TC_H_CLSACT, TC_H_MIN_INGRESS);
	if (dump(RTM_GETTFILTER, &t, see_filter, &d))
		return true;
	t.tcm_parent = TC_H_MAKE(TC_H_CLSACT, TC_H_MIN_EGRESS);
	if (dump(RTM_GETTFILTER, &t, see_filter, &d))
		return true;
	return d.n_filters > 0;
}

__u32 clsact_program(unsigned int ifindex, enum attach_side side)
{
	DECLARE_LIBBPF_OPTS(bpf_tc_hook, hook, .ifindex = ifindex,
			    .attach_point = points[side]);
	DECLARE_LIBBPF_OPTS(bpf_tc_opts, opts, .handle = CLSACT_HANDLE,
			    .priority = CLSACT_PRIORITY);

	bpflog_begin();
	return bpf_tc_query(&hook, &opts) ? 0 : opts.prog_id;
}

/* ---- attach and detach ----------------------------------------------- */

/* Write down whether the qdisc is ours before it is made: a crash in between
 * must not turn it into somebody else's. */
static int mark(const char *bpf_root, unsigned int ifindex,
		enum attach_role role, struct err *e)
{
	char path[PIN_PATH_MAX];
	struct mark m;
	struct tc_dump d;
	bool is_marked;
	int r;

	r = mark_read(marker_path(path, bpf_root, ifindex), &m, e);
	if (r && r != -ENOENT)
		return r;
	is_marked = !r;
	if (is_marked && m.role == role)
		return 0;
	r = find_qdisc(ifindex, &d, e);
	if (r)
		return r;
	if (d.qdisc[0] && strcmp(d.qdisc, "clsact"))
		return err_set(e, EBUSY,
			       "device %u has a qdisc \"%s\", which has no "
			       "egress side: remove it (tc qdisc del dev DEV "
			       "ingress) or use a kernel with TCX",
			       ifindex, d.qdisc);
	if (!is_marked)
		m.made = !d.qdisc[0];
	m.role = role;
	return mark_write(path, &m, e);
}

static int make_qdisc(const char *bpf_root, unsigned int ifindex,
		      enum attach_role role, struct err *e)
{
	DECLARE_LIBBPF_OPTS(bpf_tc_hook, hook, .ifindex = ifindex,
			    .attach_point = BPF_TC_INGRESS | BPF_TC_EGRESS);
	int r;

	r = mark(bpf_root, ifindex, role, e);
	if (r)
		return r;
	r = bpf_tc_hook_create(&hook);
	if (r && r != -EEXIST)
		return err_sys(e, -r, "add clsact to device %u (%s)", ifindex,
			       bpflog_cause());
	return 0;
}

int clsact_attach(const char *bpf_root, unsigned int ifindex,
		  enum attach_role role, enum attach_side side, int prog_fd,
		  __u32 prog_id, struct err *e)
{
	DECLARE_LIBBPF_OPTS(bpf_tc_hook, hook, .ifindex = ifindex,
			    .attach_point = points[side]);
	DECLARE_LIBBPF_OPTS(bpf_tc_opts, opts, .handle = CLSACT_HANDLE,
			    .priority = CLSACT_PRIORITY, .prog_fd = prog_fd,
			    .flags = BPF_TC_F_REPLACE);
	enum attach_role was;
	int r;

	if (clsact_is_marked(bpf_root, ifindex, &was) && was == role &&
	    clsact_program(ifindex, side) == prog_id)
		return 0;
	bpflog_begin();
	r = make_qdisc(bpf_root, ifindex, role, e);
	if (r)
		return r;
	r = bpf_tc_attach(&hook, &opts);
	if (r)
		return err_sys(e, -r,
			       "add a tc filter with priority %d to device %u "
			       "(%s)",
			       CLSACT_PRIORITY, ifindex, bpflog_cause());
	return 0;
}

int clsact_detach(const char *bpf_root, unsigned int ifindex, struct err *e)
{
	DECLARE_LIBBPF_OPTS(bpf_tc_hook, hook, .ifindex = ifindex);
	DECLARE_LIBBPF_OPTS(bpf_tc_opts, opts, .handle = CLSACT_HANDLE,
			    .priority = CLSACT_PRIORITY);
	char path[PIN_PATH_MAX], next[PIN_PATH_MAX + 8];
	struct mark m;
	int r;

	marker_path(path, bpf_root, ifindex);
	snprintf(next, sizeof(next), "%s-next", path);
	unlink(next); /* of a process that died */
	r = mark_read(path, &m, e);
	if (r)
		return r == -ENOENT ? 0 : r;
	bpflog_begin();
	for (int side = 0; side < SIDE_MAX; side++) {
		hook.attach_point = points[side];
		bpf_tc_detach(&hook, &opts);
		if (clsact_program(ifindex, side))
			return err_set(e, EIO,
				       "remove our tc filter from device %u "
				       "(%s)",
				       ifindex, bpflog_cause());
	}
	if (m.made && !has_filters(ifindex)) {
		hook.attach_point = BPF_TC_INGRESS | BPF_TC_EGRESS;
		bpf_tc_hook_destroy(&hook);
	}
	return pin_remove(path, e);
}
