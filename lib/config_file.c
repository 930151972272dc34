/* SPDX-License-Identifier: Apache-2.0 */
#include "config.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "cleanup.h"
#include "config_keys.h"
#include "json.h"
#include "state.h"
#include "yaml.h"

enum { FILE_MAX = 1 << 20, VALUE_MAX = 4096 };

/* One scalar of the file as the command line would have it. */
static int append_scalar(const cJSON *value, char text[VALUE_MAX])
{
	size_t len = strlen(text), room = VALUE_MAX - len;
	double n = value->valuedouble;
	int wrote = 0;

	if (cJSON_IsString(value))
		wrote = snprintf(text + len, room, "%s", value->valuestring);
	else if (cJSON_IsBool(value))
		wrote = snprintf(text + len, room, "%s",
				 cJSON_IsTrue(value) ? "true" : "false");
	else if (cJSON_IsNumber(value) && fabs(n) < 1e15 && n == (long long)n)
		wrote = snprintf(text + len, room, "%.0f", n);
	else if (cJSON_IsNumber(value))
		wrote = snprintf(text + len, room, "%g", n);
	else
		return -EINVAL;
	return wrote < 0 || (size_t)wrote >= room ? -EINVAL : 0;
}

static bool is_list(const struct config_key *k)
{
	return k->kind == CONFIG_UPLINKS || k->kind == CONFIG_POD_CIDRS ||
	       k->kind == CONFIG_MASQ_EXCLUDE;
}

static int value_text(const struct config_key *k, const cJSON *value,
		      char text[VALUE_MAX], struct err *e)
{
	const cJSON *item;

	text[0] = 0;
	if (cJSON_IsNull(value))
		return err_set(e, EINVAL,
			       "%s: no value (write \"\" for an empty one)",
			       k->name);
	if (!cJSON_IsArray(value)) {
		if (append_scalar(value, text))
			return err_set(e, EINVAL, "%s: must be %s", k->name,
				       is_list(k) ? "a list" : "a plain value");
		return 0;
	}
	if (!is_list(k))
		return err_set(e, EINVAL, "%s: is not a list", k->name);
	cJSON_ArrayForEach (item, value) {
		size_t len = strlen(text);

		if (len && len + 1 < VALUE_MAX)
			strcpy(text + len, ",");
		if (append_scalar(item, text))
			return err_set(e, EINVAL,
				       "%s: must be a list of plain values",
				       k->name);
	}
	return 0;
}

static int set_from_file(struct config *c, const cJSON *value, struct err *e)
{
	const struct config_key *k = config_find(value->string);
	char text[VALUE_MAX] = "";
	int rc = 0;

	if (k)
		rc = value_text(k, value, text, e);
	return rc ? rc : config_set(c, value->string, text, e);
}

int config_read(const char *path, struct config *c, struct err *e)
{
	__cleanup(json_free) cJSON *documents = NULL;
	__cleanup(mem_free) char *text = NULL;
	struct config changed = *c;
	const cJSON *document, *value;
	size_t len = 0;
	int rc;

	rc = file_read(path, FILE_MAX, &text, &len, e);
	if (rc)
		return rc;
	rc = yaml_parse(path, text, len, &documents, e);
	if (rc)
		return rc;
	cJSON_ArrayForEach (document, documents) {
		if (cJSON_IsNull(document))
			continue;
		if (!cJSON_IsObject(document))
			return err_set(e, EINVAL, "%s:%d: not \"key: value\"",
				       path, yaml_line(document));
		cJSON_ArrayForEach (value, document) {
			rc = set_from_file(&changed, value, e);
			if (rc)
				return err_wrap(e, "%s:%d", path,
						yaml_line(value));
		}
	}
	*c = changed;
	return 0;
}
