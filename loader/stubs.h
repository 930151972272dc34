/* SPDX-License-Identifier: Apache-2.0 */
/* The stubs: loaded once, never replaced while they are pinned and whole. */
#pragma once

#include <stdbool.h>

#include "../lib/err.h"

struct bpf_object;

/* Are all stubs pinned, and do they jump through the map that is pinned? */
bool stubs_are_whole(const char *bpf_root);

/* Pin the programs of the loaded stub object, each in place of what is there.
 */
int stubs_pin(const char *bpf_root, struct bpf_object *obj, struct err *e);

/* Put the pinned stubs on all attached devices that run others. */
int stubs_reattach(const char *bpf_root, struct err *e);
