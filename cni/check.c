/* SPDX-License-Identifier: Apache-2.0 */
/* CHECK: is everything still as ADD made it? The first difference is told. */
#include "verbs.h"

#include <errno.h>
#include <net/if.h>
#include <stdio.h>
#include <string.h>

#include "../lib/cleanup.h"
#include "../lib/json.h"
#include "../loader/loader.h"
#include "attachment.h"
#include "delegate.h"
#include "result.h"

struct check {
	const struct call *call;
	struct node_facts node;
	const char *bpf_root;
	struct endpoint_record record;
	struct link_ctx *host, *pod;
	struct link_info host_link, pod_link;
	struct fl_addr addrs[STATE_ADDRS_MAX]; /* as prevResult says */
	int n_addrs;
	int netns;
};

static void check_close(struct check *k)
{
	link_close(&k->pod);
	link_close(&k->host);
	fd_close(&k->netns);
}

/* ---- what the result said ------------------------------------------------ */

static const char *result_text(const cJSON *result, int interface,
			       const char *key)
{
	const cJSON *value = cJSON_GetObjectItemCaseSensitive(
		cJSON_GetArrayItem(
			cJSON_GetObjectItemCaseSensitive(result, "interfaces"),
			interface),
		key);

	return cJSON_IsString(value) ? value->valuestring : "";
}

static bool has_addr(const struct fl_addr *list, int n,
		     const struct fl_addr *addr)
{
	int i;

	for (i = 0; i < n; i++)
		if (addr_equal(&list[i], addr))
			return true;
	return false;
}

static int check_result(struct check *k, struct failure *f)
{
	const cJSON *prev = k->call->conf.prev_result;
	char text[ADDR_STRLEN], mac[MAC_STRLEN];
	int ret, interface, i;

	if (!prev)
		return failure_set(f, CNI_CONFIG,
				   "CHECK needs \"prevResult\" in the network "
				   "configuration");
	ret = result_check(prev, "prevResult", f);
	if (ret)
		return ret;
	interface = result_find(prev, k->call->ifname, k->call->netns);
	if (interface < 0)
		return failure_set(f, CNI_CHECK,
				   "prevResult has no interface %s in %s",
				   k->call->ifname, k->call->netns);
	mac_format(k->record.mac, mac);
	if (strcmp(result_text(prev, interface, "mac"), mac))
		return failure_set(
			f, CNI_CHECK,
			"prevResult: interface %s has MAC %s, but was made "
			"with %s",
			k->call->ifname, result_text(prev, interface, "mac"),
			mac);
	ret = result_addrs(prev, interface, k->addrs, STATE_ADDRS_MAX,
			   &k->n_addrs, f);
	for (i = 0; !ret && i < k->n_addrs; i++)
		if (!has_addr(k->record.addrs, k->record.n_addrs, &k->addrs[i]))
			return failure_set(
				f, CNI_CHECK,
				"prevResult: address %s was not given to "
				"this container",
				addr_format(&k->addrs[i], text));
	if (!ret && k->n_addrs != k->record.n_addrs)
		return failure_set(
			f, CNI_CHECK,
			"prevResult has %d addresses of %s, %d were given",
			k->n_addrs, k->call->ifname, k->record.n_addrs);
	return ret;
}

/* ---- devices ------------------------------------------------------------- */

static int check_device(struct link_ctx *ctx, const char *name,
			const unsigned char *mac, unsigned int mtu,
			struct link_info *l, struct failure *f)
{
	char text[MAC_STRLEN];
	struct err e;

	if (link_get(ctx, name, l, &e))
		return failure_set(f, CNI_CHECK, "%s", e.msg);
	if (strcmp(l->kind, "veth"))
		return failure_set(f, CNI_CHECK, "device %s is no veth", name);
	if (!(l->flags & IFF_UP))
		return failure_set(f, CNI_CHECK, "device %s is down", name);
	if (memcmp(l->mac, mac, 6))
		return failure_set(f, CNI_CHECK,
				   "device %s has another MAC: %s", name,
				   mac_format(l->mac, text));
	if (l->mtu != mtu)
		return failure_set(f, CNI_CHECK, "device %s has MTU %u, not %u",
				   name, l->mtu, mtu);
	return 0;
}

static int check_devices(struct check *k, struct failure *f)
{
	static const unsigned char gateway_mac[6] = FL_GATEWAY_MAC;
	const struct endpoint_record *r = &k->record;
	int ret;

	ret = check_device(k->host, r->host_device, gateway_mac, r->mtu,
			   &k->host_link, f);
	if (!ret)
		ret = check_device(k->pod, r->ifname, r->mac, r->mtu,
				   &k->pod_link, f);
	if (ret)
		return ret;
	if (k->host_link.ifindex != r->ifindex ||
	    k->host_link.link != k->pod_link.ifindex)
		return failure_set(f, CNI_CHECK,
				   "device %s is not the other end of %s",
				   r->host_device, r->ifname);
	return 0;
}

/* ---- addresses ----------------------------------------------------------- */

