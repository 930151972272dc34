/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The facade between intent and kernel: the one header through which the
 * plugin, the agent and the command line reach BPF, and the only code that
 * calls libbpf. Devices are those of the calling thread's network namespace;
 * pins are below <bpf-root>/v2:
 *
 *	maps/<name>        the maps of abi.h
 *	stubs/<hook>       what is attached to devices
 *	programs/<name>    the running generation (hooks, stages, reaper); a
 *	                   symbolic link to generations/<number>
 *	programs/stages    its own program array
 *	programs/build     a symbolic link whose text names the build
 *	links/<ifindex>-ingress, links/<ifindex>-egress   TCX attachments
 *	links/<ifindex>-clsact   a mark: attached by tc filters
 *	locks/<what>       directories that are flock()ed
 *
 * All functions return 0 or negative errno with a sentence, out parameters
 * untouched on failure, unless they say otherwise.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include <fairlead/abi.h>

#include "../lib/config.h"
#include "../lib/err.h"

/* ---- the datapath ---------------------------------------------------- */

/* Is everything there that we need: kernel version and features, privileges,
 * bpffs mounted below bpf_root's parents? The error names all that is missing
 * and what to do about each. */
int datapath_check(const char *bpf_root, struct err *e);

struct datapath_report {
	bool reused_maps;	/* adopted from pins */
	bool replaced_programs; /* a generation was running before */
	unsigned int flows_max;
	unsigned long long map_bytes; /* kernel memory of all maps */
};

/* Load the datapath with the options of *c: adopt pinned maps (or make and
 * pin them), load a complete new generation beside the old one, then switch
 * the hooks one map update each, then let the old generation go after an RCU
 * grace period. Nothing is changed on failure. Maps whose layout does not fit
 * are an error that says so (or are rebuilt, with `rebuild`). Two loads at a
 * time wait for each other. NULL report is fine. */
int datapath_load(const struct config *c, bool rebuild,
		  struct datapath_report *out, struct err *e);

/* One agent has the datapath below bpf_root: an fd that keeps others out until
 * it is closed or the process ends, or -EBUSY if another one has it. An unload
 * removes the lock with the rest: take it anew then. */
int datapath_claim(const char *bpf_root, struct err *e);

/* Take everything away: attachments, pins, and with `devices` the overlay and
 * the host device and all routes of protocol LINK_RTPROT. 0 where nothing is
 * loaded. */
int datapath_unload(const struct config *c, bool devices, struct err *e);

/* Remove the pins of other layouts, <bpf-root>/v1 and so on, older or newer,
 * and with them what they have attached: once the datapath of this one is
 * attached and has all that it needs. *n: how many there were. */
int layouts_retire(const char *bpf_root, int *n, struct err *e);

/* A short text that names the build of the running programs and the options
 * they were loaded with; equal to datapath_build() of this binary and config
 * if a load would change nothing. -ENOENT: not loaded. */
int datapath_running(const char *bpf_root, char out[128], struct err *e);
int datapath_build(const struct config *c, char out[128]);

/* Is all of it still there: pins of maps, stubs and programs, a program in
 * every slot of both program arrays? -ENOENT names what is missing; a load
 * mends it. For a datapath of this binary's build. */
int datapath_verify(const char *bpf_root, struct err *e);

/* Create and configure the overlay and the host device as *c says, heal what
 * differs. host_addrs go on the host device with full-length prefixes. */
int devices_setup(const struct config *c, unsigned int mtu,
		  const struct fl_addr *host_addrs, int n, struct err *e);

/* ---- attachment ------------------------------------------------------ */

enum attach_role { ATTACH_POD, ATTACH_OVERLAY, ATTACH_UPLINK };

/* Does this kernel have TCX? */
bool attach_has_tcx(void);

/* Attach the stubs of the role to both directions of a device; replaces what
 * is there of ours, leaves what is not. Idempotent, and heals. `mode` is TCX
 * or CLSACT, or AUTO: TCX on the overlay and on uplinks where the kernel has
 * it, clsact on pods' devices (attaching by TCX takes some 25 ms with the RTNL
 * lock held, a filter under 1 ms). */
int attach_device(const char *bpf_root, enum attach_mode mode,
		  unsigned int ifindex, enum attach_role role, struct err *e);
int detach_device(const char *bpf_root, unsigned int ifindex,
		  struct err *e); /* 0 if not attached or gone */
/* 0: both directions run our stubs (by program id); -ENOENT: not so. */
int attach_verify(const char *bpf_root, unsigned int ifindex,
		  enum attach_role role, struct err *e);
/* Removes pins of links whose device is gone; *n (may be NULL): how many. */
int attach_sweep(const char *bpf_root, int *n, struct err *e);
/* fn for each attached device of this namespace that has pins or filters of
 * ours. mode is ATTACH_TCX or ATTACH_CLSACT. */
int attach_each(const char *bpf_root,
		int (*fn)(unsigned int ifindex, enum attach_role role,
			  enum attach_mode mode, void *arg),
		void *arg, struct err *e);

