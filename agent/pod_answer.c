/* SPDX-License-Identifier: Apache-2.0 */
#include "pod_answer.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

struct search {
	const char *name;
	const struct pod *found;
	size_t n;
};

static void look(struct object *o, void *arg)
{
	struct search *s = arg;

	if (strcmp(o->name, s->name))
		return;
	s->found = (const struct pod *)o;
	s->n++;
}

static int find(const struct model *m, const char *wanted,
		const struct pod **out, struct err *e)
{
	const char *slash = strchr(wanted, '/');
	struct search s = {.name = wanted};
	char namespace[256];

	if (slash) {
		snprintf(namespace, sizeof(namespace), "%.*s",
			 (int)(slash - wanted), wanted);
		s.found = (const struct pod *)model_find(m, OBJECT_POD,
							 namespace, slash + 1);
	} else {
		model_each(m, OBJECT_POD, look, &s);
	}
	if (s.n > 1)
		return err_set(e, EEXIST,
			       "%zu pods are called %s: give its namespace",
			       s.n, wanted);
	if (!s.found)
		return err_set(e, ENOENT, "no pod of the cluster is called %s",
			       wanted);
	*out = s.found;
	return 0;
}

int pod_answer(const struct model *m, const char *wanted, cJSON *answer,
	       struct err *e)
{
	const struct pod *pod = NULL;
	char text[520];
	cJSON *list;
	int rc = find(m, wanted, &pod, e);

	if (rc)
		return rc;
	snprintf(text, sizeof(text), "%.253s/%.253s", pod->o.namespace,
		 pod->o.name);
	cJSON_AddStringToObject(answer, "pod", text);
	cJSON_AddStringToObject(answer, "node", pod->node);
	list = cJSON_AddArrayToObject(answer, "addresses");
	for (int i = 0; i < pod->n_addrs; i++)
		cJSON_AddItemToArray(list, cJSON_CreateString(addr_format(
						   &pod->addrs[i], text)));
	cJSON_AddBoolToObject(answer, "hostNetwork", pod->host_network);
	cJSON_AddBoolToObject(answer, "ended",
			      pod->phase == POD_SUCCEEDED ||
				      pod->phase == POD_FAILED);
	return 0;
}
