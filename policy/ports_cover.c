/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The fewest prefixes for a function of the port. A node of the binary trie of
 * ports knows how many entries what is below it takes, and with which values
 * inherited from above ("good" ones) it takes that few; with any other it takes
 * one more. Two children agree on what is good to both, or, if there is no such
 * value, on what is good to either for one entry more. Going down from the
 * root, an entry is made wherever the inherited value is not good.
 *
 * Beside the values one can inherit nothing at all: whoever finds no entry asks
 * elsewhere ("below"), which costs nothing where that says the same.
 */
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

#include "ports.h"
#include "store.h"

struct piece {
	__u32 last;
	__u32 value;
	bool same; /* as below */
};

struct node {
	__u32 left, right;   /* 0, 0: a leaf */
	__u32 cost;	     /* with a good value inherited */
	__u32 bare;	     /* with nothing inherited */
	size_t good, n_good; /* sorted, in values */
};

struct trie {
	struct piece *pieces;
	size_t n_pieces, pieces_room;
	struct node *nodes;
	size_t n_nodes, nodes_room;
	__u32 *values;
	size_t n_values, values_room;
	__u8 proto;
	struct ports_cover *out;
};

static const __u8 protos[] = {
	[PORTS_TCP] = IPPROTO_TCP,
	[PORTS_UDP] = IPPROTO_UDP,
	[PORTS_SCTP] = IPPROTO_SCTP,
};

/* ---- both functions in pieces --------------------------------------- */

static void add_piece(struct trie *t, __u32 last, __u32 value, bool same)
{
	struct piece *p = t->n_pieces ? &t->pieces[t->n_pieces - 1] : NULL;

	if (p && p->value == value && p->same == same) {
		p->last = last;
		return;
	}
	t->pieces = store_room(t->pieces, t->pieces_room, t->n_pieces, 1);
	t->pieces[t->n_pieces++] = (struct piece){last, value, same};
}

static void cut(struct trie *t, const struct ports_function *f,
		const struct ports_function *below, enum ports_class c)
{
	static const struct ports_span none = {65535, PORTS_NOTHING};
	const struct ports_span *b = below ? below->spans[c] : &none;
	const struct ports_span *a = f->spans[c];

	t->n_pieces = 0;
	for (;;) {
		__u32 last = a->last < b->last ? a->last : b->last;

		add_piece(t, last, a->value, a->value == b->value);
		if (last == 65535)
			return;
		a += a->last == last;
		b += b->last == last;
	}
}

/* ---- up: costs and good values -------------------------------------- */

static bool is_good(const struct trie *t, const struct node *n, __u32 value)
{
	for (size_t i = 0; i < n->n_good; i++)
		if (t->values[n->good + i] == value)
			return true;
	return false;
}

static void add_value(struct trie *t, struct node *n, __u32 value)
{
	t->values = store_room(t->values, t->values_room, t->n_values, 1);
	t->values[t->n_values++] = value;
	n->n_good++;
}

static void add_common(struct trie *t, struct node *n, const struct node *l,
		       const struct node *r)
{
	for (size_t i = 0; i < l->n_good; i++)
		if (is_good(t, r, t->values[l->good + i]))
			add_value(t, n, t->values[l->good + i]);
}

static void add_either(struct trie *t, struct node *n, const struct node *l,
		       const struct node *r)
{
	size_t i = 0, j = 0;

	while (i < l->n_good || j < r->n_good) {
		bool left = j == r->n_good ||
			    (i < l->n_good &&
			     t->values[l->good + i] < t->values[r->good + j]);

		add_value(t, n,
			  left ? t->values[l->good + i++]
			       : t->values[r->good + j++]);
	}
}

static __u32 add_node(struct trie *t, const struct node *n)
{
	t->nodes = store_room(t->nodes, t->nodes_room, t->n_nodes, 1);
	t->nodes[t->n_nodes] = *n;
	return t->n_nodes++;
}

static __u32 build_leaf(struct trie *t, const struct piece *p)
{
	struct node n = {.good = t->n_values, .bare = !p->same};

	add_value(t, &n, p->value);
	return add_node(t, &n);
}

/* The node of the ports from first on; p: the piece that holds first. */
static __u32 build(struct trie *t, __u32 first, unsigned int free_bits,
		   const struct piece *p)
{
	__u32 half = free_bits ? first + (1u << (free_bits - 1)) : 0;
	struct node n = {0}, l, r;

	if (p->last >= first + (1u << free_bits) - 1)
		return build_leaf(t, p);
	n.left = build(t, first, free_bits - 1, p);
	while (p->last < half)
		p++;
	n.right = build(t, half, free_bits - 1, p);
	l = t->nodes[n.left];
	r = t->nodes[n.right];
	n.cost = l.cost + r.cost;
	n.bare = l.bare + r.bare;
	n.good = t->n_values;
	add_common(t, &n, &l, &r);
	if (!n.n_good) {
		n.cost++;
		add_either(t, &n, &l, &r);
	}
	if (n.bare > n.cost + 1)
		n.bare = n.cost + 1;
	return add_node(t, &n);
}

/* ---- down: entries -------------------------------------------------- */

static void emit(struct ports_cover *out, __u8 bits, __u8 proto, __u16 port,
		 __u32 value)
{
	out->items = store_room(out->items, out->room, out->n, 1);
	out->items[out->n++] = (struct ports_prefix){bits, proto, port, value};
}

static void assign(struct trie *t, __u32 node, __u32 first,
		   unsigned int free_bits, bool bare, __u32 value)
{
	const struct node *n = &t->nodes[node];
	bool leaf = !n->left && !n->right, here;

	if (bare && leaf)
		here = n->bare;
	else if (bare)
		here = n->bare <
		       t->nodes[n->left].bare + t->nodes[n->right].bare;
	else
		here = !is_good(t, n, value);
	if (here) {
		value = t->values[n->good];
		bare = false;
		emit(t->out, FL_POLICY_BITS_PROTO + 16 - free_bits, t->proto,
		     first, value);
	}
	if (leaf)
		return;
	assign(t, n->left, first, free_bits - 1, bare, value);
	assign(t, n->right, first + (1u << (free_bits - 1)), free_bits - 1,
	       bare, value);
}

/* Entries for protocols beside the three can only be made for all of them, at
 * the root: is there one? */
void ports_cover(const struct ports_function *f,
		 const struct ports_function *below, struct ports_cover *out)
{
	bool same = f->other == (below ? below->other : PORTS_NOTHING);
	__u32 roots[PORTS_OTHER], bare = 0, under = 1;
	struct trie t = {.out = out};

	/* 0 stands for "no child" */
	add_node(&t, &(struct node){0});
	for (int c = PORTS_TCP; c < PORTS_OTHER; c++) {
		const struct node *n;

		cut(&t, f, below, c);
		roots[c] = build(&t, 0, 16, t.pieces);
		n = &t.nodes[roots[c]];
		bare += n->bare;
		under += n->cost + !is_good(&t, n, f->other);
	}
	out->n = 0;
	same = same && bare <= under;
	if (!same)
		emit(out, FL_POLICY_BITS_ANY, 0, 0, f->other);
	for (int c = PORTS_TCP; c < PORTS_OTHER; c++) {
		t.proto = protos[c];
		assign(&t, roots[c], 0, 16, same, f->other);
	}
	free(t.pieces);
	free(t.nodes);
	free(t.values);
}

void ports_cover_free(struct ports_cover *c)
{
	free(c->items);
	memset(c, 0, sizeof(*c));
}
