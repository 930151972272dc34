/* SPDX-License-Identifier: Apache-2.0 */
#include "manifest_kinds.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "../lib/cleanup.h"
#include "memory.h"
#include "shared.h"

/* A slice while it is read. */
struct draft {
	struct slice_port *ports;
	struct slice_endpoint *endpoints;
	size_t ports_room, endpoints_room;
	struct endpoint_slice s;
};

static void draft_free(struct draft *d)
{
	for (size_t i = 0; i < d->s.n_ports; i++)
		shared_drop(d->ports[i].name);
	for (size_t i = 0; i < d->s.n_endpoints; i++)
		shared_drop(d->endpoints[i].node);
	shared_drop(d->s.service);
	shared_drop(d->s.o.namespace);
	free(d->s.o.name);
	free(d->ports);
	free(d->endpoints);
}

/* What is shared goes to the slice. */
static struct object *draft_finish(struct draft *d)
{
	struct object *o;

	d->s.ports = shared_block(d->ports, d->s.n_ports * sizeof(*d->ports));
	o = object_pack(OBJECT_ENDPOINT_SLICE, &d->s.o, d->endpoints,
			d->s.n_endpoints * sizeof(*d->endpoints));
	d->s.n_ports = 0;
	d->s.n_endpoints = 0;
	d->s.service = d->s.o.namespace = NULL;
	return o;
}

/* ---- ports ---------------------------------------------------------- */

static int read_port(struct reader *r, const cJSON *item, void *arg)
{
	struct slice_port port = {0};
	const cJSON *number;
	int rc;
	struct draft *d = arg;

	rc = reader_string(r, item, "ports.name", &port.name);
	if (!rc)
		rc = reader_proto(r, item, "ports.protocol", &port.proto);
	number = cJSON_GetObjectItemCaseSensitive(item, "port");
	if (!rc && number && !cJSON_IsNull(number)) {
		rc = reader_port(r, item, "ports.port", &port.number);
		if (!port.number)
			return rc;
	}
	if (rc || !port.proto || d->s.n_ports == UINT16_MAX)
		return rc;
	port.name = shared_text(port.name);
	d->ports = list_room(d->ports, d->ports_room, d->s.n_ports);
	d->ports[d->s.n_ports++] = port;
	return 0;
}

/* ---- endpoints ------------------------------------------------------ */

static int read_condition(struct reader *r, const cJSON *conditions,
			  const char *path, bool otherwise, bool *out)
{
	const cJSON *value;
	int rc = reader_field(r, conditions, path, FIELD_BOOL, &value);

	*out = value ? cJSON_IsTrue(value) : otherwise;
	return rc;
}

/* What is not told: ready, as much serving as ready, not terminating. */
static int read_conditions(struct reader *r, const cJSON *item,
			   struct slice_endpoint *out)
{
	const cJSON *conditions;
	int rc = reader_field(r, item, "endpoints.conditions", FIELD_OBJECT,
			      &conditions);

	if (!rc)
		rc = read_condition(r, conditions, "endpoints.conditions.ready",
				    true, &out->ready);
	if (!rc)
		rc = read_condition(r, conditions,
				    "endpoints.conditions.serving", out->ready,
				    &out->serving);
	if (!rc)
		rc = read_condition(r, conditions,
				    "endpoints.conditions.terminating", false,
				    &out->terminating);
	return rc;
}

/* Its first address: what the others mean is not defined. */
static int read_endpoint_addr(struct reader *r, const cJSON *item, bool v6,
			      struct fl_addr *out)
{
	const char *path = "endpoints.addresses", *text;
	const cJSON *list;
	int rc = reader_field(r, item, path, FIELD_LIST, &list);

	if (rc || !cJSON_GetArraySize(list))
		return rc;
	rc = reader_item(r, list->child, path, 0, &text);
	if (rc)
		return rc;
	if (addr_parse(text, out) || addr_is_zero(out) ||
	    addr_is_v4(out) == v6) {
		memset(out, 0, sizeof(*out));
		return reader_odd(r, item, path,
				  "\"%.64s\" is not an address of the slice's "
				  "type",
				  text);
	}
	return 0;
}

static int read_endpoint(struct reader *r, const cJSON *item, void *arg)
{
	struct slice_endpoint e = {0};
	const char *node;
	int rc;
	struct draft *d = arg;

	rc = read_endpoint_addr(r, item, d->s.v6, &e.addr);
	if (!rc)
		rc = read_conditions(r, item, &e);
	if (!rc)
		rc = reader_string(r, item, "endpoints.nodeName", &node);
	if (rc || addr_is_zero(&e.addr))
		return rc;
	e.node = shared_text(node);
	d->endpoints =
		list_room(d->endpoints, d->endpoints_room, d->s.n_endpoints);
	d->endpoints[d->s.n_endpoints++] = e;
	return 0;
}

static int read_endpoints(struct reader *r, const cJSON *json, struct draft *d)
{
	const char *type;
	int rc = reader_string(r, json, "addressType", &type);

	if (rc)
		return rc;
	d->s.v6 = !strcmp(type, "IPv6");
	if (!d->s.v6 && strcmp(type, "IPv4"))
		return 0; /* FQDN: names, that nobody balances */
	return reader_each(r, json, "endpoints", read_endpoint, d);
}

/* ---- EndpointSlice -------------------------------------------------- */

static int read_service_name(struct reader *r, const cJSON *meta,
			     struct draft *d)
{
	const cJSON *labels;
	const char *service = NULL;
	int rc =
		reader_field(r, meta, "metadata.labels", FIELD_OBJECT, &labels);

	if (!rc)
		service = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(
			labels, "kubernetes.io/service-name"));
	d->s.service = shared_text(service);
	return rc;
}

static int read_slice(struct reader *r, const cJSON *json, struct draft *d)
{
	const cJSON *meta;
	int rc = meta_read(r, json, true, &d->s.o, &meta);

	if (!rc)
		rc = read_service_name(r, meta, d);
	if (!rc)
		rc = reader_each(r, json, "ports", read_port, d);
	return rc ? rc : read_endpoints(r, json, d);
}

int endpoint_slice_read(struct reader *r, const cJSON *json,
			struct object **out)
{
	__cleanup(draft_free) struct draft d = {0};
	int rc = read_slice(r, json, &d);

	if (!rc)
		*out = draft_finish(&d);
	return rc;
}
