/* SPDX-License-Identifier: Apache-2.0 */
#include "link.h"

#include <errno.h>
#include <string.h>

#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <linux/veth.h>
#include <net/if.h>

#include <netlink/attr.h>

#include "cleanup.h"
#include "netlink.h"

/* Older headers lack it; statistics are most of an answer's bytes. */
#ifndef RTEXT_FILTER_SKIP_STATS
#define RTEXT_FILTER_SKIP_STATS (1 << 3)
#endif

/* ---- reading ----------------------------------------------------------- */

static void read_kind(struct nlattr *linkinfo, struct link_info *l)
{
	struct nlattr *tb[IFLA_INFO_MAX + 1];

	if (nla_parse_nested(tb, IFLA_INFO_MAX, linkinfo, NULL))
		return;
	if (tb[IFLA_INFO_KIND])
		nla_strlcpy(l->kind, tb[IFLA_INFO_KIND], sizeof(l->kind));
}

static int read_link(struct nlmsghdr *h, struct link_info *l)
{
	struct nlattr *tb[IFLA_MAX + 1];
	struct ifinfomsg *head = nlmsg_data(h);

	if (h->nlmsg_type != RTM_NEWLINK ||
	    nlmsg_parse(h, sizeof(*head), tb, IFLA_MAX, NULL))
		return -EBADMSG;
	*l = (struct link_info){
		.ifindex = head->ifi_index,
		.type = head->ifi_type,
		.flags = head->ifi_flags,
		.link_netnsid = -1,
	};
	if (tb[IFLA_IFNAME])
		nla_strlcpy(l->name, tb[IFLA_IFNAME], sizeof(l->name));
	if (tb[IFLA_ADDRESS] && nla_len(tb[IFLA_ADDRESS]) == sizeof(l->mac))
		memcpy(l->mac, nla_data(tb[IFLA_ADDRESS]), sizeof(l->mac));
	if (tb[IFLA_MTU])
		l->mtu = nla_get_u32(tb[IFLA_MTU]);
	if (tb[IFLA_MASTER])
		l->master = nla_get_u32(tb[IFLA_MASTER]);
	if (tb[IFLA_LINK])
		l->link = nla_get_u32(tb[IFLA_LINK]);
	if (tb[IFLA_LINK_NETNSID])
		l->link_netnsid = nla_get_s32(tb[IFLA_LINK_NETNSID]);
	if (tb[IFLA_LINKINFO])
		read_kind(tb[IFLA_LINKINFO], l);
	return 0;
}

static void on_link(struct nlmsghdr *h, void *arg)
{
	read_link(h, arg);
}

static void on_link_dump(struct nlmsghdr *h, void *arg)
{
	struct link_info l;

	if (!read_link(h, &l))
		dump_add(arg, &l);
}

static struct request link_request(int type, int flags, unsigned int ifindex)
{
	struct ifinfomsg head = {.ifi_index = ifindex};

	return request_new(type, flags, &head, sizeof(head));
}

/* A name that no device can have. */
static bool bad_name(const char *name)
{
	size_t n = strlen(name);

	return n == 0 || n >= IFNAMSIZ;
}

int link_get(struct link_ctx *c, const char *name, struct link_info *out,
	     struct err *e)
{
	__cleanup(request_free) struct request r =
		link_request(RTM_GETLINK, 0, 0);
	struct link_info l = {};
	int ret;

	if (bad_name(name))
		return err_sys(e, ENODEV, "device %s", name);
	request_put_string(&r, IFLA_IFNAME, name);
	request_put_u32(&r, IFLA_EXT_MASK, RTEXT_FILTER_SKIP_STATS);
	ret = request_do(c, &r, on_link, &l);
	if (!ret && !l.ifindex)
		ret = -ENODEV;
	if (ret)
		return request_failed(c, ret, e, "device %s", name);
	*out = l;
	return 0;
}

int link_get_index(struct link_ctx *c, unsigned int ifindex,
		   struct link_info *out, struct err *e)
{
	__cleanup(request_free) struct request r =
		link_request(RTM_GETLINK, 0, ifindex);
	struct link_info l = {};
	int ret;

