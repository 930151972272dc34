/* SPDX-License-Identifier: Apache-2.0 */
#include "manifest_kinds.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "../lib/cleanup.h"
#include "memory.h"
#include "shared.h"

enum { SERVICE_ADDRS_MAX = 64 };

/* A service while it is read. */
struct draft {
	struct fl_addr addrs[SERVICE_ADDRS_MAX];
	struct service_port *ports;
	size_t ports_room;
	struct service s;
};

static void draft_free(struct draft *d)
{
	for (size_t i = 0; i < d->s.n_ports; i++) {
		shared_drop(d->ports[i].name);
		shared_drop(d->ports[i].target_name);
	}
	shared_drop(d->s.selector);
	shared_drop(d->s.o.namespace);
	free(d->s.o.name);
	free(d->ports);
}

static size_t n_addrs(const struct draft *d)
{
	return d->s.n_cluster_ips + d->s.n_external_ips + d->s.n_balancer_ips;
}

/* What is shared goes to the service. */
static struct object *draft_finish(struct draft *d)
{
	struct object *o;

	d->s.ports = shared_block(d->ports, d->s.n_ports * sizeof(*d->ports));
	o = object_pack(OBJECT_SERVICE, &d->s.o, d->addrs,
			n_addrs(d) * sizeof(*d->addrs));
	d->s.n_ports = 0;
	d->s.selector = d->s.o.namespace = NULL;
	return o;
}

/* ---- addresses ------------------------------------------------------ */

static int add_addr(struct reader *r, const cJSON *at, const char *path,
		    const char *text, __u8 *n, struct draft *d)
{
	struct fl_addr a;

	if (addr_parse(text, &a) || addr_is_zero(&a))
		return reader_odd(r, at, path, "\"%.64s\" is not an address",
				  text);
	if (n_addrs(d) == SERVICE_ADDRS_MAX)
		return reader_odd(r, at, path, "more than %d addresses",
				  SERVICE_ADDRS_MAX);
	d->addrs[n_addrs(d)] = a;
	++*n;
	return 0;
}

static int read_addrs(struct reader *r, const cJSON *spec, const char *path,
		      __u8 *n, struct draft *d)
{
	const cJSON *list, *item;
	const char *text;
	int rc = reader_field(r, spec, path, FIELD_LIST, &list), i = 0;

	if (rc)
		return rc;
	cJSON_ArrayForEach (item, list) {
		rc = reader_item(r, item, path, i++, &text);
		if (!rc && strcmp(text, "None"))
			rc = add_addr(r, item, path, text, n, d);
		if (rc)
			return rc;
	}
	return 0;
}

/* clusterIPs, of which clusterIP is the first; older objects have it alone. */
static int read_cluster_ips(struct reader *r, const cJSON *spec,
			    struct draft *d)
{
	const char *first;
	int rc = reader_string(r, spec, "spec.clusterIP", &first);

	if (rc)
		return rc;
	d->s.headless = !strcmp(first, "None");
	rc = read_addrs(r, spec, "spec.clusterIPs", &d->s.n_cluster_ips, d);
	if (rc || d->s.n_cluster_ips || d->s.headless || !*first)
		return rc;
	return add_addr(r, spec, "spec.clusterIP", first, &d->s.n_cluster_ips,
			d);
}

/* A load balancer that is a proxy wants its traffic for itself; one may also
 * have a name only. */
static int read_balancer_ip(struct reader *r, const cJSON *item, void *arg)
{
	const char *path = "status.loadBalancer.ingress.ip", *mode, *text = "";
	int rc;
	struct draft *d = arg;

	rc = reader_string(r, item, "status.loadBalancer.ingress.ipMode",
			   &mode);
	if (!rc)
		rc = reader_string(r, item, path, &text);
	if (rc || !*text || !strcmp(mode, "Proxy"))
		return rc;
	return add_addr(r, item, path, text, &d->s.n_balancer_ips, d);
}

static int read_balancer(struct reader *r, const cJSON *json, struct draft *d)
{
	const cJSON *status, *balancer = NULL;
	int rc = reader_field(r, json, "status", FIELD_OBJECT, &status);

	if (!rc)
		rc = reader_field(r, status, "status.loadBalancer",
				  FIELD_OBJECT, &balancer);
	return rc ? rc
		  : reader_each(r, balancer, "status.loadBalancer.ingress",
				read_balancer_ip, d);
}

/* ---- ports ---------------------------------------------------------- */

static int read_target(struct reader *r, const cJSON *item,
		       struct service_port *out)
{
	const cJSON *target =
		cJSON_GetObjectItemCaseSensitive(item, "targetPort");

	out->target_port = out->port;
	if (cJSON_IsNumber(target))
		return reader_port(r, item, "spec.ports.targetPort",
				   &out->target_port);
	if (cJSON_IsString(target))
		out->target_name = target->valuestring;
	return 0;
}

