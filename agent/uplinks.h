/* SPDX-License-Identifier: Apache-2.0 */
/* Which devices lead out of this node, and what leaves by them looks like. */
#pragma once

#include "../lib/config.h"
#include "facts.h"
#include "model.h"
#include "problems.h"

struct uplink {
	unsigned int ifindex;
	char name[16];
	struct fl_uplink value;
};

struct uplinks {
	struct uplink items[CONFIG_LIST_MAX];
	int n;
};

/* Those that the configuration names; else every device that carries a
 * default route or an InternalIP of this node (own may be NULL). */
void uplinks_derive(const struct facts *f, const struct config *c,
		    const struct node *own, struct uplinks *out,
		    struct problems *p);

enum {
	MTU_MIN = 68,	     /* with less, a device does no IPv4 */
	MTU_MIN_IPV6 = 1280, /* and with less than this no IPv6 */
};

/* The one that takes the smallest packets, NULL: there is none. */
const struct uplink *uplinks_narrowest(const struct uplinks *u);
/* What the overlay adds to each packet, over IPv6 or IPv4; 0 without it. */
unsigned int uplinks_overhead(const struct config *c, bool underlay_v6);

/* The largest packet of a pod that any uplink takes: less what the overlay
 * adds. 0: there is no uplink, or one that takes not even that. */
unsigned int uplinks_mtu(const struct uplinks *u, const struct config *c,
			 bool underlay_v6);
