/* SPDX-License-Identifier: Apache-2.0 */
#include "options.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "../lib/log.h"
#include "memory.h"
#include "source_kube.h"

enum { GO_ON = -1, EXIT_USAGE = 2 };

/* As given, but for --check-config: for reading again. */
static int words;
static char **word_list;

static void usage(void)
{
	printf("usage: fairlead-agent [OPTIONS]\n\n"
	       "Keeps this node what the cluster says it should be: loads the "
	       "datapath, follows\nmanifests and the network, writes maps and "
	       "routes. See fairlead-agent(8).\n\n"
	       "  --%-26sthis text\n  --%-26sthe version\n"
	       "  --%-26ssay whether the configuration is right, and end\n",
	       "help", "version", "check-config");
	config_usage();
}

static bool take_check_config(int argc, char **argv)
{
	bool found = false;

	word_list = memory_alloc((argc + 1) * sizeof(*word_list));
	for (int i = 0; i < argc; i++) {
		if (i && !strcmp(argv[i], "--check-config"))
			found = true;
		else
			word_list[words++] = argv[i];
	}
	return found;
}

static int parse(struct config *c, struct err *e)
{
	int at, rc;

	config_defaults(c);
	rc = config_parse_args(words, word_list, c, &at, e);
	if (rc == -ECANCELED) {
		if (!strcmp(word_list[at], "--version"))
			puts("fairlead-agent " FAIRLEAD_VERSION);
		else
			usage();
		return rc;
	}
	if (rc < 0)
		return rc;
	if (at < words)
		return err_set(e, EINVAL, "\"%s\" is not an option",
			       word_list[at]);
	rc = config_check(c, e);
	if (rc)
		return rc;
	if (!c->cluster_dir[0] && !c->kubeconfig[0] && !c->n_pod_cidrs)
		return err_set(e, EINVAL,
			       "none of cluster-dir, kubeconfig and pod-cidrs "
			       "is set: where do this node's pod addresses "
			       "come from?");
	return 0;
}

/* The file may come later than the configuration, and a service account is
 * there only in a pod. */
static int check_kubeconfig(const struct config *c)
{
	struct kube_config kube = {0};
	struct err e = {0};

	if (c->kubeconfig[0] == '/' && !access(c->kubeconfig, F_OK) &&
	    source_kube_config(c, &kube, &e)) {
		fprintf(stderr, "fairlead-agent: kubeconfig: %s\n", e.msg);
		return EXIT_USAGE;
	}
	kube_config_free(&kube);
	puts("the configuration is right");
	return 0;
}

int options_parse(int argc, char **argv, struct config *c)
{
	bool check = take_check_config(argc, argv);
	struct err e = {0};
	int rc = parse(c, &e);

	if (rc == -ECANCELED)
		return 0;
	if (rc) {
		fprintf(stderr, "fairlead-agent: %s\n", e.msg);
		return EXIT_USAGE;
	}
	if (check)
		return check_kubeconfig(c);
	log_set_level(c->log_level);
	log_set_format(c->log_format);
	return GO_ON;
}

void options_reload(struct config *c)
{
	struct config now;
	struct err e = {0};

	if (parse(&now, &e)) {
		log_error("configuration not read again", "error=\"%s\"",
			  e.msg);
		return;
	}
	c->log_level = now.log_level;
	c->log_format = now.log_format;
	c->events_per_second = now.events_per_second;
	c->policy_audit = now.policy_audit;
	c->policy_audit_pods = now.policy_audit_pods;
	log_set_level(c->log_level);
	log_set_format(c->log_format);
	log_info("configuration read again",
		 "taken_over=log-level,log-format,events-per-second,"
		 "policy-audit,policy-audit-pods");
	/* NOLINTNEXTLINE: defaults clear what is between the fields */
	if (memcmp(&now, c, sizeof(now)))
		log_warn("some changes need a restart of the agent", NULL);
}
