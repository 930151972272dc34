/* SPDX-License-Identifier: Apache-2.0 */
#include "connection.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

#include "../lib/json.h"

static const char *const state_names[STATE_MAX + 1] = {
	[STATE_SYN_SENT] = "syn-sent",
	[STATE_SYN_RECEIVED] = "syn-received",
	[STATE_ESTABLISHED] = "established",
	[STATE_CLOSING] = "closing",
	[STATE_CLOSED] = "closed",
	[STATE_RESET] = "reset",
	[STATE_ONE_SIDED] = "one-sided",
	[STATE_UNREPLIED] = "unreplied",
	[STATE_REPLIED] = "replied",
};

const char *state_name(enum connection_state state)
{
	return state_names[state];
}

int set_state(const char *text, void *field, struct err *e)
{
	const char *near = word_nearest(text, state_names);

	for (int s = 0; s < STATE_MAX; s++)
		if (!strcmp(text, state_names[s])) {
			*(int *)field = s;
			return 0;
		}
	return err_set(e, EINVAL,
		       "%s is no state%s%s%s (syn-sent, syn-received, "
		       "established, closing, closed, reset, one-sided, "
		       "unreplied, replied)",
		       text, near ? "; did you mean " : "", near ? near : "",
		       near ? "?" : "");
}

/* ---- pairs ----------------------------------------------------------- */

struct fl_tuple tuple_reverse(const struct fl_tuple *t)
{
	struct fl_tuple r = *t;

	r.saddr = t->daddr;
	r.daddr = t->saddr;
	r.sport = t->dport;
	r.dport = t->sport;
	return r;
}

static int by_key(const void *a, const void *b)
{
	return memcmp(a, b, sizeof(struct fl_tuple));
}

/* The other direction of an entry: its key is this one's `to` reversed, and
 * it has the other role. */
static struct flow_entry *partner(struct flow_entry *entries, size_t n,
				  const struct flow_entry *of)
{
	struct fl_tuple key = tuple_reverse(&of->flow.to);
	struct flow_entry *e;

	e = bsearch(&key, entries, n, sizeof(*entries), by_key);
	if (e && (e->flow.flags ^ of->flow.flags) & FL_FLOW_REPLY)
		return e;
	return NULL;
}

static struct connection whole(struct flow_entry *entries, size_t n,
			       const struct flow_entry *begun)
{
	const struct flow_entry *p = partner(entries, n, begun);

	return (struct connection){
		.tuple = begun->key,
		.to = begun->flow.to,
		.sent = &begun->flow,
		.replies = p ? &p->flow : NULL,
	};
}

/* Replies whose other half is gone still say what it was. */
static struct connection orphan(const struct flow_entry *reply)
{
	return (struct connection){
		.tuple = tuple_reverse(&reply->flow.to),
		.to = tuple_reverse(&reply->key),
		.replies = &reply->flow,
	};
}

size_t connections_pair(struct flow_entry *entries, size_t n,
			struct connection *out)
{
	size_t found = 0;

	if (n)
		qsort(entries, n, sizeof(*entries), by_key);
	for (size_t i = 0; i < n; i++) {
		if (!(entries[i].flow.flags & FL_FLOW_REPLY))
			out[found++] = whole(entries, n, &entries[i]);
		else if (!partner(entries, n, &entries[i]))
			out[found++] = orphan(&entries[i]);
	}
	return found;
}

/* ---- what a pair says ------------------------------------------------ */

static __u8 flags_of(const struct connection *c)
{
	return (c->sent ? c->sent->flags : 0) |
	       (c->replies ? c->replies->flags : 0);
}

bool connection_is_masqueraded(const struct connection *c)
{
	return flags_of(c) & FL_FLOW_MASQ;
}

bool connection_is_translated(const struct connection *c)
{
	return memcmp(&c->tuple, &c->to, sizeof(c->to)) != 0;
}

static enum connection_state tcp_state(__u8 sent, __u8 replied)
{
	if ((sent | replied) & FL_TCP_RST)
		return STATE_RESET;
	if (sent & replied & FL_TCP_FIN)
		return STATE_CLOSED;
	if ((sent | replied) & FL_TCP_FIN)
		return STATE_CLOSING;
	if (!sent || !replied)
		return (sent | replied) & FL_TCP_DATA ? STATE_ONE_SIDED
						      : STATE_SYN_SENT;
	return sent & FL_TCP_DATA ? STATE_ESTABLISHED : STATE_SYN_RECEIVED;
}

enum connection_state connection_state(const struct connection *c)
{
	if (c->tuple.proto == IPPROTO_TCP)
		return tcp_state(c->sent ? c->sent->tcp_seen : 0,
				 c->replies ? c->replies->tcp_seen : 0);
	return c->replies && c->replies->packets ? STATE_REPLIED
						 : STATE_UNREPLIED;
}

__u64 connection_created_ns(const struct connection *c)
{
	if (!c->sent || !c->replies)
		return (c->sent ? c->sent : c->replies)->created_ns;
	return c->sent->created_ns < c->replies->created_ns
		       ? c->sent->created_ns
		       : c->replies->created_ns;
}

__u64 connection_seen_ns(const struct connection *c)
{
	if (!c->sent || !c->replies)
		return (c->sent ? c->sent : c->replies)->last_seen_ns;
	return c->sent->last_seen_ns > c->replies->last_seen_ns
		       ? c->sent->last_seen_ns
		       : c->replies->last_seen_ns;
}
