/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Results of ADD, in the form of each version of the specification. They stay
 * JSON trees, so that what earlier plugins of a chain said passes through.
 */
#pragma once

#include <cjson/cJSON.h>

#include "../lib/addr.h"
#include "../lib/state.h"
#include "failure.h"
#include "version.h"

/* What we made. */
struct made {
	const char *host_device;
	const char *ifname;
	const char *sandbox;
	const unsigned char *mac;
	unsigned int mtu;
	const struct fl_addr *addrs;
	int n_addrs;
	const cJSON *ips; /* a delegated plugin's own words on them, or NULL */
	const struct fl_prefix *routes; /* all by our gateway */
	int n_routes;
	const cJSON *dns; /* NULL: none */
};

/* The answer of ADD: the previous result, if any, and what we made behind it.
 * Caller deletes. */
cJSON *result_build(enum cni_version version, const cJSON *prev,
		    const struct made *made);

/* Put a result, of whatever version, into the form of another. */
void result_shape(cJSON *result, enum cni_version version);

/* Is there an interface of that name in that sandbox? Its index in
 * "interfaces", or -1. sandbox NULL: any, but not the host's. */
int result_find(const cJSON *result, const char *ifname, const char *sandbox);

/* -> 0, or CNI_DECODE if it is not of a result's form. */
int result_check(const cJSON *result, const char *where, struct failure *f);

/* Addresses of an interface (index -1: all), with at most max. */
int result_addrs(const cJSON *result, int interface, struct fl_addr *out,
		 int max, int *n, struct failure *f);
