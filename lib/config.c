/* SPDX-License-Identifier: Apache-2.0 */
#include "config.h"

#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "config_keys.h"
#include "json.h"
#include "state.h"

enum { LIST_TEXT_MAX = 4096 };

#define AT(field)     offsetof(struct config, field)
#define TEXT(field)   CONFIG_TEXT, AT(field), sizeof(((struct config *)0)->field)
#define BOOL(field)   CONFIG_BOOL, AT(field), 0
#define NUMBER(field) CONFIG_NUMBER, AT(field), 0

/* In the order of --help. The defaults are those of config_defaults(): it
 * sets each key from this text. */
const struct config_key config_keys[] = {
	{"node-name", "", "this node's name (default: the host name)",
	 TEXT(node_name), 0, 0},
	{"cluster-dir", "", "directory of manifests: the standalone source",
	 TEXT(cluster_dir), 0, 0},
	{"kubeconfig", "", "an API server: a file, or \"in-cluster\"",
	 TEXT(kubeconfig), 0, 0},
	{"kube-context", "", "of that file (default: its current one)",
	 TEXT(kube_context), 0, 0},
	{"watch-services", "false", "follow services and endpoint slices",
	 BOOL(watch_services), 0, 0},
	{"start-spread", "10",
	 "seconds over which nodes that boot together ask an API server",
	 NUMBER(start_spread), 0, 600},
	{"optional-interval", "60",
	 "seconds, about, until kinds that it does not have are asked for",
	 NUMBER(optional_interval), 1, 3600},
	{"seccomp", "true",
	 "refuse the agent system calls that it has no use for", BOOL(seccomp),
	 0, 0},
	{"drop-capabilities", "true",
	 "the agent gives up those that it does not work with",
	 BOOL(drop_capabilities), 0, 0},
	{"core-dumps", "false",
	 "with an API server: they and debuggers could tell its token",
	 BOOL(core_dumps), 0, 0},
	{"network-unavailable", "false",
	 "clear the Node's condition NetworkUnavailable",
	 BOOL(network_unavailable), 0, 0},
	{"cni-conf-source", "", "CNI configuration to put in place once ready",
	 TEXT(cni_conf_source), 0, 0},
	{"cni-conf-file", "", "where it is put", TEXT(cni_conf_file), 0, 0},
	{"state-dir", STATE_DIR_DEFAULT, "where the state files are",
	 TEXT(state_dir), 0, 0},
	{"bpf-root", BPF_ROOT_DEFAULT, "where maps and programs are pinned",
	 TEXT(bpf_root), 0, 0},
	{"pod-cidrs", "", "pod ranges of this node (default: its Node's)",
	 CONFIG_POD_CIDRS, 0, 0, 0, 0},
	{"mode", "overlay", "how nodes reach each other: overlay or native",
	 CONFIG_MODE, 0, 0, 0, 0},
	{"direct-routes", "false",
	 "native mode: routes to nodes on the same link", BOOL(direct_routes),
	 0, 0},
	{"uplinks", "", "devices that lead out (default: derived)",
	 CONFIG_UPLINKS, 0, 0, 0, 0},
	{"mtu", "0", "MTU of pods (0: derived from the uplinks)", NUMBER(mtu),
	 0, 65535},
	{"overlay-device", "fl_vxlan", "name of the VXLAN device",
	 CONFIG_DEVICE, AT(overlay_device), 0, 0, 0},
	{"overlay-port", "8472", "UDP port of the overlay",
	 NUMBER(overlay_port), 1, 65535},
	{"overlay-vni", "1", "VXLAN network identifier", NUMBER(overlay_vni), 1,
	 0xffffff},
	{"host-device", "fl_host", "device that holds this node's pod address",
	 CONFIG_DEVICE, AT(host_device), 0, 0, 0},
	{"masquerade-ipv4", "true", "masquerade what leaves the cluster, IPv4",
	 BOOL(masquerade_v4), 0, 0},
	{"masquerade-ipv6", "true", "masquerade what leaves the cluster, IPv6",
	 BOOL(masquerade_v6), 0, 0},
	{"masquerade-exclude", "", "destinations that see pods' own addresses",
	 CONFIG_MASQ_EXCLUDE, 0, 0, 0, 0},
	{"masquerade-ports", "1024-65535", "ports to masquerade with",
	 CONFIG_MASQ_PORTS, 0, 0, 0, 0},
	{"node-ports", "30000-32767",
	 "not used to masquerade: node ports (\"\": none)", CONFIG_NODE_PORTS,
	 0, 0, 0, 0},
	{"attach", "auto", "how programs are attached: auto, tcx or clsact",
	 CONFIG_ATTACH, 0, 0, 0, 0},
	{"flows-max", "0", "size of the flow table (0: derived from memory)",
	 NUMBER(flows_max), 0, 1 << 26},
	{"events-per-second", "100", "per reason and CPU (0: no events)",
	 NUMBER(events_per_second), 0, 1000000},
	{"flow-events", "true", "events for new and closed flows",
	 BOOL(flow_events), 0, 0},
	{"policy-audit", "false", "tell what policies deny, and let it pass",
	 BOOL(policy_audit), 0, 0},
	{"policy-audit-pods", "false",
	 "an API server's Pods may ask for it by annotation",
	 BOOL(policy_audit_pods), 0, 0},
	{"http-address", "127.0.0.1:9876",
	 "for /metrics, /healthz, /readyz (\"\": none)", TEXT(http_address), 0,
	 0},
	{"log-level", "info", "error, warn, info or debug", CONFIG_LOG_LEVEL, 0,
	 0, 0, 0},
	{"log-format", "text", "text (key=value) or json", CONFIG_LOG_FORMAT, 0,
	 0, 0, 0},
	{0},
};

