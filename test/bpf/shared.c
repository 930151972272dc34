// SPDX-License-Identifier: Apache-2.0
#include "shared.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include <fairlead/abi.h>

enum { PROGRAMS_MAX = 32, SET_MAX = 200, PIN_MAX = SET_MAX + 32 };

static struct {
	const char *name; /* the object's */
	int fd;
} programs[PROGRAMS_MAX];
static int n_programs;

static void must(bool good, const char *what, const char *path)
{
	if (good)
		return;
	fprintf(stderr, "%s %s: %s\n", what, path, strerror(errno));
	exit(1);
}

/* The directory of the set, of which the name is a hash. False: nothing is to
 * be shared. */
static bool set_path(char out[SET_MAX], const struct fl_options *options)
{
	const char *base = getenv("FL_BPF_SHARED");
	unsigned long long hash = 0xcbf29ce484222325; /* FNV-1a */

	if (!base)
		return false;
	for (size_t i = 0; i < sizeof(*options); i++)
		hash = (hash ^ ((const __u8 *)options)[i]) * 0x100000001b3;
	must(snprintf(out, SET_MAX, "%s/%016llx", base, hash) < SET_MAX, "use",
	     base);
	return true;
}

__attribute__((format(printf, 3, 4))) static char *
pin_path(char out[PIN_MAX], const char *set, const char *fmt, ...)
{
	size_t len = snprintf(out, PIN_MAX, "%s/", set);
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(out + len, PIN_MAX - len, fmt, ap);
	va_end(ap);
	return out;
}

static struct bpf_map *stages_of(struct bpf_object *datapath)
{
	struct bpf_map *map =
		bpf_object__find_map_by_name(datapath, "fl_stages");

	must(map, "find", "fl_stages");
	return map;
}

/* ---- taking ------------------------------------------------------------ */

static void take_maps(struct bpf_object *obj, const char *set)
{
	char path[PIN_MAX];
	struct bpf_map *map;

	bpf_object__for_each_map(map, obj)
	{
		int fd;

		if (bpf_map__is_internal(map)) /* options, loaded with them */
			continue;
		fd = bpf_obj_get(
			pin_path(path, set, "m_%s", bpf_map__name(map)));
		must(fd >= 0, "open", path);
		must(!bpf_map__reuse_fd(map, fd), "use", path);
		close(fd);
	}
}

static void take_programs(struct bpf_object *obj, const char *set)
{
	struct bpf_program *prog;
	char path[PIN_MAX];

	bpf_object__for_each_program(prog, obj)
	{
		int fd = bpf_obj_get(
			pin_path(path, set, "p_%s", bpf_program__name(prog)));

		must(fd >= 0 && n_programs < PROGRAMS_MAX, "open", path);
		programs[n_programs].name = bpf_program__name(prog);
		programs[n_programs++].fd = fd;
	}
}

/* A test may have emptied them. */
static void fill_stages(struct bpf_map *stages, const char *set)
{
	char path[PIN_MAX];

	for (__u32 i = 0; i < bpf_map__max_entries(stages); i++) {
		int fd = bpf_obj_get(pin_path(path, set, "stage_%u", i));

		must(fd >= 0, "open", path);
		must(!bpf_map_update_elem(bpf_map__fd(stages), &i, &fd, 0),
		     "fill the slot of", path);
		close(fd);
	}
}

bool shared_take(struct bpf_object *datapath, struct bpf_object *stub,
		 const struct fl_options *options)
{
	char set[SET_MAX];

	if (!set_path(set, options) || access(set, F_OK))
		return false;
	take_maps(datapath, set);
	take_maps(stub, set);
	take_programs(datapath, set);
	take_programs(stub, set);
	fill_stages(stages_of(datapath), set);
	return true;
}

int shared_program_fd(const char *name)
{
	for (int i = 0; i < n_programs; i++)
		if (!strcmp(programs[i].name, name))
			return programs[i].fd;
	return -1;
}

void shared_release(void)
{
	while (n_programs)
		close(programs[--n_programs].fd);
}

/* ---- keeping ----------------------------------------------------------- */

static void keep(int fd, const char *path)
{
	/* The objects share maps: one pin is enough. */
	must(!bpf_obj_pin(fd, path) || errno == EEXIST, "pin", path);
}

static void keep_object(struct bpf_object *obj, const char *set)
{
	struct bpf_program *prog;
	char path[PIN_MAX];
	struct bpf_map *map;

	bpf_object__for_each_map(map, obj) if (!bpf_map__is_internal(map))
		keep(bpf_map__fd(map),
		     pin_path(path, set, "m_%s", bpf_map__name(map)));
	bpf_object__for_each_program(prog, obj)
		keep(bpf_program__fd(prog),
		     pin_path(path, set, "p_%s", bpf_program__name(prog)));
}

/* What is in the slots only the object's relocations tell, and the kernel. */
static void keep_stages(struct bpf_map *stages, const char *set)
{
	char path[PIN_MAX];

	for (__u32 i = 0; i < bpf_map__max_entries(stages); i++) {
		__u32 id;
		int fd;

		pin_path(path, set, "stage_%u", i);
		must(!bpf_map_lookup_elem(bpf_map__fd(stages), &i, &id),
		     "read the slot of", path);
		fd = bpf_prog_get_fd_by_id(id);
		must(fd >= 0, "open the program of", path);
		keep(fd, path);
		close(fd);
	}
}

void shared_keep(struct bpf_object *datapath, struct bpf_object *stub,
		 const struct fl_options *options)
{
	char set[SET_MAX], making[SET_MAX + 8];

	if (!set_path(set, options))
		return;
	/* Only what is whole has the set's name. */
	snprintf(making, sizeof(making), "%s_%d", set, getpid());
	must(!mkdir(making, 0700), "make", making);
	keep_object(datapath, making);
	keep_object(stub, making);
	keep_stages(stages_of(datapath), making);
	must(!rename(making, set), "rename", making);
}
