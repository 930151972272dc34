/* SPDX-License-Identifier: Apache-2.0 */
/* Taking an attachment away, whatever is left of it: for DEL, for GC, and for
 * an ADD that finds the remains of an earlier one. */
#pragma once

#include "../lib/link.h"
#include "../lib/state.h"
#include "call.h"
#include "failure.h"

/* Where the maps are, as bpf_root_of(); a node.json that cannot be read now is
 * a failure, for nothing would be found in another place. */
int removal_root(const struct call *c, char out[256], struct failure *f);

/* Everything that the record names and that is still its own: map entries,
 * stubs, device, addresses, and last the record itself. Goes on after a
 * failure; the first one is reported, and the record then stays, so that the
 * next DEL or GC finds the rest. */
int removal_run(const struct call *c, const struct endpoint_record *r,
		const char *bpf_root, struct link_ctx *host, struct failure *f);

/* The same where there is no record: by what can be derived from the names. */
int removal_run_unrecorded(const struct call *c, const char *bpf_root,
			   struct link_ctx *host, struct failure *f);

/* The same where there is one that cannot be read: what names the container,
 * in any network, and the file itself. */
int removal_run_unreadable(const struct call *c, const char *bpf_root,
			   struct link_ctx *host, struct failure *f);
