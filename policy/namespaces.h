/* SPDX-License-Identifier: Apache-2.0 */
/* The namespaces of a world by number, with all their labels. */
#pragma once

#include "store.h"
#include "world.h"

#define LABEL_NAMESPACE_NAME "kubernetes.io/metadata.name"

struct namespaces {
	struct intern names;
	char **labels;
	size_t room;
	uint32_t *of_pod; /* by the pod's place in the world */
};

/* Those of the world, and those that its pods and policies name. */
void namespaces_collect(const struct policy_world *w, struct namespaces *out);
void namespaces_forget_pods(struct namespaces *n); /* of_pod */
void namespaces_free(struct namespaces *n);	   /* and empty */
long namespaces_find(const struct namespaces *n, const char *name); /* -1 */
