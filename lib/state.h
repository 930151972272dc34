/* SPDX-License-Identifier: Apache-2.0 */
/* clang-format off */
/*
 * The files under the state directory (default /run/fairlead), as DESIGN
 * "Who owns what" lists them. All writes are temporary file + rename; a file
 * that exists is whole.
 *
 *	node.json                          written by the agent
 *	ips/<network>/<address>            written by the plugin (O_EXCL: the lock)
 *	endpoints/<container-id>-<ifname>.json  written by the plugin
 *	agent.sock                         the agent listens
 */
/* clang-format on */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include <fairlead/abi.h>

#include "addr.h"
#include "err.h"

#define STATE_DIR_DEFAULT "/run/fairlead"
#define BPF_ROOT_DEFAULT  "/sys/fs/bpf/fairlead"
#define STATE_CIDRS_MAX	  8
#define STATE_ADDRS_MAX	  8

/* ---- node.json ------------------------------------------------------- */

enum default_verdict { DEFAULT_ALLOW, DEFAULT_DENY };

/* clang-format off */
/*
 * {
 *   "version": 1,
 *   "name": "node-a",
 *   "podCIDRs": ["10.1.0.0/24", "fd00:1::/64"],
 *   "hostAddresses": ["10.1.0.1", "fd00:1::1"],   // on fl_host, never given to a pod
 *   "mtu": 1450,                                   // of pods' devices
 *   "mode": "overlay",                             // or "native"
 *   "attach": "tcx",                               // or "clsact"
 *   "bpfRoot": "/sys/fs/bpf/fairlead",
 *   "defaultVerdict": "allow"                      // for pods the agent has not seen
 * }
 */
/* clang-format on */
struct node_facts {
	char name[254];
	struct fl_prefix pod_cidrs[STATE_CIDRS_MAX];
	int n_pod_cidrs;
	struct fl_addr host_addrs[STATE_ADDRS_MAX];
	int n_host_addrs;
	unsigned int mtu;
	bool overlay;
	bool tcx;
	char bpf_root[256];
	enum default_verdict default_verdict;
};

/* Read and check <state-dir>/node.json. An unknown or missing key, a wrong
 * type or an impossible value is -EINVAL with the key named; a missing file is
 * -ENOENT ("the agent has not run yet"). *out is untouched on failure. */
int node_facts_read(const char *state_dir, struct node_facts *out,
		    struct err *e);
int node_facts_write(const char *state_dir, const struct node_facts *in,
		     struct err *e);

/* ---- endpoints/ ------------------------------------------------------ */

/* clang-format off */
/*
 * {
 *   "version": 1,
 *   "containerID": "...", "ifname": "eth0", "netns": "/run/netns/x",
 *   "network": "fairlead",
 *   "hostDevice": "fl_0123456789ab", "ifindex": 7,
 *   "mac": "0a:58:...", "mtu": 1450,
 *   "addresses": ["10.1.0.5", "fd00:1::5"],
 *   "ipam": "" | "host-local",                     // "": our own
 *   "podNamespace": "default", "podName": "web-0", "podUID": "...",   // "" if unknown
 *   "bootID": "...",                               // /proc/sys/kernel/random/boot_id
 *   "created": 1767225600                          // Unix seconds
 * }
 */
/* clang-format on */
struct endpoint_record {
	char container_id[256];
	char ifname[16];
	char netns[512];
	char network[128];
	char host_device[16];
	unsigned int ifindex;
	unsigned char mac[6];
	unsigned int mtu;
	struct fl_addr addrs[STATE_ADDRS_MAX];
	int n_addrs;
	char ipam[64];
	char pod_namespace[254];
	char pod_name[254];
	char pod_uid[64];
	char boot_id[40];
	long long created;
};

int endpoint_record_read(const char *state_dir, const char *container_id,
			 const char *ifname, struct endpoint_record *out,
			 struct err *e);
int endpoint_record_write(const char *state_dir,
			  const struct endpoint_record *in, struct err *e);
/* 0 also where it is gone already. */
int endpoint_record_remove(const char *state_dir, const char *container_id,
			   const char *ifname, struct err *e);

/* Calls fn for each readable record, in no order; fn returns 0 to go on,
 * anything else to stop with that. Files that are no records are counted in
 * *n_bad (may be NULL) and skipped; a missing directory is an empty one. What
 * cannot be read now is an error, after all others were seen. */
