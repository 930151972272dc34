/* SPDX-License-Identifier: Apache-2.0 */
#include "removal.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "../lib/cleanup.h"
#include "../loader/loader.h"
#include "attachment.h"
#include "delegate.h"
#include "entries.h"
#include "journal.h"
#include "pool.h"

struct removal {
	const struct call *call;
	const struct endpoint_record *record;
	const char *bpf_root;
	struct link_ctx *host;
	struct failure *failure; /* the first one */
};

/* Keep the first failure, log each. */
static void note(struct removal *r, const struct failure *f)
{
	journal(LOG_LEVEL_WARN, "not everything could be removed",
		"device=%s error=\"%s\"", r->record->host_device, f->msg);
	if (!r->failure->code)
		*r->failure = *f;
}

static void note_err(struct removal *r, int code, const struct err *e)
{
	struct failure f;

	failure_from(&f, code, e, NULL);
	note(r, &f);
}

/* A node.json that is not there, or makes no sense, names no root. */
int removal_root(const struct call *c, char out[256], struct failure *f)
{
	struct node_facts node;
	struct err e;
	int ret = node_facts_read(c->conf.state_dir, &node, &e);

	if (file_is_out_of_reach(ret))
		return failure_from(f, CNI_IO, &e, NULL);
	snprintf(out, 256, "%s", bpf_root_of(&c->conf, ret ? NULL : &node));
	return 0;
}

static bool is_this_boot(const struct endpoint_record *record)
{
	char boot[40];

	return boot_id_read(boot, NULL) || !strcmp(boot, record->boot_id);
}

/* The endpoint's number: that of the device if it is there, else the record's,
 * unless it is from before a reboot or has become another device's. 0: none.
 * What cannot be asked is a failure: nothing would be found without it. */
static int find_number(struct removal *r, unsigned int *out, struct err *e)
{
	struct link_info l;
	int ret = link_get(r->host, r->record->host_device, &l, e);

	*out = 0;
	if (!ret)
		*out = l.ifindex;
	if (ret != -ENODEV)
		return ret;
	if (!r->record->ifindex || !is_this_boot(r->record))
		return 0;
	ret = link_get_index(r->host, r->record->ifindex, &l, e);
	if (ret && ret != -ENODEV)
		return ret;
	*out = ret ? r->record->ifindex : 0;
	return 0;
}

/* A record that ADD did not complete does not know all addresses. */
static void remove_entries(struct removal *r, unsigned int ifindex)
{
	const struct endpoint_record *record = r->record;
	bool whole = record->ifindex && record->ifindex == ifindex;
	__cleanup(fd_close) int map = -1;
	struct err e = {0};
	int n;

	map = map_open(r->bpf_root, FL_MAP_ENDPOINTS, &e);
	if (map < 0)
		return; /* nothing is loaded, so nothing is entered */
	if (whole)
		n = entries_remove(map, record->addrs, record->n_addrs,
				   ifindex);
	else
		n = entries_sweep(map, r->host, ifindex, &e);
	if (n < 0 || (n > 0 && epoch_raise(r->bpf_root, &e)))
		note_err(r, CNI_KERNEL, &e);
}

/* The device first: what is attached to it goes at once with it, and its pins
 * cost nothing then, while a TCX link that is detached from a living device
 * costs an RCU grace period a direction. */
static void remove_device(struct removal *r, unsigned int ifindex)
{
	struct err e;

	if (link_del(r->host, r->record->host_device, &e))
		note_err(r, CNI_KERNEL, &e);
	if (ifindex && detach_device(r->bpf_root, ifindex, &e))
		note_err(r, CNI_KERNEL, &e);
	if (!r->record->ifindex && attach_sweep(r->bpf_root, NULL, &e) &&
	    e.code != ENOENT)
		note_err(r, CNI_KERNEL, &e);
}

static void remove_own_addresses(struct removal *r)
{
	const struct endpoint_record *record = r->record;
	struct pool pool = {.state_dir = r->call->conf.state_dir};
	struct err e;

	if (!name_is_safe(record->network, NETWORK_NAME_MAX))
		return;
	strcpy(pool.owner.network, record->network);
	strcpy(pool.owner.container_id, record->container_id);
	strcpy(pool.owner.ifname, record->ifname);
	if (pool_give_back(&pool, record->addrs, record->n_addrs, &e))
		note_err(r, CNI_IO, &e);
}

