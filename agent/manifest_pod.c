/* SPDX-License-Identifier: Apache-2.0 */
#include "manifest_kinds.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "../lib/cleanup.h"
#include "memory.h"
#include "shared.h"

/* A pod while it is read. */
struct draft {
	struct fl_addr addrs[STATE_ADDRS_MAX];
	struct policy_named_port *ports;
	size_t ports_room;
	struct pod pod;
};

static void draft_free(struct draft *d)
{
	for (size_t i = 0; i < d->pod.n_ports; i++)
		shared_drop(d->ports[i].name);
	shared_drop(d->pod.node);
	shared_drop(d->pod.labels);
	shared_drop(d->pod.o.namespace);
	free(d->pod.o.name);
	free(d->ports);
}

/* What is shared goes to the pod. */
static struct object *draft_finish(struct draft *d)
{
	struct object *o;

	d->pod.ports =
		shared_block(d->ports, d->pod.n_ports * sizeof(*d->ports));
	o = object_pack(OBJECT_POD, &d->pod.o, d->addrs,
			d->pod.n_addrs * sizeof(*d->addrs));
	d->pod.n_ports = 0;
	d->pod.node = d->pod.labels = d->pod.o.namespace = NULL;
	return o;
}

/* ---- status --------------------------------------------------------- */

static int add_pod_ip(struct reader *r, const cJSON *at, const char *path,
		      const char *text, struct draft *d)
{
	struct fl_addr a;

	if (addr_parse(text, &a) || addr_is_zero(&a))
		return reader_odd(r, at, path, "\"%.64s\" is not an address",
				  text);
	for (int i = 0; i < d->pod.n_addrs; i++)
		if (addr_equal(&a, &d->addrs[i]))
			return 0; /* podIP is the first of podIPs */
	if (d->pod.n_addrs == STATE_ADDRS_MAX)
		return reader_odd(r, at, path, "more than %d addresses",
				  STATE_ADDRS_MAX);
	d->addrs[d->pod.n_addrs++] = a;
	return 0;
}

static int read_pod_ip(struct reader *r, const cJSON *item, void *arg)
{
	const char *text;
	int rc = reader_string(r, item, "status.podIPs.ip", &text);

	return rc ? rc : add_pod_ip(r, item, "status.podIPs", text, arg);
}

static int read_pod_ips(struct reader *r, const cJSON *status, struct draft *d)
{
	const char *text;
	int rc = reader_string(r, status, "status.podIP", &text);

	if (!rc && *text)
		rc = add_pod_ip(r, status, "status.podIP", text, d);
	return rc ? rc
		  : reader_each(r, status, "status.podIPs", read_pod_ip, d);
}

static int read_phase(struct reader *r, const cJSON *status, struct draft *d)
{
	static const char *const phases[] = {
		[POD_PENDING] = "Pending",     [POD_RUNNING] = "Running",
		[POD_SUCCEEDED] = "Succeeded", [POD_FAILED] = "Failed",
		[POD_UNKNOWN] = "Unknown",
	};
	const char *text;
	int rc = reader_string(r, status, "status.phase", &text);

	if (rc)
		return rc;
	d->pod.phase = POD_UNKNOWN;
	for (int i = 0; i <= POD_UNKNOWN; i++) {
		if (!strcmp(text, phases[i])) {
			d->pod.phase = i;
			return 0;
		}
	}
	if (!*text)
		return 0;
	return reader_odd(r, status, "status.phase",
			  "\"%.64s\" is not a phase of a pod", text);
}

/* ---- what has no bound of its own ------------------------------------ */

/* What somebody writes into his Pod is kept by every agent of the cluster, for
 * policies that may come. One that takes more than this is unknown instead,
 * which is to be governed by any policy and let in by none. */
static int too_much(struct reader *r, const cJSON *at, const char *path,
		    const char *most)
{
	reader_fail(r, at, path, "more than %s: it is not known to policies",
		    most);
	return -E2BIG;
}

/* ---- ports ---------------------------------------------------------- */

/* The first of two ports with one name and protocol counts. */
static bool has_port(const struct draft *d, const char *name, __u8 proto)
{
	for (size_t i = 0; i < d->pod.n_ports; i++)
		if (d->ports[i].proto == proto &&
		    !strcmp(d->ports[i].name, name))
			return true;
	return false;
}

