/* SPDX-License-Identifier: Apache-2.0 */
/*
 * For kernels without TCX. A symbolic link links/<ifindex>-clsact on bpffs
 * says that we attached to the device in this way, and its text whether the
 * qdisc was made for us ("made") or found ("found").
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

bool clsact_is_marked(const char *bpf_root, unsigned int ifindex)
{
	char path[PIN_PATH_MAX], text[16];

	return readlink(marker_path(path, bpf_root, ifindex), text,
			sizeof(text)) > 0;
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
static int mark(const char *bpf_root, unsigned int ifindex, struct err *e)
{
	char path[PIN_PATH_MAX];
	struct tc_dump d;
	int r;

	r = find_qdisc(ifindex, &d, e);
	if (r)
		return r;
	if (d.qdisc[0] && strcmp(d.qdisc, "clsact"))
		return err_set(e, EBUSY,
			       "device %u has a qdisc \"%s\", which has no "
			       "egress side: remove it (tc qdisc del dev DEV "
			       "ingress) or use a kernel with TCX",
			       ifindex, d.qdisc);
	if (clsact_is_marked(bpf_root, ifindex))
		return 0;
	if (symlink(d.qdisc[0] ? "found" : "made",
		    marker_path(path, bpf_root, ifindex)) &&
	    errno != EEXIST)
		return err_sys(e, errno, "create %s", path);
	return 0;
}

static int make_qdisc(const char *bpf_root, unsigned int ifindex, struct err *e)
{
	DECLARE_LIBBPF_OPTS(bpf_tc_hook, hook, .ifindex = ifindex,
			    .attach_point = BPF_TC_INGRESS | BPF_TC_EGRESS);
	int r;

	r = mark(bpf_root, ifindex, e);
	if (r)
		return r;
	r = bpf_tc_hook_create(&hook);
	if (r && r != -EEXIST)
		return err_sys(e, -r, "add clsact to device %u (%s)", ifindex,
			       bpflog_cause());
	return 0;
}

int clsact_attach(const char *bpf_root, unsigned int ifindex,
		  enum attach_side side, int prog_fd, __u32 prog_id,
		  struct err *e)
{
	DECLARE_LIBBPF_OPTS(bpf_tc_hook, hook, .ifindex = ifindex,
			    .attach_point = points[side]);
	DECLARE_LIBBPF_OPTS(bpf_tc_opts, opts, .handle = CLSACT_HANDLE,
			    .priority = CLSACT_PRIORITY, .prog_fd = prog_fd,
			    .flags = BPF_TC_F_REPLACE);
	int r;

	if (clsact_is_marked(bpf_root, ifindex) &&
	    clsact_program(ifindex, side) == prog_id)
		return 0;
	bpflog_begin();
	r = make_qdisc(bpf_root, ifindex, e);
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
	char path[PIN_PATH_MAX], text[16] = "";

	if (readlink(marker_path(path, bpf_root, ifindex), text,
		     sizeof(text) - 1) <= 0)
		return 0;
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
	if (!strcmp(text, "made") && !has_filters(ifindex)) {
		hook.attach_point = BPF_TC_INGRESS | BPF_TC_EGRESS;
		bpf_tc_hook_destroy(&hook);
	}
	return pin_remove(path, e);
}
