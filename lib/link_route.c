/* SPDX-License-Identifier: Apache-2.0 */
/* Routes of the main table. */
#include "link.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include <linux/rtnetlink.h>

#include <netlink/attr.h>

#include "cleanup.h"
#include "netlink.h"

static void put_addr(struct request *r, int attr, const struct fl_addr *a)
{
	size_t size;
	int family;
	const void *bytes = addr_bytes(a, &family, &size);

	request_put(r, attr, bytes, size);
}

/* A gateway of the other family (IPv4 over an IPv6 next hop) has an attribute
 * of its own. */
static void put_gateway(struct request *r, bool v4, const struct fl_addr *a)
{
	struct {
		unsigned short family;
		unsigned char addr[16];
	} via = {.family = AF_INET6};

	if (addr_is_v4(a) == v4) {
		put_addr(r, RTA_GATEWAY, a);
		return;
	}
	memcpy(via.addr, a, sizeof(via.addr));
	request_put(r, RTA_VIA, &via, sizeof(via));
}

static struct request route_request(int type, int flags,
				    const struct link_route *route)
{
	bool v4 = prefix_is_v4(&route->dst);
	bool gateway = !addr_is_zero(&route->gateway);
	struct rtmsg head = {
		.rtm_family = v4 ? AF_INET : AF_INET6,
		.rtm_dst_len = prefix_length(&route->dst),
		.rtm_table = RT_TABLE_MAIN,
		.rtm_protocol = route->protocol,
		.rtm_scope = gateway || !v4 ? RT_SCOPE_UNIVERSE : RT_SCOPE_LINK,
		.rtm_type = RTN_UNICAST,
		/* refused where there is no gateway to be on the link */
		.rtm_flags = route->onlink && gateway ? RTNH_F_ONLINK : 0,
	};
	struct request r;

	if (type == RTM_DELROUTE)
		head.rtm_scope = RT_SCOPE_NOWHERE; /* any */
	r = request_new(type, flags, &head, sizeof(head));
	if (head.rtm_dst_len)
		put_addr(&r, RTA_DST, &route->dst.addr);
	if (route->ifindex)
		request_put_u32(&r, RTA_OIF, route->ifindex);
	if (gateway)
		put_gateway(&r, v4, &route->gateway);
	return r;
}

static int route_put(struct link_ctx *c, const struct link_route *route,
		     int flags)
{
	__cleanup(request_free) struct request r =
		route_request(RTM_NEWROUTE, NLM_F_CREATE | flags, route);
	struct nlattr *metrics;

	if (!addr_is_zero(&route->src))
		put_addr(&r, RTA_PREFSRC, &route->src);
	if (route->mtu) {
		metrics = request_nest(&r, RTA_METRICS);
		request_put_u32(&r, RTAX_MTU, route->mtu);
		request_nest_end(&r, metrics);
	}
	return request_do(c, &r, NULL, NULL);
}

int link_route_del(struct link_ctx *c, const struct link_route *route,
		   struct err *e)
{
	__cleanup(request_free) struct request r =
		route_request(RTM_DELROUTE, 0, route);
	char text[PREFIX_STRLEN];
	int ret = request_do(c, &r, NULL, NULL);

	/* A device that is gone took its routes along. */
	if (ret && ret != -ESRCH && ret != -ENODEV)
		return request_failed(
			c, ret, e, "delete route %s by device number %u",
			prefix_format(&route->dst, text), route->ifindex);
	return 0;
}

/* ---- listing ----------------------------------------------------------- */

static int read_gateway(struct nlattr **tb, int family, struct fl_addr *out)
{
	struct nlattr *gw = tb[RTA_GATEWAY], *via = tb[RTA_VIA];
	int want = family == AF_INET ? 4 : 16;
	unsigned short via_family;

	if (gw && nla_len(gw) == want) {
		*out = addr_from_bytes(family, nla_data(gw));
	} else if (via && nla_len(via) == sizeof(via_family) + 16) {
		memcpy(&via_family, nla_data(via), sizeof(via_family));
		if (via_family != AF_INET6)
			return -EBADMSG;
		*out = addr_from_bytes(AF_INET6, (char *)nla_data(via) +
							 sizeof(via_family));
	}
	return 0;
}

