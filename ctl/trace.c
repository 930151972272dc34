/* SPDX-License-Identifier: Apache-2.0 */
#include "trace.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <string.h>

#include "../lib/addr.h"
#include "../lib/cleanup.h"
#include "connection.h"

/* The sender's port, or the first behind it that no connection has. */
#define SENDER_PORT 40000
#define PORT_TRIES  1000

#define THIS_NODE "host"

/* ---- who ------------------------------------------------------------- */

static int elsewhere(const struct trace *t, const struct fl_addr *a,
		     const char *word, struct err *e)
{
	const struct route_view *r = routes_lookup(&t->routes, a);
	char node[ADDR_STRLEN];

	if (!r || !r->is_route || r->route.flags & FL_ROUTE_LOCAL ||
	    !r->route.node_id)
		return err_set(e, ENODEV,
			       "%s is no pod of this node (see `fairlead "
			       "endpoints`)",
			       word);
	return err_set(e, ENODEV,
		       "%s is on node %u (%s): what it sends is decided there "
		       "first; ask there",
		       word, r->route.node_id,
		       addr_format(&r->route.node, node));
}

/* A pod of this node that has a name is found without an agent. */
static int named_elsewhere(const struct ctl *c, const char *word, struct err *e)
{
	struct cluster_pod pod;
	struct err ignored;

	if (cluster_pod_find(c->state_dir, word, &pod, &ignored))
		return err_set(e, e->code,
			       "no pod %s on this node. If it is on another "
			       "one, ask there: what a pod sends is decided on "
			       "its node",
			       word);
	return err_set(e, ENODEV,
		       "%s is on the node %s: what it sends is decided there "
		       "first; ask there",
		       pod.name, *pod.node ? pod.node : "(none yet)");
}

static int find_sender(const struct ctl *c, struct trace *t, const char *word,
		       struct err *e)
{
	struct fl_addr addr;

	if (!strcmp(word, THIS_NODE))
		return 0;
	t->sender = endpoint_find(&t->endpoints, word, e);
	if (t->sender)
		return 0;
	if (!addr_parse(word, &addr))
		return elsewhere(t, &addr, word, e);
	return named_elsewhere(c, word, e);
}

static const struct fl_addr *addr_in(const struct fl_addr *addrs, int n,
				     bool ipv6)
{
	for (int i = 0; i < n; i++)
		if (addr_is_v4(&addrs[i]) != ipv6)
			return &addrs[i];
	return NULL;
}

static const struct fl_addr *addr_of(const struct endpoint_view *v, bool ipv6)
{
	return addr_in(v->addrs, v->n_addrs, ipv6);
}

/* As asked for, or a pod's only family. */
static const struct fl_addr *addr_to(const struct fl_addr *addrs, int n,
				     bool ipv6)
{
	const struct fl_addr *a = addr_in(addrs, n, ipv6);

	return a || ipv6 || !n ? a : &addrs[0];
}

static const struct fl_addr *addr_of_host(const struct trace *t, bool ipv6)
{
	const struct fl_addr *a =
		ipv6 ? &t->config.host_v6 : &t->config.host_v4;

	return addr_is_zero(a) ? NULL : a;
}

static int no_family(const char *word, bool ipv6, struct err *e)
{
	return err_set(e, ENODEV, "%s has no IPv%d address", word,
		       ipv6 ? 6 : 4);
}

static int find_receiver(const struct ctl *c, struct trace *t,
			 const struct trace_request *r, struct err *e)
{
	const struct endpoint_view *v;
	const struct fl_addr *a;
	int rc;

	if (!addr_parse(r->to, &t->tuple.daddr))
		return 0;
	if (!strcmp(r->to, THIS_NODE)) {
		a = addr_of_host(t, r->ipv6);
	} else if ((v = endpoint_find(&t->endpoints, r->to, e))) {
		a = addr_to(v->addrs, v->n_addrs, r->ipv6);
	} else if (e->code == EINVAL) {
		return -EINVAL; /* several */
	} else {
		rc = cluster_pod_find(c->state_dir, r->to, &t->receiver, e);
		if (rc)
			return rc;
		a = addr_to(t->receiver.addrs, t->receiver.n_addrs, r->ipv6);
	}
	if (!a)
		return no_family(r->to, r->ipv6, e);
	t->tuple.daddr = *a;
	return 0;
}

