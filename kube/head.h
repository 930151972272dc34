/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Whose is it? Of an object that is too large or no JSON that we can read: the
 * names at its beginning, where a server writes them. Takes what comes, up to
 * where it makes no sense.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

struct kube_head {
	char type[16];			/* of an event, else "" */
	char namespace[254], name[254]; /* namespace: "" where it has none */
	char version[64];
};

/* event: {"type": ..., "object": {...}}, else the object. -ENOENT: name or
 * version are not found; *out is untouched. */
int kube_head_read(const char *json, size_t len, bool event,
		   struct kube_head *out);
