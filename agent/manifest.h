/* SPDX-License-Identifier: Apache-2.0 */
/* Manifests (YAML or JSON text) -> objects of the model. */
#pragma once

#include "../lib/err.h"
#include "model.h"

/* Kinds that are not for us, or not yet. */
struct manifest_skipped {
	char what[96]; /* "networking.k8s.io/v1 NetworkPolicy" */
	bool later;    /* we should enforce it, and do not yet */
	unsigned int n;
	int line; /* of the first */
};

enum { MANIFEST_SKIPPED_MAX = 16 };

struct manifest {
	struct object_list objects;
	struct manifest_skipped skipped[MANIFEST_SKIPPED_MAX];
	int n_skipped;
};

/* All or nothing: the first thing that is wrong is the error, as
 * "NAME:LINE: Node node-a: spec.podCIDRs[0]: reason". */
int manifest_parse(const char *name, const char *text, size_t len,
		   struct manifest *out, struct err *e);
void manifest_free(struct manifest *m); /* and empty */
