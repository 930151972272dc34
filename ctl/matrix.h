/* SPDX-License-Identifier: Apache-2.0 */
/* Who is to reach whom in `fairlead test`, and what became of it. */
#pragma once

#include "reach.h"
#include "status.h"
#include "testpod.h"

struct link_ctx;

enum { MATRIX_MAX = 96 };

struct matrix_row {
	char from[32], to[48];
	struct fl_addr addr;
	bool tried[REACH_MAX];
	int at[REACH_MAX]; /* in the list of tries */
	bool closed;	   /* by policy, as far as can be said */
};

struct matrix {
	struct matrix_row rows[MATRIX_MAX];
	struct reach tries[MATRIX_MAX * REACH_MAX];
	int n_rows, n_tries;
	unsigned int mtu, port;
};

/* netns -1: this one. */
void matrix_add(struct matrix *m, const char *from, int netns, const char *to,
		const struct fl_addr *addr, bool has_server);
/* A comma-separated list of addresses: peers, parts of the world. */
int matrix_add_list(struct matrix *m, const char *from, int netns,
		    const char *to, const char *list, bool has_server,
		    struct err *e);
/* The nodes that the maps know, at most eight. */
void matrix_add_nodes(struct matrix *m, const char *from, int netns,
		      const struct routes *routes);
/* The next hops of default routes. */
void matrix_add_gateways(struct matrix *m, const char *from, int netns,
			 struct link_ctx *links);
/* How many tries failed. */
int matrix_failures(const struct matrix *m);
void matrix_print(const struct matrix *m, const struct ctl *c);
void matrix_explain(const struct matrix *m, const struct ctl *c);
cJSON *matrix_doc(const struct matrix *m);
