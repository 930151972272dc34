/* SPDX-License-Identifier: Apache-2.0 */
#include "state.h"

#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cleanup.h"
#include "json.h"

#define RECORD_MAX	(64 * 1024)
#define RECORD_PATH_MAX 1024

static const char *const record_keys[] = {
	"version",    "containerID",  "ifname",	 "netns",  "network",
	"hostDevice", "ifindex",      "mac",	 "mtu",	   "addresses",
	"ipam",	      "podNamespace", "podName", "podUID", "bootID",
	"created",    NULL,
};

static int record_path(const char *state_dir, const char *container_id,
		       const char *ifname, char path[RECORD_PATH_MAX],
		       struct err *e)
{
	if (!name_is_safe(container_id, CONTAINER_ID_MAX) ||
	    !ifname_is_valid(ifname))
		return err_set(e, EINVAL,
			       "no file name can be made of container id "
			       "\"%.80s\" and interface \"%.20s\"",
			       container_id, ifname);
	if (snprintf(path, RECORD_PATH_MAX, "%s/endpoints/%s-%s.json",
		     state_dir, container_id, ifname) >= RECORD_PATH_MAX)
		return err_sys(e, ENAMETOOLONG, "state directory %.200s",
			       state_dir);
	return 0;
}

static int parse_strings(const cJSON *obj, struct endpoint_record *r,
			 struct err *e)
{
	const struct {
		const char *key;
		char *out;
		size_t size;
	} strings[] = {
		{"containerID", r->container_id, sizeof(r->container_id)},
		{"ifname", r->ifname, sizeof(r->ifname)},
		{"netns", r->netns, sizeof(r->netns)},
		{"network", r->network, sizeof(r->network)},
		{"hostDevice", r->host_device, sizeof(r->host_device)},
		{"ipam", r->ipam, sizeof(r->ipam)},
		{"podNamespace", r->pod_namespace, sizeof(r->pod_namespace)},
		{"podName", r->pod_name, sizeof(r->pod_name)},
		{"podUID", r->pod_uid, sizeof(r->pod_uid)},
		{"bootID", r->boot_id, sizeof(r->boot_id)},
	};
	size_t i;
	int ret;

	for (i = 0; i < sizeof(strings) / sizeof(strings[0]); i++) {
		ret = json_get_string(obj, strings[i].key, strings[i].out,
				      strings[i].size, e);
		if (ret)
			return ret;
	}
	return 0;
}

/* What becomes part of a path, or of a request for a device. */
static int check_names(const struct endpoint_record *r, struct err *e)
{
	if (!name_is_safe(r->container_id, CONTAINER_ID_MAX))
		return err_set(e, EINVAL, "\"containerID\" is not one");
	if (!ifname_is_valid(r->ifname))
		return err_set(e, EINVAL, "\"ifname\" is no device's name");
	if (!ifname_is_valid(r->host_device))
		return err_set(e, EINVAL, "\"hostDevice\" is no device's name");
	if (!name_is_safe(r->network, NETWORK_NAME_MAX))
		return err_set(e, EINVAL, "\"network\" is no network's name");
	return 0;
}

static int parse_record(const cJSON *obj, struct endpoint_record *r,
			struct err *e)
{
	unsigned long long number;
	int ret;

	ret = json_check_keys(obj, record_keys, e);
	if (!ret)
		ret = json_get_uint(obj, "version", 1, 1, &number, e);
	if (!ret)
		ret = parse_strings(obj, r, e);
	if (!ret)
		ret = check_names(r, e);
	if (!ret)
		ret = json_get_mac(obj, "mac", r->mac, e);
	if (!ret)
		ret = json_get_addrs(obj, "addresses", r->addrs,
				     STATE_ADDRS_MAX, &r->n_addrs, e);
	if (!ret)
		ret = json_get_uint(obj, "ifindex", 0, INT_MAX, &number, e);
	if (ret)
		return ret;
	r->ifindex = (unsigned int)number;
	ret = json_get_uint(obj, "mtu", 0, 65535, &number, e);
	if (ret)
		return ret;
	r->mtu = (unsigned int)number;
	ret = json_get_uint(obj, "created", 0, 1ULL << 52, &number, e);
	if (ret)
		return ret;
	r->created = (long long)number;
	return 0;
}

static int record_read_path(const char *path, struct endpoint_record *out,
			    struct err *e)
{
	__cleanup(mem_free) char *text = NULL;
	__cleanup(json_free) cJSON *obj = NULL;
	struct endpoint_record r = {0};
	size_t len;
	int ret;

	ret = state_file_read(path, RECORD_MAX, &text, &len, e);
	if (ret)
		return ret;
	ret = json_parse(path, text, len, &obj, e);
	if (ret)
		return ret;
	ret = parse_record(obj, &r, e);
	if (ret) {
		err_wrap(e, "%s", path);
		return ret;
	}
	*out = r;
	return 0;
}

int endpoint_record_read(const char *state_dir, const char *container_id,
			 const char *ifname, struct endpoint_record *out,
			 struct err *e)
{
	struct endpoint_record r;
	char path[RECORD_PATH_MAX];
	int ret;

