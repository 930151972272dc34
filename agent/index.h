/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Objects in the order of namespace and name: an array in pieces, so that one
 * more moves few of the others. Some 10 bytes an object, in whatever order
 * they come.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

struct object;
struct index_piece;

struct index {
	struct index_piece **pieces; /* none of them empty */
	size_t n_pieces, room;
	size_t n; /* objects */
};

/* Returns the one that has the name already, which stays; else NULL. */
struct object *index_add(struct index *x, struct object *o);
struct object *index_find(const struct index *x, const char *namespace,
			  const char *name);
/* The one of this name leaves; NULL: there is none. */
struct object *index_remove(struct index *x, const char *namespace,
			    const char *name);
/* o takes the place of the one that has its name, which is returned. */
struct object *index_replace(struct index *x, struct object *o);
void index_free(struct index *x); /* the objects stay; and empty */

/* In the order of names. fn must not add or remove. */
void index_each(const struct index *x, void (*fn)(struct object *o, void *arg),
		void *arg);
