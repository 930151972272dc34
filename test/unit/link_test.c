/* SPDX-License-Identifier: Apache-2.0 */
/*
 * lib/link, against the kernel, in network namespaces that vanish with this
 * program: "here" is where the host ends are, "pod" is another one. Who is not
 * root gets a user namespace as well; where that is forbidden, all is skipped.
 */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>
#include <linux/if_addr.h>
#include <linux/rtnetlink.h>
#include <net/if.h>

#include "../../lib/link.h"

static int pod_fd = -1;
static struct link_ctx *here, *pod;
static struct err e;

static const unsigned char mac_a[6] = {2, 0, 0, 0, 0, 1};
static const unsigned char mac_b[6] = {2, 0, 0, 0, 0, 2};

/* err.msg says more than a number does */
#define assert_works(call)                                                     \
	do {                                                                   \
		e.msg[0] = '\0';                                               \
		if ((call) != 0)                                               \
			fail_msg("%s: %s", #call, e.msg);                      \
	} while (0)

static struct fl_addr addr(const char *text)
{
	struct fl_addr a = {};

	assert_int_equal(addr_parse(text, &a), 0);
	return a;
}

static struct fl_prefix prefix(const char *text)
{
	struct fl_prefix p = {};

	assert_int_equal(prefix_parse(text, true, &p), 0);
	return p;
}

static unsigned int ifindex(struct link_ctx *c, const char *name)
{
	struct link_info l = {};

	assert_works(link_get(c, name, &l, &e));
	return l.ifindex;
}

/* Root in a user namespace of its own: `ip`, too, must keep its rights. */
static bool become_root(void)
{
	unsigned int uid = geteuid();
	FILE *f;

	if (!uid)
		return true;
	if (unshare(CLONE_NEWUSER))
		return false;
	f = fopen("/proc/self/uid_map", "w");
	if (!f)
		return false;
	fprintf(f, "0 %u 1\n", uid);
	return fclose(f) == 0;
}

static int open_namespaces(void **state)
{
	int home;

	(void)state;
	if (!become_root() || unshare(CLONE_NEWNET))
		return 0;
	pod_fd = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
	assert_true(pod_fd >= 0);
	assert_int_equal(unshare(CLONE_NEWNET), 0);
	home = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
	assert_works(link_open(&here, &e));
	assert_works(link_open_netns(pod_fd, &pod, &e));
	close(home);
	return 0;
}

static int close_namespaces(void **state)
{
	(void)state;
	link_close(&here);
	link_close(&pod);
	if (pod_fd >= 0)
		close(pod_fd);
	return 0;
}

static int each_test(void **state)
{
	(void)state;
	memset(&e, 0, sizeof(e));
	return 0;
}

/* Devices of a test go when it ends, however it ends. */
static int delete_devices(void **state)
{
	static const char *const names[] = {"v0", "vx0", "d0"};

	(void)state;
	if (!here)
		return 0;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		link_del(here, names[i], &e);
	return 0;
}

#define needs_namespaces()                                                     \
	do {                                                                   \
		if (!here) {                                                   \
			print_message("no right to make namespaces\n");        \
			skip();                                                \
		}                                                              \
	} while (0)

static void pair(void)
{
	assert_works(link_add_veth(here, "v0", mac_a, "eth0", mac_b, pod_fd,
				   1400, &e));
}

/* ---- devices ----------------------------------------------------------- */

static void veth_has_its_peer_in_the_other_namespace(void **state)
{
	struct link_info host = {}, peer = {};

	(void)state;
	needs_namespaces();
	pair();
	assert_works(link_get(here, "v0", &host, &e));
	assert_works(link_get(pod, "eth0", &peer, &e));
	assert_string_equal(host.kind, "veth");
	assert_string_equal(peer.name, "eth0");
	assert_memory_equal(host.mac, mac_a, 6);
	assert_memory_equal(peer.mac, mac_b, 6);
	assert_int_equal(host.mtu, 1400);
	assert_int_equal(peer.mtu, 1400);
	assert_int_equal(host.link, peer.ifindex);
	assert_int_equal(peer.link, host.ifindex);
	assert_true(host.link_netnsid >= 0);
	assert_int_equal(host.flags & IFF_UP, 0);
}

static void taken_name_is_eexist_on_either_side_and_makes_nothing(void **state)
{
	struct link_info l;

	(void)state;
	needs_namespaces();
	pair();
	assert_int_equal(
		link_add_veth(here, "v0", NULL, "eth1", NULL, pod_fd, 0, &e),
		-EEXIST);
	assert_non_null(strstr(e.msg, "v0"));
	assert_int_equal(link_get(pod, "eth1", &l, NULL), -ENODEV);
	assert_int_equal(
		link_add_veth(here, "v1", NULL, "eth0", NULL, pod_fd, 0, &e),
		-EEXIST);
	assert_int_equal(link_get(here, "v1", &l, NULL), -ENODEV);
}

static void name_that_is_too_long_or_empty_is_refused(void **state)
{
	struct link_info l;

	(void)state;
	needs_namespaces();
	assert_int_equal(link_add_dummy(here, "a123456789012345", 0, &e),
			 -ENAMETOOLONG);
	assert_non_null(strstr(e.msg, "a123456789012345"));
	assert_int_equal(link_add_dummy(here, "", 0, &e), -EINVAL);
	assert_int_equal(
		link_add_veth(here, "v0", NULL, "", NULL, pod_fd, 0, NULL),
		-EINVAL);
	assert_int_equal(link_get(here, "a123456789012345", &l, &e), -ENODEV);
	assert_works(link_del(here, "a123456789012345", &e));
}

static void missing_device_is_enodev_and_leaves_the_result_alone(void **state)
{
	struct link_info l = {.mtu = 7};

	(void)state;
	needs_namespaces();
	assert_int_equal(link_get(here, "none0", &l, &e), -ENODEV);
	assert_non_null(strstr(e.msg, "none0"));
	assert_int_equal(e.code, ENODEV);
	assert_int_equal(link_get_index(here, 4242, &l, &e), -ENODEV);
	assert_non_null(strstr(e.msg, "4242"));
	assert_int_equal(link_get_index(here, 0, &l, &e), -ENODEV);
	assert_int_equal(l.mtu, 7);
	assert_works(link_del(here, "none0", &e));
}

static void vxlan_is_external_and_learns_nothing(void **state)
{
	struct link_info l = {};
	char line[1024] = "";
	FILE *ip;

	(void)state;
	needs_namespaces();
	assert_works(link_add_vxlan(here, "vx0", mac_a, 8472, 1450, &e));
	assert_works(link_get(here, "vx0", &l, &e));
	assert_string_equal(l.kind, "vxlan");
	assert_int_equal(l.mtu, 1450);
	assert_memory_equal(l.mac, mac_a, 6);
	assert_int_equal(link_add_vxlan(here, "vx0", mac_a, 8472, 1450, &e),
			 -EEXIST);
	ip = popen("ip -d -o link show vx0", "r");
	assert_non_null(ip);
	assert_non_null(fgets(line, sizeof(line), ip));
	pclose(ip);
	assert_non_null(strstr(line, "external"));
	assert_non_null(strstr(line, "nolearning"));
	assert_non_null(strstr(line, "dstport 8472"));
	assert_non_null(strstr(line, "udp6zerocsumtx"));
	assert_non_null(strstr(line, "udp6zerocsumrx"));
}

static int find_name(const struct link_info *l, void *arg)
{
	return strcmp(l->name, arg) ? 0 : 77;
}

static void each_sees_every_device_and_stops_when_told(void **state)
{
	(void)state;
	needs_namespaces();
	assert_works(link_add_dummy(here, "d0", 0, &e));
	assert_int_equal(link_each(here, find_name, "d0", &e), 77);
	assert_int_equal(link_each(here, find_name, "lo", &e), 77);
	assert_int_equal(link_each(here, find_name, "eth0", &e), 0);
}

static int delete_it(const struct link_info *l, void *arg)
{
	(void)arg;
	if (!strcmp(l->name, "d0"))
		return link_del(here, l->name, &e);
	return 0;
}

static void one_may_delete_a_device_while_listing(void **state)
{
	struct link_info l;

	(void)state;
	needs_namespaces();
	assert_works(link_add_dummy(here, "d0", 0, &e));
	assert_works(link_each(here, delete_it, NULL, &e));
	assert_int_equal(link_get(here, "d0", &l, NULL), -ENODEV);
}

struct find_addr {
	unsigned int ifindex;
	const struct fl_addr *addr; /* NULL: any link-local one */
	struct link_addr found;
};

static int on_addr(const struct link_addr *a, void *arg)
{
	struct find_addr *f = arg;

	if (a->ifindex != f->ifindex)
		return 0;
	if (f->addr ? !addr_equal(&a->addr, f->addr)
		    : addr_is_v4(&a->addr) || a->scope != RT_SCOPE_LINK)
		return 0;
	f->found = *a;
	return 1;
}

static void up_sets_mtu_and_noarp(void **state)
{
	struct link_info l = {};
	unsigned int dev;

	(void)state;
	needs_namespaces();
	assert_works(link_add_dummy(here, "d0", 0, &e));
	dev = ifindex(here, "d0");
	assert_works(link_set_up(here, dev, 1399, true, true, &e));
	assert_works(link_get_index(here, dev, &l, &e));
	assert_int_equal(l.mtu, 1399);
	assert_int_equal(l.flags & (IFF_UP | IFF_NOARP), IFF_UP | IFF_NOARP);
	assert_int_equal(link_set_up(here, 4242, 0, false, true, &e), -ENODEV);
	assert_non_null(strstr(e.msg, "4242"));
}

/* The address comes some time after the device is up, so the other end of the
 * pair, which gets one, tells when the wait is over. */
static void link_local_address_comes_only_where_it_is_wanted(void **state)
{
	struct find_addr with = {}, without = {};

	(void)state;
	needs_namespaces();
	pair();
	with.ifindex = ifindex(pod, "eth0");
	without.ifindex = ifindex(here, "v0");
	assert_works(link_set_up(here, without.ifindex, 0, false, true, &e));
	assert_works(link_set_up(pod, with.ifindex, 0, false, false, &e));
	for (int i = 0; i < 500 && !link_addr_each(pod, on_addr, &with, &e);
	     i++)
		usleep(10000);
	assert_int_equal(link_addr_each(pod, on_addr, &with, &e), 1);
	assert_int_equal(link_addr_each(here, on_addr, &without, &e), 0);
}

/* ---- addresses --------------------------------------------------------- */

static void address_of_each_family_comes_and_goes(void **state)
{
	static const struct {
		const char *text;
		unsigned int len;
	} cases[] = {{"10.9.8.7", 32}, {"fd00:9::7", 128}};
	struct find_addr f;

	(void)state;
	needs_namespaces();
	pair();
	f.ifindex = ifindex(pod, "eth0");
	for (size_t i = 0; i < 2; i++) {
		struct fl_addr a = addr(cases[i].text);

		f.addr = &a;
		assert_works(
			link_addr_add(pod, f.ifindex, &a, cases[i].len, &e));
		assert_works(
			link_addr_add(pod, f.ifindex, &a, cases[i].len, &e));
		assert_int_equal(link_addr_each(pod, on_addr, &f, &e), 1);
		assert_int_equal(f.found.prefix_len, cases[i].len);
		/* usable at once, also while the device is down */
		assert_int_equal(f.found.flags & IFA_F_TENTATIVE, 0);
		assert_works(
			link_addr_del(pod, f.ifindex, &a, cases[i].len, &e));
		assert_int_equal(link_addr_each(pod, on_addr, &f, &e), 0);
		assert_works(
			link_addr_del(pod, f.ifindex, &a, cases[i].len, &e));
		assert_int_equal(link_addr_add(pod, 4242, &a, cases[i].len, &e),
				 -ENODEV);
		assert_non_null(strstr(e.msg, cases[i].text));
	}
}

/* ---- routes ------------------------------------------------------------ */

struct find_route {
	struct fl_prefix dst;
	struct link_route found;
	int n;
};

static int on_route(const struct link_route *r, void *arg)
{
	struct find_route *f = arg;

	if (memcmp(&r->dst, &f->dst, sizeof(f->dst)))
		return 0;
	f->found = *r;
	f->n++;
	return 0;
}

static int route_count(struct link_ctx *c, struct find_route *f)
{
	f->n = 0;
	assert_works(link_route_each(c, on_route, f, &e));
	return f->n;
}

/* A pod's own view: a default route through a link-local gateway. */
static void default_route_through_an_onlink_gateway(void **state)
{
	static const struct {
		const char *own, *gateway, *dst;
		unsigned int len;
	} cases[] = {
		{"10.9.8.7", FL_GATEWAY_IPV4, "0.0.0.0/0", 32},
		{"fd00:9::7", FL_GATEWAY_IPV6, "::/0", 128},
	};

	(void)state;
	needs_namespaces();
	pair();
	for (size_t i = 0; i < 2; i++) {
		struct fl_addr own = addr(cases[i].own);
		struct link_route r = {
			.dst = prefix(cases[i].dst),
			.ifindex = ifindex(pod, "eth0"),
			.gateway = addr(cases[i].gateway),
			.protocol = LINK_RTPROT,
			.onlink = true,
		};
		struct find_route f = {.dst = r.dst};

		assert_works(
			link_addr_add(pod, r.ifindex, &own, cases[i].len, &e));
		assert_works(link_set_up(pod, r.ifindex, 0, false, false, &e));
		assert_works(link_route_replace(pod, &r, &e));
		assert_works(link_route_replace(pod, &r, &e));
		assert_int_equal(route_count(pod, &f), 1);
		assert_int_equal(f.found.ifindex, r.ifindex);
		assert_true(addr_equal(&f.found.gateway, &r.gateway));
		assert_int_equal(f.found.protocol, LINK_RTPROT);
		assert_works(link_route_del(pod, &r, &e));
		assert_works(link_route_del(pod, &r, &e));
		assert_int_equal(route_count(pod, &f), 0);
	}
}

/* The host's view: a pod's address on its device, a remote node's CIDR by the
 * overlay, both with a preferred source and the latter with an MTU. */
static void route_on_link_with_source_and_mtu(void **state)
{
	static const struct {
		const char *src, *dst, *other;
		unsigned int len;
	} cases[] = {
		{"10.9.8.1", "10.9.9.0/24", "10.9.8.2", 32},
		{"fd00:9::1", "fd00:99::/64", "fd00:9::2", 128},
	};

	(void)state;
	needs_namespaces();
	pair();
	assert_works(link_add_dummy(here, "d0", 0, &e));
	assert_works(
		link_set_up(here, ifindex(here, "d0"), 0, false, true, &e));
	for (size_t i = 0; i < 2; i++) {
		struct link_route r = {
			.dst = prefix(cases[i].dst),
			.ifindex = ifindex(here, "v0"),
			.src = addr(cases[i].src),
			.mtu = 1350,
			.protocol = LINK_RTPROT,
			.onlink = true,
		};
		struct fl_addr other = addr(cases[i].other);
		struct find_route f = {.dst = r.dst};

		assert_works(link_set_up(here, r.ifindex, 0, false, true, &e));
		assert_works(link_addr_add(here, ifindex(here, "d0"), &r.src,
					   cases[i].len, &e));
		assert_works(link_addr_add(here, ifindex(here, "d0"), &other,
					   cases[i].len, &e));
		assert_works(link_route_replace(here, &r, &e));
		assert_int_equal(route_count(here, &f), 1);
		assert_true(addr_equal(&f.found.src, &r.src));
		assert_true(addr_is_zero(&f.found.gateway));
		assert_int_equal(f.found.mtu, 1350);

		/* changed, not doubled */
		r.src = other;
		assert_works(link_route_replace(here, &r, &e));
		assert_int_equal(route_count(here, &f), 1);
		assert_true(addr_equal(&f.found.src, &other));
		assert_works(link_route_del(here, &r, &e));
		assert_int_equal(route_count(here, &f), 0);
	}
}

static void read_routes(char *text, size_t size)
{
	FILE *f = popen("ip route; ip -6 route", "r");

	assert_non_null(f);
	text[fread(text, 1, size - 1, f)] = '\0';
	assert_int_equal(pclose(f), 0);
}

/* The kernel's own, an administrator's, one that leads nowhere. */
static void route_of_somebody_else_is_not_replaced(void **state)
{
	static const struct {
		const char *dst, *words;
	} cases[] = {
		{"0.0.0.0/0", "proto boot, dev d0"},
		{"10.9.7.0/24", "proto kernel, dev d0"},
		{"10.77.0.0/16", "proto static, dev d0"},
		{"10.78.0.0/16", "proto 99, dev none"},
		{"::/0", "proto boot, dev d0"},
		{"fd00:77::/64", "proto static, dev d0"},
	};
	char before[4096], after[4096];

	(void)state;
	needs_namespaces();
	assert_works(link_add_dummy(here, "d0", 0, &e));
	assert_int_equal(
		system("ip link set d0 up && ip addr add 10.9.7.1/24 dev d0 && "
		       "ip route add default via 10.9.7.2 && "
		       "ip route add 10.77.0.0/16 via 10.9.7.2 proto static && "
		       "ip route add blackhole 10.78.0.0/16 proto 99 && "
		       "ip -6 route add default dev d0 && "
		       "ip -6 route add fd00:77::/64 dev d0 proto static"),
		0);
	read_routes(before, sizeof(before));
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct link_route r = {
			.dst = prefix(cases[i].dst),
			.ifindex = ifindex(here, "d0"),
			.mtu = 1350,
			.protocol = LINK_RTPROT,
		};

		assert_int_equal(link_route_replace(here, &r, &e), -EEXIST);
		if (!strstr(e.msg, cases[i].dst) ||
		    !strstr(e.msg, cases[i].words))
			fail_msg("%s: %s", cases[i].dst, e.msg);
		assert_works(link_route_del(here, &r, &e));
	}
	read_routes(after, sizeof(after));
	assert_int_equal(system("ip route del blackhole 10.78.0.0/16"), 0);
	assert_string_equal(after, before);
}

