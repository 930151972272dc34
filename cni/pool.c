/* SPDX-License-Identifier: Apache-2.0 */
#include "pool.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "../lib/cleanup.h"

/* How many addresses are looked at before a range counts as exhausted: more
 * than any node has pods. */
#define CANDIDATES_MAX (1ULL << 20)
#define NETWORKS_MAX   32

static unsigned long long prefix_size(const struct fl_prefix *p)
{
	unsigned int bits = (prefix_is_v4(p) ? 32 : 128) - prefix_length(p);

	return bits >= 63 ? 1ULL << 63 : 1ULL << bits;
}

static bool is_host_addr(const struct node_facts *node,
			 const struct fl_addr *addr)
{
	int i;

	for (i = 0; i < node->n_host_addrs; i++)
		if (addr_equal(&node->host_addrs[i], addr))
			return true;
	return false;
}

/* The first address of a range names the network (IPv6: any router), the last
 * one of an IPv4 range all of it; ranges of one or two have neither. */
static bool is_reserved(const struct fl_prefix *p, const struct fl_addr *addr)
{
	unsigned long long size = prefix_size(p);
	struct fl_addr last;

	if (size <= 2)
		return false;
	if (addr_equal(&p->addr, addr))
		return true;
	last = addr_add(&p->addr, size - 1);
	return prefix_is_v4(p) && addr_equal(&last, addr);
}

bool pool_has(const struct node_facts *node, const struct fl_addr *addr)
{
	int i;

	for (i = 0; i < node->n_pod_cidrs; i++)
		if (prefix_contains(&node->pod_cidrs[i], addr))
			return !is_reserved(&node->pod_cidrs[i], addr) &&
			       !is_host_addr(node, addr);
	return false;
}

static bool has_family(const struct node_facts *node, bool v4)
{
	int i;

	for (i = 0; i < node->n_pod_cidrs; i++)
		if (prefix_is_v4(&node->pod_cidrs[i]) == v4)
			return true;
	return false;
}

/* ---- one at a time ------------------------------------------------------- */

/* The pod CIDRs are the node's, not one network's: allocations of all networks
 * wait for each other, and look at each other's files. */
struct session {
	int lock; /* the directory ips/, locked */
	char networks[NETWORKS_MAX][NETWORK_NAME_MAX + 1]; /* the others */
	int n_networks;
};

static void session_end(struct session *s)
{
	fd_close(&s->lock);
}

static void dir_close(DIR **dir)
{
	if (*dir)
		closedir(*dir);
}

static int session_networks(const struct pool *pool, const char *path,
			    struct session *s, struct failure *f)
{
	__cleanup(dir_close) DIR *dir = opendir(path);
	struct dirent *entry;

	if (!dir)
		return failure_set(f, CNI_IO, "open %s: %s", path,
				   strerror(errno));
	while (errno = 0, (entry = readdir(dir))) {
		if (!name_is_safe(entry->d_name, NETWORK_NAME_MAX) ||
		    !strcmp(entry->d_name, pool->owner.network))
			continue;
		if (s->n_networks == NETWORKS_MAX)
			return failure_set(f, CNI_CONFIG,
					   "%s: more than %d networks", path,
					   NETWORKS_MAX);
		strcpy(s->networks[s->n_networks++], entry->d_name);
	}
	if (errno)
		return failure_set(f, CNI_IO, "read %s: %s", path,
				   strerror(errno));
	return 0;
}

static int session_begin(const struct pool *pool, struct session *s,
			 struct failure *f)
{
	char path[600];
	struct err e;

	snprintf(path, sizeof(path), "%s/ips", pool->state_dir);
	if (dir_make(path, &e))
		return failure_from(f, CNI_IO, &e, NULL);
	s->lock = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (s->lock < 0 || flock(s->lock, LOCK_EX))
		return failure_set(f, CNI_IO, "lock %s: %s", path,
				   strerror(errno));
	return session_networks(pool, path, s, f);
}

static bool is_taken(const struct pool *pool, const char *network,
		     const struct fl_addr *addr)
{
	char path[1024], text[ADDR_STRLEN];

	snprintf(path, sizeof(path), "%s/ips/%s/%s", pool->state_dir, network,
		 addr_format(addr, text));
	return !access(path, F_OK) || errno != ENOENT;
}

static bool is_taken_anywhere(const struct pool *pool, const struct session *s,
			      const struct fl_addr *addr)
{
	int i;

	for (i = 0; i < s->n_networks; i++)
		if (is_taken(pool, s->networks[i], addr))
			return true;
	return is_taken(pool, pool->owner.network, addr);
}

