/* SPDX-License-Identifier: Apache-2.0 */
/* Makes the node what it should be, whenever something has changed and every
 * half minute besides. */
#pragma once

#include "agent.h"
#include "changes.h"

/* Adopt what is pinned and run the first, full pass. */
int reconcile_start(struct agent *a, struct err *e);
/* Run a pass at once, or as soon as 100 ms have gone by since the last. */
void reconcile_soon(struct agent *a);
/* The pod's entries, now, from its record. -ENOENT: there is no record. */
int reconcile_endpoint(struct agent *a, const char *container_id,
		       const char *ifname, struct err *e);
/* Take away the entries of an attachment, which is known to be gone. */
void reconcile_endpoint_gone(struct agent *a,
			     const struct endpoint_record *record);

/* ---- the parts of a pass, private to reconcile*.c ------------------- */

/* The content of a map, sorted; *out has the sizes. */
int map_read(int fd, struct entries *out, struct err *e);

/* What the functions of a struct changes_policy get. */
struct map_target {
	struct agent *a;
	int fd;
	int phase; /* the caller's */
};

/* Write the difference; policy has what the caller decides, and t as its arg;
 * this adds how a map is written. */
void map_apply(struct changes_policy *policy, struct map_target *t,
	       const struct entries *have, const struct entries *want,
	       struct changes *out);
/* The epoch is to be raised by the next pass, which is soon: a burst of
 * changes raises it once. */
void reconcile_raise_soon(struct agent *a);

/* Maps, and the epoch once. Without `all` only what holds even if nothing is
 * known of the cluster: the endpoints. */
void reconcile_maps(struct agent *a, bool all, struct changes *out,
		    struct problems *p);
/* Raise the epoch if an agent died before it could. */
int reconcile_maps_recover(struct agent *a, struct err *e);

/* Compile, and say what the node should look like. */
void reconcile_compute(struct agent *a, struct problems *p);
/* The same again after policies were refused: what is in force stays. */
void reconcile_compute_kept(struct agent *a);
/* fl_policy: before anything relies on it, what is new; when nothing does any
 * more, what is old. If there is no room, all is as it was, the policies are
 * refused, and it returns false. */
bool reconcile_policy_add(struct agent *a, const struct entries *want,
			  struct changes *out);
void reconcile_policy_remove(struct agent *a, struct changes *out,
			     struct problems *p);
/* Compile with a pod that has just come, for its entry. */
void reconcile_policy_endpoint(struct agent *a);
void reconcile_policy_file(struct agent *a, struct problems *p);

/* Devices of the node; returns whether something was set up anew. */
bool reconcile_devices(struct agent *a, bool full, struct problems *p);
/* Routes, attachments; with `full` also what belongs to each pod. */
void reconcile_host(struct agent *a, bool full, struct problems *p);
void reconcile_node_file(struct agent *a, struct problems *p);
