// SPDX-License-Identifier: Apache-2.0
/*
 * Asks the datapath in the kernel what it would do with packets, thousands a
 * second: the slow path by BPF_PROG_TEST_RUN with FL_MARK_TRACE.
 *
 *	probe BPF-ROOT
 *
 * reads lines
 *
 *	HOOK IFINDEX SOURCE-MAC SOURCE TARGET PROTOCOL PORT
 *
 * (hook: a name of FL_HOOK_NAMES; protocol: a number) up to an empty line,
 * answers each by
 *
 *	REASON IFINDEX DIRECTION DENIED-BY EGRESS-RULE INGRESS-RULE SAID-NO
 *
 * (IFINDEX and DIRECTION: the pod whose policy denied it, 0 if none did;
 * SAID-NO: bits, 1 << direction, also where audit let it pass) and goes on with
 * the next lines, until the end of its input. Runs in the node's network
 * namespace.
 */
#include <arpa/inet.h>
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <linux/bpf.h>
#include <net/ethernet.h>
#include <netinet/in.h>
#include <netinet/ip.h>
#include <netinet/ip6.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <fairlead/abi.h>

#include "../../lib/addr.h"

enum { SENDER_PORT = 40000, PAYLOAD = 40, FRAME_MAX = 256, LINE_LEN = 512 };

struct probe {
	unsigned int hook, ifindex, proto, port;
	unsigned char mac[6];
	struct fl_addr src, dst;
};

static int program_fd, trace_fd;

static const char *const hooks[] = FL_HOOK_NAMES;
static const char *const reasons[] = {
#define X(id, name, text) [FL_##id] = name,
	FL_PASS_REASONS(X) FL_DROP_REASONS(X)
#undef X
};

static void die(const char *what)
{
	fprintf(stderr, "probe: %s: %s\n", what, strerror(errno));
	exit(1);
}

static int open_pin(const char *root, const char *rest)
{
	char path[512];
	int fd;

	snprintf(path, sizeof(path), "%s/%s/%s", root, FL_ABI_DIR, rest);
	fd = bpf_obj_get(path);
	if (fd < 0)
		die(path);
	return fd;
}

/* ---- packets -------------------------------------------------------- */

static void put16(unsigned char *at, unsigned int v)
{
	at[0] = v >> 8;
	at[1] = v;
}

/* Transport header and payload: PAYLOAD bytes, the rest of them 0. */
static void fill_transport(const struct probe *p, unsigned char *l4)
{
	switch (p->proto) {
	case IPPROTO_TCP:
		l4[12] = 5 << 4;
		l4[13] = 0x02; /* SYN */
		break;
	case IPPROTO_UDP:
		put16(l4 + 4, PAYLOAD);
		break;
	case IPPROTO_SCTP:
		break;
	case IPPROTO_ICMP:
		l4[0] = 8; /* echo request */
		return;
	case IPPROTO_ICMPV6:
		l4[0] = 128;
		return;
	default:
		return;
	}
	put16(l4, SENDER_PORT);
	put16(l4 + 2, p->port);
}

static size_t fill_v4(const struct probe *p, unsigned char *frame)
{
	struct iphdr ip = {
		.version = 4,
		.ihl = 5,
		.tot_len = htons(sizeof(ip) + PAYLOAD),
		.ttl = 64,
		.protocol = p->proto,
		.saddr = p->src.w[3],
		.daddr = p->dst.w[3],
	};
	unsigned int sum = 0;
	__u16 words[10];

	memcpy(words, &ip, sizeof(words));
	for (int i = 0; i < 10; i++)
		sum += words[i];
	sum = (sum & 0xffff) + (sum >> 16);
	ip.check = ~(sum + (sum >> 16));
	memcpy(frame + ETH_HLEN, &ip, sizeof(ip));
	put16(frame + 12, ETHERTYPE_IP);
	return ETH_HLEN + sizeof(ip);
}

static size_t fill_v6(const struct probe *p, unsigned char *frame)
{
	struct ip6_hdr ip = {
		.ip6_flow = htonl(6u << 28),
		.ip6_plen = htons(PAYLOAD),
		.ip6_nxt = p->proto,
		.ip6_hlim = 64,
	};

	memcpy(&ip.ip6_src, &p->src, 16);
	memcpy(&ip.ip6_dst, &p->dst, 16);
	memcpy(frame + ETH_HLEN, &ip, sizeof(ip));
	put16(frame + 12, ETHERTYPE_IPV6);
	return ETH_HLEN + sizeof(ip);
}

