/* SPDX-License-Identifier: Apache-2.0 */
#include "mapset.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "../lib/cleanup.h"
#include "loader.h"
#include "pins.h"

static bool is_abi_map(const char *name)
{
	for (const char *const *n = map_names(); *n; n++)
		if (!strcmp(*n, name))
			return true;
	return false;
}

static struct mapset_entry *find(struct mapset *s, const char *name)
{
	for (int i = 0; i < s->n; i++)
		if (!strcmp(bpf_map__name(s->entries[i].map), name))
			return &s->entries[i];
	return NULL;
}

int mapset_fd(const struct mapset *s, const char *name)
{
	struct mapset_entry *m = find((struct mapset *)s, name);

	return m ? bpf_map__fd(m->map) : -1;
}

/* ---- does a pinned map fit? ------------------------------------------- */

/* The sizes of these may differ from ours: they hold what they can. Slots of
 * an array, on the other hand, are addressed. */
static bool is_elastic(__u32 type)
{
	return type != BPF_MAP_TYPE_ARRAY &&
	       type != BPF_MAP_TYPE_PERCPU_ARRAY &&
	       type != BPF_MAP_TYPE_PROG_ARRAY;
}

struct layout_item {
	const char *what;
	__u32 pinned, ours;
};

static bool has_misfit(const struct bpf_map *map,
		       const struct bpf_map_info *info, char *text, size_t len)
{
	const struct layout_item items[] = {
		{"type", info->type, bpf_map__type(map)},
		{"key size", info->key_size, bpf_map__key_size(map)},
		{"value size", info->value_size, bpf_map__value_size(map)},
		{"flags", info->map_flags, bpf_map__map_flags(map)},
		{"entries", info->max_entries,
		 is_elastic(info->type) ? info->max_entries
					: bpf_map__max_entries(map)},
	};

	for (size_t i = 0; i < sizeof(items) / sizeof(*items); i++) {
		if (items[i].pinned == items[i].ours)
			continue;
		snprintf(text, len, "%s is %u, must be %u", items[i].what,
			 items[i].pinned, items[i].ours);
		return true;
	}
	return false;
}

static void set_size(const struct mapset *s, struct bpf_map *map)
{
	if (bpf_map__type(map) != BPF_MAP_TYPE_LRU_HASH)
		return;
	if (!strcmp(bpf_map__name(map), FL_MAP_FLOWS))
		bpf_map__set_max_entries(map, s->flows_max);
	else if (bpf_map__max_entries(map) < s->lru_min)
		bpf_map__set_max_entries(map, s->lru_min);
}

/* ---- prepare ---------------------------------------------------------- */

static int adopt(const struct mapset *s, struct mapset_entry *m, int fd,
		 struct err *e)
{
	const char *name = bpf_map__name(m->map);
	struct bpf_map_info info = {0};
	__u32 len = sizeof(info), wanted = bpf_map__max_entries(m->map);
	char why[96];
	bool misfit;
	int r;

	r = bpf_obj_get_info_by_fd(fd, &info, &len);
	if (r)
		return err_sys(e, -r, "look at pinned map %s", name);
	misfit = has_misfit(m->map, &info, why, sizeof(why));
	if (misfit && !s->rebuild)
		return err_set(e, EEXIST,
			       "pinned map %s/" FL_ABI_DIR "/maps/%s does not "
			       "fit this version (%s): run `fairlead-loader "
			       "load --rebuild`, or `fairlead-loader unload` "
			       "with the version that made it",
			       s->bpf_root, name, why);
	if (misfit || (s->rebuild && wanted != info.max_entries)) {
		m->origin = MAP_REBUILT;
		m->old_fd = dup(fd);
		return 0;
	}
	if (wanted != info.max_entries)
		log_warn(
			"a pinned map keeps its size, load --rebuild changes it",
			"map=%s entries=%u wanted=%u", name, info.max_entries,
			wanted);
	r = bpf_map__reuse_fd(m->map, fd);
	if (r)
		return err_sys(e, -r, "adopt map %s", name);
	m->origin = MAP_ADOPTED;
	return 0;
}

