// SPDX-License-Identifier: Apache-2.0
#include "judge.h"

#include <netinet/in.h>
#include <string.h>

#include "../../lib/addr.h"
#include "governed.h"
#include "loose.h"
#include "random.h"

/* ---- what went on ----------------------------------------------------- */

struct begun {
	struct fl_tuple tuple; /* as the pod has it */
	bool by_host;
	bool surely; /* it has an entry */
};

struct leaving {
	struct fl_tuple as, of; /* as the network sees it, as the pod does */
};

enum { BEGUN_MAX = 4096 };
static struct begun begun[BEGUN_MAX];
static struct leaving leaving[BEGUN_MAX];
static size_t n_begun, n_leaving;

void judge_reset(void)
{
	n_begun = n_leaving = 0;
}

void judge_forget_flows(void)
{
	n_leaving = 0;
	for (size_t i = 0; i < n_begun; i++)
		begun[i].surely = false;
}

static bool tuple_equal(const struct fl_tuple *a, const struct fl_tuple *b)
{
	return !memcmp(a, b, sizeof(*a));
}

static struct begun *begun_find(const struct fl_tuple *t)
{
	for (size_t i = 0; i < n_begun; i++)
		if (tuple_equal(&begun[i].tuple, t))
			return &begun[i];
	return NULL;
}

/* Any of these addresses and protocol, either way: a fragment of it. */
static bool begun_between(const struct fl_tuple *t)
{
	for (size_t i = 0; i < n_begun; i++) {
		const struct fl_tuple *b = &begun[i].tuple;

		if (b->proto == t->proto &&
		    ((addr_equal(&b->saddr, &t->saddr) &&
		      addr_equal(&b->daddr, &t->daddr)) ||
		     (addr_equal(&b->saddr, &t->daddr) &&
		      addr_equal(&b->daddr, &t->saddr))))
			return true;
	}
	return false;
}

static struct leaving *leaving_find(const struct fl_tuple *as)
{
	for (size_t i = 0; i < n_leaving; i++)
		if (tuple_equal(&leaving[i].as, as))
			return &leaving[i];
	return NULL;
}

static void begin(const struct fl_tuple *t, bool by_host, bool surely)
{
	struct begun *b = begun_find(t);

	if (!b && n_begun < BEGUN_MAX) {
		b = &begun[n_begun++];
		*b = (struct begun){.tuple = *t};
	}
	if (b) {
		b->by_host |= by_host;
		b->surely |= surely;
	}
}

/* ---- policy ----------------------------------------------------------- */

static bool goes_on(void)
{
	return last.verdict != VERDICT_DROP && last.reason != FL_PASS_REPLIED;
}

static bool is_by_host(struct at at)
{
	return (at.hook == FL_HOOK_TO_POD || at.hook == FL_HOOK_TO_OVERLAY ||
		at.hook == FL_HOOK_TO_UPLINK) &&
	       !at.from_ifindex;
}

/* Is it the answer to something that may be? */
static bool answers(const struct fl_tuple *t)
{
	struct fl_tuple reverse = tuple_reversed(*t);
	const struct begun *b = begun_find(&reverse);

	return b && governed_allows(&reverse, b->by_host);
}

static bool may_go_on(struct at at, const struct packet *p,
		      const struct loose *l)
{
	struct loose quoted;
	struct fl_tuple reverse;

	if (governed_allows(&l->tuple, is_by_host(at)) || answers(&l->tuple))
		return true;
	if (l->later)
		return begun_between(&l->tuple);
	if (!loose_quoted(p, l, &quoted))
		return false;
	reverse = tuple_reversed(quoted.tuple);
	return begun_find(&quoted.tuple) || begun_find(&reverse);
}

/* Did the datapath have a reason to call it a reply, or to ask otherwise? */
static bool is_plain(const struct fl_tuple *t, const struct loose *l)
{
	struct fl_tuple reverse = tuple_reversed(*t);

	return !l->fragment && !l->icmp_error && !begun_find(&reverse) &&
	       !leaving_find(&reverse);
}

/* Where every pod is masqueraded. */
static bool is_outside(const struct fl_addr *a)
{
	const struct family *f = addr_is_v4(a) ? &ipv4 : &ipv6;

	return addr_equal(a, &f->world) || addr_equal(a, &f->world_b) ||
	       addr_equal(a, &f->world2) || addr_equal(a, &f->neighbour);
}

