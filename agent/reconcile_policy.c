/* SPDX-License-Identifier: Apache-2.0 */
#include "reconcile.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../loader/loader.h"
#include "denied.h"
#include "memory.h"
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
		a->unsettled |= views_differ(VIEW_POLICY, &a->found_policy);
		a->found_policy_is_old = false;
	}
	map_lookup(a->maps.config, &zero, &cfg);
	f->missing = a->desired.missing;
	f->synced = agent_is_synced(a);
	f->view = cfg.epoch & FL_EPOCH_VIEW;
	f->enforced = cfg.flags[f->view] & FL_CONFIG_PENDING_DENY ||
		      a->found_policy.n;
	f->routes = &a->found_routes;
	f->endpoints = &a->found_endpoints;
	if (map_max_entries(a->maps.policy, &f->max_entries))
		f->max_entries = 0;
}

/* ---- compute -------------------------------------------------------- */

void reconcile_compute(struct agent *a, struct problems *p)
{
	const struct inputs in = agent_inputs(a);

	node_ids_update(&a->ids, in.model, &a->found_routes);
	desired_compute(&in, &a->desired);
	find(a, p);
	read_again(a->maps.endpoints, FL_MAP_ENDPOINTS, &a->found_endpoints, p);
	a->unsettled |= views_differ(VIEW_ENDPOINTS, &a->found_endpoints);
	policies_update(&in, &a->desired.node, &a->found, &a->policies);
	policies_join(&in, &a->found, &a->policies, &a->desired);
}

void reconcile_compute_kept(struct agent *a)
{
	const struct inputs in = agent_inputs(a);

	desired_compute(&in, &a->desired);
	policies_join(&in, &a->found, &a->policies, &a->desired);
}

/* ---- fl_policy ------------------------------------------------------ */

/* Fewer allowed never opens anything. */
static bool makes_room(const void *key, const void *have, const void *want,
		       void *arg)
{
	struct fl_policy_entry entry;

	(void)key;
	if (want)
		return false;
	memcpy(&entry, have, sizeof(entry));
	return entry.verdict[((struct map_target *)arg)->a->found.view] ==
	       FL_ALLOW;
}

/* What the view that holds says must not have changed. */
static bool is_never(const void *have, const void *want)
{
	(void)have;
	(void)want;
	return false;
}

static struct changes_policy policy_of(struct map_target *t)
{
	return (struct changes_policy){
		.sweep = true,
		.raises = is_never,
		.arg = t,
	};
}

static unsigned int apply(struct agent *a, const struct entries *have,
			  const struct entries *want, struct changes *out)
{
	struct map_target t = {a, a->maps.policy, 0};
	struct changes_policy policy = policy_of(&t);
	unsigned int failed = out->failed;

	map_apply(&policy, &t, have, want, out);
	return out->failed - failed;
}

static void copy(const struct entries *from, struct entries *to)
{
	entries_free(to);
	for (size_t i = 0; i < from->n; i++)
		entries_add(to, entries_key(from, i), entries_value(from, i));
}

/* Whatever the map holds by now. */
static void roll_back(struct agent *a, const struct entries *before,
		      struct changes *out)
{
	struct entries now;
	struct err e;

	entries_init(&now, before->key_size, before->value_size);
	if (!map_read(a->maps.policy, &now, &e))
		apply(a, &now, before, out);
	copy(before, &a->found_policy);
	entries_free(&now);
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

/* Then the view that holds allows less than both the old and the new. */
static void make_room(struct agent *a, const struct entries *want,
		      struct changes *out)
{
	struct map_target t = {a, a->maps.policy, 0};
	struct changes_policy policy = policy_of(&t);
	struct problems p = {0};

	policy.allowed = makes_room;
	policy.raises = NULL;
	map_apply(&policy, &t, &a->found_policy, want, out);
	read_again(t.fd, FL_MAP_POLICY, &a->found_policy, &p);
	problems_free(&p);
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

static bool stage_change(struct agent *a, const struct entries *before,
			 struct changes *out)
{
	const struct entries *want = &a->desired.policy;
	struct map_target t = {a, a->maps.policy, 0};
	struct changes_policy policy = policy_of(&t);
	struct changes done = {.raise = out->raise};

