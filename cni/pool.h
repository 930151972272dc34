/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Our own address management: one address of each family that the node has a
 * pod CIDR for, as files below <state-dir>/ips/<network>. The next one is
 * looked for behind the last one, so that an address rests as long as it can
 * before another pod has it.
 */
#pragma once

#include "../lib/state.h"
#include "conf.h"
#include "failure.h"

struct pool {
	const char *state_dir;
	const struct node_facts *node;
	struct ip_owner owner; /* network, container_id, ifname */
};

/* Into out[0..*n); wished-for addresses first, a family that nobody wishes
 * for by next-fit. On failure nothing is taken. */
int pool_take(const struct pool *pool, const struct wishes *wishes,
	      struct fl_addr *out, int *n, struct failure *f);

/* Gives back what this owner has, and only that: the given addresses, or with
 * n == 0 every one that is found under its name. */
int pool_give_back(const struct pool *pool, const struct fl_addr *addrs, int n,
		   struct err *e);

/* Is there an address left in each family? For STATUS; takes none. */
int pool_check(const struct pool *pool, struct failure *f);

/* May a pod have this address: within a CIDR, and neither the network's, the
 * broadcast's, nor the node's own? */
bool pool_has(const struct node_facts *node, const struct fl_addr *addr);
