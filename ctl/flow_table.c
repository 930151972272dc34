/* SPDX-License-Identifier: Apache-2.0 */
#include "flow_table.h"

#include <net/if.h>
#include <stdio.h>
#include <string.h>

#include "../lib/addr.h"
#include "doc.h"
#include "format.h"
#include "reason.h"

enum {
	COL_PROTO,
	COL_SOURCE,
	COL_DESTINATION,
	COL_STATE,
	COL_PACKETS,
	COL_BYTES,
	COL_IDLE,
	COL_AGE,
	COL_TRANSLATION,
	COL_PATH,
	COL_PODS,
	COL_RULES,
	COL_MAX,
};

#define COLUMNS(state_drop, translation_drop)                                  \
	{                                                                      \
		[COL_PROTO] = {"PROTO", TEXT, 0, 0, false},                    \
		[COL_SOURCE] = {"SOURCE", TEXT, 0, 0, false},                  \
		[COL_DESTINATION] = {"DESTINATION", TEXT, 0, 0, false},        \
		[COL_STATE] = {"STATE", TEXT, state_drop, 0, false},           \
		[COL_PACKETS] = {"PACKETS", NUMBER, 3, 0, false},              \
		[COL_BYTES] = {"BYTES", NUMBER, 5, 0, false},                  \
		[COL_IDLE] = {"IDLE", NUMBER, 4, 0, false},                    \
		[COL_AGE] = {"AGE", NUMBER, 7, 0, false},                      \
		[COL_TRANSLATION] = {"TRANSLATION", TEXT, translation_drop, 0, \
				     false},                                   \
		[COL_PATH] = {"PATH", TEXT, 6, 0, false},                      \
		[COL_PODS] = {"PODS", TEXT, 9, 12, true},                      \
		[COL_RULES] = {"RULES", TEXT, DROP_EARLY, 0, false},           \
	}

struct table *flow_table_new(bool translation)
{
	static const struct column usual[] = COLUMNS(1, 8);
	static const struct column translated[] = COLUMNS(2, 1);

	return table_new(translation ? translated : usual, COL_MAX);
}

const char *translation_text(const struct fl_tuple *t,
			     const struct fl_tuple *to,
			     char buf[TRANSLATION_LEN])
{
	char src[FORMAT_LEN], dst[FORMAT_LEN];
	bool source =
		!addr_equal(&t->saddr, &to->saddr) || t->sport != to->sport;
	bool destination =
		!addr_equal(&t->daddr, &to->daddr) || t->dport != to->dport;

	format_peer(&to->saddr, to->sport, to->proto, src);
	format_peer(&to->daddr, to->dport, to->proto, dst);
	snprintf(buf, TRANSLATION_LEN, "%s%s%s%s%s", source ? "from " : "",
		 source ? src : "", source && destination ? " " : "",
		 destination ? "to " : "", destination ? dst : "");
	return buf;
}

static enum style state_style(enum connection_state s)
{
	switch (s) {
	case STATE_SYN_SENT:
	case STATE_SYN_RECEIVED:
	case STATE_UNREPLIED:
		return WARN;
	case STATE_CLOSED:
	case STATE_CLOSING:
	case STATE_RESET:
		return FAINT;
	default:
		return PLAIN;
	}
}

static const char *count_of(const struct fl_flow *f, bool bytes, bool human,
			    char buf[FORMAT_LEN])
{
	if (!f)
		return strcpy(buf, "-");
	return bytes ? format_bytes(f->bytes, human, buf)
		     : format_count(f->packets, human, buf);
}

static void cell_counts(struct table *t, const struct connection *c, bool bytes,
			bool human)
{
	char sent[FORMAT_LEN], replies[FORMAT_LEN];

	table_cell(t, PLAIN, "%s/%s", count_of(c->sent, bytes, human, sent),
		   count_of(c->replies, bytes, human, replies));
}

static __u64 since(__u64 then, __u64 now)
{
	return now > then ? now - then : 0;
}

static const char *path_of(const struct fl_flow *f)
{
	return f ? action_name(f->action) : "-";
}

static void cell_pods(struct table *t, const struct connection *c,
		      const struct pods *pods)
{
	char from[POD_LABEL_LEN], to[POD_LABEL_LEN];

	pod_label(pods_by_addr(pods, &c->tuple.saddr), from);
	pod_label(pods_by_addr(pods, &c->to.daddr), to);
	table_cell(t, PLAIN, "%s%s%s", from,
		   *to	   ? " -> "
		   : *from ? " ->"
			   : "",
		   to);
}

