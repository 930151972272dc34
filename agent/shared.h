/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Texts that many objects have in common, kept once: namespaces, names of
 * nodes and ports, the labels of all pods of a Deployment. Equal ones are the
 * same pointer. Counted: each shared_*() has its shared_drop().
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

const char *shared_text(const char *text); /* NULL counts as "" */
const void *shared_block(const void *block, size_t size);
void shared_drop(const void *shared); /* NULL is fine */

/* Of all that there are, what the allocator adds included. */
size_t shared_bytes(void);
size_t shared_count(void);
