/* SPDX-License-Identifier: Apache-2.0 */
#include "event.h"

#include <net/if.h>
#include <string.h>
#include <time.h>

#include "../lib/addr.h"
#include "doc.h"
#include "flow_table.h"
#include "format.h"
#include "reason.h"

#define POLICY_WORDS_LEN (POD_LABEL_LEN + RULE_TEXT_LEN + 64)

static const char *const type_names[FL_EVENT_MAX] = {
	[FL_EVENT_DROP] = "drop",
	[FL_EVENT_FLOW_NEW] = "new",
	[FL_EVENT_FLOW_CLOSED] = "end",
	[FL_EVENT_VERDICT] = "verdict",
};

const char *event_type_name(unsigned int type)
{
	return type < FL_EVENT_MAX ? type_names[type] : "?";
}

static enum style type_style(unsigned int type)
{
	switch (type) {
	case FL_EVENT_DROP:
		return BAD;
	case FL_EVENT_FLOW_NEW:
		return GOOD;
	case FL_EVENT_FLOW_CLOSED:
		return FAINT;
	case FL_EVENT_VERDICT:
		return WARN;
	default:
		return PLAIN;
	}
}

/* ARP and damaged packets have no addresses to show. */
static bool has_tuple(const struct fl_event *ev)
{
	static const struct fl_tuple none;

	return memcmp(&ev->tuple, &none, sizeof(none)) != 0;
}

/* New connections and drops tell the device of the hook. What is over tells
 * where its packets came from. */
static bool is_at_pod(const struct fl_event *ev)
{
	return ev->hook == FL_HOOK_FROM_POD ||
	       (ev->hook == FL_HOOK_TO_POD && ev->type != FL_EVENT_FLOW_CLOSED);
}

static bool is_of_host(const struct fl_event *ev)
{
	return ev->type == FL_EVENT_FLOW_CLOSED &&
	       ev->ifindex == FL_ORIGIN_HOST;
}

static const char *place_name(const struct fl_event *ev)
{
	switch (ev->hook) {
	case FL_HOOK_FROM_POD:
	case FL_HOOK_TO_POD:
		return "pod";
	case FL_HOOK_FROM_OVERLAY:
	case FL_HOOK_TO_OVERLAY:
		return "overlay";
	default:
		return "uplink";
	}
}

/* ---- words ----------------------------------------------------------- */

static void put_tuple(const struct fl_tuple *t, FILE *out)
{
	char src[FORMAT_LEN], dst[FORMAT_LEN], proto[FORMAT_LEN];

	fprintf(out, "%s -> %s %s",
		format_peer(&t->saddr, t->sport, t->proto, src),
		format_peer(&t->daddr, t->dport, t->proto, dst),
		format_proto(t->proto, proto));
}

static const char *action_words(unsigned int action)
{
	switch (action) {
	case FL_ACTION_LOCAL:
		return "to a local pod";
	case FL_ACTION_OVERLAY:
		return "to another node";
	case FL_ACTION_UPLINK:
		return "by an uplink";
	case FL_ACTION_HOST:
		return "to this node";
	default:
		return "?";
	}
}

/* Did a policy decide? Other drops have none to tell. */
static bool has_policy(const struct fl_event *ev)
{
	return (ev->type == FL_EVENT_DROP || ev->type == FL_EVENT_VERDICT) &&
	       ev->policy_ifindex;
}

/* "default/web-0", "endpoint 7" */
static const char *policy_pod(const struct fl_event *ev,
			      const struct pods *pods, char buf[POD_LABEL_LEN])
{
	const struct endpoint_record *r =
		pods_by_ifindex(pods, ev->policy_ifindex);

	if (r)
		return pod_label(r, buf);
	snprintf(buf, POD_LABEL_LEN, "endpoint %u", ev->policy_ifindex);
	return buf;
}

/* "default/deny, ingress rule 2, of default/web-0's policy", "no ingress rule
 * of default/web-0 allows it" */