	/* 0 would be a request for no device at all */
	if (!ifindex)
		return err_sys(e, ENODEV, "device number 0");
	request_put_u32(&r, IFLA_EXT_MASK, RTEXT_FILTER_SKIP_STATS);
	ret = request_do(c, &r, on_link, &l);
	if (!ret && !l.ifindex)
		ret = -ENODEV;
	if (ret)
		return request_failed(c, ret, e, "device number %u", ifindex);
	*out = l;
	return 0;
}

int link_each(struct link_ctx *c,
	      int (*fn)(const struct link_info *l, void *arg), void *arg,
	      struct err *e)
{
	__cleanup(request_free) struct request r =
		link_request(RTM_GETLINK, 0, 0);
	__cleanup(dump_free) struct dump d = {
		.size = sizeof(struct link_info),
	};
	const struct link_info *links;
	int ret;

	request_put_u32(&r, IFLA_EXT_MASK, RTEXT_FILTER_SKIP_STATS);
	ret = dump_run(c, &r, on_link_dump, &d);
	if (ret)
		return request_failed(c, ret, e, "list devices");
	links = d.items;
	for (size_t i = 0; i < d.n && !ret; i++)
		ret = fn(&links[i], arg);
	return ret;
}

/* ---- making ------------------------------------------------------------ */

/* What both ends of a pair, and every other device, have. */
static void put_common(struct request *r, const char *name,
		       const unsigned char *mac, unsigned int mtu)
{
	request_put_string(r, IFLA_IFNAME, name);
	if (mac)
		request_put(r, IFLA_ADDRESS, mac, 6);
	if (mtu)
		request_put_u32(r, IFLA_MTU, mtu);
}

static int name_check(const char *name, struct err *e)
{
	if (!bad_name(name))
		return 0;
	return err_set(e, *name ? ENAMETOOLONG : EINVAL,
		       "device name \"%s\": must have 1 to %d characters", name,
		       IFNAMSIZ - 1);
}

int link_add_veth(struct link_ctx *c, const char *name,
		  const unsigned char *mac, const char *peer_name,
		  const unsigned char *peer_mac, int peer_netns_fd,
		  unsigned int mtu, struct err *e)
{
	__cleanup(request_free) struct request r =
		link_request(RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL, 0);
	struct ifinfomsg peer_head = {};
	struct nlattr *info, *data, *peer;
	int ret;

	if (name_check(name, e) || name_check(peer_name, e))
		return e ? -e->code : -EINVAL;
	put_common(&r, name, mac, mtu);
	info = request_nest(&r, IFLA_LINKINFO);
	request_put_string(&r, IFLA_INFO_KIND, "veth");
	data = request_nest(&r, IFLA_INFO_DATA);
	peer = request_nest(&r, VETH_INFO_PEER);
	request_append(&r, &peer_head, sizeof(peer_head));
	put_common(&r, peer_name, peer_mac, mtu);
	request_put_u32(&r, IFLA_NET_NS_FD, peer_netns_fd);
	request_nest_end(&r, peer);
	request_nest_end(&r, data);
	request_nest_end(&r, info);
	ret = request_do(c, &r, NULL, NULL);
	if (ret)
		return request_failed(c, ret, e, "create veth pair %s and %s",
				      name, peer_name);
	return 0;
}

/* External mode: the datapath says where each packet goes. The outer UDP
 * checksum may be zero in either family, and nothing is learned. */
static void put_vxlan(struct request *r, unsigned int port)
{
	struct nlattr *info = request_nest(r, IFLA_LINKINFO), *data;
	unsigned short be_port = htons(port);

	request_put_string(r, IFLA_INFO_KIND, "vxlan");
	data = request_nest(r, IFLA_INFO_DATA);
	request_put_u8(r, IFLA_VXLAN_COLLECT_METADATA, 1);
	request_put_u8(r, IFLA_VXLAN_LEARNING, 0);
	request_put(r, IFLA_VXLAN_PORT, &be_port, sizeof(be_port));
	request_put_u8(r, IFLA_VXLAN_UDP_CSUM, 0);
	request_put_u8(r, IFLA_VXLAN_UDP_ZERO_CSUM6_TX, 1);
	request_put_u8(r, IFLA_VXLAN_UDP_ZERO_CSUM6_RX, 1);
	request_nest_end(r, data);
	request_nest_end(r, info);
}

