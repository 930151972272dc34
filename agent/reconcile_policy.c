/* SPDX-License-Identifier: Apache-2.0 */
#include "reconcile.h"

#include <stdio.h>
#include <string.h>

#include "../loader/loader.h"
#include "denied.h"
#include "policy_file.h"

/* ---- what the maps hold --------------------------------------------- */

static void read_again(int fd, const char *name, struct entries *out,
		       struct problems *p)
{
	struct err e = {0};

	entries_free(out);
	if (map_read(fd, out, &e))
		problems_add(p, "%s: %s", name, e.msg);
}

static void find(struct agent *a, struct problems *p)
{
	struct policies_found *f = &a->found;
	struct fl_config cfg = {0};
	__u32 zero = 0;

	if (a->found_policy_is_old) {
		read_again(a->maps.policy, FL_MAP_POLICY, &a->found_policy, p);
		a->found_policy_is_old = false;
	}
	map_lookup(a->maps.config, &zero, &cfg);
	f->missing = a->desired.missing;
	f->synced = agent_is_synced(a);
	f->enforced = cfg.flags & FL_CONFIG_PENDING_DENY || a->found_policy.n;
	f->routes = &a->found_routes;
	f->endpoints = &a->found_endpoints;
	if (map_max_entries(a->maps.policy, &f->max_entries))
		f->max_entries = 0;
}

/* ---- compute -------------------------------------------------------- */

static void join(struct agent *a, const struct inputs *in)
{
	struct problems p = {0};

	if (a->policies.kept[0])
		read_again(a->maps.endpoints, FL_MAP_ENDPOINTS,
			   &a->found_endpoints, &p);
	policies_join(in, &a->found, &a->policies, &a->desired);
	problems_free(&p);
}

void reconcile_compute(struct agent *a, struct problems *p)
{
	const struct inputs in = agent_inputs(a);

	node_ids_update(&a->ids, in.model, &a->found_routes);
	desired_compute(&in, &a->desired);
	find(a, p);
	policies_update(&in, &a->desired.node, &a->found, &a->policies);
	join(a, &in);
}

void reconcile_compute_kept(struct agent *a)
{
	const struct inputs in = agent_inputs(a);

	desired_compute(&in, &a->desired);
	join(a, &in);
}

/* ---- fl_policy ------------------------------------------------------ */

enum phase {
	PHASE_ALL,
	PHASE_MAKE_ROOM, /* fewer allowed never opens anything */
	PHASE_ADD,
	PHASE_REMOVE,
};

static bool is_of_phase(const void *key, const void *have, const void *want,
			void *arg)
{
	struct fl_policy_entry entry;

	(void)key;
	switch (((struct map_target *)arg)->phase) {
	case PHASE_MAKE_ROOM:
		if (want)
			return false;
		memcpy(&entry, have, sizeof(entry));
		return entry.verdict == FL_ALLOW;
	case PHASE_ADD:
		return want;
	case PHASE_REMOVE:
		return !want;
	}
	return true;
}

static unsigned int apply(struct agent *a, enum phase phase,
			  const struct entries *have,
			  const struct entries *want, struct changes *out)
{
	struct map_target t = {a, a->maps.policy, phase};
	struct changes_policy policy = {
		.sweep = true,
		.allowed = is_of_phase,
	};
	unsigned int failed = out->failed;

	map_apply(&policy, &t, have, want, out);
	return out->failed - failed;
}

/* Whatever the map holds by now. */
static void roll_back(struct agent *a, const struct entries *before,
		      struct changes *out)
{
	struct entries now;
	struct err e;

	entries_init(&now, before->key_size, before->value_size);
	if (!map_read(a->maps.policy, &now, &e)) {
		apply(a, PHASE_REMOVE, &now, before, out);
		apply(a, PHASE_ADD, &now, before, out);
	}
	entries_free(&now);
	a->found_policy_is_old = true;
}

static int count_new(const void *key, const void *have, const void *want,
		     void *arg)
{
	(void)key;
	(void)want;
	*(size_t *)arg += !have;
	return 0;
}

static bool is_tight(const struct agent *a, const struct entries *want)
{
	size_t sum = a->found_policy.n;

	entries_diff(&a->found_policy, want, count_new, &sum);
	return a->found.max_entries && sum >= a->found.max_entries;
}

