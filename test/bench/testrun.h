/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Packets of one pod to another through from_pod by BPF_PROG_TEST_RUN, for
 * fast_path.c and slow_path.c.
 *
 * The datapath is loaded as the agent does, below a bpf root and in a network
 * namespace of its own. A small program before it makes each run's packet
 * fresh again (MACs, hop limit) and jumps into the program array like a stub;
 * what it costs without the jump is taken off.
 */
#pragma once

#include <arpa/inet.h>
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/tcp.h>
#include <sched.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <bpf/bpf.h>

#include "../../lib/link.h"
#include "../../loader/loader.h"

#define RUNS	   1000000
#define REDIRECTED 7	/* TC_ACT_REDIRECT */
#define STRIDE	   7919 /* prime, so that all flows have their turn */
/* both directions of 100,000 flows, and room enough that none is evicted */
#define FLOWS_MAX 262144

static struct err e;
static struct config config;
static int hooks_fd, counter_fd;
static unsigned int pod_ifindex[2];
static const unsigned char pod_mac[2][6] = {{2, 0, 0, 0, 1, 1},
					    {2, 0, 0, 0, 1, 2}};

/* ---- the packet -------------------------------------------------------- */

static unsigned char packet[128];
static size_t packet_len, l4_off;
static bool v6;

static inline __u16 sum16(const void *data, size_t len)
{
	const __u16 *p = data;
	__u32 sum = 0;

	for (; len > 1; len -= 2)
		sum += *p++;
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return ~sum;
}

static inline void packet_make(const struct fl_addr *from,
			       const struct fl_addr *to)
{
	const unsigned char gateway[] = FL_GATEWAY_MAC;
	struct ethhdr *eth = (void *)packet;
	struct iphdr *ip4 = (void *)(eth + 1);
	struct ipv6hdr *ip6 = (void *)(eth + 1);
	struct tcphdr *tcp;

	memcpy(eth->h_dest, gateway, 6);
	memcpy(eth->h_source, pod_mac[0], 6);
	eth->h_proto = htons(v6 ? ETH_P_IPV6 : ETH_P_IP);
	l4_off = sizeof(*eth) + (v6 ? sizeof(*ip6) : sizeof(*ip4));
	packet_len = l4_off + sizeof(*tcp) + 6;
	if (v6) {
		ip6->version = 6;
		ip6->payload_len = htons(packet_len - l4_off);
		ip6->nexthdr = IPPROTO_TCP;
		ip6->hop_limit = 64;
		memcpy(&ip6->saddr, from, 16);
		memcpy(&ip6->daddr, to, 16);
	} else {
		ip4->version = 4;
		ip4->ihl = 5;
		ip4->tot_len = htons(packet_len - sizeof(*eth));
		ip4->frag_off = htons(0x4000);
		ip4->ttl = 64;
		ip4->protocol = IPPROTO_TCP;
		ip4->saddr = from->w[3];
		ip4->daddr = to->w[3];
		ip4->check = sum16(ip4, sizeof(*ip4));
	}
	tcp = (void *)(packet + l4_off);
	tcp->source = htons(40000);
	tcp->dest = htons(80);
	tcp->doff = 5;
	tcp->ack = 1;
	tcp->window = htons(1000);
}

/* ---- the program before from_pod --------------------------------------- */

#define INSN(op, dst, src, offset, value)                                      \
	((struct bpf_insn){.code = op,                                         \
			   .dst_reg = dst,                                     \
			   .src_reg = src,                                     \
			   .off = offset,                                      \
			   .imm = value})
#define MOV(dst, src)	 INSN(BPF_ALU64 | BPF_MOV | BPF_X, dst, src, 0, 0)
#define ALUI(op, r, imm) INSN(BPF_ALU64 | op | BPF_K, r, 0, 0, imm)
#define LOAD(size, dst, src, off)                                              \
	INSN(BPF_LDX | BPF_MEM | size, dst, src, off, 0)
#define STORE(size, dst, off, src)                                             \
	INSN(BPF_STX | BPF_MEM | size, dst, src, off, 0)
#define STOREI(size, dst, off, imm)                                            \
	INSN(BPF_ST | BPF_MEM | size, dst, 0, off, imm)
#define MAP(dst, fd)                                                           \
	INSN(BPF_LD | BPF_DW | BPF_IMM, dst, BPF_PSEUDO_MAP_FD, 0, fd),        \
		INSN(0, 0, 0, 0, 0)
#define CALL(func) INSN(BPF_JMP | BPF_CALL, 0, 0, 0, func)
#define EXIT	   INSN(BPF_JMP | BPF_EXIT, 0, 0, 0, 0)
enum { R0, R1, R2, R3, R4, R5, R6, R7, R8, R9, R10 };

