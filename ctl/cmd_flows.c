/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <net/if.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "../lib/cleanup.h"
#include "../lib/json.h"
#include "../loader/loader.h"
#include "alloc.h"
#include "ctl.h"
#include "doc.h"
#include "filter.h"
#include "flow_table.h"
#include "format.h"

enum sort_key { SORT_IDLE, SORT_AGE, SORT_PACKETS, SORT_BYTES };

static struct flows_values {
	struct filter filter;
	unsigned int limit; /* 0: all */
	unsigned int sort;
	bool count;
} values = {.filter = FILTER_ALL};

static int set_sort(const char *text, void *field, struct err *e)
{
	static const char *const words[] = {"idle", "age", "packets", "bytes",
					    NULL};

	for (int i = 0; words[i]; i++)
		if (!strcmp(words[i], text)) {
			*(unsigned int *)field = i;
			return 0;
		}
	return err_set(e, EINVAL, "%s is none of idle, age, packets, bytes",
		       text);
}

#define AT(field) offsetof(struct flows_values, field)

static const struct option options[] = {
	{"from", 0, "ADDR", set_range, AT(filter.from),
	 "begun by this address or range"},
	{"to", 0, "ADDR", set_range, AT(filter.to),
	 "begun towards this address or range"},
	{"address", 'a', "ADDR", set_range, AT(filter.address),
	 "either of the two"},
	{"port", 'p', "N", set_port, AT(filter.port),
	 "either port, before or after translation"},
	{"proto", 0, "PROTO", set_proto, AT(filter.proto),
	 "tcp, udp, sctp, icmp, icmpv6 or a number"},
	{"pod", 0, "NS/NAME", set_text, AT(filter.pod),
	 "of a pod of this node"},
	{"state", 0, "STATE", set_state, AT(filter.state),
	 "one of those above"},
	{"masqueraded", 'm', NULL, set_flag, AT(filter.masqueraded),
	 "only what leaves under the node's address"},
	{"sort", 0, "KEY", set_sort, AT(sort),
	 "by idle (the default), age, packets or bytes"},
	{"limit", 'n', "N", set_count, AT(limit), "at most so many"},
	{"count", 'c', NULL, set_flag, AT(count), "only how many there are"},
	{0},
};

/* ---- reading --------------------------------------------------------- */

struct flow_list {
	struct flow_entry *entries;
	size_t n, room;
};

static int keep(const void *key, const void *value, void *arg)
{
	struct flow_list *l = arg;

	l->entries = must_grow(l->entries, l->n, &l->room, sizeof(*l->entries));
	memcpy(&l->entries[l->n].key, key, sizeof(l->entries[0].key));
	memcpy(&l->entries[l->n].flow, value, sizeof(l->entries[0].flow));
	l->n++;
	return 0;
}

static int read_flows(const struct ctl *c, struct flow_list *out, struct err *e)
{
	__cleanup(fd_close) int fd = ctl_map_open(c, FL_MAP_FLOWS, e);

	if (fd < 0)
		return fd;
	return map_each(fd, keep, out, e);
}

/* ---- choosing -------------------------------------------------------- */

static __u64 both(const struct connection *c, bool bytes)
{
	__u64 sum = 0;

	if (c->sent)
		sum += bytes ? c->sent->bytes : c->sent->packets;
	if (c->replies)
		sum += bytes ? c->replies->bytes : c->replies->packets;
	return sum;
}

/* What is to come first is greater. */
static __u64 sort_value(const struct connection *c)
{
	switch (values.sort) {
	case SORT_AGE:
		return ~connection_created_ns(c);
	case SORT_PACKETS:
		return both(c, false);
	case SORT_BYTES:
		return both(c, true);
	default:
		return connection_seen_ns(c);
	}
}

static int compare(const void *a, const void *b)
{
	__u64 x = sort_value(a), y = sort_value(b);

	if (x != y)
		return x > y ? -1 : 1;
	return memcmp(a, b, sizeof(struct fl_tuple));
}

static size_t choose(const struct pods *pods, struct connection *conns,
		     size_t n)
{
	size_t kept = 0;

	for (size_t i = 0; i < n; i++)
		if (filter_connection(&values.filter, pods, &conns[i]))
			conns[kept++] = conns[i];
	if (kept)
		qsort(conns, kept, sizeof(*conns), compare);
	return kept;
}

