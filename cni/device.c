/* SPDX-License-Identifier: Apache-2.0 */
/* The veth pair, its two sides, and the entries in the maps. */
#include "attachment.h"

#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "../lib/cleanup.h"
#include "../loader/loader.h"
#include "entries.h"
#include "journal.h"

static const unsigned char gateway_mac[6] = FL_GATEWAY_MAC;

static struct fl_addr gateway_of(bool v4)
{
	struct fl_addr addr = {0};

	addr_parse(v4 ? FL_GATEWAY_IPV4 : FL_GATEWAY_IPV6, &addr);
	return addr;
}

/* ---- the pair ------------------------------------------------------------ */

static int other_owner(const struct endpoint_record *r, void *arg)
{
	const struct endpoint_record *ours = arg;

	return !strcmp(r->host_device, ours->host_device) &&
	       (strcmp(r->container_id, ours->container_id) ||
		strcmp(r->ifname, ours->ifname));
}

/* One of the two names is taken. 0: what was in the way is gone. */
static int make_way(struct attachment *a, struct failure *f)
{
	const struct endpoint_record *r = &a->record;
	struct link_info l;
	struct err e;

	if (!link_get(a->pod, r->ifname, &l, NULL))
		return failure_set(
			f, CNI_EXISTS,
			"CNI_IFNAME: the container has an interface %s "
			"already",
			r->ifname);
	if (endpoint_record_each(a->call->conf.state_dir, other_owner,
				 (void *)r, NULL, NULL))
		return failure_set(f, CNI_EXISTS,
				   "device %s is another container's",
				   r->host_device);
	/* Ours by name, and nobody's by record. */
	journal(LOG_LEVEL_WARN, "removing a device that was left behind",
		"device=%s", r->host_device);
	if (link_del(a->host, r->host_device, &e))
		return failure_from(f, CNI_KERNEL, &e, NULL);
	return 0;
}

static int add_pair(struct attachment *a, struct err *e)
{
	const struct endpoint_record *r = &a->record;

	return link_add_veth(a->host, r->host_device, gateway_mac, r->ifname,
			     r->mac, a->netns, r->mtu, e);
}

int device_make(struct attachment *a, struct failure *f)
{
	struct link_info host, pod;
	struct err e;
	int ret = add_pair(a, &e);

	if (ret == -EEXIST) {
		ret = make_way(a, f);
		if (ret)
			return ret;
		ret = add_pair(a, &e);
	}
	if (ret == -EEXIST)
		return failure_from(f, CNI_KERNEL, &e, NULL);
	/* A pair whose making failed may be there: its answer can be lost. */
	if (!ret)
		ret = link_get(a->host, a->record.host_device, &host, &e);
	if (!ret)
		ret = link_get(a->pod, a->record.ifname, &pod, &e);
	if (ret) {
		device_unmake(a);
		return failure_from(f, CNI_KERNEL, &e, NULL);
	}
	a->record.ifindex = host.ifindex;
	a->pod_ifindex = pod.ifindex;
	return 0;
}

void device_unmake(struct attachment *a)
{
	struct err e;

	if (link_del(a->host, a->record.host_device, &e))
		journal(LOG_LEVEL_WARN, "device stays", "error=\"%s\"", e.msg);
}

/* ---- map entries --------------------------------------------------------- */

int entries_make(struct attachment *a, struct failure *f)
{
	struct endpoint_record *r = &a->record;
	struct fl_endpoint value = {
		.ifindex = r->ifindex,
		.mtu = r->mtu,
	};
	/* The agent clears the flag when it has seen the pod. */
	const struct fl_endpoint_view unseen = {
		.identity = FL_IDENTITY_POD,
		.flags = FL_ENDPOINT_PENDING,
	};
	bool stale = false;
	struct err e;
	int i, ret;

	memcpy(value.mac, r->mac, sizeof(value.mac));
	for (i = 0; i < FL_VIEWS; i++)
		value.view[i] = unseen;
	for (i = 0; i < r->n_addrs; i++) {
		ret = entry_put(a->endpoints, a->host, &r->addrs[i], &value,
				&stale, &e);
		if (ret) {
			entries_remove(a->endpoints, r->addrs, i, r->ifindex);
			return failure_from(
				f, ret == -EEXIST ? CNI_ADDRESS : CNI_KERNEL,
				&e, NULL);
		}
	}
	/* Cached decisions may know the address as another's, or (if it is not
	 * of the pod CIDRs) as one beyond the node. */
	if ((stale || r->ipam[0]) && epoch_raise(a->bpf_root, &e)) {
		entries_unmake(a);
		return failure_from(f, CNI_KERNEL, &e, NULL);
	}
	return 0;
}

