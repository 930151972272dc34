/* SPDX-License-Identifier: Apache-2.0 */
/* Peers and protocols of a ClusterNetworkPolicy. */
#include <netinet/in.h>
#include <string.h>

#include "reading.h"

enum { CIDRS_MAX = 25 };

/* ---- peers ---------------------------------------------------------- */

static void read_pods(struct reading *r, const cJSON *json,
		      struct policy_peer *peer)
{
	static const char *const known[] = {"namespaceSelector", "podSelector",
					    NULL};
	size_t where;

	if (!reading_object(r, json, known))
		return;
	where = reading_enter(r, ".namespaceSelector");
	reading_selector(r, reading_get(json, "namespaceSelector"),
			 &peer->namespaces);
	reading_leave(r, where);
	where = reading_enter(r, ".podSelector");
	if (!reading_get(json, "podSelector"))
		reading_problem(r, json, "missing");
	reading_selector(r, reading_get(json, "podSelector"), &peer->members);
	reading_leave(r, where);
}

static void read_networks(struct reading *r, const cJSON *json,
			  struct policy_rule *rule)
{
	const cJSON *list = reading_list(r, json, "networks", 1, CIDRS_MAX);
	const cJSON *item;
	int i = 0;

	cJSON_ArrayForEach (item, list) {
		size_t where = reading_enter(r, ".networks[%d]", i++);
		struct fl_prefix p;

		if (reading_cidr(r, item, &p))
			reading_add_peer(rule, POLICY_PEER_CIDR)->cidr = p;
		reading_leave(r, where);
	}
}

static void read_peer(struct reading *r, const cJSON *json,
		      struct policy_rule *rule, const char *which)
{
	const cJSON *value = reading_get(json, which);
	size_t where;

	if (!strcmp(which, "networks")) {
		read_networks(r, json, rule);
		return;
	}
	where = reading_enter(r, ".%s", which);
	if (!strcmp(which, "namespaces"))
		reading_selector(
			r, value,
			&reading_add_peer(rule, POLICY_PEER_PODS)->namespaces);
	else if (!strcmp(which, "pods"))
		read_pods(r, value, reading_add_peer(rule, POLICY_PEER_PODS));
	else if (!strcmp(which, "nodes"))
		reading_selector(
			r, value,
			&reading_add_peer(rule, POLICY_PEER_NODES)->members);
	else
		reading_problem(r, value, "domain names are not supported yet");
	reading_leave(r, where);
}

void cluster_peer_read(struct reading *r, struct policy_rule *rule,
		       const cJSON *json)
{
	static const char *const ingress[] = {"namespaces", "pods", NULL};
	static const char *const egress[] = {
		"namespaces", "pods", "nodes", "networks", "domainNames", NULL};
	const char *const *known =
		rule->direction == FL_INGRESS ? ingress : egress;
	int which;

	if (!reading_object(r, json, known))
		return;
	which = reading_one_of(r, json, known);
	if (which >= 0)
		read_peer(r, json, rule, known[which]);
}

/* ---- protocols ------------------------------------------------------ */

static bool read_range(struct reading *r, const cJSON *json,
		       struct policy_port *p)
{
	static const char *const known[] = {"start", "end", NULL};
	int ends[2] = {0, 0};

	if (!reading_object(r, json, known))
		return false;
	for (int i = 0; i < 2; i++) {
		const cJSON *value = reading_get(json, known[i]);
		size_t where = reading_enter(r, ".%s", known[i]);

		if (value)
			reading_int(r, value, 1, 65535, &ends[i]);
		else
			reading_problem(r, json, "missing");
		reading_leave(r, where);
	}
	if (!ends[0] || !ends[1])
		return false;
	if (ends[0] >= ends[1]) {
		reading_problem(r, json, "start %d is not below end %d",
				ends[0], ends[1]);
		return false;
	}
	p->first = ends[0];
	p->last = ends[1];
	return true;
}

static bool read_port(struct reading *r, const cJSON *json,
		      struct policy_port *p)
{
	static const char *const known[] = {"number", "range", NULL};
	int which, number;
	size_t where;
	bool ok;

	if (!reading_object(r, json, known))
		return false;
	which = reading_one_of(r, json, known);
	if (which < 0)
		return false;
	where = reading_enter(r, ".%s", known[which]);
	if (which == 1) {
		ok = read_range(r, reading_get(json, "range"), p);
	} else {
		ok = reading_int(r, reading_get(json, "number"), 1, 65535,
				 &number);
		if (ok)
			p->first = p->last = number;
	}
	reading_leave(r, where);
	return ok;
}

static bool read_numbers(struct reading *r, const cJSON *json,
			 struct policy_port *p)
{
	static const char *const known[] = {"destinationPort", NULL};
	size_t where;
	bool ok;

	if (!reading_object(r, json, known))
		return false;
	where = reading_enter(r, ".destinationPort");
	if (!reading_get(json, "destinationPort")) {
		reading_problem(r, json, "missing");
		ok = false;
	} else {
		ok = read_port(r, reading_get(json, "destinationPort"), p);
	}
	reading_leave(r, where);
	return ok;
}

void cluster_protocol_read(struct reading *r, struct policy_rule *rule,
			   const cJSON *json)
{
	static const char *const known[] = {"tcp", "udp", "sctp",
					    "destinationNamedPort", NULL};
	static const __u8 protos[] = {IPPROTO_TCP, IPPROTO_UDP, IPPROTO_SCTP,
				      0};
	struct policy_port p = {0};
	int which;
	size_t where;
	bool ok;

	if (!reading_object(r, json, known))
		return;
	which = reading_one_of(r, json, known);
	if (which < 0)
		return;
	p.proto = protos[which];
	where = reading_enter(r, ".%s", known[which]);
	if (p.proto)
		ok = read_numbers(r, reading_get(json, known[which]), &p);
	else
		ok = reading_port_name(r, reading_get(json, known[which]),
				       &p.name);
	if (ok)
		reading_add_port(rule, &p);
	reading_leave(r, where);
}
