/* SPDX-License-Identifier: Apache-2.0 */
/* Netlink requests that never reach the kernel, and the answers to them. */
#include <errno.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "inject.h"

static struct {
	bool pending;
	pid_t pid;
	int fd;
	struct {
		struct nlmsghdr h;
		struct nlmsgerr e;
	} msg;
} answer;

/* The last request, and whose. */
static pid_t last_pid;
static int last_fd = -1, last_type;

/* The name of their socket, if it is a netlink one. */
static bool is_netlink(pid_t pid, int fd, struct sockaddr_nl *name)
{
	socklen_t len = sizeof(*name);
	int pidfd, own, ret;

	pidfd = syscall(SYS_pidfd_open, pid, 0);
	if (pidfd < 0)
		return false;
	own = syscall(SYS_pidfd_getfd, pidfd, fd, 0);
	close(pidfd);
	if (own < 0)
		return false;
	ret = getsockname(own, (struct sockaddr *)name, &len);
	close(own);
	return !ret && name->nl_family == AF_NETLINK;
}

/* Where the bytes of a call are that sends or receives. */
static bool buffer_of(const struct seccomp_notif *req, struct iovec *to)
{
	const unsigned long long *a = req->data.args;
	struct msghdr m;

	if (req->data.nr == SYS_sendto || req->data.nr == SYS_recvfrom) {
		*to = (struct iovec){(void *)a[1], a[2]};
		return true;
	}
	return read_memory(req->pid, a[1], &m, sizeof(m)) && m.msg_iovlen &&
	       read_memory(req->pid, (unsigned long long)m.msg_iov, to,
			   sizeof(*to));
}

static const char *type_name(int type)
{
	static const struct {
		int type;
		const char *name;
	} types[] = {
		{RTM_NEWLINK, "NEWLINK"},	{RTM_DELLINK, "DELLINK"},
		{RTM_GETLINK, "GETLINK"},	{RTM_SETLINK, "SETLINK"},
		{RTM_NEWADDR, "NEWADDR"},	{RTM_DELADDR, "DELADDR"},
		{RTM_GETADDR, "GETADDR"},	{RTM_NEWROUTE, "NEWROUTE"},
		{RTM_DELROUTE, "DELROUTE"},	{RTM_GETROUTE, "GETROUTE"},
		{RTM_NEWNEIGH, "NEWNEIGH"},	{RTM_DELNEIGH, "DELNEIGH"},
		{RTM_GETNEIGH, "GETNEIGH"},	{RTM_NEWQDISC, "NEWQDISC"},
		{RTM_DELQDISC, "DELQDISC"},	{RTM_GETQDISC, "GETQDISC"},
		{RTM_NEWTFILTER, "NEWTFILTER"}, {RTM_DELTFILTER, "DELTFILTER"},
		{RTM_GETTFILTER, "GETTFILTER"},
	};

	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++)
		if (types[i].type == type)
			return types[i].name;
	return NULL;
}

bool netlink_request(const struct seccomp_notif *req, char *text, size_t size)
{
	struct sockaddr_nl name;
	struct nlmsghdr h;
	struct iovec b;

	if ((req->data.nr != SYS_sendto && req->data.nr != SYS_sendmsg) ||
	    !is_netlink(req->pid, req->data.args[0], &name) ||
	    !buffer_of(req, &b) ||
	    !read_memory(req->pid, (unsigned long long)b.iov_base, &h,
			 sizeof(h)))
		return false;
	last_pid = req->pid;
	last_fd = req->data.args[0];
	last_type = h.nlmsg_type;
	if (type_name(h.nlmsg_type))
		snprintf(text, size, "%s", type_name(h.nlmsg_type));
	else
		snprintf(text, size, "type-%d", h.nlmsg_type);
	return true;
}

const char *netlink_answers(const struct seccomp_notif *req)
{
	if ((req->data.nr != SYS_recvmsg && req->data.nr != SYS_recvfrom) ||
	    (pid_t)req->pid != last_pid || (int)req->data.args[0] != last_fd)
		return NULL;
	return type_name(last_type);
}

void netlink_swallow(const struct seccomp_notif *req,
		     struct seccomp_notif_resp *resp, int error)
{
	struct sockaddr_nl name;
	struct nlmsghdr h;
	struct iovec b;

	if (!is_netlink(req->pid, req->data.args[0], &name) ||
	    !buffer_of(req, &b) ||
	    !read_memory(req->pid, (unsigned long long)b.iov_base, &h,
			 sizeof(h)))
		return;
	answer.pending = true;
	answer.pid = req->pid;
	answer.fd = req->data.args[0];
	answer.msg.h = (struct nlmsghdr){
		.nlmsg_len = sizeof(answer.msg),
		.nlmsg_type = NLMSG_ERROR,
		.nlmsg_seq = h.nlmsg_seq,
		.nlmsg_pid = name.nl_pid,
	};
	answer.msg.e = (struct nlmsgerr){.error = -error, .msg = h};
	*resp = (struct seccomp_notif_resp){.id = req->id, .val = h.nlmsg_len};
}

/* The sender's name: the kernel's. */
static void name_kernel(const struct seccomp_notif *req)
{
	const struct sockaddr_nl kernel = {.nl_family = AF_NETLINK};
	struct msghdr m;

	if (req->data.nr != SYS_recvmsg ||
	    !read_memory(req->pid, req->data.args[1], &m, sizeof(m)))
		return;
	if (m.msg_name && m.msg_namelen >= sizeof(kernel)) {
		write_memory(req->pid, (unsigned long long)m.msg_name, &kernel,
			     sizeof(kernel));
		m.msg_namelen = sizeof(kernel);
	}
	m.msg_flags = 0;
	m.msg_controllen = 0;
	write_memory(req->pid, req->data.args[1], &m, sizeof(m));
}

bool netlink_answer(const struct seccomp_notif *req,
		    struct seccomp_notif_resp *resp)
{
	const unsigned long long *a = req->data.args;
	size_t len = sizeof(answer.msg);
	struct iovec b;
	int flags;

	if (!answer.pending || (pid_t)req->pid != answer.pid ||
	    (req->data.nr != SYS_recvmsg && req->data.nr != SYS_recvfrom) ||
	    (int)a[0] != answer.fd || !buffer_of(req, &b))
		return false;
	flags = req->data.nr == SYS_recvmsg ? a[2] : a[3];
	if (b.iov_len < len)
		len = b.iov_len;
	write_memory(req->pid, (unsigned long long)b.iov_base, &answer.msg,
		     len);
	name_kernel(req);
	if (!(flags & MSG_PEEK))
		answer.pending = false;
	*resp = (struct seccomp_notif_resp){
		.id = req->id,
		.val = flags & MSG_TRUNC ? sizeof(answer.msg) : len,
	};
	return true;
}
