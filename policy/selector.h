/* SPDX-License-Identifier: Apache-2.0 */
/* Label selectors, and whether they match. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

enum selector_op {
	SELECTOR_IN,
	SELECTOR_NOT_IN,
	SELECTOR_EXISTS,
	SELECTOR_NOT_EXISTS,
};

struct selector_term {
	char *key;
	enum selector_op op;
	char **values; /* IN and NOT_IN: sorted, each once, at least one */
	size_t n_values;
};

/* All terms must match: none, and everything does. matchLabels are terms with
 * SELECTOR_IN and one value. */
struct selector {
	struct selector_term *terms;
	size_t n_terms;
	char *text; /* "app=web,role in (a,b)"; what is the same reads the same,
		     * once selector_finish() was here */
};

/* Put terms and values in order and write the text. */
void selector_finish(struct selector *s);

/* Labels: "key=value", each with its final NUL, an empty one last. */
bool selector_matches(const struct selector *s, const char *labels);
bool selector_term_matches(const struct selector_term *t, const char *labels);

/* The value of a label, NULL if there is none. */
const char *label_find(const char *labels, const char *key, size_t key_len);

void selector_free(struct selector *s); /* and empty */
