/* SPDX-License-Identifier: Apache-2.0 */
#include "pins.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <bpf/bpf.h>

#include <fairlead/abi.h>

#include "../lib/cleanup.h"

#ifndef BPF_FS_MAGIC
#define BPF_FS_MAGIC 0xcafe4a11
#endif

static void dir_close(DIR **d)
{
	if (*d)
		closedir(*d);
}

const char *pin_path(char out[PIN_PATH_MAX], const char *bpf_root,
		     const char *fmt, ...)
{
	int len = snprintf(out, PIN_PATH_MAX, "%s/" FL_ABI_DIR "/", bpf_root);
	va_list ap;

	if (len >= PIN_PATH_MAX)
		return out;
	va_start(ap, fmt);
	vsnprintf(out + len, PIN_PATH_MAX - len, fmt, ap);
	va_end(ap);
	return out;
}

/* Those above `path` that were made for it: from the one on whose path has
 * `first` bytes. */
static void unmake_dirs(char *path, size_t first)
{
	char *slash = strrchr(path, '/');

	while (slash && (size_t)(slash - path) >= first) {
		*slash = '\0';
		rmdir(path);
		slash = strrchr(path, '/');
	}
}

static int mkdir_failed(const char *path, int code, struct err *e)
{
	/* bpffs reserves names with a dot. */
	if (code == EPERM && strchr(path, '.'))
		return err_set(e, code,
			       "create %s: names below bpffs cannot contain a "
			       "dot",
			       path);
	return err_sys(e, code, "create %s", path);
}

/* Make all directories of the path that are missing, or none. */
static int make_dirs(char *path, struct err *e)
{
	char *slash = path;
	size_t first = 0;
	int r;

	do {
		slash = strchr(slash + 1, '/');
		if (slash)
			*slash = '\0';
		if (!mkdir(path, 0700)) {
			first = first ? first : strlen(path);
		} else if (errno != EEXIST) {
			r = mkdir_failed(path, errno, e);
			if (first)
				unmake_dirs(path, first);
			return r;
		}
		if (slash)
			*slash = '/';
	} while (slash);
	return 0;
}

int pin_mkdir(const char *bpf_root, const char *sub, struct err *e)
{
	char path[PIN_PATH_MAX];

	return make_dirs((char *)pin_path(path, bpf_root, "%s", sub), e);
}

/* Does the path still lead to what the fd has open? An unload may have come
 * between open() and flock(). */
static bool is_same(int fd, const char *path)
{
	struct stat a, b;

	return !fstat(fd, &a) && !stat(path, &b) && a.st_ino == b.st_ino &&
	       a.st_dev == b.st_dev;
}

static int not_loaded(const char *bpf_root, struct err *e)
{
	return err_set(e, ENOENT,
		       "Fairlead is not loaded below %s: run "
		       "`fairlead-loader load` or start fairlead-agent",
		       bpf_root);
}

int pin_lock(const char *bpf_root, const char *name, bool create,
	     enum pin_lock_how how, struct err *e)
{
	static const int flags[] = {
		[PIN_WAIT] = LOCK_EX,
		[PIN_SHARE] = LOCK_SH,
		[PIN_TRY] = LOCK_EX | LOCK_NB,
	};
	char sub[64], path[PIN_PATH_MAX];
	int r;

	snprintf(sub, sizeof(sub), "locks/%s", name);
	pin_path(path, bpf_root, "%s", sub);
	for (;;) {
		__cleanup(fd_close) int fd = -1;

		r = create ? pin_mkdir(bpf_root, sub, e) : 0;
		if (r)
			return r;
		fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		if (fd < 0 && errno == ENOENT) {
			if (create)
				continue;
			return not_loaded(bpf_root, e);
		}
		if (fd < 0)
			return err_sys(e, errno, "open %s", path);
		while ((r = flock(fd, flags[how])) && errno == EINTR)
			;
		if (r && errno == EWOULDBLOCK)
			return err_set(e, EBUSY,
				       "%s is in use by another process", path);
		if (r)
			return err_sys(e, errno, "lock %s", path);
		if (is_same(fd, path))
			return take_fd(&fd);
	}
}

