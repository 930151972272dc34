/* SPDX-License-Identifier: Apache-2.0 */
/* The network configuration that comes on standard input. */
#pragma once

#include <stdbool.h>
#include <cjson/cJSON.h>

#include "../lib/log.h"
#include "../lib/state.h"
#include "failure.h"
#include "version.h"
#include "wishes.h"

struct conf {
	enum cni_version version;
	char name[NETWORK_NAME_MAX + 1];
	char state_dir[256];
	char bpf_root[256]; /* "": as node.json says */
	char log_file[256]; /* "": none, or "syslog" */
	enum log_level log_level;
	unsigned int mtu;     /* 0: as node.json says */
	char ipam_type[64];   /* "": our own */
	struct wishes wishes; /* of runtimeConfig, else args.cni */
	/* Parts of the tree, borrowed; NULL if not there. */
	const cJSON *dns;
	const cJSON *prev_result;
	const cJSON *valid_attachments;
};

void conf_defaults(struct conf *c);

/* Only the version, so that everything else can be answered in it. */
int conf_version(const cJSON *json, struct conf *c, struct failure *f);

/* All of it. `lenient` is for DEL and GC: they must work with whatever made
 * the attachment, so what only ADD needs is not judged. */
int conf_parse(const cJSON *json, bool lenient, struct conf *c,
	       struct failure *f);
