// SPDX-License-Identifier: Apache-2.0
#include "node.h"

#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <sched.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "shared.h"
#include "tables.h"

enum { FLOWS_MAX = 4096 };

unsigned int node_flows_max;
struct node node = {.pods_ns = -1, .wire_ns = -1, .node_ns = -1};

const struct fl_options options_default = {
	.overlay = 1,
	.masquerade_v4 = 1,
	.masquerade_v6 = 1,
	.coarse_clock = 1,
	.flow_events = 1,
	.overlay_port = 0x1821, /* htons(8472) */
	.overlay_vni = 1,
};

__attribute__((format(printf, 1, 2), noreturn)) static void
give_up(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vfprintf(stderr, fmt, ap);
	va_end(ap);
	fprintf(stderr, ": %s\n", strerror(errno));
	exit(1);
}

/* ---- namespaces and devices ------------------------------------------ */

void node_ip(const char *lines)
{
	FILE *ip = popen("ip -batch -", "w");

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

__attribute__((format(printf, 1, 2))) static void ip_lines(const char *fmt, ...)
{
	char text[4096];
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	if (n < 0 || n >= (int)sizeof(text))
		give_up("too many lines for ip");
	node_ip(text);
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

static int namespace_make(void)
{
	int fd;

	if (unshare(CLONE_NEWNET))
		give_up("make a network namespace");
	fd = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		give_up("open /proc/self/ns/net");
	node_ip("link set lo up\n");
	return fd;
}

static void mac_format(const __u8 mac[6], char out[18])
{
	snprintf(out, 18, "%02x:%02x:%02x:%02x:%02x:%02x", mac[0], mac[1],
		 mac[2], mac[3], mac[4], mac[5]);
}

/* A pair of which the near end stays here and the far end is eth-NAME in the
 * other namespace; both up, and neither says anything of its own: what a hook
 * counts is of the test's making. Returns the near end's ifindex. */
static unsigned int pair_make(const char *name, const __u8 near[6],
			      const __u8 far[6], unsigned int mtu, int ns)
{
	char near_text[18], far_text[18], far_up[96];

	mac_format(near, near_text);
	mac_format(far, far_text);
	ip_lines("link add %s address %s mtu %u type veth peer name eth-%s "
		 "address %s mtu %u netns /proc/%d/fd/%d\n",
		 name, near_text, mtu, name, far_text, mtu, getpid(), ns);
	sysctl_of("ipv6", name, "addr_gen_mode", "1");
	sysctl_of("ipv6", name, "accept_ra", "0");
	ip_lines("link set %s up\n", name);
	snprintf(far_up, sizeof(far_up),
		 "link set eth-%s addrgenmode none\nlink set eth-%s up\n", name,
		 name);
	node_ip_in(ns, far_up);
	return if_nametoindex(name);
}

static unsigned int pod_make(const char *name, const __u8 mac[6],
			     const char *v4, const char *v6, unsigned int mtu)
{
	unsigned int ifindex =
		pair_make(name, gateway_mac, mac, mtu, node.pods_ns);
	char text[18];

	mac_format(mac, text);
	sysctl_of("ipv4", name, "forwarding", "1");
	sysctl_of("ipv4", name, "rp_filter", "0");
	sysctl_of("ipv6", name, "forwarding", "1");
	ip_lines("route add %s/32 dev %s scope link src 10.1.0.1\n"
		 "route add %s/128 dev %s src fd00:1::1\n"
		 "neigh add %s dev %s lladdr %s nud permanent\n"
		 "neigh add %s dev %s lladdr %s nud permanent\n",
		 v4, name, v6, name, v4, name, text, v6, name, text);
	return ifindex;
}

static void uplinks_make(void)
{
	char router[18];

	mac_format(router_mac, router);
	node.uplink = pair_make("uplink", uplink_mac, router_mac, UPLINK_MTU,
				node.wire_ns);
	node.uplink2 = pair_make("uplink2", uplink2_mac, router_mac,
				 UPLINK2_MTU, node.wire_ns);
	node.other = pair_make("other", POD_MAC(0xee), router_mac, UPLINK_MTU,
			       node.wire_ns);
	ip_lines(
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

static void overlay_make(void)
{
	char mac[18];

	mac_format(overlay_mac, mac);
	ip_lines("link add fl_host type bridge\n"
		 "link add fl_vxlan address %s mtu %d type vxlan external "
		 "dstport 8472 udp6zerocsumtx udp6zerocsumrx\n",
		 mac, OVERLAY_MTU);
	sysctl_of("ipv6", "fl_vxlan", "addr_gen_mode", "1");
	sysctl_of("ipv6", "fl_host", "addr_gen_mode", "1");
	ip_lines("link set fl_host up\n"
		 "link set fl_vxlan arp off up\n"
		 "address add 10.1.0.1/32 dev fl_host\n"
		 "address add fd00:1::1/128 dev fl_host nodad\n"
		 "route add 10.2.0.0/24 dev fl_vxlan scope link src 10.1.0.1\n"
		 "route add 10.3.0.0/24 dev fl_vxlan scope link src 10.1.0.1\n"
		 "route add fd00:2::/64 dev fl_vxlan src fd00:1::1\n"
		 "route add fd00:3::/64 dev fl_vxlan src fd00:1::1\n");
	node.host = if_nametoindex("fl_host");
	node.overlay = if_nametoindex("fl_vxlan");
}

static void devices_make(void)
{
	node.pods_ns = namespace_make();
	node.wire_ns = namespace_make();
	node.node_ns = namespace_make();
	overlay_make();
	node.pod_a = pod_make("pod_a", mac_a, "10.1.0.10", "fd00:1::a", 1500);
	node.pod_b = pod_make("pod_b", mac_b, "10.1.0.11", "fd00:1::b", 1500);
	node.small = pod_make("small", mac_small, "10.1.0.12", "fd00:1::c",
			      SMALL_MTU);
	node.stuck =
		pod_make("stuck", mac_stuck, "10.1.0.13", "fd00:1::d", 1500);
	sysctl_of("ipv4", "stuck", "forwarding", "0");
	sysctl_of("ipv6", "stuck", "forwarding", "0");
	uplinks_make();
}

/* ---- the datapath ---------------------------------------------------- */

static int print_warnings(enum libbpf_print_level level, const char *fmt,
			  va_list ap)
{
	return level == LIBBPF_WARN ? vfprintf(stderr, fmt, ap) : 0;
}

static void maps_share(void)
{
	struct bpf_map *map, *known;

	bpf_object__for_each_map(map, node.stub->obj)
	{
		known = bpf_object__find_map_by_name(node.dp->obj,
						     bpf_map__name(map));
		if (known && bpf_map__reuse_fd(map, bpf_map__fd(known)))
			give_up("share map %s", bpf_map__name(map));
	}
}

static void hooks_fill(void)
{
	static const char *const names[] = FL_HOOK_NAMES;

	for (__u32 hook = 0; hook < FL_HOOK_MAX; hook++) {
		int fd = node_program_fd(names[hook]);

		if (bpf_map__update_elem(node.stub->maps.fl_hooks, &hook,
					 sizeof(hook), &fd, sizeof(fd), 0))
			give_up("fill the slot of %s", names[hook]);
	}
}

static bool has_coarse_clock(void)
{
	return libbpf_probe_bpf_helper(BPF_PROG_TYPE_SCHED_CLS,
				       BPF_FUNC_ktime_get_coarse_ns, NULL) == 1;
}

static void flows_size(void)
{
	bpf_map__set_max_entries(node.dp->maps.fl_flows,
				 node_flows_max ? node_flows_max : FLOWS_MAX);
	if (node_flows_max)
		bpf_map__set_type(node.dp->maps.fl_flows, BPF_MAP_TYPE_HASH);
}

void node_load(const struct fl_options *options)
{
	struct fl_options *o;

	node_unload();
	libbpf_set_print(print_warnings);
	node.options = *options;
	node.dp = datapath_bpf__open();
	node.stub = stub_bpf__open();
	if (!node.dp || !node.stub)
		give_up("open the datapath and the stub");
	o = (struct fl_options *)&node.dp->rodata->options;
	*o = *options;
	if (!has_coarse_clock()) /* before 5.11 */
		o->coarse_clock = 0;
	flows_size();
	if (node_flows_max || !shared_take(node.dp->obj, node.stub->obj, o)) {
		if (datapath_bpf__load(node.dp))
			give_up("load the datapath");
		maps_share();
		if (stub_bpf__load(node.stub))
			give_up("load the stub");
		if (!node_flows_max)
			shared_keep(node.dp->obj, node.stub->obj, o);
	}
	hooks_fill();
	tables_reset();
}

void node_unload(void)
{
	tables_close();
	shared_release();
	stub_bpf__destroy(node.stub);
	datapath_bpf__destroy(node.dp);
	node.stub = NULL;
	node.dp = NULL;
}

void node_start(const struct fl_options *options)
{
	devices_make();
	node_load(options);
}

void node_stop(void)
{
	node_unload();
	close(node.pods_ns);
	close(node.wire_ns);
	close(node.node_ns);
}

static int program_fd(const struct bpf_object *obj, const char *name)
{
	struct bpf_program *prog = bpf_object__find_program_by_name(obj, name);
	int fd = prog ? bpf_program__fd(prog) : -1;

	if (fd < 0)
		fd = shared_program_fd(name);
	if (fd < 0)
		give_up("no program %s", name);
	return fd;
}

int node_stub_fd(enum fl_hook hook)
{
	static const char *const names[] = FL_HOOK_NAMES;
	char name[64];

	snprintf(name, sizeof(name), "stub_%s", names[hook]);
	return program_fd(node.stub->obj, name);
}

int node_program_fd(const char *name)
{
	return program_fd(node.dp->obj, name);
}
