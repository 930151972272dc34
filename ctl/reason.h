/* SPDX-License-Identifier: Apache-2.0 */
/* Names of hooks, reasons, counters, actions and events, and what to do about
 * a drop. */
#pragma once

#include <stdbool.h>

#include <fairlead/abi.h>

#include "../lib/err.h"

/* All of these give "?" for a number that this build does not know. */
const char *hook_name(unsigned int hook);
const char *reason_name(unsigned int reason);
const char *reason_text(unsigned int reason);
const char *counter_name(unsigned int counter);
const char *counter_text(unsigned int counter);
const char *action_name(unsigned int action);

bool reason_is_drop(unsigned int reason);
/* Where to look, a sentence or two; NULL for what is no drop. */
const char *reason_advice(unsigned int reason);
/* -1: no such name. */
int reason_find(const char *name);
/* The nearest name of a drop reason, NULL if none is near. */
const char *reason_nearest(const char *name);

/* For option tables: a drop reason's name -> int. */
int set_reason(const char *text, void *field, struct err *e);