static void refuse(struct agent *a, int error)
{
	char title[320];
	size_t largest = policies_largest(&a->policies, title, sizeof(title));

	policies_refuse(&a->policies,
			FL_MAP_POLICY " cannot be written: %s; the policies "
				      "need %zu entries, %.300s alone %zu",
			strerror(-error), a->policies.next.n_entries, title,
			largest);
}

bool reconcile_policy_add(struct agent *a, const struct entries *want,
			  struct changes *out)
{
	struct changes done = {.raise = out->raise};
	bool tight = is_tight(a, want);

	if (tight)
		apply(a, PHASE_MAKE_ROOM, &a->found_policy, want, &done);
	if (apply(a, PHASE_ADD, &a->found_policy, want, &done)) {
		refuse(a, done.error);
		roll_back(a, &a->found_policy, &done);
		out->raise |= done.raise;
		return false;
	}
	out->raise |= done.raise;
	out->added += done.added;
	out->changed += done.changed;
	out->removed += done.removed;
	return true;
}

static void copy(const struct entries *from, struct entries *to)
{
	entries_free(to);
	for (size_t i = 0; i < from->n; i++)
		entries_add(to, entries_key(from, i), entries_value(from, i));
}

void reconcile_policy_remove(struct agent *a, struct changes *out,
			     struct problems *p)
{
	const struct entries *want = &a->desired.policy;
	unsigned int failed =
		apply(a, PHASE_REMOVE, &a->found_policy, want, out);

	if (failed)
		problems_add(p,
			     FL_MAP_POLICY ": %u entries could not be "
					   "removed: %s",
			     failed, strerror(-out->error));
	copy(want, &a->found_policy);
	a->found_policy_is_old = failed;
	policies_commit(&a->policies);
}

/* ---- one pod -------------------------------------------------------- */

/* What the map holds after an addition: also what nobody wants any more. */
static void add_to_found(struct agent *a, const struct entries *want)
{
	struct entries *found = &a->found_policy, all;

	entries_init(&all, found->key_size, found->value_size);
	copy(want, &all);
	for (size_t i = 0; i < found->n; i++)
		if (!entries_find(want, entries_key(found, i)))
			entries_add(&all, entries_key(found, i),
				    entries_value(found, i));
	entries_sort(&all);
	entries_free(found);
	*found = all;
}

static void add_entries(struct agent *a)
{
	struct changes changes = {0};
	struct entries want;

	entries_init(&want, a->found_policy.key_size,
		     a->found_policy.value_size);
	policies_entries(&a->policies, &want);
	if (reconcile_policy_add(a, &want, &changes)) {
		add_to_found(a, &want);
		a->found_policy_is_old |= changes.removed;
		policies_commit(&a->policies);
	}
	entries_free(&want);
	if (changes.raise)
		reconcile_raise_soon(a);
}

void reconcile_policy_endpoint(struct agent *a)
{
	const struct inputs in = agent_inputs(a);
	struct problems p = {0};

	if (!in.model->n[OBJECT_POLICY] && !a->policies.n && !a->found.enforced)
		return;
	find(a, &p);
	policies_update(&in, &a->desired.node, &a->found, &a->policies);
	if (!a->policies.kept[0])
		add_entries(a);
	if (a->policies.kept[0])
		read_again(a->maps.endpoints, FL_MAP_ENDPOINTS,
			   &a->found_endpoints, &p);
	problems_free(&p); /* the next pass meets them too, and tells */
	a->policy_file_is_old = true;
	reconcile_soon(a);
}

/* ---- policy.json ---------------------------------------------------- */

void reconcile_policy_file(struct agent *a, struct problems *p)
{
	struct fl_config cfg = {0};
	struct err e = {0};
	__u32 zero = 0;
	char *text;

	if (!a->policy_file_is_old || a->policies.kept[0])
		return;
	map_lookup(a->maps.config, &zero, &cfg);
	text = policy_file_format(&a->policies, &a->endpoints, cfg.epoch);
	denied_update(a->config.bpf_root, &a->policies.good, &a->denied_names);
	if (policy_file_write(a->config.state_dir, text, &e))
		problems_add(p, "%s", e.msg);
	else
		a->policy_file_is_old = false;
	cJSON_free(text);
}
