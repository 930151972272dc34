/* SPDX-License-Identifier: Apache-2.0 */
#include "install.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../lib/cleanup.h"
#include "../lib/state.h"
#include "loader.h"

enum { PLUGIN_BYTES_MAX = 256 << 20 };

/* ---- install ---------------------------------------------------------- */

static int write_all(int fd, const char *data, size_t len)
{
	ssize_t n;

	for (; len; data += n, len -= (size_t)n) {
		n = write(fd, data, len);
		if (n < 0 && errno == EINTR)
			n = 0;
		if (n < 0)
			return -errno;
	}
	return 0;
}

/* On disk before it has its name: a rename must not overtake the data. */
static int write_file(int dir, const char *name, const char *data, size_t len)
{
	__cleanup(fd_close) int fd = -1;
	int rc;

	if (unlinkat(dir, name, 0) && errno != ENOENT)
		return -errno;
	fd = openat(dir, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (fd < 0)
		return -errno;
	rc = write_all(fd, data, len);
	if (!rc && (fchmod(fd, 0755) || fsync(fd)))
		rc = -errno;
	return rc;
}

int install_file(const char *from, const char *dir, const char *name,
		 struct err *e)
{
	__cleanup(mem_free) char *data = NULL;
	__cleanup(fd_close) int fd = -1;
	char temp[NAME_MAX + 1];
	size_t len = 0;
	int rc;

	rc = file_read(from, PLUGIN_BYTES_MAX, &data, &len, e);
	if (!rc)
		rc = dir_make(dir, e);
	if (rc)
		return rc;
	/* A name of our own, always the same, and one writer at a time: what
	 * a killed one left is written over by the next. */
	if ((size_t)snprintf(temp, sizeof(temp), ".%s.new", name) >=
	    sizeof(temp))
		return err_sys(e, ENAMETOOLONG, "install %s", name);
	fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0 || flock(fd, LOCK_EX))
		return err_sys(e, errno, "open %s", dir);
	rc = write_file(fd, temp, data, len);
	if (!rc && (renameat(fd, temp, fd, name) || fsync(fd)))
		rc = -errno;
	if (!rc)
		return 0;
	unlinkat(fd, temp, 0);
	return err_sys(e, -rc, "install %s/%s", dir, name);
}

int install_plugin(const char *dir, struct err *e)
{
	char path[4096 + sizeof(PLUGIN_NAME)];
	ssize_t n = readlink("/proc/self/exe", path, 4095);
	char *slash;

	path[n < 0 ? 0 : n] = '\0';
	slash = strrchr(path, '/');
	if (!slash)
		return err_sys(e, errno, "find the plugin beside this program");
	strcpy(slash + 1, PLUGIN_NAME);
	return install_file(path, dir, PLUGIN_NAME, e);
}

/* ---- uninstall -------------------------------------------------------- */

/* All that is ever below the state directory (docs/state.md): what is not in
 * this list is not ours to remove. */
static const char *const state_files[] = {
	"node.json", "policy.json", "agent.sock",	"agent.raise",
	"cni.lock",  "cni.log",	    "attachments.lock", "ips",
	"endpoints", "last",	    "agent.lock",
};

static int remove_at(int at, const char *name, int depth)
{
	__cleanup(fd_close) int fd = -1;
	struct dirent *d;
	DIR *dir;

	if (!unlinkat(at, name, 0) || errno == ENOENT)
		return 0;
	if ((errno != EISDIR && errno != EPERM) || !depth)
		return -errno;
	fd = openat(at, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	dir = fd < 0 ? NULL : fdopendir(dup(fd));
	if (!dir)
		return -errno;
	while ((d = readdir(dir)))
		if (strcmp(d->d_name, ".") && strcmp(d->d_name, ".."))
			remove_at(fd, d->d_name, depth - 1);
	closedir(dir);
	return unlinkat(at, name, AT_REMOVEDIR) && errno != ENOENT ? -errno : 0;
}

static int remove_state(const char *state_dir, struct err *e)
{
	__cleanup(fd_close) int fd =
		open(state_dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int rc = 0;

	if (fd < 0 && errno == ENOENT)
		return 0;
	if (fd < 0)
		return err_sys(e, errno, "open %s", state_dir);
	for (size_t i = 0; i < sizeof(state_files) / sizeof(*state_files);
	     i++) {
		rc = remove_at(fd, state_files[i], 2);
		if (rc)
			return err_sys(e, -rc, "remove %s/%s", state_dir,
				       state_files[i]);
	}
	/* A container has it as a mount; what strangers keep there stays. */
	if (rmdir(state_dir) && errno != EBUSY && errno != ENOTEMPTY)
		return err_sys(e, errno, "remove %s", state_dir);
	return 0;
}

/* First of all: no new pod comes to a network that goes. */
static int remove_conf(const char *file, struct err *e)
{
	if (!*file || !unlink(file) || errno == ENOENT)
		return 0;
	return err_sys(e, errno, "remove %s", file);
}

static int remove_plugin(const char *dir, struct err *e)
{
	static const char *const names[] = {PLUGIN_NAME,
					    "." PLUGIN_NAME ".new"};
	char path[4096];

	for (int i = 0; i < 2; i++) {
		snprintf(path, sizeof(path), "%s/%s", dir, names[i]);
		if (unlink(path) && errno != ENOENT)
			return err_sys(e, errno, "remove %s", path);
	}
	return 0;
}

/* The agent holds this lock as long as it lives. *fd keeps it away. */
static int lock_out_agent(const char *state_dir, int *fd, struct err *e)
{
	char path[512];

	snprintf(path, sizeof(path), "%s/agent.lock", state_dir);
	*fd = open(path, O_RDWR | O_CLOEXEC);
	if (*fd < 0)
		return errno == ENOENT ? 0 : err_sys(e, errno, "open %s", path);
	if (!flock(*fd, LOCK_EX | LOCK_NB))
		return 0;
	return err_set(e, EBUSY,
		       "an agent runs with state-dir %s: stop it first "
		       "(delete its DaemonSet)",
		       state_dir);
}

static int count_one(const struct endpoint_record *r, void *arg)
{
	(void)r;
	++*(int *)arg;
	return 0;
}

static int no_attachments(const char *state_dir, struct err *e)
{
	int n = 0, rc;

	rc = endpoint_record_each(state_dir, count_one, &n, NULL, e);
	if (rc || !n)
		return rc;
	return err_set(e, EBUSY,
		       "%d attachments are still there, so %s stays for the "
		       "runtime to delete them with; remove their pods, or let "
		       "them start anew with another network, and run this "
		       "again",
		       n, PLUGIN_NAME);
}

int uninstall_node(const struct config *c, const char *dir, struct err *e)
{
	__cleanup(fd_close) int lock = -1;
	int rc;

	rc = lock_out_agent(c->state_dir, &lock, e);
	if (!rc)
		rc = remove_conf(c->cni_conf_file, e);
	if (!rc)
		rc = datapath_unload(c, true, e);
	if (!rc)
		rc = no_attachments(c->state_dir, e);
	if (!rc)
		rc = remove_plugin(dir, e);
	if (!rc)
		rc = remove_state(c->state_dir, e);
	return rc;
}
