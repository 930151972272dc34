/* SPDX-License-Identifier: Apache-2.0 */
#include "index.h"

#include <stdlib.h>
#include <string.h>

#include "memory.h"
#include "model.h"

enum { PIECE_MAX = 254 };

struct index_piece {
	size_t n;
	struct object *items[PIECE_MAX];
};

/* Where an object is, or belongs. */
struct place {
	size_t piece, item;
	bool found;
};

static int compare(const char *namespace, const char *name,
		   const struct object *o)
{
	int c = namespace == o->namespace ? 0 : strcmp(namespace, o->namespace);

	return c ? c : strcmp(name, o->name);
}

/* ---- places --------------------------------------------------------- */

/* The last piece that does not begin behind the name. */
static size_t find_piece(const struct index *x, const char *namespace,
			 const char *name)
{
	size_t low = 0, high = x->n_pieces;

	while (high - low > 1) {
		size_t middle = (low + high) / 2;

		if (compare(namespace, name, x->pieces[middle]->items[0]) < 0)
			high = middle;
		else
			low = middle;
	}
	return low;
}

static struct place find(const struct index *x, const char *namespace,
			 const char *name)
{
	struct place place = {0};
	const struct index_piece *p;
	size_t high;

	if (!x->n_pieces)
		return place;
	place.piece = find_piece(x, namespace, name);
	p = x->pieces[place.piece];
	high = p->n;
	while (place.item < high) {
		size_t middle = (place.item + high) / 2;
		int c = compare(namespace, name, p->items[middle]);

		if (!c) {
			place.item = middle;
			place.found = true;
			return place;
		}
		if (c < 0)
			high = middle;
		else
			place.item = middle + 1;
	}
	return place;
}

static struct object **slot(const struct index *x, const struct place *at)
{
	return &x->pieces[at->piece]->items[at->item];
}

/* ---- pieces --------------------------------------------------------- */

static struct index_piece *insert_piece(struct index *x, size_t at)
{
	struct index_piece *p = memory_alloc(sizeof(*p));

	x->pieces = list_room(x->pieces, x->room, x->n_pieces);
	memmove(&x->pieces[at + 1], &x->pieces[at],
		(x->n_pieces - at) * sizeof(*x->pieces));
	x->pieces[at] = p;
	x->n_pieces++;
	return p;
}

static void remove_piece(struct index *x, size_t at)
{
	free(x->pieces[at]);
	x->n_pieces--;
	memmove(&x->pieces[at], &x->pieces[at + 1],
		(x->n_pieces - at) * sizeof(*x->pieces));
}

/* Half of a full piece moves to a new one behind it. What comes in order, as
 * lists do, leaves full ones behind. */
static void split(struct index *x, struct place *at)
{
	struct index_piece *old = x->pieces[at->piece], *new;
	size_t keep = at->item == old->n ? old->n : old->n / 2;

	new = insert_piece(x, at->piece + 1);
	new->n = old->n - keep;
	memcpy(new->items, &old->items[keep], new->n * sizeof(*new->items));
	old->n = keep;
	if (at->item < keep)
		return;
	at->piece++;
	at->item -= keep;
}

/* Two neighbours that have room in one become one. */
static void merge(struct index *x, size_t at)
{
	struct index_piece *p, *next;

	if (at + 1 >= x->n_pieces)
		return;
	p = x->pieces[at];
	next = x->pieces[at + 1];
	if (p->n + next->n > PIECE_MAX / 2)
		return;
	memcpy(&p->items[p->n], next->items, next->n * sizeof(*next->items));
	p->n += next->n;
	remove_piece(x, at + 1);
}

/* ---- the index ------------------------------------------------------ */

struct object *index_add(struct index *x, struct object *o)
{
	struct place at = find(x, o->namespace, o->name);
	struct index_piece *p;

	if (at.found)
		return *slot(x, &at);
	if (!x->n_pieces)
		insert_piece(x, 0);
	if (x->pieces[at.piece]->n == PIECE_MAX)
		split(x, &at);
	p = x->pieces[at.piece];
	memmove(&p->items[at.item + 1], &p->items[at.item],
		(p->n - at.item) * sizeof(*p->items));
	p->items[at.item] = o;
	p->n++;
	x->n++;
	return NULL;
}

struct object *index_find(const struct index *x, const char *namespace,
			  const char *name)
{
	struct place at = find(x, namespace, name);

	return at.found ? *slot(x, &at) : NULL;
}

struct object *index_remove(struct index *x, const char *namespace,
			    const char *name)
{
	struct place at = find(x, namespace, name);
	struct index_piece *p;
	struct object *o;

	if (!at.found)
		return NULL;
	o = *slot(x, &at);
	p = x->pieces[at.piece];
	p->n--;
	memmove(&p->items[at.item], &p->items[at.item + 1],
		(p->n - at.item) * sizeof(*p->items));
	if (!p->n)
		remove_piece(x, at.piece);
	else
		merge(x, at.piece);
	x->n--;
	return o;
}

struct object *index_replace(struct index *x, struct object *o)
{
	struct place at = find(x, o->namespace, o->name);
	struct object *old;

	if (!at.found)
		return NULL;
	old = *slot(x, &at);
	*slot(x, &at) = o;
	return old;
}

void index_free(struct index *x)
{
	for (size_t i = 0; i < x->n_pieces; i++)
		free(x->pieces[i]);
	free(x->pieces);
	memset(x, 0, sizeof(*x));
}

void index_each(const struct index *x, void (*fn)(struct object *o, void *arg),
		void *arg)
{
	for (size_t i = 0; i < x->n_pieces; i++)
		for (size_t j = 0; j < x->pieces[i]->n; j++)
			fn(x->pieces[i]->items[j], arg);
}
