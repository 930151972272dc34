/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The node's configuration: one YAML (or JSON) file that the agent and
 * fairlead-loader both read, default /etc/fairlead/fairlead.yaml, each key
 * also a command-line option of the same name (--state-dir DIR). An unknown
 * key is an error that names it and the nearest known one.
 */
#pragma once

#include <stdbool.h>

#include <fairlead/abi.h>

#include "addr.h"
#include "err.h"
#include "log.h"

#define CONFIG_FILE_DEFAULT "/etc/fairlead/fairlead.yaml"
#define CONFIG_LIST_MAX	    16

enum attach_mode { ATTACH_AUTO, ATTACH_TCX, ATTACH_CLSACT };

/* A line a key. */
/* clang-format off */
struct config {
	char node_name[254];	   /* node-name; default: host name */
	char state_dir[256];	   /* state-dir */
	char bpf_root[256];	   /* bpf-root */
	char cluster_dir[256];	   /* cluster-dir: manifests (standalone source) */
	char kubeconfig[256];	   /* kubeconfig: "in-cluster", or a file; "": no API server */
	char kube_context[128];	   /* kube-context; "": the file's current one */
	bool watch_services;	   /* watch-services: false */
	unsigned int start_spread; /* start-spread: 10: seconds, after a boot */
	unsigned int optional_interval; /* optional-interval: 60: seconds, about */
	bool seccomp;		   /* seccomp: true; system calls that are not the agent's are refused */
	bool drop_capabilities;	   /* drop-capabilities: true; but those that it works with */
	bool core_dumps;	   /* core-dumps: false; they would hold the token */
	bool network_unavailable;  /* network-unavailable: false; true: clear the Node's condition */
	char cni_conf_source[256]; /* cni-conf-source: copied to ... */
	char cni_conf_file[256];   /* cni-conf-file: ... this, once the node can serve pods */
	bool overlay;		   /* mode: overlay | native */
	char overlay_device[16];   /* overlay-device: fl_vxlan */
	unsigned int overlay_port; /* overlay-port: 8472 */
	unsigned int overlay_vni;  /* overlay-vni: 1 */
	char host_device[16];	   /* host-device: fl_host */
	char uplinks[CONFIG_LIST_MAX][16]; /* uplinks: []; empty: derived */
	int n_uplinks;
	unsigned int mtu;	   /* mtu: 0: derived from the uplinks */
	struct fl_prefix pod_cidrs[CONFIG_LIST_MAX]; /* pod-cidrs: override Node's */
	int n_pod_cidrs;
	bool masquerade_v4;	   /* masquerade-ipv4: true */
	bool masquerade_v6;	   /* masquerade-ipv6: true */
	struct fl_prefix masq_exclude[CONFIG_LIST_MAX]; /* masquerade-exclude: [] */
	int n_masq_exclude;
	unsigned int masq_port_min, masq_port_max; /* masquerade-ports: 1024-65535 */
	unsigned int node_port_min, node_port_max; /* node-ports: 30000-32767, never used to masquerade; "" : none */
	bool direct_routes;	   /* direct-routes: false; native mode: routes to nodes on the same link */
	enum attach_mode attach;   /* attach: auto | tcx | clsact */
	unsigned int flows_max;	   /* flows-max: 0: derived from memory, 64 Ki on a small node */
	unsigned int events_per_second; /* events-per-second: 100, per reason and CPU */
	bool flow_events;	   /* flow-events: true */
	bool policy_audit;	   /* policy-audit: false; verdicts are told, not enforced */
	bool policy_audit_pods;	   /* policy-audit-pods: false; Pods of an API server may say so too */
	char http_address[64];	   /* http-address: 127.0.0.1:9876; "" : none */
	enum log_level log_level;  /* log-level: info */
	enum log_format log_format; /* log-format: text | json */
};
/* clang-format on */

void config_defaults(struct config *c);

/* Read a file over *c. Errors name file, line and key. */
int config_read(const char *path, struct config *c, struct err *e);

/* Set one key from text, as the command line does (lists comma-separated).
 * -ENOENT for an unknown key. */
int config_set(struct config *c, const char *key, const char *value,
	       struct err *e);

/* Is the source an API server, and is it the one of the pod's own cluster? */
bool config_is_in_cluster(const struct config *c);

/* What cannot be judged key by key: ranges, combinations. */
int config_check(const struct config *c, struct err *e);

/* The address and port of http-address; -EINVAL if it is not such a pair. */
int config_http(const struct config *c, struct fl_addr *addr,
		unsigned int *port);

/* Parse the options of a program: --config FILE is read first, then each
 * --KEY VALUE (or --KEY=VALUE) in order. Stops at the first word that is no
 * option and returns its index in argv, or negative errno. A missing default
 * configuration file is no error, a missing named one is. --help and --version
 * are left to the caller: they return -ECANCELED with argv index in *at. */
int config_parse_args(int argc, char **argv, struct config *c, int *at,
		      struct err *e);

/* Prints each key with its default and a line of help, for --help. */
void config_usage(void);
