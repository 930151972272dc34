/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <net/if.h>
#include <string.h>
#include <time.h>

#include "../lib/cleanup.h"
#include "../lib/link.h"
#include "agent.h"
#include "status.h"
#include "uplink.h"

#define AGENT_WAIT_MS	300
#define RATE_SECONDS_NS 250000000ULL

/* ---- the datapath ---------------------------------------------------- */

static int read_hooks(const struct ctl *c, struct status *s, struct err *e)
{
	__cleanup(fd_close) int fd = ctl_map_open(c, FL_MAP_HOOKS, e);

	if (fd < 0)
		return fd;
	for (__u32 h = 0; h < FL_HOOK_MAX; h++) {
		__u32 program;

		s->hooks[h] = !map_lookup(fd, &h, &program);
	}
	return 0;
}

/* ---- devices --------------------------------------------------------- */

/* Another namespace has devices of the same numbers. */
static bool is_ours(const struct link_info *info, enum attach_role role)
{
	switch (role) {
	case ATTACH_OVERLAY:
		return !strcmp(info->kind, "vxlan");
	case ATTACH_POD: /* the host device */
		return !strcmp(info->kind, "dummy") ||
		       !strcmp(info->kind, "ifb");
	default:
		return true;
	}
}

static struct device_state *add_device(const struct ctl *c, struct status *s,
				       struct link_ctx *links,
				       unsigned int ifindex,
				       enum attach_role role, bool attached)
{
	struct device_state *d = &s->devices[s->n_devices];
	struct link_info info;
	struct err ignored;

	if (!ifindex || s->n_devices == STATUS_DEVICES_MAX)
		return NULL;
	s->n_devices++;
	*d = (struct device_state){.name = "?",
				   .ifindex = ifindex,
				   .role = role,
				   .expected_attached = attached};
	if (link_get_index(links, ifindex, &info, &ignored) ||
	    !is_ours(&info, role))
		return d;
	d->exists = true;
	d->up = info.flags & IFF_UP;
	memcpy(d->name, info.name, sizeof(d->name));
	d->attached = attached && attach_verify(c->bpf_root, ifindex, role,
						&ignored) != -ENOENT;
	return d;
}

static int read_devices(const struct ctl *c, struct status *s, struct err *e)
{
	__cleanup(link_close) struct link_ctx *links = NULL;
	struct uplinks uplinks = {0};
	struct device_state *d;
	int rc = link_open(&links, e);

	if (!rc)
		rc = uplinks_read(c, &uplinks, e);
	if (rc)
		return rc;
	add_device(c, s, links, s->config.overlay_ifindex, ATTACH_OVERLAY,
		   true);
	add_device(c, s, links, s->config.host_ifindex, ATTACH_POD, false);
	for (size_t i = 0; i < uplinks.n; i++) {
		d = add_device(c, s, links, uplinks.list[i].ifindex,
			       ATTACH_UPLINK, true);
		if (d)
			d->uplink = uplinks.list[i].value;
	}
	uplinks_free(&uplinks);
	return 0;
}

static int count_attachment(unsigned int ifindex, enum attach_role role,
			    enum attach_mode mode, void *arg)
{
	struct status *s = arg;

	(void)ifindex;
	(void)role;
	s->n_tcx += mode == ATTACH_TCX;
	s->n_clsact += mode == ATTACH_CLSACT;
	return 0;
}

/* ---- the agent ------------------------------------------------------- */

static void read_agent(const struct ctl *c, struct status *s)
{
	struct err e = {0};

	switch (agent_ask(c->state_dir, "{\"op\":\"status\"}", AGENT_WAIT_MS,
			  &s->answer, &e)) {
	case 0:
		s->agent = AGENT_ANSWERS;
		break;
	case -ECONNREFUSED:
		s->agent = AGENT_ABSENT;
		break;
	case -ETIMEDOUT:
		s->agent = AGENT_SILENT;
		break;
	default:
		s->agent = AGENT_ODD;
	}
	memcpy(s->agent_why, e.msg, sizeof(e.msg));
}

/* ---- all of it ------------------------------------------------------- */

static void read_node(const struct ctl *c, struct status *s)
{
	struct err e = {0};

	s->node_error = node_facts_read(c->state_dir, &s->node, &e);
	memcpy(s->node_why, e.msg, sizeof(e.msg));
}

/* A rate needs time; most of it went by while we looked elsewhere. */
static void wait_for_rate(const struct status *s)
{
	__u64 passed = metrics_clock() - s->before.time_ns;
	struct timespec ts = {0};

	if (passed >= RATE_SECONDS_NS)
		return;
	ts.tv_nsec = RATE_SECONDS_NS - passed;
	nanosleep(&ts, NULL);
}

static int read_loaded(const struct ctl *c, struct status *s, struct err *e)
{
	struct err ignored;
	int rc = metrics_snapshot(c, &s->before, e);

	if (!rc)
		rc = ctl_config_read(c, &s->config, e);
	if (!rc)
		rc = read_hooks(c, s, e);
	if (!rc)
		rc = read_devices(c, s, e);
	if (!rc)
		rc = attach_each(c->bpf_root, count_attachment, s, e);
	if (!rc)
		rc = endpoint_list_read(c, &s->endpoints, e);
	if (!rc)
		rc = routes_read(c, &s->routes, e);
	if (!rc)
		rc = maps_read(c, s->maps, &s->n_maps, e);
	flow_accounts_read(c, &s->accounts);
	if (rc)
		return rc;
	if (datapath_running(c->bpf_root, s->running, &ignored))
		s->running[0] = '\0';
	s->loaded = true;
	return 0;
}

int status_read(const struct ctl *c, struct status *out, struct err *e)
{
	int rc;

	out->bpf_root = c->bpf_root;
	out->state_dir = c->state_dir;
	read_node(c, out);
	rulebook_read(c->state_dir, &out->rules, e);
	read_agent(c, out);
	*e = (struct err){0};
	rc = read_loaded(c, out, e);
	if (rc == -ENOENT)
		memcpy(out->not_loaded, e->msg, sizeof(e->msg));
	else if (rc)
		return rc;
	*e = (struct err){0};
	if (!out->loaded)
		return 0;
	wait_for_rate(out);
	return metrics_snapshot(c, &out->now, e);
}

void status_free(struct status *s)
{
	endpoint_list_free(&s->endpoints);
	routes_free(&s->routes);
	rulebook_free(&s->rules);
	cJSON_Delete(s->answer);
	s->answer = NULL;
}
