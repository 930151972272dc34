// SPDX-License-Identifier: Apache-2.0
#include "node.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "devices.h"
#include "shared.h"
#include "tables.h"

enum { FLOWS_MAX = 4096 };

unsigned int node_flows_max;
struct node node = {.pods_ns = -1, .wire_ns = -1, .node_ns = -1};

const struct fl_options options_default = {
	.overlay = 1,
	.masquerade_v4 = 1,
	.masquerade_v6 = 1,
	.coarse_clock = 1,
	.flow_events = 1,
	.overlay_port = 0x1821, /* htons(8472) */
	.overlay_vni = 1,
};

/* ---- the datapath ---------------------------------------------------- */

static int print_warnings(enum libbpf_print_level level, const char *fmt,
			  va_list ap)
{
	return level == LIBBPF_WARN ? vfprintf(stderr, fmt, ap) : 0;
}

static void maps_share(void)
{
	struct bpf_map *map, *known;

	bpf_object__for_each_map(map, node.stub->obj)
	{
		known = bpf_object__find_map_by_name(node.dp->obj,
						     bpf_map__name(map));
		if (known && bpf_map__reuse_fd(map, bpf_map__fd(known)))
			give_up("share map %s", bpf_map__name(map));
	}
}

static void hooks_fill(void)
{
	static const char *const names[] = FL_HOOK_NAMES;

	for (__u32 hook = 0; hook < FL_HOOK_MAX; hook++) {
		int fd = node_program_fd(names[hook]);

		if (bpf_map__update_elem(node.stub->maps.fl_hooks, &hook,
					 sizeof(hook), &fd, sizeof(fd), 0))
			give_up("fill the slot of %s", names[hook]);
	}
}

static bool has_coarse_clock(void)
{
	return libbpf_probe_bpf_helper(BPF_PROG_TYPE_SCHED_CLS,
				       BPF_FUNC_ktime_get_coarse_ns, NULL) == 1;
}

static void flows_size(void)
{
	bpf_map__set_max_entries(node.dp->maps.fl_flows,
				 node_flows_max ? node_flows_max : FLOWS_MAX);
	if (node_flows_max)
		bpf_map__set_type(node.dp->maps.fl_flows, BPF_MAP_TYPE_HASH);
}

void node_load(const struct fl_options *options)
{
	struct fl_options *o;

	node_unload();
	libbpf_set_print(print_warnings);
	node.options = *options;
	node.dp = datapath_bpf__open();
	node.stub = stub_bpf__open();
	if (!node.dp || !node.stub)
		give_up("open the datapath and the stub");
	o = (struct fl_options *)&node.dp->rodata->options;
	*o = *options;
	if (!has_coarse_clock()) /* before 5.11 */
		o->coarse_clock = 0;
	flows_size();
	if (node_flows_max || !shared_take(node.dp->obj, node.stub->obj, o)) {
		if (datapath_bpf__load(node.dp))
			give_up("load the datapath");
		maps_share();
		if (stub_bpf__load(node.stub))
			give_up("load the stub");
		if (!node_flows_max)
			shared_keep(node.dp->obj, node.stub->obj, o);
	}
	hooks_fill();
	tables_reset();
}

void node_unload(void)
{
	tables_close();
	shared_release();
	stub_bpf__destroy(node.stub);
	datapath_bpf__destroy(node.dp);
	node.stub = NULL;
	node.dp = NULL;
}

void node_start(const struct fl_options *options)
{
	devices_make();
	node_load(options);
}

void node_stop(void)
{
	node_unload();
	close(node.pods_ns);
	close(node.wire_ns);
	close(node.node_ns);
}

static int program_fd(const struct bpf_object *obj, const char *name)
{
	struct bpf_program *prog = bpf_object__find_program_by_name(obj, name);
	int fd = prog ? bpf_program__fd(prog) : -1;

	if (fd < 0)
		fd = shared_program_fd(name);
	if (fd < 0)
		give_up("no program %s", name);
	return fd;
}

int node_stub_fd(enum fl_hook hook)
{
	static const char *const names[] = FL_HOOK_NAMES;
	char name[64];

	snprintf(name, sizeof(name), "stub_%s", names[hook]);
	return program_fd(node.stub->obj, name);
}

int node_program_fd(const char *name)
{
	return program_fd(node.dp->obj, name);
}
