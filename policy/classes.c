/* SPDX-License-Identifier: Apache-2.0 */
#include "classes.h"

#include <stdlib.h>
#include <string.h>

enum { SEEN_BITS = 14 };

/* ---- an index of selectors ------------------------------------------ */

/* The key of an anchor: the only namespace (or -1), then "key=value". */
static size_t anchor_key(struct classes *c, long namespace, const char *key,
			 size_t key_len, const char *value)
{
	size_t value_len = value ? strlen(value) : 0;
	size_t len = sizeof(uint32_t) + key_len + (value ? 1 : 0) + value_len;
	uint32_t number = namespace;

	c->text = store_room(c->text, c->text_room, 0, len);
	memcpy(c->text, &number, sizeof(number));
	memcpy(c->text + sizeof(number), key, key_len);
	if (value) {
		c->text[sizeof(number) + key_len] = '=';
		memcpy(c->text + sizeof(number) + key_len + 1, value,
		       value_len);
	}
	return len;
}

static void add_anchor(struct classes *c, const struct catalog_selector *s,
		       const struct selector_term *t, const char *value,
		       uint32_t selector)
{
	size_t len =
		anchor_key(c, s->own_namespace, t->key, strlen(t->key), value);
	bool is_new;
	uint32_t i = intern_add(&c->anchors, c->text, len, &is_new);

	if (is_new) {
		c->anchored = store_room(c->anchored, c->anchored_room, i, 1);
		c->anchored[i] = (struct numbers){0};
	}
	numbers_add(&c->anchored[i], selector);
}

static void add_to_index(struct classes *c, uint32_t selector)
{
	const struct catalog_selector *s = &c->catalog->items[selector];
	const struct selector *members = &s->peer->members;

	for (size_t i = 0; i < members->n_terms; i++)
		intern_add(&c->keys, members->terms[i].key,
			   strlen(members->terms[i].key), NULL);
	for (size_t i = 0; i < members->n_terms; i++) {
		const struct selector_term *t = &members->terms[i];

		if (t->op != SELECTOR_IN)
			continue;
		for (size_t j = 0; j < t->n_values; j++)
			add_anchor(c, s, t, t->values[j], selector);
		return;
	}
	if (s->own_namespace >= 0)
		numbers_add(&c->by_namespace[s->own_namespace], selector);
	else
		numbers_add(&c->loose, selector);
}

void classes_begin(struct classes *c, struct catalog *catalog,
		   const struct namespaces *ns, struct intern *sets)
{
	*c = (struct classes){.catalog = catalog, .ns = ns, .sets = sets};
	c->seen = store_alloc((size_t)1 << SEEN_BITS, sizeof(*c->seen));
	c->by_namespace = store_alloc(ns->names.n, sizeof(*c->by_namespace));
	c->namespace_matches =
		store_alloc(ns->names.n * (catalog->namespace_texts.n + 1), 1);
	for (size_t i = 0; i < catalog_n(catalog); i++)
		if (catalog->items[i].kind == CATALOG_PODS)
			add_to_index(c, i);
}

void classes_free(struct classes *c)
{
	for (size_t i = 0; i < c->anchors.n; i++)
		numbers_free(&c->anchored[i]);
	for (size_t i = 0; c->by_namespace && i < c->ns->names.n; i++)
		numbers_free(&c->by_namespace[i]);
	free(c->anchored);
	free(c->by_namespace);
	free(c->namespace_matches);
	free(c->set_of);
	free(c->seen);
	free(c->text);
	numbers_free(&c->loose);
	numbers_free(&c->key);
	numbers_free(&c->matched);
	numbers_free(&c->called);
	intern_free(&c->keys);
	intern_free(&c->labels);
	intern_free(&c->classes);
	intern_free(&c->anchors);
}

/* ---- matching a class ----------------------------------------------- */

static bool namespace_matches(struct classes *c, uint32_t selector,
			      uint32_t namespace)
{
	uint8_t *known =
		&c->namespace_matches[selector * c->ns->names.n + namespace];

	if (!*known)
		*known = selector_matches(
				 c->catalog->namespace_selectors[selector],
				 c->ns->labels[namespace])
				 ? 2
				 : 1;
	return *known == 2;
}

static void try(struct classes *c, const struct numbers *list,
		uint32_t namespace, const char *labels)
{
	for (size_t i = 0; i < list->n; i++) {
		const struct catalog_selector *s =
			&c->catalog->items[list->items[i]];

		if (s->own_namespace < 0 &&
		    !namespace_matches(c, s->namespaces, namespace))
			continue;
		if (selector_matches(&s->peer->members, labels))
			numbers_add(&c->matched, list->items[i]);
	}
}

static void try_anchor(struct classes *c, long only, uint32_t namespace,
		       const char *label, const char *labels)
{
	size_t len = anchor_key(c, only, label, strlen(label), NULL);
	long i = intern_find(&c->anchors, c->text, len);

	if (i >= 0)
		try(c, &c->anchored[i], namespace, labels);
}

