/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Sets right what the datapath believes of who has how many connections
 * (fl_accounts): it adds those that begin, here all entries are counted, round
 * by round, and what has gone is taken off.
 *
 *	shares_begin, then shares_count for each entry, then shares_end
 */
#pragma once

#include <stdbool.h>

#include <fairlead/abi.h>

struct shares;

struct shares_stats {
	unsigned int accounts; /* with connections, in the last round */
	unsigned int crowded;  /* ... which have half of what they may have */
	unsigned long long connections; /* of all */
	unsigned long long begun; /* from the end of the round before to the
				   * beginning of this one */
	unsigned int size;	  /* connections that there is room for */
};

/* The fd of fl_accounts stays the caller's, who may open another one in its
 * place. */
struct shares *shares_new(const int *accounts_fd);
void shares_free(struct shares *s); /* NULL is fine */

/* A round begins: reads how many the datapath has counted so far. */
void shares_begin(struct shares *s);

/* Has whoever is charged for this entry, of either direction, half of what it
 * may have, or more? As of the beginning of the round. */
bool shares_are_crowded(const struct shares *s, const struct fl_flow *f);

/* An entry that is there (n: 1), or was seen and is gone (n: -1). */
void shares_count(struct shares *s, const struct fl_flow *f, int n);

/* All were seen: tells the datapath, which holds to it until `until_ns`
 * (CLOCK_MONOTONIC). max_entries: of fl_flows; n_cpus: possible ones. */
void shares_end(struct shares *s, unsigned int max_entries, unsigned int n_cpus,
		__u64 until_ns);

const struct shares_stats *shares_stats(const struct shares *s);

/* Connections that a table of so many entries has room for: two entries each,
 * less what the kernel keeps aside for each CPU. Pure. */
unsigned int shares_size(unsigned int max_entries, unsigned int n_cpus);

/* Seconds until the next round, `longest` at most: what begins until then, as
 * `begun` did in `seconds`, is to be a quarter of what is free. So nobody comes
 * from where he is not crowded to where he has his share, unseen. Pure. */
unsigned int shares_interval(const struct shares_stats *s, double seconds,
			     unsigned int longest);
