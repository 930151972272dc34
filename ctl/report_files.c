/* SPDX-License-Identifier: Apache-2.0 */
/* Files: the state directory, logs, and the configuration, of which only what
 * is known to be no secret goes in. */
#include "report.h"

#include <dirent.h>
#include <glob.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "../lib/cleanup.h"
#include "../lib/config_keys.h"
#include "../lib/json.h"
#include "../lib/state.h"
#include "redact.h"

/* ---- the state directory --------------------------------------------- */

enum { ENDPOINTS_MAX = 500 };

static void report_endpoints(struct report *r)
{
	char path[1024], name[512];
	struct dirent *entry;
	int n = 0;
	DIR *dir;

	snprintf(path, sizeof(path), "%s/endpoints", r->ctl->state_dir);
	dir = opendir(path);
	while (dir && (entry = readdir(dir)) && n < ENDPOINTS_MAX) {
		if (entry->d_name[0] == '.')
			continue;
		n++;
		snprintf(path, sizeof(path), "%s/endpoints/%s",
			 r->ctl->state_dir, entry->d_name);
		snprintf(name, sizeof(name), "state/endpoints/%s",
			 entry->d_name);
		report_file(r, name, path, REPORT_HEAD);
	}
	if (dir)
		closedir(dir);
}

static int print_ip(const struct ip_owner *owner, void *arg)
{
	char text[ADDR_STRLEN];

	(void)arg;
	printf("%s %s %s %s\n", owner->network, addr_format(&owner->addr, text),
	       owner->container_id, owner->ifname);
	return 0;
}

static int print_ips(struct report *r, void *arg)
{
	struct err e = {0};
	int n_bad = 0;

	(void)arg;
	if (ip_file_each(r->ctl->state_dir, NULL, print_ip, NULL, &n_bad, &e))
		puts(e.msg);
	printf("(%d files cannot be read)\n", n_bad);
	return 0;
}

static void print_dir(const char *path, int depth)
{
	struct dirent **list;
	int n = scandir(path, &list, NULL, alphasort);

	for (int i = 0; i < n; i++) {
		char child[1024];
		struct stat st;

		if (strcmp(list[i]->d_name, ".") &&
		    strcmp(list[i]->d_name, "..") &&
		    snprintf(child, sizeof(child), "%s/%s", path,
			     list[i]->d_name) < (int)sizeof(child) &&
		    !lstat(child, &st)) {
			printf("%o %u:%u %lld %s\n", st.st_mode, st.st_uid,
			       st.st_gid, (long long)st.st_size, child);
			if (S_ISDIR(st.st_mode) && depth)
				print_dir(child, depth - 1);
		}
		free(list[i]);
	}
	if (n >= 0)
		free(list);
}

static int print_state(struct report *r, void *arg)
{
	(void)arg;
	print_dir(r->ctl->state_dir, 3);
	return 0;
}

static void report_state(struct report *r)
{
	static const char *const files[] = {"node.json", "policy.json",
					    "cni.log", "cni.log.1"};

	report_forked(r, "state/files.txt", print_state, NULL);
	report_forked(r, "state/ips.txt", print_ips, NULL);
	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
		char path[512], name[64];

		snprintf(path, sizeof(path), "%s/%s", r->ctl->state_dir,
			 files[i]);
		snprintf(name, sizeof(name), "state/%s", files[i]);
		report_file(r, name, path,
			    strstr(files[i], "log") ? REPORT_TAIL
						    : REPORT_HEAD);
	}
	report_endpoints(r);
}

/* ---- configuration --------------------------------------------------- */

/* Lines of keys that we know, and what is indented below them; not comments,
 * which may say anything. */
static void print_known(const char *line, bool *known)
{
	size_t indent = strspn(line, " \t-");
	char key[64];

	if (!line[indent] || line[indent] == '#')
		return;
	if (!indent) {
		snprintf(key, sizeof(key), "%.*s", (int)strcspn(line, ": \t"),
			 line);
		*known = config_find(key);
		if (!*known)
			printf("%s: " REDACTED "\n", key);
	}
	if (*known)
		printf("%.*s\n", (int)strcspn(line, "#"), line);
}

