/* SPDX-License-Identifier: Apache-2.0 */
/* Address management by another plugin, that of "ipam": {"type": ...}. */
#pragma once

#include <stdbool.h>
#include <cjson/cJSON.h>

#include "call.h"
#include "failure.h"

/* Run it with our environment, but the given command, container and interface
 * (NULL: as they are). *result (may be NULL) is its answer to ADD; the caller
 * deletes it. Its errors come through with their codes. A plugin that does not
 * speak our version is asked again in the newest one that it does. */
struct delegate_run {
	const char *command;
	const char *container_id;
	const char *ifname;
	const char *netns;
};
int delegate_exec(const struct call *c, const struct delegate_run *run,
		  cJSON **result, struct failure *f);

/* The same for GC and STATUS, if it says that it speaks our version: those came
 * with 1.1.0. Else 0. */
int delegate_exec_optional(const struct call *c, const char *command,
			   struct failure *f);

/* Is the plugin that the configuration names this program itself, by another
 * name, or are we run so? It is never run twice, so it never gave an address.
 */
bool delegate_is_self(const struct call *c);

/* Are we run as an IPAM plugin by fairlead-cni, which holds its locks? */
bool delegate_is_nested(void);
