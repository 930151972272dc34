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
	fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	if (fd >= 0)
		close(fd);
}

static int raise_end(struct agent *a, struct err *e)
{
	char path[512];
	int rc = epoch_raise(a->config.bpf_root, e);

	raise_path(a, path);
	if (!rc)
		unlink(path);
	return rc;
}

int reconcile_maps_recover(struct agent *a, struct err *e)
{
	char path[512];

	raise_path(a, path);
	if (access(path, F_OK))
		return 0;
	log_info("epoch raised, an earlier agent died before it could", NULL);
	return raise_end(a, e);
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

void map_apply(struct changes_policy *policy, struct map_target *t,
	       const struct entries *have, const struct entries *want,
	       struct changes *out)
{
	policy->update = update;
	policy->remove = remove_key;
	policy->before_raise = before_raise;
	policy->arg = t;
	changes_apply(policy, have, want, out);
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
			     out->failed - failed, strerror(-out->error));
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

/* ---- fl_endpoints --------------------------------------------------- */

/* Clearing "pending" and adding what was missing leave decisions right: who
 * was held back has none. */
static bool endpoint_raises(const void *have, const void *want)
{
	struct fl_endpoint before, after;

	if (!have || !want)
		return have;
	memcpy(&before, have, sizeof(before));
	memcpy(&after, want, sizeof(after));
	if (!(after.flags & FL_ENDPOINT_PENDING))
		before.flags &= ~FL_ENDPOINT_PENDING;
	return memcmp(&before, &after, sizeof(before));
}

/* Is there a pod's device with this number, whosever it is? */
static bool has_pod_device(struct agent *a, unsigned int ifindex)
{
	struct link_info l;
	struct err e;
	int rc = link_get_index(a->net, ifindex, &l, &e);

	if (rc)
		return rc != -ENODEV;
	return !strcmp(l.kind, "veth") && !strncmp(l.name, "fl_", 3);
}

static bool is_another_pods(const struct endpoints *list, unsigned int ifindex)
{
	for (size_t i = 0; i < list->n; i++)
		if (list->items[i].ifindex == ifindex)
			return true;
	return false;
}

/* Two signs: no record names the address, and its device is gone. A plugin in
 * the middle of an ADD has a device; one that died there is cleaned up after
 * by DEL or GC. */
static bool is_dead(struct agent *a, const struct fl_addr *addr,
		    const struct fl_endpoint *entry)
{
	if (!a->endpoints.complete || endpoints_find_addr(&a->endpoints, addr))
		return false;
	return !has_pod_device(a, entry->ifindex) ||
	       is_another_pods(&a->endpoints, entry->ifindex);
}

/* The plugin may have been faster than this pass: look again. */
static bool is_alive(struct agent *a, const struct fl_addr *addr,
		     const struct fl_endpoint *entry)
{
	const struct endpoint_record *known =
		endpoints_find_addr(&a->endpoints, addr);
	struct endpoint_record now;
	struct err e;

	return known &&
	       !endpoint_record_read(a->config.state_dir, known->container_id,
				     known->ifname, &now, &e) &&
	       now.ifindex == entry->ifindex &&
	       has_pod_device(a, entry->ifindex);
}

static bool endpoint_allowed(const void *key, const void *have,
			     const void *want, void *arg)
{
	struct agent *a = ((struct map_target *)arg)->a;

	return want ? is_alive(a, key, want) : is_dead(a, key, have);
}

static void apply_endpoints(struct agent *a, struct changes *out,
			    struct problems *p)
{
	struct map_target t = {a, a->maps.endpoints, 0};
	struct changes_policy policy = {
		.sweep = true,
		.allowed = endpoint_allowed,
		.raises = endpoint_raises,
		.arg = &t,
	};

	apply(&policy, FL_MAP_ENDPOINTS, &a->desired.endpoints, out, p);
}

void reconcile_raise_soon(struct agent *a)
{
	raise_begin(a);
	a->raise = true;
	reconcile_soon(a);
}

static int write_endpoint(struct agent *a, const struct endpoint_record *r,
			  const struct fl_addr *addr, struct err *e)
{
	struct map_target t = {a, a->maps.endpoints, 0};
	struct fl_endpoint want = endpoint_entry(r), have;
	bool there = !map_lookup(t.fd, addr, &have);
	int rc;

	policies_set_endpoint(&a->policies, &a->found, addr, &want);
	if (there && !memcmp(&have, &want, sizeof(have)))
		return 0;
	if (there && endpoint_raises(&have, &want))
		reconcile_raise_soon(a);
	rc = update(addr, &want, &t);
	return rc ? err_sys(e, -rc, FL_MAP_ENDPOINTS) : 0;
}

int reconcile_endpoint(struct agent *a, const char *container_id,
		       const char *ifname, struct err *e)
{
	struct endpoint_record r;
	int rc = endpoint_record_read(a->config.state_dir, container_id, ifname,
				      &r, e);

	if (rc)
		return rc;
	endpoints_put(&a->endpoints, &r);
	reconcile_policy_endpoint(a);
	for (int i = 0; !rc && i < r.n_addrs; i++)
		rc = write_endpoint(a, &r, &r.addrs[i], e);
	return rc;
}

void reconcile_endpoint_gone(struct agent *a,
			     const struct endpoint_record *record)
{
	struct map_target t = {a, a->maps.endpoints, 0};
	struct fl_endpoint have;

	for (int i = 0; i < record->n_addrs; i++) {
		const struct fl_addr *addr = &record->addrs[i];

		if (map_lookup(t.fd, addr, &have) ||
		    have.ifindex != record->ifindex)
			continue; /* gone, or another pod's by now */
		reconcile_raise_soon(a);
		remove_key(addr, &t);
	}
}

/* ---- fl_config ------------------------------------------------------ */

static void set_config(struct fl_config *cfg, void *arg)
{
	struct fl_config want = *(const struct fl_config *)arg;
	struct fl_config before = *cfg;

	want.epoch = cfg->epoch;
	*cfg = want;
	before.events_per_second = want.events_per_second;
	/* 0 is the epoch of a map that nobody has set up. */
	if (memcmp(&before, cfg, sizeof(before)) && !++cfg->epoch)
		cfg->epoch = 1;
}

/* ---- all of them ---------------------------------------------------- */

void reconcile_maps(struct agent *a, bool all, struct changes *out,
		    struct problems *p)
{
	struct desired *d = &a->desired;
	struct err e = {0};

	if (all && !d->keep_policy && !reconcile_policy_add(a, &d->policy, out))
		reconcile_compute_kept(a);
	if (all) {
		apply_plain(a, a->maps.routes, FL_MAP_ROUTES, &d->routes, out,
			    p);
		apply_plain(a, a->maps.masquerade, FL_MAP_MASQUERADE,
			    &d->masquerade, out, p);
		apply_plain(a, a->maps.uplinks, FL_MAP_UPLINKS, &d->uplinks,
			    out, p);
	}
	apply_endpoints(a, out, p);
	if (all &&
	    config_map_change(a->config.bpf_root, set_config, &d->config, &e))
		problems_add(p, FL_MAP_CONFIG ": %s", e.msg);
	if (all && !d->keep_policy)
		reconcile_policy_remove(a, out, p);
	if (!out->raise && !a->raise)
		return;
	out->raise = true;
	a->raise = raise_end(a, &e);
	if (a->raise)
		problems_add(p, "raise the epoch: %s", e.msg);
}
