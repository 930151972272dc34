/* SPDX-License-Identifier: Apache-2.0 */
#include "datapath.h"

#include <errno.h>
#include <malloc.h>
#include <stddef.h>
#include <string.h>
#include <unistd.h>

#include "../lib/log.h"
#include "../loader/loader.h"
#include "agent.h"
#include "reconcile.h"

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

static const struct {
	const char *name;
	size_t fd; /* where it is in struct agent_maps */
} maps[] = {
	{FL_MAP_CONFIG, offsetof(struct agent_maps, config)},
	{FL_MAP_ENDPOINTS, offsetof(struct agent_maps, endpoints)},
	{FL_MAP_ROUTES, offsetof(struct agent_maps, routes)},
	{FL_MAP_MASQUERADE, offsetof(struct agent_maps, masquerade)},
	{FL_MAP_UPLINKS, offsetof(struct agent_maps, uplinks)},
	{FL_MAP_POLICY, offsetof(struct agent_maps, policy)},
	{FL_MAP_FLOWS, offsetof(struct agent_maps, flows)},
	{FL_MAP_ACCOUNTS, offsetof(struct agent_maps, accounts)},
};
enum { MAPS = sizeof(maps) / sizeof(maps[0]) };

static int *map_fd(struct agent_maps *m, int i)
{
	return (int *)((char *)m + maps[i].fd);
}

static void close_maps(struct agent_maps *m, int n)
{
	while (n--)
		close(*map_fd(m, n));
}

static int open_maps(const struct config *c, struct agent_maps *m,
		     struct err *e)
{
	for (int i = 0; i < MAPS; i++) {
		int fd = map_open(c->bpf_root, maps[i].name, e);

		if (fd < 0) {
			close_maps(m, i);
			return fd;
		}
		*map_fd(m, i) = fd;
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

/* Another build may be a newer one: it is left alone. */
static bool is_damaged(const struct config *c, struct err *why)
{
	char running[128];
	int rc = datapath_running(c->bpf_root, running, why);

	if (rc) {
		err_set(why, ENOENT, "all of it");
		return rc == -ENOENT;
	}
	return !is_whole(c, running, why) && why->code;
}

int datapath_heal(struct agent *a, struct err *e)
{
	struct agent_maps now;
	struct err why;
	int rc;

	if (!is_damaged(&a->config, &why))
		return 0;
	log_warn("the datapath is gone and loaded again", "missing=\"%s\"",
		 why.msg);
	rc = claim_again(a, e);
	if (!rc)
		rc = load(&a->config, e);
	if (!rc)
		rc = open_maps(&a->config, &now, e);
	if (rc)
		return rc;
	close_maps(&a->maps, MAPS);
	a->maps = now;
	a->found_policy_is_old = true;
	return 0;
}

/* Somebody else's load looks the same for a moment: it takes two looks. */
static void on_look(evutil_socket_t fd, short what, void *arg)
{
	struct agent *a = arg;
	bool before = a->datapath_damaged;
	struct err why;

	(void)fd;
	(void)what;
	a->datapath_damaged = is_damaged(&a->config, &why);
	if (a->datapath_damaged && before) {
		a->look_at_all = true;
		reconcile_soon(a);
	}
}

int datapath_watch(struct agent *a, struct err *e)
{
	static const struct timeval INTERVAL = {1, 0};
	struct event *ev = event_new(a->base, -1, EV_PERSIST, on_look, a);

	if (!ev || event_add(ev, &INTERVAL))
		return err_set(e, ENOMEM, "out of memory");
	return 0;
}
