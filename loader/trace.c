/* SPDX-License-Identifier: Apache-2.0 */
#include "loader.h"

#include <errno.h>
#include <string.h>

#include <bpf/bpf.h>

#include "../lib/cleanup.h"
#include "pins.h"

/* Traced more often than that because traffic came between. */
#define TRIES 16

static int run_once(int program, int map, enum fl_hook hook,
		    unsigned int ifindex, const struct trace_frame *frame,
		    struct fl_trace *out, struct err *e)
{
	struct __sk_buff ctx = {
		.mark = FL_MARK_TRACE,
		.ifindex = ifindex,
		.cb = {hook},
	};
	DECLARE_LIBBPF_OPTS(bpf_test_run_opts, run, .data_in = frame->bytes,
			    .data_size_in = frame->len, .ctx_in = &ctx,
			    .ctx_size_in = sizeof(ctx), .repeat = 1);
	/* What the program has not written is seen. */
	struct fl_trace nothing = {.reason = FL_REASON_MAX};
	__u32 zero = 0;
	int r;

	r = bpf_map_update_elem(map, &zero, &nothing, BPF_ANY);
	if (r)
		return err_sys(e, -r, "write " FL_MAP_TRACE);
	r = bpf_prog_test_run_opts(program, &run);
	if (r == -ENODEV)
		return err_set(e, ENODEV,
			       "device %u is not in this network namespace",
			       ifindex);
	if (r)
		return err_sys(e, -r, "run slow_path");
	r = bpf_map_lookup_elem(map, &zero, out);
	if (r)
		return err_sys(e, -r, "read " FL_MAP_TRACE);
	if (out->reason >= FL_REASON_MAX)
		return err_set(e, EPROTO,
			       "the running datapath did not say what it would "
			       "do: is it of another version?");
	out->flow.created_ns = 0;
	return 0;
}

/* The program works in a buffer of its CPU, which a packet of a device that
 * interrupts it uses too. That spoils only what is told: so it is asked until
 * it says the same twice. */
static int run_twice(int program, int map, enum fl_hook hook,
		     unsigned int ifindex, const struct trace_frame *frame,
		     struct fl_trace *out, struct err *e)
{
	struct fl_trace now, before;
	int r = run_once(program, map, hook, ifindex, frame, &before, e);

	for (int i = 0; !r && i < TRIES; i++) {
		r = run_once(program, map, hook, ifindex, frame, &now, e);
		if (!r && !memcmp(&now, &before, sizeof(now))) {
			*out = now;
			return 0;
		}
		before = now;
	}
	return r ? r
		 : err_set(e, EAGAIN,
			   "the answer changes all the time: try again");
}

int packet_trace(const char *bpf_root, enum fl_hook hook, unsigned int ifindex,
		 const struct trace_frame *frame, struct fl_trace *out,
		 struct err *e)
{
	__cleanup(fd_close) int program = -1;
	__cleanup(fd_close) int map = -1;
	__cleanup(fd_close) int lock = -1;
	char path[PIN_PATH_MAX];

	program = pin_open(pin_path(path, bpf_root, "programs/slow_path"), e);
	if (program < 0)
		return program;
	map = map_open(bpf_root, FL_MAP_TRACE, e);
	if (map < 0)
		return map;
	lock = pin_lock(bpf_root, PIN_LOCK_TRACE, true, PIN_WAIT, e);
	if (lock < 0)
		return lock;
	return run_twice(program, map, hook, ifindex, frame, out, e);
}
