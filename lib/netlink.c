/* SPDX-License-Identifier: Apache-2.0 */
#include "netlink.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include <netlink/attr.h>

#include "cleanup.h"
#include "link.h"

#define DUMP_TRIES 16

struct link_ctx {
	struct nl_sock *sock;
	char kernel_says[160]; /* extended acknowledgement of the last error */
};

/* ---- the socket -------------------------------------------------------- */

static void ctx_free(struct link_ctx **c)
{
	if (!*c)
		return;
	nl_socket_free((*c)->sock);
	free(*c);
}

void link_close(struct link_ctx **ctx)
{
	ctx_free(ctx);
	*ctx = NULL;
}

int link_open(struct link_ctx **out, struct err *e)
{
	__cleanup(ctx_free) struct link_ctx *c = calloc(1, sizeof(*c));
	int on = 1, fd, ret;

	if (c)
		c->sock = nl_socket_alloc();
	if (!c || !c->sock)
		return err_sys(e, ENOMEM, "open a netlink socket");
	ret = nl_connect(c->sock, NETLINK_ROUTE);
	if (ret)
		return err_set(e, errno ? errno : EIO,
			       "open a netlink socket: %s", nl_geterror(ret));
	fd = nl_socket_get_fd(c->sock);
	/* Errors with a sentence, short acknowledgements, dumps that the
	 * kernel filters: each is good to have and can be done without. */
	setsockopt(fd, SOL_NETLINK, NETLINK_EXT_ACK, &on, sizeof(on));
	setsockopt(fd, SOL_NETLINK, NETLINK_CAP_ACK, &on, sizeof(on));
	setsockopt(fd, SOL_NETLINK, NETLINK_GET_STRICT_CHK, &on, sizeof(on));
	*out = take_ptr(c);
	return 0;
}

int link_open_netns(int netns_fd, struct link_ctx **out, struct err *e)
{
	__cleanup(fd_close) int home =
		open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC);
	struct link_ctx *c = NULL;
	int ret;

	if (home < 0)
		return err_sys(e, errno, "open our own network namespace");
	if (setns(netns_fd, CLONE_NEWNET))
		return err_sys(e, errno, "enter the network namespace");
	ret = link_open(&c, e);
	if (setns(home, CLONE_NEWNET)) {
		ret = err_sys(e, errno, "return to our network namespace");
		link_close(&c);
	}
	if (!ret)
		*out = c;
	return ret;
}

/* ---- building a request ------------------------------------------------ */

struct request request_new(int type, int flags, const void *head, size_t len)
{
	struct request r = {
		.msg = nlmsg_alloc_simple(type, NLM_F_REQUEST | flags),
	};

	if (!r.msg)
		r.full = true;
	else
		request_append(&r, head, len);
	return r;
}

void request_free(struct request *r)
{
	if (r->msg)
		nlmsg_free(r->msg);
}

void request_append(struct request *r, const void *data, size_t len)
{
	if (!r->full && nlmsg_append(r->msg, (void *)data, len, NLMSG_ALIGNTO))
		r->full = true;
}

void request_put(struct request *r, int attr, const void *data, size_t len)
{
	if (!r->full && nla_put(r->msg, attr, len, data))
		r->full = true;
}

void request_put_u8(struct request *r, int attr, unsigned char value)
{
	request_put(r, attr, &value, sizeof(value));
}

void request_put_u32(struct request *r, int attr, unsigned int value)
{
	request_put(r, attr, &value, sizeof(value));
}

void request_put_string(struct request *r, int attr, const char *text)
{
	request_put(r, attr, text, strlen(text) + 1);
}

struct nlattr *request_nest(struct request *r, int attr)
{
	struct nlattr *nest = r->full ? NULL : nla_nest_start(r->msg, attr);

	if (!nest)
		r->full = true;
	return nest;
}

void request_nest_end(struct request *r, struct nlattr *nest)
{
	/* An empty nest says something too, so it is kept. */
	if (!r->full && nla_nest_end_keep_empty(r->msg, nest))
		r->full = true;
}

/* ---- sending it, and the answer ---------------------------------------- */

/* What the kernel appends to an error: a sentence, if it has one. */
static void remember_extack(struct link_ctx *c, struct nlmsghdr *h)
{
	struct nlmsgerr *er = nlmsg_data(h);
	size_t skip = sizeof(*er);
	struct nlattr *msg;

	if (!(h->nlmsg_flags & NLM_F_ACK_TLVS))
		return;
	if (!(h->nlmsg_flags & NLM_F_CAPPED))
		skip += NLMSG_ALIGN(er->msg.nlmsg_len - sizeof(er->msg));
	if (skip > (size_t)nlmsg_datalen(h))
		return;
	msg = nla_find((struct nlattr *)((char *)er + skip),
		       nlmsg_datalen(h) - skip, NLMSGERR_ATTR_MSG);
	if (msg)
		nla_strlcpy(c->kernel_says, msg, sizeof(c->kernel_says));
}