/* ---- one key from text ---------------------------------------------- */

static int set_text(struct config *c, const struct config_key *k,
		    const char *value, struct err *e)
{
	if (strlen(value) >= k->size)
		return err_set(e, EINVAL, "%s: longer than %zu characters",
			       k->name, k->size - 1);
	strcpy((char *)c + k->offset, value);
	return 0;
}

static int set_bool(struct config *c, const struct config_key *k,
		    const char *value, struct err *e)
{
	bool *out = (bool *)((char *)c + k->offset);

	if (!strcmp(value, "true"))
		*out = true;
	else if (!strcmp(value, "false"))
		*out = false;
	else
		return err_set(e, EINVAL,
			       "%s: \"%s\" is neither true nor false", k->name,
			       value);
	return 0;
}

static int parse_number(const char *text, unsigned int max, unsigned int *out)
{
	unsigned long n;

	if (!*text || text[strspn(text, "0123456789")] || strlen(text) > 10)
		return -EINVAL;
	n = strtoul(text, NULL, 10);
	if (n > max)
		return -ERANGE;
	*out = n;
	return 0;
}

static int set_number(struct config *c, const struct config_key *k,
		      const char *value, struct err *e)
{
	unsigned int n;

	if (parse_number(value, k->max, &n) || n < k->min)
		return err_set(e, EINVAL,
			       "%s: \"%s\" is not a number from %u to %u",
			       k->name, value, k->min, k->max);
	*(unsigned int *)((char *)c + k->offset) = n;
	return 0;
}

/* What the kernel takes as a device's name. */
static int check_device(const struct config_key *k, const char *value,
			struct err *e)
{
	if (!*value || strlen(value) > 15 || strpbrk(value, "/: \t\n%") ||
	    !strcmp(value, ".") || !strcmp(value, ".."))
		return err_set(e, EINVAL, "%s: \"%s\" is not a device name",
			       k->name, value);
	return 0;
}

static int set_ports(const struct config_key *k, const char *value,
		     unsigned int *min, unsigned int *max, struct err *e)
{
	char low[8], rest;
	unsigned int a, b;
	const char *dash = strchr(value, '-');

	if (!*value && k->kind == CONFIG_NODE_PORTS) {
		*min = *max = 0;
		return 0;
	}
	if (!dash || sscanf(value, "%7[0-9]%c", low, &rest) != 2 ||
	    rest != '-' || parse_number(low, 65535, &a) ||
	    parse_number(dash + 1, 65535, &b) || !a || a > b)
		return err_set(e, EINVAL,
			       "%s: \"%s\" is not a range such as 1024-65535",
			       k->name, value);
	*min = a;
	*max = b;
	return 0;
}

static int set_word(const struct config_key *k, const char *value,
		    const char *const *words, int *out, struct err *e)
{
	for (int i = 0; words[i]; i++) {
		if (!strcmp(value, words[i])) {
			*out = i;
			return 0;
		}
	}
	return err_set(e, EINVAL, "%s: \"%s\" is not one of: %s", k->name,
		       value, strstr(k->help, words[0]));
}

/* ---- lists ---------------------------------------------------------- */

static int set_prefix(const struct config_key *k, const char *word,
		      struct fl_prefix *out, struct err *e)
{
	if (!prefix_parse(word, true, out))
		return 0;
	if (!prefix_parse(word, false, out))
		return err_set(e, EINVAL,
			       "%s: %s has bits set behind its prefix length",
			       k->name, word);
	return err_set(e, EINVAL,
		       "%s: \"%s\" is not a range such as 10.1.0.0/24 or "
		       "fd00:1::/64",
		       k->name, word);
}