int link_add_vxlan(struct link_ctx *c, const char *name,
		   const unsigned char *mac, unsigned int port,
		   unsigned int mtu, struct err *e)
{
	__cleanup(request_free) struct request r =
		link_request(RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL, 0);
	int ret = name_check(name, e);

	if (ret)
		return ret;
	put_common(&r, name, mac, mtu);
	put_vxlan(&r, port);
	ret = request_do(c, &r, NULL, NULL);
	if (ret)
		return request_failed(c, ret, e, "create VXLAN device %s",
				      name);
	return 0;
}

static int add_plain(struct link_ctx *c, const char *kind, const char *name,
		     unsigned int mtu)
{
	__cleanup(request_free) struct request r =
		link_request(RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL, 0);
	struct nlattr *info;

	put_common(&r, name, NULL, mtu);
	info = request_nest(&r, IFLA_LINKINFO);
	request_put_string(&r, IFLA_INFO_KIND, kind);
	request_nest_end(&r, info);
	return request_do(c, &r, NULL, NULL);
}

int link_add_dummy(struct link_ctx *c, const char *name, unsigned int mtu,
		   struct err *e)
{
	int ret = name_check(name, e);

	if (ret)
		return ret;
	ret = add_plain(c, "dummy", name, mtu);
	if (ret == -EOPNOTSUPP)
		ret = add_plain(c, "ifb", name, mtu);
	if (ret)
		return request_failed(c, ret, e, "create dummy device %s",
				      name);
	return 0;
}

/* ---- changing ---------------------------------------------------------- */

int link_del(struct link_ctx *c, const char *name, struct err *e)
{
	__cleanup(request_free) struct request r =
		link_request(RTM_DELLINK, 0, 0);
	int ret;

	if (bad_name(name))
		return 0;
	request_put_string(&r, IFLA_IFNAME, name);
	ret = request_do(c, &r, NULL, NULL);
	if (ret == -ENODEV)
		return 0;
	if (ret)
		return request_failed(c, ret, e, "delete device %s", name);
	return 0;
}

/* A request of its own: within one, the device would come up, and get its
 * address, first. Without IPv6 there is no such address anyway. */
static int no_linklocal_set(struct link_ctx *c, unsigned int ifindex)
{
	__cleanup(request_free) struct request r =
		link_request(RTM_SETLINK, 0, ifindex);
	struct nlattr *spec = request_nest(&r, IFLA_AF_SPEC);
	struct nlattr *inet6 = request_nest(&r, AF_INET6);
	int ret;

	request_put_u8(&r, IFLA_INET6_ADDR_GEN_MODE, IN6_ADDR_GEN_MODE_NONE);
	request_nest_end(&r, inet6);
	request_nest_end(&r, spec);
	ret = request_do(c, &r, NULL, NULL);
	return ret == -EAFNOSUPPORT ? 0 : ret;
}

int link_set_up(struct link_ctx *c, unsigned int ifindex, unsigned int mtu,
		bool noarp, bool no_linklocal, struct err *e)
{
	struct ifinfomsg head = {
		.ifi_index = ifindex,
		.ifi_flags = IFF_UP | (noarp ? IFF_NOARP : 0),
		.ifi_change = IFF_UP | (noarp ? IFF_NOARP : 0),
	};
	__cleanup(request_free) struct request r =
		request_new(RTM_SETLINK, 0, &head, sizeof(head));
	int ret = 0;

	if (no_linklocal)
		ret = no_linklocal_set(c, ifindex);
	if (ret)
		return request_failed(c, ret, e,
				      "switch off the link-local address of "
				      "device number %u",
				      ifindex);
	if (mtu)
		request_put_u32(&r, IFLA_MTU, mtu);
	ret = request_do(c, &r, NULL, NULL);
	if (ret)
		return request_failed(c, ret, e, "set device number %u up",
				      ifindex);
	return 0;
}
