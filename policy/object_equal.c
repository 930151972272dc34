/* SPDX-License-Identifier: Apache-2.0 */
/* Whether two policies say the same, and what one takes. */
#include "object.h"

#include <malloc.h>
#include <string.h>

/* ---- equality ------------------------------------------------------- */

static bool same_text(const char *a, const char *b)
{
	return !a || !b ? a == b : !strcmp(a, b);
}

/* The text of a peer says all of it, that of a selector too. */
static bool same_ports(const struct policy_rule *a, const struct policy_rule *b)
{
	bool same = a->n_ports == b->n_ports;

	for (size_t i = 0; same && i < a->n_ports; i++)
		same = a->ports[i].proto == b->ports[i].proto &&
		       a->ports[i].first == b->ports[i].first &&
		       a->ports[i].last == b->ports[i].last &&
		       same_text(a->ports[i].name, b->ports[i].name);
	return same;
}

static bool same_rule(const struct policy_rule *a, const struct policy_rule *b)
{
	bool same = a->direction == b->direction && a->action == b->action &&
		    a->index == b->index && same_text(a->name, b->name) &&
		    a->n_peers == b->n_peers && same_ports(a, b);

	for (size_t i = 0; same && i < a->n_peers; i++)
		same = a->peers[i].kind == b->peers[i].kind &&
		       same_text(a->peers[i].text, b->peers[i].text);
	return same;
}

bool policy_equal(const struct policy *a, const struct policy *b)
{
	bool same = a->kind == b->kind && a->tier == b->tier &&
		    a->priority == b->priority && a->invalid == b->invalid &&
		    !memcmp(a->governs, b->governs, sizeof(a->governs)) &&
		    a->n_rules == b->n_rules &&
		    same_text(a->namespace, b->namespace) &&
		    same_text(a->name, b->name) &&
		    same_text(a->namespaces.text, b->namespaces.text) &&
		    same_text(a->pods.text, b->pods.text);

	for (size_t i = 0; same && i < a->n_rules; i++)
		same = same_rule(&a->rules[i], &b->rules[i]);
	return same;
}

/* ---- size ----------------------------------------------------------- */

static size_t block(const void *p)
{
	return p ? malloc_usable_size((void *)p) + sizeof(size_t) : 0;
}

static size_t selector_bytes(const struct selector *s)
{
	size_t sum = block(s->terms) + block(s->text);

	for (size_t i = 0; i < s->n_terms; i++) {
		const struct selector_term *t = &s->terms[i];

		sum += block(t->key) + block(t->values);
		for (size_t j = 0; j < t->n_values; j++)
			sum += block(t->values[j]);
	}
	return sum;
}

static size_t rule_bytes(const struct policy_rule *r)
{
	size_t sum = block(r->name) + block(r->peers) + block(r->ports);

	for (size_t i = 0; i < r->n_peers; i++)
		sum += selector_bytes(&r->peers[i].namespaces) +
		       selector_bytes(&r->peers[i].members) +
		       block(r->peers[i].except) + block(r->peers[i].text);
	for (size_t i = 0; i < r->n_ports; i++)
		sum += block(r->ports[i].name);
	return sum;
}

size_t policy_bytes(const struct policy *p)
{
	size_t sum = block(p) + block(p->namespace) + block(p->name) +
		     block(p->rules) + selector_bytes(&p->namespaces) +
		     selector_bytes(&p->pods);

	for (size_t i = 0; i < p->n_rules; i++)
		sum += rule_bytes(&p->rules[i]);
	return sum;
}
