// SPDX-License-Identifier: Apache-2.0
#include "devices.h"

#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <sched.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "node.h"

void give_up(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vfprintf(stderr, fmt, ap);
	va_end(ap);
	fprintf(stderr, ": %s\n", strerror(errno));
	exit(1);
}

/* ---- ip and sysctls -------------------------------------------------- */

void node_ip(const char *lines)
{
	FILE *ip = popen("exec ip -batch -", "w");

	if (!ip || fputs(lines, ip) < 0)
		give_up("ip -batch");
	if (pclose(ip)) {
		errno = EINVAL;
		give_up("ip -batch failed on\n%s", lines);
	}
}

void node_ip_in(int ns, const char *lines)
{
	if (setns(ns, CLONE_NEWNET))
		give_up("enter a namespace");
	node_ip(lines);
	if (setns(node.node_ns, CLONE_NEWNET))
		give_up("go back");
}

void node_sysctl(const char *path, const char *value)
{
	char full[256];
	FILE *f;

	snprintf(full, sizeof(full), "/proc/sys/net/%s", path);
	f = fopen(full, "we");
	if (!f || fputs(value, f) < 0 || fclose(f))
		give_up("write %s to %s", value, full);
}

static void sysctl_of(const char *af, const char *dev, const char *key,
		      const char *value)
{
	char path[128];

	snprintf(path, sizeof(path), "%s/conf/%s/%s", af, dev, key);
	node_sysctl(path, value);
}

/* Lines for ip, which takes its time to start where the machine is emulated. */
struct lines {
	char text[8192];
	size_t len;
};

__attribute__((format(printf, 2, 3))) static void add(struct lines *l,
						      const char *fmt, ...)
{
	size_t room = sizeof(l->text) - l->len;
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(l->text + l->len, room, fmt, ap);
	va_end(ap);
	if (n < 0 || (size_t)n >= room)
		give_up("too many lines for ip");
	l->len += n;
}

struct mac_text {
	char text[18];
};

static struct mac_text mac_format(const __u8 mac[6])
{
	struct mac_text m;

	snprintf(m.text, sizeof(m.text), "%02x:%02x:%02x:%02x:%02x:%02x",
		 mac[0], mac[1], mac[2], mac[3], mac[4], mac[5]);
	return m;
}

/* ---- devices --------------------------------------------------------- */

/* A pair of which the near end is here and the far end is eth-NAME in the other
 * namespace. */
struct pair {
	const char *name;
	const __u8 *near, *far; /* MACs */
	unsigned int mtu;
	unsigned int *ifindex; /* of the near end */
	const char *v4, *v6;   /* of a pod */
};

static const __u8 other_mac[6] = {2, 0, 0, 0, 1, 0xee};

static const struct pair pods[] = {
	{"pod_a", gateway_mac, mac_a, 1500, &node.pod_a, "10.1.0.10",
	 "fd00:1::a"},
	{"pod_b", gateway_mac, mac_b, 1500, &node.pod_b, "10.1.0.11",
	 "fd00:1::b"},
	{"small", gateway_mac, mac_small, SMALL_MTU, &node.small, "10.1.0.12",
	 "fd00:1::c"},
	{"stuck", gateway_mac, mac_stuck, 1500, &node.stuck, "10.1.0.13",
	 "fd00:1::d"},
	{0},
};
static const struct pair wires[] = {
	{"uplink", uplink_mac, router_mac, UPLINK_MTU, &node.uplink, NULL,
	 NULL},
	{"uplink2", uplink2_mac, router_mac, UPLINK2_MTU, &node.uplink2, NULL,
	 NULL},
	{"other", other_mac, router_mac, UPLINK_MTU, &node.other, NULL, NULL},
	{0},
};

static int namespace_make(void)
{
	int fd;

	if (unshare(CLONE_NEWNET))
		give_up("make a network namespace");
	fd = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		give_up("open /proc/self/ns/net");
	return fd;
}

static void add_pairs(struct lines *l, const struct pair *p, int ns)
{
	for (; p->name; p++)
		add(l,
		    "link add %s address %s mtu %u type veth peer name eth-%s "
		    "address %s mtu %u netns /proc/%d/fd/%d\n",
		    p->name, mac_format(p->near).text, p->mtu, p->name,
		    mac_format(p->far).text, p->mtu, getpid(), ns);
}

static void far_ends_up(const struct pair *p, int ns)
{
	struct lines l = {0};

	add(&l, "link set lo up\n");
	for (; p->name; p++)
		add(&l,
		    "link set eth-%s addrgenmode none\nlink set eth-%s up\n",
		    p->name, p->name);
	node_ip_in(ns, l.text);
}

