/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fairlead-cni: the CNI plugin. A container runtime calls it with CNI_* in the
 * environment and a network configuration on standard input.
 */
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "../lib/cleanup.h"
#include "call.h"
#include "failure.h"
#include "interrupt.h"
#include "journal.h"
#include "lock.h"
#include "verbs.h"

/* Whoever calls us with a standard stream closed would get our files in its
 * place: a result that nobody reads must be an error, not a line of the log. */
static void keep_streams(void)
{
	for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
		if (fcntl(fd, F_GETFD) < 0 &&
		    open("/dev/null",
			 fd == STDERR_FILENO ? O_WRONLY : O_RDONLY) < 0)
			return;
}

static int run(const struct call *c, struct failure *f)
{
	static int (*const verbs[])(const struct call *, struct failure *) = {
		[VERB_ADD] = verb_add,	     [VERB_DEL] = verb_del,
		[VERB_CHECK] = verb_check,   [VERB_GC] = verb_gc,
		[VERB_STATUS] = verb_status, [VERB_VERSION] = verb_version,
	};
	__cleanup(fd_close) int lock = -1;
	int ret;

	if (c->verb != VERB_VERSION && geteuid() != 0)
		return failure_set(
			f, CNI_PRIVILEGES,
			"fairlead-cni must run as root: it makes network "
			"devices and writes BPF maps");
	if (c->verb == VERB_ADD || c->verb == VERB_DEL ||
	    c->verb == VERB_CHECK) {
		ret = attachment_lock(c, &lock, f);
		if (ret)
			return ret;
	}
	return verbs[c->verb](c, f);
}

static int usage(const char *option)
{
	bool version = !strcmp(option, "--version") || !strcmp(option, "-V");
	bool help = !strcmp(option, "--help") || !strcmp(option, "-h");

	if (version)
		printf("fairlead-cni %s\nCNI versions: %s\n", FAIRLEAD_VERSION,
		       cni_version_list());
	else
		fprintf(help ? stdout : stderr,
			"fairlead-cni %s, a CNI plugin (CNI versions %s)\n\n"
			"A container runtime calls it: CNI_COMMAND and the "
			"other CNI_* variables in the\nenvironment, the "
			"network configuration on standard input. It takes no "
			"options but\n--help and --version. Try:\n\n"
			"  echo '{\"cniVersion\": \"1.1.0\"}' | "
			"CNI_COMMAND=VERSION fairlead-cni\n\n"
			"See fairlead-cni(8).\n",
			FAIRLEAD_VERSION, cni_version_list());
	return version || help ? 0 : 2;
}

int main(int argc, char **argv)
{
	struct failure failure = {0}, ignored;
	__cleanup(mem_free) char *text = NULL;
	struct call call;
	int ret;

	if (argc > 1)
		return usage(argv[1]);
	keep_streams();
	interrupt_catch();
	ret = call_read(STDIN_FILENO, &call, &failure);
	if (!ret)
		ret = run(&call, &failure);
	if (ret) {
		journal(LOG_LEVEL_ERROR, "failed", "code=%d error=\"%s\"",
			failure.code, failure.msg);
		text = failure_json(&failure,
				    cni_version_name(call.conf.version));
		if (text)
			output_text(text, &ignored);
	}
	call_free(&call);
	return ret ? 1 : 0;
}
