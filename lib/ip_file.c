/* SPDX-License-Identifier: Apache-2.0 */
#include "state.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "cleanup.h"

#define IP_PATH_MAX 1024

static int ip_path(const char *state_dir, const char *network,
		   const struct fl_addr *addr, char path[IP_PATH_MAX],
		   struct err *e)
{
	char text[ADDR_STRLEN] = "";

	if (!name_is_safe(network, NETWORK_NAME_MAX))
		return err_set(e, EINVAL,
			       "no directory can be named for network "
			       "\"%.80s\"",
			       network);
	if (addr)
		addr_format(addr, text);
	if (snprintf(path, IP_PATH_MAX, "%s/ips/%s%s%s", state_dir, network,
		     addr ? "/" : "", text) >= IP_PATH_MAX)
		return err_sys(e, ENAMETOOLONG, "state directory %.200s",
			       state_dir);
	return 0;
}

int ip_file_create(const char *state_dir, const struct ip_owner *owner,
		   struct err *e)
{
	char path[IP_PATH_MAX], line[300];
	int ret, len;

	ret = ip_path(state_dir, owner->network, &owner->addr, path, e);
	if (ret)
		return ret;
	/* Mostly somebody has it, or nobody: look before making a file. */
	if (!access(path, F_OK))
		return err_set(e, EEXIST, "%s is taken", path);
	len = snprintf(line, sizeof(line), "%s %s\n", owner->container_id,
		       owner->ifname);
	ret = file_create_atomic(path, line, (size_t)len, 0600, e);
	if (ret != -ENOENT)
		return ret;
	*strrchr(path, '/') = '\0';
	ret = state_dir_make(path, e);
	if (ret)
		return ret;
	ret = ip_path(state_dir, owner->network, &owner->addr, path, e);
	if (ret)
		return ret;
	return file_create_atomic(path, line, (size_t)len, 0600, e);
}

static int ip_file_read_path(const char *path, struct ip_owner *out,
			     struct err *e)
{
	__cleanup(mem_free) char *text = NULL;
	size_t len;
	int ret, end = -1;

	ret = state_file_read(path, 512, &text, &len, e);
	if (ret)
		return ret;
	if (sscanf(text, "%255s %15s%n", out->container_id, out->ifname,
		   &end) != 2 ||
	    end < 0 || strcmp(text + end, "\n") ||
	    !name_is_safe(out->container_id, CONTAINER_ID_MAX) ||
	    !ifname_is_valid(out->ifname))
		return err_set(e, EINVAL, "%s: not \"<container-id> <ifname>\"",
			       path);
	return 0;
}

int ip_file_read(const char *state_dir, const char *network,
		 const struct fl_addr *addr, struct ip_owner *out,
		 struct err *e)
{
	struct ip_owner owner = {.addr = *addr};
	char path[IP_PATH_MAX];
	int ret;

	ret = ip_path(state_dir, network, addr, path, e);
	if (!ret)
		ret = ip_file_read_path(path, &owner, e);
	if (ret)
		return ret;
	snprintf(owner.network, sizeof(owner.network), "%s", network);
	*out = owner;
	return 0;
}

int ip_file_remove(const char *state_dir, const struct ip_owner *owner,
		   struct err *e)
{
	struct ip_owner now = {0};
	char path[IP_PATH_MAX];
	__cleanup(fd_close) int dir = -1;
	int ret;

	ret = ip_path(state_dir, owner->network, NULL, path, e);
	if (ret)
		return ret;
	dir = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (dir < 0 && errno == ENOENT)
		return 0;
	/* Two removers at a time: the second must see what came between. */
	if (dir < 0 || flock(dir, LOCK_EX))
		return err_sys(e, errno, "lock %s", path);
	ret = ip_path(state_dir, owner->network, &owner->addr, path, e);
	if (!ret)
		ret = ip_file_read_path(path, &now, e);
	if (ret == -ENOENT)
		return 0;
	if (ret)
		return ret;
	/* NOLINTNEXTLINE: both are arrays */
	if (strcmp(now.container_id, owner->container_id) ||
	    strcmp(now.ifname, owner->ifname))
		return 0;
	if (unlink(path) && errno != ENOENT)
		return err_sys(e, errno, "remove %s", path);
	return 0;
}

static void dir_close(DIR **dir)
{
	if (*dir)
		closedir(*dir);
}

/* The address that a file is named for, as its makers write it: one by another
 * name would be found here and nowhere else. */
static int addr_of_name(const char *name, struct fl_addr *out)
{
	char text[ADDR_STRLEN];
	struct fl_addr addr;

	if (addr_parse(name, &addr) || strcmp(addr_format(&addr, text), name))
		return -EINVAL;
	*out = addr;
	return 0;
}

/* The addresses of one network. */
static int each_of_network(const char *state_dir, const char *network,
			   int (*fn)(const struct ip_owner *owner, void *arg),
			   void *arg, int *n_bad, struct err *e)
{
	__cleanup(dir_close) DIR *dir = NULL;
	char path[IP_PATH_MAX], file[IP_PATH_MAX + 300];
	struct ip_owner owner = {0};
	struct dirent *entry;
	int ret, result = 0;

	ret = ip_path(state_dir, network, NULL, path, e);
	if (ret)
		return ret;
	dir = opendir(path);
	if (!dir && errno == ENOENT)
		return 0;
	if (!dir)
		return err_sys(e, errno, "open %s", path);
	snprintf(owner.network, sizeof(owner.network), "%s", network);
	while (errno = 0, (entry = readdir(dir))) {
		if (entry->d_name[0] == '.')
			continue;
		snprintf(file, sizeof(file), "%s/%s", path, entry->d_name);
		ret = addr_of_name(entry->d_name, &owner.addr);
		if (!ret)
			ret = ip_file_read_path(file, &owner, e);
		if (file_is_out_of_reach(ret))
			result = ret;
		else if (ret && ret != -ENOENT)
			++*n_bad;
		if (ret)
			continue;
		ret = fn(&owner, arg);
		if (ret)
			return ret;
	}
	return errno ? err_sys(e, errno, "read %s", path) : result;
}

int ip_file_each(const char *state_dir, const char *network,
		 int (*fn)(const struct ip_owner *owner, void *arg), void *arg,
		 int *n_bad, struct err *e)
{
	__cleanup(dir_close) DIR *dir = NULL;
	char path[IP_PATH_MAX];
	struct dirent *entry;
	int ret, ignored = 0;

	if (!n_bad)
		n_bad = &ignored;
	*n_bad = 0;
	if (network)
		return each_of_network(state_dir, network, fn, arg, n_bad, e);
	if (snprintf(path, sizeof(path), "%s/ips", state_dir) >=
	    (int)sizeof(path))
		return err_sys(e, ENAMETOOLONG, "state directory %.200s",
			       state_dir);
	dir = opendir(path);
	if (!dir && errno == ENOENT)
		return 0;
	if (!dir)
		return err_sys(e, errno, "open %s", path);
	while (errno = 0, (entry = readdir(dir))) {
		if (!name_is_safe(entry->d_name, NETWORK_NAME_MAX))
			continue;
		ret = each_of_network(state_dir, entry->d_name, fn, arg, n_bad,
				      e);
		if (ret)
			return ret;
	}
	return errno ? err_sys(e, errno, "read %s", path) : 0;
}
