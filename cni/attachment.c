/* SPDX-License-Identifier: Apache-2.0 */
#include "attachment.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/nsfs.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "../lib/cleanup.h"
#include "../lib/json.h"
#include "../loader/loader.h"
#include "interrupt.h"
#include "journal.h"
#include "lock.h"
#include "removal.h"

/* ---- names --------------------------------------------------------------- */

const char *bpf_root_of(const struct conf *conf, const struct node_facts *node)
{
	if (conf->bpf_root[0])
		return conf->bpf_root;
	return node ? node->bpf_root : BPF_ROOT_DEFAULT;
}

static bool is_our_netns(int fd)
{
	struct stat ours, theirs;

	return !stat("/proc/self/ns/net", &ours) && !fstat(fd, &theirs) &&
	       ours.st_ino == theirs.st_ino && ours.st_dev == theirs.st_dev;
}

int netns_open(const char *path, int *fd, struct failure *f)
{
	__cleanup(fd_close) int ns =
		open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);

	if (ns < 0 && (errno == ENOENT || errno == ENOTDIR))
		return failure_set(
			f, CNI_NO_CONTAINER,
			"network namespace %s (CNI_NETNS) does not exist",
			path);
	if (ns < 0)
		return failure_set(f, CNI_ENVIRONMENT, "open CNI_NETNS %s: %s",
				   path, strerror(errno));
	if (ioctl(ns, NS_GET_NSTYPE) != CLONE_NEWNET)
		return failure_set(f, CNI_ENVIRONMENT,
				   "CNI_NETNS: %s is no network namespace",
				   path);
	if (is_our_netns(ns))
		return failure_set(
			f, CNI_ENVIRONMENT,
			"CNI_NETNS: %s is the namespace that the plugin "
			"itself runs in, not a container's",
			path);
	*fd = take_fd(&ns);
	return 0;
}

/* ---- opening ------------------------------------------------------------- */

static int read_facts(struct attachment *a, struct failure *f)
{
	const struct conf *conf = &a->call->conf;
	struct err e;
	int ret = node_facts_read(conf->state_dir, &a->node, &e);

	if (ret)
		return failure_from(f,
				    ret == -ENOENT ? CNI_TRY_AGAIN : CNI_CONFIG,
				    &e, NULL);
	snprintf(a->bpf_root, sizeof(a->bpf_root), "%s",
		 bpf_root_of(conf, &a->node));
	if (conf->mtu > a->node.mtu)
		return failure_set(
			f, CNI_CONFIG,
			"network configuration: \"mtu\" is %u, but the "
			"node's is %u",
			conf->mtu, a->node.mtu);
	return 0;
}

/* FNV-1a again, over other words than the device's name. */
static void generate_mac(struct endpoint_record *r)
{
	char name[16], seed[300];
	unsigned int i, byte;

	snprintf(seed, sizeof(seed), "%s.mac", r->container_id);
	host_device_name(seed, r->ifname, name);
	for (i = 0; i < 6; i++) {
		sscanf(name + 3 + 2 * i, "%2x", &byte);
		r->mac[i] = (unsigned char)byte;
	}
	/* Locally administered, one station's; 0x02 begins our own fixed ones,
	 * so that a pod's can never be the gateway's. */
	r->mac[0] = (r->mac[0] & 0xfc) | 0x02;
	if (r->mac[0] == 0x02)
		r->mac[0] = 0x06;
}

static int choose_mac(struct attachment *a, struct failure *f)
{
	static const unsigned char reserved[] = FL_GATEWAY_MAC;
	static const unsigned char zero[6];
	const struct wishes *w = &a->call->conf.wishes;
	char text[MAC_STRLEN];

	if (!w->has_mac)
		w = &a->call->args.wishes;
	if (!w->has_mac) {
		generate_mac(&a->record);
		return 0;
	}
	if ((w->mac[0] & 1) || !memcmp(w->mac, zero, 6) ||
	    !memcmp(w->mac, reserved, 5))
		return failure_set(
			f, CNI_CONFIG,
			"MAC address %s was asked for, but a pod cannot "
			"have a multicast, zero or reserved one",
			mac_format(w->mac, text));
	memcpy(a->record.mac, w->mac, 6);
	return 0;
}

