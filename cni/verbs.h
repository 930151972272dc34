/* SPDX-License-Identifier: Apache-2.0 */
/* The operations of the specification. Each returns 0 or a code, with the
 * sentence in *f, and writes its result, if it has one, to standard output. */
#pragma once

#include "call.h"
#include "failure.h"

int verb_add(const struct call *c, struct failure *f);
int verb_del(const struct call *c, struct failure *f);
int verb_check(const struct call *c, struct failure *f);
int verb_gc(const struct call *c, struct failure *f);
int verb_status(const struct call *c, struct failure *f);
int verb_version(const struct call *c, struct failure *f);

/* A text and a newline to standard output. */
int output_text(const char *text, struct failure *f);
