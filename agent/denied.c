/* SPDX-License-Identifier: Apache-2.0 */
#include "denied.h"

#include <string.h>
#include <unistd.h>

#include "../lib/cleanup.h"
#include "../loader/loader.h"
#include "../policy/number.h"

struct forgetting {
	int fd;
	const struct entries *before, *now;
};

void denied_names_init(struct entries *names)
{
	entries_init(names, sizeof(__u32), sizeof(__u64));
}

static bool has_changed(const struct forgetting *f, __u32 number)
{
	const void *before = entries_find(f->before, &number);
	const void *now = entries_find(f->now, &number);

	return !before || !now || memcmp(before, now, sizeof(__u64));
}

static int forget(const void *key, const void *value, void *arg)
{
	const struct forgetting *f = arg;
	struct fl_denied_key k;

	(void)value;
	memcpy(&k, key, sizeof(k));
	if (k.rule && has_changed(f, k.rule))
		map_delete(f->fd, key);
	return 0;
}

void denied_update(const char *bpf_root, const struct policy_compiled *now,
		   struct entries *names)
{
	__cleanup(fd_close) int fd = -1;
	struct entries next;
	struct err e;

	denied_names_init(&next);
	for (size_t i = 0; i < now->n_rules; i++) {
		__u64 hash = hash_text(0, now->rules[i].text);

		entries_add(&next, &now->rules[i].number, &hash);
	}
	entries_sort(&next);
	fd = map_open(bpf_root, FL_MAP_DENIED, &e);
	if (fd >= 0)
		map_each(fd, forget, &(struct forgetting){fd, names, &next},
			 &e);
	entries_free(names);
	*names = next;
}
