/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <net/if.h>
#include <stdlib.h>
#include <string.h>

#include "../lib/cleanup.h"
#include "../loader/loader.h"
#include "alloc.h"
#include "ctl.h"
#include "doc.h"
#include "format.h"
#include "route.h"
#include "uplink.h"

static const struct column route_columns[] = {
	{"PREFIX", TEXT, 0, 0, false},	 {"WHAT", TEXT, 0, 0, false},
	{"NODE", TEXT, 2, 0, false},	 {"TUNNEL", TEXT, 0, 0, false},
	{"IDENTITY", TEXT, 3, 0, false}, {"MASQUERADE", TEXT, 1, 0, false},
};

static const struct column uplink_columns[] = {
	{"UPLINK", TEXT, 0, 0, false},
	{"MASQUERADES AS", TEXT, 0, 0, false},
	{"MTU", NUMBER, 1, 0, false},
};

#define N(array) (sizeof(array) / sizeof((array)[0]))

static void add_row(struct table *t, const struct routes *r,
		    const struct route_view *v)
{
	char buf[PREFIX_STRLEN], identity[FORMAT_LEN], tunnel[ADDR_STRLEN];

	table_cell(t, PLAIN, "%s", prefix_format(&v->prefix, buf));
	table_cell(t, PLAIN, "%s", route_what(v));
	if (v->is_route && v->route.flags & FL_ROUTE_LOCAL)
		table_cell(t, PLAIN, "this node");
	else if (v->is_route && v->route.node_id)
		table_cell(t, PLAIN, "node %u", v->route.node_id);
	else
		table_cell(t, PLAIN, "-");
	if (v->is_route && !addr_is_zero(&v->route.node))
		table_cell(t, PLAIN, "%s", addr_format(&v->route.node, tunnel));
	else
		table_cell(t, PLAIN, "-");
	if (v->is_route)
		table_cell(
			t, PLAIN, "%s",
			format_identity(v->route.identity[r->view], identity));
	else
		table_cell(t, PLAIN, "%s",
			   format_identity(FL_IDENTITY_WORLD, identity));
	table_cell(t, PLAIN, "%s", routes_masquerades(r, v) ? "yes" : "no");
}

static void print_uplinks(const struct ctl *c, const struct uplinks *u)
{
	__cleanup(table_free) struct table *t =
		table_new(uplink_columns, N(uplink_columns));
	char as[2 * ADDR_STRLEN];

	for (size_t i = 0; i < u->n; i++) {
		table_cell(t, PLAIN, "%s", u->list[i].device);
		table_cell(t, PLAIN, "%s", uplink_addrs(&u->list[i], as));
		table_cell(t, PLAIN, "%u", u->list[i].value.mtu);
	}
	putchar('\n');
	table_print(t, &c->look, stdout);
}

static void print_table(const struct ctl *c, const struct routes *r,
			const struct uplinks *u, const struct fl_addr *only)
{
	__cleanup(table_free) struct table *t =
		table_new(route_columns, N(route_columns));
	const struct route_view *v = only ? routes_lookup(r, only) : NULL;
	char addr[ADDR_STRLEN];

	if (only && !v) {
		printf("%s is in no prefix: it is the world, reached by an "
		       "uplink, masqueraded\n",
		       addr_format(only, addr));
		return;
	}
	for (size_t i = 0; i < r->n; i++)
		if (!v || v == &r->list[i])
			add_row(t, r, &r->list[i]);
	if (r->n || !c->terminal)
		table_print(t, &c->look, stdout);
	else
		puts("no routes: the agent has not written any");
	if (!only && u->n)
		print_uplinks(c, u);
}

/* ---- JSON ------------------------------------------------------------ */

static cJSON *route_doc(const struct routes *r, const struct route_view *v)
{
	char buf[PREFIX_STRLEN], identity[FORMAT_LEN];
	cJSON *doc = doc_object();

	doc_text(doc, "prefix", prefix_format(&v->prefix, buf));
	doc_text(doc, "what", route_what(v));
	doc_bool(doc, "masqueraded", routes_masquerades(r, v));
	if (!v->is_route)
		return doc;
	doc_bool(doc, "local", v->route.flags & FL_ROUTE_LOCAL);
	doc_u64(doc, "node", v->route.node_id);
	if (!addr_is_zero(&v->route.node))
		doc_addr(doc, "tunnel", &v->route.node);
	doc_text(doc, "identity",
		 format_identity(v->route.identity[r->view], identity));
	return doc;
}

static cJSON *uplink_doc(const struct uplink_view *v)
{
	cJSON *doc = doc_object();

	doc_text(doc, "device", v->device);
	doc_u64(doc, "ifindex", v->ifindex);
	if (!addr_is_zero(&v->value.v4))
		doc_addr(doc, "ipv4", &v->value.v4);
	if (!addr_is_zero(&v->value.v6))
		doc_addr(doc, "ipv6", &v->value.v6);
	doc_u64(doc, "mtu", v->value.mtu);
	return doc;
}

static void print_json(const struct routes *r, const struct uplinks *u,
		       const struct fl_addr *only)
{
	__cleanup(doc_free) cJSON *doc = doc_object();
	cJSON *routes = doc_array(), *uplinks = doc_array();
	const struct route_view *v = only ? routes_lookup(r, only) : NULL;

	for (size_t i = 0; i < r->n; i++)
		if (only ? v == &r->list[i] : true)
			doc_add(routes, NULL, route_doc(r, &r->list[i]));
	for (size_t i = 0; i < u->n; i++)
		doc_add(uplinks, NULL, uplink_doc(&u->list[i]));
	doc_add(doc, "routes", routes);
	doc_add(doc, "uplinks", uplinks);
	doc_print(doc, stdout);
}

static int routes_run(const struct ctl *c, int argc, char **argv, struct err *e)
{
	__cleanup(routes_free) struct routes r = {0};
	__cleanup(uplinks_free) struct uplinks u = {0};
	struct fl_addr only;
	int rc;

	if (argc && addr_parse(argv[0], &only)) {
		err_set(e, EINVAL, "%s is no address", argv[0]);
		return EXIT_USAGE;
	}
	rc = routes_read(c, &r, e);
	if (!rc)
		rc = uplinks_read(c, &u, e);
	if (rc)
		return rc;
	if (c->json)
		print_json(&r, &u, argc ? &only : NULL);
	else
		print_table(c, &r, &u, argc ? &only : NULL);
	return EXIT_FINE;
}

const struct command cmd_routes = {
	.name = "routes",
	.args = "[ADDRESS]",
	.summary = "who lives where: pod ranges, nodes, uplinks",
	.about = "Prefixes that the datapath knows; the longest that has an "
		 "address decides. What is in none is the world. TUNNEL is "
		 "where packets are sent in overlay mode. MASQUERADE no: the "
		 "destination sees the pod's own address. With ADDRESS: the "
		 "one prefix that decides for it. Below: the devices that "
		 "lead out, and as what pods appear there.\n",
	.examples =
		"  fairlead routes\n"
		"  fairlead routes 10.1.2.3     on which node is this pod\n",
	.max_args = 1,
	.run = routes_run,
};