static void add_near_ends_up(struct lines *l, const struct pair *p)
{
	for (; p->name; p++) {
		*p->ifindex = if_nametoindex(p->name);
		add(l, "link set %s up\n", p->name);
	}
}

/* No device says anything of its own: what a hook counts is of the test's
 * making. */
static void links_make(void)
{
	struct lines l = {0};

	sysctl_of("ipv6", "default", "addr_gen_mode", "1");
	sysctl_of("ipv6", "default", "accept_ra", "0");
	add(&l,
	    "link set lo up\n"
	    "link add fl_host type bridge\n"
	    "link add fl_vxlan address %s mtu %d type vxlan external "
	    "dstport 8472 udp6zerocsumtx udp6zerocsumrx\n",
	    mac_format(overlay_mac).text, OVERLAY_MTU);
	add_pairs(&l, pods, node.pods_ns);
	add_pairs(&l, wires, node.wire_ns);
	node_ip(l.text);
	node.host = if_nametoindex("fl_host");
	node.overlay = if_nametoindex("fl_vxlan");
	far_ends_up(pods, node.pods_ns);
	far_ends_up(wires, node.wire_ns);
}

/* ---- addresses, routes, neighbours ----------------------------------- */

static void add_pods(struct lines *l)
{
	for (const struct pair *p = pods; p->name; p++) {
		const struct mac_text mac = mac_format(p->far);
		bool stuck = p->ifindex == &node.stuck;

		sysctl_of("ipv4", p->name, "forwarding", stuck ? "0" : "1");
		sysctl_of("ipv4", p->name, "rp_filter", "0");
		sysctl_of("ipv6", p->name, "forwarding", stuck ? "0" : "1");
		add(l,
		    "route add %s/32 dev %s scope link src 10.1.0.1\n"
		    "route add %s/128 dev %s src fd00:1::1\n"
		    "neigh add %s dev %s lladdr %s nud permanent\n"
		    "neigh add %s dev %s lladdr %s nud permanent\n",
		    p->v4, p->name, p->v6, p->name, p->v4, p->name, mac.text,
		    p->v6, p->name, mac.text);
	}
}

static void add_overlay(struct lines *l)
{
	add(l, "link set fl_host up\n"
	       "link set fl_vxlan arp off up\n"
	       "address add 10.1.0.1/32 dev fl_host\n"
	       "address add fd00:1::1/128 dev fl_host nodad\n"
	       "route add 10.2.0.0/24 dev fl_vxlan scope link src 10.1.0.1\n"
	       "route add 10.3.0.0/24 dev fl_vxlan scope link src 10.1.0.1\n"
	       "route add fd00:2::/64 dev fl_vxlan src fd00:1::1\n"
	       "route add fd00:3::/64 dev fl_vxlan src fd00:1::1\n");
}

static void add_uplinks(struct lines *l)
{
	const struct mac_text mac = mac_format(router_mac);
	const char *router = mac.text;

	add(l,
	    "address add 192.0.2.1/24 dev uplink\n"
	    "address add 2001:db8:1::1/64 dev uplink nodad\n"
	    "address add 192.0.3.1/24 dev uplink2\n"
	    "address add 2001:db8:2::1/64 dev uplink2 nodad\n"
	    "neigh add 192.0.2.254 dev uplink lladdr %s nud permanent\n"
	    "neigh add 2001:db8:1::fe dev uplink lladdr %s nud permanent\n"
	    "neigh add 192.0.3.254 dev uplink2 lladdr %s nud permanent\n"
	    "neigh add 2001:db8:2::fe dev uplink2 lladdr %s nud permanent\n"
	    "route add default via 192.0.2.254\n"
	    "route add default via 2001:db8:1::fe\n"
	    "route add 198.51.101.0/24 via 192.0.3.254\n"
	    "route add 2001:db8:aaaa::/48 via 2001:db8:2::fe\n"
	    "route add 203.0.113.0/24 dev other\n"
	    "route add 2001:db8:bbbb::/48 dev other\n"
	    "route add unreachable 198.51.102.0/24\n"
	    "route add unreachable 2001:db8:cccc::/48\n",
	    router, router, router, router);
}

void devices_make(void)
{
	struct lines l = {0};

	node.pods_ns = namespace_make();
	node.wire_ns = namespace_make();
	node.node_ns = namespace_make();
	links_make();
	add_near_ends_up(&l, pods);
	add_near_ends_up(&l, wires);
	add_overlay(&l); /* whose address is the source of what follows */
	add_pods(&l);
	add_uplinks(&l);
	node_ip(l.text);
}