static int describe(struct attachment *a, struct failure *f)
{
	const struct call *c = a->call;
	struct endpoint_record *r = &a->record;
	struct err e;

	snprintf(r->container_id, sizeof(r->container_id), "%s",
		 c->container_id);
	snprintf(r->ifname, sizeof(r->ifname), "%s", c->ifname);
	snprintf(r->netns, sizeof(r->netns), "%s", c->netns);
	snprintf(r->network, sizeof(r->network), "%s", c->conf.name);
	snprintf(r->ipam, sizeof(r->ipam), "%s", c->conf.ipam_type);
	snprintf(r->pod_namespace, sizeof(r->pod_namespace), "%s",
		 c->args.pod_namespace);
	snprintf(r->pod_name, sizeof(r->pod_name), "%s", c->args.pod_name);
	snprintf(r->pod_uid, sizeof(r->pod_uid), "%s", c->args.pod_uid);
	host_device_name(r->container_id, r->ifname, r->host_device);
	r->mtu = c->conf.mtu ? c->conf.mtu : a->node.mtu;
	r->created = time(NULL);
	if (boot_id_read(r->boot_id, &e))
		return failure_from(f, CNI_IO, &e, NULL);
	return choose_mac(a, f);
}

static int open_kernel(struct attachment *a, struct failure *f)
{
	struct err e;

	if (link_open(&a->host, &e))
		return failure_from(f, CNI_KERNEL, &e, NULL);
	if (link_open_netns(a->netns, &a->pod, &e))
		return failure_from(f, CNI_KERNEL, &e, "in the pod");
	a->endpoints = map_open(a->bpf_root, FL_MAP_ENDPOINTS, &e);
	if (a->endpoints == -ENOENT)
		return failure_set(f, CNI_TRY_AGAIN,
				   "the datapath is not loaded: %s", e.msg);
	if (a->endpoints < 0)
		return failure_from(f, CNI_KERNEL, &e, NULL);
	return 0;
}

bool attachment_has_family(const struct attachment *a, bool v4)
{
	for (int i = 0; i < a->record.n_addrs; i++)
		if (addr_is_v4(&a->record.addrs[i]) == v4)
			return true;
	return false;
}

int attachment_open(const struct call *c, struct attachment *a,
		    struct failure *f)
{
	int ret;

	*a = (struct attachment){
		.call = c,
		.lock = -1,
		.netns = -1,
		.endpoints = -1,
	};
	ret = netns_open(c->netns, &a->netns, f);
	if (!ret)
		ret = read_facts(a, f);
	if (!ret)
		ret = describe(a, f);
	if (!ret)
		ret = open_kernel(a, f);
	if (!ret)
		ret = state_lock_shared(c->conf.state_dir, &a->lock, f);
	return ret;
}

void attachment_close(struct attachment *a)
{
	json_free(&a->ipam_result);
	link_close(&a->pod);
	link_close(&a->host);
	fd_close(&a->endpoints);
	fd_close(&a->netns);
	fd_close(&a->lock);
}

/* ---- the record ---------------------------------------------------------- */

/* Does a pod have it? The host's device and the one in the namespace of the
 * record must be a pair. A namespace that is gone takes its devices with it,
 * if not at once. The lock is ours, so nobody is making an incomplete one. */
static bool is_live(struct attachment *a, const struct endpoint_record *old)
{
	__cleanup(link_close) struct link_ctx *pod = NULL;
	__cleanup(fd_close) int netns = -1;
	struct link_info host, peer;
	struct failure ignored;

	if (!link_get(a->pod, old->ifname, &peer, NULL))
		return true;
	if (!old->ifindex || link_get(a->host, old->host_device, &host, NULL) ||
	    netns_open(old->netns, &netns, &ignored))
		return false;
	if (link_open_netns(netns, &pod, NULL))
		return true;
	return !link_get_index(pod, host.link, &peer, NULL) &&
	       peer.link == host.ifindex;
}

