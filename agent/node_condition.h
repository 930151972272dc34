/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The condition NetworkUnavailable of this node's Node: some clouds set it
 * until a network plugin says that pods can be reached. The only thing that
 * Fairlead ever writes to an API server, and only where it is asked to.
 */
#pragma once

#include <cjson/cJSON.h>
#include <event2/event.h>

#include "../kube/http.h"

struct node_condition;

/* `changed` is called when the problem is another; node and transport must
 * outlive it. */
struct node_condition *
node_condition_new(struct event_base *base,
		   const struct kube_transport *transport, const char *node,
		   void (*changed)(void *arg), void *arg);
void node_condition_free(struct node_condition *c); /* NULL is fine */

/* The Node as it is now; of another one nothing is taken. */
void node_condition_see(struct node_condition *c, const cJSON *node);
/* The node can serve pods, from now on. */
void node_condition_ready(struct node_condition *c);
/* Why it cannot be cleared, "" if all is well. */
const char *node_condition_problem(const struct node_condition *c);
