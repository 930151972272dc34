/* SPDX-License-Identifier: Apache-2.0 */
#include "manifest_kinds.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../lib/cleanup.h"
#include "../lib/dns_name.h"
#include "memory.h"
#include "shared.h"

void object_drop(struct object **o)
{
	object_free(*o);
}

/* ---- metadata ------------------------------------------------------- */

static int compare_labels(const void *a, const void *b)
{
	const cJSON *const *x = a, *const *y = b;

	return strcmp((*x)->string, (*y)->string);
}

static const char *pack_labels(const cJSON **labels, size_t n)
{
	size_t size = 1;
	const char *shared;
	char *packed, *p;

	if (n)
		qsort(labels, n, sizeof(*labels), compare_labels);
	for (size_t i = 0; i < n; i++)
		size += strlen(labels[i]->string) +
			strlen(labels[i]->valuestring) + 2;
	p = packed = memory_alloc(size);
	for (size_t i = 0; i < n; i++)
		p += sprintf(p, "%s=%s", labels[i]->string,
			     labels[i]->valuestring) +
		     1;
	shared = shared_block(packed, size);
	free(packed);
	return shared;
}

size_t labels_size(const char *labels)
{
	const char *end = labels;

	while (*end)
		end += strlen(end) + 1;
	return end + 1 - labels;
}

int strings_read(struct reader *r, const cJSON *at, const char *path,
		 const char **out)
{
	__cleanup(mem_free) const cJSON **list = NULL;
	const cJSON *labels, *label;
	size_t n = 0, room = 0;
	int rc;

	rc = reader_field(r, at, path, FIELD_OBJECT, &labels);
	if (rc)
		return rc;
	cJSON_ArrayForEach (label, labels) {
		if (!cJSON_IsString(label))
			return reader_fail(r, label, path,
					   "%s must be a string",
					   label->string);
		list = list_room(list, room, n);
		list[n++] = label;
	}
	*out = pack_labels(list, n);
	return 0;
}

int labels_read(struct reader *r, const cJSON *meta, const char **out)
{
	return strings_read(r, meta, "metadata.labels", out);
}

int meta_read(struct reader *r, const cJSON *json, bool namespaced,
	      struct object *o, const cJSON **meta)
{
	const char *name, *namespace = "";
	int rc = reader_field(r, json, "metadata", FIELD_OBJECT, meta);

	if (rc)
		return rc;
	if (!*meta)
		return reader_fail(r, json, "metadata", "missing");
	rc = reader_string(r, *meta, "metadata.name", &name);
	if (rc)
		return rc;
	if (!*name)
		return reader_fail(r, *meta, "metadata.name", "missing");
	if (!is_dns_name(name))
		return reader_fail(r, *meta, "metadata.name",
				   "\"%.64s\" is not a DNS name", name);
	r->name = name;
	if (namespaced)
		rc = reader_string(r, *meta, "metadata.namespace", &namespace);
	if (rc)
		return rc;
	if (namespaced && !*namespace)
	namespace = "default";
	if (namespaced && !is_dns_name(namespace))
		return reader_fail(r, *meta, "metadata.namespace",
				   "\"%.64s\" is not a DNS name", namespace);
	o->name = memory_copy(name);
	o->namespace = shared_text(namespace);
	return 0;
}

int annotation_read(struct reader *r, const cJSON *meta, const char *name,
		    const char **out)
{
	const cJSON *list, *value;
	int rc = reader_field(r, meta, "metadata.annotations", FIELD_OBJECT,
			      &list);

	if (rc)
		return rc;
	value = cJSON_GetObjectItemCaseSensitive(list, name);
	*out = cJSON_IsString(value) ? value->valuestring : NULL;
	return 0;
}

/* ---- Namespace ------------------------------------------------------ */

int namespace_read(struct reader *r, const cJSON *json, struct object **out)
{
	__cleanup(object_drop) struct object *o = object_new(OBJECT_NAMESPACE);
	const cJSON *meta;
	int rc = meta_read(r, json, false, o, &meta);

	if (!rc)
		rc = labels_read(r, meta, &((struct namespace *)o)->labels);
	if (rc)
		return rc;
	*out = take_ptr(o);
	return 0;
}
