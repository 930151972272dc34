/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Does a firewall of others drop what the host forwards, or the overlay's own
 * packets? nf_tables (and iptables over it) by netlink, the older iptables by
 * its socket options: no tool of either is needed.
 */
#include "doctor.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* Before the kernel's headers, which make way for it. */
#include <netinet/in.h>

#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <netlink/msg.h>
#include <netlink/netlink.h>

#include "doctor_iptables.h"

enum { NAMED_MAX = 5, CHAINS_MAX = 128 };

struct chain {
	char table[64], name[64];
	unsigned char family;
	unsigned int hook;  /* NF_INET_* */
	bool drops;	    /* by policy */
	unsigned int rules; /* that drop or reject, of its own */
};

struct chains {
	struct chain list[CHAINS_MAX];
	size_t n;
};

static const char *family_name(unsigned char family)
{
	switch (family) {
	case NFPROTO_IPV4:
		return "ip";
	case NFPROTO_IPV6:
		return "ip6";
	default:
		return "inet";
	}
}

static bool is_of_hosts(unsigned char family)
{
	return family == NFPROTO_IPV4 || family == NFPROTO_IPV6 ||
	       family == NFPROTO_INET;
}

/* ---- nf_tables ------------------------------------------------------- */

static int see_chain(struct nl_msg *msg, void *arg)
{
	struct nlmsghdr *h = nlmsg_hdr(msg);
	struct nfgenmsg *gen = nlmsg_data(h);
	struct nlattr *tb[NFTA_CHAIN_MAX + 1], *hook[NFTA_HOOK_MAX + 1];
	struct chains *all = arg;
	struct chain *c = &all->list[all->n];

	if (all->n == CHAINS_MAX || !is_of_hosts(gen->nfgen_family) ||
	    nlmsg_parse(h, sizeof(*gen), tb, NFTA_CHAIN_MAX, NULL) ||
	    !tb[NFTA_CHAIN_HOOK] || !tb[NFTA_CHAIN_NAME] ||
	    !tb[NFTA_CHAIN_TABLE] ||
	    nla_parse_nested(hook, NFTA_HOOK_MAX, tb[NFTA_CHAIN_HOOK], NULL) ||
	    !hook[NFTA_HOOK_HOOKNUM])
		return NL_OK;
	*c = (struct chain){.family = gen->nfgen_family};
	c->hook = ntohl(nla_get_u32(hook[NFTA_HOOK_HOOKNUM]));
	c->drops = tb[NFTA_CHAIN_POLICY] &&
		   ntohl(nla_get_u32(tb[NFTA_CHAIN_POLICY])) == NF_DROP;
	snprintf(c->name, sizeof(c->name), "%s",
		 nla_get_string(tb[NFTA_CHAIN_NAME]));
	snprintf(c->table, sizeof(c->table), "%s",
		 nla_get_string(tb[NFTA_CHAIN_TABLE]));
	all->n++;
	return NL_OK;
}

static bool is_drop_verdict(struct nlattr *data)
{
	struct nlattr *imm[NFTA_IMMEDIATE_MAX + 1], *value[NFTA_DATA_MAX + 1],
		*verdict[NFTA_VERDICT_MAX + 1];

	return data && !nla_parse_nested(imm, NFTA_IMMEDIATE_MAX, data, NULL) &&
	       imm[NFTA_IMMEDIATE_DATA] &&
	       !nla_parse_nested(value, NFTA_DATA_MAX, imm[NFTA_IMMEDIATE_DATA],
				 NULL) &&
	       value[NFTA_DATA_VERDICT] &&
	       !nla_parse_nested(verdict, NFTA_VERDICT_MAX,
				 value[NFTA_DATA_VERDICT], NULL) &&
	       verdict[NFTA_VERDICT_CODE] &&
	       ntohl(nla_get_u32(verdict[NFTA_VERDICT_CODE])) == NF_DROP;
}

static bool drops(struct nlattr *expressions)
{
	struct nlattr *one, *tb[NFTA_EXPR_MAX + 1];
	int left;

	nla_for_each_nested(one, expressions, left)
	{
		const char *name;

		if (nla_parse_nested(tb, NFTA_EXPR_MAX, one, NULL) ||
		    !tb[NFTA_EXPR_NAME])
			continue;
		name = nla_get_string(tb[NFTA_EXPR_NAME]);
		if (!strcmp(name, "reject"))
			return true;
		if (!strcmp(name, "immediate") &&
		    is_drop_verdict(tb[NFTA_EXPR_DATA]))
			return true;
	}
	return false;
}

