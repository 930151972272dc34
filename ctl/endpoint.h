/* SPDX-License-Identifier: Apache-2.0 */
/* Endpoints as the plugin's files, the map and the devices know them, held
 * against each other. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "ctl.h"
#include "pods.h"

#define ENDPOINT_ADDRS_LEN  (STATE_ADDRS_MAX * ADDR_STRLEN)
#define ENDPOINT_FAULTS_LEN 80

enum endpoint_fault {
	ENDPOINT_IS_PENDING = 1 << 0,
	ENDPOINT_IS_DETACHED = 1 << 1,
	ENDPOINT_NO_DEVICE = 1 << 2,
	ENDPOINT_NOT_IN_MAP = 1 << 3,
	ENDPOINT_NO_RECORD = 1 << 4,
	ENDPOINT_FAULTS_MAX = 5, /* bits */
};

struct endpoint_view {
	const struct endpoint_record *record; /* NULL: none */
	unsigned int ifindex;
	char device[16]; /* "" if there is none */
	struct fl_addr addrs[STATE_ADDRS_MAX];
	int n_addrs;
	unsigned int mtu, identity, policy_id;
	unsigned int flags; /* enum fl_endpoint_flags */
	__u8 mac[6];
	unsigned int faults; /* enum endpoint_fault */
};

struct endpoint_entry {
	struct fl_addr addr;
	struct fl_endpoint value;
};

struct endpoints {
	struct pods pods; /* the records are in here */
	struct endpoint_view *list;
	size_t n, room;
};

/* Map, files and devices of this network namespace. */
int endpoint_list_read(const struct ctl *c, struct endpoints *out,
		       struct err *e);
void endpoint_list_free(struct endpoints *eps); /* fits __cleanup */

/* The part without I/O: out->pods is filled; views are made of it and of the
 * map's entries, without devices. */
void endpoint_list_join(struct endpoints *out,
			const struct endpoint_entry *entries, size_t n,
			unsigned int view);

/* By an address, NAMESPACE/NAME, or NAME where only one pod has it. NULL with
 * a sentence: there is none. */
const struct endpoint_view *endpoint_find(const struct endpoints *eps,
					  const char *wanted, struct err *e);
/* Behind that device; NULL: none. */
const struct endpoint_view *endpoint_by_ifindex(const struct endpoints *eps,
						unsigned int ifindex);

const char *endpoint_addrs(const struct endpoint_view *v,
			   char buf[ENDPOINT_ADDRS_LEN]);
/* "ok", or names with commas. */
const char *endpoint_faults(unsigned int faults, char buf[ENDPOINT_FAULTS_LEN]);
const char *endpoint_fault_name(unsigned int bit);
