/* SPDX-License-Identifier: Apache-2.0 */
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>

#include "cache.h"

struct complaints {
	char **items;
	size_t n, room;
};

static void complain(struct complaints *c, char *text)
{
	c->items = store_room(c->items, c->room, c->n, 1);
	c->items[c->n++] = text;
}

static void on_invalid(struct complaints *c, const struct policy *p)
{
	char title[600];

	policy_title(p, title, sizeof(title));
	if (p->kind == POLICY_NETWORK)
		complain(c, store_format("%s is invalid: it selects its pods "
					 "and allows nothing",
					 title));
	else
		complain(c, store_format("%s is invalid: it denies all in its "
					 "place",
					 title));
}

static void on_equal(struct complaints *c, const struct policy *first,
		     const struct policy *second)
{
	char a[600], b[600];

	if (first->kind != POLICY_CLUSTER || second->kind != POLICY_CLUSTER ||
	    first->tier != second->tier || first->priority != second->priority)
		return;
	complain(c, store_format("%s and %s have the same priority, %d: they "
				 "are asked in the order of their names",
				 policy_title(first, a, sizeof(a)),
				 policy_title(second, b, sizeof(b)),
				 first->priority));
}

/* ---- names of ports that nobody has --------------------------------- */

static bool some_pod_has(const struct policy_world *w,
			 const struct policy_port *port)
{
	for (size_t i = 0; i < w->n_pods; i++) {
		const struct policy_pod pod = policy_world_pod(w, i);

		for (size_t j = 0; j < pod.n_ports; j++)
			if (!strcmp(pod.ports[j].name, port->name) &&
			    (!port->proto || port->proto == pod.ports[j].proto))
				return true;
	}
	return false;
}

static const char *proto_name(__u8 proto)
{
	switch (proto) {
	case IPPROTO_TCP:
		return " (TCP)";
	case IPPROTO_UDP:
		return " (UDP)";
	case IPPROTO_SCTP:
		return " (SCTP)";
	}
	return "";
}

static const char *direction_name(const struct policy_rule *r)
{
	return r->direction == FL_INGRESS ? "ingress" : "egress";
}

/* Asked once for each name and protocol. */
static void on_nameless(struct complaints *c, const struct policy_world *w,
			const struct catalog *catalog)
{
	struct intern known = {0}, lacking = {0};
	char title[600], key[32];

	for (size_t i = 0; i < catalog->n_rules; i++) {
		const struct catalog_rule *r = &catalog->rules[i];

		for (size_t j = 0; j < r->rule->n_ports; j++) {
			const struct policy_port *p = &r->rule->ports[j];
			size_t len;
			bool is_new;

			if (!p->name)
				continue;
			len = snprintf(key, sizeof(key), "%u %.15s", p->proto,
				       p->name);
			intern_add(&known, key, len, &is_new);
			if (is_new && !some_pod_has(w, p))
				intern_add(&lacking, key, len, NULL);
			if (intern_find(&lacking, key, len) < 0)
				continue;
			policy_title(w->policies[r->policy], title,
				     sizeof(title));
			complain(c, store_format("%s, %s rule %u: no pod has a "
						 "port named \"%s\"%s",
						 title, direction_name(r->rule),
						 r->rule->index + 1, p->name,
						 proto_name(p->proto)));
		}
	}
	intern_free(&known);
	intern_free(&lacking);
}

void complaints_collect(const struct policy_world *w,
			const struct numbers *order,
			const struct catalog *catalog, struct identities *ids,
			struct policy_compiled *out)
{
	struct complaints c = {0};

	for (size_t i = 0; i < order->n; i++) {
		const struct policy *p = w->policies[order->items[i]];

		if (p->invalid) {
			on_invalid(&c, p);
			out->n_invalid++;
		}
		if (i)
			on_equal(&c, w->policies[order->items[i - 1]], p);
	}
	on_nameless(&c, w, catalog);
	for (size_t i = 0; i < ids->n_problems; i++)
		complain(&c, ids->problems[i]);
	ids->n_problems = 0;
	out->problems = c.items;
	out->n_problems = c.n;
}
