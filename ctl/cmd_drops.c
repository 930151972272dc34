/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <math.h>
#include <time.h>

#include "../lib/cleanup.h"
#include "ctl.h"
#include "denied.h"
#include "doc.h"
#include "format.h"
#include "metric.h"
#include "reason.h"

static struct drops_values {
	double interval; /* seconds; 0: no rates; below: not given */
	bool watch;
} values = {.interval = -1};

static const struct option options[] = {
	{"watch", 'W', NULL, set_flag, offsetof(struct drops_values, watch),
	 "again and again, until Ctrl-C"},
	{"interval", 'i', "SECONDS", set_seconds,
	 offsetof(struct drops_values, interval),
	 "to take the rate over; 0: at once, no rate"},
	{0},
};

static const struct column columns[] = {
	{"PACKETS", NUMBER, 0, 0, false},
	{"PER SEC", NUMBER, 0, 0, false},
	{"BYTES", NUMBER, DROP_EARLY, 0, false},
	{"HOOK", TEXT, 1, 0, false},
	{"REASON", TEXT, 0, 0, false},
	{"MEANING", TEXT, 2, 24, false},
};

static void pause_for(double seconds)
{
	double whole;
	struct timespec ts;

	ts.tv_nsec = modf(seconds, &whole) * 1e9;
	ts.tv_sec = whole;
	nanosleep(&ts, NULL);
}

static void print_table(const struct ctl *c, const struct drop_view *drops,
			size_t n)
{
	__cleanup(table_free) struct table *t =
		table_new(columns, sizeof(columns) / sizeof(columns[0]));
	char buf[FORMAT_LEN];

	for (size_t i = 0; i < n; i++) {
		const struct drop_view *d = &drops[i];

		table_cell(t, PLAIN, "%s",
			   format_count(d->packets, c->human, buf));
		table_cell(t, d->per_second > 0 ? BAD : PLAIN, "%s",
			   values.interval > 0
				   ? format_rate(d->per_second, c->human, buf)
				   : "-");
		table_cell(t, PLAIN, "%s",
			   format_bytes(d->bytes, c->human, buf));
		table_cell(t, PLAIN, "%s", hook_name(d->hook));
		table_cell(t, PLAIN, "%s", reason_name(d->reason));
		table_cell(t, PLAIN, "%s", reason_text(d->reason));
	}
	if (!n) {
		puts("nothing was dropped");
		return;
	}
	table_print(t, &c->look, stdout);
	if (c->terminal && c->look.headers)
		printf("%s`fairlead help %s` says what that means and where to "
		       "look%s\n",
		       style_on(&c->look, FAINT), reason_name(drops[0].reason),
		       style_off(&c->look, FAINT));
}

static void print_json(const struct drop_view *drops, size_t n,
		       const struct denied *denied, __u64 now_ns)
{
	__cleanup(doc_free) cJSON *doc = doc_object();
	cJSON *list = doc_array(), *one;

	for (size_t i = 0; i < n; i++) {
		one = doc_object();
		doc_text(one, "hook", hook_name(drops[i].hook));
		doc_text(one, "reason", reason_name(drops[i].reason));
		doc_text(one, "meaning", reason_text(drops[i].reason));
		doc_u64(one, "packets", drops[i].packets);
		doc_u64(one, "bytes", drops[i].bytes);
		if (values.interval > 0)
			doc_number(one, "perSecond", drops[i].per_second);
		doc_add(list, NULL, one);
	}
	doc_add(doc, "drops", list);
	doc_add(doc, "denied", denied_doc(denied, now_ns));
	if (values.watch)
		doc_print_line(doc, stdout);
	else
		doc_print(doc, stdout);
}

static void print_clock(const struct ctl *c)
{
	char text[32];
	time_t now = time(NULL);
	struct tm tm;

	localtime_r(&now, &tm);
	strftime(text, sizeof(text), "%H:%M:%S", &tm);
	/* On a terminal each table takes the place of the one before. */
	if (c->terminal)
		fputs("\033[H\033[J", stdout);
	printf("%s  every %g s, Ctrl-C ends\n", text, values.interval);
}

static int drops_once(const struct ctl *c, struct metrics *before,
		      struct err *e)
{
	__cleanup(denied_free) struct denied denied = {0};
	static struct drop_view drops[DROPS_MAX];
	static struct metrics now;
	size_t n;
	int rc;

	if (values.interval > 0)
		pause_for(values.interval);
	rc = metrics_snapshot(c, &now, e);
	if (!rc)
		rc = denied_read(c, &denied, e);
	if (rc)
		return rc;
	n = drops_compare(before, &now, drops);
	if (values.watch && !c->json)
		print_clock(c);
	if (c->json) {
		print_json(drops, n, &denied, now.time_ns);
	} else {
		print_table(c, drops, n);
		denied_print(&denied, c, now.time_ns);
	}
	*before = now;
	return ctl_flush(e);
}

static int drops_run(const struct ctl *c, int argc, char **argv, struct err *e)
{
	static struct metrics before;
	int rc;

	(void)argc;
	(void)argv;
	if (values.interval < 0)
		values.interval = c->json && !values.watch ? 0 : 1;
	if (values.watch && values.interval < 0.1) {
		err_set(e, EINVAL,
			"--watch needs an --interval of 0.1 or more");
		return EXIT_USAGE;
	}
	rc = metrics_snapshot(c, &before, e);
	do {
		rc = rc ? rc : drops_once(c, &before, e);
	} while (!rc && values.watch);
	return rc;
}

const struct command cmd_drops = {
	.name = "drops",
	.args = "",
	.summary = "what is thrown away, why, and how much of it right now",
	.about =
		"A line for each reason at each hook. PACKETS counts since the "
		"maps were made; look at PER SEC, measured while you wait (1 s, "
		"or --interval; --json does not wait unless told), for what is "
		"going on now. Some drops are normal (multicast, nd): "
		"`fairlead help REASON` says what each means and where to "
		"look.\n"
		"\n"
		"What policies denied is told by pod and rule below, with the "
		"last packet of each, the latest first; what audit mode let "
		"through is marked. A rule's count begins anew when the rule "
		"changes or the agent starts.\n",
	.examples = "  fairlead drops\n"
		    "  fairlead drops --watch -i 5\n"
		    "  fairlead drops --json | jq '.drops[].packets'\n",
	.options = options,
	.values = &values,
	.run = drops_run,
};
