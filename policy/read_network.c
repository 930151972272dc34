/* SPDX-License-Identifier: Apache-2.0 */
/* networking.k8s.io/v1 NetworkPolicy. */
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

#include "../lib/addr.h"
#include "reading.h"
#include "store.h"

/* ---- peers ---------------------------------------------------------- */

static int compare_prefixes(const void *a, const void *b)
{
	const struct fl_prefix *x = a, *y = b;
	int d = addr_compare(&x->addr, &y->addr);

	return d ? d : (int)x->prefix_len - (int)y->prefix_len;
}

static void read_except(struct reading *r, const cJSON *block,
			struct policy_peer *peer)
{
	const cJSON *list = reading_list(r, block, "except", 0, 0), *item;
	int n = cJSON_GetArraySize(list), i = 0;
	struct fl_prefix p;

	if (!n)
		return;
	peer->except = store_alloc(n, sizeof(*peer->except));
	cJSON_ArrayForEach (item, list) {
		size_t where = reading_enter(r, ".except[%d]", i++);

		if (!reading_cidr(r, item, &p))
			;
		else if (p.prefix_len <= peer->cidr.prefix_len ||
			 !prefix_contains(&peer->cidr, &p.addr))
			reading_problem(r, item,
					"%.64s is not within the block",
					item->valuestring);
		else
			peer->except[peer->n_except++] = p;
		reading_leave(r, where);
	}
	qsort(peer->except, peer->n_except, sizeof(*peer->except),
	      compare_prefixes);
}

static void read_block(struct reading *r, const cJSON *block,
		       struct policy_rule *rule)
{
	static const char *const known[] = {"cidr", "except", NULL};
	struct policy_peer *peer = reading_add_peer(rule, POLICY_PEER_CIDR);
	const cJSON *cidr;
	size_t where;
	bool ok = false;

	if (!reading_object(r, block, known))
		return;
	cidr = reading_get(block, "cidr");
	where = reading_enter(r, ".cidr");
	if (cidr)
		ok = reading_cidr(r, cidr, &peer->cidr);
	else
		reading_problem(r, block, "missing");
	reading_leave(r, where);
	if (ok)
		read_except(r, block, peer);
}

static void read_pods(struct reading *r, const cJSON *json,
		      struct policy_rule *rule)
{
	const cJSON *namespaces = reading_get(json, "namespaceSelector");
	struct policy_peer *peer = reading_add_peer(rule, POLICY_PEER_PODS);
	size_t where = reading_enter(r, ".namespaceSelector");

	peer->own_namespace = !namespaces;
	reading_selector(r, namespaces, &peer->namespaces);
	reading_leave(r, where);
	where = reading_enter(r, ".podSelector");
	reading_selector(r, reading_get(json, "podSelector"), &peer->members);
	reading_leave(r, where);
}

static void read_peer(struct reading *r, const cJSON *json,
		      struct policy_rule *rule)
{
	static const char *const known[] = {"podSelector", "namespaceSelector",
					    "ipBlock", NULL};
	const cJSON *block;
	size_t where;
	bool pods;

	if (!reading_object(r, json, known))
		return;
	block = reading_get(json, "ipBlock");
	pods = reading_get(json, "podSelector") ||
	       reading_get(json, "namespaceSelector");
	if (!block && !pods) {
		reading_problem(r, json, "must name a peer");
		return;
	}
	if (!block) {
		read_pods(r, json, rule);
		return;
	}
	where = reading_enter(r, ".ipBlock");
	if (pods)
		reading_problem(r, block, "must not stand beside a selector");
	read_block(r, block, rule);
	reading_leave(r, where);
}

/* ---- ports ---------------------------------------------------------- */

static const char *const proto_names[] = {"TCP", "UDP", "SCTP", NULL};
static const __u8 protos[] = {IPPROTO_TCP, IPPROTO_UDP, IPPROTO_SCTP};

static void read_proto(struct reading *r, const cJSON *json, __u8 *proto)
{
	const cJSON *value = reading_get(json, "protocol");
	size_t where = reading_enter(r, ".protocol");
	int i = value ? reading_word(r, value, proto_names) : 0;

	reading_leave(r, where);
	if (i >= 0)
		*proto = protos[i];
}

static void read_end(struct reading *r, const cJSON *json,
		     struct policy_port *p, bool numbered)
{
	const cJSON *value = reading_get(json, "endPort");
	size_t where = reading_enter(r, ".endPort");
	int last;

	if (!value)
		;
	else if (p->name)
		reading_problem(r, value, "needs a port that is a number");
	else if (!numbered)
		reading_problem(r, value, "needs a port");
	else if (!reading_int(r, value, 1, 65535, &last))
		;
	else if (last < p->first)
		reading_problem(r, value, "%d is below port %d", last,
				p->first);
	else
		p->last = last;
	reading_leave(r, where);
}

