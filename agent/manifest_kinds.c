/* SPDX-License-Identifier: Apache-2.0 */
#include "manifest_kinds.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../lib/cleanup.h"
#include "memory.h"

void object_drop(struct object **o)
{
	object_free(*o);
}

/* ---- metadata ------------------------------------------------------- */

/* A DNS name, in whose letters also node and pod names are written. */
static bool is_name(const char *s)
{
	size_t len = strlen(s);

	return len && len <= 253 &&
	       !s[strspn(s, "abcdefghijklmnopqrstuvwxyz0123456789-.")] &&
	       s[0] != '-' && s[0] != '.' && s[len - 1] != '-' &&
	       s[len - 1] != '.';
}

static int compare_labels(const void *a, const void *b)
{
	const cJSON *const *x = a, *const *y = b;

	return strcmp((*x)->string, (*y)->string);
}

static char *pack_labels(const cJSON **labels, size_t n)
{
	size_t size = 1;
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
	return packed;
}

int labels_read(struct reader *r, const cJSON *meta, char **out)
{
	__cleanup(mem_free) const cJSON **list = NULL;
	const cJSON *labels, *label;
	size_t n = 0, room = 0;
	int rc;

	rc = reader_field(r, meta, "metadata.labels", FIELD_OBJECT, &labels);
	if (rc)
		return rc;
	cJSON_ArrayForEach (label, labels) {
		if (!cJSON_IsString(label))
			return reader_fail(r, label, "metadata.labels",
					   "%s must be a string",
					   label->string);
		list = list_room(list, room, n);
		list[n++] = label;
	}
	*out = pack_labels(list, n);
	return 0;
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
	if (!is_name(name))
		return reader_fail(r, *meta, "metadata.name",
				   "\"%.64s\" is not a DNS name", name);
	r->name = name;
	if (namespaced)
		rc = reader_string(r, *meta, "metadata.namespace", &namespace);
	if (rc)
		return rc;
	if (namespaced && !*namespace)
	namespace = "default";
	if (namespaced && !is_name(namespace))
		return reader_fail(r, *meta, "metadata.namespace",
				   "\"%.64s\" is not a DNS name", namespace);
	o->name = memory_copy(name);
	o->namespace = memory_copy(namespace);
	return 0;
}

/* ---- Node ----------------------------------------------------------- */

static int add_cidr(struct reader *r, const cJSON *at, const char *path,
		    const char *text, struct node *node)
{
	struct fl_prefix p;
	char other[PREFIX_STRLEN];

	if (prefix_parse(text, true, &p))
		return reader_fail(r, at, path, "\"%.64s\" is not a range%s",
				   text,
				   prefix_parse(text, false, &p)
					   ? ""
					   : ": bits set behind its length");
	if (p.prefix_len > 126)
		return reader_fail(r, at, path, "%s has no room for pods",
				   text);
	for (int i = 0; i < node->n_pod_cidrs; i++)
		if (prefix_overlaps(&p, &node->pod_cidrs[i]))
			return reader_fail(
				r, at, path, "%s overlaps %s", text,
				prefix_format(&node->pod_cidrs[i], other));
	if (node->n_pod_cidrs == STATE_CIDRS_MAX)
		return reader_fail(r, at, path, "more than %d ranges",
				   STATE_CIDRS_MAX);
	node->pod_cidrs[node->n_pod_cidrs++] = p;
	return 0;
}

/* podCIDRs, of which podCIDR is the first; either alone will do. */
static int read_pod_cidrs(struct reader *r, const cJSON *spec,
			  struct node *node)
{
	const cJSON *list = NULL, *item;
	struct fl_prefix first;
	const char *text = "";
	int rc, i = 0;

	rc = reader_field(r, spec, "spec.podCIDRs", FIELD_LIST, &list);
	cJSON_ArrayForEach (item, list) {
		if (!rc)
			rc = reader_item(r, item, "spec.podCIDRs", i++, &text);
		if (!rc)
			rc = add_cidr(r, item, "spec.podCIDRs", text, node);
		if (rc)
			return rc;
	}
	if (!rc)
		rc = reader_string(r, spec, "spec.podCIDR", &text);
	if (rc || !*text)
		return rc;
	if (!node->n_pod_cidrs)
		return add_cidr(r, spec, "spec.podCIDR", text, node);
	if (prefix_parse(text, true, &first) ||
	    memcmp(&first, &node->pod_cidrs[0], sizeof(first)))
		return reader_fail(r, spec, "spec.podCIDR",
				   "\"%.64s\" is not the first of podCIDRs",
				   text);
	return 0;
}

static int read_node_addr(struct reader *r, const cJSON *item,
			  struct node *node)
{
	const char *path = "status.addresses", *type, *text;
	struct node_addr a = {0};
	int rc;

	if (!cJSON_IsObject(item))
		return reader_fail(r, item, path, "must be objects");
	rc = reader_string(r, item, "status.addresses.type", &type);
	if (!rc)
		rc = reader_string(r, item, "status.addresses.address", &text);
	if (rc)
		return rc;
	a.internal = !strcmp(type, "InternalIP");
	if (!a.internal && strcmp(type, "ExternalIP"))
		return 0; /* a host name or a DNS name */
	if (addr_parse(text, &a.addr) || addr_is_zero(&a.addr))
		return reader_fail(r, item, path, "\"%.64s\" is not an address",
				   text);
	if (node->n_addrs == STATE_ADDRS_MAX)
		return reader_fail(r, item, path, "more than %d addresses",
				   STATE_ADDRS_MAX);
	node->addrs[node->n_addrs++] = a;
	return 0;
}

int node_read(struct reader *r, const cJSON *json, struct object **out)
{
	__cleanup(object_drop) struct object *o = object_new(OBJECT_NODE);
	struct node *node = (struct node *)o;
	const cJSON *meta, *spec, *status, *list = NULL, *item;
	int rc = meta_read(r, json, false, o, &meta);

	if (!rc)
		rc = labels_read(r, meta, &node->labels);
	if (!rc)
		rc = reader_field(r, json, "spec", FIELD_OBJECT, &spec);
	if (!rc)
		rc = read_pod_cidrs(r, spec, node);
	if (!rc)
		rc = reader_field(r, json, "status", FIELD_OBJECT, &status);
	if (!rc)
		rc = reader_field(r, status, "status.addresses", FIELD_LIST,
				  &list);
	if (rc)
		return rc;
	cJSON_ArrayForEach (item, list) {
		rc = read_node_addr(r, item, node);
		if (rc)
			return rc;
	}
	*out = take_ptr(o);
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
