/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <string.h>

#include "../lib/cleanup.h"
#include "ctl.h"
#include "doc.h"
#include "endpoint.h"
#include "format.h"
#include "rulebook.h"
#include "verdict.h"

/* ---- all policies ---------------------------------------------------- */

static const struct column list_columns[] = {
	{"POLICY", TEXT, 0, 14, true},	   {"TIER", TEXT, 2, 0, false},
	{"PRIORITY", NUMBER, 3, 0, false}, {"RULES", NUMBER, 1, 0, false},
	{"STATE", TEXT, 0, 0, false},	   {"SELECTS HERE", TEXT, 0, 12, false},
};

static void cell_texts(struct table *t, const char *const *texts, size_t n)
{
	char buf[4096] = "-";
	size_t at = 0;

	for (size_t i = 0; i < n && at < sizeof(buf); i++)
		at += snprintf(buf + at, sizeof(buf) - at, "%s%s",
			       i ? ", " : "", texts[i]);
	table_cell(t, PLAIN, "%s", buf);
}

static void add_policy(struct table *t, const struct rulebook_policy *p)
{
	table_cell(t, PLAIN, "%s", p->name);
	table_cell(t, PLAIN, "%s", p->tier);
	if (strcmp(p->kind, "NetworkPolicy"))
		table_cell(t, PLAIN, "%d", p->priority);
	else
		table_cell(t, PLAIN, "-");
	table_cell(t, PLAIN, "%zu", p->n_rules);
	table_cell(t, p->valid ? GOOD : BAD, "%s", p->valid ? "ok" : "INVALID");
	cell_texts(t, p->selects, p->n_selects);
}

static void print_problem(const struct ctl *c, const char *whose,
			  const char *text)
{
	char line[2048], clean[2048];

	snprintf(line, sizeof(line), "%s%s%s", whose, *whose ? ": " : "", text);
	format_clean(line, clean, sizeof(clean));
	printf("%sproblem%s  ", style_on(&c->look, BAD),
	       style_off(&c->look, BAD));
	text_wrap_from(clean, 9, c->look.width, stdout);
}

static void print_problems(const struct ctl *c, const struct rulebook *book)
{
	for (size_t i = 0; i < book->n_policies; i++) {
		const struct rulebook_policy *p = &book->policies[i];

		for (size_t j = 0; j < p->n_problems; j++)
			print_problem(c, p->name, p->problems[j]);
	}
	for (size_t i = 0; i < book->n_problems; i++)
		print_problem(c, "", book->problems[i]);
}

static void print_list(const struct ctl *c, const struct rulebook *book)
{
	__cleanup(table_free) struct table *t = table_new(
		list_columns, sizeof(list_columns) / sizeof(list_columns[0]));

	for (size_t i = 0; i < book->n_policies; i++)
		add_policy(t, &book->policies[i]);
	if (book->n_policies || !c->terminal)
		table_print(t, &c->look, stdout);
	else
		puts("no policies: every pod reaches every other");
	print_problems(c, book);
}

static cJSON *texts_doc(const char *const *texts, size_t n)
{
	cJSON *list = doc_array();

	for (size_t i = 0; i < n; i++)
		doc_text(list, NULL, texts[i]);
	return list;
}

static void print_list_json(const struct rulebook *book)
{
	__cleanup(doc_free) cJSON *doc = doc_object();
	cJSON *list = doc_array(), *one;

	for (size_t i = 0; i < book->n_policies; i++) {
		const struct rulebook_policy *p = &book->policies[i];

		one = doc_object();
		doc_text(one, "kind", p->kind);
		doc_text(one, "name", p->name);
		doc_text(one, "tier", p->tier);
		doc_add(one, "priority", cJSON_CreateNumber(p->priority));
		doc_bool(one, "valid", p->valid);
		doc_u64(one, "rules", p->n_rules);
		doc_add(one, "selects", texts_doc(p->selects, p->n_selects));
		doc_add(one, "problems", texts_doc(p->problems, p->n_problems));
		doc_add(list, NULL, one);
	}
	doc_add(doc, "policies", list);
	doc_add(doc, "problems", texts_doc(book->problems, book->n_problems));
	doc_u64(doc, "epoch", book->epoch);
	doc_print(doc, stdout);
}

/* ---- one pod --------------------------------------------------------- */

