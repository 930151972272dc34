/* SPDX-License-Identifier: Apache-2.0 */
/* fl_uplinks: the devices that lead out. */
#pragma once

#include <stddef.h>

#include "../lib/addr.h"
#include "ctl.h"

struct uplink_view {
	unsigned int ifindex;
	char device[16]; /* "?" where there is none of that number */
	struct fl_uplink value;
};

struct uplinks {
	struct uplink_view *list;
	size_t n, room;
};

int uplinks_read(const struct ctl *c, struct uplinks *out, struct err *e);
void uplinks_free(struct uplinks *u); /* fits __cleanup */
/* "192.0.2.1,2001:db8::1"; "-" for none. */
const char *uplink_addrs(const struct uplink_view *v,
			 char buf[2 * ADDR_STRLEN]);