static int add_word(struct config *c, const struct config_key *k,
		    const char *word, int *n, struct err *e)
{
	int rc;

	if (*n == CONFIG_LIST_MAX)
		return err_set(e, EINVAL, "%s: more than %d entries", k->name,
			       CONFIG_LIST_MAX);
	if (k->kind == CONFIG_POD_CIDRS)
		rc = set_prefix(k, word, &c->pod_cidrs[*n], e);
	else if (k->kind == CONFIG_MASQ_EXCLUDE)
		rc = set_prefix(k, word, &c->masq_exclude[*n], e);
	else {
		rc = check_device(k, word, e);
		if (!rc)
			strcpy(c->uplinks[*n], word);
	}
	if (!rc)
		(*n)++;
	return rc;
}

/* Words between commas; "" is the empty list. */
static int set_list(struct config *c, const struct config_key *k,
		    const char *value, int *count, struct err *e)
{
	char text[LIST_TEXT_MAX], *next = text, *word;
	struct config before = *c;
	int n = 0, rc;

	if (strlen(value) >= sizeof(text))
		return err_set(e, EINVAL, "%s: list too long", k->name);
	strcpy(text, value);
	while (*text && (word = strsep(&next, ","))) {
		word += strspn(word, " ");
		word[strcspn(word, " ")] = 0;
		rc = add_word(c, k, word, &n, e);
		if (rc) {
			*c = before;
			return rc;
		}
	}
	*count = n;
	return 0;
}

/* ---- setting -------------------------------------------------------- */

static int set_mode(struct config *c, const struct config_key *k,
		    const char *value, struct err *e)
{
	static const char *const modes[] = {"overlay", "native", NULL};
	int mode = 0, rc = set_word(k, value, modes, &mode, e);

	if (!rc)
		c->overlay = mode == 0;
	return rc;
}

static int set_attach(struct config *c, const struct config_key *k,
		      const char *value, struct err *e)
{
	static const char *const modes[] = {
		[ATTACH_AUTO] = "auto",
		[ATTACH_TCX] = "tcx",
		[ATTACH_CLSACT] = "clsact",
		NULL,
	};
	int mode = 0, rc = set_word(k, value, modes, &mode, e);

	if (!rc)
		c->attach = mode;
	return rc;
}

static int set_key(struct config *c, const struct config_key *k,
		   const char *value, struct err *e)
{
	switch (k->kind) {
	case CONFIG_TEXT:
		return set_text(c, k, value, e);
	case CONFIG_BOOL:
		return set_bool(c, k, value, e);
	case CONFIG_NUMBER:
		return set_number(c, k, value, e);
	case CONFIG_DEVICE:
		if (check_device(k, value, e))
			return -EINVAL;
		strcpy((char *)c + k->offset, value);
		return 0;
	case CONFIG_MODE:
		return set_mode(c, k, value, e);
	case CONFIG_ATTACH:
		return set_attach(c, k, value, e);
	case CONFIG_UPLINKS:
		return set_list(c, k, value, &c->n_uplinks, e);
	case CONFIG_POD_CIDRS:
		return set_list(c, k, value, &c->n_pod_cidrs, e);
	case CONFIG_MASQ_EXCLUDE:
		return set_list(c, k, value, &c->n_masq_exclude, e);
	case CONFIG_MASQ_PORTS:
		return set_ports(k, value, &c->masq_port_min, &c->masq_port_max,
				 e);
	case CONFIG_NODE_PORTS:
		return set_ports(k, value, &c->node_port_min, &c->node_port_max,
				 e);
	case CONFIG_LOG_LEVEL:
		if (log_level_parse(value, &c->log_level))
			return err_set(e, EINVAL,
				       "%s: \"%s\" is not one of: %s", k->name,
				       value, k->help);
		return 0;
	case CONFIG_LOG_FORMAT:
		if (log_format_parse(value, &c->log_format))
			return err_set(e, EINVAL,
				       "%s: \"%s\" is neither text nor json",
				       k->name, value);
		return 0;
	}
	return -EINVAL;
}

int config_unknown(const char *prefix, const char *key, struct err *e)
{
	const char *names[64] = {NULL}, *nearest;
	int n = 0;

	for (const struct config_key *k = config_keys; k->name; k++)
		names[n++] = k->name;
	nearest = word_nearest(key, names);
	if (!nearest)
		return err_set(e, ENOENT, "unknown %s%.64s", prefix, key);
	return err_set(e, ENOENT, "unknown %s%.64s (did you mean %s?)", prefix,
		       key, nearest);
}

const struct config_key *config_find(const char *key)
{
	for (const struct config_key *k = config_keys; k->name; k++)
		if (!strcmp(k->name, key))
			return k;
	return NULL;
}

int config_set(struct config *c, const char *key, const char *value,
	       struct err *e)
{
	const struct config_key *k = config_find(key);

	if (!k)
		return config_unknown("key ", key, e);
	return set_key(c, k, value, e);
}

void config_defaults(struct config *c)
{
	memset(c, 0, sizeof(*c));
	for (const struct config_key *k = config_keys; k->name; k++)
		set_key(c, k, k->value, NULL);
	if (gethostname(c->node_name, sizeof(c->node_name) - 1))
		c->node_name[0] = 0;
}
