/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <locale.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "ctl.h"

static int usage_error(const char *command, const struct err *e)
{
	if (command)
		fprintf(stderr, "fairlead %s: %s\n", command, e->msg);
	else
		fprintf(stderr, "fairlead: %s\n", e->msg);
	fprintf(stderr, "Try: fairlead %s%s--help\n", command ? command : "",
		command ? " " : "");
	return EXIT_USAGE;
}

static int unknown_command(const char *name)
{
	const char *near = command_nearest(name);
	struct err e = {0};

	if (near)
		err_set(&e, EINVAL, "no such command: %s (did you mean %s?)",
			name, near);
	else
		err_set(&e, EINVAL, "no such command: %s", name);
	return usage_error(NULL, &e);
}

static int run_command(const struct command *cmd, struct ctl *c, int argc,
		       char **argv)
{
	const struct option_set sets[] = {
		{cmd->options, cmd->values},
		{global_options, c},
	};
	struct err e = {0};
	int words, rc;

	if (option_parse(sets, 2, argc, argv, false, &words, &e))
		return usage_error(cmd->name, &e);
	if (c->help) {
		help_command(cmd, stdout);
		return EXIT_FINE;
	}
	if (words > cmd->max_args) {
		err_set(&e, EINVAL, "does not know what to do with: %s",
			argv[cmd->max_args]);
		return usage_error(cmd->name, &e);
	}
	ctl_settle(c);
	rc = cmd->run(c, words, argv, &e);
	if (rc == EXIT_USAGE)
		return usage_error(cmd->name, &e);
	if (rc >= 0 && !ctl_flush(&e))
		return rc;
	if (e.msg[0])
		fprintf(stderr, "fairlead %s: %s\n", cmd->name, e.msg);
	return rc == -ENOENT ? EXIT_NOT_LOADED : EXIT_FAILED;
}

static int run(int argc, char **argv)
{
	struct ctl c = {0};
	const struct option_set sets[] = {{global_options, &c}};
	const struct command *cmd;
	struct err e = {0};
	int words;

	if (option_parse(sets, 1, argc - 1, argv + 1, true, &words, &e))
		return usage_error(NULL, &e);
	if (c.version) {
		puts("fairlead " FAIRLEAD_VERSION);
		return EXIT_FINE;
	}
	if (!words) {
		help_program(c.help ? stdout : stderr);
		return c.help ? EXIT_FINE : EXIT_USAGE;
	}
	cmd = command_find(argv[1]);
	if (!cmd)
		return unknown_command(argv[1]);
	return run_command(cmd, &c, words - 1, argv + 2);
}

int main(int argc, char **argv)
{
	struct err e = {0};
	int rc;

	/* Widths of characters; nothing else depends on the locale. */
	if (!setlocale(LC_CTYPE, "C.UTF-8"))
		setlocale(LC_CTYPE, "");
	/* A reader that has seen enough (head, less) ends us without a word,
	 * also where our parent ignores the signal. */
	signal(SIGPIPE, SIG_DFL);
	rc = run(argc, argv);
	if (ctl_flush(&e)) {
		fprintf(stderr, "fairlead: %s\n", e.msg);
		return EXIT_FAILED;
	}
	return rc;
}