struct answer {
	unsigned int seq;
	bool changed; /* the table, while it was dumped */
	bool done;
	int error;
};

static void answer_message(struct link_ctx *c, struct answer *a,
			   struct nlmsghdr *h, reply_fn fn, void *arg)
{
	if (h->nlmsg_seq != a->seq)
		return;
	if (h->nlmsg_flags & NLM_F_DUMP_INTR)
		a->changed = true;
	switch (h->nlmsg_type) {
	case NLMSG_NOOP:
		break;
	case NLMSG_ERROR:
		a->error = nlmsg_datalen(h) < (int)sizeof(int)
				   ? -EBADMSG
				   : *(int *)nlmsg_data(h);
		if (a->error)
			remember_extack(c, h);
		a->done = true;
		break;
	case NLMSG_DONE:
		if (nlmsg_datalen(h) >= (int)sizeof(int))
			a->error = *(int *)nlmsg_data(h);
		a->done = true;
		break;
	default:
		if (fn)
			fn(h, arg);
	}
}

static int answer_read(struct link_ctx *c, struct answer *a, reply_fn fn,
		       void *arg)
{
	struct sockaddr_nl from;

	while (!a->done) {
		__cleanup(mem_free) unsigned char *buf = NULL;
		int left = nl_recv(c->sock, &from, &buf, NULL);
		struct nlmsghdr *h = (struct nlmsghdr *)buf;

		if (left == -NLE_INTR)
			continue;
		if (left <= 0)
			return left == -NLE_NOMEM ? -ENOBUFS : -EIO;
		if (from.nl_pid) /* not from the kernel */
			continue;
		for (; nlmsg_ok(h, left); h = nlmsg_next(h, &left))
			answer_message(c, a, h, fn, arg);
	}
	return a->error;
}

static int request_send(struct link_ctx *c, struct request *r, struct answer *a,
			reply_fn fn, void *arg)
{
	struct nlmsghdr *h;
	int ret;

	c->kernel_says[0] = '\0';
	if (r->full)
		return r->msg ? -EMSGSIZE : -ENOMEM;
	h = nlmsg_hdr(r->msg);
	h->nlmsg_seq = NL_AUTO_SEQ;
	h->nlmsg_flags |= NLM_F_ACK;
	ret = nl_send_auto(c->sock, r->msg);
	if (ret < 0)
		return ret == -NLE_NOMEM ? -ENOBUFS : -EIO;
	a->seq = h->nlmsg_seq;
	return answer_read(c, a, fn, arg);
}

int request_do(struct link_ctx *c, struct request *r, reply_fn fn, void *arg)
{
	struct answer a = {};

	return request_send(c, r, &a, fn, arg);
}

int request_failed(struct link_ctx *c, int ret, struct err *e, const char *fmt,
		   ...)
{
	char context[256];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(context, sizeof(context), fmt, ap);
	va_end(ap);
	if (c->kernel_says[0])
		return err_set(e, -ret, "%s: %s (%s)", context, strerror(-ret),
			       c->kernel_says);
	return err_sys(e, -ret, "%s", context);
}

/* ---- dumps ------------------------------------------------------------- */

void dump_free(struct dump *d)
{
	free(d->items);
}

void dump_add(struct dump *d, const void *item)
{
	if (d->n == d->room) {
		size_t room = d->room ? 2 * d->room : 64;
		void *items = reallocarray(d->items, room, d->size);

		if (!items) {
			d->no_memory = true;
			return;
		}
		d->items = items;
		d->room = room;
	}
	memcpy((char *)d->items + d->n++ * d->size, item, d->size);
}

int dump_run(struct link_ctx *c, struct request *r, reply_fn fn, struct dump *d)
{
	size_t before = d->n;

	if (!r->full)
		nlmsg_hdr(r->msg)->nlmsg_flags |= NLM_F_DUMP;
	for (int i = 0; i < DUMP_TRIES; i++) {
		struct answer a = {};
		int ret;

		d->n = before;
		ret = request_send(c, r, &a, fn, d);
		if (!ret && d->no_memory)
			ret = -ENOMEM;
		if (ret || !a.changed)
			return ret;
	}
	return -EAGAIN;
}
