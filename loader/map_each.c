/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Walking a map. Hash types hand out whole buckets in batches, which no
 * deletion disturbs. For all others the keys are gathered first: asking for
 * the key behind one that fn deleted would start from the beginning.
 */
#include "loader.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "../lib/cleanup.h"

#define BATCH_START 512

struct walk {
	int fd;
	struct bpf_map_info info;
	size_t value_size; /* of all CPUs together */
	int (*fn)(const void *key, const void *value, void *arg);
	void *arg;
};

static int is_percpu(__u32 type)
{
	return type == BPF_MAP_TYPE_PERCPU_ARRAY ||
	       type == BPF_MAP_TYPE_PERCPU_HASH ||
	       type == BPF_MAP_TYPE_LRU_PERCPU_HASH;
}

static int is_hash(__u32 type)
{
	return type == BPF_MAP_TYPE_HASH || type == BPF_MAP_TYPE_LRU_HASH ||
	       type == BPF_MAP_TYPE_PERCPU_HASH ||
	       type == BPF_MAP_TYPE_LRU_PERCPU_HASH;
}

static int walk_init(struct walk *w, struct err *e)
{
	__u32 len = sizeof(w->info);
	int n_cpus, r;

	r = bpf_obj_get_info_by_fd(w->fd, &w->info, &len);
	if (r)
		return err_sys(e, -r, "look at a map");
	w->value_size = w->info.value_size;
	if (!is_percpu(w->info.type))
		return 0;
	n_cpus = libbpf_num_possible_cpus();
	if (n_cpus < 0)
		return err_sys(e, -n_cpus, "count the CPUs");
	w->value_size = (w->value_size + 7) / 8 * 8 * n_cpus;
	return 0;
}

/* ---- hash types: batches --------------------------------------------- */

struct batch {
	char *keys, *values;
	__u32 room;
};

static void batch_free(struct batch *b)
{
	free(b->keys);
	free(b->values);
}

static int batch_grow(struct batch *b, const struct walk *w, __u32 room)
{
	char *p = realloc(b->keys, (size_t)room * w->info.key_size);

	if (!p)
		return -ENOMEM;
	b->keys = p;
	p = realloc(b->values, room * w->value_size);
	if (!p)
		return -ENOMEM;
	b->values = p;
	b->room = room;
	return 0;
}

static int show_batch(const struct walk *w, const struct batch *b, __u32 n)
{
	int r;

	for (__u32 i = 0; i < n; i++) {
		r = w->fn(b->keys + (size_t)i * w->info.key_size,
			  b->values + i * w->value_size, w->arg);
		if (r)
			return r;
	}
	return 0;
}

/* *started says whether fn was called: before that, another way is open. */
static int walk_batches(const struct walk *w, bool *started)
{
	__cleanup(batch_free) struct batch b = {0};
	__cleanup(mem_free) char *at = NULL;
	bool first = true, last = false;
	int r;

	/* The place is a bucket's number; keys are longer or shorter. */
	at = malloc(w->info.key_size > 8 ? w->info.key_size : 8);
	if (!at || batch_grow(&b, w, BATCH_START))
		return -ENOMEM;
	while (!last) {
		__u32 n = b.room;

		r = bpf_map_lookup_batch(w->fd, first ? NULL : at, at, b.keys,
					 b.values, &n, NULL);
		if (r == -ENOSPC) { /* one bucket is larger than all room */
			if (batch_grow(&b, w, 2 * b.room))
				return -ENOMEM;
			continue;
		}
		if (r && r != -ENOENT)
			return r;
		last = r == -ENOENT;
		first = false;
		*started = true;
		r = show_batch(w, &b, n);
		if (r)
			return r;
	}
	return 0;
}

/* ---- other types: all keys, then each value --------------------------- */

static int gather_keys(const struct walk *w, char **out, size_t *n_out)
{
	__cleanup(mem_free) char *keys = NULL;
	size_t n = 0, room = 0, size = w->info.key_size;

	for (;;) {
		int r;

		if (n == room) {
			size_t more = room ? 2 * room : 64;
			char *p = realloc(keys, more * size);

			if (!p)
				return -ENOMEM;
			keys = p;
			room = more;
		}
		/* A trie that changes may send us round: stop in time. */
		if (n == w->info.max_entries)
			break;
		r = bpf_map_get_next_key(w->fd,
					 n ? keys + (n - 1) * size : NULL,
					 keys + n * size);
		if (r == -ENOENT)
			break;
		if (r)
			return r;
		n++;
	}
	*n_out = n;
	*out = take_ptr(keys);
	return 0;
}

static int walk_keys(const struct walk *w)
{
	__cleanup(mem_free) char *keys = NULL;
	__cleanup(mem_free) char *value = malloc(w->value_size);
	size_t n;
	int r;

	if (!value)
		return -ENOMEM;
	r = gather_keys(w, &keys, &n);
	if (r)
		return r;
	for (size_t i = 0; i < n; i++) {
		const char *key = keys + i * w->info.key_size;

		if (bpf_map_lookup_elem(w->fd, key, value))
			continue; /* gone meanwhile, or an empty slot */
		r = w->fn(key, value, w->arg);
		if (r)
			return r;
	}
	return 0;
}

/* What fn returned is passed on as it is; only our own failures are put into
 * a sentence. */
struct stop {
	int (*fn)(const void *key, const void *value, void *arg);
	void *arg;
	int result;
};

static int watch_fn(const void *key, const void *value, void *arg)
{
	struct stop *s = arg;

	s->result = s->fn(key, value, s->arg);
	return s->result;
}

int map_each(int fd, int (*fn)(const void *key, const void *value, void *arg),
	     void *arg, struct err *e)
{
	struct stop stop = {.fn = fn, .arg = arg};
	struct walk w = {.fd = fd, .fn = watch_fn, .arg = &stop};
	bool started = false;
	int r;

	r = walk_init(&w, e);
	if (r)
		return r;
	r = is_hash(w.info.type) ? walk_batches(&w, &started) : -ENOTSUP;
	if (r && !started)
		r = walk_keys(&w);
	if (stop.result)
		return stop.result;
	return r ? err_sys(e, -r, "read map %s", w.info.name) : 0;
}
