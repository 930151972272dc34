/* SPDX-License-Identifier: Apache-2.0 */
/* Worlds of a given size, for policy_compile.c and slow_path.c. */
#pragma once

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../../lib/addr.h"
#include "../../policy/compile.h"

struct size {
	const char *name;
	size_t pods, labels, policies, endpoints;
};

enum { PODS_PER_APP = 10, APPS_PER_NAMESPACE = 20, PODS_PER_NODE = 100 };

/* The n-th of something, as text that lives as long as the program. */
static inline char *text(const char *fmt, size_t n)
{
	char *s = NULL;

	if (asprintf(&s, fmt, n) < 0)
		exit(1);
	return s;
}

static inline struct fl_addr address(size_t pod, int family)
{
	size_t node = pod / PODS_PER_NODE, i = pod % PODS_PER_NODE + 2;
	struct fl_addr a;
	char s[64];

	if (family == 4)
		snprintf(s, sizeof(s), "10.%zu.%zu.%zu", 1 + node / 256,
			 node % 256, i);
	else
		snprintf(s, sizeof(s), "fd00:%zx::%zx", 1 + node, i);
	addr_parse(s, &a);
	return a;
}

/* ---- the world ------------------------------------------------------ */

static inline size_t app_of(size_t pod)
{
	return pod / PODS_PER_APP;
}

static inline size_t namespace_of(size_t app)
{
	return app / APPS_PER_NAMESPACE;
}

/* labels of its own beside those that policies look at */
static inline char *pod_labels(size_t pod, size_t labels)
{
	char *all = calloc(1, 64 * (labels + 4)), *p = all;

	p += sprintf(p, "app=app-%zu", app_of(pod)) + 1;
	for (size_t i = 0; i < labels; i++)
		p += sprintf(p, "example.com/own-%zu=value-%zu", i, pod) + 1;
	p += sprintf(p, "role=%s", pod % 3 ? "web" : "db") + 1;
	return all;
}

static inline void make_pods(struct policy_world *w, const struct size *s)
{
	struct policy_pod *pods = calloc(s->pods, sizeof(*pods));
	struct policy_named_port *port = calloc(1, sizeof(*port));

	*port = (struct policy_named_port){"http", IPPROTO_TCP, 8080};
	for (size_t i = 0; i < s->pods; i++) {
		struct fl_addr *addrs = calloc(2, sizeof(*addrs));

		addrs[0] = address(i, 4);
		addrs[1] = address(i, 6);
		pods[i] = (struct policy_pod){
			.namespace = text("ns-%zu", namespace_of(app_of(i))),
			.name = text("pod-%zu", i),
			.labels = pod_labels(i, s->labels),
			.addrs = addrs,
			.n_addrs = 2,
			.ports = port,
			.n_ports = 1,
		};
	}
	w->pods = pods;
	w->n_pods = s->pods;
}

static inline void make_namespaces(struct policy_world *w, size_t n)
{
	struct policy_namespace *all = calloc(n, sizeof(*all));

	for (size_t i = 0; i < n; i++) {
		char *labels = calloc(1, 64);

		sprintf(labels, "team=team-%zu", i % 10);
		all[i] = (struct policy_namespace){text("ns-%zu", i), labels};
	}
	w->namespaces = all;
	w->n_namespaces = n;
}

static inline void make_nodes(struct policy_world *w, size_t n)
{
	struct policy_node *nodes = calloc(n, sizeof(*nodes));

	for (size_t i = 0; i < n; i++) {
		struct fl_addr *addr = calloc(1, sizeof(*addr));
		struct fl_prefix *cidrs = calloc(2, sizeof(*cidrs));
		struct fl_addr a = address(i * PODS_PER_NODE, 4);

		addr_parse(text("192.168.1.%zu", i % 250 + 1), addr);
		prefix_make(&a, 24, &cidrs[0]);
		a = address(i * PODS_PER_NODE, 6);
		prefix_make(&a, 64, &cidrs[1]);
		nodes[i] = (struct policy_node){
			.name = text("node-%zu", i),
			.labels = "\0",
			.addrs = addr,
			.n_addrs = 1,
			.pod_cidrs = cidrs,
			.n_pod_cidrs = 2,
			.own = !i,
		};
	}
	w->nodes = nodes;
	w->n_nodes = n;
}

