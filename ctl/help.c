/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <string.h>

#include "../lib/json.h"
#include "ctl.h"
#include "format.h"
#include "option.h"
#include "reason.h"

static const char exit_codes[] =
	"Exit codes:\n"
	"  0  done; `status`: this node is fine\n"
	"  1  something could not be read or written\n"
	"  2  unknown command or option, or an impossible value\n"
	"  3  nothing is loaded (nothing is pinned below the BPF root)\n"
	"  4  `status`: loaded, but something is wrong; `doctor`: something is\n"
	"  5  `trace` only: the packet would be dropped\n";

void help_program(FILE *out)
{
	fputs("fairlead: look at this node's part of the pod network\n\n"
	      "usage: fairlead [OPTION...] COMMAND [OPTION...]\n\n"
	      "commands:\n",
	      out);
	for (unsigned int i = 0; command_at(i); i++)
		fprintf(out, "  %-10s %s\n", command_at(i)->name,
			command_at(i)->summary);
	fputs("\noptions of all commands:\n", out);
	option_help(global_options, out);
	fputs("\nSomething is wrong and you do not know what? In this order:\n"
	      "  fairlead status     is this node fine, and if not, why\n"
	      "  fairlead doctor     all that can be checked, and what to do\n"
	      "  fairlead drops      what is thrown away right now, and why\n"
	      "  fairlead monitor    each dropped packet, as it happens\n"
	      "  fairlead help NAME  a command, or a drop reason: what it "
	      "means, where to look\n\n"
	      "It reads the maps in the kernel: it works while the agent is "
	      "dead.\n",
	      out);
	fputs(exit_codes, out);
}

/* Paragraphs are wrapped; what begins with a blank is laid out already. */
static void print_about(const char *about, FILE *out)
{
	while (*about) {
		int len = strcspn(about, "\n");
		char line[1024];

		snprintf(line, sizeof(line), "%.*s", len, about);
		if (*line && *line != ' ')
			text_wrap(line, 0, 78, out);
		else
			fprintf(out, "%s\n", line);
		about += len + (about[len] == '\n');
	}
}

void help_command(const struct command *cmd, FILE *out)
{
	fprintf(out,
		"fairlead %s: %s\n\nusage: fairlead %s [OPTION...]%s%s\n\n",
		cmd->name, cmd->summary, cmd->name, *cmd->args ? " " : "",
		cmd->args);
	print_about(cmd->about, out);
	fprintf(out, "\nexamples:\n%s", cmd->examples);
	if (cmd->options) {
		fputs("\noptions:\n", out);
		option_help(cmd->options, out);
	}
	fputs("\noptions of all commands:\n", out);
	option_help(global_options, out);
}

static void help_reason(unsigned int reason, FILE *out)
{
	fprintf(out, "%s: %s\n", reason_name(reason), reason_text(reason));
	if (reason_advice(reason))
		text_wrap(reason_advice(reason), 4, 78, out);
}

int help_topic(const char *topic, FILE *out, struct err *e)
{
	const struct command *cmd = command_find(topic);
	int reason = reason_find(topic);
	const char *near;

	if (cmd) {
		help_command(cmd, out);
		if (reason_is_drop(reason) && reason >= 0) {
			fputs("\nAs the reason of a drop:\n", out);
			help_reason(reason, out);
		}
	} else if (!strcmp(topic, "reasons")) {
		for (int r = FL_DROP_FIRST; r < FL_REASON_MAX; r++)
			help_reason(r, out);
	} else if (!strcmp(topic, "exit-codes")) {
		fputs(exit_codes, out);
	} else if (reason >= 0) {
		help_reason(reason, out);
	} else {
		near = command_nearest(topic);
		near = near ? near : reason_nearest(topic);
		err_set(e, EINVAL, "no such command or reason: %s%s%s%s", topic,
			near ? " (did you mean " : "", near ? near : "",
			near ? "?)" : "");
		return EXIT_USAGE;
	}
	return EXIT_FINE;
}

static int help_run(const struct ctl *c, int argc, char **argv, struct err *e)
{
	(void)c;
	if (argc)
		return help_topic(argv[0], stdout, e);
	help_program(stdout);
	return EXIT_FINE;
}

const struct command cmd_help = {
	.name = "help",
	.args = "[COMMAND|REASON|reasons|exit-codes]",
	.summary = "explain a command or a drop reason",
	.about =
		"Without a word: all commands. With the name of a command: what "
		"it does, with\nexamples. With the name of a drop reason (as in "
		"`fairlead drops`): what it means\nand where to look.\n",
	.examples = "  fairlead help flows\n"
		    "  fairlead help spoofed_address\n"
		    "  fairlead help reasons | less\n",
	.max_args = 1,
	.run = help_run,
};