/* Each next hop of a multipath route is a route to us. */
static void add_hops(struct nlattr *multipath, int family,
		     const struct link_route *common, struct dump *d)
{
	struct rtnexthop *hop = nla_data(multipath);
	int left = nla_len(multipath);

	while (left >= (int)sizeof(*hop) && hop->rtnh_len >= sizeof(*hop) &&
	       hop->rtnh_len <= left) {
		struct nlattr *tb[RTA_MAX + 1];
		struct link_route route = *common;

		route.ifindex = hop->rtnh_ifindex;
		route.onlink = hop->rtnh_flags & RTNH_F_ONLINK;
		if (!nla_parse(tb, RTA_MAX, (struct nlattr *)RTNH_DATA(hop),
			       hop->rtnh_len - sizeof(*hop), NULL) &&
		    !read_gateway(tb, family, &route.gateway))
			dump_add(d, &route);
		left -= RTNH_ALIGN(hop->rtnh_len);
		hop = RTNH_NEXT(hop);
	}
}

static void read_mtu(struct nlattr *metrics, struct link_route *route)
{
	struct nlattr *tb[RTAX_MAX + 1];

	if (!nla_parse_nested(tb, RTAX_MAX, metrics, NULL) && tb[RTAX_MTU])
		route->mtu = nla_get_u32(tb[RTAX_MTU]);
}

/* The default route has no RTA_DST. */
static struct fl_addr any_addr(int family)
{
	static const unsigned char zero[16];

	return addr_from_bytes(family, zero);
}

/* What a route of the main table is to, of whatever type it is. False: it is
 * of another table, or not of any. */
static bool read_dst(struct nlmsghdr *h, struct nlattr **tb,
		     struct link_route *route)
{
	struct rtmsg *head = nlmsg_data(h);
	struct fl_addr dst;
	unsigned int table;

	if (h->nlmsg_type != RTM_NEWROUTE ||
	    nlmsg_parse(h, sizeof(*head), tb, RTA_MAX, NULL))
		return false;
	table = tb[RTA_TABLE] ? nla_get_u32(tb[RTA_TABLE]) : head->rtm_table;
	if (table != RT_TABLE_MAIN || (head->rtm_flags & RTM_F_CLONED))
		return false;
	dst = tb[RTA_DST]
		      ? addr_from_bytes(head->rtm_family, nla_data(tb[RTA_DST]))
		      : any_addr(head->rtm_family);
	if (prefix_make(&dst, head->rtm_dst_len, &route->dst))
		return false;
	route->protocol = head->rtm_protocol;
	return true;
}

static void on_route_dump(struct nlmsghdr *h, void *arg)
{
	struct rtmsg *head = nlmsg_data(h);
	struct nlattr *tb[RTA_MAX + 1];
	struct link_route route = {};

	if (!read_dst(h, tb, &route) || head->rtm_type != RTN_UNICAST)
		return;
	route.onlink = head->rtm_flags & RTNH_F_ONLINK;
	if (tb[RTA_PREFSRC])
		route.src = addr_from_bytes(head->rtm_family,
					    nla_data(tb[RTA_PREFSRC]));
	if (tb[RTA_METRICS])
		read_mtu(tb[RTA_METRICS], &route);
	if (tb[RTA_MULTIPATH]) {
		add_hops(tb[RTA_MULTIPATH], head->rtm_family, &route, arg);
		return;
	}
	if (tb[RTA_OIF])
		route.ifindex = nla_get_u32(tb[RTA_OIF]);
	if (!read_gateway(tb, head->rtm_family, &route.gateway))
		dump_add(arg, &route);
}

