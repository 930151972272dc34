/* SPDX-License-Identifier: Apache-2.0 */
#include "reconcile.h"

#include <errno.h>
#include <malloc.h>

#include "../lib/log.h"
#include "../loader/loader.h"
#include "cni_conf.h"
#include "datapath.h"
#include "denied.h"
#include "lost.h"
#include "policy_file.h"
#include "socket.h"

static const double PASS_SECONDS = 0.1;	  /* at most ten a second */
static const double FIRST_SECONDS = 0.01; /* until the node is ready */
/* And each is followed by so many times what it worked: in a cluster where a
 * pass takes long, changes wait for each other and do not take more than a
 * fifth of a core. */
static const double PASS_REST = 4;
enum { TRIM_CHANGES = 10000 };
static const struct timeval FULL_INTERVAL = {30, 0};

static void refresh_datapath(struct agent *a, struct problems *p)
{
	struct err e = {0};

	if (datapath_heal(a, &e))
		problems_add(p, "%s", e.msg);
}

static void refresh_facts(struct agent *a, struct problems *p)
{
	struct facts now = {0};
	struct err e = {0};
	int rc = facts_read(a->net, &now, &e);

	if (rc) {
		/* Too much goes on right now: the old picture will do. */
		a->facts_are_old = true;
		if (rc == -EAGAIN)
			reconcile_soon(a);
		else
			problems_add(p, "%s", e.msg);
		return;
	}
	facts_free(&a->facts);
	a->facts = now;
	a->facts_are_old = false;
}

static void refresh_endpoints(struct agent *a, struct problems *p)
{
	struct endpoints known = a->endpoints;
	struct err e = {0};

	a->endpoints = (struct endpoints){0};
	if (endpoints_read(&a->endpoints, a->config.state_dir, &e)) {
		problems_add(p, "%s", e.msg);
		a->endpoints = known;
		a->endpoints.complete = false;
		return;
	}
	lost_restore(a, &known);
	endpoints_free(&known);
	if (a->endpoints.n_bad)
		problems_add(p, "%s/endpoints: %d files cannot be read",
			     a->config.state_dir, a->endpoints.n_bad);
}

/* The directory may have been removed, with all that is in it. */
static void refresh_state_dir(struct agent *a, struct problems *p)
{
	struct err e = {0};

	a->policy_file_is_old |= policy_file_is_gone(a->config.state_dir);
	if (state_dir_make(a->config.state_dir, &e) ||
	    (a->socket && socket_heal(a->socket, &e)))
		problems_add(p, "%s", e.msg);
}

static void refresh_routes(struct agent *a, struct problems *p)
{
	struct err e = {0};

	if (!a->found_routes_are_old)
		return;
	entries_free(&a->found_routes);
	if (map_read(a->maps.routes, &a->found_routes, &e))
		problems_add(p, FL_MAP_ROUTES ": %s", e.msg);
	a->unsettled |= views_differ(VIEW_ROUTES, &a->found_routes);
	a->found_routes_are_old = false;
}

/* What others found wrong, so that all is reported in one place. */
static void add_known_problems(const struct agent *a, struct problems *p)
{
	const struct problems *other = &a->desired.problems;
	struct err e = {0};

	if (state_dir_check_writable(a->config.state_dir, &e))
		problems_add(p, "%s", e.msg);
	for (size_t i = 0; i < other->n; i++)
		problems_add(p, "%s", other->items[i]);
	if (a->desired.missing[0] && !agent_is_starting(a))
		problems_add(p, "%s", a->desired.missing);
	if (a->source)
		a->source->ops->problems(a->source, p);
}

static void set_up(struct agent *a, bool full, struct changes *changes,
		   struct problems *p)
{
	bool all = !a->desired.missing[0];

	/* What passes that did not know the node have left out. */
	full |= !a->was_set_up;
	a->was_set_up = all;
	if (all && reconcile_devices(a, full, p)) {
		refresh_facts(a, p);
		reconcile_compute(a, p);
	}
	reconcile_maps(a, all, changes, p);
	/* Where policies were in force, no pod is left without programs. */
	if (!all && full && a->found.enforced)
		reconcile_pods(a, p);
	if (!all)
		return;
	reconcile_host(a, full, p);
	reconcile_node_file(a, p);
	if (changes->added || changes->changed || changes->removed ||
	    changes->raise)
		a->policy_file_is_old = true;
	reconcile_policy_file(a, p);
}

/* Another version's programs decide until ours are attached behind them and
 * know everything. */
static void retire_layouts(struct agent *a, struct problems *p)
{
	struct err e = {0};
	int n;

	if (layouts_retire(a->config.bpf_root, &n, &e)) {
		problems_add(p, "take over from another version: %s", e.msg);
		return;
	}
	a->retired = true;
	if (n)
		log_info("took over from another version", NULL);
}

void reconcile_count(struct agent *a, const struct changes *c, double seconds,
		     size_t errors)
{
	struct agent_stats *s = &a->stats;

	s->passes++;
	s->errors += errors;
	s->added += c->added;
	s->changed += c->changed;
	s->removed += c->removed;
	s->raised += c->raise;
	s->seconds += seconds;
	s->last_seconds = seconds;
	if (seconds > s->max_seconds)
		s->max_seconds = seconds;
}