	ret = record_path(state_dir, container_id, ifname, path, e);
	if (!ret)
		ret = record_read_path(path, &r, e);
	if (ret)
		return ret;
	/* "a-b" with "c" and "a" with "b-c" share a file name. */
	if (strcmp(r.container_id, container_id) || strcmp(r.ifname, ifname))
		return err_set(e, ENOENT, "%s belongs to container %s", path,
			       r.container_id);
	*out = r;
	return 0;
}

static cJSON *record_to_json(const struct endpoint_record *in)
{
	cJSON *obj = cJSON_CreateObject(), *list;
	char mac[MAC_STRLEN], addr[ADDR_STRLEN];
	int i;

	cJSON_AddNumberToObject(obj, "version", 1);
	cJSON_AddStringToObject(obj, "containerID", in->container_id);
	cJSON_AddStringToObject(obj, "ifname", in->ifname);
	cJSON_AddStringToObject(obj, "netns", in->netns);
	cJSON_AddStringToObject(obj, "network", in->network);
	cJSON_AddStringToObject(obj, "hostDevice", in->host_device);
	cJSON_AddNumberToObject(obj, "ifindex", in->ifindex);
	cJSON_AddStringToObject(obj, "mac", mac_format(in->mac, mac));
	cJSON_AddNumberToObject(obj, "mtu", in->mtu);
	list = cJSON_AddArrayToObject(obj, "addresses");
	for (i = 0; i < in->n_addrs; i++)
		cJSON_AddItemToArray(list, cJSON_CreateString(addr_format(
						   &in->addrs[i], addr)));
	cJSON_AddStringToObject(obj, "ipam", in->ipam);
	cJSON_AddStringToObject(obj, "podNamespace", in->pod_namespace);
	cJSON_AddStringToObject(obj, "podName", in->pod_name);
	cJSON_AddStringToObject(obj, "podUID", in->pod_uid);
	cJSON_AddStringToObject(obj, "bootID", in->boot_id);
	cJSON_AddNumberToObject(obj, "created", (double)in->created);
	return obj;
}

int endpoint_record_write(const char *state_dir,
			  const struct endpoint_record *in, struct err *e)
{
	__cleanup(json_free) cJSON *obj = NULL;
	__cleanup(mem_free) char *text = NULL;
	struct endpoint_record old;
	char path[RECORD_PATH_MAX], dir[512];
	int ret;

	ret = record_path(state_dir, in->container_id, in->ifname, path, e);
	if (ret)
		return ret;
	if (!record_read_path(path, &old, NULL) &&
	    (strcmp(old.container_id, in->container_id) ||
	     strcmp(old.ifname, in->ifname)))
		return err_set(e, EEXIST, "%s belongs to container %s", path,
			       old.container_id);
	obj = record_to_json(in);
	text = cJSON_Print(obj);
	if (!text)
		return err_sys(e, ENOMEM, "write %s", path);
	snprintf(dir, sizeof(dir), "%s/endpoints", state_dir);
	ret = state_dir_make(dir, e);
	if (ret)
		return ret;
	return file_write_atomic(path, text, strlen(text), 0600, e);
}

int endpoint_record_remove(const char *state_dir, const char *container_id,
			   const char *ifname, struct err *e)
{
	struct endpoint_record r;
	char path[RECORD_PATH_MAX];
	int ret;

	ret = record_path(state_dir, container_id, ifname, path, e);
	if (ret)
		return ret;
	if (!record_read_path(path, &r, NULL) &&
	    (strcmp(r.container_id, container_id) || strcmp(r.ifname, ifname)))
		return 0;
	if (unlink(path) && errno != ENOENT && errno != ENOTDIR)
		return err_sys(e, errno, "remove %s", path);
	return 0;
}

static void dir_close(DIR **dir)
{
	if (*dir)
		closedir(*dir);
}

static bool is_record_name(const char *name)
{
	size_t len = strlen(name);

	return name[0] != '.' && len > 5 && !strcmp(name + len - 5, ".json");
}

int endpoint_record_each(const char *state_dir,
			 int (*fn)(const struct endpoint_record *r, void *arg),
			 void *arg, int *n_bad, struct err *e)
{
	__cleanup(dir_close) DIR *dir = NULL;
	struct endpoint_record r;
	char path[RECORD_PATH_MAX];
	struct dirent *entry;
	int ret, bad = 0, result = 0;

	if (n_bad)
		*n_bad = 0;
	snprintf(path, sizeof(path), "%.500s/endpoints", state_dir);
	dir = opendir(path);
	if (!dir && errno == ENOENT)
		return 0;
	if (!dir)
		return err_sys(e, errno, "open %s", path);
	while (errno = 0, (entry = readdir(dir))) {
		if (!is_record_name(entry->d_name))
			continue;
		snprintf(path, sizeof(path), "%.500s/endpoints/%s", state_dir,
			 entry->d_name);
		ret = record_read_path(path, &r, e);
		if (file_is_out_of_reach(ret))
			result = ret;
		else if (ret && ret != -ENOENT)
			bad++;
		if (ret)
			continue;
		ret = fn(&r, arg);
		if (ret)
			return ret;
	}
	if (errno)
		result = err_sys(e, errno, "read %.500s/endpoints", state_dir);
	if (n_bad)
		*n_bad = bad;
	return result;
}
