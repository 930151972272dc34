/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A generation: the programs of one load and the program array that they
 * tail-call through, pinned together in v2/generations/<number>. The array
 * would be emptied when its last pin or fd goes, so every generation that a
 * slot of fl_hooks may lead to stays pinned: the old ones go only when all
 * slots lead to the new one and no CPU is in an old one any more. After a
 * crash the next load starts another generation and removes all others.
 */
#pragma once

#include <stddef.h>

#include "../lib/err.h"

struct bpf_object;

/* Text of the pinned build, cut to len. -ENOENT: nothing is loaded. */
int generation_build(const char *bpf_root, char *out, size_t len,
		     struct err *e);

/* Pin the programs of the loaded object as a new generation; *number is its
 * name. Nothing is left on failure. */
int generation_pin(const char *bpf_root, struct bpf_object *obj,
		   const char *build, unsigned int *number, struct err *e);

/* Lead every slot of fl_hooks to the object's programs. On failure the slots
 * lead where they did. */
int generation_switch(const char *bpf_root, struct bpf_object *obj,
		      int hooks_fd, struct err *e);

/* Wait for the old programs to end, point v2/programs at `number`, and let
 * all other generations go. */
int generation_settle(const char *bpf_root, unsigned int number, struct err *e);

void generation_remove(const char *bpf_root, unsigned int number);
