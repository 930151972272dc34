/* SPDX-License-Identifier: Apache-2.0 */
#include <net/if.h>
#include <stdarg.h>
#include <string.h>

#include "../lib/addr.h"
#include "doc.h"
#include "flow_table.h"
#include "format.h"
#include "reason.h"
#include "trace.h"

#define LABEL_WIDTH 9
#define WORDS_LEN   2048

bool trace_passes(const struct trace *t)
{
	return !reason_is_drop(t->answer.reason);
}

/* ---- policy ---------------------------------------------------------- */

/* One direction of policy: whose it is, and what it said. */
struct opinion {
	const struct endpoint_view *pod; /* NULL: nobody was asked */
	bool governed, denied, audited;
	__u32 rule;
};

static const struct endpoint_view *receiver_of(const struct trace *t)
{
	if (t->answer.flow.action != FL_ACTION_LOCAL)
		return NULL;
	return endpoint_by_ifindex(&t->endpoints, t->answer.flow.out_ifindex);
}

static bool is_itself(const struct trace *t)
{
	return t->sender && t->sender == receiver_of(t);
}

static struct opinion opinion_of(const struct trace *t, unsigned int direction)
{
	const struct fl_trace *a = &t->answer;
	bool egress = direction == FL_EGRESS;
	struct opinion o = {.pod = egress ? t->sender : receiver_of(t)};

	if (!o.pod || is_itself(t))
		return (struct opinion){0};
	/* This node always reaches its pods. */
	o.governed = o.pod->flags & (egress ? FL_ENDPOINT_EGRESS
					    : FL_ENDPOINT_INGRESS) &&
		     (egress || t->sender);
	o.rule = egress ? a->flow.rule : a->flow.ingress_rule;
	/* A datapath from before there was `denied` tells one of two. */
	o.denied = a->denied & 1 << direction ||
		   (a->policy_ifindex == o.pod->ifindex &&
		    a->direction == direction);
	o.audited = o.denied && trace_passes(t);
	return o;
}

static bool is_asked(const struct trace *t, unsigned int direction)
{
	const struct fl_trace *a = &t->answer;

	if (a->reason == FL_DROP_PENDING)
		return false;
	if (!trace_passes(t) && !a->policy_ifindex)
		return false;
	/* What a sender may not send, nobody is asked to receive. */
	return direction == FL_EGRESS || trace_passes(t) ||
	       a->direction == FL_INGRESS;
}

static void words_governed(const struct trace *t, const struct opinion *o,
			   char *buf, size_t size)
{
	const struct rulebook_group *g =
		rulebook_group(&t->book, o->pod->policy_id);
	size_t at = strlen(buf);

	for (size_t i = 0; g && i < g->n_policies && at < size; i++)
		at += snprintf(buf + at, size - at, "%s%s",
			       i ? ", " : "; it is selected by ",
			       g->policies[i]);
}

static const char *words_opinion(const struct trace *t, unsigned int direction,
				 char buf[WORDS_LEN])
{
	struct opinion o = opinion_of(t, direction);
	char label[POD_LABEL_LEN], rule[RULE_TEXT_LEN];

	if (is_itself(t))
		return "a pod always reaches itself";
	if (!is_asked(t, direction))
		return "not asked";
	if (!o.pod)
		return direction == FL_EGRESS ? "this node sends: not asked"
		       : t->answer.flow.action == FL_ACTION_OVERLAY
			       ? "asked on the receiver's node"
			       : "the receiver is no pod of this node";
	pod_label(o.pod->record, label);
	if (!t->sender && direction == FL_INGRESS)
		snprintf(buf, WORDS_LEN, "%s is always reached by its node",
			 label);
	else if (!o.governed)
		snprintf(buf, WORDS_LEN, "no policy governs what %s %s", label,
			 direction == FL_EGRESS ? "sends" : "receives");
	else if (o.denied && o.rule)
		snprintf(buf, WORDS_LEN, "%s by %s (policy of %s)",
			 o.audited ? "audit: would be DENIED" : "DENIED",
			 rulebook_rule(&t->book, o.rule, rule), label);
	else if (o.denied) {
		snprintf(buf, WORDS_LEN, "%s: no rule of %s allows it",
			 o.audited ? "audit: would be DENIED" : "DENIED",
			 label);
		words_governed(t, &o, buf, WORDS_LEN);
	} else if (o.rule)
		snprintf(buf, WORDS_LEN, "allowed by %s",
			 rulebook_rule(&t->book, o.rule, rule));
	else
		snprintf(buf, WORDS_LEN, "allowed: %s",
			 t->answer.flow.action == FL_ACTION_HOST
				 ? "a pod reaches its own node"
				 : "no rule denies it");
	return buf;
}

