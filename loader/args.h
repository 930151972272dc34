/* SPDX-License-Identifier: Apache-2.0 */
/* The command line of fairlead-loader, taken apart. Pure. */
#pragma once

#include <stdbool.h>

#include "../lib/err.h"
#include "loader.h"

enum loader_command {
	LOADER_NONE,
	LOADER_LOAD,
	LOADER_UNLOAD,
	LOADER_ATTACH,
	LOADER_DETACH,
	LOADER_STATUS,
	LOADER_INSTALL,
	LOADER_UNINSTALL,
};

struct loader_args {
	enum loader_command command;
	const char *device; /* of attach and detach; install's directory */
	bool has_role;
	enum attach_role role;
	bool json, rebuild, devices, stay;
	bool help, version;
	char **options; /* what is left, for config_parse_args() */
	int n_options;
};

/* Takes our own words out of argv (options may stand before or behind the
 * command); the others remain, in order, in argv itself. -EINVAL: usage. */
int loader_args_parse(int argc, char **argv, struct loader_args *out,
		      struct err *e);

/* The role that a device has if none is said. */
enum attach_role loader_role_guess(const char *device,
				   const char *overlay_device);
