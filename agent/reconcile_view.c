/* SPDX-License-Identifier: Apache-2.0 */
/* The view that does not hold is written, comes to hold, and then the other one
 * becomes like it: views.h. */
#include <errno.h>
#include <string.h>

#include "../lib/log.h"
#include "../loader/loader.h"
#include "reconcile.h"

/* By then the packets that were being decided are through, so that waiting for
 * them takes no time. */
static const struct timeval SETTLE_DELAY = {0, 20 * 1000};

/* ---- writing -------------------------------------------------------- */

void view_begin(struct agent *a)
{
	if (a->unsettled)
		programs_wait();
	a->turn = false;
	a->leftover = false;
}

static struct entries *unwanted(struct agent *a, enum view_map map)
{
	return map == VIEW_ROUTES ? &a->unwanted_routes : &a->unwanted_policy;
}

unsigned int view_write(struct agent *a, const struct views *v,
			struct changes_policy *policy, struct entries *have,
			const struct entries *now, const struct entries *want,
			struct changes *out)
{
	unsigned int failed = out->failed;
	struct entries changes, gone;

	entries_init(&changes, have->key_size, have->value_size);
	entries_init(&gone, have->key_size, 0);
	views_stage(v, now, want, &changes, &gone, &a->turn);
	map_change(policy, policy->arg, have, &changes, out);
	entries_patch(have, &changes);
	entries_free(&changes);
	a->leftover |= gone.n;
	if (v->map == VIEW_ENDPOINTS) {
		entries_free(&gone);
	} else {
		entries_free(unwanted(a, v->map));
		*unwanted(a, v->map) = gone;
	}
	return out->failed - failed;
}

unsigned int view_stage(struct agent *a, enum view_map map,
			struct changes_policy *policy, struct entries *have,
			const struct entries *want, struct changes *out)
{
	const struct views v = {map, a->found.view, policy->sweep, NULL};

	return view_write(a, &v, policy, have, have, want, out);
}

/* ---- the turn ------------------------------------------------------- */

struct turn {
	const struct fl_config *want; /* NULL: as it is */
	unsigned int view;	      /* that holds */
	bool turn, raise;
	__u32 epoch;
};

static void set_config(struct fl_config *cfg, void *arg)
{
	struct turn *t = arg;
	struct fl_config before = *cfg, want = t->want ? *t->want : *cfg;

	want.epoch = cfg->epoch;
	want.flags[t->view] = cfg->flags[t->view];
	want.flags[!t->view] =
		t->want ? t->want->flags[!t->view] : cfg->flags[t->view];
	*cfg = want;
	t->turn |= cfg->flags[0] != cfg->flags[1];
	before.events_per_second = cfg->events_per_second;
	before.flags[!t->view] = cfg->flags[!t->view];
	t->raise |= memcmp(&before, cfg, sizeof(before)) != 0;
	if (t->turn)
		cfg->epoch += FL_EPOCH_VIEW;
	else if (t->raise)
		cfg->epoch += FL_EPOCH_STEP;
}

int view_turn(struct agent *a, bool whole, bool all, bool *raise, struct err *e)
{
	struct turn t = {
		.want = all && whole ? &a->desired.config : NULL,
		.view = a->found.view,
		.turn = a->turn && whole,
		.raise = *raise,
	};
	int rc = config_map_change(a->config.bpf_root, set_config, &t, e);

	if (rc)
		return rc;
	*raise = t.raise || t.turn;
	if (t.turn)
		a->found.view = !a->found.view;
	a->unsettled |= t.turn;
	if (a->unsettled || a->leftover)
		event_add(a->settle_timer, &SETTLE_DELAY);
	return 0;
}

/* ---- settling ------------------------------------------------------- */

/* What says the same in the view that holds decides the same. */
static bool is_never(const void *have, const void *want)
{
	(void)have;
	(void)want;
	return false;
}

/* A full trie takes nothing: what goes goes first. */
static void settle(struct agent *a, enum view_map map, int fd, bool sweep,
		   struct entries *have, struct changes *out)
{
	const struct views v = {map, a->found.view, sweep, NULL};
	struct map_target t = {a, fd, 0};
	struct changes_policy policy = {.raises = is_never, .arg = &t};
	struct entries changes, gone;
	bool shows = false;

	entries_init(&changes, have->key_size, have->value_size);
	entries_init(&gone, have->key_size, 0);
	views_settle(&v, have, unwanted(a, map), &changes, &gone, &shows);
	if (shows)
		reconcile_raise_soon(a);
	map_remove(&policy, &t, have, &gone, out);
	map_change(&policy, &t, have, &changes, out);
	entries_patch(have, &changes);
	entries_drop(have, &gone);
	entries_free(&changes);
	entries_free(&gone);
	entries_free(unwanted(a, map));
}

static void settle_config(struct fl_config *cfg, void *arg)
{
	const struct agent *a = arg;

	cfg->flags[!a->found.view] = cfg->flags[a->found.view];
}

void view_settle(struct agent *a)
{
	struct changes changes = {0};
	struct problems p = {0};
	struct err e = {0};

	if (!a->unsettled && !a->leftover)
		return;
	programs_wait();
	settle(a, VIEW_POLICY, a->maps.policy, !a->desired.keep_policy,
	       &a->found_policy, &changes);
	a->found_policy_is_old |= changes.failed;
	settle(a, VIEW_ROUTES, a->maps.routes, agent_is_synced(a),
	       &a->found_routes, &changes);
	a->found_routes_are_old |= changes.failed;
	reconcile_endpoints_settle(a, &changes, &p);
	if (config_map_change(a->config.bpf_root, settle_config, a, &e))
		problems_add(&p, FL_MAP_CONFIG ": %s", e.msg);
	a->unsettled = changes.failed || p.n;
	a->leftover = false;
	a->stats.removed += changes.removed;
	if (a->unsettled)
		log_warn("maps are not as they should be, the next pass tries "
			 "again",
			 "failed=%u", changes.failed);
	problems_free(&p);
}

static void on_settle(evutil_socket_t fd, short what, void *arg)
{
	struct agent *a = arg;
	double worked = clock_worked();

	(void)fd;
	(void)what;
	view_settle(a);
	a->busy += clock_worked() - worked;
}

int view_start(struct agent *a, struct err *e)
{
	a->settle_timer = evtimer_new(a->base, on_settle, a);
	return a->settle_timer ? 0 : err_set(e, ENOMEM, "out of memory");
}