static void remove_delegated_addresses(struct removal *r)
{
	struct delegate_run run = {
		.command = "DEL",
		.container_id = r->record->container_id,
		.ifname = r->record->ifname,
		.netns = r->record->netns,
	};
	struct failure f;

	if (delegate_is_self(r->call))
		return;
	if (delegate_exec(r->call, &run, NULL, &f))
		note(r, &f);
}

/* The plugin that gave the addresses is asked if the configuration still names
 * it; otherwise nobody knows how. */
static void remove_addresses(struct removal *r)
{
	const char *type = r->call->conf.ipam_type;

	if (!r->record->ipam[0])
		remove_own_addresses(r);
	else if (!strcmp(r->record->ipam, type))
		remove_delegated_addresses(r);
	else
		journal(LOG_LEVEL_WARN,
			"the configuration no longer names the IPAM plugin",
			"plugin=%s", r->record->ipam);
}

static void remove_all(struct removal *r)
{
	unsigned int ifindex;
	struct err e;

	if (find_number(r, &ifindex, &e)) {
		note_err(r, CNI_KERNEL, &e);
		return;
	}
	remove_entries(r, ifindex);
	remove_device(r, ifindex);
	/* As long as there was a device the agent may have healed them. */
	remove_entries(r, ifindex);
	remove_addresses(r);
}

int removal_run(const struct call *c, const struct endpoint_record *record,
		const char *bpf_root, struct link_ctx *host, struct failure *f)
{
	struct removal r = {
		.call = c,
		.record = record,
		.bpf_root = bpf_root,
		.host = host,
		.failure = f,
	};
	struct err e;

	f->code = 0;
	remove_all(&r);
	if (!f->code &&
	    endpoint_record_remove(c->conf.state_dir, record->container_id,
				   record->ifname, &e))
		note_err(&r, CNI_IO, &e);
	return f->code;
}

/* A record of what can be derived from the names. */
static void record_derive(const struct call *c, struct endpoint_record *record)
{
	*record = (struct endpoint_record){0};
	strcpy(record->container_id, c->container_id);
	strcpy(record->ifname, c->ifname);
	strcpy(record->netns, c->netns);
	strcpy(record->network, c->conf.name);
	strcpy(record->ipam, c->conf.ipam_type);
	host_device_name(record->container_id, record->ifname,
			 record->host_device);
}

int removal_run_unrecorded(const struct call *c, const char *bpf_root,
			   struct link_ctx *host, struct failure *f)
{
	struct endpoint_record record;
	struct removal r = {
		.call = c,
		.record = &record,
		.bpf_root = bpf_root,
		.host = host,
		.failure = f,
	};
	struct link_info l;

	f->code = 0;
	record_derive(c, &record);
	if (!link_get(host, record.host_device, &l, NULL)) {
		remove_all(&r);
		return f->code;
	}
	remove_addresses(&r);
	return f->code;
}

static int remove_own_address(const struct ip_owner *owner, void *arg)
{
	struct removal *r = arg;
	struct err e;

	if (!strcmp(owner->container_id, r->record->container_id) &&
	    !strcmp(owner->ifname, r->record->ifname) &&
	    ip_file_remove(r->call->conf.state_dir, owner, &e))
		note_err(r, CNI_IO, &e);
	return 0;
}

int removal_run_unreadable(const struct call *c, const char *bpf_root,
			   struct link_ctx *host, struct failure *f)
{
	struct endpoint_record record;
	struct removal r = {
		.call = c,
		.record = &record,
		.bpf_root = bpf_root,
		.host = host,
		.failure = f,
	};
	struct err e;

	f->code = 0;
	record_derive(c, &record);
	remove_all(&r);
	/* Of which network, and whose addresses, only the file knew. */
	if (ip_file_each(c->conf.state_dir, NULL, remove_own_address, &r, NULL,
			 &e))
		note_err(&r, CNI_IO, &e);
	if (!f->code &&
	    endpoint_record_remove(c->conf.state_dir, record.container_id,
				   record.ifname, &e))
		note_err(&r, CNI_IO, &e);
	return f->code;
}