/* ---- the way out ----------------------------------------------------- */

static const char *words_way(const struct trace *t, char buf[WORDS_LEN])
{
	const struct fl_flow *f = &t->answer.flow;
	const struct route_view *r = routes_lookup(&t->routes, &f->to.daddr);
	const struct endpoint_view *pod = receiver_of(t);
	char device[IF_NAMESIZE] = "?", next[ADDR_STRLEN];
	char label[POD_LABEL_LEN];

	if (t->answer.reason == FL_PASS_NOT_OURS)
		return "left to the host stack";
	if_indextoname(f->out_ifindex, device);
	addr_format(&f->next, next);
	switch (f->action) {
	case FL_ACTION_LOCAL:
		snprintf(buf, WORDS_LEN, "straight into the pod %s, by %s",
			 pod_label(pod ? pod->record : NULL, label), device);
		return buf;
	case FL_ACTION_OVERLAY:
		snprintf(buf, WORDS_LEN, "by %s to node %u, %s", device,
			 r ? r->route.node_id : 0, next);
		return buf;
	case FL_ACTION_UPLINK:
		snprintf(buf, WORDS_LEN, "by the uplink %s, next hop %s",
			 device, next);
		return buf;
	}
	return "to this node's own stack";
}

static const char *words_rewrites(const struct trace *t, char buf[WORDS_LEN])
{
	const struct fl_trace *a = &t->answer;
	char translation[TRANSLATION_LEN], addr[ADDR_STRLEN];

	if (a->needs_port) {
		snprintf(buf, WORDS_LEN,
			 "masqueraded as %s, with a port that is found when "
			 "it is sent (its own, if it is free)",
			 addr_format(&a->flow.to.saddr, addr));
		return buf;
	}
	translation_text(&t->tuple, &a->flow.to, translation);
	snprintf(buf, WORDS_LEN, "%s", *translation ? translation : "none");
	return buf;
}

/* ---- the screen ------------------------------------------------------ */

static void line(const struct ctl *c, const char *label, enum style style,
		 const char *fmt, ...) __attribute__((format(printf, 4, 5)));

static void line(const struct ctl *c, const char *label, enum style style,
		 const char *fmt, ...)
{
	char raw[WORDS_LEN], clean[WORDS_LEN];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(raw, sizeof(raw), fmt, ap);
	va_end(ap);
	format_clean(raw, clean, sizeof(clean));
	printf("%s%-*s%s  %s", style_on(&c->look, FAINT), LABEL_WIDTH, label,
	       style_off(&c->look, FAINT), style_on(&c->look, style));
	text_wrap_from(clean, LABEL_WIDTH + 2, c->look.width, stdout);
	fputs(style_off(&c->look, style), stdout);
}

static void print_peer(const struct trace *t, const struct ctl *c,
		       const char *label, const char *name, const char *peer,
		       __u32 identity)
{
	char who[RULE_TEXT_LEN];

	line(c, label, PLAIN, "%s%s%s (%s)", peer, *name ? " " : "", name,
	     rulebook_identity(&t->book, identity, who));
}

static const char *name_of(const struct endpoint_view *pod,
			   char buf[POD_LABEL_LEN])
{
	return pod_label(pod ? pod->record : NULL, buf);
}

