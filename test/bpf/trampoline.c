// SPDX-License-Identifier: Apache-2.0
#include "trampoline.h"

#include <arpa/inet.h>
#include <bpf/bpf.h>
#include <errno.h>
#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../../lib/addr.h"
#include "release.h"

/* What the program is told, in the one slot of an array. */
struct orders {
	struct bpf_tunnel_key key;
	__u32 key_flags;
	__u32 with_key;
	__u32 vlan;
	__u32 cut_to;
};

static int orders_fd = -1, jumps_fd = -1, prog_fd = -1;

/* It grew: before 5.19 it has no sender's address, and the kernel refuses what
 * is longer than what it knows. */
static int tunnel_key_size(void)
{
	return trampoline_knows_sender()
		       ? sizeof(struct bpf_tunnel_key)
		       : offsetof(struct bpf_tunnel_key, local_ipv4);
}

/* ---- a few instructions, in the manual's words ----------------------- */

#define INSN(op, dst, src, offset, value)                                      \
	((struct bpf_insn){.code = op,                                         \
			   .dst_reg = dst,                                     \
			   .src_reg = src,                                     \
			   .off = offset,                                      \
			   .imm = value})
#define MOV(dst, src)	     INSN(BPF_ALU64 | BPF_MOV | BPF_X, dst, src, 0, 0)
#define MOVI(dst, imm)	     INSN(BPF_ALU64 | BPF_MOV | BPF_K, dst, 0, 0, imm)
#define ADDI(dst, imm)	     INSN(BPF_ALU64 | BPF_ADD | BPF_K, dst, 0, 0, imm)
#define LOAD(dst, src, off)  INSN(BPF_LDX | BPF_MEM | BPF_W, dst, src, off, 0)
#define STORE(dst, off, imm) INSN(BPF_ST | BPF_MEM | BPF_W, dst, 0, off, imm)
#define MAP(dst, fd)                                                           \
	INSN(BPF_LD | BPF_DW | BPF_IMM, dst, BPF_PSEUDO_MAP_FD, 0, fd),        \
		INSN(0, 0, 0, 0, 0)
#define CALL(func)	 INSN(BPF_JMP | BPF_CALL, 0, 0, 0, func)
#define IF_ZERO(r, skip) INSN(BPF_JMP | BPF_JEQ | BPF_K, r, 0, skip, 0)
#define EXIT		 INSN(BPF_JMP | BPF_EXIT, 0, 0, 0, 0)
enum { R0, R1, R2, R3, R4, R5, R6, R7, R8, R9, R10 };

#define ORDER(member) offsetof(struct orders, member)

static int program_load(void)
{
	struct bpf_insn insns[] = {
		MOV(R6, R1),
		STORE(R10, -4, 0),
		MOV(R2, R10),
		ADDI(R2, -4),
		MAP(R1, orders_fd),
		CALL(BPF_FUNC_map_lookup_elem),
		IF_ZERO(R0, 27), /* to the end */
		MOV(R7, R0),
		LOAD(R1, R7, ORDER(with_key)),
		IF_ZERO(R1, 6), /* to the tag */
		MOV(R1, R6),
		MOV(R2, R7),
		MOVI(R3, tunnel_key_size()),
		LOAD(R4, R7, ORDER(key_flags)),
		CALL(BPF_FUNC_skb_set_tunnel_key),
		INSN(BPF_JMP | BPF_JNE | BPF_K, R0, 0, 18, 0), /* to the end */
		LOAD(R3, R7, ORDER(vlan)),
		IF_ZERO(R3, 3), /* to the cut */
		MOV(R1, R6),
		MOVI(R2, htons(ETH_P_8021Q)),
		CALL(BPF_FUNC_skb_vlan_push),
		LOAD(R2, R7, ORDER(cut_to)),
		IF_ZERO(R2, 4), /* to the jump */
		MOV(R1, R6),
		MOVI(R3, 0),
		CALL(BPF_FUNC_skb_change_tail),
		INSN(BPF_JMP | BPF_JNE | BPF_K, R0, 0, 6, 0), /* to the end */
		MOV(R1, R6),
		MAP(R2, jumps_fd),
		MOVI(R3, 0),
		CALL(BPF_FUNC_tail_call),
		MOVI(R0, 0),
		MOVI(R0, 99), /* the end: no verdict that we know */
		EXIT,
	};
	char log[8192] = "";
	LIBBPF_OPTS(bpf_prog_load_opts, opts, .log_buf = log,
		    .log_size = sizeof(log), .log_level = 1);
	int fd = bpf_prog_load(BPF_PROG_TYPE_SCHED_CLS, "trampoline", "GPL",
			       insns, sizeof(insns) / sizeof(insns[0]), &opts);

	if (fd < 0)
		fprintf(stderr, "trampoline: %s\n%s\n", strerror(errno), log);
	return fd;
}

bool trampoline_knows_sender(void)
{
	return !kernel_is_before(5, 19);
}

static void make(void)
{
	orders_fd = bpf_map_create(BPF_MAP_TYPE_ARRAY, "orders", 4,
				   sizeof(struct orders), 1, NULL);
	jumps_fd =
		bpf_map_create(BPF_MAP_TYPE_PROG_ARRAY, "jumps", 4, 4, 1, NULL);
	if (orders_fd >= 0 && jumps_fd >= 0)
		prog_fd = program_load();
	if (prog_fd < 0)
		abort();
}

static void key_fill(struct orders *o, const struct fl_addr *from)
{
	int family;
	size_t len;
	const void *bytes = addr_bytes(from, &family, &len);

	/* What is set as local for sending is read back as remote. */
	o->with_key = 1;
	o->key.tunnel_ttl = 64;
	o->key.tunnel_id = 1;
	if (len == 4) {
		memcpy(&o->key.local_ipv4, bytes, len);
		o->key.local_ipv4 = ntohl(o->key.local_ipv4);
	} else {
		memcpy(o->key.local_ipv6, bytes, len);
		o->key_flags = BPF_F_TUNINFO_IPV6;
	}
}

int trampoline(const struct trampoline_call *call)
{
	struct orders o = {.vlan = call->vlan, .cut_to = call->cut_to};
	__u32 zero = 0;

	if (prog_fd < 0)
		make();
	if (call->from)
		key_fill(&o, call->from);
	if (bpf_map_update_elem(orders_fd, &zero, &o, 0) ||
	    bpf_map_update_elem(jumps_fd, &zero, &call->target_fd, 0))
		abort();
	return prog_fd;
}

void trampoline_free(void)
{
	int *fds[] = {&orders_fd, &jumps_fd, &prog_fd};

	for (size_t i = 0; i < sizeof(fds) / sizeof(fds[0]); i++) {
		if (*fds[i] >= 0)
			close(*fds[i]);
		*fds[i] = -1;
	}
}
