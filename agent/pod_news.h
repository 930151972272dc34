/* SPDX-License-Identifier: Apache-2.0 */
/* Which pods have changed since somebody last looked, as long as that is all
 * that has, and they are few. */
#pragma once

#include "model.h"

struct pod_news {
	bool more;	       /* than what follows: all is to be looked at */
	struct fl_addr *addrs; /* that led to them, or do; some twice */
	size_t n_addrs, addrs_room;
	__u64 *names; /* pod_name_hash() */
	size_t n_names, names_room;
};

/* Equal names have the same, others hardly ever. */
__u64 pod_name_hash(const char *namespace, const char *name);

/* before, after: NULL where there is none. */
void pod_news_add(struct pod_news *n, const struct pod *before,
		  const struct pod *after);
void pod_news_more(struct pod_news *n);
bool pod_news_has_name(const struct pod_news *n, const char *namespace,
		       const char *name);
void pod_news_free(struct pod_news *n); /* and empty: all has been seen */
