/* SPDX-License-Identifier: Apache-2.0 */
#include "node_ids.h"

#include <stdlib.h>
#include <string.h>

#include "memory.h"

struct update {
	struct node_ids *ids;
	const struct entries *found;
};

static struct node_id *find(const struct node_ids *ids, const char *name)
{
	for (size_t i = 0; i < ids->n; i++)
		if (!strcmp(ids->items[i].name, name))
			return &ids->items[i];
	return NULL;
}

static bool is_taken(const struct node_ids *ids, unsigned int id)
{
	for (size_t i = 0; i < ids->n; i++)
		if (ids->items[i].id == id)
			return true;
	return false;
}

static unsigned int found_id(const struct entries *found,
			     const struct fl_prefix *key, unsigned int flag)
{
	const struct fl_route *r = entries_find(found, key);

	return r && r->flags & flag ? r->node_id : 0;
}

static unsigned int adopt(const struct update *u, const struct node *node)
{
	struct fl_prefix key;
	unsigned int id = 0;

	for (int i = 0; i < node->n_pod_cidrs && !id; i++)
		id = found_id(u->found, &node->pod_cidrs[i], FL_ROUTE_POD_CIDR);
	for (int i = 0; i < node->n_addrs && !id; i++) {
		key = (struct fl_prefix){128, node->addrs[i].addr};
		id = found_id(u->found, &key, FL_ROUTE_NODE);
	}
	return is_taken(u->ids, id) ? 0 : id;
}

static void see_node(struct object *o, void *arg)
{
	struct update *u = arg;
	struct node_ids *ids = u->ids;
	struct node_id *known = find(ids, o->name);

	if (!known) {
		ids->items = list_room(ids->items, ids->room, ids->n);
		known = &ids->items[ids->n];
		known->name = memory_copy(o->name);
		known->id = adopt(u, (struct node *)o);
		ids->n++;
	}
	known->seen = true;
}

static void drop_unseen(struct node_ids *ids)
{
	size_t kept = 0;

	for (size_t i = 0; i < ids->n; i++) {
		if (ids->items[i].seen)
			ids->items[kept++] = ids->items[i];
		else
			free(ids->items[i].name);
	}
	ids->n = kept;
}

void node_ids_update(struct node_ids *ids, const struct model *m,
		     const struct entries *found)
{
	struct update u = {ids, found};

	for (size_t i = 0; i < found->n; i++) {
		const struct fl_route *r = entries_value(found, i);

		if (r->node_id > ids->last)
			ids->last = r->node_id;
	}
	for (size_t i = 0; i < ids->n; i++)
		ids->items[i].seen = false;
	model_each(m, OBJECT_NODE, see_node, &u);
	drop_unseen(ids);
	for (size_t i = 0; i < ids->n; i++)
		if (!ids->items[i].id)
			ids->items[i].id = ++ids->last;
}

unsigned int node_ids_get(const struct node_ids *ids, const char *name)
{
	const struct node_id *known = find(ids, name);

	return known ? known->id : 0;
}

const char *node_ids_name(const struct node_ids *ids, unsigned int id)
{
	for (size_t i = 0; i < ids->n; i++)
		if (ids->items[i].id == id)
			return ids->items[i].name;
	return "this node";
}

void node_ids_free(struct node_ids *ids)
{
	for (size_t i = 0; i < ids->n; i++)
		free(ids->items[i].name);
	free(ids->items);
	memset(ids, 0, sizeof(*ids));
}
