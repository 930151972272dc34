/* SPDX-License-Identifier: Apache-2.0 */
#include "identity.h"

#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

#include "../lib/addr.h"
#include "points.h"

/* A prefix that is open while the sweep is within it. */
struct open {
	struct point point;
	long item;
	uint32_t set; /* of CIDRs that hold it */
	bool range, unknown;
};

/* What the points of one prefix come to. */
struct place {
	uint32_t cidrs; /* set */
	uint32_t who;	/* set, by labels */
	bool is_host, own_host, is_pod;
	bool keep, range, unknown;
	long pod;
};

struct sweep {
	const struct policy_world *w;
	const struct catalog *catalog;
	struct identities *out;
	struct points points;
	struct classes *classes;
	const struct namespaces *ns;
	uint32_t *pod_sets;  /* by pod: what matches its labels and ports */
	struct intern pairs; /* of sets: their unions */
	uint32_t *unions;
	size_t unions_room;
	uint32_t *node_sets;
	struct open open[130]; /* one for each length */
	int n_open;
	struct numbers adds, drops, list;
};

/* ---- sets ----------------------------------------------------------- */

static uint32_t set_union(struct sweep *s, uint32_t a, uint32_t b)
{
	struct intern *sets = &s->out->sets;
	uint32_t pair[2] = {a, b}, i;
	const uint32_t *list;
	bool is_new;
	size_t n;

	if (!a || !b || a == b)
		return a ? a : b;
	i = intern_add(&s->pairs, pair, sizeof(pair), &is_new);
	if (!is_new)
		return s->unions[i];
	s->list.n = 0;
	for (int k = 0; k < 2; k++) {
		list = intern_list(sets, pair[k], &n);
		for (size_t j = 0; j < n; j++)
			numbers_add(&s->list, list[j]);
	}
	numbers_sort(&s->list);
	s->unions = store_room(s->unions, s->unions_room, i, 1);
	s->unions[i] = intern_numbers(sets, &s->list);
	return s->unions[i];
}

static bool has_number(const struct numbers *l, uint32_t number)
{
	for (size_t i = 0; i < l->n; i++)
		if (l->items[i] == number)
			return true;
	return false;
}

/* The CIDRs around, those that begin here, without those that cease here. */
static uint32_t change_set(struct sweep *s, uint32_t set)
{
	struct intern *sets = &s->out->sets;
	const uint32_t *list;
	size_t n, kept = 0;

	if (!s->adds.n && !s->drops.n)
		return set;
	list = intern_list(sets, set, &n);
	s->list.n = 0;
	for (size_t i = 0; i < n; i++)
		numbers_add(&s->list, list[i]);
	for (size_t i = 0; i < s->adds.n; i++)
		numbers_add(&s->list, s->adds.items[i]);
	numbers_sort(&s->list);
	for (size_t i = 0; i < s->list.n; i++)
		if (!has_number(&s->drops, s->list.items[i]))
			s->list.items[kept++] = s->list.items[i];
	s->list.n = kept;
	return intern_numbers(sets, &s->list);
}

/* ---- points --------------------------------------------------------- */

static void add_addrs(struct sweep *s, const struct fl_addr *addrs, size_t n,
		      enum point_what what, uint32_t value)
{
	for (size_t i = 0; i < n; i++) {
		struct fl_prefix p = {128, addrs[i]};

		points_add(&s->points, &p, what, value);
	}
}

static void add_cidrs(struct sweep *s)
{
	for (size_t i = 0; i < catalog_n(s->catalog); i++) {
		const struct policy_peer *peer = s->catalog->items[i].peer;

		if (s->catalog->items[i].kind != CATALOG_CIDR)
			continue;
		points_add(&s->points, &peer->cidr, POINT_CIDR, i);
		for (size_t j = 0; j < peer->n_except; j++)
			points_add(&s->points, &peer->except[j], POINT_EXCEPT,
				   i);
	}
}

static void add_nodes(struct sweep *s)
{
	for (size_t i = 0; i < s->w->n_nodes; i++) {
		const struct policy_node *node = &s->w->nodes[i];

		for (size_t j = 0; j < node->n_pod_cidrs; j++)
			points_add(&s->points, &node->pod_cidrs[j], POINT_RANGE,
				   i);
		add_addrs(s, node->addrs, node->n_addrs, POINT_NODE, i);
		add_addrs(s, node->more_addrs, node->n_more_addrs, POINT_MORE,
			  i);
	}
}

static bool has_addrs(const struct policy_pod *pod)
{
	return !pod->terminal && !pod->host_network;
}