static void read_port(struct reading *r, const cJSON *json,
		      struct policy_rule *rule)
{
	static const char *const known[] = {"protocol", "port", "endPort",
					    NULL};
	struct policy_port p = {.last = 65535};
	const cJSON *port;
	int number = 0;
	size_t where;

	if (!reading_object(r, json, known))
		return;
	read_proto(r, json, &p.proto);
	port = reading_get(json, "port");
	where = reading_enter(r, ".port");
	if (cJSON_IsString(port))
		reading_port_name(r, port, &p.name);
	else if (port && reading_int(r, port, 1, 65535, &number))
		p.first = p.last = number;
	reading_leave(r, where);
	if (cJSON_IsString(port) && !p.name)
		return;
	if (!port || p.name || number)
		read_end(r, json, &p, number);
	reading_add_port(rule, &p);
}

/* ---- rules ---------------------------------------------------------- */

static void read_rule(struct reading *r, const cJSON *json,
		      enum fl_direction direction)
{
	static const char *const ingress[] = {"from", "ports", NULL};
	static const char *const egress[] = {"to", "ports", NULL};
	bool in = direction == FL_INGRESS;
	struct policy_rule *rule = reading_add_rule(r, direction);
	const char *peers = in ? "from" : "to";
	const cJSON *list, *item;
	int i = 0;

	if (!reading_object(r, json, in ? ingress : egress))
		return;
	list = reading_list(r, json, peers, 0, 0);
	cJSON_ArrayForEach (item, list) {
		size_t where = reading_enter(r, ".%s[%d]", peers, i++);

		read_peer(r, item, rule);
		reading_leave(r, where);
	}
	i = 0;
	list = reading_list(r, json, "ports", 0, 0);
	cJSON_ArrayForEach (item, list) {
		size_t where = reading_enter(r, ".ports[%d]", i++);

		read_port(r, item, rule);
		reading_leave(r, where);
	}
}

static void read_rules(struct reading *r, const cJSON *spec, const char *name,
		       enum fl_direction direction)
{
	const cJSON *list = reading_list(r, spec, name, 0, 0), *item;
	int i = 0;

	cJSON_ArrayForEach (item, list) {
		size_t where = reading_enter(r, ".%s[%d]", name, i++);

		read_rule(r, item, direction);
		reading_leave(r, where);
	}
}

/* ---- spec ----------------------------------------------------------- */

/* Without policyTypes: ingress, and egress if there are rules for it. */
static void read_types(struct reading *r, const cJSON *spec)
{
	static const char *const types[] = {
		[FL_INGRESS] = "Ingress", [FL_EGRESS] = "Egress", NULL};
	const cJSON *list = reading_list(r, spec, "policyTypes", 0, 2), *item;
	const cJSON *egress = reading_get(spec, "egress");
	bool governs[2] = {false, false};
	unsigned int before = r->problems;
	int i = 0;

	if (reading_get(spec, "policyTypes") && !list)
		return; /* both */
	cJSON_ArrayForEach (item, list) {
		size_t where = reading_enter(r, ".policyTypes[%d]", i++);
		int type = reading_word(r, item, types);

		if (type >= 0)
			governs[type] = true;
		reading_leave(r, where);
	}
	if (!i)
		governs[FL_INGRESS] = true;
	if (!i && egress && (!cJSON_IsArray(egress) || egress->child))
		governs[FL_EGRESS] = true;
	if (r->problems == before && !r->spec_unclear)
		memcpy(r->policy->governs, governs, sizeof(governs));
}

/* Rules for a direction that policyTypes leaves alone mean nothing. */
static void drop_idle_rules(struct policy *p)
{
	size_t n = 0;

	for (size_t i = 0; i < p->n_rules; i++) {
		if (p->governs[p->rules[i].direction])
			p->rules[n++] = p->rules[i];
		else
			policy_rule_free(&p->rules[i]);
	}
	p->n_rules = n;
}

void network_policy_read(struct reading *r, const cJSON *spec)
{
	static const char *const known[] = {"podSelector", "policyTypes",
					    "ingress", "egress", NULL};
	size_t where;

	reading_object(r, spec, known);
	where = reading_enter(r, ".podSelector");
	reading_selector(r, reading_get(spec, "podSelector"), &r->policy->pods);
	reading_leave(r, where);
	read_types(r, spec);
	read_rules(r, spec, "ingress", FL_INGRESS);
	read_rules(r, spec, "egress", FL_EGRESS);
	drop_idle_rules(r->policy);
}
