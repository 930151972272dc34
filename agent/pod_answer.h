/* SPDX-License-Identifier: Apache-2.0 */
/* Where a pod of the cluster is, for who knows its name alone. */
#pragma once

#include <cjson/cJSON.h>

#include "../lib/err.h"
#include "model.h"

/* wanted: NAMESPACE/NAME, or NAME where only one pod has it. Adds "pod",
 * "node", "addresses", "hostNetwork" and "ended" to *answer. -ENOENT or
 * -EEXIST (several) with a sentence. */
int pod_answer(const struct model *m, const char *wanted, cJSON *answer,
	       struct err *e);