/* Does it matter what the pod calls this port? */
static bool name_matters(const struct classes *c, uint32_t port)
{
	const struct catalog_name *name =
		&c->catalog->names[c->catalog->items[port].name];
	size_t i = 0, j = 0;

	while (i < name->by.n && j < c->matched.n && !name->by_all) {
		if (name->by.items[i] == c->matched.items[j])
			return true;
		if (name->by.items[i] < c->matched.items[j])
			i++;
		else
			j++;
	}
	return name->by_all;
}

static uint32_t match_class(struct classes *c, uint32_t namespace,
			    const char *labels, const uint32_t *ports,
			    size_t n_ports)
{
	c->matched.n = 0;
	try(c, &c->loose, namespace, labels);
	try(c, &c->by_namespace[namespace], namespace, labels);
	for (const char *l = labels; *l; l += strlen(l) + 1) {
		try_anchor(c, -1, namespace, l, labels);
		try_anchor(c, namespace, namespace, l, labels);
	}
	numbers_sort(&c->matched);
	c->called.n = 0;
	for (size_t i = 0; i < n_ports; i++)
		if (name_matters(c, ports[i]))
			numbers_add(&c->called, ports[i]);
	for (size_t i = 0; i < c->called.n; i++)
		numbers_add(&c->matched, c->called.items[i]);
	numbers_sort(&c->matched);
	return intern_numbers(c->sets, &c->matched);
}

/* ---- the class of a pod --------------------------------------------- */

/* Number of the labels that count. */
static uint32_t project(struct classes *c, const char *labels)
{
	size_t len = 0;

	for (const char *l = labels; *l && c->keys.n;) {
		const char *equals = strchr(l, '=');
		size_t rest = strlen(l) + 1;

		if (equals && intern_find(&c->keys, l, equals - l) >= 0) {
			c->text = store_room(c->text, c->text_room, len, rest);
			memcpy(c->text + len, l, rest);
			len += rest;
		}
		l += rest;
	}
	c->text = store_room(c->text, c->text_room, len, 1);
	c->text[len++] = '\0';
	return intern_add(&c->labels, c->text, len, NULL);
}

static void add_ports(struct classes *c, const struct policy_pod *pod)
{
	for (size_t i = 0; i < pod->n_ports && c->catalog->port_names.n; i++) {
		const char *name = pod->ports[i].name;
		long number = intern_find(&c->catalog->port_names, name,
					  strlen(name));

		if (number >= 0)
			numbers_add(&c->key, catalog_port(c->catalog, number,
							  &pod->ports[i]));
	}
}

static uint32_t find_class(struct classes *c, const struct policy_pod *pod,
			   uint32_t namespace, bool *is_new)
{
	uint32_t labels = project(c, pod->labels);

	c->key.n = 0;
	numbers_add(&c->key, namespace);
	numbers_add(&c->key, labels);
	add_ports(c, pod);
	return intern_add(&c->classes, c->key.items,
			  c->key.n * sizeof(*c->key.items), is_new);
}

static uint32_t match(struct classes *c, const struct policy_pod *pod,
		      uint32_t namespace)
{
	const uint32_t *key;
	uint32_t class;
	bool is_new;

	class = find_class(c, pod, namespace, &is_new);
	key = c->key.items;
	if (is_new) {
		c->set_of = store_room(c->set_of, c->set_room, class, 1);
		c->set_of[class] = match_class(
			c, key[0], intern_key(&c->labels, key[1], NULL),
			key + 2, c->key.n - 2);
	}
	return c->set_of[class];
}

static struct classes_seen *
seen_at(struct classes *c, const struct policy_pod *pod, uint32_t namespace)
{
	uint64_t h = (uintptr_t)pod->labels * 0x9fb21c651e98df25ull ^
		     (uintptr_t)pod->ports ^ namespace;

	return &c->seen[h * 0x9e3779b97f4a7c15ull >> (64 - SEEN_BITS)];
}

uint32_t classes_match(struct classes *c, const struct policy_pod *pod,
		       uint32_t namespace)
{
	struct classes_seen *seen;

	if (!c->seen)
		return match(c, pod, namespace);
	seen = seen_at(c, pod, namespace);
	if (!seen->set || seen->labels != pod->labels ||
	    seen->ports != pod->ports || seen->namespace != namespace)
		*seen = (struct classes_seen){
			pod->labels,
			pod->ports,
			namespace,
			match(c, pod, namespace) + 1,
		};
	return seen->set - 1;
}

void classes_forget_pods(struct classes *c)
{
	free(c->seen);
	free(c->set_of);
	intern_free(&c->labels);
	intern_free(&c->classes);
	c->seen = NULL;
	c->set_of = NULL;
	c->set_room = 0;
}