static size_t fill(const struct probe *p, unsigned char *frame)
{
	static const unsigned char gateway[] = FL_GATEWAY_MAC;
	size_t len;

	memset(frame, 0, FRAME_MAX);
	memcpy(frame, gateway, 6);
	memcpy(frame + 6, p->mac, 6);
	len = addr_is_v4(&p->src) ? fill_v4(p, frame) : fill_v6(p, frame);
	fill_transport(p, frame + len);
	return len + PAYLOAD;
}

/* ---- asking --------------------------------------------------------- */

static void ask(const struct probe *p)
{
	unsigned char frame[FRAME_MAX], out[FRAME_MAX];
	struct __sk_buff ctx = {
		.mark = FL_MARK_TRACE,
		.ifindex = p->ifindex,
		.cb = {p->hook},
	};
	LIBBPF_OPTS(bpf_test_run_opts, opts, .data_in = frame, .data_out = out,
		    .data_size_out = sizeof(out), .ctx_in = &ctx,
		    .ctx_size_in = sizeof(ctx), .repeat = 1);
	/* So that nothing but this run can have written it. */
	struct fl_trace t = {.reason = FL_REASON_MAX};
	__u32 zero = 0;

	opts.data_size_in = fill(p, frame);
	if (bpf_map_update_elem(trace_fd, &zero, &t, BPF_ANY))
		die("fl_trace");
	if (bpf_prog_test_run_opts(program_fd, &opts))
		die("BPF_PROG_TEST_RUN");
	if (bpf_map_lookup_elem(trace_fd, &zero, &t))
		die("fl_trace");
	printf("%s %u %u %u %u %u %u\n",
	       t.reason < FL_REASON_MAX ? reasons[t.reason] : "untold",
	       t.policy_ifindex, t.direction, t.rule, t.flow.rule,
	       t.flow.ingress_rule, t.denied);
}

static int hook_of(const char *name, unsigned int *out)
{
	for (*out = 0; *out < FL_HOOK_MAX; ++*out)
		if (!strcmp(name, hooks[*out]))
			return 0;
	return -EINVAL;
}

static int parse(const char *line, struct probe *p)
{
	char hook[32], src[64], dst[64];
	unsigned char *m = p->mac;

	if (sscanf(line,
		   "%31s %u %hhx:%hhx:%hhx:%hhx:%hhx:%hhx %63s %63s %u %u",
		   hook, &p->ifindex, m, m + 1, m + 2, m + 3, m + 4, m + 5, src,
		   dst, &p->proto, &p->port) != 12)
		return -EINVAL;
	if (hook_of(hook, &p->hook) || addr_parse(src, &p->src) ||
	    addr_parse(dst, &p->dst) ||
	    addr_is_v4(&p->src) != addr_is_v4(&p->dst))
		return -EINVAL;
	return 0;
}

/* Whoever asks writes all of it before he reads, so this reads all of it
 * before it writes. */
static void answer_all(const struct probe *probes, size_t n)
{
	for (size_t i = 0; i < n; i++)
		ask(&probes[i]);
	fflush(stdout);
}

int main(int argc, char **argv)
{
	struct probe *probes = NULL;
	size_t n = 0, room = 0;
	char line[LINE_LEN];

	if (argc != 2) {
		fprintf(stderr, "usage: probe BPF-ROOT\n");
		return 2;
	}
	program_fd = open_pin(argv[1], "programs/slow_path");
	trace_fd = open_pin(argv[1], "maps/" FL_MAP_TRACE);
	while (fgets(line, sizeof(line), stdin)) {
		if (*line == '\n') {
			answer_all(probes, n);
			n = 0;
			continue;
		}
		if (n == room) {
			room = room ? 2 * room : 1024;
			probes = realloc(probes, room * sizeof(*probes));
			if (!probes)
				die("probes");
		}
		if (parse(line, &probes[n++])) {
			fprintf(stderr, "probe: not a probe: %s", line);
			return 2;
		}
	}
	free(probes);
	return 0;
}
