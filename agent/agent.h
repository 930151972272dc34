/* SPDX-License-Identifier: Apache-2.0 */
/* The daemon's state, all of it. One thread, one loop: no locks. */
#pragma once

#include <event2/event.h>

#include "../lib/config.h"
#include "../lib/link.h"
#include "../lib/state.h"
#include "desired.h"
#include "endpoints.h"
#include "facts.h"
#include "netwatch.h"
#include "node_ids.h"
#include "policies.h"
#include "problems.h"
#include "reaper.h"
#include "source.h"

/* Map fds. */
struct agent_maps {
	int config, endpoints, routes, masquerade, uplinks, policy, flows;
	int accounts;
};

struct agent_stats {
	unsigned long long passes, errors;
	unsigned long long of_moves; /* passes for pods alone */
	unsigned long long added, changed, removed, raised;
	double seconds; /* of all passes */
	double last_seconds, max_seconds;
};

struct agent {
	struct config config;
	struct event_base *base;
	struct link_ctx *net;
	struct agent_maps maps;
	int claim; /* of the datapath, as long as the process lives */
	struct agent_stats stats;

	/* what is known */
	struct source *source; /* NULL: none is configured */
	struct netwatch *netwatch;
	struct model no_model; /* where there is no source */
	struct facts facts;
	bool facts_are_old;
	struct endpoints endpoints;
	struct node_ids ids;
	/* Maps: fl_routes, fl_masquerade and fl_policy, which nobody else
	 * writes, at the last full pass and as written since; fl_endpoints at
	 * the last pass. */
	struct entries found_routes, found_masquerade, found_policy;
	struct entries found_endpoints;
	bool found_policy_is_old, found_routes_are_old;
	bool found_masquerade_is_old;
	struct policies_found found;
	bool unsettled; /* packets may still be judged by the other view */
	bool leftover;	/* the maps have what nobody wants any more: */
	struct entries unwanted_routes, unwanted_policy; /* their keys */
	bool turn; /* this pass has something for the other view */

	/* what follows from it */
	struct desired desired;
	struct policies policies;
	bool policy_file_is_old;
	struct entries denied_names; /* as policy.json has them */
	bool look_at_all;	     /* the next pass is a full one */
	bool datapath_damaged;	     /* at the last look */
	bool was_set_up;	     /* the last pass knew its node */
	bool applied;		     /* the last pass went through */
	bool retired;		   /* nothing of an older layout is attached */
	bool synced;		   /* and had all that there is */
	bool ready;		   /* after it */
	bool was_ready;		   /* once, in this process */
	bool raise;		   /* the epoch is to be raised by the next */
	bool whole;		   /* the next is to look at everything */
	bool policies_are_current; /* policies.good is of this model */
	struct problems problems;

	struct event *pass_timer, *full_timer, *settle_timer;
	double last_pass; /* seconds, CLOCK_MONOTONIC */
	double busy;	  /* clock_worked() of it, and what followed from it */
	struct reaper *reaper;
	struct http *http;
	struct socket *socket;
};

struct inputs agent_inputs(const struct agent *a);
const struct model *agent_model(const struct agent *a);
/* How many objects of the cluster nobody enforces yet. */
unsigned int agent_later(const struct agent *a);
/* Every source has delivered all that it has, and it knows this node. */
bool agent_is_synced(const struct agent *a);
/* Nothing has been heard of this node's Node yet, and that is how it begins
 * with an API server. */
bool agent_is_starting(const struct agent *a);
/* NULL if it is ready, else why not (valid until the next call). */
const char *agent_not_ready(const struct agent *a);

double clock_seconds(void); /* CLOCK_MONOTONIC */
/* Seconds that this process has worked: not those that it has waited, for a
 * grace period or a processor. */
double clock_worked(void);
