/* SPDX-License-Identifier: Apache-2.0 */
#include "datapath.h"

#include <errno.h>
#include <malloc.h>
#include <string.h>
#include <unistd.h>

#include "../lib/log.h"
#include "../loader/loader.h"
#include "agent.h"

/* Of our build, and all of it there. */
static bool is_whole(const struct config *c, const char *running,
		     struct err *why)
{
	char build[128];

	*why = (struct err){0};
	return !datapath_build(c, build) && !strcmp(running, build) &&
	       !datapath_verify(c->bpf_root, why);
}

static int load(const struct config *c, struct err *e)
{
	struct datapath_report report = {0};
	double start = clock_seconds();
	char running[128];
	struct err why;
	int rc;

	if (!datapath_running(c->bpf_root, running, e) &&
	    is_whole(c, running, &why)) {
		log_info("datapath adopted", "map_bytes=%llu build=\"%s\"",
			 maps_bytes(c->bpf_root), running);
		return 0;
	}
	rc = datapath_load(c, false, &report, e);
	if (rc)
		return rc;
	log_info("datapath loaded",
		 "maps=%s programs=%s flows_max=%u map_bytes=%llu "
		 "seconds=%.3f",
		 report.reused_maps ? "adopted" : "new",
		 report.replaced_programs ? "replaced" : "new",
		 report.flows_max, report.map_bytes, clock_seconds() - start);
	malloc_trim(0);
	return 0;
}

static int open_maps(const struct config *c, struct agent_maps *m,
		     struct err *e)
{
	const struct {
		const char *name;
		int *fd;
	} maps[] = {
		{FL_MAP_CONFIG, &m->config},
		{FL_MAP_ENDPOINTS, &m->endpoints},
		{FL_MAP_ROUTES, &m->routes},
		{FL_MAP_MASQUERADE, &m->masquerade},
		{FL_MAP_UPLINKS, &m->uplinks},
		{FL_MAP_POLICY, &m->policy},
		{FL_MAP_FLOWS, &m->flows},
		{FL_MAP_ACCOUNTS, &m->accounts},
	};

	for (size_t i = 0; i < sizeof(maps) / sizeof(maps[0]); i++) {
		*maps[i].fd = map_open(c->bpf_root, maps[i].name, e);
		if (*maps[i].fd < 0)
			return *maps[i].fd;
	}
	return 0;
}

int datapath_is_possible(const struct config *c, struct err *e)
{
	char running[128];

	if (!datapath_running(c->bpf_root, running, NULL))
		return 0;
	return datapath_check(c->bpf_root, e);
}

int datapath_start(struct agent *a, struct err *e)
{
	int rc;

	a->claim = datapath_claim(a->config.bpf_root, e);
	if (a->claim < 0)
		return a->claim;
	rc = load(&a->config, e);
	return rc ? rc : open_maps(&a->config, &a->maps, e);
}

/* Whoever took the datapath away took the claim's directory with it. */
static int claim_again(struct agent *a, struct err *e)
{
	if (a->claim >= 0)
		close(a->claim);
	a->claim = datapath_claim(a->config.bpf_root, e);
	return a->claim < 0 ? a->claim : 0;
}

static void close_maps(struct agent_maps *m)
{
	close(m->config);
	close(m->endpoints);
	close(m->routes);
	close(m->masquerade);
	close(m->uplinks);
	close(m->policy);
	close(m->flows);
}

int datapath_heal(struct agent *a, struct err *e)
{
	struct agent_maps maps;
	char running[128];
	struct err why = {0};
	int rc = datapath_running(a->config.bpf_root, running, e);

	/* Another build may be a newer one: it is left alone. */
	if (rc && rc != -ENOENT)
		return 0;
	if (!rc && (is_whole(&a->config, running, &why) || !why.code))
		return 0;
	log_warn("the datapath is gone and loaded again", "missing=\"%s\"",
		 why.code ? why.msg : "all of it");
	rc = claim_again(a, e);
	if (!rc)
		rc = load(&a->config, e);
	if (!rc)
		rc = open_maps(&a->config, &maps, e);
	if (rc)
		return rc;
	close_maps(&a->maps);
	a->maps = maps;
	a->found_policy_is_old = true;
	return 0;
}
