/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One packet through one hook, by BPF_PROG_TEST_RUN, and what is expected of
 * it. The packet enters at the stub, as on a device.
 *
 * Whatever is expected, these hold for every packet and are always checked:
 * the hook counted it under exactly one reason, that reason fits the verdict,
 * a drop was told as an event, and a packet that goes on has right lengths
 * and checksums in all its headers.
 */
#pragma once

#include <stdbool.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include <fairlead/abi.h>

#include "node.h"
#include "packet.h"
#include "tables.h"
#include "view.h"

enum verdict {
	VERDICT_PASS = -1, /* TC_ACT_UNSPEC */
	VERDICT_DROP = 2,  /* TC_ACT_SHOT */
	VERDICT_REDIRECT = 7,
};

/* Where and how a packet comes in. */
struct at {
	enum fl_hook hook;
	unsigned int ifindex;
	unsigned int from_ifindex; /* skb->ingress_ifindex, 0: a local socket */
	__u32 mark;
	const struct fl_addr *tunnel; /* from_overlay: the sending node */
	__u16 vlan;	/* tag that a device has taken off, 0: none */
	__u16 gso_size; /* a packet that is cut into these, 0: not */
	bool lenient;	/* the packet itself is wrong: do not check it */
};

enum { REASON_NONE = -1 };

struct result {
	int verdict;
	int reason; /* enum fl_reason, or REASON_NONE */
	__u32 mark;
	struct packet out;
	unsigned int n_events;
	struct fl_event events[8];
};

extern struct result last; /* of the last run */

#define AT(h, dev)    .hook = FL_HOOK_##h, .ifindex = node.dev
#define FROM_POD_A    ((struct at){AT(FROM_POD, pod_a)})
#define FROM_POD_B    ((struct at){AT(FROM_POD, pod_b)})
#define FROM_POD(dev) ((struct at){AT(FROM_POD, dev)})
#define TO_POD_A      ((struct at){AT(TO_POD, pod_a)})
#define FROM_UPLINK   ((struct at){AT(FROM_UPLINK, uplink)})
#define TO_UPLINK     ((struct at){AT(TO_UPLINK, uplink)})
#define TO_OVERLAY    ((struct at){AT(TO_OVERLAY, overlay)})
#define FROM_NODE2                                                             \
	((struct at){AT(FROM_OVERLAY, overlay), .tunnel = &ipv4.remote_node})

/* Do this kernel's test runs take a from_ifindex? 5.10's do not. */
bool run_takes_from_ifindex(void);

/* Runs it and checks what always holds: NULL, or what does not. */
const char *run_wrong(struct at at, const struct packet *in);
/* The same, and the test fails where something does not hold. Ends the test as
 * skipped where the kernel cannot run it. */
void run_at(struct at at, const struct packet *in, const char *file, int line);
#define run(at, in) run_at(at, in, __FILE__, __LINE__)

/* Let on unchanged to whatever else looks at packets here. */
#define expect_pass(at, in, reason)                                            \
	expect_at(at, in, VERDICT_PASS, FL_PASS_##reason, in, __FILE__,        \
		  __LINE__)
/* Let on, as *want. */
#define expect_pass_as(at, in, reason, want)                                   \
	expect_at(at, in, VERDICT_PASS, FL_PASS_##reason, want, __FILE__,      \
		  __LINE__)
/* Sent on by us, as *want (NULL: whatever it is, but sound). */
#define expect_sent(at, in, reason, want)                                      \
	expect_at(at, in, VERDICT_REDIRECT, FL_PASS_##reason, want, __FILE__,  \
		  __LINE__)
#define expect_drop(at, in, reason)                                            \
	expect_at(at, in, VERDICT_DROP, FL_DROP_##reason, NULL, __FILE__,      \
		  __LINE__)

void expect_at(struct at at, const struct packet *in, enum verdict verdict,
	       enum fl_reason reason, const struct packet *want,
	       const char *file, int line);

/* Is *got *want to the byte? Shows where not. */
#define assert_packet(got, want) assert_packet_at(got, want, __FILE__, __LINE__)
void assert_packet_at(const struct packet *got, const struct packet *want,
		      const char *file, int line);

#define assert_addr(got, want) assert_memory_equal(got, want, 16)
#define assert_mac(got, want)  assert_memory_equal(got, want, 6)
#define assert_tuple(got, want)                                                \
	assert_memory_equal(got, want, sizeof(struct fl_tuple))

const char *reason_name(int reason);

/* ---- tables of tests ------------------------------------------------- */

/* A test of one family, and its two entries in the table of tests. */
#define FAMILIES(test)                                                         \
	{#test "_ipv4", test, run_setup, NULL, &ipv4},                         \
	{                                                                      \
#test "_ipv6", test, run_setup, NULL, &ipv6                    \
	}
#define ONCE(test)                                                             \
	{                                                                      \
#test, test, run_setup, NULL, NULL                             \
	}

/* ... with something to release afterwards, whatever the outcome. */
#define FAMILIES_RELEASE(test, release)                                        \
	{#test "_ipv4", test, run_setup, release, &ipv4},                      \
	{                                                                      \
#test "_ipv6", test, run_setup, release, &ipv6                 \
	}

/* Empties the tables before each test. */
int run_setup(void **state);

/* main() of each program: a skip where not root, else the node with these
 * options and the tests. */
#define bpf_tests(tests, options)                                              \
	run_group(tests, sizeof(tests) / sizeof((tests)[0]), options)
int run_group(const struct CMUnitTest *tests, size_t n,
	      const struct fl_options *options);
