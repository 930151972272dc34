/* SPDX-License-Identifier: Apache-2.0 */
/* The older iptables' filter table: what its INPUT and FORWARD chains drop. */
#pragma once

#include <stdbool.h>

struct iptables_chain {
	bool is_v6;
	unsigned int hook;  /* NF_INET_LOCAL_IN, NF_INET_FORWARD */
	bool drops;	    /* by policy */
	unsigned int rules; /* that drop */
};

/* Returns how many: 0, 2 or 4. Looks only at tables that are there: asking for
 * one that is not would make it. */
int iptables_filter(struct iptables_chain out[4]);
