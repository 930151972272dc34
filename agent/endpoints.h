/* SPDX-License-Identifier: Apache-2.0 */
/* The attachments of this node, as the plugin's files in endpoints/ say. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "../lib/state.h"
#include "facts.h"

struct endpoints {
	struct endpoint_record *items;
	size_t n, room;
	int n_bad;     /* files that could not be read */
	bool complete; /* all were read at least once, none was bad lately */
};

/* Read the whole directory in place of what was known. */
int endpoints_read(struct endpoints *list, const char *state_dir,
		   struct err *e);
void endpoints_free(struct endpoints *list);

const struct endpoint_record *endpoints_find(const struct endpoints *list,
					     const char *container_id,
					     const char *ifname);
const struct endpoint_record *endpoints_find_addr(const struct endpoints *list,
						  const struct fl_addr *addr);
/* Add, or take the place of the one with the same container and interface. */
void endpoints_put(struct endpoints *list, const struct endpoint_record *r);
void endpoints_drop(struct endpoints *list, const char *container_id,
		    const char *ifname);

/* Is its host-side device there, under its name and number? */
bool endpoint_has_device(const struct endpoint_record *r,
			 const struct facts *f);
/* What fl_endpoints holds for each of its addresses. */
struct fl_endpoint endpoint_entry(const struct endpoint_record *r);