static const char *policy_wrong(struct at at, const struct packet *in,
				const struct loose *l)
{
	/* What is ours is decided on where it comes in; on uplinks most is
	 * not. */
	bool judged = at.hook == FL_HOOK_FROM_POD ||
		      at.hook == FL_HOOK_FROM_OVERLAY ||
		      at.hook == FL_HOOK_TO_POD ||
		      (at.hook == FL_HOOK_TO_UPLINK && at.from_ifindex &&
		       is_outside(&l->tuple.daddr));
	const struct packet *p = in;
	struct loose out;

	if (at.hook == FL_HOOK_FROM_UPLINK && last.reason == FL_PASS_LOCAL &&
	    loose_read(&last.out, &out)) {
		p = &last.out; /* as the pod sees it */
		l = &out;
		judged = true;
	}
	if (!judged) {
		if (goes_on() && !l->icmp_error)
			begin(&l->tuple, is_by_host(at), false);
		return NULL;
	}
	if (goes_on() && !may_go_on(at, p, l))
		return "policy does not allow what went on";
	if (last.reason == FL_DROP_POLICY && is_plain(&l->tuple, l) &&
	    governed_allows(&l->tuple, is_by_host(at)))
		return "policy allows what it dropped";
	if (governed_allows(&l->tuple, is_by_host(at)) && !l->icmp_error)
		begin(&l->tuple, is_by_host(at), goes_on() && !l->later);
	return NULL;
}

/* ---- who speaks, who hears -------------------------------------------- */

static const char *speaker_wrong(struct at at, const struct packet *in,
				 const struct loose *l)
{
	if (at.hook != FL_HOOK_FROM_POD || !goes_on())
		return NULL;
	if (!is_own(at.ifindex, &l->tuple.saddr))
		return "a pod spoke for somebody else";
	if (memcmp(in->data + 6, pod_mac(at.ifindex), 6))
		return "a pod spoke with another's MAC";
	return NULL;
}

static const char *hearer_wrong(struct at at)
{
	const unsigned int pods[] = {node.pod_a, node.pod_b, node.small,
				     node.stuck};
	struct loose out;

	if (!goes_on() || last.reason != FL_PASS_LOCAL ||
	    !loose_read(&last.out, &out))
		return NULL;
	if (at.hook == FL_HOOK_TO_POD)
		return is_own(at.ifindex, &out.tuple.daddr)
			       ? NULL
			       : "a pod heard what is for another";
	for (int i = 0; i < 4; i++)
		if (!memcmp(last.out.data, pod_mac(pods[i]), 6))
			return is_own(pods[i], &out.tuple.daddr)
				       ? NULL
				       : "a pod heard what is for another";
	return "something was delivered to nobody's MAC";
}

/* ---- leaving, and coming back ----------------------------------------- */

static bool is_reply(const struct fl_tuple *t)
{
	struct fl_flow flow;

	return flow_read(t, &flow) && flow.flags & FL_FLOW_REPLY;
}

/* Does it still leave so, as far as the datapath knows? */
static bool is_current(const struct leaving *l)
{
	struct fl_flow flow;

	return flow_read(&l->of, &flow) && tuple_equal(&flow.to, &l->as);
}

static const char *leave(const struct loose *in, const struct loose *out)
{
	struct leaving *l = leaving_find(&out->tuple);

	if (l && !tuple_equal(&l->of, &in->tuple) && is_current(l))
		return "two connections leave as the same";
	if (!l && n_leaving < BEGUN_MAX)
		l = &leaving[n_leaving++];
	if (l)
		*l = (struct leaving){.as = out->tuple, .of = in->tuple};
	return NULL;
}

static const char *leaving_wrong(struct at at, const struct packet *in,
				 const struct loose *l)
{
	bool of_pod = at.hook == FL_HOOK_FROM_POD
			      ? last.reason == FL_PASS_UPLINK
			      : at.hook == FL_HOOK_TO_UPLINK && at.from_ifindex;
	struct loose out;
	struct view v;

	/* from_pod has let it through before. */
	if (at.hook == FL_HOOK_TO_UPLINK && packet_view(in, &v))
		return NULL;
	if (!of_pod || !goes_on() || !loose_read(&last.out, &out) ||
	    !is_pod(&l->tuple.saddr))
		return NULL;
	if (is_pod(&out.tuple.saddr) && is_outside(&out.tuple.daddr) &&
	    !is_reply(&l->tuple) && !l->icmp_error)
		return "a pod's address left by an uplink";
	if (l->later || l->icmp_error || is_pod(&out.tuple.saddr))
		return NULL;
	return leave(l, &out);
}