/* What is done for others once this node can serve pods. */
static void tell_ready(struct agent *a, bool full, struct problems *p)
{
	struct err e = {0};

	if (agent_not_ready(a))
		return;
	if ((full || !a->was_ready) && cni_conf_install(&a->config, &e))
		problems_add(p, "%s", e.msg);
	a->was_ready = true;
	if (a->source && a->source->ops->ready)
		a->source->ops->ready(a->source);
}

/* All that there is will be looked at. */
static void begin(struct agent *a)
{
	a->whole = false;
	a->policies_are_current = false;
	if (a->source && a->source->ops->news_seen)
		a->source->ops->news_seen(a->source);
}

static void run(struct agent *a, bool full)
{
	struct changes changes = {0};
	struct problems p = {0};
	double start = clock_seconds(), worked = clock_worked();
	size_t errors;

	begin(a);
	if (full)
		refresh_datapath(a, &p);
	if (full || a->facts_are_old)
		refresh_facts(a, &p);
	if (full) {
		refresh_state_dir(a, &p);
		refresh_endpoints(a, &p);
	}
	a->found_routes_are_old |= full;
	a->found_policy_is_old |= full;
	a->found_masquerade_is_old |= full;
	refresh_routes(a, &p);
	reconcile_compute(a, &p);
	set_up(a, full, &changes, &p);
	if (!p.n && !a->retired && !a->desired.missing[0] && agent_is_synced(a))
		retire_layouts(a, &p);
	errors = p.n;
	a->applied = !errors;
	a->synced = agent_is_synced(a);
	tell_ready(a, full, &p);
	add_known_problems(a, &p);
	problems_report(&a->problems, &p);
	a->last_pass = clock_seconds();
	a->busy = clock_worked() - worked;
	reconcile_count(a, &changes, a->last_pass - start, errors);
	if (changes.added || changes.changed || changes.removed)
		log_info("maps changed",
			 "added=%u changed=%u removed=%u seconds=%.4f",
			 changes.added, changes.changed, changes.removed,
			 a->last_pass - start);
	if (a->ready == !!agent_not_ready(a)) {
		a->ready = !a->ready;
		log_info(a->ready ? "ready" : "no longer ready", NULL);
	}
	if (errors)
		reconcile_soon(a);
	policies_forget_world(&a->policies);
	/* what is found says it all */
	entries_free(&a->desired.routes);
	entries_free(&a->desired.policy);
	/* what passes needed since the last time, and a large one now */
	if (full || changes.added + changes.removed > TRIM_CHANGES)
		malloc_trim(0);
}

void reconcile_now(struct agent *a)
{
	bool all = a->look_at_all;

	a->look_at_all = false;
	/* What failed is tried again with everything. */
	run(a, all || !a->applied);
}

static void on_pass(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	if (!reconcile_moves(arg))
		reconcile_now(arg);
}

static void on_full(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	run(arg, true);
}

double reconcile_pause(const struct agent *a)
{
	double rest = PASS_REST * a->busy;
	double pause = rest > PASS_SECONDS ? rest : PASS_SECONDS;

	if (!a->applied)
		return pause > 1 ? pause : 1;
	return a->was_ready ? pause : FIRST_SECONDS;
}

static void pass_soon(struct agent *a)
{
	double wait = a->last_pass + reconcile_pause(a) - clock_seconds();
	struct timeval delay = {0};

	if (evtimer_pending(a->pass_timer, NULL))
		return;
	if (wait > 0) {
		delay.tv_sec = wait;
		delay.tv_usec = (wait - delay.tv_sec) * 1e6;
	}
	event_add(a->pass_timer, &delay);
}

void reconcile_soon(struct agent *a)
{
	a->whole = true;
	pass_soon(a);
}

void reconcile_news_soon(struct agent *a)
{
	const struct pod_news *news = reconcile_pod_news(a);

	if (!news || news->more)
		a->policy_file_is_old = a->whole = true;
	pass_soon(a);
}

int reconcile_start(struct agent *a, struct err *e)
{
	int rc;

	a->pass_timer = evtimer_new(a->base, on_pass, a);
	a->full_timer = event_new(a->base, -1, EV_PERSIST, on_full, a);
	if (!a->pass_timer || !a->full_timer ||
	    event_add(a->full_timer, &FULL_INTERVAL))
		return err_set(e, ENOMEM, "out of memory");
	desired_init(&a->desired);
	policies_init(&a->policies);
	a->policy_file_is_old = true;
	denied_names_init(&a->denied_names);
	entries_init(&a->found_routes, sizeof(struct fl_prefix),
		     sizeof(struct fl_route));
	entries_init(&a->found_masquerade, sizeof(struct fl_prefix),
		     sizeof(__u32));
	entries_init(&a->found_policy, sizeof(struct fl_policy_key),
		     sizeof(struct fl_policy_entry));
	entries_init(&a->unwanted_routes, sizeof(struct fl_prefix), 0);
	entries_init(&a->unwanted_policy, sizeof(struct fl_policy_key), 0);
	entries_init(&a->found_endpoints, sizeof(struct fl_addr),
		     sizeof(struct fl_endpoint));
	rc = view_start(a, e);
	if (!rc)
		rc = reconcile_maps_recover(a, e);
	if (!rc)
		rc = reconcile_policy_recover(a, e);
	if (rc)
		return rc;
	run(a, true);
	return 0;
}
