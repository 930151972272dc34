/* SPDX-License-Identifier: Apache-2.0 */
#include "agent.h"

#include <stdio.h>
#include <time.h>

static double seconds_of(clockid_t clock)
{
	struct timespec t;

	clock_gettime(clock, &t);
	return t.tv_sec + t.tv_nsec / 1e9;
}

double clock_seconds(void)
{
	return seconds_of(CLOCK_MONOTONIC);
}

double clock_worked(void)
{
	return seconds_of(CLOCK_PROCESS_CPUTIME_ID);
}

const struct model *agent_model(const struct agent *a)
{
	return a->source ? a->source->ops->model(a->source) : &a->no_model;
}

unsigned int agent_later(const struct agent *a)
{
	return a->source ? a->source->ops->later(a->source) : 0;
}

struct inputs agent_inputs(const struct agent *a)
{
	return (struct inputs){
		.config = &a->config,
		.model = agent_model(a),
		.facts = &a->facts,
		.endpoints = &a->endpoints,
		.ids = &a->ids,
	};
}

bool agent_is_synced(const struct agent *a)
{
	if (!a->source)
		return true;
	return a->source->ops->is_complete(a->source) &&
	       model_node(agent_model(a), a->config.node_name);
}

bool agent_is_starting(const struct agent *a)
{
	return a->config.kubeconfig[0] &&
	       !a->source->ops->is_complete(a->source) &&
	       !model_node(agent_model(a), a->config.node_name);
}

const char *agent_not_ready(const struct agent *a)
{
	static char why[512];

	if (a->source && !a->source->ops->is_complete(a->source))
		return a->source->ops->waiting(a->source);
	if (a->desired.missing[0])
		return a->desired.missing;
	if (!agent_is_synced(a)) {
		snprintf(why, sizeof(why), "there is no Node %.100s in %.100s",
			 a->config.node_name,
			 a->config.cluster_dir[0] ? a->config.cluster_dir
						  : "the cluster");
		return why;
	}
	if (!a->synced)
		return "all is known, and being set up";
	if (!a->applied) {
		snprintf(why, sizeof(why), "not all could be set up: %.400s",
			 a->problems.n ? a->problems.items[0] : "");
		return why;
	}
	return NULL;
}