static int take(const struct pool *pool, const struct fl_addr *addr,
		struct failure *f)
{
	struct ip_owner owner = pool->owner;
	struct err e;

	owner.addr = *addr;
	if (ip_file_create(pool->state_dir, &owner, &e))
		return failure_from(f, CNI_IO, &e, NULL);
	return 0;
}

/* ---- next-fit ------------------------------------------------------------ */

/* Where to go on from: a hint that may be lost without harm, so a torn write
 * does none either. */
static void last_path(const struct pool *pool, bool v4, char *path, size_t size)
{
	snprintf(path, size, "%s/last/%s-ipv%d", pool->state_dir,
		 pool->owner.network, v4 ? 4 : 6);
}

static bool last_read(const struct pool *pool, bool v4, struct fl_addr *out)
{
	__cleanup(mem_free) char *text = NULL;
	char path[600];

	last_path(pool, v4, path, sizeof(path));
	if (state_file_read(path, 256, &text, NULL, NULL))
		return false;
	text[strcspn(text, "\n")] = '\0';
	return !addr_parse(text, out);
}

static void last_write(const struct pool *pool, const struct fl_addr *addr)
{
	char path[600], line[ADDR_STRLEN + 1];
	__cleanup(fd_close) int fd = -1;
	int len;

	last_path(pool, addr_is_v4(addr), path, sizeof(path));
	fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW,
		  0600);
	if (fd < 0 && errno == ENOENT) {
		char dir[600];

		snprintf(dir, sizeof(dir), "%s/last", pool->state_dir);
		state_dir_make(dir, NULL);
		fd = open(path,
			  O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW,
			  0600);
	}
	addr_format(addr, line);
	len = (int)strlen(line);
	line[len++] = '\n';
	if (fd >= 0 && write(fd, line, (size_t)len) != len)
		unlink(path);
}

/* A walk over all ranges of a family that begins behind `last` and ends where
 * it began. fn returns true to stop. */
static bool walk(const struct node_facts *node, bool v4,
		 const struct fl_addr *last,
		 bool (*fn)(const struct fl_addr *addr, void *arg), void *arg)
{
	int first = -1, i, at;
	unsigned long long n, left = CANDIDATES_MAX;
	struct fl_addr addr;

	for (i = 0; last && i < node->n_pod_cidrs; i++)
		if (prefix_contains(&node->pod_cidrs[i], last))
			first = i;
	/* The range of `last` comes first, behind it, and last, up to it. */
	for (i = 0; i <= node->n_pod_cidrs; i++) {
		const struct fl_prefix *p;
		bool behind = i == 0 && first >= 0;

		if (i == node->n_pod_cidrs && first < 0)
			break;
		at = ((first < 0 ? 0 : first) + i) % node->n_pod_cidrs;
		p = &node->pod_cidrs[at];
		if (prefix_is_v4(p) != v4)
			continue;
		n = prefix_size(p);
		addr = behind ? addr_add(last, 1) : p->addr;
		for (; n && left; n--, left--) {
			if (!prefix_contains(p, &addr))
				break;
			if (i == node->n_pod_cidrs &&
			    addr_compare(&addr, last) > 0)
				break;
			if (!is_reserved(p, &addr) &&
			    !is_host_addr(node, &addr) && fn(&addr, arg))
				return true;
			addr = addr_add(&addr, 1);
		}
	}
	return false;
}

struct search {
	const struct pool *pool;
	const struct session *session;
	struct fl_addr found;
};

static bool is_free(const struct fl_addr *addr, void *arg)
{
	struct search *search = arg;

	search->found = *addr;
	return !is_taken_anywhere(search->pool, search->session, addr);
}

static int find(const struct pool *pool, const struct session *s, bool v4,
		struct fl_addr *out, struct failure *f)
{
	struct search search = {.pool = pool, .session = s};
	struct fl_addr last;
	bool known = last_read(pool, v4, &last);

	if (!walk(pool->node, v4, known ? &last : NULL, is_free, &search))
		return failure_set(
			f, CNI_EXHAUSTED,
			"no IPv%d address is left in the node's pod "
			"CIDRs: %s/ips/ has one file for each that is "
			"taken",
			v4 ? 4 : 6, pool->state_dir);
	*out = search.found;
	return 0;
}

/* ---- wishes -------------------------------------------------------------- */

static int wish_check(const struct pool *pool, const struct session *s,
		      const struct fl_addr *addr, struct failure *f)
{
	char text[ADDR_STRLEN];

	addr_format(addr, text);
	if (!pool_has(pool->node, addr))
		return failure_set(
			f, CNI_ADDRESS,
			"address %s was asked for, but is not one that a "
			"pod of this node can have",
			text);
	if (is_taken_anywhere(pool, s, addr))
		return failure_set(f, CNI_ADDRESS,
				   "address %s was asked for, but is taken",
				   text);
	return 0;
}

