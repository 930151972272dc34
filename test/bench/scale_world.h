/* SPDX-License-Identifier: Apache-2.0 */
/* A large cluster as an API server would tell of it, and node-0 of it. */
#pragma once

#include <net/if.h>
#include <net/if_arp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../../agent/endpoints.h"
#include "../../agent/facts.h"
#include "../../agent/memory.h"
#include "../../agent/object_read.h"
#include "../../agent/store.h"
#include "../../lib/json.h"

/* Pods of a workload have the same labels, but for one in ten workloads, whose
 * pods are numbered as those of a StatefulSet. Each workload has a service. */
struct scale {
	size_t nodes, pods, services, policies, local;
};

enum { PODS_OF_WORKLOAD = 10, WORKLOADS_OF_NAMESPACE = 20 };

static inline size_t scale_namespaces(const struct scale *s)
{
	return s->pods / PODS_OF_WORKLOAD / WORKLOADS_OF_NAMESPACE + 1;
}

/* Every so many-th is on node-0, where it is `local`; those of a workload are
 * on different nodes. */
static inline bool scale_is_local(const struct scale *s, size_t pod)
{
	return pod % (s->pods / s->local) == 0;
}

static inline size_t scale_node_of(const struct scale *s, size_t pod)
{
	return scale_is_local(s, pod) ? 0 : 1 + pod % (s->nodes - 1);
}

static inline size_t scale_place_of(const struct scale *s, size_t pod)
{
	return pod /
	       (scale_is_local(s, pod) ? s->pods / s->local : s->nodes - 1);
}

static inline void scale_addr(const struct scale *s, size_t pod, char out[48])
{
	size_t node = scale_node_of(s, pod);

	snprintf(out, 48, "10.%zu.%zu.%zu", 64 + node / 256, node % 256,
		 scale_place_of(s, pod) + 2);
}

static inline int scale_node(const struct scale *s, size_t i, char *out,
			     size_t size)
{
	(void)s;
	return snprintf(
		out, size,
		"{\"metadata\":{\"name\":\"node-%zu\",\"uid\":"
		"\"4c6f0c1e-0000-4000-8000-%012zu\",\"labels\":{"
		"\"kubernetes.io/hostname\":\"node-%zu\",\"kubernetes.io/os\":"
		"\"linux\",\"topology.kubernetes.io/zone\":\"zone-%zu\"}},"
		"\"spec\":{\"podCIDR\":\"10.%zu.%zu.0/24\",\"podCIDRs\":"
		"[\"10.%zu.%zu.0/24\"]},\"status\":{\"addresses\":[{\"type\":"
		"\"InternalIP\",\"address\":\"192.168.%zu.%zu\"},{\"type\":"
		"\"Hostname\",\"address\":\"node-%zu\"}]}}",
		i, i, i, i % 3, 64 + i / 256, i % 256, 64 + i / 256, i % 256,
		i / 250, i % 250 + 1, i);
}

static inline int scale_namespace(size_t i, char *out, size_t size)
{
	return snprintf(out, size,
			"{\"metadata\":{\"name\":\"namespace-%zu\",\"labels\":"
			"{\"kubernetes.io/metadata.name\":\"namespace-%zu\","
			"\"team\":\"team-%zu\"}}}",
			i, i, i % 10);
}

