/* SPDX-License-Identifier: Apache-2.0 */
/* The standalone source: a directory of manifests, watched. */
#pragma once

#include <event2/event.h>

#include "cluster_dir.h"

struct source_dir;

/* Never fails for the directory's sake: one that is missing or unreadable is
 * a problem (source_dir_error()), and tried again. `changed` is called after
 * each scan that brought news, also about problems; never from within this
 * call, which has already tried a first scan. */
struct source_dir *source_dir_open(struct event_base *base, const char *path,
				   void (*changed)(void *arg), void *arg);
void source_dir_close(struct source_dir *s); /* NULL is fine */

const struct cluster_dir *source_dir_content(const struct source_dir *s);
/* Why the directory cannot be read or watched, "" if it can. */
const char *source_dir_error(const struct source_dir *s);
