/* SPDX-License-Identifier: Apache-2.0 */
/* The table of configuration keys: config.c and config_args.c share it, others
 * have no business with it. */
#pragma once

#include <stddef.h>

#include "err.h"

enum config_kind {
	CONFIG_TEXT,
	CONFIG_BOOL,
	CONFIG_NUMBER,
	CONFIG_DEVICE,
	CONFIG_MODE,
	CONFIG_ATTACH,
	CONFIG_UPLINKS,
	CONFIG_POD_CIDRS,
	CONFIG_MASQ_EXCLUDE,
	CONFIG_MASQ_PORTS,
	CONFIG_NODE_PORTS,
	CONFIG_LOG_LEVEL,
	CONFIG_LOG_FORMAT,
};

struct config_key {
	const char *name;
	const char *value; /* the default, as text */
	const char *help;
	enum config_kind kind;
	size_t offset;	  /* of the field in struct config, where it is one */
	size_t size;	  /* of a text field */
	unsigned int min; /* of a number */
	unsigned int max;
};

extern const struct config_key config_keys[]; /* ends with a NULL name */

const struct config_key *config_find(const char *key); /* NULL: unknown */
/* "unknown <prefix><key> (did you mean ...?)"; returns -ENOENT. */
int config_unknown(const char *prefix, const char *key, struct err *e);
