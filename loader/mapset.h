/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The maps of one load, over both objects: adopted from their pins, or new.
 * Nothing is pinned before mapset_pin(), so that a load that fails leaves
 * nothing. The fds belong to the objects.
 */
#pragma once

#include <stdbool.h>

#include <fairlead/abi.h>

#include "../lib/err.h"

struct bpf_map;
struct bpf_object;

#define MAPSET_MAX 24

enum map_origin { MAP_ADOPTED, MAP_NEW, MAP_REBUILT };

struct mapset_entry {
	struct bpf_map *map;
	enum map_origin origin;
	int old_fd;  /* rebuilt: what was pinned before, ours; else -1 */
	bool pinned; /* by this load */
};

struct mapset {
	const char *bpf_root;
	bool rebuild;
	unsigned int flows_max; /* for a new fl_flows */
	unsigned int lru_min;	/* for every other new LRU map */
	struct mapset_entry entries[MAPSET_MAX];
	int n;
};

/* Between open and load of an object: each of its maps that the ABI names is
 * adopted, or sized to be made. */
int mapset_prepare(struct mapset *s, struct bpf_object *obj, struct err *e);
/* After load: pin what is new. Rebuilt maps get the entries of the old ones,
 * where these fit. */
int mapset_pin(struct mapset *s, struct err *e);
/* After the switch: what came into an old map since. */
void mapset_catch_up(struct mapset *s);
/* Take the pins of new maps away again. */
void mapset_unpin(struct mapset *s);
/* fd of a map of the set, or -1. */
int mapset_fd(const struct mapset *s, const char *name);
void mapset_release(struct mapset *s); /* fits __cleanup */

/* What the kernel charges for a map. 0 if it does not say. */
unsigned long long map_bytes(int fd);