struct code {
	struct bpf_insn insns[64];
	int n;
};
#define EMIT(c, ...)                                                           \
	do {                                                                   \
		const struct bpf_insn new_[] = {__VA_ARGS__};                  \
		memcpy((c)->insns + (c)->n, new_, sizeof(new_));               \
		(c)->n += sizeof(new_) / sizeof(new_[0]);                      \
	} while (0)

static inline int word(size_t off)
{
	int w;

	memcpy(&w, packet + off, sizeof(w));
	return w;
}

/* R6: context, R7: packet. Whoever has a packet too short may go: nobody. */
static inline void emit_restore(struct code *c)
{
	size_t ttl = v6 ? offsetof(struct ipv6hdr, hop_limit)
			: offsetof(struct iphdr, ttl);

	EMIT(c, MOV(R6, R1),
	     LOAD(BPF_W, R7, R6, offsetof(struct __sk_buff, data)),
	     LOAD(BPF_W, R8, R6, offsetof(struct __sk_buff, data_end)),
	     MOV(R1, R7), ALUI(BPF_ADD, R1, packet_len),
	     INSN(BPF_JMP | BPF_JLE | BPF_X, R1, R8, 2, 0),
	     ALUI(BPF_MOV, R0, 0), EXIT);
	for (int off = 0; off < 12; off += 4)
		EMIT(c, STOREI(BPF_W, R7, off, word(off)));
	ttl += ETH_HLEN;
	if (v6)
		EMIT(c, STOREI(BPF_B, R7, ttl, packet[ttl]));
	else /* with protocol and checksum */
		EMIT(c, STOREI(BPF_W, R7, ttl, word(ttl)));
}

/* The ports of the next of n flows. */
static inline void emit_next_flow(struct code *c, int n)
{
	EMIT(c, STOREI(BPF_W, R10, -4, 0), MOV(R2, R10), ALUI(BPF_ADD, R2, -4),
	     MAP(R1, counter_fd), CALL(BPF_FUNC_map_lookup_elem),
	     INSN(BPF_JMP | BPF_JNE | BPF_K, R0, 0, 1, 0), EXIT,
	     LOAD(BPF_DW, R1, R0, 0), ALUI(BPF_ADD, R1, STRIDE),
	     ALUI(BPF_MOD, R1, n), STORE(BPF_DW, R0, 0, R1),
	     STORE(BPF_H, R7, l4_off, R1), ALUI(BPF_RSH, R1, 16),
	     ALUI(BPF_ADD, R1, 0x5000), STORE(BPF_H, R7, l4_off + 2, R1));
}

/* n: number of flows to take in turn, 0: always the same one. */
static inline int program_load(int n, bool jump)
{
	static char log[16384];
	LIBBPF_OPTS(bpf_prog_load_opts, opts, .log_buf = log,
		    .log_size = sizeof(log), .log_level = 1);
	struct code c = {};
	int fd;

	emit_restore(&c);
	if (n)
		emit_next_flow(&c, n);
	if (jump)
		EMIT(&c, MOV(R1, R6), MAP(R2, hooks_fd),
		     ALUI(BPF_MOV, R3, FL_HOOK_FROM_POD),
		     CALL(BPF_FUNC_tail_call));
	EMIT(&c, ALUI(BPF_MOV, R0, 0), EXIT);
	fd = bpf_prog_load(BPF_PROG_TYPE_SCHED_CLS, "fast_path", "GPL", c.insns,
			   c.n, &opts);
	if (fd < 0)
		errx(1, "load: %s\n%s", strerror(errno), log);
	return fd;
}

/* ---- running ----------------------------------------------------------- */

/* Our own time on the CPU: others may have it in between. */
static inline double cpu_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
	return t.tv_sec * 1e9 + t.tv_nsec;
}

/* Nanoseconds a run. */
static inline double run(int prog, int runs, unsigned int *verdict)
{
	struct __sk_buff ctx = {.ifindex = pod_ifindex[0]};
	LIBBPF_OPTS(bpf_test_run_opts, opts, .data_in = packet,
		    .data_size_in = packet_len, .ctx_in = &ctx,
		    .ctx_size_in = sizeof(ctx), .repeat = runs);
	double start = cpu_ns();

	if (bpf_prog_test_run_opts(prog, &opts))
		err(1, "BPF_PROG_TEST_RUN");
	*verdict = opts.retval;
	return (cpu_ns() - start) / runs;
}

static inline __u64 sum_of(const char *map, __u32 slot, unsigned int words)
{
	int fd = map_open(config.bpf_root, map, &e);
	__u64 sum[2] = {};

	if (fd < 0 || map_sum_percpu(fd, slot, words, sum))
		errx(1, "read %s: %s", map, e.msg);
	close(fd);
	return sum[0];
}

