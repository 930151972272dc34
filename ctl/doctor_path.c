/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Do packets of full size reach other nodes? Two ways are tried with echo
 * requests that may not be fragmented: what carries the overlay (to a node's
 * own address, as large as an encapsulated packet), and through it (to the
 * node's address among its pods, as large as a pod's packet).
 */
#include "doctor.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "probe.h"

enum {
	TARGETS_MAX = 64, /* a node has up to four */
	NAMED_MAX = 5,
	SMALL = 128,
	STEPS = 24,
	WAIT_MS = 1500,
};

struct target {
	struct fl_addr addr;
	__u32 node_id;
	bool is_inner; /* through the overlay */
	unsigned int full;
	bool small_ok, full_ok;
	int error;	   /* of sending one of full size */
	unsigned int best; /* the largest that got through */
};

struct targets {
	struct target list[TARGETS_MAX];
	size_t n;
	__u32 nodes[TARGETS_MAX];
	size_t n_nodes, n_left_out;
};

/* ---- whom to ask ----------------------------------------------------- */

static bool is_tunnel(const struct routes *r, const struct fl_addr *a)
{
	for (size_t i = 0; i < r->n; i++)
		if (r->list[i].is_route &&
		    addr_equal(&r->list[i].route.node, a))
			return true;
	return false;
}

static bool is_among_pods(const struct routes *r, const struct fl_addr *a)
{
	for (size_t i = 0; i < r->n; i++)
		if (r->list[i].is_route &&
		    r->list[i].route.flags & FL_ROUTE_POD_CIDR &&
		    prefix_contains(&r->list[i].prefix, a))
			return true;
	return false;
}

static void add_target(const struct status *s, const struct route_view *v,
		       struct targets *t)
{
	struct target *new = &t->list[t->n];
	bool overlay = s->config.overlay_ifindex;
	const struct fl_addr *a = &v->prefix.addr;

	*new = (struct target){.addr = *a, .node_id = v->route.node_id};
	new->is_inner = is_among_pods(&s->routes, a);
	new->full = s->node.mtu;
	if (overlay && !new->is_inner) {
		if (!is_tunnel(&s->routes, a))
			return;
		new->full += addr_is_v4(a) ? 50 : 70;
	}
	t->n++;
}

static void find_targets(const struct status *s, struct targets *t)
{
	for (size_t i = 0; i < s->routes.n; i++) {
		const struct route_view *v = &s->routes.list[i];

		if (!v->is_route || !(v->route.flags & FL_ROUTE_NODE) ||
		    v->route.flags & FL_ROUTE_LOCAL ||
		    v->prefix.prefix_len != 128)
			continue;
		if (t->n == TARGETS_MAX)
			t->n_left_out++;
		else
			add_target(s, v, t);
	}
}

static size_t count_nodes(const struct targets *t)
{
	size_t n = 0;

	for (size_t i = 0; i < t->n; i++) {
		size_t j = 0;

		while (j < i && t->list[j].node_id != t->list[i].node_id)
			j++;
		n += j == i;
	}
	return n;
}

/* ---- asking ---------------------------------------------------------- */

static int ask_all(struct targets *t, struct err *e)
{
	struct probe probes[2 * TARGETS_MAX] = {0};
	int rc;

	for (size_t i = 0; i < t->n; i++) {
		probes[2 * i] = (struct probe){t->list[i].addr, SMALL, 0, 0};
		probes[2 * i + 1] =
			(struct probe){t->list[i].addr, t->list[i].full, 0, 0};
	}
	rc = probes_run(probes, 2 * t->n, WAIT_MS, e);
	for (size_t i = 0; !rc && i < t->n; i++) {
		t->list[i].small_ok = probes[2 * i].answered;
		t->list[i].full_ok = probes[2 * i + 1].answered;
		t->list[i].error = probes[2 * i + 1].error;
	}
	return rc;
}

/* Many sizes at once, for the first few that are cut off. */
static void find_best(struct target *t)
{
	struct probe probes[STEPS] = {0};
	unsigned int least = addr_is_v4(&t->addr) ? 576 : 1280;

	if (least > t->full)
		least = SMALL;
	for (unsigned int i = 0; i < STEPS; i++)
		probes[i] = (struct probe){
			t->addr, least + (t->full - least) * i / STEPS, 0, 0};
	if (probes_run(probes, STEPS, WAIT_MS, NULL))
		return;
	for (int i = 0; i < STEPS; i++)
		if (probes[i].answered)
			t->best = probes[i].size;
}

