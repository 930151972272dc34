/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "../lib/cleanup.h"
#include "../lib/state.h"
#include "metric.h"
#include "report.h"
#include "stop.h"

#define NS_PER_S 1000000000ULL

static struct bugreport_options {
	const char *config_file, *log_file;
} options;

static const char head[] =
	"What is in this archive, and what could not be had. Each file is at\n"
	"most 1 MiB, cut where it would be more (logs at their beginning).\n"
	"What looks like a secret has been replaced by "
	"(left out)"
	".\n"
	"Addresses, names of pods and policies, and connections are in it.\n\n";

static void read_config(struct report *r)
{
	struct err e = {0};

	config_defaults(&r->config);
	if (config_read(r->config_file ? r->config_file : CONFIG_FILE_DEFAULT,
			&r->config, &e))
		config_defaults(&r->config);
}

/* "fairlead-bugreport-node-a-20260102-030405" */
static void name_it(struct report *r)
{
	static struct node_facts node;
	time_t now = time(NULL);
	char when[32];
	struct err e;
	struct tm tm;

	strftime(when, sizeof(when), "%Y%m%d-%H%M%S", gmtime_r(&now, &tm));
	if (node_facts_read(r->ctl->state_dir, &node, &e) ||
	    !name_is_safe(node.name, 60))
		strcpy(node.name, "node");
	snprintf(r->root, sizeof(r->root), "fairlead-bugreport-%.60s-%s",
		 node.name, when);
}

static int write_all(struct report *r, const char *path, struct err *e)
{
	__cleanup(tar_free) struct tar *tar = NULL;
	char name[160];
	int rc = tar_create(path, &tar, e);

	if (rc)
		return rc;
	r->tar = tar;
	r->contents_out = open_memstream(&r->contents, &r->contents_len);
	if (!r->contents_out)
		return err_set(e, ENOMEM, "out of memory");
	fputs(head, r->contents_out);
	report_datapath(r);
	report_system(r);
	report_network(r);
	report_files(r);
	fclose(r->contents_out);
	snprintf(name, sizeof(name), "%s/contents.txt", r->root);
	if (!r->failed.code)
		tar_add(tar, name, r->contents, r->contents_len, time(NULL),
			&r->failed);
	free(r->contents);
	if (r->failed.code) {
		*e = r->failed;
		return -e->code;
	}
	return tar_finish(tar, e);
}

static int bugreport_run(const struct ctl *c, int argc, char **argv,
			 struct err *e)
{
	struct report r = {
		.ctl = c,
		.config_file = options.config_file,
		.log_file = options.log_file,
		.deadline_ns = metrics_clock() + REPORT_SECONDS * NS_PER_S,
		.stop = &stopped,
	};
	char path[192];
	struct stat st;
	int rc;

	stop_on_signals();
	read_config(&r);
	name_it(&r);
	snprintf(path, sizeof(path), "%s.tar.gz", r.root);
	rc = write_all(&r, argc ? argv[0] : path, e);
	if (rc == -ENOENT)
		return -EIO; /* of a directory, not "nothing is loaded" */
	if (rc)
		return rc;
	if (stat(argc ? argv[0] : path, &st))
		st.st_size = 0;
	printf("%s: %lld KiB. Look at contents.txt in it before you hand it "
	       "on.\n",
	       argc ? argv[0] : path, (long long)(st.st_size + 1023) / 1024);
	if (geteuid())
		ctl_note("not root: most of what matters is not in it");
	return EXIT_FINE;
}

static const struct option option_table[] = {
	{"config", 0, "FILE", set_text,
	 offsetof(struct bugreport_options, config_file),
	 "of the agent (" CONFIG_FILE_DEFAULT ")"},
	{"log", 0, "FILE", set_text,
	 offsetof(struct bugreport_options, log_file),
	 "the agent's log, if it is not in the journal"},
	{0},
};

const struct command cmd_bugreport = {
	.name = "bugreport",
	.args = "[FILE]",
	.summary = "all that is needed to find a fault, in one archive",
	.about =
		"Writes a compressed archive that only its owner may read "
		"(default: fairlead-bugreport-NODE-TIME.tar.gz here): what "
		"doctor, status and the other commands say, maps, pins and "
		"programs, devices, routes, sysctls, the state directory, "
		"logs, configuration, versions, metrics and the latest events. "
		"Tokens, keys, credentials and environments are not in it; "
		"addresses, names and connections are. At most 32 MiB before "
		"compression, and a minute. It works with the agent dead and "
		"with nothing loaded.\n",
	.examples = "  fairlead bugreport\n"
		    "  fairlead bugreport /tmp/node-a.tar.gz --log "
		    "/var/log/agent.log\n",
	.options = option_table,
	.values = &options,
	.max_args = 1,
	.run = bugreport_run,
};
