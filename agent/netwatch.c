/* SPDX-License-Identifier: Apache-2.0 */
#include "netwatch.h"

#include <errno.h>
#include <linux/rtnetlink.h>
#include <netlink/msg.h>
#include <netlink/netlink.h>
#include <netlink/socket.h>
#include <stdlib.h>

#include "../lib/cleanup.h"
#include "../lib/link.h"
#include "memory.h"

enum { SETTLE_MS = 50 };

struct netwatch {
	struct nl_sock *sock;
	struct event *readable, *timer;
	void (*changed)(void *arg);
	void *arg;
};

static void arm(struct netwatch *w)
{
	const struct timeval delay = {0, SETTLE_MS * 1000};

	if (!evtimer_pending(w->timer, NULL))
		event_add(w->timer, &delay);
}

/* A full routing table passes by here: only defaults and our own matter. */
static bool is_our_route(struct nlmsghdr *h)
{
	const struct rtmsg *r = nlmsg_data(h);

	return nlmsg_valid_hdr(h, sizeof(*r)) &&
	       (!r->rtm_dst_len || r->rtm_protocol == LINK_RTPROT);
}

static int on_message(struct nl_msg *msg, void *arg)
{
	struct nlmsghdr *h = nlmsg_hdr(msg);
	bool is_route =
		h->nlmsg_type == RTM_NEWROUTE || h->nlmsg_type == RTM_DELROUTE;

	if (!is_route || is_our_route(h))
		arm(arg);
	return NL_OK;
}

static void on_readable(evutil_socket_t fd, short what, void *arg)
{
	struct netwatch *w = arg;

	(void)fd;
	(void)what;
	/* An error is an overrun: something was missed, look at everything. */
	if (nl_recvmsgs_default(w->sock) < 0)
		arm(w);
}

static void on_timer(evutil_socket_t fd, short what, void *arg)
{
	struct netwatch *w = arg;

	(void)fd;
	(void)what;
	w->changed(w->arg);
}

static int subscribe(struct nl_sock *sock)
{
	int rc = nl_connect(sock, NETLINK_ROUTE);

	if (!rc)
		rc = nl_socket_add_memberships(
			sock, RTNLGRP_LINK, RTNLGRP_IPV4_IFADDR,
			RTNLGRP_IPV6_IFADDR, RTNLGRP_IPV4_ROUTE,
			RTNLGRP_IPV6_ROUTE, 0);
	if (!rc)
		rc = nl_socket_set_nonblocking(sock);
	return rc;
}

void netwatch_close(struct netwatch *w)
{
	if (!w)
		return;
	if (w->readable)
		event_free(w->readable);
	if (w->timer)
		event_free(w->timer);
	if (w->sock)
		nl_socket_free(w->sock);
	free(w);
}

static void drop(struct netwatch **w)
{
	netwatch_close(*w);
}

int netwatch_open(struct event_base *base, void (*changed)(void *arg),
		  void *arg, struct netwatch **out, struct err *e)
{
	__cleanup(drop) struct netwatch *w = memory_alloc(sizeof(*w));
	int rc;

	w->changed = changed;
	w->arg = arg;
	w->sock = nl_socket_alloc();
	if (!w->sock)
		return err_set(e, ENOMEM, "out of memory");
	nl_socket_disable_seq_check(w->sock);
	rc = subscribe(w->sock);
	if (rc)
		return err_set(e, EIO, "watch the network: %s",
			       nl_geterror(rc));
	nl_socket_modify_cb(w->sock, NL_CB_VALID, NL_CB_CUSTOM, on_message, w);
	w->timer = evtimer_new(base, on_timer, w);
	w->readable = event_new(base, nl_socket_get_fd(w->sock),
				EV_READ | EV_PERSIST, on_readable, w);
	if (!w->timer || !w->readable || event_add(w->readable, NULL))
		return err_set(e, ENOMEM, "out of memory");
	*out = take_ptr(w);
	return 0;
}
