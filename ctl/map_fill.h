/* SPDX-License-Identifier: Apache-2.0 */
/* The maps' fill, and what is too much of it. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "../loader/loader.h"
#include "ctl.h"

#define MAPS_MAX      32
#define MAP_FULL_PART 90 /* percent */

/* Usage of all maps of the ABI. */
int maps_read(const struct ctl *c, struct map_usage out[MAPS_MAX], size_t *n,
	      struct err *e);

/* Does it hold more or less entries? Arrays and rings always hold the same. */
bool map_fills(const struct map_usage *u);
/* From MAP_FULL_PART on. A table that lets go of old entries when it is full
 * is no trouble. */
bool map_is_nearly_full(const struct map_usage *u);
enum style map_fill_style(const struct map_usage *u);
/* What is in a map, in words; "" for one that this build does not know. */
const char *map_holds(const char *name);
