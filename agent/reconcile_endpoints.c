/* SPDX-License-Identifier: Apache-2.0 */
/* fl_endpoints: the pods of this node. */
#include <errno.h>
#include <string.h>

#include "../loader/loader.h"
#include "reconcile.h"

/* ---- the map -------------------------------------------------------- */

/* What the views say shows when the other one comes to hold. */
static bool endpoint_raises(const void *have, const void *want)
{
	if (!have || !want)
		return have;
	return !views_same_frame(VIEW_ENDPOINTS, have, want);
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

	(void)have;
	return want && is_alive(a, key, want);
}

static bool endpoint_dies(const void *key, const void *have, const void *want,
			  void *arg)
{
	return !want && is_dead(((struct map_target *)arg)->a, key, have);
}

static struct changes_policy endpoint_policy(struct map_target *t)
{
	return (struct changes_policy){
		.allowed = endpoint_allowed,
		.raises = endpoint_raises,
		.arg = t,
	};
}

static void report(const struct changes *out, unsigned int failed_before,
		   struct problems *p)
{
	if (out->failed != failed_before)
		problems_add(p,
			     FL_MAP_ENDPOINTS
			     ": %u entries could not be written: %s",
			     out->failed - failed_before,
			     map_failure(out->error));
}

/* The dead go at once; of the others the view that does not hold is written. */
void reconcile_endpoints(struct agent *a, struct changes *out,
			 struct problems *p)
{
	struct map_target t = {a, a->maps.endpoints, 0};
	struct changes_policy policy = endpoint_policy(&t);
	unsigned int failed = out->failed;

	view_stage(a, VIEW_ENDPOINTS, &policy, &a->found_endpoints,
		   &a->desired.endpoints, out);
	policy.sweep = true;
	policy.allowed = endpoint_dies;
	map_apply(&policy, &t, &a->found_endpoints, &a->desired.endpoints, out);
	report(out, failed, p);
}

void reconcile_endpoints_settle(struct agent *a, struct changes *out,
				struct problems *p)
{
	struct map_target t = {a, a->maps.endpoints, 0};
	struct changes_policy policy = endpoint_policy(&t);
	unsigned int failed = out->failed;
	const struct views v = {VIEW_ENDPOINTS, a->found.view, false, NULL};
	struct entries have, want;
	struct err e = {0};

	entries_init(&have, sizeof(struct fl_addr), sizeof(struct fl_endpoint));
	entries_init(&want, have.key_size, have.value_size);
	if (map_read(t.fd, &have, &e))
		problems_add(p, FL_MAP_ENDPOINTS ": %s", e.msg);
	views_settle(&v, &have, NULL, &want, NULL, NULL);
	map_change(&policy, &t, &have, &want, out);
	report(out, failed, p);
	entries_free(&have);
	entries_free(&want);
}

/* ---- one pod -------------------------------------------------------- */

/* Clearing "pending" leaves decisions right: who was held back has none. */
static bool changes_decisions(const struct fl_endpoint *have,
			      const struct fl_endpoint *want, unsigned int view)
{
	struct fl_endpoint_view before = have->view[view];
	struct fl_endpoint_view after = want->view[view];

	if (!(after.flags & FL_ENDPOINT_PENDING))
		before.flags &= ~FL_ENDPOINT_PENDING;
	return !views_same_frame(VIEW_ENDPOINTS, have, want) ||
	       memcmp(&before, &after, sizeof(before));
}

static int write_endpoint(struct agent *a, const struct endpoint_record *r,
			  const struct fl_addr *addr, struct err *e)
{
	struct fl_endpoint want = endpoint_entry(r), have;
	bool there = !map_lookup(a->maps.endpoints, addr, &have);
	int rc;

	policies_set_endpoint(&a->policies, &a->found, addr, &want);
	if (there && !memcmp(&have, &want, sizeof(have)))
		return 0;
	if (there && changes_decisions(&have, &want, a->found.view))
		reconcile_raise_soon(a);
	rc = map_update(a->maps.endpoints, addr, &want, MAP_ANY);
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
	if (!reconcile_policy_endpoint(a))
		reconcile_now(a);
	for (int i = 0; !rc && i < r.n_addrs; i++)
		rc = write_endpoint(a, &r, &r.addrs[i], e);
	return rc;
}

void reconcile_endpoint_gone(struct agent *a,
			     const struct endpoint_record *record)
{
	int fd = a->maps.endpoints;
	struct fl_endpoint have;

	for (int i = 0; i < record->n_addrs; i++) {
		const struct fl_addr *addr = &record->addrs[i];

		if (map_lookup(fd, addr, &have) ||
		    have.ifindex != record->ifindex)
			continue; /* gone, or another pod's by now */
		reconcile_raise_soon(a);
		map_delete(fd, addr);
	}
}
