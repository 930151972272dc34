/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An attachment: what ADD makes for one interface of one container, piece by
 * piece, and how each piece is taken away again.
 *
 *	record     endpoints/<container>-<ifname>.json: written first, so that
 *		   whatever a crash leaves behind can be found by its names
 *	addresses  ips/<network>/<address>, or the delegated plugin's
 *	device     the veth pair
 *	stubs      the datapath on the host-side device
 *	entries    of the addresses in fl_endpoints
 *	host side  sysctls, up, neighbours, routes: go with the device
 *	pod side   addresses, neighbours, routes: go with the device
 */
#pragma once

#include <stdbool.h>
#include <cjson/cJSON.h>

#include "../lib/link.h"
#include "../lib/state.h"
#include "call.h"
#include "failure.h"

#define ROUTES_MAX 32

struct attachment {
	const struct call *call;
	struct node_facts node;
	char bpf_root[256];
	struct endpoint_record record; /* names from the start, the rest as it
					  becomes known */
	struct fl_prefix routes[ROUTES_MAX]; /* of the pod, by our gateway */
	int n_routes;
	const cJSON *dns;   /* borrowed; NULL: none */
	cJSON *ipam_result; /* of the delegated plugin */
	int lock;
	int netns;
	int endpoints; /* fl_endpoints */
	struct link_ctx *host;
	struct link_ctx *pod;
	unsigned int pod_ifindex;
};

/* Everything that can be judged without a change: node facts, namespace,
 * devices, maps. */
int attachment_open(const struct call *c, struct attachment *a,
		    struct failure *f);
void attachment_close(struct attachment *a);

/* Make it, or nothing: on failure, and on a signal, all is undone. */
int attachment_make(struct attachment *a, struct failure *f);
/* Undo all of it. */
void attachment_unmake(struct attachment *a);

bool attachment_has_family(const struct attachment *a, bool v4);

/* ---- the pieces (each knows its undoing) --------------------------------- */

int addresses_take(struct attachment *a, struct failure *f);
void addresses_give_back(struct attachment *a);
int device_make(struct attachment *a, struct failure *f);
void device_unmake(struct attachment *a);
int entries_make(struct attachment *a, struct failure *f);
void entries_unmake(struct attachment *a);
int host_side_make(struct attachment *a, struct failure *f);
int pod_side_make(struct attachment *a, struct failure *f);

/* ---- names that several places need -------------------------------------- */

/* Where the maps are: as the configuration, node.json (may be NULL) or the
 * default says. */
const char *bpf_root_of(const struct conf *conf, const struct node_facts *node);

/* The namespace behind CNI_NETNS, judged. CNI_NO_CONTAINER if it is gone. */
int netns_open(const char *path, int *fd, struct failure *f);