static int read_port(struct reader *r, const cJSON *item, void *arg)
{
	struct service_port port = {.target_name = ""};
	const cJSON *node_port;
	int rc;
	struct draft *d = arg;

	rc = reader_string(r, item, "spec.ports.name", &port.name);
	if (!rc)
		rc = reader_proto(r, item, "spec.ports.protocol", &port.proto);
	if (!rc)
		rc = reader_port(r, item, "spec.ports.port", &port.port);
	if (!rc)
		rc = read_target(r, item, &port);
	node_port = cJSON_GetObjectItemCaseSensitive(item, "nodePort");
	if (!rc && cJSON_IsNumber(node_port) && node_port->valuedouble != 0)
		rc = reader_port(r, item, "spec.ports.nodePort",
				 &port.node_port);
	if (rc || !port.proto || !port.port || d->s.n_ports == UINT16_MAX)
		return rc;
	port.name = shared_text(port.name);
	port.target_name = shared_text(port.target_name);
	d->ports = list_room(d->ports, d->ports_room, d->s.n_ports);
	d->ports[d->s.n_ports++] = port;
	return 0;
}

/* ---- how ------------------------------------------------------------ */

/* One of the words, of which the first is meant where it is missing. */
static int read_word(struct reader *r, const cJSON *at, const char *path,
		     const char *const *words, int n, int *out)
{
	const char *text;
	int rc = reader_string(r, at, path, &text);

	*out = 0;
	if (rc || !*text)
		return rc;
	for (int i = 0; i < n; i++) {
		if (!strcmp(text, words[i])) {
			*out = i;
			return 0;
		}
	}
	return reader_odd(r, at, path, "\"%.64s\" is not known", text);
}

enum { AFFINITY_SECONDS = 10800 }; /* where nothing else is said */

static int read_affinity_seconds(struct reader *r, const cJSON *spec,
				 __u32 *out)
{
	const cJSON *config, *client = NULL, *seconds;
	int rc = reader_field(r, spec, "spec.sessionAffinityConfig",
			      FIELD_OBJECT, &config);

	if (!rc)
		rc = reader_field(r, config,
				  "spec.sessionAffinityConfig.clientIP",
				  FIELD_OBJECT, &client);
	if (rc)
		return rc;
	seconds = cJSON_GetObjectItemCaseSensitive(client, "timeoutSeconds");
	*out = AFFINITY_SECONDS;
	if (!seconds)
		return 0;
	if (!cJSON_IsNumber(seconds) || seconds->valuedouble < 1 ||
	    seconds->valuedouble > 86400)
		return reader_odd(r, client,
				  "spec.sessionAffinityConfig.clientIP."
				  "timeoutSeconds",
				  "must be a number from 1 to 86400");
	*out = seconds->valuedouble;
	return 0;
}

static int read_how(struct reader *r, const cJSON *spec, struct draft *d)
{
	static const char *const types[] = {
		[SERVICE_CLUSTER_IP] = "ClusterIP",
		[SERVICE_NODE_PORT] = "NodePort",
		[SERVICE_LOAD_BALANCER] = "LoadBalancer",
		[SERVICE_EXTERNAL_NAME] = "ExternalName",
	};
	static const char *const affinities[] = {"None", "ClientIP"};
	static const char *const policies[] = {"Cluster", "Local"};
	int type, affinity = 0, internal = 0, external = 0;
	int rc = read_word(r, spec, "spec.type", types, 4, &type);

	if (!rc)
		rc = read_word(r, spec, "spec.sessionAffinity", affinities, 2,
			       &affinity);
	if (!rc)
		rc = read_word(r, spec, "spec.internalTrafficPolicy", policies,
			       2, &internal);
	if (!rc)
		rc = read_word(r, spec, "spec.externalTrafficPolicy", policies,
			       2, &external);
	if (!rc && affinity)
		rc = read_affinity_seconds(r, spec, &d->s.affinity_seconds);
	d->s.type = type;
	d->s.internal_local = internal;
	d->s.external_local = external;
	return rc;
}

/* ---- Service -------------------------------------------------------- */

static int read_service(struct reader *r, const cJSON *json, struct draft *d)
{
	const cJSON *meta, *spec;
	int rc = meta_read(r, json, true, &d->s.o, &meta);

	if (!rc)
		rc = reader_field(r, json, "spec", FIELD_OBJECT, &spec);
	if (!rc)
		rc = strings_read(r, spec, "spec.selector", &d->s.selector);
	if (!rc)
		rc = read_how(r, spec, d);
	if (!rc)
		rc = reader_each(r, spec, "spec.ports", read_port, d);
	if (!rc)
		rc = read_cluster_ips(r, spec, d);
	if (!rc)
		rc = read_addrs(r, spec, "spec.externalIPs",
				&d->s.n_external_ips, d);
	return rc ? rc : read_balancer(r, json, d);
}

int service_read(struct reader *r, const cJSON *json, struct object **out)
{
	__cleanup(draft_free) struct draft d = {0};
	int rc = read_service(r, json, &d);

	if (!rc)
		*out = draft_finish(&d);
	return rc;
}