int endpoint_record_each(const char *state_dir,
			 int (*fn)(const struct endpoint_record *r, void *arg),
			 void *arg, int *n_bad, struct err *e);

/* ---- ips/ ------------------------------------------------------------ */

/* Who has an address: the content "<container-id> <ifname>\n". The file comes
 * into being with it, so there is no file without an owner. */
struct ip_owner {
	char network[128];
	struct fl_addr addr;
	char container_id[256];
	char ifname[16];
};

/* -EEXIST if somebody has the address; the directory is made if missing. */
int ip_file_create(const char *state_dir, const struct ip_owner *owner,
		   struct err *e);
/* -ENOENT: nobody has it. */
int ip_file_read(const char *state_dir, const char *network,
		 const struct fl_addr *addr, struct ip_owner *out,
		 struct err *e);
/* Removes the file only if it still names this owner, under a lock, so that a
 * late DEL never frees what now is another's. 0 also where it is gone. */
int ip_file_remove(const char *state_dir, const struct ip_owner *owner,
		   struct err *e);
/* Calls fn for each address of one network (NULL: of all), in no order; fn
 * returns 0 to go on and may remove the file. Files whose content or name is
 * no such thing are counted in *n_bad (may be NULL) and skipped. What cannot be
 * read now is an error, after all others were seen. */
int ip_file_each(const char *state_dir, const char *network,
		 int (*fn)(const struct ip_owner *owner, void *arg), void *arg,
		 int *n_bad, struct err *e);

/* ---- names ----------------------------------------------------------- */

/* What may be a part of a path: a letter or digit, then letters, digits, '_',
 * '.', '-', as the CNI specification has it for container ids and network
 * names; at most `max` bytes. */
bool name_is_safe(const char *name, size_t max);
/* A network device's name as the kernel takes it: 1 to 15 bytes, no '/', ':',
 * '%' (a pattern), control characters or white space, not "." or "..", and not
 * "all" or "default", which are sysctl's. */
bool ifname_is_valid(const char *name);
#define CONTAINER_ID_MAX 200 /* so that the file's name fits */
#define NETWORK_NAME_MAX 127

/* The name of an attachment's host-side device: "fl_" and 12 hex digits of a
 * hash of both (FNV-1a, 64 bits, folded to 48). */
void host_device_name(const char *container_id, const char *ifname,
		      char out[16]);

/* /proc/sys/kernel/random/boot_id without the newline. */
int boot_id_read(char out[40], struct err *e);

/* ---- files in general ------------------------------------------------ */

/* Write path atomically with the given mode (temporary file beside it,
 * rename). On failure nothing is left. */
int file_write_atomic(const char *path, const char *data, size_t len,
		      unsigned int mode, struct err *e);
/* The same for a file that must not be there yet (-EEXIST); it appears with
 * its content or not at all. */
int file_create_atomic(const char *path, const char *data, size_t len,
		       unsigned int mode, struct err *e);
/* Temporary files begin with this. Only a killed writer leaves one. */
#define FILE_TEMP_PREFIX ".tmp-"
/* The whole file, NUL-terminated, at most `max` bytes (-EFBIG). Caller frees.
 * -EINVAL for a named pipe, on which one could wait for ever. */
int file_read(const char *path, size_t max, char **data, size_t *len,
	      struct err *e);
/* Of a failed reading: is it the machine that failed (memory, descriptors, the
 * disk), and nothing known of what the file holds? */
bool file_is_out_of_reach(int ret);
/* The same of a file below a state directory: -ELOOP for a symbolic link,
 * -EINVAL for what is no file, belongs to anybody but us or root, or can be
 * written by others. */
int state_file_read(const char *path, size_t max, char **data, size_t *len,
		    struct err *e);
/* -EPERM for a state directory that others own or may write; 0 for none. */
int state_dir_check(const char *path, struct err *e);
/* mkdir -p, the last one with mode 0700. */
int state_dir_make(const char *path, struct err *e);
/* Can pods be added to and taken from the state directory? -EROFS, -ENOSPC, and
 * what to do about it. */
int state_dir_check_writable(const char *state_dir, struct err *e);
/* mkdir -p with mode 0755. */
int dir_make(const char *path, struct err *e);