/* version: of the address, to change it */
static inline int scale_pod(const struct scale *s, size_t i, unsigned version,
			    char *out, size_t size)
{
	size_t workload = i / PODS_OF_WORKLOAD;
	char addr[48], own[128] = "";

	scale_addr(s, i, addr);
	if (workload % 10 == 0)
		snprintf(own, sizeof(own),
			 ",\"statefulset.kubernetes.io/pod-name\":"
			 "\"workload-%zu-%zu\"",
			 workload, i % PODS_OF_WORKLOAD);
	return snprintf(
		out, size,
		"{\"metadata\":{\"name\":\"workload-%zu-7d4b9c8f6-%zu\","
		"\"namespace\":\"namespace-%zu\",\"uid\":"
		"\"0b7c3f52-%04x-4000-8000-%012zu\",\"labels\":{\"app\":"
		"\"workload-%zu\",\"pod-template-hash\":\"7d4b9c8f6\",\"role\":"
		"\"%s\",\"app.kubernetes.io/part-of\":\"namespace-%zu\"%s}},"
		"\"spec\":{\"nodeName\":\"node-%zu\",\"containers\":[{\"name\":"
		"\"c\",\"ports\":[{\"name\":\"http\",\"containerPort\":8080,"
		"\"protocol\":\"TCP\"}]}]},\"status\":{\"phase\":\"%s\","
		"\"podIP\":\"%s\",\"podIPs\":[{\"ip\":\"%s\"}]}}",
		workload, i, workload / WORKLOADS_OF_NAMESPACE,
		version & 0xffff, i, workload, workload % 3 ? "web" : "db",
		workload / WORKLOADS_OF_NAMESPACE, own, scale_node_of(s, i),
		version % 2 ? "Failed" : "Running", addr, addr);
}

/* Every namespace has some that select all of its pods, and are in force on
 * every node then: from the namespace, from a team's web pods, from a network.
 */
static inline int scale_policy(const struct scale *s, size_t i, char *out,
			       size_t size)
{
	size_t namespace = i % scale_namespaces(s);

	return snprintf(
		out, size,
		"{\"metadata\":{\"name\":\"policy-%zu\",\"namespace\":"
		"\"namespace-%zu\"},\"spec\":{\"podSelector\":{},\"ingress\":"
		"[{\"from\":[{\"podSelector\":{\"matchLabels\":{\"app\":"
		"\"workload-%zu\"}}},{\"namespaceSelector\":{\"matchLabels\":"
		"{\"team\":\"team-%zu\"}},\"podSelector\":{\"matchLabels\":"
		"{\"role\":\"web\"}}},{\"ipBlock\":{\"cidr\":\"172.%zu.%zu.0/24"
		"\"}}],\"ports\":[{\"port\":\"http\"},{\"port\":9000,"
		"\"endPort\":9010}]}],\"policyTypes\":[\"Ingress\"]}}",
		i, namespace,
		namespace * WORKLOADS_OF_NAMESPACE + i % WORKLOADS_OF_NAMESPACE,
		i % 10, 16 + i / 256 % 16, i % 256);
}

static inline int scale_service(size_t i, char *out, size_t size)
{
	return snprintf(
		out, size,
		"{\"metadata\":{\"name\":\"workload-%zu\",\"namespace\":"
		"\"namespace-%zu\"},\"spec\":{\"type\":\"ClusterIP\",\"selector\":"
		"{\"app\":\"workload-%zu\"},\"clusterIP\":\"10.96.%zu.%zu\","
		"\"clusterIPs\":[\"10.96.%zu.%zu\"],\"ports\":[{\"name\":"
		"\"http\",\"protocol\":\"TCP\",\"port\":80,\"targetPort\":"
		"\"http\"}]}}",
		i, i / WORKLOADS_OF_NAMESPACE, i, i / 256, i % 256, i / 256,
		i % 256);
}

static inline int scale_slice(const struct scale *s, size_t i, char *out,
			      size_t size)
{
	int n = snprintf(
		out, size,
		"{\"metadata\":{\"name\":\"workload-%zu-x7k2p\","
		"\"namespace\":\"namespace-%zu\",\"labels\":{"
		"\"kubernetes.io/service-name\":\"workload-%zu\"}},"
		"\"addressType\":\"IPv4\",\"ports\":[{\"name\":\"http\","
		"\"protocol\":\"TCP\",\"port\":8080}],\"endpoints\":[",
		i, i / WORKLOADS_OF_NAMESPACE, i);

	for (size_t k = 0; k < PODS_OF_WORKLOAD; k++) {
		size_t pod = i * PODS_OF_WORKLOAD + k;
		char addr[48];

		if (pod >= s->pods)
			break;
		scale_addr(s, pod, addr);
		n += snprintf(out + n, size - n,
			      "%s{\"addresses\":[\"%s\"],\"conditions\":{"
			      "\"ready\":true,\"serving\":true,\"terminating\":"
			      "false},\"nodeName\":\"node-%zu\"}",
			      k ? "," : "", addr, scale_node_of(s, pod));
	}
	return n + snprintf(out + n, size - n, "]}");
}