static int see_rule(struct nl_msg *msg, void *arg)
{
	struct nlmsghdr *h = nlmsg_hdr(msg);
	struct nfgenmsg *gen = nlmsg_data(h);
	struct nlattr *tb[NFTA_RULE_MAX + 1];
	struct chains *all = arg;

	if (nlmsg_parse(h, sizeof(*gen), tb, NFTA_RULE_MAX, NULL) ||
	    !tb[NFTA_RULE_TABLE] || !tb[NFTA_RULE_CHAIN] ||
	    !tb[NFTA_RULE_EXPRESSIONS] || !drops(tb[NFTA_RULE_EXPRESSIONS]))
		return NL_OK;
	for (size_t i = 0; i < all->n; i++) {
		struct chain *c = &all->list[i];

		if (c->family == gen->nfgen_family &&
		    !strcmp(c->table, nla_get_string(tb[NFTA_RULE_TABLE])) &&
		    !strcmp(c->name, nla_get_string(tb[NFTA_RULE_CHAIN])))
			c->rules++;
	}
	return NL_OK;
}

static int dump(int type, nl_recvmsg_msg_cb_t fn, struct chains *out)
{
	struct nfgenmsg gen = {.nfgen_family = NFPROTO_UNSPEC,
			       .version = NFNETLINK_V0};
	struct nl_sock *sk = nl_socket_alloc();
	int r = -1;

	if (sk && !nl_connect(sk, NETLINK_NETFILTER) &&
	    !nl_socket_modify_cb(sk, NL_CB_VALID, NL_CB_CUSTOM, fn, out) &&
	    nl_send_simple(sk, NFNL_SUBSYS_NFTABLES << 8 | type, NLM_F_DUMP,
			   &gen, sizeof(gen)) >= 0)
		r = nl_recvmsgs_default(sk);
	nl_socket_free(sk);
	return r;
}

/* ---- judging --------------------------------------------------------- */

static int judge_chain(struct doctor *d, const char *who, unsigned int hook,
		       bool policy, unsigned int rules)
{
	char how[80] = "";

	if (!policy && !rules)
		return 0;
	if (policy)
		snprintf(how, sizeof(how), "drops all that it does not accept");
	if (rules)
		snprintf(how + strlen(how), sizeof(how) - strlen(how),
			 "%s%u rule%s that drop%s", policy ? ", " : "has ",
			 rules, rules == 1 ? "" : "s", rules == 1 ? "s" : "");
	if (hook == NF_INET_FORWARD)
		doctor_say(d, DOCTOR_WARNING,
			   "What pods exchange goes past it; what this host "
			   "itself forwards for them (other interfaces, VPNs) "
			   "does not. Accept the pod ranges there, or remove "
			   "what the former network left.",
			   "forwarded packets: %s %s", who, how);
	else
		doctor_say(d, DOCTOR_WARNING,
			   "It must accept UDP 8472 (`overlay-port`) from the "
			   "other nodes; \"path\" above says whether it does.",
			   "packets for this node, the overlay's too: %s %s",
			   who, how);
	return 1;
}

static int judge_tables(struct doctor *d, const struct chains *all)
{
	bool overlay = !d->status.loaded || d->status.config.overlay_ifindex;
	char who[160];
	int bad = 0;

	for (size_t i = 0; i < all->n && bad < NAMED_MAX; i++) {
		const struct chain *c = &all->list[i];

		if (c->hook != NF_INET_FORWARD &&
		    !(c->hook == NF_INET_LOCAL_IN && overlay))
			continue;
		snprintf(who, sizeof(who), "chain %s of table %s %s", c->name,
			 family_name(c->family), c->table);
		bad += judge_chain(d, who, c->hook, c->drops, c->rules);
	}
	return bad;
}

static int judge_iptables(struct doctor *d)
{
	bool overlay = !d->status.loaded || d->status.config.overlay_ifindex;
	struct iptables_chain found[4];
	int n = iptables_filter(found), bad = 0;

	for (int i = 0; i < n; i++) {
		char who[80];

		if (found[i].hook != NF_INET_FORWARD && !overlay)
			continue;
		snprintf(who, sizeof(who), "chain %s of %s",
			 found[i].hook == NF_INET_FORWARD ? "FORWARD" : "INPUT",
			 found[i].is_v6 ? "ip6tables (legacy)"
					: "iptables (legacy)");
		bad += judge_chain(d, who, found[i].hook, found[i].drops,
				   found[i].rules);
	}
	return bad;
}

void doctor_netfilter(struct doctor *d)
{
	static struct chains all;
	int bad;

	if (geteuid()) {
		doctor_say(d, DOCTOR_UNKNOWN, "", "is shown to root only");
		return;
	}
	all = (struct chains){0};
	/* A kernel without nf_tables has no tables. */
	if (dump(NFT_MSG_GETCHAIN, see_chain, &all) >= 0 && all.n)
		dump(NFT_MSG_GETRULE, see_rule, &all);
	bad = judge_tables(d, &all) + judge_iptables(d);
	if (!bad)
		doctor_say(d, DOCTOR_OK, "",
			   "no firewall drops what is forwarded or the overlay "
			   "brings");
}
