/* SPDX-License-Identifier: Apache-2.0 */
/* Local numbers of nodes, 1.. . A node keeps its number as long as the agent
 * knows it; an agent that starts takes over the numbers that fl_routes has. */
#pragma once

#include "entries.h"
#include "model.h"

struct node_id {
	const char *name; /* shared */
	unsigned int id;
};

struct node_ids {
	struct node_id *items; /* in the order of names */
	size_t n;
	unsigned int last; /* the highest that was ever given or found */
};

/* Number the nodes of the model; found: what fl_routes holds now. */
void node_ids_update(struct node_ids *ids, const struct model *m,
		     const struct entries *found);
unsigned int node_ids_get(const struct node_ids *ids, const char *name);
const char *node_ids_name(const struct node_ids *ids, unsigned int id);
void node_ids_free(struct node_ids *ids);