static void each_next_hop_of_a_multipath_route_is_seen(void **state)
{
	struct find_route f = {.dst = prefix("10.77.0.0/16")};
	struct fl_addr last_hop = addr("10.9.7.3");

	(void)state;
	needs_namespaces();
	assert_works(link_add_dummy(here, "d0", 0, &e));
	assert_int_equal(system("ip link set d0 up && "
				"ip addr add 10.9.7.1/24 dev d0 && "
				"ip route add 10.77.0.0/16 "
				"nexthop via 10.9.7.2 nexthop via 10.9.7.3"),
			 0);
	assert_int_equal(route_count(here, &f), 2);
	assert_true(f.found.ifindex == ifindex(here, "d0"));
	assert_true(addr_equal(&f.found.gateway, &last_hop));
}

static void routes_of_other_tables_and_kinds_are_not_listed(void **state)
{
	struct find_route f = {.dst = prefix("10.78.0.0/16")};
	struct find_route g = {.dst = prefix("10.79.0.0/16")};

	(void)state;
	needs_namespaces();
	assert_works(link_add_dummy(here, "d0", 0, &e));
	assert_int_equal(system("ip link set d0 up && "
				"ip route add 10.78.0.0/16 dev d0 table 7 && "
				"ip route add blackhole 10.79.0.0/16"),
			 0);
	assert_int_equal(route_count(here, &f), 0);
	assert_int_equal(route_count(here, &g), 0);
	assert_int_equal(system("ip route del blackhole 10.79.0.0/16"), 0);
}

