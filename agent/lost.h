/* SPDX-License-Identifier: Apache-2.0 */
/* Files of pods that live, and that somebody removed. */
#pragma once

struct agent;
struct endpoints;

/* Of what was known, that which has no record any more but still its device:
 * it is known as before, and its files are written again. Only a hand removes
 * a record before the device: DEL and GC take the device first. */
void lost_restore(struct agent *a, const struct endpoints *known);