/* The source's address, of the destination's family. */
static int choose_source(struct trace *t, const struct trace_request *r,
			 struct err *e)
{
	bool ipv6 = !addr_is_v4(&t->tuple.daddr);
	const struct fl_addr *a;
	struct fl_addr given;

	if (t->sender && !addr_parse(r->from, &given)) {
		if (addr_is_v4(&given) == ipv6)
			return no_family(r->from, ipv6, e);
		t->tuple.saddr = given;
		return 0;
	}
	a = t->sender ? addr_of(t->sender, ipv6) : addr_of_host(t, ipv6);
	if (!a)
		return no_family(r->from, ipv6, e);
	t->tuple.saddr = *a;
	return 0;
}

/* ---- what ------------------------------------------------------------ */

/* Ports that no connection has: an old decision would be told otherwise. */
static int choose_ports(const struct ctl *c, struct trace *t,
			const struct frame_target *target, struct err *e)
{
	__cleanup(fd_close) int fd = ctl_map_open(c, FL_MAP_FLOWS, e);
	bool ipv6 = !addr_is_v4(&t->tuple.daddr);
	struct fl_tuple reply;
	struct fl_flow flow;

	if (fd < 0)
		return fd;
	t->tuple.proto = !target->icmp ? target->proto
			 : ipv6	       ? IPPROTO_ICMPV6
				       : IPPROTO_ICMP;
	t->tuple.dport = htons(target->port);
	for (unsigned int i = 0; i < PORT_TRIES; i++) {
		t->tuple.sport = htons(SENDER_PORT + i);
		reply = tuple_reverse(&t->tuple);
		if (map_lookup(fd, &t->tuple, &flow) &&
		    map_lookup(fd, &reply, &flow))
			break;
	}
	return 0;
}

static int ask(const struct ctl *c, struct trace *t, struct err *e)
{
	unsigned int reason = frame_unroutable(&t->tuple.daddr);
	const struct endpoint_view *receiver = NULL;
	struct trace_frame frame;
	static const __u8 no_mac[6];
	char addr[ADDR_STRLEN];

	if (reason != FL_REASON_MAX) {
		t->answer.reason = reason;
		t->answer.flow.to = t->tuple;
		return 0;
	}
	frame_make(&t->tuple, t->sender ? t->sender->mac : no_mac, &frame);
	if (t->sender)
		return packet_trace(c->bpf_root, FL_HOOK_FROM_POD,
				    t->sender->ifindex, &frame, &t->answer, e);
	receiver = endpoint_find(&t->endpoints,
				 addr_format(&t->tuple.daddr, addr), e);
	if (!receiver)
		return err_set(e, EINVAL,
			       "%s is no pod of this node: what the node "
			       "itself sends elsewhere meets no policy here",
			       addr);
	return packet_trace(c->bpf_root, FL_HOOK_TO_POD, receiver->ifindex,
			    &frame, &t->answer, e);
}

/* ---- all of it ------------------------------------------------------- */

int trace_run(const struct ctl *c, const struct trace_request *r,
	      struct trace *out, struct err *e)
{
	int rc = ctl_config_read(c, &out->config, e);

	if (!rc)
		rc = endpoint_list_read(c, &out->endpoints, e);
	if (!rc)
		rc = routes_read(c, &out->routes, e);
	if (rc)
		return rc;
	if (rulebook_read(c->state_dir, &out->book, e))
		ctl_note("%s", e->msg);
	*e = (struct err){0};
	rc = find_sender(c, out, r->from, e);
	if (!rc)
		rc = find_receiver(c, out, r, e);
	if (!rc)
		rc = choose_source(out, r, e);
	if (!rc)
		rc = choose_ports(c, out, &r->target, e);
	return rc ? rc : ask(c, out, e);
}

void trace_free(struct trace *t)
{
	endpoint_list_free(&t->endpoints);
	routes_free(&t->routes);
	rulebook_free(&t->book);
}
