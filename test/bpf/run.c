// SPDX-License-Identifier: Apache-2.0
#include "run.h"

#include <bpf/bpf.h>
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "../../lib/addr.h"
#include "release.h"
#include "trampoline.h"

struct result last;

const char *reason_name(int reason)
{
	static const char *const names[] = {
#define X(id, name, text) [FL_##id] = name,
		FL_PASS_REASONS(X) FL_DROP_REASONS(X)
#undef X
	};

	return reason >= 0 && reason < FL_REASON_MAX ? names[reason] : "none";
}

#define FAIL_AT(file, line, ...)                                               \
	do {                                                                   \
		print_error(__VA_ARGS__);                                      \
		print_error("\n");                                             \
		_fail(file, line);                                             \
	} while (0)

/* ---- running --------------------------------------------------------- */

/* Shorter ones are refused, so they are made here and cut by the trampoline. */
enum { RUN_LEN_MIN = ETH_LEN + IPV6_LEN };

bool run_takes_from_ifindex(void)
{
	return !kernel_is_before(6, 1);
}

/* Where the trampoline cannot say whose packet it is, nobody's address is a
 * name of that node as well. That the right address is read from a packet that
 * did come through a tunnel, live_test shows. */
static void name_sender(const struct fl_addr *sender)
{
	if (!trampoline_knows_sender())
		route_copy(sender, addr_is_v4(sender) ? &ipv4.any : &ipv6.any);
}

static int test_run(struct at at, const struct packet *in)
{
	bool cut = in->len < RUN_LEN_MIN;
	struct __sk_buff ctx = {
		.ifindex = at.ifindex,
		.ingress_ifindex = at.from_ifindex,
		.mark = at.mark,
		.gso_size = at.gso_size,
		.gso_segs = at.gso_size ? in->len / at.gso_size : 0,
	};
	LIBBPF_OPTS(bpf_test_run_opts, opts, .data_in = in->data,
		    .data_size_in = cut ? RUN_LEN_MIN : in->len,
		    .data_out = last.out.data, .data_size_out = PACKET_MAX,
		    .ctx_in = &ctx, .ctx_size_in = sizeof(ctx), .ctx_out = &ctx,
		    .ctx_size_out = sizeof(ctx), .repeat = 1);
	int fd = node_stub_fd(at.hook);

	if (at.tunnel)
		name_sender(at.tunnel);
	if (at.tunnel || at.vlan || cut)
		fd = trampoline(&(struct trampoline_call){
			.target_fd = fd,
			.from = at.tunnel,
			.vlan = at.vlan,
			.cut_to = cut ? in->len : 0,
		});
	if (bpf_prog_test_run_opts(fd, &opts))
		return -errno;
	last.verdict = opts.retval;
	last.out.len = opts.data_size_out;
	last.mark = ctx.mark;
	last.n_events = events_take(last.events, 8);
	return 0;
}

/* The one reason that was counted once more, if it is one. */
static int counted(const struct fl_metric before[],
		   const struct fl_metric after[], __u64 *bytes)
{
	int reason = REASON_NONE;

	for (int r = 0; r < FL_REASON_MAX; r++) {
		__u64 n = after[r].packets - before[r].packets;

		if (n == 0)
			continue;
		if (n > 1 || reason >= 0)
			return REASON_NONE;
		reason = r;
		*bytes = after[r].bytes - before[r].bytes;
	}
	return reason;
}

/* ---- what always holds ----------------------------------------------- */

static bool reason_fits(int verdict, int reason)
{
	switch (verdict) {
	case VERDICT_DROP:
		return reason >= FL_DROP_FIRST && reason < FL_REASON_MAX;
	case VERDICT_REDIRECT:
		return reason == FL_PASS_LOCAL || reason == FL_PASS_OVERLAY ||
		       reason == FL_PASS_UPLINK || reason == FL_PASS_REPLIED;
	case VERDICT_PASS:
		return reason >= 0 && reason < FL_DROP_FIRST;
	}
	return false;
}

static const struct fl_event *event_of(enum fl_event_type type)
{
	for (unsigned int i = 0; i < last.n_events && i < 8; i++)
		if (last.events[i].type == type)
			return &last.events[i];
	return NULL;
}