static void add_pods(struct sweep *s)
{
	const struct policy_world *w = s->w;

	s->pod_sets = store_alloc(w->n_pods, sizeof(*s->pod_sets));
	for (size_t i = 0; i < w->n_pods; i++) {
		const struct policy_pod pod = policy_world_pod(w, i);

		if (!has_addrs(&pod))
			continue;
		s->pod_sets[i] =
			classes_match(s->classes, &pod, s->ns->of_pod[i]);
		add_addrs(s, pod.addrs, pod.n_addrs, POINT_POD, i);
	}
	for (size_t i = 0; i < w->n_endpoints; i++) {
		const struct policy_endpoint *e = &w->endpoints[i];
		struct policy_pod pod = {.terminal = true};
		bool known;

		if (e->pod >= 0)
			pod = policy_world_pod(w, e->pod);
		known = has_addrs(&pod);

		add_addrs(s, e->addrs, e->n_addrs,
			  known ? POINT_LOCAL : POINT_STRANGER,
			  known ? e->pod : 0);
	}
}

/* Where an IPv6 prefix is so short that it holds the place of IPv4. */
static void add_family(struct sweep *s)
{
	struct fl_prefix p;
	struct point v4;

	prefix_parse("0.0.0.0/0", true, &p);
	v4 = point_of(&p);
	for (size_t i = 0; i < s->points.n; i++)
		if (s->points.items[i].len < v4.len &&
		    point_contains(&s->points.items[i], &v4)) {
			points_add(&s->points, &p, POINT_FAMILY, 0);
			return;
		}
}

/* ---- the sweep ------------------------------------------------------ */

static void match_nodes(struct sweep *s)
{
	s->node_sets = store_alloc(s->w->n_nodes, sizeof(*s->node_sets));
	for (size_t i = 0; i < s->w->n_nodes; i++) {
		s->list.n = 0;
		for (size_t j = 0; j < catalog_n(s->catalog); j++)
			if (s->catalog->items[j].kind == CATALOG_NODES &&
			    selector_matches(
				    &s->catalog->items[j].peer->members,
				    s->w->nodes[i].labels))
				numbers_add(&s->list, j);
		s->node_sets[i] = intern_numbers(&s->out->sets, &s->list);
	}
}

static void match_own_node(struct sweep *s)
{
	if (!s->catalog->own_node.n_peers)
		return;
	s->list.n = 0;
	numbers_add(&s->list, s->catalog->own_node_peer);
	s->out->own_node = intern_numbers(&s->out->sets, &s->list);
}

/* A pod that is being deleted may have lost its address to one that has just
 * begun; an attachment on this node is beyond doubt. */
static void claim(struct sweep *s, struct place *p, const struct point *at)
{
	const struct policy_pod second = policy_world_pod(s->w, at->value);
	bool other = p->pod >= 0 && p->pod != (long)at->value;
	struct fl_prefix prefix = point_prefix(at);
	struct policy_pod first = second;
	char text[ADDR_STRLEN];
	struct identities *out = s->out;

	if (other)
		first = policy_world_pod(s->w, p->pod);
	if (other && at->what == POINT_POD && second.ending && !first.ending)
		return;
	if (other && first.ending == second.ending) {
		out->problems = store_room(out->problems, out->problems_room,
					   out->n_problems, 1);
		out->problems[out->n_problems++] = store_format(
			"%s belongs to two pods: %s/%s and %s/%s; it is taken "
			"for the second",
			addr_format(&prefix.addr, text), first.namespace,
			first.name, second.namespace, second.name);
	}
	p->pod = at->value;
}

static void look_at(struct sweep *s, struct place *p, const struct point *at)
{
	const struct policy_node *nodes = s->w->nodes;
	bool own;

	switch (at->what) {
	case POINT_FAMILY:
		return;
	case POINT_CIDR:
		numbers_add(&s->adds, at->value);
		return;
	case POINT_EXCEPT:
		numbers_add(&s->drops, at->value);
		return;
	case POINT_RANGE:
		own = nodes[at->value].own;
		p->unknown = !own && (p->unknown || !p->keep);
		p->range = p->keep = true;
		return;
	case POINT_NODE:
		p->who = set_union(s, p->who, s->node_sets[at->value]);
		/* fallthrough */
	case POINT_MORE:
		p->is_host = p->keep = true;
		if (nodes[at->value].own) {
			p->own_host = true;
			p->who = set_union(s, p->who, s->out->own_node);
		}
		return;
	case POINT_POD:
	case POINT_LOCAL:
		claim(s, p, at);
		p->is_pod = true;
		return;
	case POINT_STRANGER:
		p->is_pod = true;
		return;
	}
}

