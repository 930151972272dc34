/* SPDX-License-Identifier: Apache-2.0 */
/* The standalone source: a directory of manifests, watched. */
#pragma once

#include "source.h"

/* Never fails for the directory's sake: one that is missing or unreadable is
 * a problem, and tried again. `changed` is called after each scan that brought
 * news, also about problems; never from within this call, which has already
 * tried a first scan. */
struct source *source_dir_open(struct event_base *base, const char *path,
			       void (*changed)(void *arg), void *arg);