static const char *policy_words(const struct fl_event *ev,
				const struct pods *pods,
				const struct rulebook *rules,
				char buf[POLICY_WORDS_LEN])
{
	char pod[POD_LABEL_LEN], rule[RULE_TEXT_LEN];

	policy_pod(ev, pods, pod);
	if (ev->rule)
		snprintf(buf, POLICY_WORDS_LEN, "%s, for %s",
			 rulebook_rule(rules, ev->rule, rule), pod);
	else
		snprintf(buf, POLICY_WORDS_LEN, "no %s rule of %s allows it",
			 direction_name(ev->direction), pod);
	return buf;
}

static void put_reason(const struct fl_event *ev, const struct pods *pods,
		       const struct rulebook *rules, FILE *out)
{
	char words[POLICY_WORDS_LEN], clean[POLICY_WORDS_LEN];

	fputs(reason_text(ev->reason), out);
	if (!has_policy(ev))
		return;
	format_clean(policy_words(ev, pods, rules, words), clean,
		     sizeof(clean));
	fprintf(out, ": %s", clean);
}

static void put_story(const struct fl_event *ev, const struct pods *pods,
		      const struct rulebook *rules, const struct look *look,
		      FILE *out)
{
	char a[FORMAT_LEN], b[FORMAT_LEN], c[FORMAT_LEN], d[FORMAT_LEN];
	char translation[TRANSLATION_LEN];
	bool human = look->human;

	switch (ev->type) {
	case FL_EVENT_FLOW_NEW:
		translation_text(&ev->tuple, &ev->to, translation);
		fprintf(out, "%s%s%s", action_words(ev->action),
			*translation ? " " : "", translation);
		break;
	case FL_EVENT_FLOW_CLOSED:
		fprintf(out, "%s/%s packets %s/%s bytes",
			format_count(ev->packets, human, a),
			format_count(ev->reply_packets, human, b),
			format_bytes(ev->bytes, human, c),
			format_bytes(ev->reply_bytes, human, d));
		break;
	default:
		put_reason(ev, pods, rules, out);
	}
}

static void put_place(const struct fl_event *ev, const struct pods *pods,
		      FILE *out)
{
	const struct endpoint_record *r = pods_by_ifindex(pods, ev->ifindex);
	char label[POD_LABEL_LEN], clean[POD_LABEL_LEN], dev[IF_NAMESIZE];

	if (is_of_host(ev)) {
		fputs("this node", out);
	} else if (is_at_pod(ev)) {
		format_clean(pod_label(r, label), clean, sizeof(clean));
		fprintf(out, "endpoint %u%s%s", ev->ifindex, r ? " " : "",
			clean);
	} else {
		fputs(place_name(ev), out);
		if (if_indextoname(ev->ifindex, dev))
			fprintf(out, " %s", dev);
	}
}

static const char *line_begins(unsigned int type)
{
	return type == FL_EVENT_VERDICT ? "would drop" : event_type_name(type);
}

void event_line(const struct fl_event *ev, const struct pods *pods,
		const struct rulebook *rules, const struct look *look,
		FILE *out)
{
	enum style style = type_style(ev->type);

	fprintf(out, "%s%-4s%s  ", style_on(look, style), line_begins(ev->type),
		style_off(look, style));
	if (has_tuple(ev)) {
		put_tuple(&ev->tuple, out);
		fputs("  ", out);
	}
	put_story(ev, pods, rules, look, out);
	fputs("  ", out);
	put_place(ev, pods, out);
}

/* ---- JSON ------------------------------------------------------------ */

static void add_time(cJSON *doc, __u64 real_ns)
{
	time_t seconds = real_ns / 1000000000ULL;
	char whole[32], text[64];
	struct tm tm;

	gmtime_r(&seconds, &tm);
	strftime(whole, sizeof(whole), "%Y-%m-%dT%H:%M:%S", &tm);
	snprintf(text, sizeof(text), "%s.%06lluZ", whole,
		 (unsigned long long)(real_ns % 1000000000ULL / 1000));
	doc_text(doc, "time", text);
}

