/* SPDX-License-Identifier: Apache-2.0 */
#include "object_read.h"

#include <errno.h>

#include "manifest_kinds.h"

static const struct {
	const char *kind;
	int (*read)(struct reader *r, const cJSON *json, struct object **out);
} resources[RESOURCE_MAX] = {
	[RESOURCE_NODES] = {"Node", node_read},
	[RESOURCE_NAMESPACES] = {"Namespace", namespace_read},
	[RESOURCE_PODS] = {"Pod", pod_read},
	[RESOURCE_NETWORK_POLICIES] = {"NetworkPolicy",
				       network_policy_object_read},
	[RESOURCE_CLUSTER_NETWORK_POLICIES] = {"ClusterNetworkPolicy",
					       cluster_policy_object_read},
	[RESOURCE_SERVICES] = {"Service", service_read},
	[RESOURCE_ENDPOINT_SLICES] = {"EndpointSlice", endpoint_slice_read},
};

const char *object_read_kind(enum resource resource)
{
	return resources[resource].kind;
}

int object_read(enum resource resource, const cJSON *json, struct object **out,
		struct err *e)
{
	struct reader r = {.kind = resources[resource].kind, .err = e};

	if (!cJSON_IsObject(json))
		return reader_fail(&r, json, NULL, "not an object");
	return resources[resource].read(&r, json, out);
}

int object_read_name(const cJSON *json, const char **namespace,
		     const char **name)
{
	const cJSON *meta = cJSON_GetObjectItemCaseSensitive(json, "metadata");
	const char *text = cJSON_GetStringValue(
		cJSON_GetObjectItemCaseSensitive(meta, "name"));

	if (!text || !*text)
		return -EINVAL;
	*name = text;
	text = cJSON_GetStringValue(
		cJSON_GetObjectItemCaseSensitive(meta, "namespace"));
	*namespace = text ? text : "";
	return 0;
}