/* As a source does with what it was sent. */
static inline bool scale_put(struct store *store, enum resource r,
			     const char *text)
{
	cJSON *json = cJSON_Parse(text);
	struct object *o = NULL;
	struct err e = {0};

	if (!json || object_read(r, json, &o, &e) || e.code) {
		fprintf(stderr, "%s\n%s\n", e.msg, text);
		exit(1);
	}
	cJSON_Delete(json);
	return store_put(store, r, o);
}

static inline void scale_cluster(const struct scale *s, struct store *store)
{
	static char text[4096];

	for (size_t i = 0; i < s->nodes; i++) {
		scale_node(s, i, text, sizeof(text));
		scale_put(store, RESOURCE_NODES, text);
	}
	for (size_t i = 0; i < scale_namespaces(s); i++) {
		scale_namespace(i, text, sizeof(text));
		scale_put(store, RESOURCE_NAMESPACES, text);
	}
	for (size_t i = 0; i < s->pods; i++) {
		scale_pod(s, i, 0, text, sizeof(text));
		scale_put(store, RESOURCE_PODS, text);
	}
	for (size_t i = 0; i < s->services; i++) {
		scale_service(i, text, sizeof(text));
		scale_put(store, RESOURCE_SERVICES, text);
		scale_slice(s, i, text, sizeof(text));
		scale_put(store, RESOURCE_ENDPOINT_SLICES, text);
	}
	for (size_t i = 0; i < s->policies; i++) {
		scale_policy(s, i, text, sizeof(text));
		scale_put(store, RESOURCE_NETWORK_POLICIES, text);
	}
}

/* ---- node-0 --------------------------------------------------------- */

static inline void scale_link(struct facts *f, unsigned int ifindex,
			      const char *name)
{
	struct link_info link = {.ifindex = ifindex, .mtu = 1500};

	strcpy(link.name, name);
	link.type = ARPHRD_ETHER;
	link.flags = IFF_UP;
	f->links = list_room(f->links, f->links_room, f->n_links);
	f->links[f->n_links++] = link;
}

static inline void scale_facts(struct facts *f)
{
	struct link_addr addr = {.ifindex = 2, .prefix_len = 16};
	struct link_route route = {.ifindex = 2};

	scale_link(f, 2, "eth0");
	scale_link(f, 3, "fl_vxlan");
	addr_parse("192.168.0.1", &addr.addr);
	prefix_parse("0.0.0.0/0", true, &route.dst);
	f->addrs = list_room(f->addrs, f->addrs_room, f->n_addrs);
	f->addrs[f->n_addrs++] = addr;
	f->routes = list_room(f->routes, f->routes_room, f->n_routes);
	f->routes[f->n_routes++] = route;
}

static inline void scale_pod_name(size_t pod, char namespace[64], char name[64])
{
	snprintf(namespace, 64, "namespace-%zu",
		 pod / PODS_OF_WORKLOAD / WORKLOADS_OF_NAMESPACE);
	snprintf(name, 64, "workload-%zu-7d4b9c8f6-%zu", pod / PODS_OF_WORKLOAD,
		 pod);
}

static inline void scale_endpoints(const struct scale *s, struct endpoints *out)
{
	for (size_t i = 0; i < s->local; i++) {
		struct endpoint_record r = {.ifindex = 100 + i};
		size_t pod = i * (s->pods / s->local);
		char addr[48], namespace[64], name[64];

		snprintf(r.container_id, sizeof(r.container_id), "c%zu", i);
		strcpy(r.ifname, "eth0");
		snprintf(r.host_device, sizeof(r.host_device), "fl_%u",
			 (unsigned int)i % 1000000);
		scale_pod_name(pod, namespace, name);
		strcpy(r.pod_name, name);
		strcpy(r.pod_namespace, namespace);
		scale_addr(s, pod, addr);
		addr_parse(addr, &r.addrs[r.n_addrs++]);
		endpoints_put(out, &r);
	}
}
