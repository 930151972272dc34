/* SPDX-License-Identifier: Apache-2.0 */
#include "reaper.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "../lib/cleanup.h"
#include "../lib/log.h"
#include "../loader/loader.h"
#include "agent.h"
#include "idle.h"
#include "leftovers.h"
#include "memory.h"

enum { SLICE = 1024 }; /* entries looked at before others have a turn */

static const double LEFTOVERS_SECONDS = 30;

struct reaper {
	struct agent *agent;
	struct event *timer;
	struct reaper_stats stats;
	struct map_usage usage;
	struct map_cursor cursor; /* where the round goes on */
	unsigned int seen;	  /* entries in this round */
	struct fl_tuple keys[SLICE];
	struct fl_flow flows[SLICE];
	struct fl_tuple candidates[FL_REAP_MAX];
	unsigned int n_candidates;
	double last_leftovers;
};

/* ---- flows ---------------------------------------------------------- */

static void hand_over(struct reaper *r)
{
	unsigned int removed = 0;
	struct err e = {0};

	if (!r->n_candidates)
		return;
	r->stats.candidates += r->n_candidates;
	if (flows_reap(r->agent->config.bpf_root, r->candidates,
		       r->n_candidates, &removed, &e))
		log_warn("idle flows could not be removed", "error=\"%s\"",
			 e.msg);
	r->stats.flows += removed;
	r->n_candidates = 0;
}

static void look_at(struct reaper *r, unsigned int n)
{
	__u64 now_ns = clock_seconds() * 1e9;

	for (unsigned int i = 0; i < n; i++) {
		if (!idle_is_candidate(&r->keys[i], &r->flows[i], now_ns))
			continue;
		r->candidates[r->n_candidates++] = r->keys[i];
		if (r->n_candidates == FL_REAP_MAX)
			hand_over(r);
	}
	hand_over(r);
}

/* Some entries; returns whether there are more. */
static bool slice(struct reaper *r)
{
	unsigned int n = SLICE;
	int rc = map_slice(r->agent->maps.flows, &r->cursor, r->keys, r->flows,
			   &n);

	if (rc && rc != -ENOENT)
		log_warn("flows cannot be read", "error=\"%s\"", strerror(-rc));
	r->seen += n;
	look_at(r, n);
	return !rc;
}

/* ---- rounds --------------------------------------------------------- */

static void arm(struct reaper *r, unsigned int seconds)
{
	struct timeval delay = {seconds, seconds ? 0 : 1000};

	event_add(r->timer, &delay);
}

static void reap_leftovers(struct reaper *r)
{
	struct err e = {0};
	int n = 0;

	r->stats.attachments += leftovers_attachments(r->agent);
	r->stats.addresses += leftovers_addresses(r->agent);
	if (attach_sweep(r->agent->config.bpf_root, &n, &e))
		log_warn("stale pins could not be removed", "error=\"%s\"",
			 e.msg);
	r->stats.pins += n;
	r->last_leftovers = clock_seconds();
}

/* Not at the start: it counts the entries. */
static int look_at_map(struct reaper *r)
{
	struct err e = {0};
	int rc = map_usage(r->agent->config.bpf_root, FL_MAP_FLOWS, &r->usage,
			   &e);

	if (rc) {
		log_warn("flows cannot be reaped", "error=\"%s\"", e.msg);
		arm(r, 10);
	}
	return rc;
}

static void on_timer(evutil_socket_t fd, short what, void *arg)
{
	struct reaper *r = arg;

	(void)fd;
	(void)what;
	if (!r->usage.max_entries && look_at_map(r))
		return;
	if (slice(r)) {
		arm(r, 0);
		return;
	}
	r->stats.rounds++;
	r->usage.entries = r->seen;
	r->seen = 0;
	r->cursor = (struct map_cursor){0};
	if (clock_seconds() - r->last_leftovers >= LEFTOVERS_SECONDS)
		reap_leftovers(r);
	arm(r, idle_interval(r->usage.entries, r->usage.max_entries));
}

const struct reaper_stats *reaper_stats(const struct reaper *r)
{
	return &r->stats;
}

const struct map_usage *reaper_flows(const struct reaper *r)
{
	return &r->usage;
}

void reaper_stop(struct reaper *r)
{
	if (!r)
		return;
	if (r->timer)
		event_free(r->timer);
	free(r);
}

int reaper_start(struct agent *a, struct reaper **out, struct err *e)
{
	struct reaper *r = memory_alloc(sizeof(*r));

	r->agent = a;
	r->timer = evtimer_new(a->base, on_timer, r);
	*out = r;
	if (!r->timer)
		return err_set(e, ENOMEM, "out of memory");
	arm(r, 1);
	return 0;
}