static int read_port(struct reader *r, const cJSON *item, void *arg)
{
	struct policy_named_port port = {0};
	const char *name;
	int rc;
	struct draft *d = arg;

	rc = reader_string(r, item, "ports.name", &name);
	if (rc || !*name)
		return rc;
	rc = reader_proto(r, item, "ports.protocol", &port.proto);
	if (rc || !port.proto)
		return rc;
	rc = reader_port(r, item, "ports.containerPort", &port.number);
	if (rc || !port.number)
		return rc;
	if (has_port(d, name, port.proto))
		return 0;
	if (d->pod.n_ports == POD_PORTS_MAX)
		return too_much(r, item, "ports", "1,000 named ports");
	port.name = shared_text(name);
	d->ports = list_room(d->ports, d->ports_room, d->pod.n_ports);
	d->ports[d->pod.n_ports++] = port;
	return 0;
}

/* Init containers that stay are sidecars; the others' ports serve nobody. */
static bool has_ports(const cJSON *container, bool init)
{
	const cJSON *restart =
		cJSON_GetObjectItemCaseSensitive(container, "restartPolicy");

	return !init || (cJSON_IsString(restart) &&
			 !strcmp(restart->valuestring, "Always"));
}

static int read_ports(struct reader *r, const cJSON *spec, struct draft *d,
		      const char *path)
{
	bool init = !strcmp(path, "spec.initContainers");
	const cJSON *containers, *container;
	int rc = reader_field(r, spec, path, FIELD_LIST, &containers);

	if (rc)
		return rc;
	cJSON_ArrayForEach (container, containers) {
		if (!cJSON_IsObject(container))
			return reader_fail(r, container, path,
					   "must be objects");
		if (!has_ports(container, init))
			continue;
		rc = reader_each(r, container, "ports", read_port, d);
		if (rc)
			return rc;
	}
	return 0;
}

/* ---- the rest ------------------------------------------------------- */

static int read_labels(struct reader *r, const cJSON *meta, struct draft *d)
{
	int rc = labels_read(r, meta, &d->pod.labels);

	if (!rc && labels_size(d->pod.labels) > POD_LABELS_MAX)
		rc = too_much(r, meta, "metadata.labels", "64 KiB");
	return rc;
}

static int read_annotations(struct reader *r, const cJSON *meta,
			    struct draft *d)
{
	const char *text;
	int rc = annotation_read(r, meta, "fairlead.io/policy-audit", &text);

	d->pod.audit = !rc && text && !strcmp(text, "true");
	return rc;
}

static int read_ending(struct reader *r, const cJSON *meta, struct draft *d)
{
	const char *when = "";
	int rc = reader_string(r, meta, "metadata.deletionTimestamp", &when);

	d->pod.ending = !rc && *when;
	return rc;
}

static int read_pod_spec(struct reader *r, const cJSON *json, struct draft *d)
{
	const cJSON *spec, *host_network;
	const char *node;
	int rc = reader_field(r, json, "spec", FIELD_OBJECT, &spec);

	if (!rc)
		rc = reader_string(r, spec, "spec.nodeName", &node);
	if (!rc)
		rc = reader_field(r, spec, "spec.hostNetwork", FIELD_BOOL,
				  &host_network);
	if (rc)
		return rc;
	d->pod.node = shared_text(node);
	d->pod.host_network = cJSON_IsTrue(host_network);
	rc = read_ports(r, spec, d, "spec.containers");
	return rc ? rc : read_ports(r, spec, d, "spec.initContainers");
}

static int read_pod(struct reader *r, const cJSON *json, struct draft *d)
{
	const cJSON *meta, *status = NULL;
	const char *uid = "";
	int rc = meta_read(r, json, true, &d->pod.o, &meta);

	if (!rc)
		rc = reader_string(r, meta, "metadata.uid", &uid);
	d->pod.uid = pod_uid(uid);
	if (!rc)
		rc = read_labels(r, meta, d);
	if (!rc)
		rc = read_annotations(r, meta, d);
	if (!rc)
		rc = read_ending(r, meta, d);
	if (!rc)
		rc = read_pod_spec(r, json, d);
	if (!rc)
		rc = reader_field(r, json, "status", FIELD_OBJECT, &status);
	if (!rc)
		rc = read_pod_ips(r, status, d);
	return rc ? rc : read_phase(r, status, d);
}

int pod_read(struct reader *r, const cJSON *json, struct object **out)
{
	__cleanup(draft_free) struct draft d = {0};
	int rc = read_pod(r, json, &d);

	if (!rc)
		*out = draft_finish(&d);
	return rc;
}