/* One of each family at most. */
static int wishes_check(const struct pool *pool, const struct session *s,
			const struct wishes *w, struct failure *f)
{
	int i, j, ret;

	for (i = 0; i < w->n_ips; i++) {
		for (j = 0; j < i; j++)
			if (addr_is_v4(&w->ips[i]) == addr_is_v4(&w->ips[j]))
				return failure_set(
					f, CNI_ADDRESS,
					"more than one IPv%d address was "
					"asked for",
					addr_is_v4(&w->ips[i]) ? 4 : 6);
		ret = wish_check(pool, s, &w->ips[i], f);
		if (ret)
			return ret;
	}
	return 0;
}

static const struct fl_addr *wish_of(const struct wishes *w, bool v4)
{
	int i;

	for (i = 0; i < w->n_ips; i++)
		if (addr_is_v4(&w->ips[i]) == v4)
			return &w->ips[i];
	return NULL;
}

/* ---- all together -------------------------------------------------------- */

static int take_family(const struct pool *pool, const struct session *s,
		       const struct wishes *wishes, bool v4,
		       struct fl_addr *out, int *n, struct failure *f)
{
	const struct fl_addr *wish = wish_of(wishes, v4);
	struct fl_addr addr;
	int ret;

	if (!has_family(pool->node, v4))
		return 0;
	if (wish)
		addr = *wish;
	else if ((ret = find(pool, s, v4, &addr, f)))
		return ret;
	ret = take(pool, &addr, f);
	if (ret)
		return ret;
	if (!wish)
		last_write(pool, &addr);
	out[(*n)++] = addr;
	return 0;
}

int pool_take(const struct pool *pool, const struct wishes *wishes,
	      struct fl_addr *out, int *n, struct failure *f)
{
	__cleanup(session_end) struct session s = {.lock = -1};
	int ret, count = 0;

	if (!pool->node->n_pod_cidrs)
		return failure_set(f, CNI_TRY_AGAIN,
				   "the node has no pod CIDR yet (podCIDRs of "
				   "%s/node.json is empty)",
				   pool->state_dir);
	ret = session_begin(pool, &s, f);
	if (!ret)
		ret = wishes_check(pool, &s, wishes, f);
	if (!ret)
		ret = take_family(pool, &s, wishes, true, out, &count, f);
	if (!ret)
		ret = take_family(pool, &s, wishes, false, out, &count, f);
	if (ret && count)
		pool_give_back(pool, out, count, NULL);
	if (!ret)
		*n = count;
	return ret;
}

int pool_check(const struct pool *pool, struct failure *f)
{
	__cleanup(session_end) struct session s = {.lock = -1};
	struct fl_addr addr;
	int ret;

	if (!pool->node->n_pod_cidrs)
		return failure_set(f, CNI_UNAVAILABLE,
				   "the node has no pod CIDR yet");
	ret = session_begin(pool, &s, f);
	if (!ret && has_family(pool->node, true))
		ret = find(pool, &s, true, &addr, f);
	if (!ret && has_family(pool->node, false))
		ret = find(pool, &s, false, &addr, f);
	return ret;
}

/* ---- giving back --------------------------------------------------------- */

struct sweep {
	const struct pool *pool;
	struct err *e;
	int ret;
};

static int give_back_own(const struct ip_owner *owner, void *arg)
{
	struct sweep *sweep = arg;
	int ret;

	if (strcmp(owner->container_id, sweep->pool->owner.container_id) ||
	    strcmp(owner->ifname, sweep->pool->owner.ifname))
		return 0;
	ret = ip_file_remove(sweep->pool->state_dir, owner, sweep->e);
	if (ret)
		sweep->ret = ret;
	return 0;
}

int pool_give_back(const struct pool *pool, const struct fl_addr *addrs, int n,
		   struct err *e)
{
	struct sweep sweep = {.pool = pool, .e = e};
	struct ip_owner owner = pool->owner;
	int i, ret;

	for (i = 0; i < n; i++) {
		owner.addr = addrs[i];
		ret = ip_file_remove(pool->state_dir, &owner, e);
		if (ret)
			sweep.ret = ret;
	}
	if (n)
		return sweep.ret;
	ret = ip_file_each(pool->state_dir, owner.network, give_back_own,
			   &sweep, NULL, e);
	return ret ? ret : sweep.ret;
}