static int print_config(struct report *r, void *arg)
{
	__cleanup(mem_free) char *text = NULL;
	char *line, *save = NULL;
	struct err e = {0};
	bool known = false;

	(void)arg;
	if (file_read(r->config_file ? r->config_file : CONFIG_FILE_DEFAULT,
		      REPORT_FILE_MAX, &text, NULL, &e)) {
		puts(e.msg);
		return 1;
	}
	for (line = strtok_r(text, "\n", &save); line;
	     line = strtok_r(NULL, "\n", &save))
		print_known(line, &known);
	return 0;
}

/* Of CNI configurations, keys that hold no secrets; "args", say, may. */
static bool is_open_key(const char *key)
{
	static const char *const keys[] = {
		"cniVersion", "name",	      "type",	      "plugins",
		"ipam",	      "stateDir",     "mtu",	      "capabilities",
		"logFile",    "logLevel",     "disableCheck", "disableGC",
		"ips",	      "portMappings", "bandwidth",    "mac",
		"subnet",     "ranges",	      "dataDir",      "routes",
	};

	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++)
		if (!strcmp(key, keys[i]))
			return true;
	return false;
}

/* A copy that has the others' names only. */
static cJSON *open_copy(const cJSON *value)
{
	cJSON *copy, *child;

	if (cJSON_IsArray(value)) {
		copy = cJSON_CreateArray();
		cJSON_ArrayForEach (child, value)
			cJSON_AddItemToArray(copy, open_copy(child));
		return copy;
	}
	if (!cJSON_IsObject(value))
		return cJSON_Duplicate(value, 0);
	copy = cJSON_CreateObject();
	cJSON_ArrayForEach (child, value)
		cJSON_AddItemToObject(copy, child->string,
				      is_open_key(child->string)
					      ? open_copy(child)
					      : cJSON_CreateString(REDACTED));
	return copy;
}

static int print_cni_conf(struct report *r, void *arg)
{
	__cleanup(json_free) cJSON *doc = NULL, *copy = NULL;
	__cleanup(mem_free) char *text = NULL, *shown = NULL;
	struct err e = {0};
	size_t len;

	(void)r;
	if (file_read(arg, REPORT_FILE_MAX, &text, &len, &e) ||
	    json_parse(arg, text, len, &doc, &e)) {
		puts(e.msg);
		return 1;
	}
	copy = open_copy(doc);
	shown = cJSON_Print(copy);
	puts(shown ? shown : "");
	return 0;
}

static void report_configuration(struct report *r)
{
	const char *patterns[] = {"/etc/cni/net.d/*.conflist",
				  "/etc/cni/net.d/*.conf",
				  r->config.cni_conf_file};
	char name[256];

	report_forked(r, "config/fairlead.yaml", print_config, NULL);
	for (size_t p = 0; p < sizeof(patterns) / sizeof(patterns[0]); p++) {
		glob_t found = {0};

		if (*patterns[p] && !glob(patterns[p], 0, NULL, &found))
			for (size_t i = 0; i < found.gl_pathc; i++) {
				snprintf(name, sizeof(name),
					 "config/cni/%.200s",
					 strrchr(found.gl_pathv[i], '/') + 1);
				report_forked(r, name, print_cni_conf,
					      found.gl_pathv[i]);
			}
		globfree(&found);
	}
}

/* ---- logs ------------------------------------------------------------ */

static void report_logs(struct report *r)
{
	static char *const journal[] = {
		"/usr/bin/journalctl", "--unit=fairlead-agent", "--lines=5000",
		"--no-pager",	       "--output=short-iso",	NULL};
	static const char *const patterns[] = {
		"/var/log/fairlead*.log",
		"/var/log/pods/*_fairlead*/*/*.log",
		"/host/var/log/pods/*_fairlead*/*/*.log",
	};
	char name[256];
	int n = 0;

	if (r->log_file)
		report_file(r, "logs/agent.log", r->log_file, REPORT_TAIL);
	report_program(r, "logs/journal.txt", journal);
	for (size_t p = 0; p < sizeof(patterns) / sizeof(patterns[0]); p++) {
		glob_t found = {0};

		if (!glob(patterns[p], 0, NULL, &found))
			for (size_t i = 0; i < found.gl_pathc && n < 20; i++) {
				snprintf(name, sizeof(name), "logs/%d-%.200s",
					 n++,
					 strrchr(found.gl_pathv[i], '/') + 1);
				report_file(r, name, found.gl_pathv[i],
					    REPORT_TAIL);
			}
		globfree(&found);
	}
}

void report_files(struct report *r)
{
	report_state(r);
	report_configuration(r);
	report_logs(r);
}