int pin_is_on_bpffs(const char *path)
{
	char part[PIN_PATH_MAX];
	struct statfs fs;
	char *slash;

	snprintf(part, sizeof(part), "%s", path);
	while (statfs(part, &fs)) {
		slash = strrchr(part, '/');
		if (errno != ENOENT || !slash)
			return -errno;
		if (slash == part)
			slash++;
		*slash = '\0';
	}
	return (unsigned long)fs.f_type == BPF_FS_MAGIC;
}

int pin_open(const char *path, struct err *e)
{
	int fd = bpf_obj_get(path);

	if (fd >= 0)
		return fd;
	if (fd == -ENOENT && !pin_is_on_bpffs(path))
		return err_set(e, ENOENT,
			       "%s is not there, because no BPF file system is "
			       "mounted: `mount -t bpf bpf /sys/fs/bpf`, then "
			       "`fairlead-loader load` or start fairlead-agent",
			       path);
	if (fd == -ENOENT)
		return err_set(e, ENOENT,
			       "%s is not there: is Fairlead loaded? Run "
			       "`fairlead-loader load` or start fairlead-agent",
			       path);
	if (fd == -EPERM || fd == -EACCES)
		return err_sys(e, -fd, "open %s (needs root)", path);
	return err_sys(e, -fd, "open %s", path);
}

int pin_replace(int fd, const char *path, struct err *e)
{
	char next[PIN_PATH_MAX + 8];
	int r = bpf_obj_pin(fd, path);

	if (r != -EEXIST)
		return r ? err_sys(e, -r, "pin %s", path) : 0;
	snprintf(next, sizeof(next), "%s-next", path);
	unlink(next);
	r = bpf_obj_pin(fd, next);
	if (r)
		return err_sys(e, -r, "pin %s", next);
	if (rename(next, path)) {
		r = errno;
		unlink(next);
		return err_sys(e, r, "rename %s to %s", next, path);
	}
	return 0;
}

struct removal {
	const char *dir;
	struct err *e;
};

static int remove_below(const char *name, void *arg)
{
	struct removal *r = arg;
	char path[PIN_PATH_MAX];

	if (snprintf(path, sizeof(path), "%s/%s", r->dir, name) >=
	    (int)sizeof(path))
		return err_set(r->e, ENAMETOOLONG, "%s/%s is too long a path",
			       r->dir, name);
	return pin_remove(path, r->e);
}

int pin_remove(const char *path, struct err *e)
{
	struct removal removal = {.dir = path, .e = e};
	int r, tries = 10;

	if (!unlink(path) || errno == ENOENT)
		return 0;
	if (errno != EISDIR && errno != EPERM)
		return err_sys(e, errno, "remove %s", path);
	do { /* who waits for a lock makes its directory again */
		r = pin_each(path, remove_below, &removal, e);
		if (r)
			return r;
		if (!rmdir(path) || errno == ENOENT)
			return 0;
	} while (errno == ENOTEMPTY && --tries);
	return err_sys(e, errno, "remove %s", path);
}

int pin_each(const char *dir, int (*fn)(const char *name, void *arg), void *arg,
	     struct err *e)
{
	__cleanup(dir_close) DIR *d = opendir(dir);
	struct dirent *ent;
	int r;

	if (!d && errno == ENOENT)
		return 0;
	if (!d)
		return err_sys(e, errno, "open %s", dir);
	while (errno = 0, (ent = readdir(d))) {
		if (!strcmp(ent->d_name, ".") || !strcmp(ent->d_name, ".."))
			continue;
		r = fn(ent->d_name, arg);
		if (r)
			return r;
	}
	return errno ? err_sys(e, errno, "read %s", dir) : 0;
}
