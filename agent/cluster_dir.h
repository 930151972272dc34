/* SPDX-License-Identifier: Apache-2.0 */
/* What the manifests of a directory say. A file that cannot be read or makes
 * no sense is a problem, and what it said before stays in force. */
#pragma once

#include <stdbool.h>
#include <sys/stat.h>

#include "../lib/err.h"
#include "manifest.h"
#include "model.h"
#include "problems.h"

struct cluster_file {
	char *name;
	struct stat seen;	  /* which version was read */
	bool good;		  /* was readable at least once */
	bool present;		  /* in the scan that runs */
	char *error;		  /* of the last reading, or NULL */
	struct manifest manifest; /* the last good one */
};

struct cluster_dir {
	const char *path;	    /* the caller's */
	struct cluster_file *files; /* in the order of their names */
	size_t n, room;
	bool again;    /* something could not be read right now */
	bool readable; /* at the last scan */
	struct model model;
	struct problems problems;
};

/* Read what has changed since the last scan; *changed: the model or the
 * problems are others. An unreadable directory is an error and changes nothing.
 */
int cluster_dir_scan(struct cluster_dir *d, bool *changed, struct err *e);

/* Everything has been read at least once: what is not in the model does not
 * exist. */
bool cluster_dir_is_complete(const struct cluster_dir *d);

/* How many objects there are that nobody enforces yet. */
unsigned int cluster_dir_later(const struct cluster_dir *d);

void cluster_dir_free(struct cluster_dir *d);
