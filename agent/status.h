/* SPDX-License-Identifier: Apache-2.0 */
/* What the agent has to say of itself: the answer to "status". */
#pragma once

#include <cjson/cJSON.h>

#include "agent.h"

void status_fill(const struct agent *a, cJSON *answer);
