/* SPDX-License-Identifier: Apache-2.0 */
#include "entries.h"

#include <errno.h>
#include <string.h>

#include "../loader/loader.h"

static bool device_exists(struct link_ctx *host, unsigned int ifindex)
{
	struct link_info l;

	return link_get_index(host, ifindex, &l, NULL) != -ENODEV;
}

int entry_put(int map, struct link_ctx *host, const struct fl_addr *addr,
	      const struct fl_endpoint *value, bool *stale, struct err *e)
{
	struct fl_endpoint old;
	char text[ADDR_STRLEN];
	int ret, tries;

	for (tries = 0; tries < 3; tries++) {
		ret = map_update(map, addr, value, MAP_NOEXIST);
		if (ret != -EEXIST)
			break;
		ret = map_lookup(map, addr, &old);
		if (ret == -ENOENT)
			continue;
		if (ret)
			break;
		if (device_exists(host, old.ifindex))
			return err_set(e, EEXIST,
				       "address %s belongs to another pod, "
				       "endpoint %u",
				       addr_format(addr, text), old.ifindex);
		map_delete(map, addr);
		*stale = true;
	}
	if (ret == -E2BIG)
		return err_set(e, ENOSPC,
			       FL_MAP_ENDPOINTS
			       " is full: this node has no "
			       "room for more pods (see `fairlead map`)");
	if (ret)
		return err_sys(e, -ret, "enter %s into " FL_MAP_ENDPOINTS,
			       addr_format(addr, text));
	return 0;
}

int entries_remove(int map, const struct fl_addr *addrs, int n,
		   unsigned int ifindex)
{
	struct fl_endpoint value;
	int i, removed = 0;

	for (i = 0; i < n; i++)
		if (!map_lookup(map, &addrs[i], &value) &&
		    value.ifindex == ifindex && !map_delete(map, &addrs[i]))
			removed++;
	return removed;
}

struct sweep {
	int map;
	struct link_ctx *host;
	unsigned int ifindex;
	int removed;
};

static int sweep_entry(const void *key, const void *value, void *arg)
{
	const struct fl_endpoint *endpoint = value;
	struct sweep *sweep = arg;

	if (endpoint->ifindex != sweep->ifindex &&
	    device_exists(sweep->host, endpoint->ifindex))
		return 0;
	if (!map_delete(sweep->map, key))
		sweep->removed++;
	return 0;
}

int entries_sweep(int map, struct link_ctx *host, unsigned int ifindex,
		  struct err *e)
{
	struct sweep sweep = {.map = map, .host = host, .ifindex = ifindex};
	int ret = map_each(map, sweep_entry, &sweep, e);

	return ret < 0 ? ret : sweep.removed;
}