static void add_flow(cJSON *doc, const struct fl_event *ev)
{
	__u8 proto = ev->tuple.proto;
	cJSON *as;

	doc_text(doc, "action", action_name(ev->action));
	doc_u64(doc, "replyPackets", ev->reply_packets);
	doc_u64(doc, "replyBytes", ev->reply_bytes);
	if (!memcmp(&ev->tuple, &ev->to, sizeof(ev->to)))
		return;
	as = doc_object();
	doc_peer(as, "source", &ev->to.saddr, ev->to.sport, proto);
	doc_peer(as, "destination", &ev->to.daddr, ev->to.dport, proto);
	doc_add(doc, "translated", as);
}

static void add_place(cJSON *doc, const struct fl_event *ev,
		      const struct pods *pods)
{
	const struct endpoint_record *r = pods_by_ifindex(pods, ev->ifindex);
	char label[POD_LABEL_LEN], dev[IF_NAMESIZE];

	doc_text(doc, "hook", hook_name(ev->hook));
	if (is_at_pod(ev))
		doc_u64(doc, "endpoint", ev->ifindex);
	else if (!is_of_host(ev))
		doc_u64(doc, "ifindex", ev->ifindex);
	if (if_indextoname(ev->ifindex, dev))
		doc_text(doc, "device", dev);
	if (is_at_pod(ev) && r)
		doc_text(doc, "pod", pod_label(r, label));
}

/* {"pod", "endpoint", "direction", "verdict", "rule", "ruleText"} */
static void add_policy(cJSON *doc, const struct fl_event *ev,
		       const struct pods *pods, const struct rulebook *rules)
{
	cJSON *one = doc_object();
	char words[POLICY_WORDS_LEN];

	doc_text(one, "pod", policy_pod(ev, pods, words));
	doc_u64(one, "endpoint", ev->policy_ifindex);
	doc_text(one, "direction", direction_name(ev->direction));
	doc_text(one, "verdict", ev->verdict == FL_ALLOW ? "allow" : "deny");
	doc_u64(one, "rule", ev->rule);
	if (ev->rule)
		doc_text(one, "ruleText",
			 rulebook_rule(rules, ev->rule, words));
	doc_text(one, "meaning", policy_words(ev, pods, rules, words));
	doc_add(doc, "policy", one);
}

cJSON *event_doc(const struct fl_event *ev, const struct pods *pods,
		 const struct rulebook *rules, __u64 real_ns)
{
	const struct fl_tuple *t = &ev->tuple;
	char buf[FORMAT_LEN], rule[RULE_TEXT_LEN];
	cJSON *doc = doc_object();

	add_time(doc, real_ns);
	doc_text(doc, "type", event_type_name(ev->type));
	if (has_tuple(ev)) {
		doc_text(doc, "protocol", format_proto(t->proto, buf));
		doc_peer(doc, "source", &t->saddr, t->sport, t->proto);
		doc_peer(doc, "destination", &t->daddr, t->dport, t->proto);
	}
	doc_u64(doc, "packets", ev->packets);
	doc_u64(doc, "bytes", ev->bytes);
	if (ev->type == FL_EVENT_DROP || ev->type == FL_EVENT_VERDICT) {
		doc_text(doc, "reason", reason_name(ev->reason));
		doc_text(doc, "meaning", reason_text(ev->reason));
	} else {
		add_flow(doc, ev);
	}
	doc_text(doc, "sourceIdentity", format_identity(ev->src_identity, buf));
	doc_text(doc, "destinationIdentity",
		 format_identity(ev->dst_identity, buf));
	doc_u64(doc, "rule", ev->rule);
	if (ev->rule)
		doc_text(doc, "ruleText", rulebook_rule(rules, ev->rule, rule));
	if (has_policy(ev))
		add_policy(doc, ev, pods, rules);
	add_place(doc, ev, pods);
	return doc;
}
