/* SPDX-License-Identifier: Apache-2.0 */
/* One function a kind, and what they are made of; private to manifest*.c. */
#pragma once

#include <cjson/cJSON.h>

#include "../lib/err.h"
#include "model.h"

/* Where we are, for sentences; and how strict. */
struct reader {
	const char *file;	   /* NULL: an object of an API server */
	const char *kind, *name;   /* NULL: not known yet */
	struct problems *problems; /* of the object, NULL: it keeps none */
	struct err *err;
};

/* "FILE:LINE: KIND NAME: PATH: reason"; returns -EINVAL. path may be NULL. */
int reader_fail(struct reader *r, const cJSON *at, const char *path,
		const char *fmt, ...) __attribute__((format(printf, 4, 5)));
/* The same of a value without which the rest makes sense. A file's author is
 * told by an error; an API server's object must do without it: 0, and the
 * object's problems say so, or err where it keeps none. */
int reader_odd(struct reader *r, const cJSON *at, const char *path,
	       const char *fmt, ...) __attribute__((format(printf, 4, 5)));
/* A problem of the object, whoever wrote it. */
void reader_tell(struct reader *r, const cJSON *at, const char *path,
		 const char *fmt, ...) __attribute__((format(printf, 4, 5)));

enum field_type { FIELD_OBJECT, FIELD_LIST, FIELD_STRING, FIELD_BOOL };

/* The field that is the last part of path ("spec.podCIDR"); *out is NULL
 * where it is missing or null, or where parent is NULL. */
int reader_field(struct reader *r, const cJSON *parent, const char *path,
		 enum field_type type, const cJSON **out);
/* The same for a string; "" where it is missing. Borrowed from the tree. */
int reader_string(struct reader *r, const cJSON *parent, const char *path,
		  const char **out);

/* Item i of the list at path, a string. */
int reader_item(struct reader *r, const cJSON *item, const char *path, int i,
		const char **out);

/* Calls fn for each object of the list at path, until one fails; what is no
 * object fails. */
int reader_each(struct reader *r, const cJSON *parent, const char *path,
		int (*fn)(struct reader *r, const cJSON *item, void *arg),
		void *arg);

/* TCP where it is missing; *out stays where it is none of ours. */
int reader_proto(struct reader *r, const cJSON *at, const char *path,
		 __u8 *out);
/* *out stays where it makes no sense. */
int reader_port(struct reader *r, const cJSON *at, const char *path,
		__u16 *out);

void object_drop(struct object **o); /* fits __cleanup */
/* metadata: the name, and where there are, the namespace and labels. */
int meta_read(struct reader *r, const cJSON *json, bool namespaced,
	      struct object *o, const cJSON **meta);
int labels_read(struct reader *r, const cJSON *meta, const char **out);
/* Bytes of what it gave. */
size_t labels_size(const char *labels);
/* The same of any field that is such an object (a selector of a Service). */
int strings_read(struct reader *r, const cJSON *at, const char *path,
		 const char **out);

/* A string of metadata.annotations, NULL: it is not there. */
int annotation_read(struct reader *r, const cJSON *meta, const char *name,
		    const char **out);

int node_read(struct reader *r, const cJSON *json, struct object **out);
int namespace_read(struct reader *r, const cJSON *json, struct object **out);
/* -E2BIG: more labels (bytes, as we keep them) or named ports than that. */
enum { POD_LABELS_MAX = 64 << 10, POD_PORTS_MAX = 1000 };
int pod_read(struct reader *r, const cJSON *json, struct object **out);
/* Of a policy only what has no name is an error; all else that is wrong is
 * kept with the object. */
int service_read(struct reader *r, const cJSON *json, struct object **out);
int endpoint_slice_read(struct reader *r, const cJSON *json,
			struct object **out);
int network_policy_object_read(struct reader *r, const cJSON *json,
			       struct object **out);
int cluster_policy_object_read(struct reader *r, const cJSON *json,
			       struct object **out);