static int dump_family(struct link_ctx *c, int family, reply_fn fn,
		       struct dump *d)
{
	struct rtmsg head = {
		.rtm_family = family,
		.rtm_table = RT_TABLE_MAIN,
	};
	__cleanup(request_free) struct request r =
		request_new(RTM_GETROUTE, 0, &head, sizeof(head));

	return dump_run(c, &r, fn, d);
}

int link_route_each(struct link_ctx *c,
		    int (*fn)(const struct link_route *r, void *arg), void *arg,
		    struct err *e)
{
	__cleanup(dump_free) struct dump d = {
		.size = sizeof(struct link_route),
	};
	const struct link_route *routes;
	int ret = dump_family(c, AF_INET, on_route_dump, &d);

	if (!ret)
		ret = dump_family(c, AF_INET6, on_route_dump, &d);
	if (ret)
		return request_failed(c, ret, e, "list routes");
	routes = d.items;
	for (size_t i = 0; i < d.n && !ret; i++)
		ret = fn(&routes[i], arg);
	return ret;
}

/* ---- replacing --------------------------------------------------------- */

/* Whoever else has a route to dst. */
struct holder {
	struct fl_prefix dst;
	unsigned int ifindex; /* 0: of several devices, or of none */
	unsigned char protocol;
	bool found;
};

static void find_holder(struct nlmsghdr *h, void *arg)
{
	struct dump *d = arg;
	struct holder *holder = d->items;
	struct nlattr *tb[RTA_MAX + 1];
	struct link_route route = {};

	if (!read_dst(h, tb, &route) || route.protocol == LINK_RTPROT ||
	    memcmp(&route.dst, &holder->dst, sizeof(route.dst)))
		return;
	holder->found = true;
	holder->protocol = route.protocol;
	holder->ifindex = tb[RTA_OIF] ? nla_get_u32(tb[RTA_OIF]) : 0;
}

static int refuse(struct link_ctx *c, const struct holder *h, struct err *e)
{
	static const char *const names[] = {
		[RTPROT_REDIRECT] = "redirect",
		[RTPROT_KERNEL] = "kernel",
		[RTPROT_BOOT] = "boot",
		[RTPROT_STATIC] = "static",
		[RTPROT_RA] = "ra",
		[RTPROT_DHCP] = "dhcp",
		[RTPROT_BIRD] = "bird",
	};
	char text[PREFIX_STRLEN], proto[16];
	struct link_info l = {.name = "none"};

	if (h->ifindex)
		link_get_index(c, h->ifindex, &l, NULL);
	if (h->protocol < sizeof(names) / sizeof(names[0]) &&
	    names[h->protocol])
		snprintf(proto, sizeof(proto), "%s", names[h->protocol]);
	else
		snprintf(proto, sizeof(proto), "%u", h->protocol);
	return err_set(e, EEXIST,
		       "route %s is somebody else's (proto %s, dev %s): not "
		       "replaced",
		       prefix_format(&h->dst, text), proto, l.name);
}

/* The table is read only where something is in the way: a new route, such as
 * a pod's, is one request. */
int link_route_replace(struct link_ctx *c, const struct link_route *route,
		       struct err *e)
{
	struct holder holder = {.dst = route->dst};
	struct dump d = {.items = &holder};
	char text[PREFIX_STRLEN];
	int ret = route_put(c, route, NLM_F_EXCL);

	if (ret == -EEXIST) {
		ret = dump_family(
			c, prefix_is_v4(&route->dst) ? AF_INET : AF_INET6,
			find_holder, &d);
		if (!ret && holder.found)
			return refuse(c, &holder, e);
		if (!ret)
			ret = route_put(c, route, NLM_F_REPLACE);
	}
	if (ret)
		return request_failed(
			c, ret, e, "set route %s by device number %u",
			prefix_format(&route->dst, text), route->ifindex);
	return 0;
}
