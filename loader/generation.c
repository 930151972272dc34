/* SPDX-License-Identifier: Apache-2.0 */
#include "generation.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include <fairlead/abi.h>

#include "../lib/cleanup.h"
#include "loader.h"
#include "pins.h"

#define STAGES_MAP "fl_stages"

static const char *const hook_names[FL_HOOK_MAX] = FL_HOOK_NAMES;

int generation_build(const char *bpf_root, char *out, size_t len, struct err *e)
{
	char path[PIN_PATH_MAX], text[256];
	ssize_t n = readlink(pin_path(path, bpf_root, "programs/build"), text,
			     sizeof(text) - 1);

	if (n < 0 && errno == ENOENT)
		return err_set(e, ENOENT, "Fairlead is not loaded below %s",
			       bpf_root);
	if (n < 0)
		return err_sys(e, errno, "read %s", path);
	text[n] = '\0';
	snprintf(out, len, "%s", text);
	return 0;
}

/* ---- pins ------------------------------------------------------------- */

static int highest(const char *name, void *arg)
{
	unsigned int n = strtoul(name, NULL, 10), *max = arg;

	if (n > *max)
		*max = n;
	return 0;
}

static int pin_all(const char *dir, struct bpf_object *obj, const char *build,
		   struct err *e)
{
	char path[PIN_PATH_MAX + 32];
	struct bpf_program *prog;
	struct bpf_map *stages;
	int r;

	bpf_object__for_each_program(prog, obj)
	{
		if (!bpf_program__autoload(prog))
			continue;
		snprintf(path, sizeof(path), "%s/%s", dir,
			 bpf_program__name(prog));
		r = bpf_obj_pin(bpf_program__fd(prog), path);
		if (r)
			return err_sys(e, -r, "pin %s", path);
	}
	stages = bpf_object__find_map_by_name(obj, STAGES_MAP);
	snprintf(path, sizeof(path), "%s/stages", dir);
	r = stages ? bpf_obj_pin(bpf_map__fd(stages), path) : 0;
	if (r)
		return err_sys(e, -r, "pin %s", path);
	/* bpffs has no files: the text is the target of a link to nowhere. */
	snprintf(path, sizeof(path), "%s/build", dir);
	if (symlink(build, path))
		return err_sys(e, errno, "create %s", path);
	return 0;
}

int generation_pin(const char *bpf_root, struct bpf_object *obj,
		   const char *build, unsigned int *number, struct err *e)
{
	char sub[64], dir[PIN_PATH_MAX];
	unsigned int n = 0;
	int r;

	r = pin_each(pin_path(dir, bpf_root, "generations"), highest, &n, e);
	if (r)
		return r;
	n++;
	snprintf(sub, sizeof(sub), "generations/%u", n);
	r = pin_mkdir(bpf_root, sub, e);
	if (!r)
		r = pin_all(pin_path(dir, bpf_root, "%s", sub), obj, build, e);
	if (r) {
		generation_remove(bpf_root, n);
		return r;
	}
	*number = n;
	return 0;
}

void generation_remove(const char *bpf_root, unsigned int number)
{
	char path[PIN_PATH_MAX];

	pin_remove(pin_path(path, bpf_root, "generations/%u", number), NULL);
}

/* ---- the switch ------------------------------------------------------- */

/* Slots before `end` lead to the generation that v2/programs names again. */
static void switch_back(const char *bpf_root, int hooks_fd, __u32 end)
{
	char path[PIN_PATH_MAX];

	for (__u32 i = 0; i < end; i++) {
		__cleanup(fd_close) int old = bpf_obj_get(
			pin_path(path, bpf_root, "programs/%s", hook_names[i]));

		if (old >= 0)
			bpf_map_update_elem(hooks_fd, &i, &old, BPF_ANY);
		else
			bpf_map_delete_elem(hooks_fd, &i);
	}
}

int generation_switch(const char *bpf_root, struct bpf_object *obj,
		      int hooks_fd, struct err *e)
{
	for (__u32 i = 0; i < FL_HOOK_MAX; i++) {
		struct bpf_program *prog =
			bpf_object__find_program_by_name(obj, hook_names[i]);
		int fd = prog ? bpf_program__fd(prog) : -ENOENT;
		int r = fd < 0 ? fd
			       : bpf_map_update_elem(hooks_fd, &i, &fd,
						     BPF_ANY);

		if (!r)
			continue;
		switch_back(bpf_root, hooks_fd, i);
		return err_sys(e, -r, "switch hook %s", hook_names[i]);
	}
	return 0;
}

static int point_programs(const char *bpf_root, unsigned int number,
			  struct err *e)
{
	char next[PIN_PATH_MAX], path[PIN_PATH_MAX], target[64];

	snprintf(target, sizeof(target), "generations/%u", number);
	pin_path(next, bpf_root, "programs-next");
	pin_path(path, bpf_root, "programs");
	unlink(next);
	if (symlink(target, next))
		return err_sys(e, errno, "create %s", next);
	if (rename(next, path))
		return err_sys(e, errno, "rename %s to %s", next, path);
	return 0;
}

struct sweep {
	const char *bpf_root;
	unsigned int keep;
};

static int sweep_one(const char *name, void *arg)
{
	struct sweep *s = arg;
	unsigned int n = strtoul(name, NULL, 10);

	if (n != s->keep)
		generation_remove(s->bpf_root, n);
	return 0;
}

int generation_settle(const char *bpf_root, unsigned int number, struct err *e)
{
	struct sweep sweep = {.bpf_root = bpf_root, .keep = number};
	char dir[PIN_PATH_MAX];
	int r;

	r = point_programs(bpf_root, number, e);
	if (r)
		return r;
	programs_wait();
	return pin_each(pin_path(dir, bpf_root, "generations"), sweep_one,
			&sweep, e);
}