void entries_unmake(struct attachment *a)
{
	struct err e;

	if (entries_remove(a->endpoints, a->record.addrs, a->record.n_addrs,
			   a->record.ifindex) > 0 &&
	    epoch_raise(a->bpf_root, &e))
		journal(LOG_LEVEL_WARN, "epoch not raised", "error=\"%s\"",
			e.msg);
}

/* ---- the host's side ----------------------------------------------------- */

static int device_sysctl(const char *family, const char *device,
			 const char *name, const char *value, struct err *e)
{
	char path[128];

	snprintf(path, sizeof(path), "net/%s/conf/%s/%s", family, device, name);
	return sysctl_write(path, value, e);
}

/* A node may have it off for devices to come. Read first: a write waits for
 * the RTNL lock. */
static int host_ipv6(struct attachment *a, struct err *e)
{
	const char *device = a->record.host_device;
	__cleanup(mem_free) char *text = NULL;
	char path[128];
	int ret;

	snprintf(path, sizeof(path), "/proc/sys/net/ipv6/conf/%s/disable_ipv6",
		 device);
	ret = file_read(path, 64, &text, NULL, e);
	if (!ret && text[0] != '0')
		ret = device_sysctl("ipv6", device, "disable_ipv6", "0", e);
	return ret ? ret : link_forward_ipv6(a->host, device, e);
}

/* Of this device only: what the node forwards otherwise is its own affair. */
static int host_sysctls(struct attachment *a, struct err *e)
{
	const char *device = a->record.host_device;
	int ret = device_sysctl("ipv4", device, "forwarding", "1", e);

	if (!ret)
		ret = device_sysctl("ipv4", device, "rp_filter", "0", e);
	if (!ret && attachment_has_family(a, false))
		ret = host_ipv6(a, e);
	return ret;
}

static struct fl_addr source_of(const struct attachment *a, bool v4)
{
	struct fl_addr none = {0};
	int i;

	for (i = 0; i < a->node.n_host_addrs; i++)
		if (addr_is_v4(&a->node.host_addrs[i]) == v4)
			return a->node.host_addrs[i];
	return none;
}

static int host_route(struct attachment *a, const struct fl_addr *addr,
		      struct err *e)
{
	bool v4 = addr_is_v4(addr);
	struct link_route route = {
		.ifindex = a->record.ifindex,
		.src = source_of(a, v4),
		.protocol = LINK_RTPROT,
	};
	int ret;

	prefix_make(addr, v4 ? 32 : 128, &route.dst);
	ret = link_route_replace(a->host, &route, e);
	if (ret != -EINVAL || addr_is_zero(&route.src))
		return ret;
	/* The node's own address is not there (yet): any will do. */
	journal(LOG_LEVEL_WARN, "route without preferred source",
		"error=\"%s\"", e->msg);
	memset(&route.src, 0, sizeof(route.src));
	return link_route_replace(a->host, &route, e);
}

static int host_address(struct attachment *a, const struct fl_addr *addr,
			struct err *e)
{
	int ret = link_neigh_set(a->host, a->record.ifindex, addr,
				 a->record.mac, e);

	return ret ? ret : host_route(a, addr, e);
}

int host_side_make(struct attachment *a, struct failure *f)
{
	struct err e;
	int i, ret;

	ret = host_sysctls(a, &e);
	if (!ret)
		ret = link_set_up(a->host, a->record.ifindex, 0, false, true,
				  &e);
	for (i = 0; !ret && i < a->record.n_addrs; i++)
		ret = host_address(a, &a->record.addrs[i], &e);
	return ret ? failure_from(f, CNI_KERNEL, &e, NULL) : 0;
}

/* ---- the pod's side ------------------------------------------------------ */

/* Some runtimes switch IPv6 off by default. The only thing that makes us enter
 * the namespace. */
