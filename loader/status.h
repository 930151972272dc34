/* SPDX-License-Identifier: Apache-2.0 */
/* `fairlead-loader status`: what is loaded and where it is attached. */
#pragma once

#include <stdbool.h>

#include "../lib/config.h"
#include "../lib/err.h"

/* Prints to stdout. *healthy: loaded, and every attachment is ours. */
int status_print(const struct config *c, bool json, bool *healthy,
		 struct err *e);
