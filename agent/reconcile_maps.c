/* SPDX-License-Identifier: Apache-2.0 */
#include "reconcile.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "../lib/log.h"
#include "../loader/loader.h"

/* ---- a raise that must not be forgotten ----------------------------- */

static void raise_path(const struct agent *a, char path[512])
{
	snprintf(path, 512, "%s/agent.raise", a->config.state_dir);
}

/* Between the first change and the epoch an agent may die: whoever comes next
 * sees the file. */
static void raise_begin(void *arg)
{
	char path[512];
	int fd;

	raise_path(arg, path);
	fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd >= 0)
		close(fd);
}

void reconcile_raised(struct agent *a)
{
	char path[512];

	raise_path(a, path);
	unlink(path);
}

void reconcile_raise_soon(struct agent *a)
{
	raise_begin(a);
	a->raise = true;
	reconcile_soon(a);
}

int reconcile_maps_recover(struct agent *a, struct err *e)
{
	char path[512];
	int rc;

	raise_path(a, path);
	if (access(path, F_OK))
		return 0;
	log_info("epoch raised, an earlier agent died before it could", NULL);
	rc = epoch_raise(a->config.bpf_root, e);
	if (!rc)
		reconcile_raised(a);
	return rc;
}

/* ---- one map -------------------------------------------------------- */

static int update(const void *key, const void *value, void *arg)
{
	return map_update(((struct map_target *)arg)->fd, key, value, MAP_ANY);
}

static int remove_key(const void *key, void *arg)
{
	int rc = map_delete(((struct map_target *)arg)->fd, key);

	return rc == -ENOENT ? 0 : rc;
}

static void before_raise(void *arg)
{
	raise_begin(((struct map_target *)arg)->a);
}

static int add_entry(const void *key, const void *value, void *arg)
{
	entries_add(arg, key, value);
	return 0;
}

int map_read(int fd, struct entries *out, struct err *e)
{
	int rc = map_each(fd, add_entry, out, e);

	entries_sort(out);
	return rc;
}

const char *map_failure(int error)
{
	bool is_full = error == -E2BIG || error == -ENOSPC;

	return is_full ? "the map is full" : strerror(-error);
}

static void aim(struct changes_policy *policy, struct map_target *t)
{
	policy->update = update;
	policy->remove = remove_key;
	policy->before_raise = before_raise;
	policy->arg = t;
}

void map_apply(struct changes_policy *policy, struct map_target *t,
	       const struct entries *have, const struct entries *want,
	       struct changes *out)
{
	aim(policy, t);
	changes_apply(policy, have, want, out);
}

void map_change(struct changes_policy *policy, struct map_target *t,
		const struct entries *have, const struct entries *changes,
		struct changes *out)
{
	aim(policy, t);
	for (size_t i = 0; i < changes->n; i++) {
		const void *key = entries_key(changes, i);

		changes_apply_one(policy, key, entries_find(have, key),
				  entries_value(changes, i), out);
	}
}

void map_remove(struct changes_policy *policy, struct map_target *t,
		const struct entries *have, const struct entries *keys,
		struct changes *out)
{
	aim(policy, t);
	policy->sweep = true;
	for (size_t i = 0; i < keys->n; i++) {
		const void *key = entries_key(keys, i);

		changes_apply_one(policy, key, entries_find(have, key), NULL,
				  out);
	}
}

static void apply(struct changes_policy *policy, const char *name,
		  const struct entries *want, struct changes *out,
		  struct problems *p)
{
	struct map_target *t = policy->arg;
	unsigned int failed = out->failed;
	struct entries have;
	struct err e = {0};

	entries_init(&have, want->key_size, want->value_size);
	if (map_read(t->fd, &have, &e))
		problems_add(p, "%s: %s", name, e.msg);
	else
		map_apply(policy, t, &have, want, out);
	if (out->failed != failed)
		problems_add(p, "%s: %u entries could not be written: %s", name,
			     out->failed - failed, map_failure(out->error));
	entries_free(&have);
}

static void apply_plain(struct agent *a, int fd, const char *name,
			const struct entries *want, struct changes *out,
			struct problems *p)
{
	struct map_target t = {a, fd, 0};
	struct changes_policy policy = {
		.sweep = agent_is_synced(a),
		.arg = &t,
	};

	apply(&policy, name, want, out, p);
}

/* ---- fl_masquerade: as large as fl_routes has nodes ------------------- */

static void refresh_masquerade(struct agent *a, struct problems *p)
{
	struct err e = {0};

	entries_free(&a->found_masquerade);
	a->found_masquerade_is_old =
		map_read(a->maps.masquerade, &a->found_masquerade, &e);
	if (a->found_masquerade_is_old)
		problems_add(p, FL_MAP_MASQUERADE ": %s", e.msg);
}

static void apply_masquerade(struct agent *a, struct changes *out,
			     struct problems *p)
{
	struct entries *have = &a->found_masquerade;
	struct entries *want = &a->desired.masquerade;
	struct map_target t = {a, a->maps.masquerade, 0};
	struct changes_policy policy = {.sweep = agent_is_synced(a)};
	struct changes done = {.raise = out->raise};

