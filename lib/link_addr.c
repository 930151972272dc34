/* SPDX-License-Identifier: Apache-2.0 */
/* Addresses and neighbours of devices. */
#include "link.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>

#include <linux/if_addr.h>
#include <linux/neighbour.h>
#include <linux/rtnetlink.h>

#include <netlink/attr.h>

#include "cleanup.h"
#include "netlink.h"

/* "10.0.0.1 of device number 7", for sentences. */
#define OWNER_FMT "%s of device number %u"

static struct request addr_request(int type, int flags, unsigned int ifindex,
				   const struct fl_addr *a, unsigned int len)
{
	size_t size;
	int family;
	const void *bytes = addr_bytes(a, &family, &size);
	struct ifaddrmsg head = {
		.ifa_family = family,
		.ifa_prefixlen = len,
		.ifa_flags = family == AF_INET6 ? IFA_F_NODAD : 0,
		.ifa_scope = RT_SCOPE_UNIVERSE,
		.ifa_index = ifindex,
	};
	struct request r = request_new(type, flags, &head, sizeof(head));

	request_put(&r, IFA_LOCAL, bytes, size);
	request_put(&r, IFA_ADDRESS, bytes, size);
	return r;
}

int link_addr_add(struct link_ctx *c, unsigned int ifindex,
		  const struct fl_addr *a, unsigned int len, struct err *e)
{
	__cleanup(request_free) struct request r = addr_request(
		RTM_NEWADDR, NLM_F_CREATE | NLM_F_EXCL, ifindex, a, len);
	char text[ADDR_STRLEN];
	int ret = request_do(c, &r, NULL, NULL);

	if (ret && ret != -EEXIST)
		return request_failed(c, ret, e, "add address " OWNER_FMT,
				      addr_format(a, text), ifindex);
	return 0;
}

int link_addr_del(struct link_ctx *c, unsigned int ifindex,
		  const struct fl_addr *a, unsigned int len, struct err *e)
{
	__cleanup(request_free) struct request r =
		addr_request(RTM_DELADDR, 0, ifindex, a, len);
	char text[ADDR_STRLEN];
	int ret = request_do(c, &r, NULL, NULL);

	if (ret && ret != -EADDRNOTAVAIL)
		return request_failed(c, ret, e, "delete address " OWNER_FMT,
				      addr_format(a, text), ifindex);
	return 0;
}

static void on_addr_dump(struct nlmsghdr *h, void *arg)
{
	struct ifaddrmsg *head = nlmsg_data(h);
	struct nlattr *tb[IFA_MAX + 1], *a;
	struct link_addr found = {};

	if (h->nlmsg_type != RTM_NEWADDR ||
	    nlmsg_parse(h, sizeof(*head), tb, IFA_MAX, NULL))
		return;
	if (head->ifa_family != AF_INET && head->ifa_family != AF_INET6)
		return;
	/* On a point-to-point device IFA_ADDRESS is the other end. */
	a = tb[IFA_LOCAL] ? tb[IFA_LOCAL] : tb[IFA_ADDRESS];
	if (!a || nla_len(a) != (head->ifa_family == AF_INET ? 4 : 16))
		return;
	found.ifindex = head->ifa_index;
	found.addr = addr_from_bytes(head->ifa_family, nla_data(a));
	found.prefix_len = head->ifa_prefixlen;
	found.scope = head->ifa_scope;
	found.flags =
		tb[IFA_FLAGS] ? nla_get_u32(tb[IFA_FLAGS]) : head->ifa_flags;
	dump_add(arg, &found);
}

int link_addr_each(struct link_ctx *c,
		   int (*fn)(const struct link_addr *a, void *arg), void *arg,
		   struct err *e)
{
	struct ifaddrmsg head = {.ifa_family = AF_UNSPEC};
	__cleanup(request_free) struct request r =
		request_new(RTM_GETADDR, 0, &head, sizeof(head));
	__cleanup(dump_free) struct dump d = {
		.size = sizeof(struct link_addr),
	};
	int ret = dump_run(c, &r, on_addr_dump, &d);
	const struct link_addr *addrs = d.items;

	if (ret)
		return request_failed(c, ret, e, "list addresses");
	for (size_t i = 0; i < d.n && !ret; i++)
		ret = fn(&addrs[i], arg);
	return ret;
}

/* ---- neighbours -------------------------------------------------------- */

static struct request neigh_request(int type, int flags, unsigned int ifindex,
				    unsigned short state,
				    const struct fl_addr *a)
{
	size_t size;
	int family;
	const void *bytes = addr_bytes(a, &family, &size);
	struct ndmsg head = {
		.ndm_family = family,
		.ndm_ifindex = ifindex,
		.ndm_state = state,
	};
	struct request r = request_new(type, flags, &head, sizeof(head));

	request_put(&r, NDA_DST, bytes, size);
	return r;
}

int link_neigh_set(struct link_ctx *c, unsigned int ifindex,
		   const struct fl_addr *a, const unsigned char *mac,
		   struct err *e)
{
	__cleanup(request_free) struct request r =
		neigh_request(RTM_NEWNEIGH, NLM_F_CREATE | NLM_F_REPLACE,
			      ifindex, NUD_PERMANENT, a);
	char text[ADDR_STRLEN];
	int ret;

	request_put(&r, NDA_LLADDR, mac, 6);
	ret = request_do(c, &r, NULL, NULL);
	if (ret)
		return request_failed(c, ret, e, "set neighbour " OWNER_FMT,
				      addr_format(a, text), ifindex);
	return 0;
}

struct neigh_found {
	bool found;
	unsigned char mac[6];
};

static void on_neigh(struct nlmsghdr *h, void *arg)
{
	struct ndmsg *head = nlmsg_data(h);
	struct nlattr *tb[NDA_MAX + 1];
	struct neigh_found *n = arg;

	if (h->nlmsg_type != RTM_NEWNEIGH ||
	    nlmsg_parse(h, sizeof(*head), tb, NDA_MAX, NULL))
		return;
	if (!(head->ndm_state & NUD_PERMANENT) || !tb[NDA_LLADDR] ||
	    nla_len(tb[NDA_LLADDR]) != sizeof(n->mac))
		return;
	memcpy(n->mac, nla_data(tb[NDA_LLADDR]), sizeof(n->mac));
	n->found = true;
}

int link_neigh_get(struct link_ctx *c, unsigned int ifindex,
		   const struct fl_addr *a, unsigned char *mac, struct err *e)
{
	__cleanup(request_free) struct request r =
		neigh_request(RTM_GETNEIGH, 0, ifindex, 0, a);
	struct neigh_found n = {};
	char text[ADDR_STRLEN];
	int ret = request_do(c, &r, on_neigh, &n);

	if (!ret && !n.found)
		ret = -ENOENT;
	if (ret)
		return request_failed(c, ret, e,
				      "permanent neighbour " OWNER_FMT,
				      addr_format(a, text), ifindex);
	memcpy(mac, n.mac, sizeof(n.mac));
	return 0;
}