struct addr_list {
	unsigned int ifindex;
	struct fl_addr addrs[64];
	int n;
};

static int collect_addr(const struct link_addr *a, void *arg)
{
	struct addr_list *list = arg;

	if (a->ifindex == list->ifindex &&
	    list->n < (int)(sizeof(list->addrs) / sizeof(list->addrs[0])))
		list->addrs[list->n++] = a->addr;
	return 0;
}

static int check_pod_addrs(struct check *k, struct failure *f)
{
	struct addr_list have = {.ifindex = k->pod_link.ifindex};
	char text[ADDR_STRLEN];
	struct err e;
	int i;

	if (link_addr_each(k->pod, collect_addr, &have, &e))
		return failure_from(f, CNI_KERNEL, &e, "in the pod");
	for (i = 0; i < k->record.n_addrs; i++)
		if (!has_addr(have.addrs, have.n, &k->record.addrs[i]))
			return failure_set(
				f, CNI_CHECK,
				"address %s is missing on %s in the pod",
				addr_format(&k->record.addrs[i], text),
				k->record.ifname);
	return 0;
}

static int check_allocation(struct check *k, struct failure *f)
{
	struct delegate_run run = {.command = "CHECK"};
	const struct endpoint_record *r = &k->record;
	struct ip_owner owner;
	char text[ADDR_STRLEN];
	int i;

	if (k->call->conf.ipam_type[0])
		return delegate_exec(k->call, &run, NULL, f);
	for (i = 0; i < r->n_addrs; i++)
		if (ip_file_read(k->call->conf.state_dir, r->network,
				 &r->addrs[i], &owner, NULL) ||
		    strcmp(owner.container_id, r->container_id) ||
		    strcmp(owner.ifname, r->ifname))
			return failure_set(
				f, CNI_CHECK,
				"address %s is not allocated to this "
				"container",
				addr_format(&r->addrs[i], text));
	return 0;
}

/* ---- routes and neighbours ----------------------------------------------- */

struct route_search {
	struct fl_prefix dst;
	struct fl_addr gateway;
	unsigned int ifindex;
};

static int is_route(const struct link_route *r, void *arg)
{
	const struct route_search *search = arg;

	return r->ifindex == search->ifindex &&
	       !memcmp(&r->dst, &search->dst, sizeof(r->dst)) &&
	       !memcmp(&r->gateway, &search->gateway, sizeof(r->gateway));
}

static int check_route(struct link_ctx *ctx, struct route_search *search,
		       const char *where, struct failure *f)
{
	char text[PREFIX_STRLEN];
	struct err e;
	int ret = link_route_each(ctx, is_route, search, &e);

	if (ret < 0)
		return failure_from(f, CNI_KERNEL, &e, where);
	if (!ret)
		return failure_set(f, CNI_CHECK, "route %s is missing %s",
				   prefix_format(&search->dst, text), where);
	return 0;
}

static int check_host_routes(struct check *k, struct failure *f)
{
	struct route_search search = {.ifindex = k->host_link.ifindex};
	int i, ret = 0;

	for (i = 0; !ret && i < k->record.n_addrs; i++) {
		const struct fl_addr *addr = &k->record.addrs[i];

		prefix_make(addr, addr_is_v4(addr) ? 32 : 128, &search.dst);
		ret = check_route(k->host, &search, "on the host", f);
	}
	return ret;
}

/* The routes that the result says go by our gateway. */
static int check_pod_routes(struct check *k, struct failure *f)
{
	struct route_search search = {.ifindex = k->pod_link.ifindex};
	const cJSON *item, *dst, *gw;
	int ret;

	cJSON_ArrayForEach (item,
			    cJSON_GetObjectItemCaseSensitive(
				    k->call->conf.prev_result, "routes")) {
		dst = cJSON_GetObjectItemCaseSensitive(item, "dst");
		gw = cJSON_GetObjectItemCaseSensitive(item, "gw");
		if (!cJSON_IsString(dst) || !cJSON_IsString(gw) ||
		    (strcmp(gw->valuestring, FL_GATEWAY_IPV4) &&
		     strcmp(gw->valuestring, FL_GATEWAY_IPV6)))
			continue;
		if (prefix_parse(dst->valuestring, false, &search.dst) ||
		    addr_parse(gw->valuestring, &search.gateway))
			return failure_set(
				f, CNI_DECODE,
				"prevResult: a route that cannot be read");
		ret = check_route(k->pod, &search, "in the pod", f);
		if (ret)
			return ret;
	}
	return 0;
}

static int check_neighbour(struct link_ctx *ctx, unsigned int ifindex,
			   const struct fl_addr *addr, const unsigned char *mac,
			   const char *where, struct failure *f)
{
	char text[ADDR_STRLEN];
	unsigned char have[6];

	if (link_neigh_get(ctx, ifindex, addr, have, NULL) ||
	    memcmp(have, mac, 6))
		return failure_set(f, CNI_CHECK,
				   "neighbour %s is missing or wrong %s",
				   addr_format(addr, text), where);
	return 0;
}