/* A record of the same container and interface is what a crash, or a sandbox
 * that is no more, left behind; or that of a living pod, which stays whole. */
static int remove_stale(struct attachment *a, struct failure *f)
{
	const char *state_dir = a->call->conf.state_dir;
	struct endpoint_record old;

	if (endpoint_record_read(state_dir, a->record.container_id,
				 a->record.ifname, &old, NULL))
		return 0;
	if (is_live(a, &old))
		return failure_set(
			f, CNI_EXISTS,
			"container %s has interface %s already (network "
			"%s, namespace %s)",
			old.container_id, old.ifname, old.network, old.netns);
	journal(LOG_LEVEL_WARN, "removing what an earlier ADD left behind",
		"device=%s", old.host_device);
	return removal_run(a->call, &old, a->bpf_root, a->host, f);
}

static int record_make(struct attachment *a, struct failure *f)
{
	struct err e;
	int ret = remove_stale(a, f);

	if (ret)
		return ret;
	if (endpoint_record_write(a->call->conf.state_dir, &a->record, &e))
		return failure_from(f, CNI_IO, &e, NULL);
	return 0;
}

static void record_unmake(struct attachment *a)
{
	struct err e;

	if (endpoint_record_remove(a->call->conf.state_dir,
				   a->record.container_id, a->record.ifname,
				   &e))
		journal(LOG_LEVEL_WARN, "endpoint file stays", "error=\"%s\"",
			e.msg);
}

/* Complete now: addresses and the endpoint's number. */
static int record_complete(struct attachment *a, struct failure *f)
{
	struct err e;

	if (endpoint_record_write(a->call->conf.state_dir, &a->record, &e))
		return failure_from(f, CNI_IO, &e, NULL);
	return 0;
}

/* ---- stubs --------------------------------------------------------------- */

static void stubs_unmake(struct attachment *a)
{
	struct err e;

	if (a->record.ifindex &&
	    detach_device(a->bpf_root, a->record.ifindex, &e))
		journal(LOG_LEVEL_WARN, "stubs stay", "error=\"%s\"", e.msg);
}

static int stubs_make(struct attachment *a, struct failure *f)
{
	enum attach_mode mode = a->node.tcx ? ATTACH_TCX : ATTACH_CLSACT;
	struct err e;
	int ret = attach_device(a->bpf_root, mode, a->record.ifindex,
				ATTACH_POD, &e);

	if (!ret)
		return 0;
	stubs_unmake(a); /* one direction may have its own */
	return failure_from(f, ret == -ENOENT ? CNI_TRY_AGAIN : CNI_KERNEL, &e,
			    NULL);
}

/* ---- the transaction ----------------------------------------------------- */

static const struct step {
	int (*make)(struct attachment *a, struct failure *f);
	void (*unmake)(struct attachment *a);
} steps[] = {
	{record_make, record_unmake},	{addresses_take, addresses_give_back},
	{device_make, device_unmake},	{stubs_make, stubs_unmake},
	{entries_make, entries_unmake}, {host_side_make, NULL},
	{pod_side_make, NULL},		{record_complete, NULL},
};
#define STEPS ((int)(sizeof(steps) / sizeof(steps[0])))

static void undo(struct attachment *a, int from)
{
	int i;

	interrupt_ignore();
	for (i = from; i >= 0; i--)
		if (steps[i].unmake)
			steps[i].unmake(a);
}

int attachment_make(struct attachment *a, struct failure *f)
{
	int i, ret;

	for (i = 0; i < STEPS; i++) {
		ret = steps[i].make(a, f);
		/* What has failed has undone itself. */
		if (ret) {
			undo(a, i - 1);
			return ret;
		}
		if (interrupt_pending()) {
			undo(a, i);
			return failure_set(
				f, CNI_INTERRUPTED,
				"interrupted by a signal; all was undone");
		}
	}
	return 0;
}

void attachment_unmake(struct attachment *a)
{
	undo(a, STEPS - 1);
}
