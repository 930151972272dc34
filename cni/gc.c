/* SPDX-License-Identifier: Apache-2.0 */
#include "verbs.h"

#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../lib/cleanup.h"
#include "../loader/loader.h"
#include "attachment.h"
#include "delegate.h"
#include "entries.h"
#include "interrupt.h"
#include "journal.h"
#include "lock.h"
#include "removal.h"

struct gc {
	const struct call *call;
	const char *bpf_root;
	struct link_ctx *host;
	struct failure *failure; /* the first one */
	int failures;
	int removed;
};

static void note(struct gc *gc, const struct failure *f)
{
	journal(LOG_LEVEL_WARN, "garbage stays", "error=\"%s\"", f->msg);
	if (!gc->failures++)
		*gc->failure = *f;
}

static void note_err(struct gc *gc, const struct err *e)
{
	struct failure f;

	failure_from(&f, CNI_GC, e, NULL);
	note(gc, &f);
}

/* ---- the list of the living ---------------------------------------------- */

static const char *text_of(const cJSON *obj, const char *key)
{
	const cJSON *value = cJSON_GetObjectItemCaseSensitive(obj, key);

	return cJSON_IsString(value) ? value->valuestring : NULL;
}

/* All of it must be understood: what is not would be taken for dead. */
static int check_list(const struct call *c, struct failure *f)
{
	const cJSON *list = c->conf.valid_attachments, *item;

	if (!list)
		return failure_set(f, CNI_CONFIG,
				   "network configuration: key "
				   "\"cni.dev/valid-attachments\" is missing");
	if (!cJSON_IsArray(list) && !cJSON_IsNull(list))
		return failure_set(
			f, CNI_CONFIG,
			"network configuration: "
			"\"cni.dev/valid-attachments\" must be a list");
	cJSON_ArrayForEach (item, list)
		if (!text_of(item, "containerID") || !text_of(item, "ifname"))
			return failure_set(
				f, CNI_CONFIG,
				"network configuration: each of "
				"\"cni.dev/valid-attachments\" must have "
				"\"containerID\" and \"ifname\"");
	return 0;
}

static bool is_valid(const struct call *c, const char *container_id,
		     const char *ifname)
{
	const cJSON *item;

	cJSON_ArrayForEach (item, c->conf.valid_attachments)
		if (!strcmp(text_of(item, "containerID"), container_id) &&
		    !strcmp(text_of(item, "ifname"), ifname))
			return true;
	return false;
}

/* ---- attachments --------------------------------------------------------- */

/* Collected first: removing changes the directory that is being read. */
struct dead {
	struct endpoint_record *records;
	int n, room;
	const struct call *call;
};

static int collect_dead(const struct endpoint_record *r, void *arg)
{
	struct endpoint_record *bigger;
	struct dead *dead = arg;

	if (strcmp(r->network, dead->call->conf.name) ||
	    is_valid(dead->call, r->container_id, r->ifname))
		return 0;
	if (dead->n == dead->room) {
		dead->room = dead->room ? dead->room * 2 : 16;
		bigger = realloc(dead->records,
				 (size_t)dead->room * sizeof(*bigger));
		if (!bigger)
			return -ENOMEM;
		dead->records = bigger;
	}
	dead->records[dead->n++] = *r;
	return 0;
}

static void remove_dead(struct gc *gc)
{
	struct dead dead = {.call = gc->call};
	struct failure f;
	struct err e = {.code = ENOMEM, .msg = "out of memory"};
	int i;

	if (endpoint_record_each(gc->call->conf.state_dir, collect_dead, &dead,
				 NULL, &e))
		note_err(gc, &e);
	for (i = 0; i < dead.n; i++) {
		if (removal_run(gc->call, &dead.records[i], gc->bpf_root,
				gc->host, &f)) {
			note(gc, &f);
			continue;
		}
		gc->removed++;
		journal(LOG_LEVEL_INFO, "removed a dead attachment",
			"container=%s ifname=%s device=%s",
			dead.records[i].container_id, dead.records[i].ifname,
			dead.records[i].host_device);
	}
	free(dead.records);
}

/* ---- files --------------------------------------------------------------- */

static void dir_close(DIR **dir)
{
	if (*dir)
		closedir(*dir);
}

