/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Loading, in an order that a crash may cut anywhere: everything is loaded
 * before anything is pinned, everything is pinned before a hook leads to it,
 * and nothing old goes before no hook leads to it any more.
 */
#include "loader.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "../lib/cleanup.h"
#include "bpflog.h"
#include "generation.h"
#include "mapset.h"
#include "pins.h"
#include "publish.h"
#include "sizes.h"
#include "stubs.h"

#include "datapath.skel.h"
#include "stub.skel.h"

#define BPF_FUNC_KTIME_GET_COARSE_NS 160 /* newer than libbpf 1.1's headers */

/* ---- what is running, what we would run ------------------------------- */

static __u64 hash_bytes(const unsigned char *p, size_t len)
{
	__u64 h = 0xcbf29ce484222325; /* FNV-1a */

	while (len--)
		h = (h ^ *p++) * 0x100000001b3;
	return h;
}

int datapath_build(const struct config *c, char out[128])
{
	size_t len;
	const void *elf = datapath_bpf__elf_bytes(&len);
	char mode[16] = "native";

	if (c->overlay)
		snprintf(mode, sizeof(mode), "overlay:%u", c->overlay_port);
	snprintf(out, 128,
		 "%s %016llx %s masquerade=%s%s ports=%u-%u/%u-%u events=%u%s",
		 FAIRLEAD_VERSION, (unsigned long long)hash_bytes(elf, len),
		 mode, c->masquerade_v4 ? "4" : "", c->masquerade_v6 ? "6" : "",
		 c->masq_port_min, c->masq_port_max, c->node_port_min,
		 c->node_port_max, c->events_per_second,
		 c->flow_events ? "+flows" : "");
	return 0;
}

int datapath_running(const char *bpf_root, char out[128], struct err *e)
{
	return generation_build(bpf_root, out, 128, e);
}

/* ---- load ------------------------------------------------------------- */

struct load {
	const struct config *c;
	struct mapset maps;
	struct stub_bpf *stub; /* NULL: the pinned stubs stay */
	struct datapath_bpf *datapath;
	bool had_programs;
};

static void load_release(struct load *l)
{
	datapath_bpf__destroy(l->datapath);
	stub_bpf__destroy(l->stub);
	mapset_release(&l->maps);
}

static int load_failed(const char *what, int r, struct err *e)
{
	const char *hint = r == -EPERM ? ", is RLIMIT_MEMLOCK too low for this "
					 "kernel? (ulimit -l unlimited)"
				       : "";

	return err_set(e, -r, "load the %s: %s%s; %s", what, strerror(-r), hint,
		       bpflog_cause());
}

static int load_stubs(struct load *l, struct err *e)
{
	int r;

	if (stubs_are_whole(l->maps.bpf_root) && !l->maps.rebuild)
		return 0;
	l->stub = stub_bpf__open();
	if (!l->stub)
		return load_failed("stubs", -errno, e);
	r = mapset_prepare(&l->maps, l->stub->obj, e);
	if (r)
		return r;
	r = stub_bpf__load(l->stub);
	return r ? load_failed("stubs", r, e) : 0;
}

static void set_options(struct fl_options *o, const struct config *c)
{
	o->overlay = c->overlay;
	o->masquerade_v4 = c->masquerade_v4;
	o->masquerade_v6 = c->masquerade_v6;
	o->coarse_clock = libbpf_probe_bpf_helper(BPF_PROG_TYPE_SCHED_CLS,
						  BPF_FUNC_KTIME_GET_COARSE_NS,
						  NULL) == 1;
	o->flow_events = c->flow_events;
	o->overlay_port = __builtin_bswap16(c->overlay_port);
	o->overlay_vni = c->overlay_vni;
}

static int load_programs(struct load *l, struct err *e)
{
	int r;

	l->datapath = datapath_bpf__open();
	if (!l->datapath)
		return load_failed("datapath", -errno, e);
	/* The skeleton maps .rodata writable until it is loaded. */
	set_options((struct fl_options *)&l->datapath->rodata->options, l->c);
	r = mapset_prepare(&l->maps, l->datapath->obj, e);
	if (r)
		return r;
	bpflog_begin();
	r = datapath_bpf__load(l->datapath);
	return r ? load_failed("datapath", r, e) : 0;
}

/* fl_hooks is in the set if the stubs were loaded, else among the pins. */
static int open_hooks(const struct load *l, struct err *e)
{
	int fd = mapset_fd(&l->maps, FL_MAP_HOOKS);

	if (fd < 0)
		return map_open(l->maps.bpf_root, FL_MAP_HOOKS, e);
	fd = dup(fd);
	return fd < 0 ? err_sys(e, errno, "dup") : fd;
}