/* ---- showing --------------------------------------------------------- */

static __u64 clock_now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1000000000ULL + ts.tv_nsec;
}

/* One document, but a connection a line, so that a long list needs no
 * memory. */
static void print_json(const struct connection *conns, size_t n, size_t total,
		       const struct pods *pods, const struct rulebook *rules)
{
	__u64 now = clock_now();

	printf("{\"total\":%zu,\"connections\":[", total);
	for (size_t i = 0; i < n; i++) {
		__cleanup(doc_free) cJSON *doc =
			connection_doc(&conns[i], pods, rules, now);
		__cleanup(mem_free) char *text = json_print(doc, false);

		printf("%s\n%s", i ? "," : "", text ? text : "null");
	}
	puts(n ? "\n]}" : "]}");
}

static void print_table(const struct ctl *c, const struct connection *conns,
			size_t n, size_t total, const struct pods *pods,
			const struct rulebook *rules)
{
	__cleanup(table_free) struct table *t =
		flow_table_new(values.filter.masqueraded);
	__u64 now = clock_now();

	for (size_t i = 0; i < n; i++)
		flow_table_row(t, &conns[i], pods, rules, now, c->human);
	if (n || !c->terminal)
		table_print(t, &c->look, stdout);
	else
		puts("no such connection");
	if (n < total)
		ctl_note("%zu of %zu connections shown", n, total);
}

static int flows_run(const struct ctl *c, int argc, char **argv, struct err *e)
{
	__cleanup(mem_free) struct connection *conns = NULL;
	__cleanup(pods_free) struct pods pods = {0};
	__cleanup(rulebook_free) struct rulebook rules = {0};
	struct err ignored;
	struct flow_list list = {0};
	size_t n, total;
	int rc;

	(void)argc;
	(void)argv;
	rc = pods_read(c->state_dir, &pods, e);
	if (!rc)
		rc = filter_check(&values.filter, &pods, e);
	if (!rc)
		rc = read_flows(c, &list, e);
	if (rc) {
		free(list.entries);
		return rc;
	}
	rulebook_read(c->state_dir, &rules, &ignored);
	conns = must_alloc(list.n, sizeof(*conns));
	total = connections_pair(list.entries, list.n, conns);
	total = choose(&pods, conns, total);
	n = values.limit && values.limit < total ? values.limit : total;
	if (values.count && !c->json)
		printf("%zu\n", total);
	else if (c->json)
		print_json(conns, values.count ? 0 : n, total, &pods, &rules);
	else
		print_table(c, conns, n, total, &pods, &rules);
	free(list.entries);
	return EXIT_FINE;
}

const struct command cmd_flows = {
	.name = "flows",
	.args = "",
	.summary = "connections of this node's pods, one on a line",
	.about = "Each connection that the datapath knows, as its beginner "
		 "sees it. Two numbers with a slash are what was sent and "
		 "what came back: PACKETS 12/0 means no answer, \"-\" that "
		 "the entry of that direction is gone. PATH says where "
		 "packets and replies are taken: local (a pod here), overlay "
		 "(another node), uplink (out), host (this node itself). "
		 "TRANSLATION is what the other side sees. RULES are "
		 "the rules of policies that allowed it, the sender's and the "
		 "receiver's.\n"
		 "\n"
		 "States of TCP:\n"
		 "  syn-sent      no answer: a firewall, a dead or absent "
		 "peer\n"
		 "  syn-received  answered, but the answer or the next packet "
		 "is lost\n"
		 "  established   both sides talk\n"
		 "  closing       one side has ended\n"
		 "  closed, reset over; the entry goes within seconds\n"
		 "  one-sided     only one direction passes here\n"
		 "Of others: unreplied, replied.\n",
	.examples =
		"  fairlead flows --pod default/web-0\n"
		"  fairlead flows --to 10.1.0.0/24 --port 53\n"
		"  fairlead flows --state syn-sent          whose connections hang\n"
		"  fairlead flows --sort bytes -H -n 10     who fills the line\n"
		"  fairlead flows --masqueraded --port 30123\n"
		"      which pod was it that the world saw with our port 30123\n"
		"  fairlead flows --json | jq '.connections[].state'\n",
	.options = options,
	.values = &values,
	.run = flows_run,
};
