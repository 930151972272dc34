/* SPDX-License-Identifier: Apache-2.0 */
#include "endpoint.h"

#include <errno.h>
#include <net/if.h>
#include <stdlib.h>
#include <string.h>

#include "../lib/cleanup.h"
#include "../loader/loader.h"
#include "alloc.h"

static const char *const fault_names[ENDPOINT_FAULTS_MAX] = {
	"pending", "detached", "no-device", "not-in-map", "no-record",
};

const char *endpoint_fault_name(unsigned int bit)
{
	return fault_names[bit];
}

const char *endpoint_faults(unsigned int faults, char buf[ENDPOINT_FAULTS_LEN])
{
	strcpy(buf, faults ? "" : "ok");
	for (unsigned int bit = 0; bit < ENDPOINT_FAULTS_MAX; bit++)
		if (faults & 1U << bit) {
			if (*buf)
				strcat(buf, ",");
			strcat(buf, fault_names[bit]);
		}
	return buf;
}

const char *endpoint_addrs(const struct endpoint_view *v,
			   char buf[ENDPOINT_ADDRS_LEN])
{
	char *at = buf;

	*at = '\0';
	for (int i = 0; i < v->n_addrs; i++) {
		if (i)
			*at++ = ',';
		addr_format(&v->addrs[i], at);
		at += strlen(at);
	}
	return buf;
}

/* ---- files and map, held together ------------------------------------ */

static struct endpoint_view *add_view(struct endpoints *eps)
{
	eps->list =
		must_grow(eps->list, eps->n, &eps->room, sizeof(*eps->list));
	eps->list[eps->n] = (struct endpoint_view){0};
	return &eps->list[eps->n++];
}

static void from_record(struct endpoints *eps, const struct endpoint_record *r)
{
	struct endpoint_view *v = add_view(eps);

	v->record = r;
	v->ifindex = r->ifindex;
	snprintf(v->device, sizeof(v->device), "%s", r->host_device);
	memcpy(v->addrs, r->addrs, sizeof(v->addrs));
	v->n_addrs = r->n_addrs;
	v->mtu = r->mtu;
	memcpy(v->mac, r->mac, sizeof(v->mac));
	v->faults = ENDPOINT_NOT_IN_MAP;
}

static struct endpoint_view *view_of(struct endpoints *eps,
				     unsigned int ifindex)
{
	for (size_t i = 0; i < eps->n; i++)
		if (eps->list[i].ifindex == ifindex)
			return &eps->list[i];
	return NULL;
}

static bool has_addr(const struct endpoint_view *v, const struct fl_addr *a)
{
	for (int i = 0; i < v->n_addrs; i++)
		if (addr_equal(&v->addrs[i], a))
			return true;
	return false;
}

static void from_entry(struct endpoints *eps, const struct endpoint_entry *en,
		       const struct fl_endpoint_view *policy)
{
	struct endpoint_view *v = view_of(eps, en->value.ifindex);

	if (!v) {
		v = add_view(eps);
		v->ifindex = en->value.ifindex;
		v->faults = ENDPOINT_NO_RECORD;
	}
	if (!has_addr(v, &en->addr)) {
		v->faults |= ENDPOINT_NO_RECORD;
		if (v->n_addrs < STATE_ADDRS_MAX)
			v->addrs[v->n_addrs++] = en->addr;
	}
	v->identity = policy->identity;
	v->policy_id = policy->policy_id;
	v->flags = policy->flags;
	v->mtu = en->value.mtu;
	memcpy(v->mac, en->value.mac, sizeof(v->mac));
	if (policy->flags & FL_ENDPOINT_PENDING)
		v->faults |= ENDPOINT_IS_PENDING;
}

static bool is_in_map(const struct endpoint_view *v, const struct fl_addr *a,
		      const struct endpoint_entry *entries, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (entries[i].value.ifindex == v->ifindex &&
		    addr_equal(&entries[i].addr, a))
			return true;
	return false;
}

static int by_ifindex(const void *a, const void *b)
{
	const struct endpoint_view *x = a, *y = b;

	return x->ifindex < y->ifindex ? -1 : x->ifindex > y->ifindex;
}

