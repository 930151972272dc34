/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Is this node fine? Reading (status_read.c) collects facts, judging
 * (status_judge.c) makes findings of them and touches nothing, cmd_status.c
 * shows both.
 */
#pragma once

#include <stdbool.h>
#include <cjson/cJSON.h>

#include "../lib/state.h"
#include "../loader/loader.h"
#include "ctl.h"
#include "endpoint.h"
#include "flow_account.h"
#include "map_fill.h"
#include "metric.h"
#include "route.h"
#include "rulebook.h"

#define STATUS_DEVICES_MAX  20
#define STATUS_FINDINGS_MAX 24

enum agent_state { AGENT_ABSENT, AGENT_SILENT, AGENT_ODD, AGENT_ANSWERS };

struct device_state {
	char name[16]; /* "?" where there is none of that number */
	unsigned int ifindex;
	enum attach_role role;
	bool expected_attached; /* the host device has no programs */
	bool exists;		/* and is of the kind that we make */
	bool up, attached;
	struct fl_uplink uplink; /* of ATTACH_UPLINK */
};

struct status {
	const char *bpf_root, *state_dir;
	bool loaded;
	char not_loaded[512]; /* why */
	char running[128];    /* "" if it is not known */
	bool hooks[FL_HOOK_MAX];
	struct fl_config config;

	int node_error; /* 0, or negative errno of reading node.json */
	char node_why[512];
	struct node_facts node;

	struct device_state devices[STATUS_DEVICES_MAX];
	int n_devices;
	int n_tcx, n_clsact; /* attachments */
	struct endpoints endpoints;
	struct routes routes;
	struct rulebook rules; /* empty where there is none */
	struct map_usage maps[MAPS_MAX];
	size_t n_maps;
	struct flow_accounts accounts;
	struct metrics before, now;

	enum agent_state agent;
	char agent_why[512];
	cJSON *answer; /* of the agent, or NULL */
};

int status_read(const struct ctl *c, struct status *out, struct err *e);
void status_free(struct status *s); /* fits __cleanup */

/* BAD: traffic or its changes suffer. WARN: they may soon. */
struct finding {
	enum style level;
	char text[256];
	char advice[256];
};

struct findings {
	struct finding list[STATUS_FINDINGS_MAX];
	int n, problems;
};

void status_judge(const struct status *s, struct findings *out);
/* Its parts, each of which adds to *out. Of what is loaded, only where it is.
 */
void judge_loaded(const struct status *s, struct findings *out);
void judge_hooks(const struct status *s, struct findings *out);
void judge_devices(const struct status *s, struct findings *out);
void judge_endpoints(const struct status *s, struct findings *out);
void judge_policies(const struct status *s, struct findings *out);
void judge_routes(const struct status *s, struct findings *out);
void judge_maps(const struct status *s, struct findings *out);
void judge_accounts(const struct status *s, struct findings *out);
void judge_node(const struct status *s, struct findings *out);
void judge_agent(const struct status *s, struct findings *out);
/* Neither of the devices that we make is here: most likely the node's network
 * namespace is another one. */
bool status_is_elsewhere(const struct status *s);

/* Sums over what was read. */
size_t status_endpoints(const struct status *s, unsigned int faults);
size_t status_governed(const struct status *s); /* pods under a policy */
size_t status_invalid(const struct status *s);	/* policies */
__u64 status_map_bytes(const struct status *s);
const struct map_usage *status_map(const struct status *s, const char *name);

/* What the agent says of itself (docs/state.md); fits any answer, NULL too. */
bool agent_is_ready(const cJSON *answer);
/* One line: "ready, cluster-dir synced, knows 2 nodes, 5 pods, last pass 3s
 * ago". */
void agent_line(const cJSON *answer, char *buf, size_t size);
/* Two lines about its API server: "https://10.96.0.1:443, connected for 3h,
 * HTTP/2, last event 12s ago", and "nodes 31, pods 804, ..., 0 resyncs, 0
 * errors". False: it has none. */
bool agent_server_line(const cJSON *answer, char *buf, size_t size);
void agent_objects_line(const cJSON *answer, char *buf, size_t size);
/* Problems go to findings: a manifest that cannot be read, and so on; without
 * what the rulebook says of policies. */
void agent_judge(const cJSON *answer, const struct rulebook *rules,
		 struct findings *out);

/* Add one; `advice` stays the caller's. */
void finding_add(struct findings *out, enum style level, const char *advice,
		 const char *fmt, ...) __attribute__((format(printf, 4, 5)));
