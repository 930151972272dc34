/* SPDX-License-Identifier: Apache-2.0 */
#include "cluster_pod.h"

#include <errno.h>
#include <stdio.h>

#include "../lib/cleanup.h"
#include "../lib/json.h"
#include "agent.h"
#include "doc.h"

#define TIMEOUT_MS 500

static int ask(const char *state_dir, const char *wanted, cJSON **answer,
	       struct err *e)
{
	__cleanup(doc_free) cJSON *request = doc_object();
	char line[600];
	int rc;

	cJSON_AddStringToObject(request, "op", "pod");
	cJSON_AddStringToObject(request, "pod", wanted);
	if (!cJSON_PrintPreallocated(request, line, sizeof(line), false))
		return err_set(e, EINVAL, "%.100s... is no name of a pod",
			       wanted);
	rc = agent_ask(state_dir, line, TIMEOUT_MS, answer, e);
	if (rc == -ECONNREFUSED)
		return err_set(e, ECONNREFUSED,
			       "no pod %s on this node. Where those of other "
			       "nodes are the agent knows, and it does not "
			       "run: give its address",
			       wanted);
	return rc;
}

static bool is_true(const cJSON *o, const char *key)
{
	return cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(o, key));
}

int cluster_pod_find(const char *state_dir, const char *wanted,
		     struct cluster_pod *out, struct err *e)
{
	__cleanup(doc_free) cJSON *answer = NULL;
	struct cluster_pod pod;
	int rc = ask(state_dir, wanted, &answer, e);

	if (!rc)
		rc = json_get_string(answer, "pod", pod.name, sizeof(pod.name),
				     e);
	if (!rc)
		rc = json_get_string(answer, "node", pod.node, sizeof(pod.node),
				     e);
	if (!rc)
		rc = json_get_addrs(answer, "addresses", pod.addrs,
				    STATE_ADDRS_MAX, &pod.n_addrs, e);
	if (rc)
		return rc;
	if (is_true(answer, "ended"))
		return err_set(e, ENODEV, "%s has ended", pod.name);
	if (is_true(answer, "hostNetwork"))
		return err_set(e, ENODEV,
			       "%s is on the host network of %s: give that "
			       "node's address",
			       pod.name, pod.node);
	if (!pod.n_addrs)
		return err_set(e, ENODEV, "%s has no address yet", pod.name);
	*out = pod;
	return 0;
}