static int enable_ipv6(struct attachment *a, struct err *e)
{
	__cleanup(fd_close) int back =
		open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
	int ret;

	if (back < 0 || setns(a->netns, CLONE_NEWNET))
		return err_sys(e, errno, "enter the pod's namespace");
	ret = device_sysctl("ipv6", a->record.ifname, "disable_ipv6", "0", e);
	if (setns(back, CLONE_NEWNET))
		return err_sys(e, errno, "leave the pod's namespace");
	return ret;
}

static int pod_address(struct attachment *a, const struct fl_addr *addr,
		       struct err *e)
{
	bool v4 = addr_is_v4(addr);
	int ret = link_addr_add(a->pod, a->pod_ifindex, addr, v4 ? 32 : 128, e);

	if (ret != -EACCES || v4)
		return ret;
	ret = enable_ipv6(a, e);
	if (ret)
		return ret;
	return link_addr_add(a->pod, a->pod_ifindex, addr, 128, e);
}

/* The gateway's neighbour entry, and for IPv4 the route to it. */
static int pod_gateway(struct attachment *a, bool v4, struct err *e)
{
	struct fl_addr gateway = gateway_of(v4);
	struct link_route route = {
		.ifindex = a->pod_ifindex,
		.protocol = LINK_RTPROT,
	};
	int ret = link_neigh_set(a->pod, a->pod_ifindex, &gateway, gateway_mac,
				 e);

	if (ret || !v4)
		return ret;
	prefix_make(&gateway, 32, &route.dst);
	return link_route_replace(a->pod, &route, e);
}

struct clash {
	const struct attachment *a;
	bool skip[ROUTES_MAX];
};

static int find_clash(const struct link_route *r, void *arg)
{
	struct clash *clash = arg;
	int i;

	for (i = 0; i < clash->a->n_routes; i++)
		if (r->ifindex != clash->a->pod_ifindex &&
		    !memcmp(&r->dst, &clash->a->routes[i], sizeof(r->dst)))
			clash->skip[i] = true;
	return 0;
}

/* A route that another network of this pod has already stays: the
 * specification wants us to skip ours. */
static int skip_clashes(struct attachment *a, struct err *e)
{
	struct clash clash = {.a = a};
	char text[PREFIX_STRLEN];
	int i, kept = 0, ret;

	ret = link_route_each(a->pod, find_clash, &clash, e);
	if (ret)
		return ret;
	for (i = 0; i < a->n_routes; i++)
		if (clash.skip[i])
			journal(LOG_LEVEL_INFO, "route skipped, the pod has it",
				"route=%s", prefix_format(&a->routes[i], text));
		else
			a->routes[kept++] = a->routes[i];
	a->n_routes = kept;
	return 0;
}

static int pod_routes(struct attachment *a, struct err *e)
{
	struct link_route route = {
		.ifindex = a->pod_ifindex,
		.protocol = LINK_RTPROT,
	};
	int i, ret = skip_clashes(a, e);

	for (i = 0; !ret && i < a->n_routes; i++) {
		bool v4 = prefix_is_v4(&a->routes[i]);

		if (!attachment_has_family(a, v4))
			return err_set(e, EINVAL,
				       "a route of a family that the pod has "
				       "no address of");
		route.dst = a->routes[i];
		route.gateway = gateway_of(v4);
		ret = link_route_replace(a->pod, &route, e);
	}
	return ret;
}

int pod_side_make(struct attachment *a, struct failure *f)
{
	static const bool families[] = {true, false};
	unsigned int loopback = 1; /* of every namespace */
	struct err e;
	int i, ret;

	ret = link_set_up(a->pod, loopback, 0, false, false, &e);
	if (!ret)
		ret = link_set_up(a->pod, a->pod_ifindex, 0, false, true, &e);
	for (i = 0; !ret && i < a->record.n_addrs; i++)
		ret = pod_address(a, &a->record.addrs[i], &e);
	for (i = 0; !ret && i < 2; i++)
		if (attachment_has_family(a, families[i]))
			ret = pod_gateway(a, families[i], &e);
	if (!ret)
		ret = pod_routes(a, &e);
	return ret ? failure_from(f, CNI_KERNEL, &e, "in the pod") : 0;
}