/* The rules that let it be: the sender's, then the receiver's. */
static void cell_rules(struct table *t, const struct connection *c,
		       const struct rulebook *rules)
{
	const struct fl_flow *f = c->sent ? c->sent : c->replies;
	char egress[RULE_TEXT_LEN] = "", ingress[RULE_TEXT_LEN] = "";

	if (f && f->rule)
		rulebook_rule(rules, f->rule, egress);
	if (f && f->ingress_rule)
		rulebook_rule(rules, f->ingress_rule, ingress);
	table_cell(t, PLAIN, "%s%s%s", egress, *egress && *ingress ? "; " : "",
		   ingress);
}

void flow_table_row(struct table *t, const struct connection *c,
		    const struct pods *pods, const struct rulebook *rules,
		    __u64 now_ns, bool human)
{
	enum connection_state state = connection_state(c);
	const struct fl_tuple *tuple = &c->tuple;
	char translation[TRANSLATION_LEN];
	char buf[FORMAT_LEN];

	table_cell(t, PLAIN, "%s", format_proto(tuple->proto, buf));
	table_cell(t, PLAIN, "%s",
		   format_peer(&tuple->saddr, tuple->sport, tuple->proto, buf));
	table_cell(t, PLAIN, "%s",
		   format_peer(&tuple->daddr, tuple->dport, tuple->proto, buf));
	table_cell(t, state_style(state), "%s", state_name(state));
	cell_counts(t, c, false, human);
	cell_counts(t, c, true, human);
	table_cell(t, PLAIN, "%s",
		   format_duration(since(connection_seen_ns(c), now_ns), buf));
	table_cell(
		t, PLAIN, "%s",
		format_duration(since(connection_created_ns(c), now_ns), buf));
	table_cell(t, PLAIN, "%s",
		   translation_text(&c->tuple, &c->to, translation));
	table_cell(t, PLAIN, "%s/%s", path_of(c->sent), path_of(c->replies));
	cell_pods(t, c, pods);
	cell_rules(t, c, rules);
}

/* ---- JSON ------------------------------------------------------------ */

static void add_pod(cJSON *doc, const char *key, const struct pods *pods,
		    const struct fl_addr *addr)
{
	const struct endpoint_record *r = pods_by_addr(pods, addr);
	char label[POD_LABEL_LEN];

	if (r)
		doc_text(doc, key, pod_label(r, label));
}

static void add_rule(cJSON *doc, const char *key, const char *text_key,
		     const struct rulebook *rules, __u32 rule)
{
	char text[RULE_TEXT_LEN];

	doc_u64(doc, key, rule);
	if (rule)
		doc_text(doc, text_key, rulebook_rule(rules, rule, text));
}

static void add_direction(cJSON *doc, const char *key, const struct fl_flow *f,
			  __u64 now_ns)
{
	doc_add(doc, key, f ? doc_flow(f, now_ns) : cJSON_CreateNull());
}

cJSON *connection_doc(const struct connection *c, const struct pods *pods,
		      const struct rulebook *rules, __u64 now_ns)
{
	const struct fl_flow *either = c->sent ? c->sent : c->replies;
	const struct fl_tuple *t = &c->tuple;
	cJSON *doc = doc_object(), *as;
	char buf[FORMAT_LEN];

	doc_text(doc, "protocol", format_proto(t->proto, buf));
	doc_peer(doc, "source", &t->saddr, t->sport, t->proto);
	doc_peer(doc, "destination", &t->daddr, t->dport, t->proto);
	doc_text(doc, "state", state_name(connection_state(c)));
	doc_bool(doc, "masqueraded", connection_is_masqueraded(c));
	if (connection_is_translated(c)) {
		as = doc_object();
		doc_peer(as, "source", &c->to.saddr, c->to.sport, t->proto);
		doc_peer(as, "destination", &c->to.daddr, c->to.dport,
			 t->proto);
		doc_add(doc, "translated", as);
	}
	add_pod(doc, "sourcePod", pods, &t->saddr);
	add_pod(doc, "destinationPod", pods, &c->to.daddr);
	doc_number(doc, "age", since(connection_created_ns(c), now_ns) / 1e9);
	doc_number(doc, "idle", since(connection_seen_ns(c), now_ns) / 1e9);
	if (either) {
		add_rule(doc, "egressRule", "egressRuleText", rules,
			 either->rule);
		add_rule(doc, "ingressRule", "ingressRuleText", rules,
			 either->ingress_rule);
	}
	add_direction(doc, "sent", c->sent, now_ns);
	add_direction(doc, "replies", c->replies, now_ns);
	return doc;
}