	if (a->found_masquerade_is_old)
		refresh_masquerade(a, p);
	if (a->found_masquerade_is_old)
		return;
	map_apply(&policy, &t, have, want, &done);
	if (done.failed)
		problems_add(p,
			     FL_MAP_MASQUERADE
			     ": %u entries could not be written: %s",
			     done.failed, map_failure(done.error));
	/* What is not as it should be is looked at again. */
	a->found_masquerade_is_old = done.failed || done.kept;
	entries_free(have);
	*have = *want;
	entries_init(want, have->key_size, have->value_size);
	changes_sum(out, &done);
}

/* ---- fl_routes ------------------------------------------------------ */

static bool route_raises(const void *have, const void *want)
{
	return !have || !want || !views_same_frame(VIEW_ROUTES, have, want);
}

static void tell_failed_routes(const struct agent *a, unsigned int failed,
			       int error, struct problems *p)
{
	size_t want = a->desired.routes.n;
	unsigned int room;

	if (!map_max_entries(a->maps.routes, &room) && want >= room)
		problems_add(p,
			     FL_MAP_ROUTES
			     " has room for %u entries, the cluster needs %zu: "
			     "%u of them are not in force",
			     room, want, failed);
	else
		problems_add(p,
			     FL_MAP_ROUTES
			     ": %u entries could not be written: %s",
			     failed, map_failure(error));
}

static bool is_removal(const void *key, const void *have, const void *want,
		       void *arg)
{
	(void)key;
	(void)have;
	(void)arg;
	return !want;
}

/* What nobody wants waits for the other view, which does not come to hold as
 * long as there is no room for what is wanted. */
static void make_room(struct agent *a, struct changes *out, struct problems *p)
{
	struct map_target t = {a, a->maps.routes, 0};
	struct changes_policy policy = {
		.sweep = true,
		.allowed = is_removal,
		.arg = &t,
	};
	struct err e = {0};

	map_apply(&policy, &t, &a->found_routes, &a->desired.routes, out);
	entries_free(&a->found_routes);
	if (map_read(t.fd, &a->found_routes, &e))
		problems_add(p, FL_MAP_ROUTES ": %s", e.msg);
	log_warn(FL_MAP_ROUTES " was full: what is nobody's made room",
		 "removed=%u", out->removed);
}

/* Returns whether all of it is written. */
static bool stage_routes(struct agent *a, bool all, struct changes *out,
			 struct problems *p)
{
	struct map_target t = {a, a->maps.routes, 0};
	struct changes_policy policy = {
		.sweep = all && agent_is_synced(a),
		.raises = route_raises,
		.arg = &t,
	};
	struct entries none;
	unsigned int failed;

	entries_init(&none, sizeof(struct fl_prefix), sizeof(struct fl_route));
	failed = view_stage(a, VIEW_ROUTES, &policy, &a->found_routes,
			    all ? &a->desired.routes : &none, out);
	if (failed)
		tell_failed_routes(a, failed, out->error, p);
	if (failed && out->error == -ENOSPC && policy.sweep)
		make_room(a, out, p);
	a->found_routes_are_old |= failed;
	return !failed;
}

unsigned int reconcile_routes_write(struct agent *a, const struct entries *now,
				    const struct entries *want,
				    struct changes *out)
{
	const struct views v = {VIEW_ROUTES, a->found.view, true,
				&a->found_routes};
	struct map_target t = {a, a->maps.routes, 0};
	struct changes_policy policy = {
		.sweep = true,
		.raises = route_raises,
		.arg = &t,
	};
	unsigned int failed =
		view_write(a, &v, &policy, &a->found_routes, now, want, out);

	a->found_routes_are_old |= failed;
	return failed;
}

/* ---- all of them ---------------------------------------------------- */

static bool stage(struct agent *a, bool all, struct changes *out,
		  struct problems *p)
{
	struct desired *d = &a->desired;
	unsigned int failed;
	bool whole;

	if (!reconcile_policy_stage(a, all && !d->keep_policy, out)) {
		reconcile_compute_kept(a);
		reconcile_policy_stage(a, false, out);
	}
	whole = stage_routes(a, all, out, p);
	if (all) {
		apply_masquerade(a, out, p);
		apply_plain(a, a->maps.uplinks, FL_MAP_UPLINKS, &d->uplinks,
			    out, p);
	}
	failed = out->failed;
	reconcile_endpoints(a, out, p);
	return whole && out->failed == failed;
}

void reconcile_maps(struct agent *a, bool all, struct changes *out,
		    struct problems *p)
{
	struct err e = {0};
	bool whole;

	view_begin(a);
	whole = stage(a, all, out, p);
	out->raise |= a->raise;
	if (view_turn(a, whole, all, &out->raise, &e)) {
		problems_add(p, FL_MAP_CONFIG ": %s", e.msg);
		a->raise = out->raise;
		return;
	}
	if (out->raise)
		reconcile_raised(a);
	a->raise = false;
	if (whole && all && !a->desired.keep_policy) {
		policies_commit(&a->policies);
		a->policies_are_current = true;
	}
}
