/* SPDX-License-Identifier: Apache-2.0 */
#include "matrix.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "../lib/cleanup.h"
#include "../lib/link.h"
#include "doc.h"

enum { NODES_MAX = 8 };

/* ---- who ------------------------------------------------------------- */

void matrix_add(struct matrix *m, const char *from, int netns, const char *to,
		const struct fl_addr *addr, bool has_server)
{
	struct matrix_row *row = &m->rows[m->n_rows];

	if (!addr || addr_is_zero(addr) || m->n_rows == MATRIX_MAX)
		return;
	m->n_rows++;
	*row = (struct matrix_row){.addr = *addr};
	snprintf(row->from, sizeof(row->from), "%s", from);
	snprintf(row->to, sizeof(row->to), "%s", to);
	for (int how = 0; how < REACH_MAX; how++) {
		if (how < REACH_ICMP && !has_server)
			continue;
		row->tried[how] = true;
		row->at[how] = m->n_tries;
		m->tries[m->n_tries++] = (struct reach){
			.netns = netns,
			.to = *addr,
			.how = how,
			.port = m->port,
			.size = m->mtu,
		};
	}
}

int matrix_add_list(struct matrix *m, const char *from, int netns,
		    const char *to, const char *list, bool has_server,
		    struct err *e)
{
	while (*list) {
		size_t len = strcspn(list, ",");
		char text[ADDR_STRLEN];
		struct fl_addr addr;

		if (len >= sizeof(text))
			return err_set(e, EINVAL, "%s is no address", list);
		snprintf(text, sizeof(text), "%.*s", (int)len, list);
		if (addr_parse(text, &addr))
			return err_set(e, EINVAL, "%s is no address", text);
		matrix_add(m, from, netns, to, &addr, has_server);
		list += len + (list[len] == ',');
	}
	return 0;
}

void matrix_add_nodes(struct matrix *m, const char *from, int netns,
		      const struct routes *routes)
{
	for (size_t i = 0; i < routes->n; i++) {
		const struct route_view *v = &routes->list[i];
		char to[48];

		if (!v->is_route || !(v->route.flags & FL_ROUTE_NODE) ||
		    v->route.flags & FL_ROUTE_LOCAL ||
		    v->route.node_id > NODES_MAX || v->prefix.prefix_len != 128)
			continue;
		snprintf(to, sizeof(to), "node %u", v->route.node_id);
		matrix_add(m, from, netns, to, &v->prefix.addr, false);
	}
}

struct gateways {
	struct matrix *m;
	const char *from;
	int netns;
};

/* A link-local one is nobody's in another namespace. */
static int add_gateway(const struct link_route *r, void *arg)
{
	const struct gateways *g = arg;
	bool is_default = prefix_length(&r->dst) == 0;
	const unsigned char *bytes = (const void *)&r->gateway;

	if (is_default && !addr_is_zero(&r->gateway) &&
	    !(bytes[0] == 0xfe && (bytes[1] & 0xc0) == 0x80))
		matrix_add(g->m, g->from, g->netns, "gateway (world)",
			   &r->gateway, false);
	return 0;
}

void matrix_add_gateways(struct matrix *m, const char *from, int netns,
			 struct link_ctx *links)
{
	struct gateways g = {.m = m, .from = from, .netns = netns};

	link_route_each(links, add_gateway, &g, NULL);
}

/* ---- what became of it ----------------------------------------------- */

static int error_of(const struct matrix *m, const struct matrix_row *row,
		    enum reach_how how)
{
	return row->tried[how] ? m->tries[row->at[how]].error : 0;
}

int matrix_failures(const struct matrix *m)
{
	int n = 0;

	for (int i = 0; i < m->n_rows; i++)
		for (int how = 0; how < REACH_MAX; how++)
			n += error_of(m, &m->rows[i], how) != 0;
	return n;
}

static const char *cell(const struct matrix *m, const struct matrix_row *row,
			enum reach_how how)
{
	if (!row->tried[how])
		return "-";
	if (!error_of(m, row, how))
		return "ok";
	return row->closed ? "closed" : "FAILED";
}

void matrix_print(const struct matrix *m, const struct ctl *c)
{
	static const struct column columns[] = {
		{.title = "FROM"},	{.title = "TO"},  {.title = "ADDRESS"},
		{.title = "TCP"},	{.title = "UDP"}, {.title = "ICMP"},
		{.title = "FULL SIZE"},
	};
	__cleanup(table_free) struct table *t = table_new(columns, 7);

	for (int i = 0; i < m->n_rows; i++) {
		const struct matrix_row *row = &m->rows[i];
		char text[ADDR_STRLEN];

		table_cell(t, PLAIN, "%s", row->from);
		table_cell(t, PLAIN, "%s", row->to);
		table_cell(t, PLAIN, "%s", addr_format(&row->addr, text));
		for (int how = 0; how < REACH_MAX; how++)
			table_cell(t,
				   !row->tried[how]	   ? FAINT
				   : error_of(m, row, how) ? BAD
							   : GOOD,
				   "%s", cell(m, row, how));
	}
	table_print(t, &c->look, stdout);
}

static bool all_failed(const struct matrix *m, const struct matrix_row *row)
{
	for (int how = 0; how < REACH_MAX; how++)
		if (row->tried[how] && !error_of(m, row, how))
			return false;
	return true;
}

static void explain_row(const struct matrix *m, const struct matrix_row *row)
{
	char text[ADDR_STRLEN];
	int first = 0;

	addr_format(&row->addr, text);
	while (first < REACH_MAX && !error_of(m, row, first))
		first++;
	if (first == REACH_MAX || row->closed)
		return;
	printf("%s -> %s %s: ", row->from, row->to, text);
	if (all_failed(m, row))
		printf("nothing gets through (%s)",
		       strerror(error_of(m, row, first)));
	else if (first == REACH_FULL)
		printf("packets of %u bytes are lost, small ones are not: a "
		       "path MTU that nobody tells; `fairlead doctor`, line "
		       "path",
		       m->mtu);
	else
		for (int how = 0; how < REACH_MAX; how++)
			if (error_of(m, row, how))
				printf("%s%s: %s", how == first ? "" : ", ",
				       reach_name(how),
				       strerror(error_of(m, row, how)));
	putchar('\n');
}

void matrix_explain(const struct matrix *m, const struct ctl *c)
{
	int failures = matrix_failures(m);

	(void)c;
	putchar('\n');
	for (int i = 0; i < m->n_rows; i++)
		explain_row(m, &m->rows[i]);
	if (failures)
		printf("%d of %d tries failed\n", failures, m->n_tries);
	else
		printf("all %d tries went well\n", m->n_tries);
}

cJSON *matrix_doc(const struct matrix *m)
{
	cJSON *list = doc_array();

	for (int i = 0; i < m->n_rows; i++) {
		const struct matrix_row *row = &m->rows[i];
		cJSON *one = doc_object();

		doc_text(one, "from", row->from);
		doc_text(one, "to", row->to);
		doc_addr(one, "address", &row->addr);
		for (int how = 0; how < REACH_MAX; how++)
			if (row->tried[how])
				doc_text(one,
					 how == REACH_FULL ? "fullSize"
							   : reach_name(how),
					 cell(m, row, how));
		doc_add(list, NULL, one);
	}
	return list;
}
