/* SPDX-License-Identifier: Apache-2.0 */
#include "desired_nodes.h"

#include <string.h>

/* For each range, is there a shorter one around it? Few lengths are in use,
 * so that a look-up for each is cheap. */

static void find_lengths(const struct entries *routes, bool in_use[129])
{
	for (size_t i = 0; i < routes->n; i++) {
		const struct fl_prefix *p = entries_key(routes, i);
		const struct fl_route *r = entries_value(routes, i);

		if (r->flags & FL_ROUTE_POD_CIDR)
			in_use[p->prefix_len] = true;
	}
}

static struct fl_prefix shortened(const struct fl_prefix *p, unsigned int len)
{
	struct fl_prefix out = {.prefix_len = len};
	unsigned char *to = (unsigned char *)&out.addr;
	const unsigned char *from = (const unsigned char *)&p->addr;

	memcpy(to, from, len / 8);
	if (len % 8)
		to[len / 8] = from[len / 8] & (0xff00 >> len % 8);
	return out;
}

void route_lengths_find(const struct entries *routes, struct route_lengths *out)
{
	memset(out, 0, sizeof(*out));
	for (size_t i = 0; i < routes->n; i++) {
		const struct fl_prefix *p = entries_key(routes, i);

		out->in_use[p->prefix_len] = true;
	}
}

/* The longest length in use below this one, 0 if there is none. */
static unsigned int next_length(const struct route_lengths *lengths,
				unsigned int len)
{
	while (len && !lengths->in_use[--len])
		;
	return len;
}

static const struct fl_route *look_up(const struct entries *routes,
				      const struct route_lengths *lengths,
				      const struct fl_prefix *p)
{
	for (unsigned int len = p->prefix_len; len--;) {
		const struct fl_route *r;
		struct fl_prefix around;

		if (!lengths->in_use[len])
			continue;
		around = shortened(p, len);
		r = entries_find(routes, &around);
		if (r)
			return r;
	}
	return NULL;
}

const struct fl_route *route_around(const struct entries *routes,
				    const struct route_lengths *lengths,
				    const struct fl_prefix *p)
{
	struct route_last *last = &((struct route_lengths *)lengths)->last;
	struct fl_prefix within =
		shortened(p, next_length(lengths, p->prefix_len));

	if (last->len != p->prefix_len ||
	    memcmp(&last->within, &within, sizeof(within))) {
		last->len = p->prefix_len;
		last->within = within;
		last->around = look_up(routes, lengths, p);
	}
	return last->around;
}

static void look_around(const struct node_ids *ids, struct desired *d,
			const struct fl_prefix *p, const struct fl_route *r,
			const bool in_use[129])
{
	char inner[PREFIX_STRLEN], outer[PREFIX_STRLEN];

	for (unsigned int len = 0; len < p->prefix_len; len++) {
		struct fl_prefix around;
		const struct fl_route *other;

		if (!in_use[len])
			continue;
		around = shortened(p, len);
		other = entries_find(&d->routes, &around);
		if (other && other->flags & FL_ROUTE_POD_CIDR &&
		    other->node_id != r->node_id)
			problems_add(&d->problems,
				     "%s of %s lies within %s of %s",
				     prefix_format(p, inner),
				     node_ids_name(ids, r->node_id),
				     prefix_format(&around, outer),
				     node_ids_name(ids, other->node_id));
	}
}

void desired_find_overlaps(const struct node_ids *ids, struct desired *d)
{
	bool in_use[129] = {false};

	find_lengths(&d->routes, in_use);
	for (size_t i = 0; i < d->routes.n; i++) {
		const struct fl_route *r = entries_value(&d->routes, i);

		if (r->flags & FL_ROUTE_POD_CIDR)
			look_around(ids, d, entries_key(&d->routes, i), r,
				    in_use);
	}
}
