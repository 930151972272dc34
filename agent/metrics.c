/* SPDX-License-Identifier: Apache-2.0 */
#include "metrics.h"

#include <stdio.h>
#include <string.h>

#include "../lib/cleanup.h"

static const char *const hook_names[] = FL_HOOK_NAMES;

static const char *const reason_names[] = {
#define X(id, name, text) [FL_##id] = name,
	FL_PASS_REASONS(X) FL_DROP_REASONS(X)
#undef X
};

static const struct {
	const char *name, *help;
} counters[] = {
#define X(id, name, text) [FL_COUNT_##id] = {name, text},
	FL_COUNTERS(X)
#undef X
};

/* ---- the format ----------------------------------------------------- */

void metrics_head(struct evbuffer *out, const char *name, const char *type,
		  const char *help)
{
	evbuffer_add_printf(out,
			    "# HELP fairlead_%s %s\n# TYPE fairlead_%s %s\n",
			    name, help, name, type);
}

void metrics_value(struct evbuffer *out, const char *name, const char *labels,
		   double value)
{
	evbuffer_add_printf(out, "fairlead_%s%s%s%s %.15g\n", name,
			    labels ? "{" : "", labels ? labels : "",
			    labels ? "}" : "", value);
}

void metrics_one(struct evbuffer *out, const char *name, const char *type,
		 const char *help, double value)
{
	metrics_head(out, name, type, help);
	metrics_value(out, name, NULL, value);
}

const char *metrics_escape(const char *text, char *buf, size_t size)
{
	size_t len = 0;

	for (; *text && len + 3 < size; text++) {
		if (*text == '"' || *text == '\\' || *text == '\n')
			buf[len++] = '\\';
		buf[len++] = *text == '\n' ? 'n' : *text;
	}
	buf[len] = 0;
	return buf;
}

/* ---- what the maps say ---------------------------------------------- */

static int read_packets(const char *bpf_root, struct metrics_maps *out,
			struct err *e)
{
	__cleanup(fd_close) int fd = map_open(bpf_root, FL_MAP_METRICS, e);

	if (fd < 0)
		return fd;
	for (int hook = 0; hook < FL_HOOK_MAX; hook++) {
		for (int reason = 0; reason < FL_REASON_MAX; reason++) {
			__u64 sum[2];
			int rc = map_sum_percpu(
				fd, hook * FL_REASON_SLOTS + reason, 2, sum);

			if (rc)
				return err_sys(e, -rc, "read " FL_MAP_METRICS);
			out->packets[hook][reason].packets = sum[0];
			out->packets[hook][reason].bytes = sum[1];
		}
	}
	return 0;
}

static int read_counters(const char *bpf_root, struct metrics_maps *out,
			 struct err *e)
{
	__cleanup(fd_close) int fd = map_open(bpf_root, FL_MAP_COUNTERS, e);

	if (fd < 0)
		return fd;
	for (int i = 0; i < FL_COUNT_MAX; i++) {
		int rc = map_sum_percpu(fd, i, 1, &out->counters[i]);

		if (rc)
			return err_sys(e, -rc, "read " FL_MAP_COUNTERS);
	}
	return 0;
}

static int read_usage(const char *bpf_root, const struct map_usage *known,
		      struct metrics_maps *out, struct err *e)
{
	const char *const *names = map_names();
	int rc = 0;

	for (int i = 0; !rc && names[i] && i < METRICS_MAPS_MAX; i++) {
		struct map_usage *usage = &out->usage[out->n_usage++];

		if (!strcmp(names[i], known->name))
			*usage = *known;
		else
			rc = map_usage(bpf_root, names[i], usage, e);
	}
	return rc;
}

int metrics_read(const char *bpf_root, const struct map_usage *known,
		 struct metrics_maps *out, struct err *e)
{
	int rc;

	memset(out, 0, sizeof(*out));
	rc = read_packets(bpf_root, out, e);
	if (!rc)
		rc = read_counters(bpf_root, out, e);
	return rc ? rc : read_usage(bpf_root, known, out, e);
}

static void format_packets(const struct metrics_maps *m, bool bytes,
			   struct evbuffer *out)
{
	const char *name = bytes ? "bytes_total" : "packets_total";
	char labels[160];

	metrics_head(out, name, "counter",
		     bytes ? "Bytes by hook and by what became of them"
			   : "Packets by hook and by what became of them");
	for (int hook = 0; hook < FL_HOOK_MAX; hook++) {
		for (int reason = 0; reason < FL_REASON_MAX; reason++) {
			const struct fl_metric *v = &m->packets[hook][reason];

			if (!v->packets)
				continue;
			snprintf(labels, sizeof(labels),
				 "hook=\"%s\",reason=\"%s\",verdict=\"%s\"",
				 hook_names[hook], reason_names[reason],
				 reason < FL_DROP_FIRST ? "pass" : "drop");
			metrics_value(out, name, labels,
				      bytes ? v->bytes : v->packets);
		}
	}
}

static void format_usage(const struct metrics_maps *m, const char *name,
			 const char *help, int which, struct evbuffer *out)
{
	char labels[64];

	metrics_head(out, name, "gauge", help);
	for (int i = 0; i < m->n_usage; i++) {
		const struct map_usage *u = &m->usage[i];
		const double values[] = {u->entries, u->max_entries, u->bytes};

		snprintf(labels, sizeof(labels), "map=\"%s\"", u->name);
		metrics_value(out, name, labels, values[which]);
	}
}

void metrics_format_maps(const struct metrics_maps *m, struct evbuffer *out)
{
	char name[64];

	format_packets(m, false, out);
	format_packets(m, true, out);
	for (int i = 0; i < FL_COUNT_MAX; i++) {
		snprintf(name, sizeof(name), "%s_total", counters[i].name);
		metrics_one(out, name, "counter", counters[i].help,
			    m->counters[i]);
	}
	format_usage(m, "map_entries", "Entries of a map", 0, out);
	format_usage(m, "map_max_entries", "Room of a map", 1, out);
	format_usage(m, "map_bytes", "Kernel memory of a map", 2, out);
}
