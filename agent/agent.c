/* SPDX-License-Identifier: Apache-2.0 */
#include "agent.h"

#include <stdio.h>
#include <time.h>

double clock_seconds(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec + t.tv_nsec / 1e9;
}

const struct model *agent_model(const struct agent *a)
{
	return a->source ? &source_dir_content(a->source)->model : &a->no_model;
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
	return cluster_dir_is_complete(source_dir_content(a->source)) &&
	       model_node(agent_model(a), a->config.node_name);
}

const char *agent_not_ready(const struct agent *a)
{
	static char why[512];

	if (a->source && *source_dir_error(a->source))
		return source_dir_error(a->source);
	if (a->desired.missing[0])
		return a->desired.missing;
	if (!agent_is_synced(a)) {
		snprintf(why, sizeof(why),
			 "not all manifests in %s could be read: %.300s",
			 a->config.cluster_dir,
			 a->problems.n ? a->problems.items[0] : "");
		return why;
	}
	if (!a->applied) {
		snprintf(why, sizeof(why), "not all could be set up: %.400s",
			 a->problems.n ? a->problems.items[0] : "");
		return why;
	}
	return NULL;
}
