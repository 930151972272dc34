/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A node for the datapath to run on, in a network namespace of its own that
 * goes away with the test. Its devices lead into two more:
 *
 *	pods    pod_a   pod_b   small   stuck        eth0 of each in `pods`
 *	          |       |       |       |
 *	node   .--+-------+-------+-------+--. host    fl_host (a bridge)
 *	       |                             | overlay fl_vxlan, external
 *	       '--+-------+-------+----------'
 *	          |       |       |
 *	wire   uplink  uplink2  other                  their far ends in `wire`
 *
 * `small` has a smaller MTU, `stuck` has forwarding off, `other` carries a
 * route but is no uplink. All are real: what the datapath asks the kernel
 * (bpf_fib_lookup) is answered by real routes, addresses and neighbours.
 */
#pragma once

#include <stdbool.h>

#include <fairlead/abi.h>

#include "datapath.skel.h"
#include "stub.skel.h"

#define POD_MAC(n) ((const __u8[6]){2, 0, 0, 0, 1, n})

/* The same places in each family. */
struct family {
	const char *name;
	int af;
	bool v6;
	__u32 ip_len;	    /* of a header without options */
	__u32 underlay;	    /* what VXLAN adds to an inner packet, with IPv4 */
	struct fl_addr any; /* 0.0.0.0, :: */
	struct fl_addr gateway; /* 169.254.1.1, fe80::1 */
	struct fl_addr pod_a, pod_b, small, stuck;
	struct fl_addr no_pod; /* in our range, but nobody's */
	struct fl_addr host;   /* fl_host */
	struct fl_addr node;   /* on uplink */
	struct fl_addr node2;  /* on uplink2 */
	struct fl_addr router, router2;
	struct fl_addr remote_pod, remote_node;	  /* of node 2 */
	struct fl_addr remote_pod3, remote_node3; /* of node 3, IPv6 underlay */
	struct fl_addr world, world_b;		  /* by uplink */
	struct fl_addr world2;			  /* by uplink2 */
	struct fl_addr neighbour;		  /* on the uplink's own link */
	struct fl_addr private;	 /* by uplink, excluded from masquerade */
	struct fl_addr by_other; /* by a device that is no uplink */
	struct fl_addr no_route; /* unreachable */
	struct fl_addr multicast, loopback, link_local;
};

extern struct family ipv4, ipv6;

struct node {
	struct datapath_bpf *dp;
	struct stub_bpf *stub;
	struct fl_options options;
	struct fl_config config;
	int pods_ns, wire_ns, node_ns; /* fds of the namespaces */
	unsigned int pod_a, pod_b, small, stuck;
	unsigned int uplink, uplink2, other, overlay, host;
};

extern struct node node;
extern const __u8 gateway_mac[6], overlay_mac[6], overlay_src_mac[6];
extern const __u8 mac_a[6], mac_b[6], mac_small[6], mac_stuck[6];
extern const __u8 uplink_mac[6], uplink2_mac[6], router_mac[6];

enum {
	UPLINK_MTU = 1500,
	UPLINK2_MTU = 1400,
	SMALL_MTU = 1300,
	OVERLAY_MTU = 1450,
	MASQ_MIN = 40000,
	MASQ_MAX = 40999,
};

/* The options that nodes have by default. */
extern const struct fl_options options_default;

/* The namespaces and the devices, then the datapath with these options; ends
 * the program with a sentence on failure. */
void node_start(const struct fl_options *options);
/* Another datapath in place of the one that is there. */
void node_load(const struct fl_options *options);
/* Before a load: fl_flows becomes a plain hash of that size, which refuses what
 * does not fit. 0: the LRU hash that it is. */
extern unsigned int node_flows_max;
void node_unload(void);
void node_stop(void);

/* Runs `ip -batch` on the lines, in the node or in another namespace. */
void node_ip(const char *lines);
void node_ip_in(int ns, const char *lines);
void node_sysctl(const char *path, const char *value);

/* fd of the stub of a hook, and of a program of the datapath object. */
int node_stub_fd(enum fl_hook hook);
int node_program_fd(const char *name);
