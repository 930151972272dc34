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

enum {
	SLICE = 1024, /* entries looked at before others have a turn */
};

static const double LEFTOVERS_SECONDS = 30;

struct reaper {
	struct agent *agent;
	struct event *timer;
	struct reaper_stats stats;
	bool running;	      /* in the middle of a round */
	struct fl_tuple next; /* where it goes on */
	unsigned int seen;    /* entries in this round */
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

static void look_at(struct reaper *r, const struct fl_tuple *key, __u64 now_ns)
{
	struct fl_flow flow;

	r->seen++;
	if (map_lookup(r->agent->maps.flows, key, &flow) ||
	    !idle_is_candidate(key, &flow, now_ns))
		return;
	r->candidates[r->n_candidates++] = *key;
}

/* Some entries; returns whether there are more. The key where it goes on is
 * asked for before any is deleted: the kernel starts again at the beginning
 * for a key that it does not find. The table's size bounds a round for when
 * that happens all the same. */
static bool slice(struct reaper *r)
{
	int fd = r->agent->maps.flows;
	__u64 now_ns = clock_seconds() * 1e9;
	bool more = true;

	if (!r->running)
		more = !map_next_key(fd, NULL, &r->next);
	r->running = true;
	for (int i = 0; more && i < SLICE; i++) {
		struct fl_tuple key = r->next;

		more = !map_next_key(fd, &key, &r->next) &&
		       r->seen < r->stats.max_entries;
		look_at(r, &key, now_ns);
		if (r->n_candidates == FL_REAP_MAX)
			hand_over(r);
	}
	hand_over(r);
	return more;
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

static void on_timer(evutil_socket_t fd, short what, void *arg)
{
	struct reaper *r = arg;

	(void)fd;
	(void)what;
	if (slice(r)) {
		arm(r, 0);
		return;
	}
	r->stats.rounds++;
	r->stats.entries = r->seen;
	r->seen = 0;
	r->running = false;
	if (clock_seconds() - r->last_leftovers >= LEFTOVERS_SECONDS)
		reap_leftovers(r);
	arm(r, idle_interval(r->stats.entries, r->stats.max_entries));
}

const struct reaper_stats *reaper_stats(const struct reaper *r)
{
	return &r->stats;
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
	struct map_usage usage;

	r->agent = a;
	r->timer = evtimer_new(a->base, on_timer, r);
	*out = r;
	if (!r->timer)
		return err_set(e, ENOMEM, "out of memory");
	if (map_usage(a->config.bpf_root, FL_MAP_FLOWS, &usage, e))
		return -e->code;
	r->stats.max_entries = usage.max_entries;
	r->stats.entries = usage.entries;
	arm(r, 1);
	return 0;
}
