/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What must be true of the datapath whatever it is sent, by a model of its own:
 * which connections were begun, and as whom they left. It knows nothing of flow
 * entries; where it looks at them it is only to see that they agree.
 *
 * Beside what run_wrong() checks of each packet:
 *	- what goes on is allowed by policy, or answers what was; and what
 *	  policy dropped was not;
 *	- a pod speaks as itself, and nobody hears what is for another;
 *	- nothing leaves a pod for the world under the pod's own address;
 *	- an answer arrives as the answer to what the pod sent, and no two
 *	  connections leave as the same;
 *	- one hop less where we route; payloads stay; what came in wrong does
 *not become right;
 *	- the two directions of a flow agree.
 */
#pragma once

#include "run.h"

/* Forget all that went on: the tables are as at the start. */
void judge_reset(void);
/* The datapath has forgotten its flows. */
void judge_forget_flows(void);
/* Of the last run: NULL, or what does not hold. */
const char *judge_packet(struct at at, const struct packet *in);
/* Of the flow table as it is. */
const char *judge_flows(void);
