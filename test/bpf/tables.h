/* SPDX-License-Identifier: Apache-2.0 */
/* The maps of the node under test: what the agent writes, what the datapath
 * leaves in them. All end the test with a failure when a map will not do. */
#pragma once

#include <stdbool.h>

#include <fairlead/abi.h>

#include "node.h"

/* ---- what the agent and the plugin write ----------------------------- */

void config_write(void);	/* after a change of node.config */
void config_flags(__u16 flags); /* in both views; writes nothing */
void epoch_raise_now(void);
void view_turn_now(void);
__u32 epoch_now(void); /* as the map has it */

void endpoint_write(const struct fl_addr *a, unsigned int ifindex,
		    const __u8 mac[6], unsigned int mtu);
/* The same pod with a policy id and flags, and an identity. */
void endpoint_police(const struct fl_addr *a, unsigned int ifindex,
		     const __u8 mac[6], __u32 policy_id, __u32 flags,
		     __u32 identity);
#define govern(a, ifindex, mac, id, flags)                                     \
	endpoint_police(a, ifindex, mac, id, flags, FL_IDENTITY_POD)
/* proto 0: any; port 0 with bits 0: any; bits: of the port's prefix. */
void policy_write(__u32 policy_id, enum fl_direction direction, __u32 identity,
		  __u8 proto, __u16 port, unsigned int bits,
		  enum fl_verdict verdict, __u32 rule);
void endpoint_remove(const struct fl_addr *a);
/* prefix: "10.0.0.0/24" or "fd00::/64"; node: NULL or a tunnel address. */
void route_write(const char *prefix, const struct fl_addr *node, __u32 node_id,
		 __u32 identity, __u32 flags);
void route_remove(const char *prefix);
/* What there is for one address holds for the other one too; nothing does,
 * where nothing is. */
void route_copy(const struct fl_addr *from, const struct fl_addr *to);
void masquerade_exclude(const char *prefix);
void uplink_write(unsigned int ifindex, const struct fl_addr *v4,
		  const struct fl_addr *v6, unsigned int mtu);
void uplink_remove(unsigned int ifindex);

/* Everything as at the start: the tables of a node with two neighbours, no
 * flows, no counts. */
void tables_reset(void);
void tables_empty(void); /* ... of a node whose agent never ran */
/* Routes, and no policies; all else stays. */
void tables_reset_rules(void);
void tables_close(void);

/* ---- what the datapath writes ---------------------------------------- */

__u64 counter_read(enum fl_counter c);
struct fl_metric metric_read(enum fl_hook hook, enum fl_reason reason);
void metrics_read(enum fl_hook hook, struct fl_metric out[FL_REASON_MAX]);

bool flow_read(const struct fl_tuple *key, struct fl_flow *f);
void flow_write(const struct fl_tuple *key, const struct fl_flow *f);
void flow_remove(const struct fl_tuple *key);
void flows_forget(void); /* all of them */
unsigned int flow_count(void);
/* fn may not add or remove any. */
void flows_each(void (*fn)(const struct fl_tuple *key, const struct fl_flow *f,
			   void *arg),
		void *arg);
/* Moves one direction into the past, its beginning too. */
void flow_age(const struct fl_tuple *key, unsigned int seconds);
unsigned int fragment_count(void);
/* As the agent leaves the total: so many connections, room for so many. */
void account_total_write(__u64 connections, __u32 size);
void account_total_age(void); /* ... that was long ago */
void account_write(__u32 ifindex, enum fl_account_kind kind, __u64 connections);
__u64 account_read(__u32 ifindex, enum fl_account_kind kind); /* 0: none */
/* What that policy of that pod has denied; false: nothing. */
bool denied_read(unsigned int ifindex, enum fl_direction direction, __u32 rule,
		 bool audit, struct fl_denied *d);
__u64 clock_ns(void); /* CLOCK_MONOTONIC */

/* As if that many had been let through in this second, on all CPUs; waits for
 * the next second where this one is nearly over. */
void limit_fill(__u32 slot, __u64 count);
bool limit_held(void); /* is it still that second? */

void limit_expire(__u32 slot); /* ... in another second */

/* Takes all events out of the ring; returns how many there were and stores
 * the first max. */
unsigned int events_take(struct fl_event *out, unsigned int max);
