/* SPDX-License-Identifier: Apache-2.0 */
#include "manifest.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "../lib/cleanup.h"
#include "../lib/json.h"
#include "../lib/yaml.h"
#include "manifest_kinds.h"

enum group { GROUP_CORE, GROUP_NETWORKING, GROUP_POLICY, GROUP_DISCOVERY };

static const char *const groups[] = {
	[GROUP_CORE] = "",
	[GROUP_NETWORKING] = "networking.k8s.io",
	[GROUP_POLICY] = "policy.networking.k8s.io",
	[GROUP_DISCOVERY] = "discovery.k8s.io",
};

typedef int (*object_reader)(struct reader *r, const cJSON *json,
			     struct object **out);

/* A name alone is no kind: a Service of another group is not ours. */
static const struct kind {
	enum group group;
	const char *name;
	object_reader read; /* NULL: recognised, not enforced yet */
} known_kinds[] = {
	{GROUP_CORE, "Node", node_read},
	{GROUP_CORE, "Namespace", namespace_read},
	{GROUP_CORE, "Pod", pod_read},
	{GROUP_CORE, "Service", NULL},
	{GROUP_NETWORKING, "NetworkPolicy", network_policy_object_read},
	{GROUP_POLICY, "ClusterNetworkPolicy", cluster_policy_object_read},
	{GROUP_POLICY, "AdminNetworkPolicy", NULL},
	{GROUP_POLICY, "BaselineAdminNetworkPolicy", NULL},
	{GROUP_DISCOVERY, "EndpointSlice", NULL},
};

enum { KNOWN_KINDS = sizeof(known_kinds) / sizeof(known_kinds[0]) };

static bool is_in_group(const char *api, enum group group)
{
	size_t len = strlen(groups[group]);

	if (!len)
		return !strchr(api, '/');
	return !strncmp(api, groups[group], len) && api[len] == '/';
}

static const struct kind *find_kind(const char *api, const char *name)
{
	for (int i = 0; i < KNOWN_KINDS; i++)
		if (!strcmp(known_kinds[i].name, name) &&
		    is_in_group(api, known_kinds[i].group))
			return &known_kinds[i];
	return NULL;
}

static void skip(struct manifest *m, const char *api, const char *kind,
		 bool later, int line)
{
	struct manifest_skipped new = {.later = later, .n = 1, .line = line};

	snprintf(new.what, sizeof(new.what), "%.47s %.47s", api, kind);
	for (int i = 0; i < m->n_skipped; i++) {
		if (!strcmp(m->skipped[i].what, new.what)) {
			m->skipped[i].n++;
			return;
		}
	}
	if (m->n_skipped < MANIFEST_SKIPPED_MAX)
		m->skipped[m->n_skipped++] = new;
}

static int read_document(struct reader *r, const cJSON *json,
			 const char *list_kind, struct manifest *out);

/* The items of "PodList" may leave out what they are. */
static int read_list(struct reader *r, const cJSON *json, const char *kind,
		     struct manifest *out)
{
	char item_kind[64];
	const cJSON *items, *item;
	int rc = reader_field(r, json, "items", FIELD_LIST, &items);

	if (rc)
		return rc;
	snprintf(item_kind, sizeof(item_kind), "%.*s",
		 (int)(strlen(kind) - strlen("List")), kind);
	cJSON_ArrayForEach (item, items) {
		rc = read_document(r, item, item_kind, out);
		if (rc)
			return rc;
	}
	return 0;
}

static bool is_list(const char *api, const char *kind)
{
	size_t len = strlen(kind);
	char item[64];

	if (len < 4 || len > sizeof(item) || strcmp(kind + len - 4, "List"))
		return false;
	if (len == 4)
		return is_in_group(api, GROUP_CORE);
	snprintf(item, sizeof(item), "%.*s", (int)len - 4, kind);
	return find_kind(api, item);
}

static int read_known(struct reader *r, const struct kind *kind,
		      const char *api, const cJSON *json, struct manifest *out)
{
	struct object *o = NULL;
	int rc;

	if (!kind->read) {
		skip(out, api, kind->name, true, yaml_line(json));
		return 0;
	}
	if (kind->group == GROUP_CORE && strcmp(api, "v1"))
		return reader_fail(r, json, "apiVersion", "\"%s\" is not v1",
				   api);
	rc = kind->read(r, json, &o);
	if (rc)
		return rc;
	o->line = yaml_line(json);
	object_list_add(&out->objects, o);
	return 0;
}

/* api and kind of a document; in a typed list both may be missing. */
static int read_type(struct reader *r, const cJSON *json, const char *in_list,
		     const char **api, const char **kind)
{
	int rc;

	if (!cJSON_IsObject(json))
		return reader_fail(r, json, NULL, "not an object");
	rc = reader_string(r, json, "apiVersion", api);
	if (!rc)
		rc = reader_string(r, json, "kind", kind);
	if (rc)
		return rc;
	if (in_list && *in_list && !**kind)
		*kind = in_list;
	if (in_list && *in_list && !**api)
		*api = "v1";
	if (!**api)
		return reader_fail(r, json, "apiVersion", "missing");
	if (!**kind)
		return reader_fail(r, json, "kind", "missing");
	return 0;
}

static int read_document(struct reader *r, const cJSON *json,
			 const char *in_list, struct manifest *out)
{
	const char *api, *kind;
	const struct kind *known;
	int rc;

	r->kind = NULL;
	r->name = NULL;
	rc = read_type(r, json, in_list, &api, &kind);
	if (rc)
		return rc;
	r->kind = kind;
	known = find_kind(api, kind);
	if (known)
		return read_known(r, known, api, json, out);
	if (!in_list && is_list(api, kind))
		return read_list(r, json, kind, out);
	skip(out, api, kind, false, yaml_line(json));
	return 0;
}

void manifest_free(struct manifest *m)
{
	object_list_free(&m->objects);
	memset(m, 0, sizeof(*m));
}

int manifest_parse(const char *name, const char *text, size_t len,
		   struct manifest *out, struct err *e)
{
	__cleanup(json_free) cJSON *documents = NULL;
	__cleanup(manifest_free) struct manifest parsed = {0};
	struct reader r = {.file = name, .err = e};
	const cJSON *document;
	int rc;

	rc = yaml_parse(name, text, len, &documents, e);
	if (rc)
		return rc;
	cJSON_ArrayForEach (document, documents) {
		if (cJSON_IsNull(document))
			continue;
		rc = read_document(&r, document, NULL, &parsed);
		if (rc)
			return rc;
	}
	*out = parsed;
	memset(&parsed, 0, sizeof(parsed));
	return 0;
}
