/* SPDX-License-Identifier: Apache-2.0 */
/* <state-dir>/policy.json: what the numbers in the maps mean, for people who
 * ask while no agent runs. */
#pragma once

#include "../lib/err.h"
#include "policies.h"

/* As text; the caller frees it with cJSON_free(). Of p, what is in force. */
char *policy_file_format(const struct policies *p,
			 const struct endpoints *endpoints, __u32 epoch);
bool policy_file_is_gone(const char *state_dir);
int policy_file_write(const char *state_dir, const char *text, struct err *e);
