/* SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0 */
/*
 * Nobody fills the flow table alone. A new connection is entered while whoever
 * is charged for it (fairlead/account.h) has less than FL_SHARE_FACTOR times
 * what is free. So the table never fills up, nobody's connection is forgotten
 * for another's, and who comes new finds room. Asked and written only where
 * a connection begins: the fast path knows nothing of it.
 */
#pragma once

#include <fairlead/account.h>

#include "context.h"

static __always_inline struct fl_account *account_total(void)
{
	struct fl_account_key key = {.kind = FL_ACCOUNT_TOTAL};

	return bpf_map_lookup_elem(&fl_accounts, &key);
}

/* Who would be charged, had the other side begun. */
static __always_inline struct fl_account_key
account_of_answer(const struct fl_flow *f)
{
	struct fl_account_key key = {.kind = FL_ACCOUNT_IN};

	if (f->action == FL_ACTION_HOST) {
		key.kind = FL_ACCOUNT_HOST;
	} else if (f->action == FL_ACTION_LOCAL) {
		key.ifindex = f->out_ifindex;
		key.kind = FL_ACCOUNT_OUT;
	} else if (f->hook == FL_HOOK_FROM_POD) {
		key.ifindex = f->in_ifindex;
	}
	return key;
}

/* How many connections an account may have, now; false: any number. */
static __always_inline bool account_limit(__u64 *limit)
{
	const struct fl_account *total = account_total();
	__u64 used;

	if (!total || now_ns() > total->until_ns)
		return false;
	used = total->connections;
	*limit =
		used < total->size ? FL_SHARE_FACTOR * (total->size - used) : 0;
	return true;
}

static __always_inline bool account_is_below(const struct fl_account_key *key,
					     __u64 limit)
{
	const struct fl_account *a = bpf_map_lookup_elem(&fl_accounts, key);

	return limit && (!a || a->connections < limit);
}

/* It has been entered. */
static __always_inline void account_charge(const struct fl_flow *f)
{
	struct fl_account_key key = fl_account_of(f);
	struct fl_account *total = account_total(), *own;
	struct fl_account first = {.connections = 1};

	if (!total) /* nobody has begun to count */
		return;
	__sync_fetch_and_add(&total->connections, 1);
	own = bpf_map_lookup_elem(&fl_accounts, &key);
	if (own)
		__sync_fetch_and_add(&own->connections, 1);
	else
		bpf_map_update_elem(&fl_accounts, &key, &first, BPF_NOEXIST);
}
