/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <string.h>
#include <time.h>

#include "../lib/cleanup.h"
#include "../loader/loader.h"
#include "ctl.h"
#include "doc.h"
#include "event.h"
#include "filter.h"
#include "metric.h"
#include "reason.h"
#include "stop.h"

#define NS_PER_S      1000000000ULL
#define POLL_MS	      500
#define PODS_FRESH_NS (2 * NS_PER_S)
#define LOSS_CHECK_NS (5 * NS_PER_S)

static struct monitor_values {
	struct filter filter;
	unsigned int types; /* bit per enum fl_event_type; 0: all */
	unsigned int limit; /* events; 0: no limit */
	double seconds;	    /* 0: no end */
	bool time;
} values = {.filter = FILTER_ALL};

struct monitor {
	const struct ctl *ctl;
	struct pods pods;
	struct rulebook rules;
	__u64 pods_read_ns;
	__u64 seen;
	__u64 loss_checked_ns;
	__u64 limited, lost; /* counters at the last look */
};

/* "drop,end" */
static int set_types(const char *text, void *field, struct err *e)
{
	unsigned int types = 0;

	while (*text) {
		size_t len = strcspn(text, ",");
		unsigned int t = 0;

		while (t < FL_EVENT_MAX &&
		       (strlen(event_type_name(t)) != len ||
			strncmp(event_type_name(t), text, len)))
			t++;
		if (t == FL_EVENT_MAX)
			return err_set(e, EINVAL,
				       "%.*s is none of drop, new, end, "
				       "verdict",
				       (int)len, text);
		types |= 1U << t;
		text += len;
		text += *text == ',';
	}
	*(unsigned int *)field = types;
	return 0;
}

#define AT(field) offsetof(struct monitor_values, field)

static const struct option options[] = {
	{"type", 0, "LIST", set_types, AT(types),
	 "of drop, new, end (connections begun, over), verdict"},
	{"reason", 'r', "NAME", set_reason, AT(filter.reason),
	 "drops for this reason (`fairlead help reasons`)"},
	{"from", 0, "ADDR", set_range, AT(filter.from),
	 "from this address or range"},
	{"to", 0, "ADDR", set_range, AT(filter.to), "to this address or range"},
	{"address", 'a', "ADDR", set_range, AT(filter.address),
	 "either of the two"},
	{"port", 'p', "N", set_port, AT(filter.port), "either port"},
	{"proto", 0, "PROTO", set_proto, AT(filter.proto),
	 "tcp, udp, sctp, icmp, icmpv6 or a number"},
	{"pod", 0, "NS/NAME", set_text, AT(filter.pod),
	 "of a pod of this node"},
	{"time", 't', NULL, set_flag, AT(time), "begin each line with it"},
	{"limit", 'n', "N", set_count, AT(limit), "end after so many"},
	{"for", 0, "SECONDS", set_seconds, AT(seconds), "end after so long"},
	{0},
};

/* ---- an event -------------------------------------------------------- */

static __u64 real_time_of(const struct fl_event *ev)
{
	struct timespec ts;

	clock_gettime(CLOCK_REALTIME, &ts);
	return ts.tv_sec * NS_PER_S + ts.tv_nsec -
	       (metrics_clock() - ev->time_ns);
}

static void print_time(const struct fl_event *ev)
{
	__u64 real = real_time_of(ev);
	time_t seconds = real / NS_PER_S;
	char text[16];
	struct tm tm;

	localtime_r(&seconds, &tm);
	strftime(text, sizeof(text), "%H:%M:%S", &tm);
	printf("%s.%03llu  ", text,
	       (unsigned long long)(real % NS_PER_S / 1000000));
}

/* Pods come and go while we look. */
static void refresh_pods(struct monitor *m)
{
	__u64 now = metrics_clock();
	struct err ignored;

	if (m->pods_read_ns && now - m->pods_read_ns < PODS_FRESH_NS)
		return;
	pods_free(&m->pods);
	pods_read(m->ctl->state_dir, &m->pods, &ignored);
	m->pods_read_ns = now;
}

static bool is_wanted(const struct monitor *m, const struct fl_event *ev)
{
	if (values.types && !(values.types & 1U << ev->type))
		return false;
	return filter_event(&values.filter, &m->pods, ev);
}

