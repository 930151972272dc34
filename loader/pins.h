/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The tree of pins below <bpf-root>/v2: paths, directories, locks. A lock is
 * a directory of its own (bpffs has no regular files), held by flock(), so
 * that it goes with its holder.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "../lib/err.h"

#define PIN_PATH_MAX 512

/* What a lock guards. */
#define PIN_LOCK_LOAD	"load"	 /* loading and unloading */
#define PIN_LOCK_CONFIG "config" /* read-modify-write of fl_config */
#define PIN_LOCK_ATTACH "attach" /* links/ */
#define PIN_LOCK_EVENTS "events" /* the one reader of the ring */
#define PIN_LOCK_TRACE	"trace"	 /* fl_trace */
#define PIN_LOCK_AGENT	"agent"	 /* the one agent, while it runs */

/* <bpf-root>/v2/<fmt...>; a path that does not fit is cut (and then does not
 * exist). Returns out. */
const char *pin_path(char out[PIN_PATH_MAX], const char *bpf_root,
		     const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/* mkdir -p below bpf_root, itself included; mode 0700. */
int pin_mkdir(const char *bpf_root, const char *sub, struct err *e);

enum pin_lock_how {
	PIN_WAIT,  /* until it is ours alone */
	PIN_SHARE, /* until nobody has it alone */
	PIN_TRY,   /* -EBUSY if another process has it */
};

/* Takes the lock and returns its fd; closing it lets go. With `create` the
 * directories are made, else -ENOENT where Fairlead is not loaded. */
int pin_lock(const char *bpf_root, const char *name, bool create,
	     enum pin_lock_how how, struct err *e);

/* Is the deepest part of the path that exists on a BPF file system? 1: yes, 0:
 * no, negative errno: it cannot be said. */
int pin_is_on_bpffs(const char *path);

/* fd of the pinned object, or negative errno. -ENOENT says what to do. */
int pin_open(const char *path, struct err *e);

/* Pin; a pin of that name is replaced in one step. */
int pin_replace(int fd, const char *path, struct err *e);

/* Remove a file or a whole directory of pins; 0 if it is gone. */
int pin_remove(const char *path, struct err *e);

/* Calls fn for each name in a directory, in no order, until it returns
 * non-zero; a missing directory is an empty one. */
int pin_each(const char *dir, int (*fn)(const char *name, void *arg), void *arg,
	     struct err *e);