	if (is_tight(a, want))
		make_room(a, want, &done);
	if (view_stage(a, VIEW_POLICY, &policy, &a->found_policy, want,
		       &done)) {
		refuse(a, done.error);
		roll_back(a, before, &done);
		a->turn = false;
		out->raise |= done.raise;
		return false;
	}
	out->raise |= done.raise;
	out->added += done.added;
	out->changed += done.changed;
	out->removed += done.removed;
	return true;
}

bool reconcile_policy_stage(struct agent *a, bool change, struct changes *out)
{
	struct map_target t = {a, a->maps.policy, 0};
	struct changes_policy policy = policy_of(&t);
	struct entries before, none;
	bool ok;

	entries_init(&before, a->found_policy.key_size,
		     a->found_policy.value_size);
	entries_init(&none, before.key_size, before.value_size);
	if (!change) {
		policy.sweep = false;
		view_stage(a, VIEW_POLICY, &policy, &a->found_policy, &none,
			   out);
		return true;
	}
	copy(&a->found_policy, &before);
	ok = stage_change(a, &before, out);
	entries_free(&before);
	return ok;
}

/* ---- one pod -------------------------------------------------------- */

/* Numbers that are in force: whatever is written for others, no packet of
 * today meets it. */
struct in_force {
	bool *identities, *policy_ids;
	__u32 n_identities, n_policy_ids;
	bool only_others;
};

static void mark(bool *list, __u32 n, __u32 number)
{
	if (number < n)
		list[number] = true;
}

static void find_in_force(const struct policy_compiled *c, struct in_force *f)
{
	f->n_identities = FL_IDENTITY_FIRST_FREE;
	for (size_t i = 0; i < c->n_identities; i++)
		if (c->identities[i].identity >= f->n_identities)
			f->n_identities = c->identities[i].identity + 1;
	for (size_t i = 0; i < c->n_groups; i++)
		if (c->groups[i].policy_id >= f->n_policy_ids)
			f->n_policy_ids = c->groups[i].policy_id + 1;
	f->identities = memory_alloc(f->n_identities);
	f->policy_ids = memory_alloc(f->n_policy_ids + 1);
	memset(f->identities, true, FL_IDENTITY_FIRST_FREE);
	for (size_t i = 0; i < c->n_identities; i++)
		mark(f->identities, f->n_identities, c->identities[i].identity);
	for (size_t i = 0; i < c->n_groups; i++)
		mark(f->policy_ids, f->n_policy_ids, c->groups[i].policy_id);
}

static int look_at(const void *key, const void *have, const void *want,
		   void *arg)
{
	const struct fl_policy_key *k = key;
	struct in_force *f = arg;
	bool group =
		k->policy_id < f->n_policy_ids && f->policy_ids[k->policy_id];
	bool identity =
		k->identity == FL_IDENTITY_ANY ||
		(k->identity < f->n_identities && f->identities[k->identity]);

	if (have || !want || (group && identity))
		f->only_others = false;
	return !f->only_others; /* on with it */
}

static bool is_for_others(const struct agent *a, const struct entries *want)
{
	struct in_force f = {.only_others = a->policies.has_good};

	find_in_force(&a->policies.good, &f);
	entries_diff(&a->found_policy, want, look_at, &f);
	free(f.identities);
	free(f.policy_ids);
	return f.only_others;
}

static bool add_entries(struct agent *a)
{
	struct changes changes = {0};
	struct entries want, before;
	bool ok;

	entries_init(&want, a->found_policy.key_size,
		     a->found_policy.value_size);
	entries_init(&before, want.key_size, want.value_size);
	policies_entries(&a->policies, &want);
	ok = !is_tight(a, &want) && is_for_others(a, &want);
	if (ok && apply(a, &a->found_policy, &want, &changes)) {
		copy(&a->found_policy, &before);
		roll_back(a, &before, &changes);
		ok = false;
	}
	if (ok) {
		copy(&want, &a->found_policy);
		policies_commit(&a->policies);
	}
	entries_free(&want);
	entries_free(&before);
	return ok;
}

bool reconcile_policy_endpoint(struct agent *a)
{
	const struct inputs in = agent_inputs(a);
	struct problems p = {0};
	bool ok = true;

	if (!in.model->n[OBJECT_POLICY] && !a->policies.n && !a->found.enforced)
		return true;
	view_settle(a);
	find(a, &p);
	policies_update(&in, &a->desired.node, &a->found, &a->policies);
	if (a->policies.kept[0])
		read_again(a->maps.endpoints, FL_MAP_ENDPOINTS,
			   &a->found_endpoints, &p);
	else
		ok = add_entries(a);
	problems_free(&p); /* the next pass meets them too, and tells */
	a->policy_file_is_old = true;
	reconcile_soon(a);
	return ok;
}

/* ---- maps that are new ---------------------------------------------- */

static void hold_pods_back(struct fl_config *cfg, void *arg)
{
	(void)arg;
	for (int i = 0; i < FL_VIEWS; i++)
		cfg->flags[i] |= FL_CONFIG_PENDING_DENY;
}

/* Whoever took the maps away (an unmounted bpffs, an unload, an older layout),
 * the node had policies when node.json was written: until all is known again,
 * they are in force. */
int reconcile_policy_recover(struct agent *a, struct err *e)
{
	struct err unreadable = {0};
	struct node_facts node;

	if (node_facts_read(a->config.state_dir, &node, &unreadable) ||
	    node.default_verdict != DEFAULT_DENY)
		return 0;
	return config_map_change(a->config.bpf_root, hold_pods_back, NULL, e);
}

/* ---- policy.json ---------------------------------------------------- */

/* Of a pass whose policies are not in force, the world is not the one that
 * policies.good was made of: neither its numbers nor its objects are there. */
void reconcile_policy_file(struct agent *a, struct problems *p)
{
	struct fl_config cfg = {0};
	struct err e = {0};
	__u32 zero = 0;
	char *text;

	if (!a->policy_file_is_old || !a->policies_are_current)
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