static int on_event(const struct fl_event *ev, void *arg)
{
	struct monitor *m = arg;

	if (ev->type >= FL_EVENT_MAX)
		return 0;
	refresh_pods(m);
	if (!is_wanted(m, ev))
		return 0;
	if (ev->rule)
		rulebook_refresh(m->ctl->state_dir, &m->rules);
	if (m->ctl->json) {
		__cleanup(doc_free) cJSON *doc =
			event_doc(ev, &m->pods, &m->rules, real_time_of(ev));

		doc_print_line(doc, stdout);
	} else {
		if (values.time)
			print_time(ev);
		event_line(ev, &m->pods, &m->rules, &m->ctl->look, stdout);
		putchar('\n');
	}
	m->seen++;
	if (stopped || (values.limit && m->seen >= values.limit))
		return -ECANCELED;
	return 0;
}

/* ---- what is not shown ----------------------------------------------- */

static int check_loss(struct monitor *m, bool say, struct err *e)
{
	__u64 limited, lost;
	int fd;

	fd = ctl_map_open(m->ctl, FL_MAP_COUNTERS, e);
	if (fd < 0)
		return fd;
	if (map_sum_percpu(fd, FL_COUNT_EVENTS_LIMITED, 1, &limited))
		limited = m->limited;
	if (map_sum_percpu(fd, FL_COUNT_EVENTS_LOST, 1, &lost))
		lost = m->lost;
	close(fd);
	if (say && limited > m->limited)
		ctl_note("%llu more events were held back by the rate limit "
			 "(`events-per-second`)",
			 (unsigned long long)(limited - m->limited));
	if (say && lost > m->lost)
		ctl_note("%llu more events were lost: they come faster than "
			 "they are read",
			 (unsigned long long)(lost - m->lost));
	m->limited = limited;
	m->lost = lost;
	m->loss_checked_ns = metrics_clock();
	return 0;
}

static int watch(struct monitor *m, struct events *ring, struct err *e)
{
	__u64 end = metrics_clock() + values.seconds * NS_PER_S;
	int rc = 0;

	while (!stopped && rc != -ECANCELED) {
		__u64 now = metrics_clock();

		if (values.seconds > 0 && now >= end)
			break;
		rc = events_poll(ring, POLL_MS);
		if (rc < 0 && rc != -EINTR && rc != -ECANCELED)
			return err_sys(e, -rc, "read events");
		if (ctl_flush(e))
			return -EIO;
		if (now - m->loss_checked_ns > LOSS_CHECK_NS &&
		    check_loss(m, true, e))
			return err_set(e, EIO, "Fairlead was unloaded");
	}
	return check_loss(m, true, e) ? -EIO : 0;
}

static int monitor_run(const struct ctl *c, int argc, char **argv,
		       struct err *e)
{
	__cleanup(events_close) struct events *ring = NULL;
	struct monitor m = {.ctl = c};
	int rc = check_loss(&m, false, e);

	(void)argc;
	(void)argv;
	if (!rc)
		rc = events_open(c->bpf_root, true, on_event, &m, &ring, e);
	if (rc)
		return rc;
	setvbuf(stdout, NULL, _IOLBF, 0);
	stop_on_signals();
	refresh_pods(&m);
	if (filter_check(&values.filter, &m.pods, e))
		ctl_note("%s; waiting for it", e->msg);
	if (c->terminal && !c->json)
		ctl_note("watching; Ctrl-C ends");
	*e = (struct err){0};
	rc = watch(&m, ring, e);
	pods_free(&m.pods);
	rulebook_free(&m.rules);
	return rc;
}

const struct command cmd_monitor = {
	.name = "monitor",
	.args = "",
	.summary = "dropped packets and connections, as they happen",
	.about = "A line an event:\n"
		 "  drop  a packet was thrown away: from, to, why, and where\n"
		 "  new   a connection was entered: where its packets are "
		 "taken\n"
		 "  end   one is over: packets and bytes, sent/replied\n"
		 "  would drop  a policy denied it, and audit mode let it "
		 "pass (--type verdict)\n"
		 "A drop by policy names the rule, or says that no rule "
		 "allowed it, in which direction and of which pod.\n"
		 "Many of a kind in one second are held back, which is said "
		 "on stderr; the counts of `fairlead drops` are exact. One "
		 "reader at a time. With --json, an object a line.\n",
	.examples =
		"  fairlead monitor --type drop\n"
		"  fairlead monitor --pod default/web-0 -t\n"
		"  fairlead monitor --reason policy --to 10.1.0.0/24 --port 443\n"
		"  fairlead monitor --json --for 60 > events.json\n",
	.options = options,
	.values = &values,
	.run = monitor_run,
};
