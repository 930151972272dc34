/* SPDX-License-Identifier: Apache-2.0 */
#include "node_ids.h"

#include <stdlib.h>
#include <string.h>

#include "memory.h"
#include "shared.h"

struct update {
	const struct entries *found;
	struct node_ids *ids;  /* before */
	size_t next;	       /* of them, not looked at yet */
	struct node_ids after; /* with room for all */
};

static int compare(const void *key, const void *item)
{
	return strcmp(key, ((const struct node_id *)item)->name);
}

static const struct node_id *find(const struct node_ids *ids, const char *name)
{
	return ids->n ? bsearch(name, ids->items, ids->n, sizeof(*ids->items),
				compare)
		      : NULL;
}

static bool has_id(const struct node_ids *ids, unsigned int id)
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
	return has_id(u->ids, id) || has_id(&u->after, id) ? 0 : id;
}

/* Nodes come in the order of names, as they came the last time. */
static void see_node(struct object *o, void *arg)
{
	struct update *u = arg;
	struct node_ids *before = u->ids, *after = &u->after;
	int order = -1;

	while (u->next < before->n &&
	       (order = strcmp(before->items[u->next].name, o->name)) < 0)
		shared_drop(before->items[u->next++].name);
	if (u->next < before->n && !order) {
		after->items[after->n++] = before->items[u->next++];
		return;
	}
	after->items[after->n] = (struct node_id){
		shared_text(o->name),
		adopt(u, (struct node *)o),
	};
	after->n++;
}

static void find_last(struct node_ids *ids, const struct entries *found)
{
	for (size_t i = 0; i < found->n; i++) {
		const struct fl_route *r = entries_value(found, i);

		if (r->node_id > ids->last)
			ids->last = r->node_id;
	}
}

void node_ids_update(struct node_ids *ids, const struct model *m,
		     const struct entries *found)
{
	struct update u = {.found = found, .ids = ids};

	find_last(ids, found);
	u.after.last = ids->last;
	u.after.items =
		memory_alloc((m->n[OBJECT_NODE] + 1) * sizeof(*ids->items));
	model_each(m, OBJECT_NODE, see_node, &u);
	while (u.next < ids->n)
		shared_drop(ids->items[u.next++].name);
	for (size_t i = 0; i < u.after.n; i++)
		if (!u.after.items[i].id)
			u.after.items[i].id = ++u.after.last;
	free(ids->items);
	*ids = u.after;
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
		shared_drop(ids->items[i].name);
	free(ids->items);
	memset(ids, 0, sizeof(*ids));
}
