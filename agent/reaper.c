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
#include "shares.h"

enum { SLICE = 1024 }; /* entries looked at before others have a turn */

static const double LEFTOVERS_SECONDS = 30;

/* So long the datapath holds to the counts of a round: three of the longest
 * intervals. Without an agent nothing is reaped, and to count is no use. */
static const double COUNTS_SECONDS = 30;

/* Some keys for one run of the program, and their entries. */
struct batch {
	struct fl_tuple keys[FL_REAP_MAX];
	const struct fl_flow *flows[FL_REAP_MAX];
	unsigned int n;
};

struct reaper {
	struct agent *agent;
	struct event *timer;
	struct reaper_stats stats;
	struct map_usage usage;
	struct map_cursor cursor; /* where the round goes on */
	unsigned int seen;	  /* entries in this round */
	unsigned int n_cpus;
	struct fl_tuple keys[SLICE];
	struct fl_flow flows[SLICE];
	struct batch batches[2]; /* [1]: those to be hurried */
	struct shares *shares;
	double ended;  /* when the last round did */
	double paused; /* seconds from then to this one */
	double last_leftovers;
};

/* ---- flows ---------------------------------------------------------- */

/* Entries of who began that are gone are not counted. */
static void uncount(struct reaper *r, const struct batch *b)
{
	struct fl_flow flow;

	for (unsigned int i = 0; i < b->n; i++)
		if (map_lookup(r->agent->maps.flows, &b->keys[i], &flow))
			shares_count(r->shares, b->flows[i], -1);
}

static void hand_over(struct reaper *r, bool hurry)
{
	struct batch *b = &r->batches[hurry];
	unsigned int removed = 0;
	struct err e = {0};

	if (!b->n)
		return;
	r->stats.candidates += b->n;
	if (flows_reap(r->agent->config.bpf_root, b->keys, b->n, hurry,
		       &removed, &e))
		log_warn("idle flows could not be removed", "error=\"%s\"",
			 e.msg);
	r->stats.flows += removed;
	uncount(r, b);
	b->n = 0;
}

static void look_at(struct reaper *r, unsigned int n)
{
	__u64 now_ns = clock_seconds() * 1e9;

	for (unsigned int i = 0; i < n; i++) {
		const struct fl_flow *f = &r->flows[i];
		bool hurry = shares_are_crowded(r->shares, f);
		struct batch *b = &r->batches[hurry];

		shares_count(r->shares, f, 1);
		if (!idle_is_candidate(&r->keys[i], f, hurry, now_ns))
			continue;
		b->flows[b->n] = f;
		b->keys[b->n++] = r->keys[i];
		if (b->n == FL_REAP_MAX)
			hand_over(r, hurry);
	}
	hand_over(r, false);
	hand_over(r, true);
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

static void end_of_shares(struct reaper *r)
{
	shares_end(r->shares, r->usage.max_entries, r->n_cpus,
		   (clock_seconds() + COUNTS_SECONDS) * 1e9);
	r->stats.crowded = shares_stats(r->shares)->crowded;
}

static unsigned int interval(const struct reaper *r)
{
	if (r->stats.crowded)
		return 1;
	return shares_interval(
		shares_stats(r->shares), r->paused,
		idle_interval(r->usage.entries, r->usage.max_entries));
}

static void on_timer(evutil_socket_t fd, short what, void *arg)
{
	struct reaper *r = arg;

	(void)fd;
	(void)what;
	if (!r->usage.max_entries && look_at_map(r))
		return;
	if (!r->cursor.begun) {
		r->paused = clock_seconds() - r->ended;
		shares_begin(r->shares);
	}
	if (slice(r)) {
		arm(r, 0);
		return;
	}
	end_of_shares(r);
	r->stats.rounds++;
	r->usage.entries = r->seen;
	r->seen = 0;
	r->cursor = (struct map_cursor){0};
	if (clock_seconds() - r->last_leftovers >= LEFTOVERS_SECONDS)
		reap_leftovers(r);
	r->ended = clock_seconds();
	arm(r, interval(r));
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
	shares_free(r->shares);
	free(r);
}

int reaper_start(struct agent *a, struct reaper **out, struct err *e)
{
	struct reaper *r = memory_alloc(sizeof(*r));

	r->agent = a;
	r->n_cpus = cpus_possible();
	r->shares = shares_new(&a->maps.accounts);
	r->timer = evtimer_new(a->base, on_timer, r);
	*out = r;
	if (!r->timer)
		return err_set(e, ENOMEM, "out of memory");
	arm(r, 1);
	return 0;
}
