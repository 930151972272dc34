/* SPDX-License-Identifier: Apache-2.0 */
#include "manifest_kinds.h"

#include <stdio.h>
#include <string.h>

#include "../lib/cleanup.h"
#include "memory.h"

/* ---- spec ----------------------------------------------------------- */

static int add_cidr(struct reader *r, const cJSON *at, const char *path,
		    const char *text, struct node *node)
{
	struct fl_prefix p;
	char other[PREFIX_STRLEN];

	if (prefix_parse(text, true, &p))
		return reader_odd(r, at, path, "\"%.64s\" is not a range%s",
				  text,
				  prefix_parse(text, false, &p)
					  ? ""
					  : ": bits set behind its length");
	if (p.prefix_len > 126)
		return reader_odd(r, at, path, "%s has no room for pods", text);
	for (int i = 0; i < node->n_pod_cidrs; i++)
		if (prefix_overlaps(&p, &node->pod_cidrs[i]))
			return reader_odd(
				r, at, path, "%s overlaps %s", text,
				prefix_format(&node->pod_cidrs[i], other));
	if (node->n_pod_cidrs == STATE_CIDRS_MAX)
		return reader_odd(r, at, path, "more than %d ranges",
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
		return reader_odd(r, spec, "spec.podCIDR",
				  "\"%.64s\" is not the first of podCIDRs",
				  text);
	return 0;
}

/* ---- status --------------------------------------------------------- */

static int read_node_addr(struct reader *r, const cJSON *item, void *arg)
{
	const char *path = "status.addresses", *type, *text;
	struct node_addr a = {0};
	int rc;
	struct node *node = arg;

	rc = reader_string(r, item, "status.addresses.type", &type);
	if (!rc)
		rc = reader_string(r, item, "status.addresses.address", &text);
	if (rc)
		return rc;
	a.internal = !strcmp(type, "InternalIP");
	if (!a.internal && strcmp(type, "ExternalIP"))
		return 0; /* a host name or a DNS name */
	if (addr_parse(text, &a.addr) || addr_is_zero(&a.addr))
		return reader_odd(r, item, path, "\"%.64s\" is not an address",
				  text);
	if (node->n_addrs == STATE_ADDRS_MAX)
		return reader_odd(r, item, path, "more than %d addresses",
				  STATE_ADDRS_MAX);
	node->addrs[node->n_addrs++] = a;
	return 0;
}

static int read_addrs(struct reader *r, const cJSON *json, struct node *node)
{
	const cJSON *status;
	int rc = reader_field(r, json, "status", FIELD_OBJECT, &status);

	return rc ? rc
		  : reader_each(r, status, "status.addresses", read_node_addr,
				node);
}

/* ---- annotations: docs/kubernetes.md -------------------------------- */

#define ANNOTATION_ADDRESS   "fairlead.io/address"
#define ANNOTATION_POD_CIDRS "fairlead.io/pod-cidrs"
#define ANNOTATION_AUDIT     "fairlead.io/policy-audit"
#define ANNOTATION	     "annotation "

/* A part of "a, b"; returns where the next one begins, NULL behind the last. */
static const char *next_part(const char *text, char *part, size_t size)
{
	size_t len = strcspn(text, ","), skip = strspn(text, " ");
	const char *rest = text[len] ? text + len + 1 : NULL;

	if (skip < len) {
		text += skip;
		len -= skip;
	}
	while (len && text[len - 1] == ' ')
		len--;
	snprintf(part, size, "%.*s", (int)len, text);
	return rest;
}

static bool parse_addresses(const char *text, struct fl_addr *out, int *n)
{
	char part[ADDR_STRLEN + 8];

	for (*n = 0; text; (*n)++) {
		text = next_part(text, part, sizeof(part));
		if (*n == 2 || addr_parse(part, &out[*n]) ||
		    addr_is_zero(&out[*n]))
			return false;
		if (*n && addr_is_v4(&out[0]) == addr_is_v4(&out[1]))
			return false;
	}
	return true;
}

static void set_tunnel(struct node *node, const struct fl_addr *a)
{
	int i = 0;

	while (i < node->n_addrs && !addr_equal(&node->addrs[i].addr, a))
		i++;
	if (i == node->n_addrs)
		node->addrs[node->n_addrs++].addr = *a;
	node->addrs[i].tunnel = true;
}

/* Where other nodes reach it: its InternalIPs, or what the annotation says. */
static int read_tunnel(struct reader *r, const cJSON *meta, struct node *node)
{
	struct fl_addr addrs[2];
	const char *text;
	int n = 0;
	int rc = annotation_read(r, meta, ANNOTATION_ADDRESS, &text);

	if (rc)
		return rc;
	if (text && !parse_addresses(text, addrs, &n)) {
		reader_tell(r, meta, ANNOTATION ANNOTATION_ADDRESS,
			    "\"%.100s\" is not a list of addresses, at most "
			    "one of a family: ignored",
			    text);
		n = 0;
	}
	for (int i = 0; i < n; i++)
		set_tunnel(node, &addrs[i]);
	for (int i = 0; !n && i < node->n_addrs; i++)
		node->addrs[i].tunnel = node->addrs[i].internal;
	return 0;
}

static bool parse_cidrs(struct node *node, const char *text)
{
	struct err ignored = {0};
	struct reader quiet = {.file = "", .err = &ignored};
	char part[PREFIX_STRLEN + 8];

	while (text) {
		text = next_part(text, part, sizeof(part));
		if (add_cidr(&quiet, NULL, NULL, part, node))
			return false;
	}
	return true;
}

/* Where the cluster does not allocate. */
static int read_own_cidrs(struct reader *r, const cJSON *meta,
			  struct node *node)
{
	const char *text;
	int rc = annotation_read(r, meta, ANNOTATION_POD_CIDRS, &text);

	if (rc || !text || node->n_pod_cidrs)
		return rc;
	if (parse_cidrs(node, text))
		return 0;
	node->n_pod_cidrs = 0;
	reader_tell(r, meta, ANNOTATION ANNOTATION_POD_CIDRS,
		    "\"%.100s\" is not a list of ranges for pods: ignored",
		    text);
	return 0;
}

static int read_audit(struct reader *r, const cJSON *meta, struct node *node)
{
	const char *text;
	int rc = annotation_read(r, meta, ANNOTATION_AUDIT, &text);

	if (rc || !text)
		return rc;
	node->audit = !strcmp(text, "true");
	if (!node->audit && strcmp(text, "false"))
		reader_tell(r, meta, ANNOTATION ANNOTATION_AUDIT,
			    "\"%.100s\" is neither true nor false: ignored",
			    text);
	return 0;
}

static int read_annotations(struct reader *r, const cJSON *meta,
			    struct node *node)
{
	int rc = read_tunnel(r, meta, node);

	if (!rc)
		rc = read_own_cidrs(r, meta, node);
	return rc ? rc : read_audit(r, meta, node);
}

/* ---- Node ----------------------------------------------------------- */

int node_read(struct reader *r, const cJSON *json, struct object **out)
{
	__cleanup(object_drop) struct object *o = object_new(OBJECT_NODE);
	struct node *node = (struct node *)o;
	const cJSON *meta, *spec;
	int rc = meta_read(r, json, false, o, &meta);

	r->problems = &node->problems;
	if (!rc)
		rc = labels_read(r, meta, &node->labels);
	if (!rc)
		rc = reader_field(r, json, "spec", FIELD_OBJECT, &spec);
	if (!rc)
		rc = read_pod_cidrs(r, spec, node);
	if (!rc)
		rc = read_addrs(r, json, node);
	if (!rc)
		rc = read_annotations(r, meta, node);
	r->problems = NULL;
	if (rc)
		return rc;
	*out = take_ptr(o);
	return 0;
}