static inline __u64 decisions(void)
{
	return sum_of(FL_MAP_COUNTERS, FL_COUNT_FLOWS_CREATED, 1) +
	       sum_of(FL_MAP_COUNTERS, FL_COUNT_FLOWS_RENEWED, 1);
}

static inline __u64 delivered(void)
{
	return sum_of(FL_MAP_METRICS,
		      FL_HOOK_FROM_POD * FL_REASON_SLOTS + FL_PASS_LOCAL, 2);
}

/* All n flows once, so that they are in the table. */
static inline void fill(int n)
{
	int prog = program_load(n, true);
	__u64 before = delivered();
	unsigned int verdict;

	run(prog, n, &verdict);
	close(prog);
	if (verdict != REDIRECTED || delivered() - before != (__u64)n)
		errx(1, "packets of new flows are not delivered (verdict %u)",
		     verdict);
}

/* One flow (n is 0) or n in turn, that are in the table. */
static inline void measure_fast(const char *name, int n)
{
	int with = program_load(n, true), without = program_load(n, false);
	double cost = 0, own = 0;
	__u64 decided, through;
	unsigned int verdict;

	run(with, n ? n : 1, &verdict); /* caches, and the one flow */
	decided = decisions();
	through = delivered();
	/* in turns, so that both see the same machine */
	for (int i = 0; i < 4; i++) {
		unsigned int none;

		own += run(without, RUNS / 4, &none) / 4;
		cost += run(with, RUNS / 4, &verdict) / 4;
	}
	close(with);
	close(without);
	if (verdict != REDIRECTED || delivered() - through != RUNS)
		errx(1, "%s: packets are not delivered (verdict %u)", name,
		     verdict);
	/* A table that forgets, or an epoch that was raised, would be found
	 * here; one in a thousand does not change the figure. */
	if (decisions() - decided > RUNS / 1000)
		errx(1, "%s: %llu of %d packets took the slow path", name,
		     decisions() - decided, RUNS);
	printf("%s %.2f\n", name, cost - own);
}

/* ---- setting up -------------------------------------------------------- */

static inline void check(int ret)
{
	if (ret)
		errx(1, "%s", e.msg);
}

static inline int namespace_new(void)
{
	int fd;

	if (unshare(CLONE_NEWNET))
		err(1, "new network namespace");
	fd = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		err(1, "open network namespace");
	return fd;
}

static inline void pod_make(struct link_ctx *here, int pods_ns, int i,
			    const struct fl_addr *a)
{
	const unsigned char gateway[] = FL_GATEWAY_MAC;
	const char *name = i ? "pod1" : "pod0";
	struct fl_endpoint ep = {
		.mtu = 1450,
		.view = {{.identity = FL_IDENTITY_POD},
			 {.identity = FL_IDENTITY_POD}},
	};
	struct link_info l;
	int fd = map_open(config.bpf_root, FL_MAP_ENDPOINTS, &e);

	check(link_add_veth(here, name, gateway, name, pod_mac[i], pods_ns,
			    1450, &e));
	check(link_get(here, name, &l, &e));
	check(link_set_up(here, l.ifindex, 0, false, true, &e));
	pod_ifindex[i] = ep.ifindex = l.ifindex;
	memcpy(ep.mac, pod_mac[i], 6);
	if (fd < 0 || map_update(fd, a, &ep, MAP_ANY))
		errx(1, "enter pod: %s", fd < 0 ? e.msg : strerror(errno));
	close(fd);
}

static inline void first_epoch(struct fl_config *cfg, void *arg)
{
	(void)arg;
	cfg->epoch = FL_EPOCH_STEP;
}

static inline void datapath_make(const char *root)
{
	config_defaults(&config);
	snprintf(config.bpf_root, sizeof(config.bpf_root), "%s", root);
	config.flows_max = FLOWS_MAX;
	check(datapath_load(&config, false, NULL, &e));
	check(config_map_change(config.bpf_root, first_epoch, NULL, &e));
	hooks_fd = map_open(config.bpf_root, FL_MAP_HOOKS, &e);
	if (hooks_fd < 0)
		errx(1, "%s", e.msg);
	counter_fd =
		bpf_map_create(BPF_MAP_TYPE_ARRAY, "next_flow", 4, 8, 1, NULL);
	if (counter_fd < 0)
		err(1, "create map");
}

/* Both pods, so that the next packet goes from one to the other. */
static inline void testrun_make(struct link_ctx **here, const char *root,
				const struct fl_addr *from,
				const struct fl_addr *to)
{
	int pods_ns = namespace_new();

	namespace_new();
	check(link_open(here, &e));
	datapath_make(root);
	pod_make(*here, pods_ns, 0, from);
	pod_make(*here, pods_ns, 1, to);
	packet_make(from, to);
}