/* fn for what is attached to a device (tc, TCX, XDP) and is not ours, by the
 * name of its program or, where it is no program, the kind of filter. */
struct attach_other {
	char how[8]; /* "tc", "tcx", "xdp" */
	char name[64];
	bool is_egress;
};
int attach_others(unsigned int ifindex,
		  int (*fn)(const struct attach_other *o, void *arg), void *arg,
		  struct err *e);

/* ---- maps ------------------------------------------------------------ */

/* fd of the pinned map (FL_MAP_*), or negative errno; the caller closes. */
int map_open(const char *bpf_root, const char *name, struct err *e);

enum map_flag { MAP_ANY, MAP_NOEXIST, MAP_EXIST };
/* These four return 0 or negative errno and set no sentence. */
int map_lookup(int fd, const void *key, void *value);
int map_update(int fd, const void *key, const void *value, enum map_flag flag);
int map_delete(int fd, const void *key);
int map_next_key(int fd, const void *key,
		 void *next); /* key NULL: the first; -ENOENT: the end */

/* How many entries it has room for. 0 or negative errno, no sentence. */
int map_max_entries(int fd, unsigned int *out);

/* Calls fn for each entry, in batches where the kernel has them for the type;
 * entries that come or go meanwhile may or may not be seen, none twice where
 * batches work. fn returns 0 to go on; it may delete the entry it is shown. */
int map_each(int fd, int (*fn)(const void *key, const void *value, void *arg),
	     void *arg, struct err *e);

/* The same in slices, for who must not be away for long. Hash maps only (also
 * LRU). Start with a zeroed cursor. Fills keys and values, one behind the
 * other, with up to *n entries and sets *n. 0: there may be more; -ENOENT:
 * these were the last; -ENOSPC: there is no room for a bucket of the hash,
 * nothing was filled in. Deletions in between do not disturb. */
struct map_cursor {
	__u32 position;
	bool begun;
};
int map_slice(int fd, struct map_cursor *c, void *keys, void *values,
	      unsigned int *n);

/* CPUs that per-CPU maps have room for; at least 1. */
unsigned int cpus_possible(void);

/* Sum over CPUs of one slot of a per-CPU array whose value is n_words __u64. */
int map_sum_percpu(int fd, __u32 index, unsigned int n_words, __u64 *sum);

struct map_usage {
	char name[16];
	char type[24]; /* as bpftool prints it */
	unsigned int max_entries;
	unsigned int entries; /* counted */
	unsigned int key_size, value_size;
	unsigned long long bytes; /* memlock of fdinfo */
};
/* Fill and bytes of one map; counting walks it. */
int map_usage(const char *bpf_root, const char *name, struct map_usage *out,
	      struct err *e);
/* Kernel memory of all maps; walks none of them. */
unsigned long long maps_bytes(const char *bpf_root);
/* Names of all maps of the ABI, NULL-terminated. */
const char *const *map_names(void);

/* Read-modify-write of the one slot of fl_config: fn changes *cfg. Serialised
 * between processes by a lock file's lock (<state>.lock beside the pin is not
 * possible on bpffs, so on the directory's fd: flock). Whatever else changes is
 * written before the epoch, which the datapath raises too: what fn adds to it
 * is added to what it is by then, and it never becomes 0. */
int config_map_change(const char *bpf_root,
		      void (*fn)(struct fl_config *cfg, void *arg), void *arg,
		      struct err *e);
/* Raise the epoch, the view stays. */
int epoch_raise(const char *bpf_root, struct err *e);

/* Wait for the end of every run of a program that goes on now: none that comes
 * after this call has seen an older state of a map. Milliseconds. */
void programs_wait(void);

/* ---- running programs ------------------------------------------------ */

/* Hand keys of fl_flows (n <= FL_REAP_MAX) to the reaper; *removed:
 * connections it deleted. hurry: what is closed or unanswered goes sooner. */
int flows_reap(const char *bpf_root, const struct fl_tuple *keys,
	       unsigned int n, bool hurry, unsigned int *removed,
	       struct err *e);

/* What the datapath would do with a packet that came to a hook of a device: the
 * running slow path is run with it, marked so that it only tells. Nothing is
 * sent, entered or counted. The frame begins with its Ethernet header. */
struct trace_frame {
	unsigned char bytes[128];
	unsigned int len;
};
int packet_trace(const char *bpf_root, enum fl_hook hook, unsigned int ifindex,
		 const struct trace_frame *frame, struct fl_trace *out,
		 struct err *e);

/* ---- events ---------------------------------------------------------- */

struct events;
/* Open the ring; fn gets each event and returns 0 to go on, else
 * events_poll() returns that. What was in the ring before is discarded if
 * `fresh`. Only one reader at a time: -EBUSY, by a lock. */
int events_open(const char *bpf_root, bool fresh,
		int (*fn)(const struct fl_event *ev, void *arg), void *arg,
		struct events **out, struct err *e);
int events_fd(const struct events *ev); /* for poll/epoll */
int events_poll(
	struct events *ev,
	int timeout_ms); /* events seen, or negative errno / fn's result */
void events_close(struct events **ev);