static int prepare_one(struct mapset *s, struct bpf_map *map, struct err *e)
{
	struct mapset_entry *m = find(s, bpf_map__name(map));
	char path[PIN_PATH_MAX];
	__cleanup(fd_close) int fd = -1;
	int r;

	if (m) { /* the other object has it */
		r = bpf_map__reuse_fd(map, bpf_map__fd(m->map));
		return r ? err_sys(e, -r, "share map %s", bpf_map__name(map))
			 : 0;
	}
	if (s->n == MAPSET_MAX)
		return err_set(e, E2BIG, "more maps than MAPSET_MAX");
	m = &s->entries[s->n++];
	*m = (struct mapset_entry){.map = map, .origin = MAP_NEW, .old_fd = -1};
	set_size(s, map);
	pin_path(path, s->bpf_root, "maps/%s", bpf_map__name(map));
	fd = bpf_obj_get(path);
	if (fd == -ENOENT)
		return 0;
	if (fd < 0)
		return err_sys(e, -fd, "open %s", path);
	return adopt(s, m, fd, e);
}

int mapset_prepare(struct mapset *s, struct bpf_object *obj, struct err *e)
{
	struct bpf_map *map;
	int r;

	bpf_object__for_each_map(map, obj)
	{
		if (!is_abi_map(bpf_map__name(map)))
			continue;
		r = prepare_one(s, map, e);
		if (r)
			return r;
	}
	return 0;
}

/* ---- pins ------------------------------------------------------------- */

struct copy {
	int to;
	__u64 flags;
};

static int copy_one(const void *key, const void *value, void *arg)
{
	struct copy *c = arg;

	/* What has no room is lost: a smaller map was asked for. */
	bpf_map_update_elem(c->to, key, value, c->flags);
	return 0;
}

static bool is_copyable(int from, int to)
{
	struct bpf_map_info a = {0}, b = {0};
	__u32 len_a = sizeof(a), len_b = sizeof(b);

	if (bpf_obj_get_info_by_fd(from, &a, &len_a) ||
	    bpf_obj_get_info_by_fd(to, &b, &len_b))
		return false;
	if (a.type != b.type || a.key_size != b.key_size ||
	    a.value_size != b.value_size)
		return false;
	return a.type == BPF_MAP_TYPE_HASH || a.type == BPF_MAP_TYPE_LRU_HASH ||
	       a.type == BPF_MAP_TYPE_LPM_TRIE;
}

static void copy_entries(const struct mapset_entry *m, __u64 flags)
{
	struct copy copy = {.to = bpf_map__fd(m->map), .flags = flags};

	if (m->old_fd >= 0 && is_copyable(m->old_fd, copy.to))
		map_each(m->old_fd, copy_one, &copy, NULL);
}

int mapset_pin(struct mapset *s, struct err *e)
{
	char path[PIN_PATH_MAX];
	int r;

	r = pin_mkdir(s->bpf_root, "maps", e);
	if (r)
		return r;
	for (int i = 0; i < s->n; i++) {
		struct mapset_entry *m = &s->entries[i];

		if (m->origin == MAP_ADOPTED)
			continue;
		copy_entries(m, BPF_ANY);
		r = pin_replace(bpf_map__fd(m->map),
				pin_path(path, s->bpf_root, "maps/%s",
					 bpf_map__name(m->map)),
				e);
		if (r)
			return r;
		m->pinned = true;
	}
	return 0;
}

void mapset_catch_up(struct mapset *s)
{
	for (int i = 0; i < s->n; i++)
		copy_entries(&s->entries[i], BPF_NOEXIST);
}

void mapset_unpin(struct mapset *s)
{
	char path[PIN_PATH_MAX];

	for (int i = 0; i < s->n; i++) {
		struct mapset_entry *m = &s->entries[i];

		if (!m->pinned)
			continue;
		pin_path(path, s->bpf_root, "maps/%s", bpf_map__name(m->map));
		if (m->old_fd >= 0)
			pin_replace(m->old_fd, path, NULL);
		else
			pin_remove(path, NULL);
		m->pinned = false;
	}
}

void mapset_release(struct mapset *s)
{
	for (int i = 0; i < s->n; i++)
		fd_close(&s->entries[i].old_fd);
}
