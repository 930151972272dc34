/* SPDX-License-Identifier: Apache-2.0 */
#include "leftovers.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <time.h>
#include <unistd.h>

#include "../lib/cleanup.h"
#include "../lib/log.h"
#include "../loader/loader.h"
#include "agent.h"
#include "reconcile.h"

enum { ATTACHMENT_AGE = 10, ADDRESS_AGE = 60 }; /* seconds */

int leftovers_lock(const struct agent *a)
{
	__cleanup(fd_close) int fd = -1;
	char path[512];

	snprintf(path, sizeof(path), "%s/cni.lock", a->config.state_dir);
	fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd < 0 || flock(fd, LOCK_EX | LOCK_NB))
		return -1;
	return take_fd(&fd);
}

/* ---- attachments ---------------------------------------------------- */

static bool has_device(struct agent *a, const struct endpoint_record *r)
{
	struct link_info l;
	struct err e;

	return link_get(a->net, r->host_device, &l, &e) != -ENODEV;
}

/* A path that cannot be looked at says nothing; a mount point that nothing is
 * mounted on any more does. */
static bool has_namespace(const struct endpoint_record *r)
{
	struct statfs st;

	if (statfs(r->netns, &st))
		return errno != ENOENT && errno != ENOTDIR;
	return st.f_type == NSFS_MAGIC;
}

static bool is_of_this_boot(const struct endpoint_record *r)
{
	char boot_id[40];

	return boot_id_read(boot_id, NULL) || !strcmp(boot_id, r->boot_id);
}

static bool is_dead(struct agent *a, const struct endpoint_record *r)
{
	if (time(NULL) - r->created < ATTACHMENT_AGE || has_device(a, r))
		return false;
	return !has_namespace(r) || !is_of_this_boot(r);
}

/* The record goes last: it is what a second try needs. */
static int release(struct agent *a, const struct endpoint_record *r)
{
	struct ip_owner owner = {0};
	struct err e = {0};

	reconcile_endpoint_gone(a, r);
	snprintf(owner.network, sizeof(owner.network), "%s", r->network);
	snprintf(owner.container_id, sizeof(owner.container_id), "%s",
		 r->container_id);
	snprintf(owner.ifname, sizeof(owner.ifname), "%s", r->ifname);
	for (int i = 0; !r->ipam[0] && i < r->n_addrs; i++) {
		owner.addr = r->addrs[i];
		if (ip_file_remove(a->config.state_dir, &owner, &e))
			log_warn("address not released", "error=\"%s\"", e.msg);
	}
	if (endpoint_record_remove(a->config.state_dir, r->container_id,
				   r->ifname, &e)) {
		log_warn("attachment not removed", "error=\"%s\"", e.msg);
		return -e.code;
	}
	endpoints_drop(&a->endpoints, r->container_id, r->ifname);
	return 0;
}

struct search {
	struct agent *agent;
	struct endpoint_record found;
	bool any;
};

static int find_dead(const struct endpoint_record *r, void *arg)
{
	struct search *s = arg;

	/* Another IPAM plugin's address is for the runtime's GC to free: it
	 * needs the record for that. */
	if (r->ipam[0] || !is_dead(s->agent, r))
		return 0;
	s->found = *r;
	s->any = true;
	return 1;
}

unsigned int leftovers_attachments(struct agent *a)
{
	__cleanup(fd_close) int lock = leftovers_lock(a);
	unsigned int n = 0;
	struct err e = {0};

	if (lock < 0)
		return 0;
	for (;;) {
		struct search s = {.agent = a};

		if (endpoint_record_each(a->config.state_dir, find_dead, &s,
					 NULL, &e) < 0 ||
		    !s.any)
			return n;
		log_info("attachment removed, its pod is gone",
			 "container=%s ifname=%s pod=%s/%s",
			 s.found.container_id, s.found.ifname,
			 s.found.pod_namespace, s.found.pod_name);
		if (release(a, &s.found))
			return n;
		n++;
	}
}

/* ---- addresses ------------------------------------------------------ */

struct sweep {
	struct agent *agent;
	unsigned int n;
};

static bool is_old(const struct agent *a, const struct ip_owner *owner)
{
	char path[1024], text[ADDR_STRLEN];
	struct stat st;

	snprintf(path, sizeof(path), "%s/ips/%s/%s", a->config.state_dir,
		 owner->network, addr_format(&owner->addr, text));
	return !stat(path, &st) && time(NULL) - st.st_mtime > ADDRESS_AGE;
}

static int see_address(const struct ip_owner *owner, void *arg)
{
	struct sweep *s = arg;
	const char *dir = s->agent->config.state_dir;
	struct endpoint_record record;
	char text[ADDR_STRLEN];
	struct err e = {0};

	if (!is_old(s->agent, owner) ||
	    endpoint_record_read(dir, owner->container_id, owner->ifname,
				 &record, &e) != -ENOENT)
		return 0;
	if (ip_file_remove(dir, owner, &e)) {
		log_warn("address not released", "error=\"%s\"", e.msg);
		return 0;
	}
	log_info("address released, nobody has it",
		 "address=%s container=%s ifname=%s",
		 addr_format(&owner->addr, text), owner->container_id,
		 owner->ifname);
	s->n++;
	return 0;
}

unsigned int leftovers_addresses(struct agent *a)
{
	__cleanup(fd_close) int lock = leftovers_lock(a);
	struct sweep s = {.agent = a};
	struct err e = {0};

	if (lock >= 0)
		ip_file_each(a->config.state_dir, NULL, see_address, &s, NULL,
			     &e);
	return s.n;
}
