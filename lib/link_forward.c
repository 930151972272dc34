/* SPDX-License-Identifier: Apache-2.0 */
/* Forwarding of IPv6 on one device, without harm to the others. */
#include "link.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>

#include <linux/rtnetlink.h>

#include <netlink/attr.h>

#include "cleanup.h"
#include "netlink.h"
#include "state.h"

/* The device of a default route that a router advertised. */
static void on_route(struct nlmsghdr *h, void *arg)
{
	struct rtmsg *head = nlmsg_data(h);
	struct nlattr *tb[RTA_MAX + 1];
	unsigned int ifindex;

	if (h->nlmsg_type != RTM_NEWROUTE ||
	    nlmsg_parse(h, sizeof(*head), tb, RTA_MAX, NULL) ||
	    head->rtm_protocol != RTPROT_RA || !tb[RTA_OIF])
		return;
	ifindex = nla_get_u32(tb[RTA_OIF]);
	dump_add(arg, &ifindex);
}

/* The kernel picks by protocol, so that a node with many routes answers with
 * few. */
static int list_advertised(struct link_ctx *c, struct dump *d)
{
	struct rtmsg head = {
		.rtm_family = AF_INET6,
		.rtm_protocol = RTPROT_RA,
	};
	__cleanup(request_free) struct request r =
		request_new(RTM_GETROUTE, 0, &head, sizeof(head));

	return dump_run(c, &r, on_route, d);
}

static int sysctl_number(const char *device, const char *name)
{
	__cleanup(mem_free) char *text = NULL;
	char path[160];

	snprintf(path, sizeof(path), "/proc/sys/net/ipv6/conf/%s/%s", device,
		 name);
	return file_read(path, 64, &text, NULL, NULL) ? -1 : atoi(text);
}

static int keep_advertised(struct link_ctx *c, unsigned int ifindex,
			   struct err *e)
{
	struct link_info l;
	char path[128];

	if (link_get_index(c, ifindex, &l, NULL) ||
	    sysctl_number(l.name, "accept_ra") != 1)
		return 0;
	snprintf(path, sizeof(path), "net/ipv6/conf/%s/accept_ra", l.name);
	return sysctl_write(path, "2", e);
}

int link_forward_ipv6(struct link_ctx *c, const char *device, struct err *e)
{
	__cleanup(dump_free) struct dump d = {.size = sizeof(unsigned int)};
	const unsigned int *ifindexes;
	char path[128];
	int ret;

	if (sysctl_number(device, "forwarding") == 1)
		return 0;
	ret = list_advertised(c, &d);
	if (ret)
		return request_failed(c, ret, e, "list advertised routes");
	ifindexes = d.items;
	for (size_t i = 0; i < d.n && !ret; i++)
		ret = keep_advertised(c, ifindexes[i], e);
	if (ret)
		return ret;
	snprintf(path, sizeof(path), "net/ipv6/conf/%s/forwarding", device);
	return sysctl_write(path, "1", e);
}