static void impossible_route_names_the_prefix(void **state)
{
	struct link_route r = {
		.dst = prefix("10.9.9.0/24"),
		.ifindex = 4242,
		.protocol = LINK_RTPROT,
	};

	(void)state;
	needs_namespaces();
	assert_int_equal(link_route_replace(here, &r, &e), -ENODEV);
	assert_non_null(strstr(e.msg, "10.9.9.0/24"));
	assert_works(link_route_del(here, &r, &e));
}

/* ---- neighbours, sysctls ----------------------------------------------- */

static void permanent_neighbour_is_set_replaced_and_read(void **state)
{
	static const char *const texts[] = {FL_GATEWAY_IPV4, FL_GATEWAY_IPV6};
	unsigned char mac[6] = {};
	unsigned int dev;

	(void)state;
	needs_namespaces();
	pair();
	dev = ifindex(pod, "eth0");
	assert_works(link_set_up(pod, dev, 0, false, false, &e));
	for (size_t i = 0; i < 2; i++) {
		struct fl_addr a = addr(texts[i]);

		assert_int_equal(link_neigh_get(pod, dev, &a, mac, &e),
				 -ENOENT);
		assert_works(link_neigh_set(pod, dev, &a, mac_a, &e));
		assert_works(link_neigh_set(pod, dev, &a, mac_b, &e));
		assert_works(link_neigh_get(pod, dev, &a, mac, &e));
		assert_memory_equal(mac, mac_b, 6);
	}
}