static const char *arrival_wrong(struct at at, const struct loose *l)
{
	struct fl_tuple as = tuple_reversed(l->tuple), of;
	const struct leaving *left;
	struct loose out;

	if (at.hook != FL_HOOK_FROM_UPLINK || last.reason != FL_PASS_LOCAL ||
	    l->fragment || l->icmp_error || is_pod(&l->tuple.daddr) ||
	    !loose_read(&last.out, &out))
		return NULL;
	left = leaving_find(&as);
	if (!left) /* what it answers was entered, and went no further */
		return NULL;
	of = tuple_reversed(left->of);
	if (!tuple_equal(&of, &out.tuple) && is_current(left))
		return "an answer is not the answer to what was sent";
	return NULL;
}

/* ---- the packet itself ------------------------------------------------ */

/* Bytes of a header that may be rewritten: ports or identifier, checksum. */
static size_t head_len(__u8 proto)
{
	return proto == IPPROTO_TCP ? 18 : 8;
}

static const char *bytes_wrong(struct at at, const struct packet *in,
			       const struct loose *l)
{
	bool routed = last.verdict == VERDICT_REDIRECT;
	struct view v, w;
	struct loose out;
	const char *was;
	size_t head;

	if (!goes_on() || at.vlan || !loose_read(&last.out, &out))
		return NULL;
	if (out.ttl + (routed ? 1 : 0) != l->ttl)
		return "the hop limit is not what it should be";
	if (out.tuple.proto != l->tuple.proto || out.l4_off != l->l4_off)
		return "the headers are not where they were";
	head = l->l4_off + (l->later ? 0 : head_len(l->tuple.proto));
	if (!l->icmp_error && head < in->len &&
	    memcmp(in->data + head, last.out.data + head, in->len - head))
		return "the payload was changed";
	was = packet_view(in, &v);
	if (was && strstr(was, "checksum") && !packet_view(&last.out, &w))
		return "a wrong checksum was made right";
	return NULL;
}

const char *judge_packet(struct at at, const struct packet *in)
{
	const char *wrong;
	struct loose l;

	if (!loose_read(in, &l))
		return NULL;
	wrong = speaker_wrong(at, in, &l);
	if (!wrong)
		wrong = hearer_wrong(at);
	if (!wrong)
		wrong = bytes_wrong(at, in, &l);
	if (!wrong)
		wrong = arrival_wrong(at, &l);
	if (!wrong)
		wrong = leaving_wrong(at, in, &l);
	if (!wrong)
		wrong = policy_wrong(at, in, &l);
	return wrong;
}

/* ---- the flow table --------------------------------------------------- */

static void flow_check(const struct fl_tuple *key, const struct fl_flow *f,
		       void *arg)
{
	struct fl_tuple other_key = tuple_reversed(f->to);
	struct fl_tuple back;
	const char **wrong = arg;
	struct fl_flow other;

	if (!!(f->flags & FL_FLOW_REWRITE) == tuple_equal(key, &f->to))
		*wrong = "a flow says that it is rewritten, and is not";
	/* Who speaks with himself from one port to the same has one entry. */
	if (tuple_equal(&other_key, key) || !flow_read(&other_key, &other))
		return;
	/* A masqueraded connection is not the one that comes, unasked, from its
	 * peer to the pod's own address. */
	if ((f->flags ^ other.flags) & FL_FLOW_MASQ)
		return;
	back = tuple_reversed(other.to);
	if (!tuple_equal(&back, key))
		*wrong = "the other direction of a flow leads elsewhere";
	else if (!((f->flags ^ other.flags) & FL_FLOW_REPLY))
		*wrong = "both directions of a flow began it";
}

const char *judge_flows(void)
{
	const char *wrong = NULL;

	flows_each(flow_check, &wrong);
	return wrong;
}
