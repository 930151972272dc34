/* SPDX-License-Identifier: Apache-2.0 */
#include "filter.h"

#include <arpa/inet.h>
#include <errno.h>
#include <string.h>

#include "format.h"

int set_range(const char *text, void *field, struct err *e)
{
	struct range_wanted *r = field;

	if (prefix_parse(text, false, &r->prefix))
		return err_set(e, EINVAL,
			       "%s is neither an address nor a range such as "
			       "10.1.0.0/24",
			       text);
	r->given = true;
	return 0;
}

int filter_check(const struct filter *f, const struct pods *pods, struct err *e)
{
	if (!f->pod)
		return 0;
	for (size_t i = 0; i < pods->n; i++)
		if (pod_matches(&pods->list[i], f->pod))
			return 0;
	return err_set(e, ENODEV,
		       "no pod %s on this node (see `fairlead endpoints`)",
		       f->pod);
}

static bool in_range(const struct range_wanted *r, const struct fl_addr *a,
		     const struct fl_addr *b)
{
	return !r->given || prefix_contains(&r->prefix, a) ||
	       prefix_contains(&r->prefix, b);
}

static bool is_port(const struct filter *f, const struct fl_tuple *t)
{
	return proto_has_ports(t->proto) &&
	       (ntohs(t->sport) == f->port || ntohs(t->dport) == f->port);
}

static bool is_pod(const struct filter *f, const struct pods *pods,
		   const struct fl_addr *a)
{
	const struct endpoint_record *r = pods_by_addr(pods, a);

	return r && pod_matches(r, f->pod);
}

/* A packet's tuple, as it came and as it went. */
static bool filter_tuples(const struct filter *f, const struct pods *pods,
			  const struct fl_tuple *t, const struct fl_tuple *to)
{
	if (!in_range(&f->from, &t->saddr, &to->saddr) ||
	    !in_range(&f->to, &t->daddr, &to->daddr))
		return false;
	if (!in_range(&f->address, &t->saddr, &to->saddr) &&
	    !in_range(&f->address, &t->daddr, &to->daddr))
		return false;
	if (f->port && !is_port(f, t) && !is_port(f, to))
		return false;
	if (f->proto >= 0 && t->proto != f->proto)
		return false;
	return !f->pod || is_pod(f, pods, &t->saddr) ||
	       is_pod(f, pods, &t->daddr) || is_pod(f, pods, &to->saddr) ||
	       is_pod(f, pods, &to->daddr);
}

bool filter_connection(const struct filter *f, const struct pods *pods,
		       const struct connection *c)
{
	if (f->masqueraded && !connection_is_masqueraded(c))
		return false;
	if (f->state >= 0 && connection_state(c) != (unsigned int)f->state)
		return false;
	return filter_tuples(f, pods, &c->tuple, &c->to);
}

bool filter_event(const struct filter *f, const struct pods *pods,
		  const struct fl_event *ev)
{
	bool is_flow = ev->type == FL_EVENT_FLOW_NEW ||
		       ev->type == FL_EVENT_FLOW_CLOSED;

	if (f->reason >= 0 && (is_flow || ev->reason != f->reason))
		return false;
	return filter_tuples(f, pods, &ev->tuple,
			     is_flow ? &ev->to : &ev->tuple);
}