static const struct {
	unsigned int direction, flag;
	const char *title, *key, *open;
	struct column columns[4];
} sides[] = {
	{FL_INGRESS,
	 FL_ENDPOINT_INGRESS,
	 "what may reach it (ingress)",
	 "ingress",
	 "anybody: no policy governs what reaches it",
	 {{"FROM", TEXT, 0, 16, false},
	  {"PORTS", TEXT, 0, 8, false},
	  {"VERDICT", TEXT, 0, 0, false},
	  {"BECAUSE OF", TEXT, 0, 16, true}}},
	{FL_EGRESS,
	 FL_ENDPOINT_EGRESS,
	 "what it may reach (egress)",
	 "egress",
	 "anything: no policy governs what it reaches",
	 {{"TO", TEXT, 0, 16, false},
	  {"PORTS", TEXT, 0, 8, false},
	  {"VERDICT", TEXT, 0, 0, false},
	  {"BECAUSE OF", TEXT, 0, 16, true}}},
};
#define N_SIDES (sizeof(sides) / sizeof(sides[0]))

static void add_row(struct table *t, const char *peer, const char *ports,
		    bool allowed, const char *reason)
{
	table_cell(t, PLAIN, "%s", peer);
	table_cell(t, PLAIN, "%s", ports);
	table_cell(t, allowed ? GOOD : BAD, "%s", allowed ? "allow" : "deny");
	table_cell(t, PLAIN, "%s", reason);
}

static void print_side(const struct ctl *c, unsigned int side,
		       const struct endpoint_view *ep,
		       const struct verdict_list *v,
		       const struct rulebook *book)
{
	__cleanup(table_free) struct table *t =
		table_new(sides[side].columns, 4);
	char peer[RULE_TEXT_LEN], reason[RULE_TEXT_LEN];

	printf("\n%s%s%s\n", style_on(&c->look, BOLD), sides[side].title,
	       style_off(&c->look, BOLD));
	if (!(ep->flags & sides[side].flag)) {
		printf("%s\n", sides[side].open);
		return;
	}
	if (sides[side].direction == FL_INGRESS)
		add_row(t, "this node", "any", true, "its own node reaches it");
	for (size_t i = 0; i < v->n; i++)
		if (v->rows[i].direction == sides[side].direction)
			add_row(t,
				rulebook_identity(book, v->rows[i].identity,
						  peer),
				v->rows[i].ports,
				v->rows[i].verdict == FL_ALLOW,
				verdict_reason(&v->rows[i], book, reason));
	if (verdict_list_end_in_deny(v, sides[side].direction))
		add_row(t, "anybody", "any other", false, "no rule allows it");
	table_print(t, &c->look, stdout);
}

static void print_group(const struct endpoint_view *ep,
			const struct rulebook *book)
{
	const struct rulebook_group *g = rulebook_group(book, ep->policy_id);
	char name[RULE_TEXT_LEN];

	if (!g)
		return;
	fputs("selected by ", stdout);
	for (size_t i = 0; i < g->n_policies; i++) {
		format_clean(g->policies[i], name, sizeof(name));
		printf("%s%s", i ? ", " : "", name);
	}
	putchar('\n');
}

static void print_pod(const struct ctl *c, const struct endpoint_view *ep,
		      const struct verdict_list *v, const struct rulebook *book,
		      bool is_audited)
{
	char label[POD_LABEL_LEN], clean[POD_LABEL_LEN];
	char addrs[ENDPOINT_ADDRS_LEN];

	format_clean(pod_label(ep->record, label), clean, sizeof(clean));
	printf("%s%s%s  %s\n", style_on(&c->look, BOLD), clean,
	       style_off(&c->look, BOLD), endpoint_addrs(ep, addrs));
	print_group(ep, book);
	if (ep->flags & FL_ENDPOINT_PENDING)
		puts("pending: the agent has not seen it yet; where policies "
		     "exist, it talks to this node only");
	if (is_audited)
		puts("audit: what is denied here is told, and let through");
	for (unsigned int side = 0; side < N_SIDES; side++)
		print_side(c, side, ep, v, book);
}

static void add_side_doc(cJSON *doc, unsigned int side,
			 const struct endpoint_view *ep,
			 const struct verdict_list *v,
			 const struct rulebook *book)
{
	cJSON *one = doc_object(), *list = doc_array(), *row;
	char text[RULE_TEXT_LEN];

	doc_bool(one, "governed", ep->flags & sides[side].flag);
	for (size_t i = 0; i < v->n; i++) {
		const struct verdict_row *r = &v->rows[i];

		if (r->direction != sides[side].direction)
			continue;
		row = doc_object();
		doc_u64(row, "identity", r->identity);
		doc_text(row, "peer",
			 rulebook_identity(book, r->identity, text));
		doc_text(row, "ports", r->ports);
		doc_text(row, "verdict",
			 r->verdict == FL_ALLOW ? "allow" : "deny");
		doc_u64(row, "rule", r->rule);
		doc_text(row, "because", verdict_reason(r, book, text));
		doc_add(list, NULL, row);
	}
	doc_add(one, "entries", list);
	doc_text(one, "otherwise",
		 ep->flags & sides[side].flag &&
				 verdict_list_end_in_deny(v,
							  sides[side].direction)
			 ? "deny"
			 : "allow");
	doc_add(doc, sides[side].key, one);
}