void trace_print(const struct trace *t, const struct ctl *c)
{
	const struct endpoint_view *receiver = receiver_of(t);
	const struct fl_flow *f = &t->answer.flow;
	const struct fl_tuple *k = &t->tuple;
	char peer[FORMAT_LEN], proto[FORMAT_LEN], buf[WORDS_LEN];
	char name[POD_LABEL_LEN];
	bool passes = trace_passes(t);

	print_peer(t, c, "from", name_of(t->sender, name),
		   format_peer(&k->saddr, 0, 0, peer), f->src_identity);
	format_peer(&k->daddr, k->dport, k->proto, peer);
	snprintf(buf, sizeof(buf), "%s %s", peer,
		 format_proto(k->proto, proto));
	print_peer(t, c, "to",
		   receiver ? name_of(receiver, name) : t->receiver.name, buf,
		   f->dst_identity);
	line(c, "verdict", passes ? GOOD : BAD, "%s",
	     passes ? "it passes" : "it is DROPPED");
	if (!passes)
		line(c, "reason", PLAIN, "%s: %s",
		     reason_name(t->answer.reason),
		     reason_text(t->answer.reason));
	line(c, "egress", PLAIN, "%s", words_opinion(t, FL_EGRESS, buf));
	line(c, "ingress", PLAIN, "%s", words_opinion(t, FL_INGRESS, buf));
	if (!passes)
		return;
	line(c, "rewrites", PLAIN, "%s", words_rewrites(t, buf));
	line(c, "leaves", PLAIN, "%s", words_way(t, buf));
}

/* ---- JSON ------------------------------------------------------------ */

static void add_opinion(cJSON *doc, const struct trace *t,
			unsigned int direction)
{
	struct opinion o = opinion_of(t, direction);
	cJSON *one = doc_object();
	char label[POD_LABEL_LEN], buf[WORDS_LEN];

	if (o.pod)
		doc_text(one, "pod", pod_label(o.pod->record, label));
	doc_bool(one, "governed", o.governed);
	if (o.governed && is_asked(t, direction)) {
		doc_text(one, "verdict", o.denied ? "deny" : "allow");
		doc_bool(one, "audit", o.audited);
		doc_u64(one, "rule", o.rule);
		if (o.rule)
			doc_text(one, "ruleText",
				 rulebook_rule(&t->book, o.rule, buf));
	}
	doc_text(one, "meaning", words_opinion(t, direction, buf));
	doc_add(doc, direction_name(direction), one);
}

static void add_way(cJSON *doc, const struct trace *t)
{
	const struct fl_flow *f = &t->answer.flow;
	const struct route_view *r = routes_lookup(&t->routes, &f->to.daddr);
	char device[IF_NAMESIZE];
	cJSON *as;

	if (memcmp(&t->tuple, &f->to, sizeof(f->to))) {
		as = doc_object();
		doc_peer(as, "source", &f->to.saddr, f->to.sport,
			 t->answer.needs_port ? 0 : f->to.proto);
		doc_peer(as, "destination", &f->to.daddr, f->to.dport,
			 f->to.proto);
		doc_add(doc, "translated", as);
	}
	doc_text(doc, "action", action_name(f->action));
	if (f->out_ifindex) {
		doc_u64(doc, "outIfindex", f->out_ifindex);
		if (if_indextoname(f->out_ifindex, device))
			doc_text(doc, "device", device);
	}
	if (!addr_is_zero(&f->next))
		doc_addr(doc, "next", &f->next);
	if (f->action == FL_ACTION_OVERLAY && r)
		doc_u64(doc, "node", r->route.node_id);
	doc_u64(doc, "mtu", f->mtu);
}

cJSON *trace_doc(const struct trace *t)
{
	const struct fl_trace *a = &t->answer;
	const struct fl_tuple *k = &t->tuple;
	cJSON *doc = doc_object();
	char buf[RULE_TEXT_LEN];

	doc_text(doc, "verdict", trace_passes(t) ? "pass" : "drop");
	doc_text(doc, "reason", reason_name(a->reason));
	doc_text(doc, "meaning", reason_text(a->reason));
	doc_text(doc, "protocol", format_proto(k->proto, buf));
	doc_peer(doc, "source", &k->saddr, k->sport, k->proto);
	doc_peer(doc, "destination", &k->daddr, k->dport, k->proto);
	doc_text(doc, "sourceIs",
		 rulebook_identity(&t->book, a->flow.src_identity, buf));
	doc_text(doc, "destinationIs",
		 rulebook_identity(&t->book, a->flow.dst_identity, buf));
	add_opinion(doc, t, FL_EGRESS);
	add_opinion(doc, t, FL_INGRESS);
	if (trace_passes(t))
		add_way(doc, t);
	return doc;
}
