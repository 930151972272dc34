/* SPDX-License-Identifier: Apache-2.0 */
/* Objects as an API server sends them, by themselves or as items of a list
 * (which do not name their kind). */
#pragma once

#include <cjson/cJSON.h>

#include "../lib/err.h"
#include "store.h"

/* The server has validated it: a value that makes no sense all the same is left
 * out, the rest counts, and object_problems() of *out or, for a kind that keeps
 * none, *e says so while 0 is returned. (A policy of which anything makes no
 * sense denies.) -EINVAL: nothing of it can be used. -E2BIG: what it says of
 * itself is more than anybody is to keep (POD_LABELS_MAX): it is nobody. Of
 * namespaces, metadata will do. */
int object_read(enum resource r, const cJSON *json, struct object **out,
		struct err *e);
const char *object_read_kind(enum resource r); /* "Pod" */
/* Of whose name is it? Borrowed from the tree; namespace is "" where it has
 * none. -EINVAL: it has no name. */
int object_read_name(const cJSON *json, const char **namespace,
		     const char **name);
