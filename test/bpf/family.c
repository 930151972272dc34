// SPDX-License-Identifier: Apache-2.0
/* Addresses of the test node and of what is around it. */
#include "node.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>

#include "../../lib/addr.h"

struct family ipv4 = {.name = "IPv4", .af = AF_INET, .ip_len = 20};
struct family ipv6 = {.name = "IPv6", .af = AF_INET6, .ip_len = 40, .v6 = true};

const __u8 gateway_mac[6] = FL_GATEWAY_MAC;
const __u8 overlay_mac[6] = FL_OVERLAY_MAC;
const __u8 overlay_src_mac[6] = FL_OVERLAY_SRC_MAC;
const __u8 mac_a[6] = {2, 0, 0, 0, 1, 0x0a};
const __u8 mac_b[6] = {2, 0, 0, 0, 1, 0x0b};
const __u8 mac_small[6] = {2, 0, 0, 0, 1, 0x0c};
const __u8 mac_stuck[6] = {2, 0, 0, 0, 1, 0x0d};
const __u8 uplink_mac[6] = {2, 0, 0, 0, 2, 1};
const __u8 uplink2_mac[6] = {2, 0, 0, 0, 2, 2};
const __u8 router_mac[6] = {2, 0, 0, 0, 2, 0xfe};

static const struct {
	size_t off;
	const char *v4, *v6;
} places[] = {
#define AT(member, v4, v6)                                                     \
	{                                                                      \
		offsetof(struct family, member), v4, v6                        \
	}
	AT(any, "0.0.0.0", "::"),
	AT(gateway, FL_GATEWAY_IPV4, FL_GATEWAY_IPV6),
	AT(pod_a, "10.1.0.10", "fd00:1::a"),
	AT(pod_b, "10.1.0.11", "fd00:1::b"),
	AT(small, "10.1.0.12", "fd00:1::c"),
	AT(stuck, "10.1.0.13", "fd00:1::d"),
	AT(no_pod, "10.1.0.99", "fd00:1::99"),
	AT(host, "10.1.0.1", "fd00:1::1"),
	AT(node, "192.0.2.1", "2001:db8:1::1"),
	AT(node2, "192.0.3.1", "2001:db8:2::1"),
	AT(router, "192.0.2.254", "2001:db8:1::fe"),
	AT(router2, "192.0.3.254", "2001:db8:2::fe"),
	AT(remote_pod, "10.2.0.10", "fd00:2::a"),
	AT(remote_node, "192.0.2.2", "2001:db8:1::2"),
	AT(remote_pod3, "10.3.0.10", "fd00:3::a"),
	AT(remote_node3, "192.0.2.3", "2001:db8:1::3"),
	AT(world, "198.51.100.10", "2001:db8:ffff::10"),
	AT(world_b, "198.51.100.11", "2001:db8:ffff::11"),
	AT(world2, "198.51.101.10", "2001:db8:aaaa::10"),
	AT(neighbour, "192.0.2.77", "2001:db8:1::77"),
	AT(private, "198.18.0.10", "2001:db8:dddd::10"),
	AT(by_other, "203.0.113.10", "2001:db8:bbbb::10"),
	AT(no_route, "198.51.102.10", "2001:db8:cccc::10"),
	AT(multicast, "224.0.1.1", "ff0e::1234"),
	AT(loopback, "127.0.0.1", "::1"),
	AT(link_local, "169.254.7.7", "fe80::77"),
#undef AT
};

__attribute__((constructor)) static void families_fill(void)
{
	for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
		void *v4 = (char *)&ipv4 + places[i].off;
		void *v6 = (char *)&ipv6 + places[i].off;

		if (addr_parse(places[i].v4, v4) ||
		    addr_parse(places[i].v6, v6)) {
			fprintf(stderr, "no address: %s or %s\n", places[i].v4,
				places[i].v6);
			exit(1);
		}
	}
}
