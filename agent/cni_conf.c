/* SPDX-License-Identifier: Apache-2.0 */
#include "cni_conf.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "../lib/cleanup.h"
#include "../lib/json.h"
#include "../lib/log.h"
#include "../lib/state.h"

enum { CONF_MAX = 64 << 10, CONF_MODE = 0644 };

/* Just enough to know that it is a network's configuration; all else is the
 * plugins' to judge. */
static int check(const char *path, const char *text, size_t len, struct err *e)
{
	__cleanup(json_free) cJSON *conf = NULL;
	const cJSON *plugins;
	int rc = json_parse(path, text, len, &conf, e);

	if (rc)
		return rc;
	plugins = cJSON_GetObjectItemCaseSensitive(conf, "plugins");
	if (!cJSON_IsString(cJSON_GetObjectItemCaseSensitive(conf, "name")) ||
	    !cJSON_IsArray(plugins) || !cJSON_GetArraySize(plugins))
		return err_set(e, EINVAL,
			       "%s: not a list of plugins: it needs \"name\" "
			       "and \"plugins\"",
			       path);
	return 0;
}

static bool is_there(const char *path, const char *text, size_t len)
{
	__cleanup(mem_free) char *now = NULL;
	size_t n = 0;

	return !file_read(path, CONF_MAX, &now, &n, NULL) && n == len &&
	       !memcmp(now, text, len);
}

static int make_parent(const char *path, struct err *e)
{
	char dir[sizeof(((struct config *)0)->cni_conf_file)];

	snprintf(dir, sizeof(dir), "%.*s", (int)(strrchr(path, '/') - path),
		 path);
	return *dir ? dir_make(dir, e) : 0;
}

int cni_conf_install(const struct config *c, struct err *e)
{
	__cleanup(mem_free) char *text = NULL;
	size_t len = 0;
	int rc;

	if (!c->cni_conf_file[0])
		return 0;
	rc = file_read(c->cni_conf_source, CONF_MAX, &text, &len, e);
	if (!rc)
		rc = check(c->cni_conf_source, text, len, e);
	if (rc)
		return err_wrap(e, "cni-conf-source");
	if (is_there(c->cni_conf_file, text, len))
		return 0;
	rc = make_parent(c->cni_conf_file, e);
	/* Its temporary name has no extension: no runtime takes it for one. */
	if (!rc)
		rc = file_write_atomic(c->cni_conf_file, text, len, CONF_MODE,
				       e);
	if (rc)
		return err_wrap(e, "cni-conf-file");
	log_info("CNI configuration in place", "file=%s", c->cni_conf_file);
	return 0;
}