void endpoint_list_join(struct endpoints *out,
			const struct endpoint_entry *entries, size_t n,
			unsigned int view)
{
	for (size_t i = 0; i < out->pods.n; i++)
		from_record(out, &out->pods.list[i]);
	for (size_t i = 0; i < n; i++)
		from_entry(out, &entries[i], &entries[i].value.view[view]);
	for (size_t i = 0; i < out->n; i++) {
		struct endpoint_view *v = &out->list[i];
		bool all = v->n_addrs > 0;

		for (int a = 0; a < v->n_addrs; a++)
			all = all && is_in_map(v, &v->addrs[a], entries, n);
		if (all)
			v->faults &= ~ENDPOINT_NOT_IN_MAP;
	}
	if (out->n)
		qsort(out->list, out->n, sizeof(*out->list), by_ifindex);
}

/* ---- finding --------------------------------------------------------- */

static const struct endpoint_view *find_name(const struct endpoints *eps,
					     const char *name, struct err *e)
{
	const struct endpoint_view *found = NULL;

	for (size_t i = 0; i < eps->n; i++) {
		const struct endpoint_view *v = &eps->list[i];

		if (!v->record || !pod_matches(v->record, name))
			continue;
		if (found) {
			err_set(e, EINVAL,
				"more than one pod is called %s: say "
				"NAMESPACE/NAME or an address",
				name);
			return NULL;
		}
		found = v;
	}
	if (!found)
		err_set(e, ENODEV,
			"no pod %s on this node (see `fairlead endpoints`)",
			name);
	return found;
}

const struct endpoint_view *endpoint_find(const struct endpoints *eps,
					  const char *wanted, struct err *e)
{
	struct fl_addr addr;

	if (addr_parse(wanted, &addr))
		return find_name(eps, wanted, e);
	for (size_t i = 0; i < eps->n; i++)
		if (has_addr(&eps->list[i], &addr))
			return &eps->list[i];
	err_set(e, ENODEV, "no pod of this node has the address %s", wanted);
	return NULL;
}

const struct endpoint_view *endpoint_by_ifindex(const struct endpoints *eps,
						unsigned int ifindex)
{
	return view_of((struct endpoints *)eps, ifindex);
}

/* ---- reading --------------------------------------------------------- */

struct entry_list {
	struct endpoint_entry *list;
	size_t n, room;
};

static int keep(const void *key, const void *value, void *arg)
{
	struct entry_list *l = arg;

	l->list = must_grow(l->list, l->n, &l->room, sizeof(*l->list));
	memcpy(&l->list[l->n].addr, key, sizeof(l->list[0].addr));
	memcpy(&l->list[l->n].value, value, sizeof(l->list[0].value));
	l->n++;
	return 0;
}

/* A device of another name behind the same number is another device. */
static void check_device(const struct ctl *c, struct endpoint_view *v)
{
	char name[IF_NAMESIZE];
	struct err ignored;

	if (!v->ifindex || !if_indextoname(v->ifindex, name) ||
	    (v->device[0] && strcmp(name, v->device))) {
		v->faults |= ENDPOINT_NO_DEVICE;
		return;
	}
	strcpy(v->device, name);
	if (attach_verify(c->bpf_root, v->ifindex, ATTACH_POD, &ignored) ==
	    -ENOENT)
		v->faults |= ENDPOINT_IS_DETACHED;
}

int endpoint_list_read(const struct ctl *c, struct endpoints *out,
		       struct err *e)
{
	__cleanup(fd_close) int fd = ctl_map_open(c, FL_MAP_ENDPOINTS, e);
	struct entry_list entries = {0};
	int rc = fd < 0 ? fd : pods_read(c->state_dir, &out->pods, e);

	if (!rc)
		rc = map_each(fd, keep, &entries, e);
	if (!rc)
		endpoint_list_join(out, entries.list, entries.n, ctl_view(c));
	free(entries.list);
	for (size_t i = 0; !rc && i < out->n; i++)
		check_device(c, &out->list[i]);
	return rc;
}

void endpoint_list_free(struct endpoints *eps)
{
	pods_free(&eps->pods);
	free(eps->list);
	*eps = (struct endpoints){0};
}
