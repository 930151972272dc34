/* SPDX-License-Identifier: Apache-2.0 */
/* The command line of fairlead-agent. */
#pragma once

#include "../lib/config.h"

/* Negative: go on; else the status to exit with, all has been said. */
int options_parse(int argc, char **argv, struct config *c);
/* Read it all again and take over what may change in a running agent. */
void options_reload(struct config *c);
