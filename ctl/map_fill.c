/* SPDX-License-Identifier: Apache-2.0 */
#include "map_fill.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

static const struct {
	const char *name, *holds;
} words[] = {
	{FL_MAP_HOOKS, "the running programs, one a hook"},
	{FL_MAP_CONFIG, "epoch, devices, ports to masquerade with"},
	{FL_MAP_ENDPOINTS, "addresses of this node's pods"},
	{FL_MAP_ROUTES, "pod ranges and nodes"},
	{FL_MAP_MASQUERADE, "destinations that are not masqueraded"},
	{FL_MAP_UPLINKS, "devices that lead out"},
	{FL_MAP_POLICY, "verdicts of policies"},
	{FL_MAP_FLOWS, "connections, two entries each"},
	{FL_MAP_FRAGMENTS, "ports of fragmented packets"},
	{FL_MAP_METRICS, "packets by hook and reason"},
	{FL_MAP_COUNTERS, "other counters"},
	{FL_MAP_LIMITS, "events of the running second"},
	{FL_MAP_EVENTS, "events for a reader (OF: bytes)"},
	{FL_MAP_TRACE, "what `fairlead trace` was told"},
	{FL_MAP_DENIED, "what policies have denied, by rule"},
	{FL_MAP_ACCOUNTS, "connections, by whose they are"},
};

const char *map_holds(const char *name)
{
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (!strcmp(words[i].name, name))
			return words[i].holds;
	return "";
}

bool map_fills(const struct map_usage *u)
{
	return strstr(u->type, "hash") || strstr(u->type, "lpm");
}

static bool evicts(const struct map_usage *u)
{
	return !strncmp(u->type, "lru", 3);
}

bool map_is_nearly_full(const struct map_usage *u)
{
	return map_fills(u) && !evicts(u) &&
	       u->entries * 100ULL >= u->max_entries * (__u64)MAP_FULL_PART;
}

enum style map_fill_style(const struct map_usage *u)
{
	if (map_is_nearly_full(u))
		return BAD;
	if (evicts(u) &&
	    u->entries * 100ULL >= u->max_entries * (__u64)MAP_FULL_PART)
		return WARN;
	return PLAIN;
}

int maps_read(const struct ctl *c, struct map_usage out[MAPS_MAX], size_t *n,
	      struct err *e)
{
	const char *const *names = map_names();
	size_t i;
	int fd, rc;

	/* For its sentence where nothing is loaded. */
	fd = ctl_map_open(c, FL_MAP_CONFIG, e);
	if (fd < 0)
		return fd;
	close(fd);
	for (i = 0; i < MAPS_MAX && names[i]; i++) {
		rc = map_usage(c->bpf_root, names[i], &out[i], e);
		if (rc)
			return err_wrap(e, "%s", names[i]);
	}
	*n = i;
	return 0;
}
