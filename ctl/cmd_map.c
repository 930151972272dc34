/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <string.h>

#include "../lib/cleanup.h"
#include "../loader/loader.h"
#include "ctl.h"
#include "doc.h"
#include "format.h"
#include "map_fill.h"

static const struct column columns[] = {
	{"MAP", TEXT, 0, 0, false},	{"ENTRIES", NUMBER, 0, 0, false},
	{"OF", NUMBER, 0, 0, false},	{"FILL", NUMBER, 0, 0, false},
	{"BYTES", NUMBER, 0, 0, false}, {"TYPE", TEXT, DROP_EARLY, 0, false},
	{"HOLDS", TEXT, 1, 16, false},
};

static void add_row(struct table *t, const struct map_usage *u, bool human)
{
	char buf[FORMAT_LEN];
	bool fills = map_fills(u);

	table_cell(t, PLAIN, "%s", u->name);
	table_cell(t, PLAIN, "%s",
		   fills ? format_count(u->entries, human, buf) : "-");
	table_cell(t, PLAIN, "%s", format_count(u->max_entries, human, buf));
	table_cell(t, map_fill_style(u), "%s",
		   fills ? format_percent(u->entries, u->max_entries, buf)
			 : "-");
	table_cell(t, PLAIN, "%s", format_bytes(u->bytes, human, buf));
	table_cell(t, PLAIN, "%s", u->type);
	table_cell(t, PLAIN, "%s", map_holds(u->name));
}

static void add_total(struct table *t, __u64 bytes, bool human)
{
	char buf[FORMAT_LEN];

	table_cell(t, BOLD, "total");
	for (int i = 0; i < 3; i++)
		table_cell(t, PLAIN, "%s", "");
	table_cell(t, BOLD, "%s", format_bytes(bytes, human, buf));
	table_cell(t, PLAIN, "%s", "");
	table_cell(t, PLAIN, "%s", "kernel memory of all maps");
}

static void print_json(const struct map_usage *u, size_t n, __u64 bytes)
{
	__cleanup(doc_free) cJSON *doc = doc_object();
	cJSON *list = doc_array(), *one;

	for (size_t i = 0; i < n; i++) {
		one = doc_object();
		doc_text(one, "name", u[i].name);
		doc_text(one, "type", u[i].type);
		if (map_fills(&u[i]))
			doc_u64(one, "entries", u[i].entries);
		doc_u64(one, "maxEntries", u[i].max_entries);
		doc_u64(one, "keySize", u[i].key_size);
		doc_u64(one, "valueSize", u[i].value_size);
		doc_u64(one, "bytes", u[i].bytes);
		doc_add(list, NULL, one);
	}
	doc_add(doc, "maps", list);
	doc_u64(doc, "bytes", bytes);
	doc_print(doc, stdout);
}

static void print_table(const struct ctl *c, const struct map_usage *u,
			size_t n, __u64 bytes)
{
	__cleanup(table_free) struct table *t =
		table_new(columns, sizeof(columns) / sizeof(columns[0]));

	for (size_t i = 0; i < n; i++)
		add_row(t, &u[i], c->human);
	add_total(t, bytes, c->human);
	table_print(t, &c->look, stdout);
}

static int map_run(const struct ctl *c, int argc, char **argv, struct err *e)
{
	struct map_usage u[MAPS_MAX];
	__u64 bytes = 0;
	size_t n;
	int rc = maps_read(c, u, &n, e);

	(void)argc;
	(void)argv;
	if (rc)
		return rc;
	for (size_t i = 0; i < n; i++)
		bytes += u[i].bytes;
	if (c->json)
		print_json(u, n, bytes);
	else
		print_table(c, u, n, bytes);
	return EXIT_FINE;
}

const struct command cmd_map = {
	.name = "map",
	.args = "",
	.summary = "how full each map is, and the memory that it takes",
	.about = "A full fl_flows lets go of the connections that were quiet "
		 "longest, which is harmless until those are needed again; "
		 "raise `flows-max` where it stays full. The others do not "
		 "fill up by themselves: at 90% something is wrong. Arrays "
		 "have no fill. docs/maps.md says what each holds; `bpftool "
		 "map dump pinned ROOT/v2/maps/NAME` shows it raw.\n",
	.examples = "  fairlead map -H\n"
		    "  fairlead map --json | jq .bytes\n",
	.run = map_run,
};
