/* SPDX-License-Identifier: Apache-2.0 */
#include "verbs.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <cjson/cJSON.h>

#include "../lib/cleanup.h"
#include "../lib/json.h"

int output_text(const char *text, struct failure *f)
{
	if (printf("%s\n", text) < 0 || fflush(stdout))
		return failure_set(f, CNI_IO, "write standard output: %s",
				   strerror(errno));
	return 0;
}

int verb_version(const struct call *c, struct failure *f)
{
	__cleanup(json_free) cJSON *obj = cJSON_CreateObject();
	__cleanup(mem_free) char *text = NULL;
	cJSON *list;
	int v;

	cJSON_AddStringToObject(obj, "cniVersion",
				cni_version_name(c->conf.version));
	list = cJSON_AddArrayToObject(obj, "supportedVersions");
	for (v = 0; v < CNI_VERSION_COUNT; v++)
		cJSON_AddItemToArray(list,
				     cJSON_CreateString(cni_version_name(v)));
	text = cJSON_Print(obj);
	if (!text)
		return failure_set(f, CNI_IO, "out of memory");
	return output_text(text, f);
}
