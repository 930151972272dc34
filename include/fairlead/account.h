/* SPDX-License-Identifier: Apache-2.0 */
/* Because of whom is a connection in fl_flows? Said once for the datapath,
 * which adds, and for the agent, which counts. */
#pragma once

#include <fairlead/abi.h>

/* f: the entry of the direction that began it. Who sends is charged: the pod
 * whose device a packet came in by. What other nodes and the world begin is
 * charged to the pod that it is for, apart from what that pod begins. */
static inline struct fl_account_key fl_account_of(const struct fl_flow *f)
{
	struct fl_account_key key = {.ifindex = f->in_ifindex,
				     .kind = FL_ACCOUNT_OUT};

	if (f->in_ifindex == FL_ORIGIN_HOST) {
		key.ifindex = 0;
		key.kind = FL_ACCOUNT_HOST;
	} else if (f->hook == FL_HOOK_FROM_OVERLAY ||
		   f->hook == FL_HOOK_FROM_UPLINK) {
		key.ifindex = f->action == FL_ACTION_LOCAL ? f->out_ifindex : 0;
		key.kind = FL_ACCOUNT_IN;
	}
	return key;
}
