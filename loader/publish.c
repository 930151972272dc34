/* SPDX-License-Identifier: Apache-2.0 */
#include "publish.h"

#include <errno.h>
#include <string.h>

#include "../lib/cleanup.h"
#include "../lib/link.h"
#include "loader.h"

struct facts {
	const struct config *c;
	struct link_info overlay, host; /* ifindex 0: not there */
	struct fl_addr host_v4, host_v6;
};

static int see_address(const struct link_addr *a, void *arg)
{
	struct facts *f = arg;
	struct fl_addr *slot = addr_is_v4(&a->addr) ? &f->host_v4 : &f->host_v6;

	if (a->ifindex == f->host.ifindex && a->scope == 0 &&
	    addr_is_zero(slot))
		*slot = a->addr;
	return 0;
}

static int find_device(struct link_ctx *ctx, const char *name,
		       struct link_info *out, struct err *e)
{
	int r = link_get(ctx, name, out, e);

	return r == -ENODEV ? 0 : r;
}

static int gather(struct facts *f, struct err *e)
{
	__cleanup(link_close) struct link_ctx *ctx = NULL;
	int r;

	r = link_open(&ctx, e);
	if (!r && f->c->overlay)
		r = find_device(ctx, f->c->overlay_device, &f->overlay, e);
	if (!r)
		r = find_device(ctx, f->c->host_device, &f->host, e);
	if (!r && f->host.ifindex)
		r = link_addr_each(ctx, see_address, f, e);
	return r;
}

static void put(struct fl_config *cfg, void *arg)
{
	const struct facts *f = arg;
	struct fl_config before = *cfg;

	cfg->overlay_ifindex = f->overlay.ifindex;
	cfg->overlay_mtu = f->overlay.ifindex ? f->overlay.mtu : 0;
	cfg->host_ifindex = f->host.ifindex;
	if (f->host.ifindex) {
		cfg->host_v4 = f->host_v4;
		cfg->host_v6 = f->host_v6;
	}
	cfg->masq_port_min = f->c->masq_port_min;
	cfg->masq_port_max = f->c->masq_port_max;
	cfg->masq_skip_min = f->c->node_port_min;
	cfg->masq_skip_max = f->c->node_port_max;
	if (memcmp(cfg, &before, sizeof(before)) || !cfg->epoch)
		cfg->epoch += FL_EPOCH_STEP;
	cfg->events_per_second = f->c->events_per_second;
}

int publish_config(const struct config *c, struct err *e)
{
	struct facts f = {.c = c};
	int r;

	r = gather(&f, e);
	return r ? r : config_map_change(c->bpf_root, put, &f, e);
}
