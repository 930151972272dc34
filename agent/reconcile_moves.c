/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A pass for pods of other nodes that have come, gone or changed, and nothing
 * else has: it does with their addresses what a whole pass does with all. What
 * does not fit into it is left to that.
 */
#include <stdlib.h>

#include "../lib/log.h"
#include "pod_moves.h"
#include "reconcile.h"

const struct pod_news *reconcile_pod_news(const struct agent *a)
{
	return a->source && a->source->ops->pod_news
		       ? a->source->ops->pod_news(a->source)
		       : NULL;
}

/* All else is as the last pass has left it, and that was as it should be. */
static bool is_possible(const struct agent *a)
{
	return !a->whole && a->applied && a->synced && a->retired &&
	       a->policies_are_current && agent_is_synced(a) &&
	       !a->desired.missing[0] && !a->found_routes_are_old &&
	       !a->found_policy_is_old;
}

static bool is_too_much(const char *why)
{
	log_debug("a whole pass", "why=\"%s\"", why);
	return false;
}

static void finish(struct agent *a, double start, double worked,
		   const struct changes *c)
{
	double seconds = clock_seconds() - start;

	a->last_pass = start + seconds;
	a->busy = clock_worked() - worked;
	reconcile_count(a, c, seconds, 0);
	a->stats.of_moves++;
	a->source->ops->news_seen(a->source);
	log_debug("pods have changed",
		  "added=%u changed=%u removed=%u seconds=%.4f", c->added,
		  c->changed, c->removed, seconds);
}

/* Returns whether all of it is in force. */
static bool put_in_force(struct agent *a, const struct entries *now,
			 const struct entries *want, struct changes *out)
{
	struct err e = {0};

	view_begin(a);
	if (reconcile_routes_write(a, now, want, out))
		return false;
	if (!a->turn && !out->raise)
		return true;
	if (view_turn(a, true, true, &out->raise, &e)) {
		a->raise |= out->raise;
		return false;
	}
	if (out->raise)
		reconcile_raised(a);
	return true;
}

bool reconcile_moves(struct agent *a)
{
	double start = clock_seconds(), worked = clock_worked();
	struct changes changes = {0};
	struct entries now, want;
	const struct pod_news *news = reconcile_pod_news(a);
	struct pod_moves moves;
	bool done;

	if (!news || !is_possible(a))
		return is_too_much("more than pods has changed");
	view_settle(a);
	if (a->whole || a->unsettled)
		return is_too_much("the last change is not through");
	if (!pod_moves_find(news, agent_model(a), &a->endpoints, &moves))
		return is_too_much("pods that run here, or share an address");
	entries_init(&now, sizeof(struct fl_prefix), sizeof(struct fl_route));
	entries_init(&want, now.key_size, now.value_size);
	done = pod_moves_apply(&moves, &a->policies, &a->found_routes, &now,
			       &want) &&
	       put_in_force(a, &now, &want, &changes);
	pod_moves_free(&moves);
	entries_free(&now);
	entries_free(&want);
	if (!done)
		return is_too_much("identities come or go");
	finish(a, start, worked, &changes);
	return true;
}
