/* SPDX-License-Identifier: Apache-2.0 */
#include "uplink.h"

#include <net/if.h>
#include <stdlib.h>
#include <string.h>

#include "../lib/cleanup.h"
#include "../loader/loader.h"
#include "alloc.h"

static int keep(const void *key, const void *value, void *arg)
{
	struct uplinks *u = arg;
	struct uplink_view *v;

	u->list = must_grow(u->list, u->n, &u->room, sizeof(*u->list));
	v = &u->list[u->n++];
	memcpy(&v->ifindex, key, sizeof(v->ifindex));
	memcpy(&v->value, value, sizeof(v->value));
	if (!if_indextoname(v->ifindex, v->device))
		strcpy(v->device, "?");
	return 0;
}

static int by_ifindex(const void *a, const void *b)
{
	const struct uplink_view *x = a, *y = b;

	return x->ifindex < y->ifindex ? -1 : x->ifindex > y->ifindex;
}

int uplinks_read(const struct ctl *c, struct uplinks *out, struct err *e)
{
	__cleanup(fd_close) int fd = ctl_map_open(c, FL_MAP_UPLINKS, e);
	int rc = fd < 0 ? fd : map_each(fd, keep, out, e);

	if (!rc && out->n)
		qsort(out->list, out->n, sizeof(*out->list), by_ifindex);
	return rc;
}

void uplinks_free(struct uplinks *u)
{
	free(u->list);
	*u = (struct uplinks){0};
}

const char *uplink_addrs(const struct uplink_view *v, char buf[2 * ADDR_STRLEN])
{
	char *at = buf;

	*at = '\0';
	if (!addr_is_zero(&v->value.v4)) {
		addr_format(&v->value.v4, at);
		at += strlen(at);
	}
	if (!addr_is_zero(&v->value.v6)) {
		if (at > buf)
			*at++ = ',';
		addr_format(&v->value.v6, at);
	}
	return *buf ? buf : strcpy(buf, "-");
}