static void neighbour_that_is_not_permanent_is_enoent(void **state)
{
	struct fl_addr a = addr("10.9.7.9");
	unsigned char mac[6];

	(void)state;
	needs_namespaces();
	assert_works(link_add_dummy(here, "d0", 0, &e));
	assert_int_equal(system("ip link set d0 up && ip neigh add 10.9.7.9 "
				"lladdr 02:00:00:00:00:09 dev d0 nud stale"),
			 0);
	assert_int_equal(link_neigh_get(here, ifindex(here, "d0"), &a, mac, &e),
			 -ENOENT);
}

static void sysctl_is_written_in_the_current_namespace(void **state)
{
	(void)state;
	needs_namespaces();
	pair();
	assert_works(sysctl_write("net/ipv4/conf/v0/rp_filter", "2", &e));
	assert_works(sysctl_write("net/ipv4/conf/v0/rp_filter", "2", &e));
	assert_int_equal(system("test \"$(cat /proc/sys/net/ipv4/conf/v0/"
				"rp_filter)\" = 2"),
			 0);
	assert_int_equal(sysctl_write("net/ipv4/conf/none0/rp_filter", "0", &e),
			 -ENOENT);
	assert_non_null(strstr(e.msg, "none0"));
	assert_int_equal(sysctl_write("net/ipv4/conf/v0/rp_filter", "x", &e),
			 -EINVAL);
	assert_int_equal(sysctl_write("net/../kernel/panic", "0", &e), -EINVAL);
}

