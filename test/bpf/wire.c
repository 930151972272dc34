// SPDX-License-Identifier: Apache-2.0
#include "wire.h"

#include <arpa/inet.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <linux/if_packet.h>
#include <net/ethernet.h>
#include <net/if.h>
#include <poll.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "node.h"

static void must(bool good, const char *what)
{
	if (good)
		return;
	fprintf(stderr, "%s: %s\n", what, strerror(errno));
	abort();
}

/* ---- stubs ----------------------------------------------------------- */

static void attach(unsigned int ifindex, enum bpf_tc_attach_point point,
		   enum fl_hook hook)
{
	LIBBPF_OPTS(bpf_tc_hook, at, .ifindex = ifindex,
		    .attach_point = BPF_TC_INGRESS | BPF_TC_EGRESS);
	LIBBPF_OPTS(bpf_tc_opts, opts, .prog_fd = node_stub_fd(hook),
		    .handle = 1, .priority = 1, .flags = BPF_TC_F_REPLACE);
	int err = bpf_tc_hook_create(&at);

	must(!err || err == -EEXIST, "make a clsact qdisc");
	at.attach_point = point;
	must(!bpf_tc_attach(&at, &opts), "attach a stub");
}

void wire_attach(void)
{
	const unsigned int pods[] = {node.pod_a, node.pod_b, node.small,
				     node.stuck};
	const unsigned int uplinks[] = {node.uplink, node.uplink2};

	/* A clsact qdisc that is there already is told, too. */
	libbpf_set_print(NULL);
	for (int i = 0; i < 4; i++) {
		attach(pods[i], BPF_TC_INGRESS, FL_HOOK_FROM_POD);
		attach(pods[i], BPF_TC_EGRESS, FL_HOOK_TO_POD);
	}
	for (int i = 0; i < 2; i++) {
		attach(uplinks[i], BPF_TC_INGRESS, FL_HOOK_FROM_UPLINK);
		attach(uplinks[i], BPF_TC_EGRESS, FL_HOOK_TO_UPLINK);
	}
	attach(node.overlay, BPF_TC_INGRESS, FL_HOOK_FROM_OVERLAY);
	attach(node.overlay, BPF_TC_EGRESS, FL_HOOK_TO_OVERLAY);
}

/* ---- frames ---------------------------------------------------------- */

int wire_open(int ns, const char *device)
{
	struct sockaddr_ll sa = {.sll_family = AF_PACKET,
				 .sll_protocol = htons(ETH_P_ALL)};
	int one = 1, fd;

	must(!setns(ns, CLONE_NEWNET), "enter a namespace");
	sa.sll_ifindex = if_nametoindex(device);
	fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, htons(ETH_P_ALL));
	must(fd >= 0 && sa.sll_ifindex, device);
	must(!bind(fd, (void *)&sa, sizeof(sa)), "bind a packet socket");
	must(!setsockopt(fd, SOL_PACKET, PACKET_IGNORE_OUTGOING, &one,
			 sizeof(one)),
	     "PACKET_IGNORE_OUTGOING");
	must(!setns(node.node_ns, CLONE_NEWNET), "go back");
	return fd;
}

void wire_send(int fd, const struct packet *p)
{
	must(send(fd, p->data, p->len, 0) == (ssize_t)p->len, "send a frame");
}

static bool receive(int fd, struct packet *p, int timeout_ms)
{
	struct pollfd pfd = {.fd = fd, .events = POLLIN};
	ssize_t n;

	if (poll(&pfd, 1, timeout_ms) != 1)
		return false;
	n = recv(fd, p->data, PACKET_MAX, 0);
	if (n < 0)
		return false;
	p->len = n;
	return true;
}

bool wire_receive(int fd, struct packet *p)
{
	return receive(fd, p, 3000);
}

void wire_drain(int fd)
{
	struct packet p;

	while (receive(fd, &p, 0))
		;
}

bool wire_expect(int fd, const struct packet *want)
{
	struct packet p;
	int n = 0;

	while (wire_receive(fd, &p)) {
		if (p.len == want->len && !memcmp(p.data, want->data, p.len))
			return true;
		/* The kernel's own chatter is none of ours. */
		if (p.len < ETH_LEN || memcmp(p.data + 12, want->data + 12, 2))
			continue;
		fprintf(stderr, "another frame came:\n");
		packet_print_diff(&p, want);
		n++;
	}
	if (!n)
		fprintf(stderr, "no frame came\n");
	return false;
}
