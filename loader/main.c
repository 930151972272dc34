/* SPDX-License-Identifier: Apache-2.0 */
/* fairlead-loader: the datapath without an agent. */
#include <errno.h>
#include <net/if.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "../lib/cleanup.h"
#include "../lib/link.h"
#include "args.h"
#include "install.h"
#include "loader.h"
#include "status.h"

enum { EXIT_OK, EXIT_FAILED, EXIT_USAGE };

static void usage(void)
{
	puts("usage: fairlead-loader [OPTION...] COMMAND\n"
	     "\n"
	     "commands:\n"
	     "  load            load the datapath, or replace a running one; "
	     "keeps the maps\n"
	     "    --rebuild       make maps anew that do not fit or have "
	     "another size\n"
	     "  unload          detach everywhere and remove all pins\n"
	     "    --devices       the overlay, the host device and our routes too\n"
	     "  attach DEV      put our programs on a device\n"
	     "    --role ROLE     pod, overlay or uplink; by default what the "
	     "name says\n"
	     "  detach DEV      take them off again\n"
	     "  status          what is loaded and attached; 1 if something "
	     "is not right\n"
	     "    --json          as a JSON document\n"
	     "  install DIR     put the CNI plugin into a directory, whole or "
	     "not at all\n"
	     "  uninstall DIR   take Fairlead off this node: cni-conf-file, "
	     "all of unload\n"
	     "                  --devices, the plugin in DIR, the state "
	     "directory\n"
	     "    --stay          then stay until told to end, as a DaemonSet "
	     "wants it\n"
	     "\n"
	     "options:");
	config_usage();
	puts("  --help                      this text\n"
	     "  --version                   the version");
}

/* ---- load ------------------------------------------------------------- */

struct mtu_search {
	unsigned int uplinks[CONFIG_LIST_MAX];
	int n;
	bool v6_only;
};

static int see_route(const struct link_route *r, void *arg)
{
	struct mtu_search *s = arg;

	if (prefix_length(&r->dst) || !r->ifindex || s->n == CONFIG_LIST_MAX)
		return 0;
	s->uplinks[s->n++] = r->ifindex;
	if (prefix_is_v4(&r->dst))
		s->v6_only = false;
	return 0;
}

/* The uplinks' smallest MTU, less what the overlay adds. */
static int derive_mtu(const struct config *c, unsigned int *out, struct err *e)
{
	__cleanup(link_close) struct link_ctx *ctx = NULL;
	struct mtu_search s = {.v6_only = true};
	unsigned int mtu = 0, overhead;
	struct link_info l;
	int r;

	r = link_open(&ctx, e);
	if (!r && !c->n_uplinks)
		r = link_route_each(ctx, see_route, &s, e);
	for (int i = 0; !r && i < c->n_uplinks; i++) {
		r = link_get(ctx, c->uplinks[i], &l, e);
		s.uplinks[s.n++] = r ? 0 : l.ifindex;
		s.v6_only = false;
	}
	for (int i = 0; !r && i < s.n; i++) {
		r = link_get_index(ctx, s.uplinks[i], &l, e);
		if (!r && (!mtu || l.mtu < mtu))
			mtu = l.mtu;
	}
	if (r)
		return r;
	overhead = !c->overlay ? 0 : s.n && s.v6_only ? 70 : 50;
	*out = (mtu ? mtu : 1500) - overhead;
	return 0;
}

static int setup_devices(const struct config *c, struct err *e)
{
	struct fl_addr addrs[CONFIG_LIST_MAX];
	unsigned int mtu = c->mtu, ifindex;
	int r = 0;

	if (!c->n_pod_cidrs)
		return 0;
	if (!mtu)
		r = derive_mtu(c, &mtu, e);
	if (r)
		return r;
	for (int i = 0; i < c->n_pod_cidrs; i++)
		addrs[i] = addr_add(&c->pod_cidrs[i].addr, 1);
	r = devices_setup(c, mtu, addrs, c->n_pod_cidrs, e);
	if (r || !c->overlay)
		return r;
	ifindex = if_nametoindex(c->overlay_device);
	return attach_device(c->bpf_root, c->attach, ifindex, ATTACH_OVERLAY,
			     e);
}

