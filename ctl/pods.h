/* SPDX-License-Identifier: Apache-2.0 */
/* The pods of this node as the endpoint records know them: what gives an
 * address or a device the name of a pod. */
#pragma once

#include <stddef.h>

#include "../lib/state.h"

#define POD_LABEL_LEN 512

struct pods {
	struct endpoint_record *list;
	size_t n, room;
	int n_bad; /* files that could not be read */
};

/* A missing directory is no pods. */
int pods_read(const char *state_dir, struct pods *out, struct err *e);
void pods_free(struct pods *p); /* fits __cleanup */

/* NULL: no pod of this node. */
const struct endpoint_record *pods_by_addr(const struct pods *p,
					   const struct fl_addr *addr);
const struct endpoint_record *pods_by_ifindex(const struct pods *p,
					      unsigned int ifindex);

/* "namespace/name", else "container 0123456789ab". "" for NULL. */
const char *pod_label(const struct endpoint_record *r, char buf[POD_LABEL_LEN]);
/* Is it NAMESPACE/NAME, or NAME where the namespace was left out? */
bool pod_matches(const struct endpoint_record *r, const char *wanted);
