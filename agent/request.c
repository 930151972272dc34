/* SPDX-License-Identifier: Apache-2.0 */
#include "request.h"

#include <errno.h>
#include <string.h>

#include "../lib/cleanup.h"
#include "../lib/json.h"
#include "../lib/state.h"

typedef int (*endpoint_op)(const char *container_id, const char *ifname,
			   void *arg, struct err *e);

static int answer_ping(const struct request_ops *ops, const cJSON *request,
		       cJSON *answer, struct err *e)
{
	(void)request;
	(void)e;
	cJSON_AddStringToObject(answer, "node", ops->node);
	cJSON_AddStringToObject(answer, "version", FAIRLEAD_VERSION);
	return 0;
}

static int answer_status(const struct request_ops *ops, const cJSON *request,
			 cJSON *answer, struct err *e)
{
	(void)request;
	(void)e;
	ops->status(answer, ops->arg);
	return 0;
}

static int answer_pod(const struct request_ops *ops, const cJSON *request,
		      cJSON *answer, struct err *e)
{
	char wanted[512];
	int rc = json_get_string(request, "pod", wanted, sizeof(wanted), e);

	return rc ? rc : ops->pod(wanted, answer, ops->arg, e);
}

/* Both words become part of a path. */
static int about_endpoint(const struct request_ops *ops, const cJSON *request,
			  endpoint_op fn, struct err *e)
{
	char id[CONTAINER_ID_MAX + 1], ifname[16];
	int rc;

	rc = json_get_string(request, "containerID", id, sizeof(id), e);
	if (!rc)
		rc = json_get_string(request, "ifname", ifname, sizeof(ifname),
				     e);
	if (rc)
		return rc;
	if (!name_is_safe(id, CONTAINER_ID_MAX))
		return err_set(e, EINVAL, "containerID is not a container id");
	if (!ifname_is_valid(ifname))
		return err_set(e, EINVAL, "ifname is not a device name");
	return fn(id, ifname, ops->arg, e);
}

static int answer_added(const struct request_ops *ops, const cJSON *request,
			cJSON *answer, struct err *e)
{
	(void)answer;
	return about_endpoint(ops, request, ops->endpoint_added, e);
}

static int answer_removed(const struct request_ops *ops, const cJSON *request,
			  cJSON *answer, struct err *e)
{
	(void)answer;
	return about_endpoint(ops, request, ops->endpoint_removed, e);
}

static const char *const bare_keys[] = {"op", NULL};
static const char *const pod_keys[] = {"op", "pod", NULL};
static const char *const endpoint_keys[] = {"op", "containerID", "ifname",
					    NULL};

static const struct op {
	const char *name;
	const char *const *keys;
	int (*answer)(const struct request_ops *ops, const cJSON *request,
		      cJSON *answer, struct err *e);
} operations[] = {
	{"ping", bare_keys, answer_ping},
	{"status", bare_keys, answer_status},
	{"pod", pod_keys, answer_pod},
	{"endpoint-added", endpoint_keys, answer_added},
	{"endpoint-removed", endpoint_keys, answer_removed},
};

static const struct op *find_op(const char *name)
{
	for (size_t i = 0; i < sizeof(operations) / sizeof(operations[0]); i++)
		if (!strcmp(operations[i].name, name))
			return &operations[i];
	return NULL;
}

static int handle(const struct request_ops *ops, const char *line, size_t len,
		  cJSON *answer, struct err *e)
{
	__cleanup(json_free) cJSON *request = NULL;
	const struct op *op;
	char name[32];
	int rc;

	rc = json_parse("request", line, len, &request, e);
	if (rc)
		return rc;
	if (!cJSON_IsObject(request))
		return err_set(e, EINVAL, "request: not a JSON object");
	rc = json_get_string(request, "op", name, sizeof(name), e);
	if (rc)
		return rc;
	op = find_op(name);
	if (!op)
		return err_set(e, EINVAL, "unknown operation \"%s\"", name);
	rc = json_check_keys(request, op->keys, e);
	return rc ? rc : op->answer(ops, request, answer, e);
}

char *request_refuse(const char *reason)
{
	__cleanup(json_free) cJSON *answer = cJSON_CreateObject();

	cJSON_AddFalseToObject(answer, "ok");
	cJSON_AddStringToObject(answer, "error", reason);
	return json_print(answer, false);
}

char *request_answer(const struct request_ops *ops, const char *line,
		     size_t len, bool *ok)
{
	__cleanup(json_free) cJSON *answer = cJSON_CreateObject();
	struct err e = {0};

	cJSON_AddTrueToObject(answer, "ok");
	*ok = !handle(ops, line, len, answer, &e);
	return *ok ? json_print(answer, false) : request_refuse(e.msg);
}
