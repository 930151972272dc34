/* SPDX-License-Identifier: Apache-2.0 */
#include "lost.h"

#include <errno.h>
#include <stdio.h>

#include "../lib/cleanup.h"
#include "../lib/log.h"
#include "agent.h"
#include "leftovers.h"

static bool is_lost(struct agent *a, const struct endpoint_record *r)
{
	struct link_info l;

	return r->ifindex &&
	       !endpoints_find(&a->endpoints, r->container_id, r->ifname) &&
	       !link_get(a->net, r->host_device, &l, NULL) &&
	       l.ifindex == r->ifindex;
}

/* Addresses that another plugin gave are not ours to write down. */
static int write_addresses(const char *state_dir,
			   const struct endpoint_record *r, struct err *e)
{
	struct ip_owner owner = {0};
	int rc = 0;

	snprintf(owner.network, sizeof(owner.network), "%s", r->network);
	snprintf(owner.container_id, sizeof(owner.container_id), "%s",
		 r->container_id);
	snprintf(owner.ifname, sizeof(owner.ifname), "%s", r->ifname);
	for (int i = 0; !rc && !r->ipam[0] && i < r->n_addrs; i++) {
		owner.addr = r->addrs[i];
		rc = ip_file_create(state_dir, &owner, e);
		if (rc == -EEXIST)
			rc = 0;
	}
	return rc;
}

static void write_again(struct agent *a, const struct endpoint_record *r)
{
	const char *dir = a->config.state_dir;
	struct err e = {0};
	int rc = write_addresses(dir, r, &e);

	if (!rc)
		rc = endpoint_record_write(dir, r, &e);
	if (rc)
		log_warn("the files of a pod are lost", "error=\"%s\"", e.msg);
	else
		log_warn("the files of a pod were lost, and are written again",
			 "pod=%s/%s container=%s ifname=%s", r->pod_namespace,
			 r->pod_name, r->container_id, r->ifname);
}

void lost_restore(struct agent *a, const struct endpoints *known)
{
	__cleanup(fd_close) int lock = -1;

	for (size_t i = 0; i < known->n; i++) {
		const struct endpoint_record *r = &known->items[i];

		if (!is_lost(a, r))
			continue;
		/* Without the lock it is tried again at the next full pass. */
		if (lock < 0)
			lock = leftovers_lock(a);
		if (lock >= 0)
			write_again(a, r);
		endpoints_put(&a->endpoints, r);
	}
}
