/* SPDX-License-Identifier: Apache-2.0 */
/* Writing one compressed archive (ustar in gzip). */
#pragma once

#include <stddef.h>
#include <time.h>

#include "../lib/err.h"

struct tar;

/* A new file that only its owner may read (0600); -EEXIST where there is one,
 * also a symbolic link. */
int tar_create(const char *path, struct tar **out, struct err *e);
/* A regular file in it; the name has at most 255 bytes. */
int tar_add(struct tar *t, const char *name, const void *data, size_t len,
	    time_t mtime, struct err *e);
/* Writes the end. On failure, or without it, tar_free() removes the file. */
int tar_finish(struct tar *t, struct err *e);
void tar_free(struct tar **t); /* fits __cleanup; NULL is fine */