static const char *drop_event_wrong(struct at at)
{
	const struct fl_event *ev = event_of(FL_EVENT_DROP);

	/* Who tells is missing itself. */
	if (last.reason == FL_DROP_NO_PROGRAM ||
	    last.reason == FL_DROP_NO_STAGE || !node.config.events_per_second)
		return NULL;
	if (!ev)
		return "the drop was not told as an event";
	if (ev->reason != last.reason)
		return "the event tells another reason";
	if (ev->hook != at.hook || ev->ifindex != at.ifindex)
		return "the event tells another hook or device";
	if (ev->packets != 1 || ev->bytes == 0)
		return "the event tells no packet or no bytes";
	if (!ev->time_ns || ev->time_ns > clock_ns())
		return "the event tells no time";
	return NULL;
}

/* What one of our own hooks has decided on is let through, and is not counted
 * twice. */
static const char *decided_wrong(const struct packet *in)
{
	if (last.verdict != VERDICT_PASS || last.reason != REASON_NONE)
		return "a packet that was decided on did not just pass";
	if (last.mark)
		return "the mark was left on";
	if (last.out.len != in->len || memcmp(last.out.data, in->data, in->len))
		return "a packet that was decided on was changed";
	return NULL;
}

static const char *result_wrong(struct at at, const struct packet *in,
				__u64 bytes)
{
	struct view v;

	if (at.mark == FL_MARK_DECIDED)
		return decided_wrong(in);
	if (!reason_fits(last.verdict, last.reason))
		return "verdict and reason do not fit";
	if (!bytes)
		return "no bytes were counted";
	if (last.verdict == VERDICT_DROP)
		return drop_event_wrong(at);
	if (event_of(FL_EVENT_DROP))
		return "a drop was told of a packet that goes on";
	if (last.reason != FL_PASS_REPLIED && last.out.len != in->len)
		return "the packet changed its length";
	if (at.lenient || (last.out.len == in->len &&
			   !memcmp(last.out.data, in->data, in->len)))
		return NULL;
	return packet_view(&last.out, &v);
}

const char *run_wrong(struct at at, const struct packet *in)
{
	struct fl_metric before[FL_REASON_MAX], after[FL_REASON_MAX];
	__u64 bytes = 0;
	int err;

	metrics_read(at.hook, before);
	err = test_run(at, in);
	if (err)
		return strerror(-err);
	metrics_read(at.hook, after);
	last.reason = counted(before, after, &bytes);
	return result_wrong(at, in, bytes);
}

void run_at(struct at at, const struct packet *in, const char *file, int line)
{
	const char *wrong;

	if (at.from_ifindex && !run_takes_from_ifindex()) {
		print_message("# SKIP: no ingress_ifindex in test runs here\n");
		skip();
	}
	wrong = run_wrong(at, in);
	if (wrong)
		FAIL_AT(file, line, "%s (verdict %d, reason %s)", wrong,
			last.verdict, reason_name(last.reason));
}

/* ---- expectations ---------------------------------------------------- */

void assert_packet_at(const struct packet *got, const struct packet *want,
		      const char *file, int line)
{
	if (got->len == want->len && !memcmp(got->data, want->data, got->len))
		return;
	packet_print_diff(got, want);
	FAIL_AT(file, line, "the packet is not what it should be");
}

void expect_at(struct at at, const struct packet *in, enum verdict verdict,
	       enum fl_reason reason, const struct packet *want,
	       const char *file, int line)
{
	run_at(at, in, file, line);
	if (last.verdict != (int)verdict || last.reason != (int)reason)
		FAIL_AT(file, line,
			"verdict %d and reason %s, expected %d and %s",
			last.verdict, reason_name(last.reason), (int)verdict,
			reason_name(reason));
	if (want)
		assert_packet_at(&last.out, want, file, line);
}

/* ---- groups ---------------------------------------------------------- */

int run_setup(void **state)
{
	(void)state;
	tables_reset();
	return 0;
}

static int skip_all(const struct CMUnitTest *tests, size_t n)
{
	printf("1..%zu\n", n);
	for (size_t i = 0; i < n; i++)
		printf("ok %zu - %s # SKIP needs root\n", i + 1, tests[i].name);
	return 0;
}

int run_group(const struct CMUnitTest *tests, size_t n,
	      const struct fl_options *options)
{
	int failed;

	if (geteuid())
		return skip_all(tests, n);
	node_start(options);
	failed = _cmocka_run_group_tests("bpf", tests, n, NULL, NULL);
	trampoline_free();
	node_stop();
	return failed;
}