/* Local pods are every so many-th, so that they are of many apps. */
static inline void make_endpoints(struct policy_world *w, size_t n)
{
	struct policy_endpoint *all = calloc(n, sizeof(*all));

	for (size_t i = 0; i < n; i++) {
		size_t pod = i * (w->n_pods / n);

		all[i] = (struct policy_endpoint){
			.addrs = w->pods[pod].addrs,
			.n_addrs = w->pods[pod].n_addrs,
			.pod = pod,
		};
	}
	w->endpoints = all;
	w->n_endpoints = n;
}

/* ---- policies ------------------------------------------------------- */

static inline cJSON *selector(const char *key, const char *value)
{
	cJSON *s = cJSON_CreateObject(),
	      *labels = cJSON_AddObjectToObject(s, "matchLabels");

	if (key)
		cJSON_AddStringToObject(labels, key, value);
	return s;
}

static inline cJSON *port(int first, int last)
{
	cJSON *p = cJSON_CreateObject();

	cJSON_AddNumberToObject(p, "port", first);
	if (last != first)
		cJSON_AddNumberToObject(p, "endPort", last);
	return p;
}

/* Who may come: an app of the namespace, a team's web pods, a network. */
static inline cJSON *peer(size_t i, int kind)
{
	cJSON *p = cJSON_CreateObject(), *block;

	if (kind == 0) {
		cJSON_AddItemToObject(p, "podSelector",
				      selector("app", text("app-%zu", i + 1)));
	} else if (kind == 1) {
		cJSON_AddItemToObject(
			p, "namespaceSelector",
			selector("team", text("team-%zu", i % 10)));
		cJSON_AddItemToObject(p, "podSelector",
				      selector("role", "web"));
	} else {
		block = cJSON_AddObjectToObject(p, "ipBlock");
		cJSON_AddStringToObject(block, "cidr",
					text("172.16.%zu.0/24", i % 256));
	}
	return p;
}

static inline const struct policy *make_policy(size_t i, size_t apps, int first)
{
	cJSON *json = cJSON_CreateObject(), *meta, *spec, *rule, *list;
	struct policy *p = NULL;
	size_t app = i % apps;

	cJSON_AddStringToObject(json, "apiVersion", "networking.k8s.io/v1");
	cJSON_AddStringToObject(json, "kind", "NetworkPolicy");
	meta = cJSON_AddObjectToObject(json, "metadata");
	cJSON_AddStringToObject(meta, "name", text("policy-%zu", i));
	cJSON_AddStringToObject(meta, "namespace",
				text("ns-%zu", namespace_of(app)));
	spec = cJSON_AddObjectToObject(json, "spec");
	cJSON_AddItemToObject(spec, "podSelector",
			      selector("app", text("app-%zu", app)));
	rule = cJSON_CreateObject();
	cJSON_AddItemToArray(cJSON_AddArrayToObject(spec, "ingress"), rule);
	list = cJSON_AddArrayToObject(rule, "from");
	for (int kind = 0; kind < 3; kind++)
		cJSON_AddItemToArray(list, peer(i, kind));
	list = cJSON_AddArrayToObject(rule, "ports");
	cJSON_AddItemToArray(list, port(443, 443));
	cJSON_AddItemToArray(list, port(first, first + 999));
	if (policy_read(json, NULL, NULL, &p) || p->invalid)
		exit(1);
	cJSON_Delete(json);
	return p;
}

static inline void make_policies(struct policy_world *w, const struct size *s)
{
	const struct policy **all = calloc(s->policies, sizeof(*all));
	size_t apps = app_of(s->pods - 1) + 1;

	/* 7 has no factor in common with the number of apps: all get some */
	for (size_t i = 0; i < s->policies; i++)
		all[i] = make_policy(7 * i, apps, 8000);
	w->policies = all;
	w->n_policies = s->policies;
}

static inline void world_make(struct policy_world *w, const struct size *s)
{
	size_t apps = app_of(s->pods - 1) + 1;

	make_pods(w, s);
	make_namespaces(w, namespace_of(apps - 1) + 1);
	make_nodes(w, (s->pods + PODS_PER_NODE - 1) / PODS_PER_NODE);
	make_endpoints(w, s->endpoints);
	make_policies(w, s);
}
