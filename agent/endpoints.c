/* SPDX-License-Identifier: Apache-2.0 */
#include "endpoints.h"

#include <stdlib.h>
#include <string.h>

#include "../lib/cleanup.h"
#include "memory.h"

static int add(const struct endpoint_record *r, void *arg)
{
	struct endpoints *list = arg;

	list->items = list_room(list->items, list->room, list->n);
	list->items[list->n++] = *r;
	return 0;
}

int endpoints_read(struct endpoints *list, const char *state_dir, struct err *e)
{
	__cleanup(endpoints_free) struct endpoints new = {0};
	int rc = endpoint_record_each(state_dir, add, &new, &new.n_bad, e);

	if (rc) {
		list->complete = false;
		return rc;
	}
	new.complete = !new.n_bad;
	endpoints_free(list);
	*list = new;
	memset(&new, 0, sizeof(new));
	return 0;
}

void endpoints_free(struct endpoints *list)
{
	free(list->items);
	memset(list, 0, sizeof(*list));
}

static size_t find(const struct endpoints *list, const char *container_id,
		   const char *ifname)
{
	size_t i = 0;

	while (i < list->n &&
	       (strcmp(list->items[i].container_id, container_id) ||
		strcmp(list->items[i].ifname, ifname)))
		i++;
	return i;
}

const struct endpoint_record *endpoints_find(const struct endpoints *list,
					     const char *container_id,
					     const char *ifname)
{
	size_t i = find(list, container_id, ifname);

	return i < list->n ? &list->items[i] : NULL;
}

const struct endpoint_record *endpoints_find_addr(const struct endpoints *list,
						  const struct fl_addr *addr)
{
	for (size_t i = 0; i < list->n; i++)
		for (int j = 0; j < list->items[i].n_addrs; j++)
			if (addr_equal(&list->items[i].addrs[j], addr))
				return &list->items[i];
	return NULL;
}

void endpoints_put(struct endpoints *list, const struct endpoint_record *r)
{
	size_t i = find(list, r->container_id, r->ifname);

	if (i < list->n)
		list->items[i] = *r;
	else
		add(r, list);
}

void endpoints_drop(struct endpoints *list, const char *container_id,
		    const char *ifname)
{
	size_t i = find(list, container_id, ifname);

	if (i < list->n)
		list->items[i] = list->items[--list->n];
}

bool endpoint_has_device(const struct endpoint_record *r, const struct facts *f)
{
	const struct link_info *l = facts_link(f, r->ifindex);

	return l && !strcmp(l->name, r->host_device);
}

struct fl_endpoint endpoint_entry(const struct endpoint_record *r)
{
	struct fl_endpoint entry = {
		.ifindex = r->ifindex,
		.mtu = r->mtu,
	};

	for (int i = 0; i < FL_VIEWS; i++)
		entry.view[i].identity = FL_IDENTITY_POD;
	memcpy(entry.mac, r->mac, sizeof(entry.mac));
	return entry;
}
