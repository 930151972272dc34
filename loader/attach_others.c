/* SPDX-License-Identifier: Apache-2.0 */
/* What others have attached to a device: tc filters, TCX and XDP programs. */
#include "loader.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <linux/pkt_cls.h>
#include <linux/pkt_sched.h>
#include <linux/rtnetlink.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <netlink/msg.h>
#include <netlink/netlink.h>

#include "../lib/cleanup.h"
#include "attach_impl.h"
#include "bpflog.h"

enum { OTHERS_MAX = 64 };

struct others {
	const char *how;
	enum attach_side side;
	struct attach_other list[OTHERS_MAX];
	int n;
};

static void add(struct others *o, const char *how, enum attach_side side,
		const char *name)
{
	struct attach_other *other;

	if (o->n == OTHERS_MAX)
		return;
	other = &o->list[o->n++];
	snprintf(other->how, sizeof(other->how), "%s", how);
	snprintf(other->name, sizeof(other->name), "%s", name);
	other->is_egress = side == SIDE_EGRESS;
}

static void add_program(struct others *o, const char *how,
			enum attach_side side, __u32 id)
{
	struct bpf_prog_info info = {0};
	__u32 len = sizeof(info);
	__cleanup(fd_close) int fd = bpf_prog_get_fd_by_id(id);
	char name[24];

	snprintf(name, sizeof(name), "program %u", id);
	if (fd >= 0 && !bpf_obj_get_info_by_fd(fd, &info, &len) && *info.name)
		snprintf(name, sizeof(name), "%s", info.name);
	if (strncmp(name, "stub_", 5))
		add(o, how, side, name);
}

/* ---- tc filters ------------------------------------------------------ */

static bool is_ours(const struct tcmsg *t)
{
	return TC_H_MAJ(t->tcm_info) >> 16 == CLSACT_PRIORITY &&
	       t->tcm_handle == CLSACT_HANDLE;
}

/* A filter is shown twice: as itself, and its chain with no handle. */
static int see_filter(struct nl_msg *msg, void *arg)
{
	struct nlmsghdr *h = nlmsg_hdr(msg);
	struct nlattr *tb[TCA_MAX + 1], *bpf[TCA_BPF_MAX + 1];
	struct tcmsg *t = nlmsg_data(h);
	struct others *o = arg;

	if (nlmsg_parse(h, sizeof(*t), tb, TCA_MAX, NULL) || !tb[TCA_KIND] ||
	    !t->tcm_handle || is_ours(t))
		return NL_OK;
	if (!strcmp(nla_get_string(tb[TCA_KIND]), "bpf") && tb[TCA_OPTIONS] &&
	    !nla_parse_nested(bpf, TCA_BPF_MAX, tb[TCA_OPTIONS], NULL) &&
	    bpf[TCA_BPF_ID])
		add_program(o, "tc", o->side, nla_get_u32(bpf[TCA_BPF_ID]));
	else
		add(o, "tc", o->side, nla_get_string(tb[TCA_KIND]));
	return NL_OK;
}

static int list_filters(unsigned int ifindex, struct others *o)
{
	static const __u32 parents[SIDE_MAX] = {
		[SIDE_INGRESS] = TC_H_MAKE(TC_H_CLSACT, TC_H_MIN_INGRESS),
		[SIDE_EGRESS] = TC_H_MAKE(TC_H_CLSACT, TC_H_MIN_EGRESS),
	};
	struct tcmsg t = {.tcm_family = AF_UNSPEC,
			  .tcm_ifindex = ifindex,
			  .tcm_parent = parents[o->side]};
	struct nl_sock *sk = nl_socket_alloc();
	int r = -1;

	if (sk && !nl_connect(sk, NETLINK_ROUTE) &&
	    !nl_socket_modify_cb(sk, NL_CB_VALID, NL_CB_CUSTOM, see_filter,
				 o) &&
	    nl_send_simple(sk, RTM_GETTFILTER, NLM_F_DUMP, &t, sizeof(t)) >= 0)
		r = nl_recvmsgs_default(sk);
	nl_socket_free(sk);
	return r < 0 ? -EIO : 0;
}

/* ---- TCX and XDP ----------------------------------------------------- */

static void list_tcx(unsigned int ifindex, struct others *o)
{
	enum { TCX_INGRESS = 46, TCX_EGRESS = 47 }; /* as in attach_tcx.c */
	__u32 ids[OTHERS_MAX], n = OTHERS_MAX, flags = 0;
	int type = o->side == SIDE_INGRESS ? TCX_INGRESS : TCX_EGRESS;

	if (bpf_prog_query(ifindex, (enum bpf_attach_type)type, 0, &flags, ids,
			   &n))
		return; /* a kernel without TCX */
	for (__u32 i = 0; i < n && i < OTHERS_MAX; i++)
		add_program(o, "tcx", o->side, ids[i]);
}

static void list_xdp(unsigned int ifindex, struct others *o)
{
	__u32 id = 0;

	if (!bpf_xdp_query_id(ifindex, 0, &id) && id)
		add_program(o, "xdp", SIDE_INGRESS, id);
}

int attach_others(unsigned int ifindex,
		  int (*fn)(const struct attach_other *o, void *arg), void *arg,
		  struct err *e)
{
	static struct others o;
	int r = 0;

	bpflog_begin();
	o = (struct others){0};
	list_xdp(ifindex, &o);
	for (o.side = 0; o.side < SIDE_MAX; o.side++) {
		list_tcx(ifindex, &o);
		if (list_filters(ifindex, &o))
			return err_set(e, EIO,
				       "list the filters of device %u failed",
				       ifindex);
	}
	for (int i = 0; i < o.n && !r; i++)
		r = fn(&o.list[i], arg);
	return r;
}