static int switch_programs(struct load *l, struct err *e)
{
	__cleanup(fd_close) int hooks = open_hooks(l, e);
	int r;

	if (hooks < 0)
		return hooks;
	r = publish_config(l->c, e);
	if (r)
		return r;
	return generation_switch(l->maps.bpf_root, l->datapath->obj, hooks, e);
}

/* All is loaded; from here on it is seen. */
static int commit(struct load *l, struct err *e)
{
	const char *bpf_root = l->maps.bpf_root;
	char build[128];
	unsigned int number;
	int r;

	datapath_build(l->c, build);
	r = generation_pin(bpf_root, l->datapath->obj, build, &number, e);
	if (r)
		return r;
	r = mapset_pin(&l->maps, e);
	if (!r)
		r = switch_programs(l, e);
	if (r) {
		mapset_unpin(&l->maps);
		generation_remove(bpf_root, number);
		return r;
	}
	if (l->stub)
		r = stubs_pin(bpf_root, l->stub->obj, e);
	if (!r && l->stub)
		r = stubs_reattach(bpf_root, e);
	mapset_catch_up(&l->maps);
	return r ? r : generation_settle(bpf_root, number, e);
}

static void fill_report(const struct load *l, struct datapath_report *out)
{
	*out = (struct datapath_report){.replaced_programs = l->had_programs};
	for (const char *const *n = map_names(); *n; n++) {
		__cleanup(fd_close) int fd =
			map_open(l->maps.bpf_root, *n, NULL);

		out->map_bytes += fd < 0 ? 0 : map_bytes(fd);
	}
	for (int i = 0; i < l->maps.n; i++) {
		const struct mapset_entry *m = &l->maps.entries[i];

		if (strcmp(bpf_map__name(m->map), FL_MAP_FLOWS))
			continue;
		out->reused_maps = m->origin == MAP_ADOPTED;
		out->flows_max = bpf_map__max_entries(m->map);
	}
}

static unsigned long long memory_bytes(void)
{
	return (unsigned long long)sysconf(_SC_PHYS_PAGES) *
	       sysconf(_SC_PAGESIZE);
}

/* A first load that failed leaves no directories either. */
static void remove_if_empty(const char *bpf_root)
{
	char path[PIN_PATH_MAX];

	if (!access(pin_path(path, bpf_root, "maps"), F_OK))
		return;
	pin_remove(pin_path(path, bpf_root, "%s", ""), NULL);
	rmdir(bpf_root);
}

static int make_locks(const char *bpf_root, struct err *e)
{
	int r;

	r = pin_mkdir(bpf_root, "locks/" PIN_LOCK_CONFIG, e);
	if (!r)
		r = pin_mkdir(bpf_root, "locks/" PIN_LOCK_ATTACH, e);
	return r ? r : pin_mkdir(bpf_root, "locks/" PIN_LOCK_EVENTS, e);
}

static int load_locked(struct load *l, struct err *e)
{
	int r;

	r = make_locks(l->maps.bpf_root, e);
	if (!r)
		r = load_stubs(l, e);
	if (!r)
		r = load_programs(l, e);
	return r ? r : commit(l, e);
}

int datapath_claim(const char *bpf_root, struct err *e)
{
	int fd = pin_lock(bpf_root, PIN_LOCK_AGENT, true, PIN_TRY, e);

	if (fd == -EBUSY)
		return err_set(e, EBUSY, "another agent runs with bpf-root %s",
			       bpf_root);
	return fd;
}

int datapath_load(const struct config *c, bool rebuild,
		  struct datapath_report *out, struct err *e)
{
	int n_cpus = libbpf_num_possible_cpus();
	__cleanup(load_release) struct load l = {
		.c = c,
		.maps = {.bpf_root = c->bpf_root, .rebuild = rebuild},
	};
	__cleanup(fd_close) int lock = -1;
	char running[128];
	int r;

	if (n_cpus < 0)
		return err_sys(e, -n_cpus, "count the CPUs");
	r = datapath_check(c->bpf_root, e);
	if (r)
		return r;
	bpflog_begin();
	lock = pin_lock(c->bpf_root, PIN_LOCK_LOAD, true, PIN_WAIT, e);
	if (lock < 0)
		return lock;
	l.maps.flows_max = flows_size(c->flows_max, memory_bytes(), n_cpus);
	l.maps.lru_min = lru_size_min(n_cpus);
	l.had_programs = !datapath_running(c->bpf_root, running, NULL);
	r = load_locked(&l, e);
	if (r)
		remove_if_empty(c->bpf_root);
	else if (out)
		fill_report(&l, out);
	return r;
}
