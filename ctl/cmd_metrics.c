/* SPDX-License-Identifier: Apache-2.0 */
#include "../lib/cleanup.h"
#include "ctl.h"
#include "doc.h"
#include "format.h"
#include "metric.h"
#include "reason.h"

static struct metrics_values {
	bool all;
} values;

static const struct option options[] = {
	{"all", 'a', NULL, set_flag, offsetof(struct metrics_values, all),
	 "zeros too"},
	{0},
};

static const struct column hook_columns[] = {
	{"HOOK", TEXT, 0, 0, false},	  {"END", TEXT, 0, 0, false},
	{"PACKETS", NUMBER, 0, 0, false}, {"BYTES", NUMBER, 2, 0, false},
	{"REASON", TEXT, 0, 0, false},	  {"MEANING", TEXT, 3, 20, false},
};

static const struct column counter_columns[] = {
	{"COUNTER", TEXT, 0, 0, false},
	{"COUNT", NUMBER, 0, 0, false},
	{"MEANING", TEXT, 1, 20, false},
};

#define N(array) (sizeof(array) / sizeof((array)[0]))

static void print_hooks(const struct ctl *c, const struct metrics *m)
{
	__cleanup(table_free) struct table *t =
		table_new(hook_columns, N(hook_columns));
	char buf[FORMAT_LEN];

	for (unsigned int h = 0; h < FL_HOOK_MAX; h++)
		for (unsigned int r = 0; r < FL_REASON_MAX; r++) {
			const struct fl_metric *v = &m->of[h][r];
			bool drop = reason_is_drop(r);

			if (!v->packets && !values.all)
				continue;
			table_cell(t, PLAIN, "%s", hook_name(h));
			table_cell(t, drop ? BAD : GOOD, "%s",
				   drop ? "drop" : "pass");
			table_cell(t, PLAIN, "%s",
				   format_count(v->packets, c->human, buf));
			table_cell(t, PLAIN, "%s",
				   format_bytes(v->bytes, c->human, buf));
			table_cell(t, PLAIN, "%s", reason_name(r));
			table_cell(t, PLAIN, "%s", reason_text(r));
		}
	if (table_rows(t))
		table_print(t, &c->look, stdout);
	else
		puts("no packet has passed yet");
}

static void print_counters(const struct ctl *c, const struct metrics *m)
{
	__cleanup(table_free) struct table *t =
		table_new(counter_columns, N(counter_columns));
	char buf[FORMAT_LEN];

	for (unsigned int n = 0; n < FL_COUNT_MAX; n++) {
		if (!m->counters[n] && !values.all)
			continue;
		table_cell(t, PLAIN, "%s", counter_name(n));
		table_cell(t, PLAIN, "%s",
			   format_count(m->counters[n], c->human, buf));
		table_cell(t, PLAIN, "%s", counter_text(n));
	}
	if (!table_rows(t))
		return;
	putchar('\n');
	table_print(t, &c->look, stdout);
}

static void print_json(const struct metrics *m)
{
	__cleanup(doc_free) cJSON *doc = doc_object();
	cJSON *hooks = doc_array(), *counters = doc_array();

	for (unsigned int h = 0; h < FL_HOOK_MAX; h++)
		for (unsigned int r = 0; r < FL_REASON_MAX; r++) {
			const struct fl_metric *v = &m->of[h][r];
			cJSON *one;

			if (!v->packets && !values.all)
				continue;
			one = doc_object();
			doc_text(one, "hook", hook_name(h));
			doc_bool(one, "drop", reason_is_drop(r));
			doc_text(one, "reason", reason_name(r));
			doc_u64(one, "packets", v->packets);
			doc_u64(one, "bytes", v->bytes);
			doc_add(hooks, NULL, one);
		}
	for (unsigned int n = 0; n < FL_COUNT_MAX; n++) {
		cJSON *one = doc_object();

		doc_text(one, "name", counter_name(n));
		doc_u64(one, "value", m->counters[n]);
		doc_add(counters, NULL, one);
	}
	doc_add(doc, "hooks", hooks);
	doc_add(doc, "counters", counters);
	doc_print(doc, stdout);
}

static int metrics_run(const struct ctl *c, int argc, char **argv,
		       struct err *e)
{
	static struct metrics m;
	int rc = metrics_snapshot(c, &m, e);

	(void)argc;
	(void)argv;
	if (rc)
		return rc;
	if (c->json) {
		print_json(&m);
		return EXIT_FINE;
	}
	print_hooks(c, &m);
	print_counters(c, &m);
	return EXIT_FINE;
}

const struct command cmd_metrics = {
	.name = "metrics",
	.args = "",
	.summary = "how packets ended at each hook, and other counters",
	.about = "Each packet that meets one of our programs ends there in "
		 "one way, which is counted. The hooks are named from the "
		 "datapath's side: from_pod is what pods send, to_pod what "
		 "the host gives to pods, from_uplink what comes in from "
		 "outside. A packet may meet more than one. The counts begin "
		 "when the maps are made.\n",
	.examples =
		"  fairlead metrics -H\n"
		"  fairlead metrics --json | jq '.counters[] | select(.value > 0)'\n",
	.options = options,
	.values = &values,
	.run = metrics_run,
};
