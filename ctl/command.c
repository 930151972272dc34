/* SPDX-License-Identifier: Apache-2.0 */
/* The table of commands. */
#include <string.h>

#include "../lib/json.h"
#include "ctl.h"

/* In the order of --help: what one reaches for first. */
static const struct command *const all[] = {
	&cmd_status, &cmd_doctor, &cmd_drops,	  &cmd_monitor, &cmd_flows,
	&cmd_policy, &cmd_trace,  &cmd_endpoints, &cmd_routes,	&cmd_metrics,
	&cmd_map,    &cmd_test,	  &cmd_bugreport, &cmd_help,
};
#define N_COMMANDS (sizeof(all) / sizeof(all[0]))

const struct command *command_at(unsigned int n)
{
	return n < N_COMMANDS ? all[n] : NULL;
}

const struct command *command_find(const char *name)
{
	for (unsigned int i = 0; i < N_COMMANDS; i++)
		if (!strcmp(all[i]->name, name))
			return all[i];
	return NULL;
}

const char *command_nearest(const char *name)
{
	const char *names[N_COMMANDS + 1] = {NULL};

	for (unsigned int i = 0; i < N_COMMANDS; i++)
		names[i] = all[i]->name;
	return word_nearest(name, names);
}