static int load(const struct config *c, const struct loader_args *a,
		struct err *e)
{
	struct datapath_report report;
	int r;

	r = datapath_load(c, a->rebuild, &report, e);
	if (r)
		return r;
	log_info(report.replaced_programs ? "datapath replaced"
					  : "datapath loaded",
		 "maps=%s flows-max=%u map-bytes=%llu pins=%s",
		 report.reused_maps ? "kept" : "new", report.flows_max,
		 report.map_bytes, c->bpf_root);
	return setup_devices(c, e);
}

/* ---- attach, detach --------------------------------------------------- */

static int attach(const struct config *c, const struct loader_args *a,
		  struct err *e)
{
	unsigned int ifindex = if_nametoindex(a->device);
	enum attach_role role = a->role;
	int r;

	if (!ifindex)
		return err_set(e, ENODEV,
			       "there is no device %s in this "
			       "namespace",
			       a->device);
	if (!a->has_role)
		role = loader_role_guess(a->device, c->overlay_device);
	r = attach_device(c->bpf_root, c->attach, ifindex, role, e);
	return r ? err_wrap(e, "attach %s", a->device) : 0;
}

static int detach(const struct config *c, const struct loader_args *a,
		  struct err *e)
{
	unsigned int ifindex = if_nametoindex(a->device);

	if (!ifindex)
		return err_set(e, ENODEV,
			       "there is no device %s in this "
			       "namespace",
			       a->device);
	return detach_device(c->bpf_root, ifindex, e);
}

/* ---- install, uninstall ----------------------------------------------- */

static int install(const struct loader_args *a, struct err *e)
{
	int r = install_plugin(a->device, e);

	if (!r)
		log_info("plugin installed", "file=%s/%s", a->device,
			 PLUGIN_NAME);
	return r;
}

static int uninstall(const struct config *c, const struct loader_args *a,
		     struct err *e)
{
	sigset_t ends;
	int r, signal;

	/* Blocked at once: the first process of a container has no default
	 * actions. */
	sigemptyset(&ends);
	sigaddset(&ends, SIGTERM);
	sigaddset(&ends, SIGINT);
	if (a->stay)
		sigprocmask(SIG_BLOCK, &ends, NULL);
	r = uninstall_node(c, a->device, e);
	if (r)
		return r;
	log_info("nothing of Fairlead is left on this node", NULL);
	if (a->stay)
		sigwait(&ends, &signal);
	return 0;
}

/* ----------------------------------------------------------------------- */

static int run(const struct config *c, const struct loader_args *a,
	       bool *healthy, struct err *e)
{
	switch (a->command) {
	case LOADER_LOAD:
		return load(c, a, e);
	case LOADER_UNLOAD:
		return datapath_unload(c, a->devices, e);
	case LOADER_ATTACH:
		return attach(c, a, e);
	case LOADER_DETACH:
		return detach(c, a, e);
	case LOADER_INSTALL:
		return install(a, e);
	case LOADER_UNINSTALL:
		return uninstall(c, a, e);
	default:
		return status_print(c, a->json, healthy, e);
	}
}

static int usage_error(const struct err *e)
{
	fprintf(stderr, "fairlead-loader: %s\nTry `fairlead-loader --help`.\n",
		e->msg);
	return EXIT_USAGE;
}

int main(int argc, char **argv)
{
	struct loader_args a = {0};
	struct config c;
	struct err e = {0};
	bool healthy = true;
	int r, at = 0;

	if (loader_args_parse(argc, argv, &a, &e))
		return usage_error(&e);
	if (a.help) {
		usage();
		return EXIT_OK;
	}
	if (a.version) {
		puts("fairlead-loader " FAIRLEAD_VERSION);
		return EXIT_OK;
	}
	config_defaults(&c);
	r = config_parse_args(a.n_options, a.options, &c, &at, &e);
	if (r >= 0)
		r = config_check(&c, &e);
	if (r < 0)
		return usage_error(&e);
	log_set_level(c.log_level);
	log_set_format(c.log_format);
	r = run(&c, &a, &healthy, &e);
	if (r) {
		fprintf(stderr, "fairlead-loader: %s\n", e.msg);
		return EXIT_FAILED;
	}
	return healthy ? EXIT_OK : EXIT_FAILED;
}