static int check_neighbours(struct check *k, struct failure *f)
{
	static const unsigned char gateway_mac[6] = FL_GATEWAY_MAC;
	const struct endpoint_record *r = &k->record;
	struct fl_addr gateway;
	int i, ret = 0;

	for (i = 0; !ret && i < r->n_addrs; i++) {
		ret = check_neighbour(k->host, k->host_link.ifindex,
				      &r->addrs[i], r->mac, "on the host", f);
		addr_parse(addr_is_v4(&r->addrs[i]) ? FL_GATEWAY_IPV4
						    : FL_GATEWAY_IPV6,
			   &gateway);
		if (!ret)
			ret = check_neighbour(k->pod, k->pod_link.ifindex,
					      &gateway, gateway_mac,
					      "in the pod", f);
	}
	return ret;
}

/* ---- datapath ------------------------------------------------------------ */

static int check_entries(struct check *k, struct failure *f)
{
	const struct endpoint_record *r = &k->record;
	__cleanup(fd_close) int map = -1;
	struct fl_endpoint value;
	char text[ADDR_STRLEN];
	struct err e;
	int i;

	map = map_open(k->bpf_root, FL_MAP_ENDPOINTS, &e);
	if (map < 0)
		return failure_set(f, CNI_CHECK,
				   "the datapath is not loaded: %s", e.msg);
	for (i = 0; i < r->n_addrs; i++)
		if (map_lookup(map, &r->addrs[i], &value) ||
		    value.ifindex != r->ifindex || memcmp(value.mac, r->mac, 6))
			return failure_set(
				f, CNI_CHECK,
				"address %s is missing or wrong in " FL_MAP_ENDPOINTS,
				addr_format(&r->addrs[i], text));
	if (attach_verify(k->bpf_root, r->ifindex, ATTACH_POD, &e))
		return failure_set(f, CNI_CHECK, "device %s: %s",
				   r->host_device, e.msg);
	return 0;
}

static int check_sysctl(const char *family, const char *device,
			const char *name, char want, struct failure *f)
{
	__cleanup(mem_free) char *text = NULL;
	char path[160];
	struct err e;

	snprintf(path, sizeof(path), "/proc/sys/net/%s/conf/%s/%s", family,
		 device, name);
	if (file_read(path, 64, &text, NULL, &e))
		return failure_set(f, CNI_CHECK, "%s", e.msg);
	if (text[0] != want)
		return failure_set(f, CNI_CHECK, "%s is %c, not %c", path,
				   text[0], want);
	return 0;
}

static int check_sysctls(struct check *k, struct failure *f)
{
	const struct endpoint_record *r = &k->record;
	int i, ret;

	ret = check_sysctl("ipv4", r->host_device, "forwarding", '1', f);
	if (!ret)
		ret = check_sysctl("ipv4", r->host_device, "rp_filter", '0', f);
	for (i = 0; !ret && i < r->n_addrs; i++)
		if (!addr_is_v4(&r->addrs[i]))
			ret = check_sysctl("ipv6", r->host_device, "forwarding",
					   '1', f);
	return ret;
}

/* ---- all of it ----------------------------------------------------------- */

static int open_all(struct check *k, struct failure *f)
{
	const struct call *c = k->call;
	struct err e;
	int ret = netns_open(c->netns, &k->netns, f);

	if (ret)
		return ret;
	if (node_facts_read(c->conf.state_dir, &k->node, &e))
		return failure_from(f, CNI_TRY_AGAIN, &e, NULL);
	k->bpf_root = bpf_root_of(&c->conf, &k->node);
	ret = endpoint_record_read(c->conf.state_dir, c->container_id,
				   c->ifname, &k->record, &e);
	if (ret == -ENOENT)
		return failure_set(
			f, CNI_NO_CONTAINER,
			"container %s has no interface %s of Fairlead's",
			c->container_id, c->ifname);
	if (ret)
		return failure_from(f, CNI_CHECK, &e, NULL);
	if (strcmp(k->record.network, c->conf.name))
		return failure_set(
			f, CNI_CHECK,
			"interface %s belongs to network %s, not to %s",
			c->ifname, k->record.network, c->conf.name);
	if (link_open(&k->host, &e))
		return failure_from(f, CNI_KERNEL, &e, NULL);
	if (link_open_netns(k->netns, &k->pod, &e))
		return failure_from(f, CNI_KERNEL, &e, "in the pod");
	return 0;
}

int verb_check(const struct call *c, struct failure *f)
{
	static int (*const checks[])(struct check * k, struct failure * f) = {
		open_all,	   check_result,     check_devices,
		check_pod_addrs,   check_allocation, check_pod_routes,
		check_host_routes, check_neighbours, check_entries,
		check_sysctls,
	};
	__cleanup(check_close) struct check k = {.call = c, .netns = -1};
	size_t i;
	int ret;

	for (i = 0; i < sizeof(checks) / sizeof(checks[0]); i++) {
		ret = checks[i](&k, f);
		if (ret)
			return ret;
	}
	return 0;
}
