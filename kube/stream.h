/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Cuts what an API server sends into single objects as it comes, so that
 * memory holds one of them and never a list. It knows where a JSON value ends
 * (strings, escapes, nesting) and nothing else; what is inside is cJSON's.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "../lib/err.h"

enum {
	/* Bytes of one object. etcd holds 1.5 MiB, of which a byte becomes up
	 * to six: "<" is written as \u003c. */
	KUBE_OBJECT_MAX = 16 << 20,
	KUBE_DEPTH_MAX = 128,
};

enum kube_stream_kind {
	KUBE_STREAM_LIST,  /* one object with "metadata" and "items" */
	KUBE_STREAM_WATCH, /* objects, one after another */
};

struct kube_stream;

/* What was cut out, NUL-terminated, valid during the call. Not 0: stop, and
 * kube_stream_feed() returns it. */
struct kube_stream_ops {
	/* An item of a list, an event of a watch. */
	int (*object)(const char *json, size_t len, void *arg);
	/* The beginning of one of more than KUBE_OBJECT_MAX bytes, whose rest
	 * was skipped. NULL: such a one is a failure. */
	int (*large)(const char *json, size_t len, void *arg);
	/* A member of the list itself but for its items ("metadata"), whether
	 * it comes before or after them. */
	int (*member)(const char *name, const char *json, size_t len,
		      void *arg);
	void *arg;
};

/* NULL: no memory. */
struct kube_stream *kube_stream_new(enum kube_stream_kind kind,
				    const struct kube_stream_ops *ops);
void kube_stream_free(struct kube_stream *s); /* NULL is fine */
/* -EPROTO: no JSON, or not of this kind; -E2BIG: an object beyond the limits;
 * -ENOMEM. Then nothing more may be fed. */
int kube_stream_feed(struct kube_stream *s, const char *data, size_t len,
		     struct err *e);
/* Is it at a place where it may end? A list must be whole, its "items" (an
 * array, or the null that Go writes for an empty one) among it; between two
 * events of a watch is fine, within one is not. */
bool kube_stream_is_whole(const struct kube_stream *s);