static void print_pod_json(const struct endpoint_view *ep,
			   const struct verdict_list *v,
			   const struct rulebook *book, bool is_audited)
{
	const struct rulebook_group *g = rulebook_group(book, ep->policy_id);
	__cleanup(doc_free) cJSON *doc = doc_object();
	cJSON *addrs = doc_array();
	char label[POD_LABEL_LEN];

	doc_text(doc, "pod", pod_label(ep->record, label));
	for (int i = 0; i < ep->n_addrs; i++)
		doc_addr(addrs, NULL, &ep->addrs[i]);
	doc_add(doc, "addresses", addrs);
	doc_u64(doc, "endpoint", ep->ifindex);
	doc_u64(doc, "policyID", ep->policy_id);
	doc_bool(doc, "pending", ep->flags & FL_ENDPOINT_PENDING);
	doc_bool(doc, "audit", is_audited);
	if (g)
		doc_add(doc, "policies", texts_doc(g->policies, g->n_policies));
	for (unsigned int side = 0; side < N_SIDES; side++)
		add_side_doc(doc, side, ep, v, book);
	doc_print(doc, stdout);
}

static int policy_of_pod(const struct ctl *c, const char *wanted,
			 const struct rulebook *book, struct err *e)
{
	__cleanup(endpoint_list_free) struct endpoints eps = {0};
	__cleanup(verdict_list_free) struct verdict_list v = {0};
	const struct endpoint_view *ep;
	struct fl_config config;
	bool is_audited;
	int rc = ctl_config_read(c, &config, e);

	if (!rc)
		rc = endpoint_list_read(c, &eps, e);

	if (rc)
		return rc;
	ep = endpoint_find(&eps, wanted, e);
	if (!ep)
		return -e->code;
	if (ep->policy_id)
		rc = verdict_list_read(c, ep->policy_id, &v, e);
	if (rc)
		return rc;
	is_audited = ep->flags & FL_ENDPOINT_AUDIT ||
		     ctl_config_flags(&config) & FL_CONFIG_AUDIT;
	if (c->json)
		print_pod_json(ep, &v, book, is_audited);
	else
		print_pod(c, ep, &v, book, is_audited);
	return EXIT_FINE;
}

static int policy_run(const struct ctl *c, int argc, char **argv, struct err *e)
{
	__cleanup(rulebook_free) struct rulebook book = {0};
	int fd = ctl_map_open(c, FL_MAP_POLICY, e), rc;

	if (fd < 0)
		return fd;
	close(fd);
	rc = rulebook_read(c->state_dir, &book, e);
	if (!argc && rc)
		return -EIO; /* with its sentence; something is loaded */
	if (rc)
		ctl_note("%s", e->msg);
	*e = (struct err){0};
	if (argc)
		return policy_of_pod(c, argv[0], &book, e);
	if (c->json)
		print_list_json(&book);
	else
		print_list(c, &book);
	return EXIT_FINE;
}

const struct command cmd_policy = {
	.name = "policy",
	.args = "[POD]",
	.summary = "the policies, or what may reach one pod and what it may "
		   "reach",
	.about = "Without a word: all policies that the agent knows, with the "
		 "pods of this node that each selects, and what is wrong with "
		 "them. What an invalid policy selects is closed in the "
		 "directions that it would have governed.\n"
		 "\n"
		 "With a pod (NAMESPACE/NAME, NAME or an address): what is in "
		 "force for it, as it is in the map fl_policy. Rows about one "
		 "peer have no port in common; a peer's own rows come before "
		 "those about anybody; what is in none is denied, where any "
		 "policy governs that direction. Replies always pass.\n"
		 "\n"
		 "It works without an agent: texts are from policy.json in the "
		 "state directory. Without that file rules are numbers.\n",
	.examples = "  fairlead policy\n"
		    "  fairlead policy default/web-0\n"
		    "  fairlead policy 10.1.0.7 --json | jq .ingress.entries\n",
	.max_args = 1,
	.run = policy_run,
};
