/* SPDX-License-Identifier: Apache-2.0 */
/* Requests at the agent's socket, a line each: whatever comes, the answer is
 * one line of JSON that says whether it is one. */
#include "fuzz.h"

#include <stdlib.h>
#include <string.h>

#include "../../agent/request.h"
#include "../../lib/cleanup.h"
#include "../../lib/json.h"
#include "../../lib/state.h"

static int check_names(const char *id, const char *ifname, void *arg,
		       struct err *e)
{
	(void)arg;
	(void)e;
	/* Both become part of a path. */
	fuzz_check(name_is_safe(id, CONTAINER_ID_MAX));
	fuzz_check(ifname_is_valid(ifname));
	return 0;
}

static void status(cJSON *answer, void *arg)
{
	(void)arg;
	cJSON_AddNumberToObject(answer, "endpoints", 3);
}

static int pod(const char *wanted, cJSON *answer, void *arg, struct err *e)
{
	(void)arg;
	if (strlen(wanted) % 2)
		return err_set(e, 2, "no pod is called %s", wanted);
	cJSON_AddStringToObject(answer, "pod", wanted);
	return 0;
}

static const struct request_ops ops = {
	.node = "node-a",
	.endpoint_added = check_names,
	.endpoint_removed = check_names,
	.status = status,
	.pod = pod,
};

static void ask(const char *line, size_t len)
{
	__cleanup(json_free) cJSON *answer = NULL;
	__cleanup(mem_free) char *text = NULL;
	struct err e;
	bool ok = false;

	text = request_answer(&ops, line, len, &ok);
	fuzz_check(text && !strchr(text, '\n'));
	fuzz_check(!json_parse("answer", text, strlen(text), &answer, &e));
	fuzz_check(cJSON_IsTrue(cJSON_GetObjectItem(answer, "ok")) == ok);
	fuzz_check(ok || cJSON_IsString(cJSON_GetObjectItem(answer, "error")));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *at = (const char *)data, *end = at + size, *newline;

	fuzz_quiet();
	while (at < end) {
		__cleanup(mem_free) char *line = NULL;

		newline = memchr(at, '\n', end - at);
		newline = newline ? newline : end;
		line = fuzz_text(at, newline - at);
		ask(line, newline - at);
		at = newline + 1;
	}
	return 0;
}
