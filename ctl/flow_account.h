/* SPDX-License-Identifier: Apache-2.0 */
/* Who has how much of the flow table: fl_accounts, for people. */
#pragma once

#include <stdbool.h>

#include "ctl.h"
#include "endpoint.h"

#define FLOW_ACCOUNTS_MAX 8

struct flow_account {
	struct fl_account_key key;
	__u64 connections;
	bool crowded; /* half of what it may have, or more */
};

struct flow_accounts {
	struct flow_account list[FLOW_ACCOUNTS_MAX]; /* largest first */
	int n;
	__u64 connections; /* of all */
	unsigned int size; /* there is room for; 0: no agent has counted yet */
};

/* No accounts where the map is not there. */
void flow_accounts_read(const struct ctl *c, struct flow_accounts *out);

/* Adds one, in its place; what is too small for the list is left out. */
void flow_accounts_add(struct flow_accounts *all,
		       const struct fl_account_key *key,
		       const struct fl_account *a);
/* Once all are there: who is crowded. */
void flow_accounts_judge(struct flow_accounts *all);

/* "pod default/web", "others' connections to pod default/web", "the host",
 * "device 7". */
#define FLOW_ACCOUNT_LEN 600
const char *flow_account_name(const struct flow_account *a,
			      const struct endpoints *eps,
			      char buf[FLOW_ACCOUNT_LEN]);
