/* SPDX-License-Identifier: Apache-2.0 */
/* Devices, addresses, routes and counters of this network namespace. */
#include "report.h"

#include <stdio.h>

#include "../lib/addr.h"
#include "../lib/cleanup.h"
#include "../lib/json.h"
#include "../lib/link.h"
#include "../loader/loader.h"

static int print_link(const struct link_info *l, void *arg)
{
	char mac[MAC_STRLEN];

	(void)arg;
	printf("%u: %s kind %s type %u mac %s mtu %u flags 0x%x master %u peer "
	       "%u in %d\n",
	       l->ifindex, l->name, *l->kind ? l->kind : "-", l->type,
	       mac_format(l->mac, mac), l->mtu, l->flags, l->master, l->link,
	       l->link_netnsid);
	return 0;
}

static int print_addr(const struct link_addr *a, void *arg)
{
	char text[ADDR_STRLEN];

	(void)arg;
	printf("%u: %s/%u scope %u flags 0x%x\n", a->ifindex,
	       addr_format(&a->addr, text), a->prefix_len, a->scope, a->flags);
	return 0;
}

static int print_route(const struct link_route *r, void *arg)
{
	char dst[PREFIX_STRLEN], via[ADDR_STRLEN], src[ADDR_STRLEN];

	(void)arg;
	printf("%s dev %u", prefix_format(&r->dst, dst), r->ifindex);
	if (!addr_is_zero(&r->gateway))
		printf(" via %s", addr_format(&r->gateway, via));
	if (!addr_is_zero(&r->src))
		printf(" src %s", addr_format(&r->src, src));
	if (r->mtu)
		printf(" mtu %u", r->mtu);
	printf(" proto %u%s\n", r->protocol, r->onlink ? " onlink" : "");
	return 0;
}

enum what { LINKS, ADDRS, ROUTES };

static int print(struct report *r, void *arg)
{
	__cleanup(link_close) struct link_ctx *links = NULL;
	struct err e = {0};
	int rc = link_open(&links, &e);

	(void)r;
	if (!rc && *(enum what *)arg == LINKS)
		rc = link_each(links, print_link, NULL, &e);
	else if (!rc && *(enum what *)arg == ADDRS)
		rc = link_addr_each(links, print_addr, NULL, &e);
	else if (!rc)
		rc = link_route_each(links, print_route, NULL, &e);
	if (rc)
		puts(e.msg);
	return !!rc;
}

/* ---- programs on devices --------------------------------------------- */

static int print_ours(unsigned int ifindex, enum attach_role role,
		      enum attach_mode mode, void *arg)
{
	static const char *const roles[] = {
		[ATTACH_POD] = "pod",
		[ATTACH_OVERLAY] = "overlay",
		[ATTACH_UPLINK] = "uplink",
	};
	const struct report *r = arg;
	struct err e = {0};

	printf("%u: ours, %s, by %s: %s\n", ifindex, roles[role],
	       mode == ATTACH_TCX ? "tcx" : "clsact",
	       attach_verify(r->ctl->bpf_root, ifindex, role, &e) ? e.msg
								  : "right");
	return 0;
}

static int print_other(const struct attach_other *o, void *arg)
{
	const struct link_info *l = arg;

	printf("%u: %s: another's, %s %s by %s\n", l->ifindex, l->name, o->name,
	       o->is_egress ? "egress" : "ingress", o->how);
	return 0;
}

static int print_others(const struct link_info *l, void *arg)
{
	struct err e;

	(void)arg;
	attach_others(l->ifindex, print_other, (void *)l, &e);
	return 0;
}

static int print_attachments(struct report *r, void *arg)
{
	__cleanup(link_close) struct link_ctx *links = NULL;
	struct err e = {0};

	(void)arg;
	if (attach_each(r->ctl->bpf_root, print_ours, r, &e))
		puts(e.msg);
	if (link_open(&links, &e) || link_each(links, print_others, NULL, &e))
		puts(e.msg);
	return 0;
}

void report_network(struct report *r)
{
	static enum what links = LINKS, addrs = ADDRS, routes = ROUTES;

	report_forked(r, "network/links.txt", print, &links);
	report_forked(r, "network/addresses.txt", print, &addrs);
	report_forked(r, "network/routes.txt", print, &routes);
	report_forked(r, "network/programs.txt", print_attachments, NULL);
	report_file(r, "network/dev", "/proc/net/dev", REPORT_HEAD);
	report_file(r, "network/snmp", "/proc/net/snmp", REPORT_HEAD);
	report_file(r, "network/snmp6", "/proc/net/snmp6", REPORT_HEAD);
	report_file(r, "network/netstat", "/proc/net/netstat", REPORT_HEAD);
	report_file(r, "network/softnet_stat", "/proc/net/softnet_stat",
		    REPORT_HEAD);
	report_file(r, "network/sockstat", "/proc/net/sockstat", REPORT_HEAD);
	report_file(r, "network/arp", "/proc/net/arp", REPORT_HEAD);
}
