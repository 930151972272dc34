/* SPDX-License-Identifier: Apache-2.0 */
#include "config.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config_keys.h"
#include "state.h"

/* ---- what no key can say alone -------------------------------------- */

static int check_names(const struct config *c, struct err *e)
{
	if (!c->node_name[0])
		return err_set(e, EINVAL,
			       "node-name: empty, and the host has "
			       "no name either");
	if (c->node_name[strcspn(c->node_name, " \t\n\"/")])
		return err_set(e, EINVAL,
			       "node-name: \"%s\" has a character that no "
			       "node's name has",
			       c->node_name);
	if (c->state_dir[0] != '/')
		return err_set(e, EINVAL, "state-dir: \"%s\" is not absolute",
			       c->state_dir);
	if (c->bpf_root[0] != '/')
		return err_set(e, EINVAL, "bpf-root: \"%s\" is not absolute",
			       c->bpf_root);
	if (!strcmp(c->overlay_device, c->host_device))
		return err_set(e, EINVAL,
			       "overlay-device and host-device: both \"%s\"",
			       c->host_device);
	return 0;
}

bool config_is_in_cluster(const struct config *c)
{
	return !strcmp(c->kubeconfig, "in-cluster");
}

static int check_source(const struct config *c, struct err *e)
{
	if (c->kubeconfig[0] && c->cluster_dir[0])
		return err_set(e, EINVAL,
			       "cluster-dir and kubeconfig: the cluster comes "
			       "from one of them, not from both");
	if (c->kubeconfig[0] && c->kubeconfig[0] != '/' &&
	    !config_is_in_cluster(c))
		return err_set(
			e, EINVAL,
			"kubeconfig: \"%s\" is neither in-cluster nor an "
			"absolute path",
			c->kubeconfig);
	if (c->kube_context[0] && c->kubeconfig[0] != '/')
		return err_set(e, EINVAL,
			       "kube-context: needs kubeconfig to name a file");
	if (c->network_unavailable && !c->kubeconfig[0])
		return err_set(e, EINVAL,
			       "network-unavailable: needs kubeconfig");
	return 0;
}

/* A dot before its name: the runtime would not see it. */
static int check_cni_conf(const struct config *c, struct err *e)
{
	const char *name = strrchr(c->cni_conf_file, '/');

	if (!c->cni_conf_source[0] != !c->cni_conf_file[0])
		return err_set(e, EINVAL,
			       "cni-conf-source and cni-conf-file: one needs "
			       "the other");
	if (!c->cni_conf_file[0])
		return 0;
	if (c->cni_conf_source[0] != '/')
		return err_set(e, EINVAL,
			       "cni-conf-source: \"%s\" is not absolute",
			       c->cni_conf_source);
	if (c->cni_conf_file[0] != '/' || !name[1] || name[1] == '.')
		return err_set(e, EINVAL,
			       "cni-conf-file: \"%s\" is not a path such as "
			       "/etc/cni/net.d/10-fairlead.conflist",
			       c->cni_conf_file);
	return 0;
}

static int check_pod_cidrs(const struct config *c, struct err *e)
{
	char a[PREFIX_STRLEN], b[PREFIX_STRLEN];

	if (c->n_pod_cidrs > STATE_CIDRS_MAX)
		return err_set(e, EINVAL, "pod-cidrs: more than %d",
			       STATE_CIDRS_MAX);
	for (int i = 0; i < c->n_pod_cidrs; i++) {
		const struct fl_prefix *p = &c->pod_cidrs[i];

		if (p->prefix_len > 126)
			return err_set(e, EINVAL,
				       "pod-cidrs: %s has no room for pods",
				       prefix_format(p, a));
		for (int j = 0; j < i; j++)
			if (prefix_overlaps(p, &c->pod_cidrs[j]))
				return err_set(
					e, EINVAL,
					"pod-cidrs: %s and %s overlap",
					prefix_format(&c->pod_cidrs[j], a),
					prefix_format(p, b));
	}
	return 0;
}

static int check_ports(const struct config *c, struct err *e)
{
	if (c->node_port_min && c->node_port_min <= c->masq_port_min &&
	    c->node_port_max >= c->masq_port_max)
		return err_set(e, EINVAL,
			       "masquerade-ports: none is left beside "
			       "node-ports");
	return 0;
}

int config_http(const struct config *c, struct fl_addr *addr,
		unsigned int *port)
{
	char host[sizeof(c->http_address)], *colon, *end;
	struct fl_addr parsed;
	unsigned long n;

	strcpy(host, c->http_address);
	colon = strrchr(host, ':');
	if (!colon || colon == host || colon[1] < '0' || colon[1] > '9')
		return -EINVAL;
	n = strtoul(colon + 1, &end, 10);
	if (*end || !n || n > 65535)
		return -EINVAL;
	*colon = 0;
	if (host[0] == '[' && colon[-1] == ']') {
		colon[-1] = 0;
		memmove(host, host + 1, strlen(host));
	}
	if (addr_parse(host, &parsed))
		return -EINVAL;
	*addr = parsed;
	*port = n;
	return 0;
}