static bool has_suffix(const char *name, const char *suffix)
{
	size_t len = strlen(name), tail = strlen(suffix);

	return len > tail && !strcmp(name + len - tail, suffix);
}

static bool is_temporary(const char *name)
{
	return !strncmp(name, FILE_TEMP_PREFIX, strlen(FILE_TEMP_PREFIX));
}

/* An endpoint file that cannot be read: may its name be a living one's? */
static bool names_valid(const struct call *c, const char *file)
{
	const cJSON *item;
	char name[300];

	cJSON_ArrayForEach (item, c->conf.valid_attachments) {
		snprintf(name, sizeof(name), "%.220s-%.15s.json",
			 text_of(item, "containerID"), text_of(item, "ifname"));
		if (!strcmp(name, file))
			return true;
	}
	return false;
}

/* The name is cut in two at every dash: both halves may have some. */
static bool record_is_broken(const char *state_dir, const char *file)
{
	char name[NAME_MAX + 1];
	struct endpoint_record r;
	char *dash;
	int ret;

	snprintf(name, sizeof(name), "%.*s", (int)(strlen(file) - 5), file);
	for (dash = strchr(name, '-'); dash; dash = strchr(dash + 1, '-')) {
		*dash = '\0';
		ret = endpoint_record_read(state_dir, name, dash + 1, &r, NULL);
		if (!ret || file_is_out_of_reach(ret))
			return false;
		*dash = '-';
	}
	return true;
}

static bool is_broken_record(const struct call *c, const char *file)
{
	return has_suffix(file, ".json") && !names_valid(c, file) &&
	       record_is_broken(c->conf.state_dir, file);
}

/* An address whose file names nobody. */
static bool is_broken_address(const struct call *c, const char *file)
{
	struct ip_owner owner;
	struct fl_addr addr;

	return !addr_parse(file, &addr) &&
	       ip_file_read(c->conf.state_dir, c->conf.name, &addr, &owner,
			    NULL) == -EINVAL;
}

static void clean_dir(struct gc *gc, const char *path,
		      bool (*is_broken)(const struct call *c, const char *file))
{
	__cleanup(dir_close) DIR *dir = opendir(path);
	struct dirent *entry;

	while (dir && (entry = readdir(dir))) {
		if (!is_temporary(entry->d_name) &&
		    !is_broken(gc->call, entry->d_name))
			continue;
		if (!unlinkat(dirfd(dir), entry->d_name, 0)) {
			gc->removed++;
			journal(LOG_LEVEL_INFO, "removed a broken file",
				"file=%s/%s", path, entry->d_name);
		}
	}
}

static void clean_files(struct gc *gc)
{
	const struct conf *conf = &gc->call->conf;
	char path[600];

	snprintf(path, sizeof(path), "%s/endpoints", conf->state_dir);
	clean_dir(gc, path, is_broken_record);
	snprintf(path, sizeof(path), "%s/ips/%s", conf->state_dir, conf->name);
	clean_dir(gc, path, is_broken_address);
}

/* ---- addresses ----------------------------------------------------------- */

static int remove_orphan(const struct ip_owner *owner, void *arg)
{
	struct gc *gc = arg;
	const char *state_dir = gc->call->conf.state_dir;
	struct endpoint_record r;
	char text[ADDR_STRLEN];
	struct err e;
	int ret;

	if (is_valid(gc->call, owner->container_id, owner->ifname))
		return 0;
	ret = endpoint_record_read(state_dir, owner->container_id,
				   owner->ifname, &r, NULL);
	if (!ret || file_is_out_of_reach(ret))
		return 0;
	if (ip_file_remove(state_dir, owner, &e)) {
		note_err(gc, &e);
		return 0;
	}
	gc->removed++;
	journal(LOG_LEVEL_INFO, "freed an address without an attachment",
		"address=%s container=%s", addr_format(&owner->addr, text),
		owner->container_id);
	return 0;
}

/* ---- devices ------------------------------------------------------------- */

static bool is_ours_by_name(const struct link_info *l)
{
	return !strcmp(l->kind, "veth") && !strncmp(l->name, "fl_", 3) &&
	       strlen(l->name) == 15 &&
	       strspn(l->name + 3, "0123456789abcdef") == 12;
}

static int has_device(const struct endpoint_record *r, void *name)
{
	return !strcmp(r->host_device, name);
}

