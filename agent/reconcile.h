/* SPDX-License-Identifier: Apache-2.0 */
/* Makes the node what it should be, whenever something has changed and every
 * half minute besides. */
#pragma once

#include "agent.h"
#include "changes.h"
#include "views.h"

/* Adopt what is pinned and run the first, full pass. */
int reconcile_start(struct agent *a, struct err *e);
/* Run a pass at once. */
void reconcile_now(struct agent *a);
/* Run a pass at once, or as soon as 100 ms have gone by since the last. */
void reconcile_soon(struct agent *a);
/* The same for what the source has to tell, which may be less. */
void reconcile_news_soon(struct agent *a);
/* Seconds from one pass to the next. */
double reconcile_pause(const struct agent *a);
/* The pod's entries, now, from its record. -ENOENT: there is no record. */
int reconcile_endpoint(struct agent *a, const char *container_id,
		       const char *ifname, struct err *e);
/* Take away the entries of an attachment, which is known to be gone. */
void reconcile_endpoint_gone(struct agent *a,
			     const struct endpoint_record *record);

/* ---- the parts of a pass, private to reconcile*.c ------------------- */

/* Why a write to a map failed, in words. */
const char *map_failure(int error);
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
/* The same for these alone: other values, and keys that go. */
void map_change(struct changes_policy *policy, struct map_target *t,
		const struct entries *have, const struct entries *changes,
		struct changes *out);
void map_remove(struct changes_policy *policy, struct map_target *t,
		const struct entries *have, const struct entries *keys,
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
/* fl_policy: what it is to say in the view that does not hold yet; without
 * `change` what it says in the other one. If there is no room, all is as it
 * was, the policies are refused, and it returns false. */
bool reconcile_policy_stage(struct agent *a, bool change, struct changes *out);
/* Compile with a pod that has just come, for its entry, and add to fl_policy
 * what nobody else can meet. False: more has changed, a pass is needed. */
bool reconcile_policy_endpoint(struct agent *a);
/* Where policies were in force, new maps are closed to who is not known yet. */
int reconcile_policy_recover(struct agent *a, struct err *e);
/* What the source says of pods alone, NULL: it doesn't. */
const struct pod_news *reconcile_pod_news(const struct agent *a);
/* A pass for that. False: it takes a whole one. */
bool reconcile_moves(struct agent *a);
/* fl_routes for some keys, of which it says `now`. Returns how many failed. */
unsigned int reconcile_routes_write(struct agent *a, const struct entries *now,
				    const struct entries *want,
				    struct changes *out);
void reconcile_count(struct agent *a, const struct changes *c, double seconds,
		     size_t errors);
/* The epoch is raised. */
void reconcile_raised(struct agent *a);
/* fl_endpoints, of the view that does not hold yet; and then of both. */
void reconcile_endpoints(struct agent *a, struct changes *out,
			 struct problems *p);
void reconcile_endpoints_settle(struct agent *a, struct changes *out,
				struct problems *p);

/* A pass begins to write: packets are through that the other view judged. */
void view_begin(struct agent *a);
/* Write the view that does not hold; *have becomes what the map holds then.
 * Without policy->sweep, what is not wanted stays. Returns how much failed. */
unsigned int view_stage(struct agent *a, enum view_map map,
			struct changes_policy *policy, struct entries *have,
			const struct entries *want, struct changes *out);
/* The same for some keys: now is what *have says of them. */
unsigned int view_write(struct agent *a, const struct views *v,
			struct changes_policy *policy, struct entries *have,
			const struct entries *now, const struct entries *want,
			struct changes *out);
/* Make it the one that holds, if it says something else and is whole; else
 * raise the epoch if *raise. fl_config with it, but for its policy flags where
 * it is not whole. *raise: the epoch has changed. */
int view_turn(struct agent *a, bool whole, bool all, bool *raise,
	      struct err *e);
/* Have both views say the same, and let go of what is not wanted. */
void view_settle(struct agent *a);
int view_start(struct agent *a, struct err *e);
void reconcile_policy_file(struct agent *a, struct problems *p);

/* Devices of the node; returns whether something was set up anew. */
bool reconcile_devices(struct agent *a, bool full, struct problems *p);
/* What belongs to each pod: programs, sysctls, neighbours. */
void reconcile_pods(struct agent *a, struct problems *p);
/* Routes, attachments; with `full` also the pods. */
void reconcile_host(struct agent *a, bool full, struct problems *p);
void reconcile_node_file(struct agent *a, struct problems *p);
