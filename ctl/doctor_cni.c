/* SPDX-License-Identifier: Apache-2.0 */
/* Will the container runtime call our plugin? It reads the first configuration
 * of a directory, in the order of the files' names. */
#include "doctor.h"

#include <dirent.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../lib/cleanup.h"
#include "../lib/json.h"
#include "../lib/state.h"

#define CNI_DIR_DEFAULT "/etc/cni/net.d"

enum { CONF_MAX = 64 << 10 };

static const char *cni_dir(const struct doctor *d, char buf[256])
{
	const char *file = d->config.cni_conf_file;
	const char *slash = strrchr(file, '/');

	if (d->options->cni_dir)
		return d->options->cni_dir;
	if (!slash || slash == file)
		return CNI_DIR_DEFAULT;
	snprintf(buf, 256, "%.*s", (int)(slash - file), file);
	return buf;
}

static int is_conf(const struct dirent *entry)
{
	const char *dot = strrchr(entry->d_name, '.');

	return dot && (!strcmp(dot, ".conf") || !strcmp(dot, ".conflist") ||
		       !strcmp(dot, ".json"));
}

static bool names_us(const cJSON *plugin)
{
	const cJSON *type = cJSON_GetObjectItemCaseSensitive(plugin, "type");

	return cJSON_IsString(type) &&
	       !strcmp(type->valuestring, "fairlead-cni");
}

enum conf { CONF_OTHERS, CONF_OURS, CONF_BROKEN };

static enum conf read_conf(const char *dir, const char *name)
{
	__cleanup(json_free) cJSON *doc = NULL;
	__cleanup(mem_free) char *text = NULL;
	const cJSON *plugin;
	char path[512];
	size_t len;

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	if (file_read(path, CONF_MAX, &text, &len, NULL) ||
	    json_parse(path, text, len, &doc, NULL))
		return CONF_BROKEN;
	if (names_us(doc))
		return CONF_OURS;
	cJSON_ArrayForEach (plugin,
			    cJSON_GetObjectItemCaseSensitive(doc, "plugins"))
		if (names_us(plugin))
			return CONF_OURS;
	return CONF_OTHERS;
}

/* In their order; the first that is ours ends it. */
static int judge_confs(struct doctor *d, const char *dir, struct dirent **list,
		       int n)
{
	int others = 0;

	for (int i = 0; i < n; i++) {
		const char *name = list[i]->d_name;

		switch (read_conf(dir, name)) {
		case CONF_OURS:
			if (!others)
				doctor_say(d, DOCTOR_OK, "",
					   "%.150s/%.80s is the first "
					   "configuration, and ours",
					   dir, name);
			return 0;
		case CONF_BROKEN:
			others++;
			doctor_say(d, DOCTOR_WRONG,
				   "Mend it or move it away: the runtime may "
				   "stop at it.",
				   "%.150s/%.80s cannot be read as JSON", dir,
				   name);
			break;
		case CONF_OTHERS:
			others++;
			doctor_say(d, DOCTOR_WRONG,
				   "Move it away: the runtime takes the first "
				   "of a directory, so new pods are not in "
				   "this network.",
				   "another network's configuration comes "
				   "first: %.150s/%.80s",
				   dir, name);
		}
	}
	return -1;
}

static void judge_dir(struct doctor *d, const char *dir)
{
	struct dirent **list = NULL;
	int n = scandir(dir, &list, is_conf, alphasort);

	if (n < 0 || judge_confs(d, dir, list, n))
		doctor_say(d, DOCTOR_WARNING,
			   "Without one no container runtime starts pods in "
			   "this network. The agent puts it there "
			   "(`cni-conf-file`), or copy one of deploy/cni/.",
			   "no configuration in %.200s names fairlead-cni",
			   dir);
	for (int i = 0; i < n; i++)
		free(list[i]);
	free(list);
}

static void judge_plugin(struct doctor *d)
{
	char path[512];

	snprintf(path, sizeof(path), "%s/fairlead-cni", d->options->cni_bin);
	if (access(path, X_OK))
		doctor_say(d, DOCTOR_WARNING,
			   "Install it there, or say where it is: --cni-bin.",
			   "no plugin that can be run at %.200s", path);
}

void doctor_cni(struct doctor *d)
{
	char buf[256];

	judge_dir(d, cni_dir(d, buf));
	judge_plugin(d);
}
