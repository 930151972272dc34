/* SPDX-License-Identifier: Apache-2.0 */
/* A pod of any node, by its name: the agent knows them all. */
#pragma once

#include <stdbool.h>

#include "../lib/err.h"
#include "../lib/state.h"
#include "pods.h"

struct cluster_pod {
	char name[POD_LABEL_LEN]; /* "default/web-0" */
	char node[256];		  /* "" if it has none yet */
	struct fl_addr addrs[STATE_ADDRS_MAX];
	int n_addrs;
};

/* wanted: NAMESPACE/NAME, or NAME where only one pod has it. A sentence says
 * why it cannot be told, also that no agent runs. */
int cluster_pod_find(const char *state_dir, const char *wanted,
		     struct cluster_pod *out, struct err *e);