static void socket_of_another_namespace_leaves_ours_alone(void **state)
{
	char before[64] = "", after[64] = "";
	struct link_ctx *c = NULL;

	(void)state;
	needs_namespaces();
	assert_true(readlink("/proc/self/ns/net", before, 63) > 0);
	assert_works(link_open_netns(pod_fd, &c, &e));
	link_close(&c);
	assert_null(c);
	link_close(&c);
	assert_true(readlink("/proc/self/ns/net", after, 63) > 0);
	assert_string_equal(before, after);
	assert_true(link_open_netns(-1, &c, &e) < 0);
	assert_null(c);
	assert_true(e.msg[0]);
}

#define TEST(name)                                                             \
	cmocka_unit_test_setup_teardown(name, each_test, delete_devices)

int main(void)
{
	const struct CMUnitTest link[] = {
		TEST(veth_has_its_peer_in_the_other_namespace),
		TEST(taken_name_is_eexist_on_either_side_and_makes_nothing),
		TEST(name_that_is_too_long_or_empty_is_refused),
		TEST(missing_device_is_enodev_and_leaves_the_result_alone),
		TEST(vxlan_is_external_and_learns_nothing),
		TEST(each_sees_every_device_and_stops_when_told),
		TEST(one_may_delete_a_device_while_listing),
		TEST(up_sets_mtu_and_noarp),
		TEST(link_local_address_comes_only_where_it_is_wanted),
		TEST(address_of_each_family_comes_and_goes),
		TEST(default_route_through_an_onlink_gateway),
		TEST(route_on_link_with_source_and_mtu),
		TEST(route_of_somebody_else_is_not_replaced),
		TEST(each_next_hop_of_a_multipath_route_is_seen),
		TEST(routes_of_other_tables_and_kinds_are_not_listed),
		TEST(impossible_route_names_the_prefix),
		TEST(permanent_neighbour_is_set_replaced_and_read),
		TEST(neighbour_that_is_not_permanent_is_enoent),
		TEST(sysctl_is_written_in_the_current_namespace),
		TEST(socket_of_another_namespace_leaves_ours_alone),
	};

	return cmocka_run_group_tests(link, open_namespaces, close_namespaces);
}