/* ---- judging --------------------------------------------------------- */

static const char *way(const struct doctor *d, const struct target *t)
{
	if (!d->status.config.overlay_ifindex)
		return "";
	return t->is_inner ? " through the overlay"
			   : ", the way that carries the overlay,";
}

static void judge_size(struct doctor *d, struct target *t)
{
	char text[ADDR_STRLEN], best[64] = "";

	find_best(t);
	if (t->best)
		snprintf(best, sizeof(best), "; %u get through", t->best);
	doctor_say(d, DOCTOR_WRONG,
		   "Large transfers hang. Something on the way takes less than "
		   "its ends and does not say so: mend it, or set `mtu` in the "
		   "configuration of all nodes to what gets through (less the "
		   "overlay's 50 bytes, 70 over IPv6).",
		   "packets of %u bytes to %s%s are %s%s", t->full,
		   addr_format(&t->addr, text), way(d, t),
		   t->error ? strerror(t->error) : "lost, small ones are not",
		   best);
}

static bool has_answer(const struct targets *t, __u32 node_id, bool is_inner)
{
	for (size_t i = 0; i < t->n; i++)
		if (t->list[i].node_id == node_id && t->list[i].small_ok &&
		    t->list[i].is_inner == is_inner)
			return true;
	return false;
}

static void judge_silent(struct doctor *d, const struct targets *all,
			 const struct target *t)
{
	char text[ADDR_STRLEN];

	addr_format(&t->addr, text);
	if (t->is_inner && d->status.config.overlay_ifindex &&
	    has_answer(all, t->node_id, false))
		doctor_say(d, DOCTOR_WRONG,
			   "Do both nodes have the same overlay port (UDP "
			   "8472) and VNI, and does nothing in between drop "
			   "it? Run `fairlead drops` and `fairlead doctor` on "
			   "the other one too.",
			   "%s does not answer through the overlay, though the "
			   "node itself answers: pods do not reach its pods",
			   text);
	else
		doctor_say(d, DOCTOR_WARNING,
			   "It is down, or unreachable, or drops ICMP echo. If "
			   "it should be up, ask there.",
			   "%s (node %u) does not answer", text, t->node_id);
}

static size_t judge(struct doctor *d, struct targets *t)
{
	size_t bad = 0;

	for (size_t i = 0; i < t->n; i++) {
		struct target *one = &t->list[i];

		if (one->small_ok && one->full_ok)
			continue;
		/* Once for a node that is away. */
		if (!one->small_ok && one->is_inner &&
		    !has_answer(t, one->node_id, false) &&
		    d->status.config.overlay_ifindex)
			continue;
		if (bad++ >= NAMED_MAX)
			continue;
		if (one->small_ok)
			judge_size(d, one);
		else
			judge_silent(d, t, one);
	}
	if (bad > NAMED_MAX)
		doctor_say(d, DOCTOR_WARNING, "",
			   "and so with %zu more addresses of nodes",
			   bad - NAMED_MAX);
	return bad;
}

void doctor_path(struct doctor *d)
{
	static struct targets t;
	struct err e = {0};

	if (!doctor_needs_loaded(d))
		return;
	t = (struct targets){0};
	if (d->options->no_probes || d->status.node_error) {
		doctor_say(d, DOCTOR_UNKNOWN, "", "not tried");
		return;
	}
	find_targets(&d->status, &t);
	if (!t.n) {
		doctor_say(d, DOCTOR_OK, "", "there is no other node");
		return;
	}
	if (ask_all(&t, &e)) {
		doctor_say(d, DOCTOR_UNKNOWN, "", "%.300s", e.msg);
		return;
	}
	if (!judge(d, &t))
		doctor_say(d, DOCTOR_OK, "",
			   "%zu other node%s answer%s packets of full size "
			   "(%u)%s",
			   count_nodes(&t), count_nodes(&t) == 1 ? "" : "s",
			   count_nodes(&t) == 1 ? "s" : "", d->status.node.mtu,
			   t.n_left_out ? "; more were not asked" : "");
}
