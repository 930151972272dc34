/* SPDX-License-Identifier: Apache-2.0 */
/* Worlds for tests of policies, from text. Include after cmocka.h; static, as
 * each test is one file. */
#pragma once

#include "../../lib/addr.h"
#include "../../lib/cleanup.h"
#include "../../lib/yaml.h"
#include "../../policy/compile.h"

enum { WORLD_MAX = 64, WORLD_ADDRS = 2, WORLD_PORTS = 3 };

/* A world that owns what it points to. */
struct test_world {
	struct policy_world w;
	struct policy_namespace namespaces[WORLD_MAX];
	struct policy_pod pods[WORLD_MAX];
	struct policy_node nodes[WORLD_MAX];
	const struct policy *policies[WORLD_MAX];
	struct policy_endpoint endpoints[WORLD_MAX];
	struct fl_addr addrs[4 * WORLD_MAX];
	size_t n_addrs;
	struct fl_prefix cidrs[2 * WORLD_MAX];
	size_t n_cidrs;
	struct policy_named_port ports[4 * WORLD_MAX];
	size_t n_ports;
	char *texts[4 * WORLD_MAX];
	size_t n_texts;
	char problems[4096]; /* of policy_read(), "path: reason\n" */
	int n_problems;
};

static void world_problem(const struct policy_problem *p, void *arg)
{
	struct test_world *t = arg;
	size_t len = strlen(t->problems);

	snprintf(t->problems + len, sizeof(t->problems) - len, "%s: %s\n",
		 p->path, p->reason);
	t->n_problems++;
}

static struct test_world *world_new(void)
{
	struct test_world *t = calloc(1, sizeof(*t));

	assert_non_null(t);
	t->w.namespaces = t->namespaces;
	t->w.pods = t->pods;
	t->w.nodes = t->nodes;
	t->w.policies = t->policies;
	t->w.endpoints = t->endpoints;
	return t;
}

static void world_free(struct test_world *t)
{
	for (size_t i = 0; i < t->w.n_policies; i++)
		policy_free((struct policy *)t->policies[i]);
	for (size_t i = 0; i < t->n_texts; i++)
		free(t->texts[i]);
	free(t);
}

/* "a=b c=d" -> labels. */
static const char *world_labels(struct test_world *t, const char *text)
{
	char *labels = calloc(1, strlen(text) + 2);

	strcpy(labels, text);
	for (char *p = labels; *p; p++)
		if (*p == ' ')
			*p = '\0';
	t->texts[t->n_texts++] = labels;
	return labels;
}

/* "10.0.0.1 fd00::1" -> addresses; returns how many. */
static size_t world_addrs(struct test_world *t, const char *text,
			  const struct fl_addr **out)
{
	char copy[256], *rest = copy, *word;
	size_t n = 0;

	*out = &t->addrs[t->n_addrs];
	snprintf(copy, sizeof(copy), "%s", text);
	while ((word = strsep(&rest, " ")) != NULL)
		if (*word) {
			assert_int_equal(
				addr_parse(word, &t->addrs[t->n_addrs++]), 0);
			n++;
		}
	return n;
}

static inline void add_namespace(struct test_world *t, const char *name,
				 const char *labels)
{
	t->namespaces[t->w.n_namespaces++] =
		(struct policy_namespace){name, world_labels(t, labels)};
}

/* "NAMESPACE/NAME"; returns its place. */
static inline size_t add_pod(struct test_world *t, const char *title,
			     const char *labels, const char *addrs)
{
	struct policy_pod *p = &t->pods[t->w.n_pods];
	char *copy = strdup(title), *slash = strchr(copy, '/');

	*slash = '\0';
	t->texts[t->n_texts++] = copy;
	p->namespace = copy;
	p->name = slash + 1;
	p->labels = world_labels(t, labels);
	p->n_addrs = world_addrs(t, addrs, &p->addrs);
	p->ports = &t->ports[t->n_ports];
	return t->w.n_pods++;
}

/* Of the pod that was added last. */
static inline void add_port(struct test_world *t, const char *name, __u8 proto,
			    __u16 number)
{
	t->ports[t->n_ports++] =
		(struct policy_named_port){name, proto, number};
	t->pods[t->w.n_pods - 1].n_ports++;
}

/* The same pod, and it runs here. */
static inline size_t add_local(struct test_world *t, const char *title,
			       const char *labels, const char *addrs)
{
	size_t pod = add_pod(t, title, labels, addrs);
	struct policy_endpoint *e = &t->endpoints[t->w.n_endpoints++];

	e->pod = pod;
	e->addrs = t->pods[pod].addrs;
	e->n_addrs = t->pods[pod].n_addrs;
	return pod;
}

static inline void add_node(struct test_world *t, const char *name,
			    const char *labels, const char *addrs,
			    const char *more, const char *cidrs, bool own)
{
	struct policy_node *n = &t->nodes[t->w.n_nodes++];
	char copy[256], *rest = copy, *word;

	n->name = name;
	n->labels = world_labels(t, labels);
	n->n_addrs = world_addrs(t, addrs, &n->addrs);
	n->n_more_addrs = world_addrs(t, more, &n->more_addrs);
	n->pod_cidrs = &t->cidrs[t->n_cidrs];
	n->own = own;
	snprintf(copy, sizeof(copy), "%s", cidrs);
	while ((word = strsep(&rest, " ")) != NULL)
		if (*word) {
			assert_int_equal(prefix_parse(word, true,
						      &t->cidrs[t->n_cidrs++]),
					 0);
			n->n_pod_cidrs++;
		}
}

/* A manifest; what is wrong with it is in t->problems. */
static inline struct policy *add_policy(struct test_world *t, const char *yaml)
{
	struct policy *p = NULL;
	cJSON *all = NULL;
	struct err e = {0};

	if (yaml_parse("test", yaml, strlen(yaml), &all, &e))
		fail_msg("%s", e.msg);
	if (!policy_read(all->child, world_problem, t, &p))
		t->policies[t->w.n_policies++] = p;
	cJSON_Delete(all);
	return p;
}

static inline void drop_policy(struct test_world *t, size_t place)
{
	policy_free((struct policy *)t->policies[place]);
	memmove(&t->policies[place], &t->policies[place + 1],
		(--t->w.n_policies - place) * sizeof(*t->policies));
}

static inline __u32 identity_at(const struct policy_compiled *c,
				const char *text)
{
	const struct policy_identity *i;
	struct fl_addr a;

	assert_int_equal(addr_parse(text, &a), 0);
	i = policy_identity_find(c, &a);
	return i ? i->identity : FL_IDENTITY_WORLD;
}
