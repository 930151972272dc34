/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What `fairlead bugreport` is made of: files of an archive, each bounded in
 * size, all of them in time, and each without secrets (redact.h). What cannot
 * be had is said in contents.txt and is no failure; only the archive is.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "../lib/config.h"
#include "ctl.h"
#include "tar.h"

enum {
	REPORT_FILE_MAX = 1 << 20,   /* bytes of one file */
	REPORT_MAX = 32 << 20,	     /* of all of them */
	REPORT_SECONDS = 60,	     /* for all of it */
	REPORT_COMMAND_SECONDS = 15, /* for one command */
};

struct report {
	const struct ctl *ctl;
	struct config config;
	const char *config_file; /* NULL: the default */
	const char *log_file;	 /* NULL: none is named */
	struct tar *tar;
	char root[128]; /* the directory that all is in */
	char *contents; /* of contents.txt, as it grows */
	size_t contents_len;
	FILE *contents_out;
	size_t bytes;
	__u64 deadline_ns;
	const volatile bool *stop; /* becomes true: the archive fails */
	struct err failed;	   /* the archive cannot be written */
};

/* All of these: nothing more is done once the archive has failed, and what is
 * left out for size or time is said. */
void report_text(struct report *r, const char *name, const char *text,
		 size_t len);
/* A file of this machine: its first REPORT_FILE_MAX bytes, or its last ones. */
enum report_part { REPORT_HEAD, REPORT_TAIL };
void report_file(struct report *r, const char *name, const char *path,
		 enum report_part part);
/* What a command of ours prints, with --json. */
void report_command(struct report *r, const char *name,
		    const struct command *cmd);
/* What another program prints, if it is there; argv[0] is a full path. */
void report_program(struct report *r, const char *name, char *const argv[]);
/* What fn prints, in a process of its own that may hang or die. */
void report_forked(struct report *r, const char *name,
		   int (*fn)(struct report *r, void *arg), void *arg);
/* Something is not in it, and why. */
void report_missing(struct report *r, const char *name, const char *why);

/* The parts, each a file of the source. */
void report_system(struct report *r);
void report_network(struct report *r);
void report_datapath(struct report *r);
void report_files(struct report *r);