static bool is_loopback(const struct fl_addr *addr)
{
	size_t len;
	int family;
	const unsigned char *bytes = addr_bytes(addr, &family, &len);

	return family == AF_INET ? bytes[0] == 127
				 : !memcmp(bytes, &in6addr_loopback, len);
}

/* Whoever may read the metrics may see the cluster: they stay on this node. */
static int check_http(const struct config *c, struct err *e)
{
	struct fl_addr addr;
	unsigned int port;

	if (!c->http_address[0])
		return 0;
	if (config_http(c, &addr, &port))
		return err_set(e, EINVAL,
			       "http-address: \"%s\" is not an address and a "
			       "port such as 127.0.0.1:9876 or [::1]:9876",
			       c->http_address);
	if (!is_loopback(&addr))
		return err_set(e, EINVAL,
			       "http-address: %s is not on a loopback address",
			       c->http_address);
	return 0;
}

int config_check(const struct config *c, struct err *e)
{
	int rc;

	rc = check_names(c, e);
	if (!rc)
		rc = check_source(c, e);
	if (!rc)
		rc = check_cni_conf(c, e);
	if (!rc)
		rc = check_pod_cidrs(c, e);
	if (!rc)
		rc = check_ports(c, e);
	if (!rc)
		rc = check_http(c, e);
	if (rc)
		return rc;
	if (c->mtu && c->mtu < 1280)
		return err_set(e, EINVAL,
			       "mtu: %u is less than the 1280 that IPv6 needs",
			       c->mtu);
	if (c->direct_routes && c->overlay)
		return err_set(e, EINVAL,
			       "direct-routes: only in native mode (mode: "
			       "native)");
	return 0;
}

/* ---- the command line ----------------------------------------------- */

enum { OPTION_END, OPTION_VALUE, OPTION_ALONE };

struct option {
	char key[64];
	const char *value;
	int next; /* index of the word behind it */
};

static bool is_alone(const char *word)
{
	return !strcmp(word, "--help") || !strcmp(word, "-h") ||
	       !strcmp(word, "--version");
}

/* The option at argv[at]: --KEY VALUE or --KEY=VALUE. */
static int read_option(int argc, char **argv, int at, struct option *out,
		       struct err *e)
{
	const char *word = at < argc ? argv[at] : NULL;
	size_t len;

	if (!word || word[0] != '-' || !word[1])
		return OPTION_END;
	if (is_alone(word))
		return OPTION_ALONE;
	if (strncmp(word, "--", 2) || !word[2])
		return err_set(e, EINVAL, "unknown option %s", word);
	word += 2;
	len = strcspn(word, "=");
	if (len >= sizeof(out->key))
		return config_unknown("option --", word, e);
	memcpy(out->key, word, len);
	out->key[len] = 0;
	if (strcmp(out->key, "config") && !config_find(out->key))
		return config_unknown("option --", out->key, e);
	out->next = at + 1;
	if (word[len])
		out->value = word + len + 1;
	else if (out->next < argc)
		out->value = argv[out->next++];
	else
		return err_set(e, EINVAL, "--%s: a value is missing", out->key);
	return OPTION_VALUE;
}

/* The file comes first, wherever it is named. */
static int find_config(int argc, char **argv, const char **path, int *at,
		       struct err *e)
{
	struct option option;
	int rc;

	for (*at = 1;; *at = option.next) {
		rc = read_option(argc, argv, *at, &option, e);
		if (rc == OPTION_ALONE)
			return -ECANCELED;
		if (rc != OPTION_VALUE)
			return rc;
		if (!strcmp(option.key, "config"))
			*path = option.value;
	}
}

static int read_file(const char *path, struct config *c, struct err *e)
{
	int rc = config_read(path ? path : CONFIG_FILE_DEFAULT, c, e);

	return rc == -ENOENT && !path ? 0 : rc;
}

int config_parse_args(int argc, char **argv, struct config *c, int *at,
		      struct err *e)
{
	struct config parsed = *c;
	const char *path = NULL;
	struct option option;
	int rc, i;

	rc = find_config(argc, argv, &path, &i, e);
	*at = i;
	if (rc)
		return rc;
	rc = read_file(path, &parsed, e);
	if (rc)
		return rc;
	for (i = 1; read_option(argc, argv, i, &option, e) == OPTION_VALUE;
	     i = option.next) {
		if (!strcmp(option.key, "config"))
			continue;
		rc = config_set(&parsed, option.key, option.value, e);
		if (rc)
			return err_wrap(e, "option --%s", option.key);
	}
	*c = parsed;
	*at = i;
	return i;
}

/* The default stands on a line of its own where it would not fit. */
static void print_key(const struct config_key *k)
{
	size_t used = 30 + strlen(k->help) + strlen(k->value) + 3;

	printf("  --%-26s%s", k->name, k->help);
	if (k->value[0])
		printf("%s%*s[%s]", used > 80 ? "\n" : " ", used > 80 ? 30 : 0,
		       "", k->value);
	putchar('\n');
}

void config_usage(void)
{
	printf("  --%-26s%s\n%30s[%s]\n", "config FILE", "read this file first",
	       "", CONFIG_FILE_DEFAULT);
	for (const struct config_key *k = config_keys; k->name; k++)
		print_key(k);
}
