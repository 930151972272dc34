/* SPDX-License-Identifier: Apache-2.0 */
/*
 * `fairlead doctor`: questions about a node, one a file, each answered in
 * lines. A question reads and changes nothing; what it needs and cannot have
 * (nothing is loaded, no root) makes it say so, not fail.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "../lib/config.h"
#include "../lib/link.h"
#include "status.h"

/* WRONG: traffic, pods or changes suffer. WARNING: they may soon. UNKNOWN: it
 * could not be looked at. */
enum doctor_level {
	DOCTOR_OK,
	DOCTOR_WARNING,
	DOCTOR_WRONG,
	DOCTOR_UNKNOWN,
	DOCTOR_LEVELS,
};

struct doctor_line {
	enum doctor_level level;
	const char *check; /* the question */
	char text[384];
	char advice[384]; /* what to do; "" where there is nothing */
};

struct doctor_options {
	const char *config_file;   /* NULL: the default, if it is there */
	const char *kernel_config; /* NULL: the running kernel's */
	const char *cni_dir;	   /* NULL: of config, else /etc/cni/net.d */
	const char *cni_bin;
	bool no_probes;
};

struct doctor {
	const struct ctl *ctl;
	const struct doctor_options *options;
	struct status status;
	bool readable; /* the maps */
	char why[512]; /* why not */
	struct config config;
	char config_why[512];	/* "": it could be read */
	struct link_ctx *links; /* NULL: there is no netlink */
	const char *check;	/* the running question */
	struct doctor_line *list;
	size_t n, room;
	size_t count[DOCTOR_LEVELS];
};

/* Another line of the running question. */
void doctor_say(struct doctor *d, enum doctor_level level, const char *advice,
		const char *fmt, ...) __attribute__((format(printf, 4, 5)));
/* The lines that the findings are. Returns how many. */
int doctor_findings(struct doctor *d, const struct findings *f);
/* Are the maps there and devices too? Says so if not. */
bool doctor_needs_loaded(struct doctor *d);
/* The text of a small file without its last newline; "" if there is none. */
const char *doctor_file(const char *path, char *buf, size_t size);

void doctor_privileges(struct doctor *d);
void doctor_kernel(struct doctor *d);
void doctor_kernel_config(struct doctor *d);
void doctor_pins(struct doctor *d);
void doctor_attachments(struct doctor *d);
void doctor_endpoints(struct doctor *d);
void doctor_routes(struct doctor *d);
void doctor_sysctls(struct doctor *d);
void doctor_mtu(struct doctor *d);
void doctor_path(struct doctor *d);
void doctor_clock(struct doctor *d);
void doctor_maps(struct doctor *d);
void doctor_policies(struct doctor *d);
void doctor_state(struct doctor *d);
void doctor_agent(struct doctor *d);
void doctor_api(struct doctor *d);
void doctor_cni(struct doctor *d);
void doctor_others(struct doctor *d);
void doctor_netfilter(struct doctor *d);