static uint32_t reserved(const struct place *p)
{
	if (p->is_host)
		return p->own_host ? FL_IDENTITY_HOST : FL_IDENTITY_REMOTE_NODE;
	if (p->is_pod)
		return FL_IDENTITY_POD;
	if (!p->range)
		return FL_IDENTITY_WORLD;
	return p->unknown ? FL_IDENTITY_UNKNOWN : FL_IDENTITY_POD;
}

/* Room for all, once. */
static void make_room(struct sweep *s)
{
	size_t n = 1; /* add_family() */

	for (size_t i = 0; i < s->w->n_pods; i++)
		n += policy_world_pod(s->w, i).n_addrs;
	for (size_t i = 0; i < s->w->n_nodes; i++)
		n += s->w->nodes[i].n_addrs + s->w->nodes[i].n_more_addrs +
		     s->w->nodes[i].n_pod_cidrs;
	for (size_t i = 0; i < s->w->n_endpoints; i++)
		n += s->w->endpoints[i].n_addrs;
	for (size_t i = 0; i < catalog_n(s->catalog); i++)
		if (s->catalog->items[i].kind == CATALOG_CIDR)
			n += 1 + s->catalog->items[i].peer->n_except;
	points_room(&s->points, n);
}

static void add_item(struct sweep *s, const struct point *at,
		     const struct place *p, long parent)
{
	struct identities *out = s->out;

	out->items = store_room(out->items, out->room, out->n, 1);
	out->items[out->n++] = (struct identity_prefix){
		.prefix = point_prefix(at),
		.set = set_union(s, p->cidrs, p->who),
		.reserved = reserved(p),
		.unknown = p->unknown && !p->is_host && !p->is_pod,
		.keep = p->keep,
		.parent = parent,
	};
}

/* All points of one prefix; returns how many. */
static size_t visit(struct sweep *s, size_t first)
{
	const struct point *at = &s->points.items[first];
	const struct open *around = NULL;
	struct place p = {.pod = -1};
	size_t n = 0;
	long parent;

	while (s->n_open && !point_contains(&s->open[s->n_open - 1].point, at))
		s->n_open--;
	parent = s->n_open ? s->open[s->n_open - 1].item : -1;
	if (s->n_open)
		around = &s->open[s->n_open - 1];
	if (around && point_is_v4(&around->point) != point_is_v4(at))
		around = NULL;
	s->adds.n = s->drops.n = 0;
	for (; first + n < s->points.n && !point_compare(at, at + n); n++)
		look_at(s, &p, at + n);
	if (around && !p.range) {
		p.range = around->range;
		p.unknown = around->unknown;
	}
	p.cidrs = change_set(s, around ? around->set : 0);
	if (p.pod >= 0)
		p.who = set_union(s, p.who, s->pod_sets[p.pod]);
	add_item(s, at, &p, parent);
	if (at->len < 128)
		s->open[s->n_open++] = (struct open){
			*at, s->out->n - 1, p.cidrs, p.range, p.unknown};
	return n;
}

static void sweep_free(struct sweep *s)
{
	points_free(&s->points);
	intern_free(&s->pairs);
	free(s->unions);
	free(s->node_sets);
	free(s->pod_sets);
	numbers_free(&s->adds);
	numbers_free(&s->drops);
	numbers_free(&s->list);
}

void identities_collect(const struct policy_world *w,
			const struct namespaces *ns, struct catalog *catalog,
			struct classes *classes, struct identities *out)
{
	struct sweep s = {
		.w = w,
		.ns = ns,
		.catalog = catalog,
		.classes = classes,
		.out = out,
	};

	memset(out, 0, sizeof(*out));
	intern_numbers(&out->sets, &s.list); /* the empty one */
	if (!catalog_n(catalog) && !catalog->port_names.n)
		return;
	classes_begin(classes, catalog, ns, &out->sets);
	make_room(&s);
	add_cidrs(&s);
	add_nodes(&s);
	add_pods(&s);
	add_family(&s);
	points_sort(&s.points);
	match_nodes(&s);
	match_own_node(&s);
	out->items = store_alloc(s.points.n, sizeof(*out->items));
	out->room = s.points.n;
	for (size_t i = 0; i < s.points.n;)
		i += visit(&s, i);
	sweep_free(&s);
}

void identities_forget_prefixes(struct identities *ids)
{
	free(ids->items);
	ids->items = NULL;
	ids->n = ids->room = 0;
}

void identities_free(struct identities *ids)
{
	for (size_t i = 0; i < ids->n_problems; i++)
		free(ids->problems[i]);
	free(ids->problems);
	identities_forget_prefixes(ids);
	free(ids->numbers);
	intern_free(&ids->sets);
	memset(ids, 0, sizeof(*ids));
}
