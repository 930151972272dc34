/* SPDX-License-Identifier: Apache-2.0 */
/* What pods leave behind when nobody calls DEL. Nothing is removed on one sign
 * alone. Each returns how many it removed. */
#pragma once

struct agent;

/* No ADD, DEL or GC runs as long as the fd is open; -1 if one does: come again
 * later. The plugin's lock: see docs/state.md. */
int leftovers_lock(const struct agent *a);

/* Attachments whose namespace and host-side device are gone. */
unsigned int leftovers_attachments(struct agent *a);
/* Address files of no attachment, a minute after they were made. */
unsigned int leftovers_addresses(struct agent *a);