static bool is_listed_device(const struct call *c, const char *device)
{
	const cJSON *item;
	char name[16];

	cJSON_ArrayForEach (item, c->conf.valid_attachments) {
		host_device_name(text_of(item, "containerID"),
				 text_of(item, "ifname"), name);
		if (!strcmp(name, device))
			return true;
	}
	return false;
}

struct owner_search {
	const struct call *call;
	const char *device;
};

/* Does somebody of another network have an address, and this device? */
static int is_anothers_device(const struct ip_owner *owner, void *arg)
{
	const struct owner_search *search = arg;
	char name[16];

	host_device_name(owner->container_id, owner->ifname, name);
	return strcmp(owner->network, search->call->conf.name) &&
	       !strcmp(name, search->device);
}

/* Has it an attachment, recorded or listed or with an address? */
static bool is_claimed_device(struct gc *gc, char *device)
{
	struct owner_search search = {.call = gc->call, .device = device};
	const char *state_dir = gc->call->conf.state_dir;
	int bad = 0;

	return is_listed_device(gc->call, device) ||
	       endpoint_record_each(state_dir, has_device, device, &bad,
				    NULL) ||
	       bad ||
	       ip_file_each(state_dir, NULL, is_anothers_device, &search, NULL,
			    NULL);
}

static int remove_stray_device(const struct link_info *l, void *arg)
{
	struct gc *gc = arg;
	char name[16];
	struct err e = {0};

	memcpy(name, l->name, sizeof(name));
	if (!is_ours_by_name(l) || is_claimed_device(gc, name))
		return 0;
	if (detach_device(gc->bpf_root, l->ifindex, &e) ||
	    link_del(gc->host, l->name, &e)) {
		note_err(gc, &e);
		return 0;
	}
	gc->removed++;
	journal(LOG_LEVEL_INFO, "removed a device without an attachment",
		"device=%s", l->name);
	return 0;
}

/* ---- pins and map entries ------------------------------------------------ */

static void sweep_datapath(struct gc *gc)
{
	__cleanup(fd_close) int map = -1;
	struct err e;
	int n = 0;

	if (attach_sweep(gc->bpf_root, &n, &e) && e.code != ENOENT)
		note_err(gc, &e);
	gc->removed += n;
	map = map_open(gc->bpf_root, FL_MAP_ENDPOINTS, &e);
	if (map < 0)
		return; /* nothing is loaded */
	n = entries_sweep(map, gc->host, 0, &e);
	if (n < 0 || (n > 0 && epoch_raise(gc->bpf_root, &e)))
		note_err(gc, &e);
	else
		gc->removed += n;
}

/* ---- all of it ----------------------------------------------------------- */

static void forward(struct gc *gc)
{
	struct failure f;

	if (gc->call->conf.ipam_type[0] &&
	    delegate_exec_optional(gc->call, "GC", &f))
		note(gc, &f);
}

static void collect(struct gc *gc)
{
	const struct conf *conf = &gc->call->conf;
	struct err e;

	remove_dead(gc);
	clean_files(gc);
	if (ip_file_each(conf->state_dir, conf->name, remove_orphan, gc, NULL,
			 &e))
		note_err(gc, &e);
	if (link_each(gc->host, remove_stray_device, gc, &e))
		note_err(gc, &e);
	sweep_datapath(gc);
	forward(gc);
}

int verb_gc(const struct call *c, struct failure *f)
{
	__cleanup(link_close) struct link_ctx *host = NULL;
	struct gc gc = {.call = c, .failure = f};
	__cleanup(fd_close) int lock = -1;
	char bpf_root[256];
	struct err e;
	int ret;

	ret = check_list(c, f);
	if (ret)
		return ret;
	if (access(c->conf.state_dir, F_OK) && errno == ENOENT)
		return 0; /* nothing was ever attached */
	ret = state_lock_alone(c->conf.state_dir, &lock, f);
	if (ret)
		return ret;
	interrupt_ignore();
	if (link_open(&host, &e))
		return failure_from(f, CNI_KERNEL, &e, NULL);
	gc.host = host;
	ret = removal_root(c, bpf_root, f);
	if (ret)
		return ret;
	gc.bpf_root = bpf_root;
	collect(&gc);
	journal(LOG_LEVEL_INFO, "garbage collected", "removed=%d failures=%d",
		gc.removed, gc.failures);
	return gc.failures ? f->code : 0;
}
