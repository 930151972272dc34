/* SPDX-License-Identifier: Apache-2.0 */
/* What the runtime asks for beyond the configuration. */
#pragma once

#include <stdbool.h>
#include <cjson/cJSON.h>

#include "../lib/state.h"
#include "failure.h"

/* Addresses and MAC that somebody asks for. */
struct wishes {
	struct fl_addr ips[STATE_ADDRS_MAX];
	int n_ips;
	bool has_mac;
	unsigned char mac[6];
};

/* "runtimeConfig": addresses and MAC; anything else is CNI_UNSUPPORTED unless
 * it is empty (or for a delegated plugin). */
int wishes_of_runtime(const cJSON *json, bool delegated, struct wishes *w,
		      struct failure *f);
/* The convention "args": {"cni": {"ips": [...]}}. */
int wishes_of_args(const cJSON *json, struct wishes *w, struct failure *f);

/* "10.0.0.5" or "10.0.0.5/24" -> address; -EINVAL. */
int address_parse(const char *text, struct fl_addr *out);
/* null, false, "", [] or {}: nothing is asked for. */
bool json_is_empty(const cJSON *value);
