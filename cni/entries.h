/* SPDX-License-Identifier: Apache-2.0 */
/* Entries of fl_endpoints: whose they are, and taking away only one's own. */
#pragma once

#include <fairlead/abi.h>

#include "../lib/link.h"
#include "../lib/state.h"

/* Put an entry for an address. One of a device that exists belongs to another
 * pod and stays: -EEXIST, with its ifindex. One of a device that is gone is
 * replaced, and *stale is set. */
int entry_put(int map, struct link_ctx *host, const struct fl_addr *addr,
	      const struct fl_endpoint *value, bool *stale, struct err *e);

/* Take away the entries of these addresses that are the device's. Returns how
 * many, or negative errno. */
int entries_remove(int map, const struct fl_addr *addrs, int n,
		   unsigned int ifindex);

/* Take away every entry of the device (0: of none) and of devices that do not
 * exist any more. Returns how many, or negative errno. */
int entries_sweep(int map, struct link_ctx *host, unsigned int ifindex,
		  struct err *e);
