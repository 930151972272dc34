/* SPDX-License-Identifier: Apache-2.0 */
#include "namespaces.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static size_t labels_size(const char *labels)
{
	const char *l = labels;

	while (*l)
		l += strlen(l) + 1;
	return l + 1 - labels;
}

static char *all_labels(const char *name, const char *labels)
{
	static const char key[] = LABEL_NAMESPACE_NAME;
	size_t front = sizeof(key) + strlen(name) + 1;
	size_t size = labels_size(labels);
	char *all;

	if (label_find(labels, key, sizeof(key) - 1))
		front = 0;
	all = store_alloc(1, front + size);
	if (front)
		sprintf(all, "%s=%s", key, name);
	memcpy(all + front, labels, size);
	return all;
}

static uint32_t add(struct namespaces *n, const char *name, const char *labels)
{
	bool is_new;
	uint32_t i = intern_add(&n->names, name, strlen(name), &is_new);

	if (!is_new)
		return i;
	n->labels = store_room(n->labels, n->room, i, 1);
	n->labels[i] = all_labels(name, labels);
	return i;
}

void namespaces_collect(const struct policy_world *w, struct namespaces *out)
{
	struct namespaces n = {0};
	const char *before = "";

	for (size_t i = 0; i < w->n_namespaces; i++)
		add(&n, w->namespaces[i].name, w->namespaces[i].labels);
	n.of_pod = store_alloc(w->n_pods, sizeof(*n.of_pod));
	for (size_t i = 0; i < w->n_pods; i++) {
		const char *name = policy_world_pod(w, i).namespace;

		if (i && !strcmp(name, before))
			n.of_pod[i] = n.of_pod[i - 1];
		else
			n.of_pod[i] = add(&n, name, "");
		before = name;
	}
	for (size_t i = 0; i < w->n_policies; i++)
		if (w->policies[i]->kind == POLICY_NETWORK)
			add(&n, w->policies[i]->namespace, "");
	*out = n;
}

long namespaces_find(const struct namespaces *n, const char *name)
{
	return intern_find(&n->names, name, strlen(name));
}

void namespaces_forget_pods(struct namespaces *n)
{
	free(n->of_pod);
	n->of_pod = NULL;
}

void namespaces_free(struct namespaces *n)
{
	for (size_t i = 0; i < n->names.n; i++)
		free(n->labels[i]);
	free(n->labels);
	free(n->of_pod);
	intern_free(&n->names);
	memset(n, 0, sizeof(*n));
}
