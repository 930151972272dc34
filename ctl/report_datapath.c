/* SPDX-License-Identifier: Apache-2.0 */
/* The datapath: what our own commands show, pins, maps as they are, events,
 * the agent's metrics. */
#include "report.h"

#include <arpa/inet.h>
#include <errno.h>
#include <ftw.h>
#include <netdb.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../lib/cleanup.h"
#include "../loader/loader.h"
#include "doc.h"
#include "event.h"
#include "metric.h"

/* ---- pins ------------------------------------------------------------ */

static int print_pin(const char *path, const struct stat *st, int type,
		     struct FTW *ftw)
{
	char link[256];
	ssize_t n = type == FTW_SL ? readlink(path, link, sizeof(link)) : 0;

	(void)ftw;
	printf("%o %u:%u %s", st->st_mode, st->st_uid, st->st_gid, path);
	if (n > 0)
		printf(" -> %.*s", (int)n, link);
	putchar('\n');
	return 0;
}

static int print_pins(struct report *r, void *arg)
{
	(void)arg;
	if (nftw(r->ctl->bpf_root, print_pin, 16, FTW_PHYS))
		printf("%s: %s\n", r->ctl->bpf_root, strerror(errno));
	return 0;
}

/* ---- maps as they are ------------------------------------------------ */

struct raw {
	unsigned int key_size, value_size, n;
};

enum { RAW_ENTRIES_MAX = 20000 };

static void print_hex(const void *data, unsigned int size)
{
	const unsigned char *p = data;

	for (unsigned int i = 0; i < size; i++)
		printf("%02x", p[i]);
}

static int print_entry(const void *key, const void *value, void *arg)
{
	struct raw *raw = arg;

	print_hex(key, raw->key_size);
	putchar(' ');
	print_hex(value, raw->value_size);
	putchar('\n');
	return ++raw->n == RAW_ENTRIES_MAX;
}

static int print_map(struct report *r, void *arg)
{
	struct map_usage u;
	struct err e = {0};
	__cleanup(fd_close) int fd = map_open(r->ctl->bpf_root, arg, &e);
	struct raw raw = {0};

	if (fd < 0 || map_usage(r->ctl->bpf_root, arg, &u, &e)) {
		puts(e.msg);
		return 1;
	}
	printf("# %s, %s, %u of %u entries, %llu bytes; key and value in "
	       "hexadecimal, as include/fairlead/abi.h has them\n",
	       u.name, u.type, u.entries, u.max_entries, u.bytes);
	raw.key_size = u.key_size;
	raw.value_size = u.value_size;
	if (map_each(fd, print_entry, &raw, &e) < 0)
		puts(e.msg);
	return 0;
}

/* Connections are in flows.json, readable; who talks to whom once is enough. */
static bool is_worth(const char *name)
{
	static const char *const not [] = {FL_MAP_FLOWS,    FL_MAP_METRICS,
					   FL_MAP_LIMITS,   FL_MAP_EVENTS,
					   FL_MAP_COUNTERS, FL_MAP_TRACE};

	for (size_t i = 0; i < sizeof(not ) / sizeof(not [0]); i++)
		if (!strcmp(name, not [i]))
			return false;
	return true;
}

/* ---- events ---------------------------------------------------------- */

struct recent {
	struct pods pods;
	struct rulebook rules;
	int n;
};

enum { EVENTS_MAX = 2000, EVENTS_MS = 1000 };

static int print_event(const struct fl_event *ev, void *arg)
{
	struct recent *recent = arg;
	__cleanup(doc_free) cJSON *doc =
		event_doc(ev, &recent->pods, &recent->rules, 0);

	doc_u64(doc, "agoMs", (metrics_clock() - ev->time_ns) / 1000000);
	doc_print_line(doc, stdout);
	return ++recent->n == EVENTS_MAX;
}

/* What nobody has read yet, and a second more. */
static int print_events(struct report *r, void *arg)
{
	static struct recent recent;
	__u64 end = metrics_clock() + EVENTS_MS * 1000000ULL;
	struct events *events = NULL;
	struct err e = {0};

	(void)arg;
	pods_read(r->ctl->state_dir, &recent.pods, &e);
	rulebook_read(r->ctl->state_dir, &recent.rules, &e);
	if (events_open(r->ctl->bpf_root, false, print_event, &recent, &events,
			&e)) {
		puts(e.msg);
		return 1;
	}
	while (metrics_clock() < end && events_poll(events, 100) >= 0 &&
	       recent.n < EVENTS_MAX)
		;
	printf("%d events\n", recent.n);
	events_close(&events);
	return 0;
}

/* ---- the agent's metrics --------------------------------------------- */

static int connect_http(const char *address)
{
	__cleanup(mem_free) char *host = strdup(address);
	char *port = host ? strrchr(host, ':') : NULL;
	struct addrinfo hints = {.ai_socktype = SOCK_STREAM,
				 .ai_flags = AI_NUMERICHOST | AI_NUMERICSERV};
	struct addrinfo *found;
	char *name = host;
	int fd;

	if (!port)
		return -EINVAL;
	*port++ = '\0';
	if (*name == '[') {
		name++;
		name[strcspn(name, "]")] = '\0';
	}
	if (getaddrinfo(name, port, &hints, &found))
		return -EINVAL;
	fd = socket(found->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd >= 0 && connect(fd, found->ai_addr, found->ai_addrlen)) {
		int code = -errno;

		close(fd);
		fd = code;
	}
	freeaddrinfo(found);
	return fd;
}

static int print_metrics(struct report *r, void *arg)
{
	static const char request[] =
		"GET /metrics HTTP/1.0\r\nHost: localhost\r\n\r\n";
	__cleanup(fd_close) int fd = connect_http(r->config.http_address);
	char buf[8192];
	ssize_t n;

	(void)arg;
	if (fd < 0 ||
	    send(fd, request, sizeof(request) - 1, MSG_NOSIGNAL) < 0) {
		printf("nothing answers at http-address %s\n",
		       r->config.http_address);
		return 1;
	}
	while ((n = recv(fd, buf, sizeof(buf), 0)) > 0)
		fwrite(buf, 1, n, stdout);
	return 0;
}

/* ---------------------------------------------------------------------- */

void report_datapath(struct report *r)
{
	static const struct {
		const char *name;
		const struct command *cmd;
	} commands[] = {
		{"doctor.json", &cmd_doctor},
		{"status.json", &cmd_status},
		{"endpoints.json", &cmd_endpoints},
		{"routes.json", &cmd_routes},
		{"policy.json", &cmd_policy},
		{"drops.json", &cmd_drops},
		{"metrics.json", &cmd_metrics},
		{"map.json", &cmd_map},
		{"flows.json", &cmd_flows},
	};
	char name[64];

	report_forked(r, "events.jsonl", print_events, NULL);
	for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++)
		report_command(r, commands[i].name, commands[i].cmd);
	report_forked(r, "agent/metrics.txt", print_metrics, NULL);
	report_forked(r, "pins.txt", print_pins, NULL);
	for (const char *const *map = map_names(); *map; map++) {
		if (!is_worth(*map))
			continue;
		snprintf(name, sizeof(name), "maps/%s.txt", *map);
		report_forked(r, name, print_map, (void *)*map);
	}
}
