/* SPDX-License-Identifier: Apache-2.0 */
#include "state.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "cleanup.h"

static int write_all(int fd, const char *data, size_t len)
{
	ssize_t n;

	while (len) {
		n = write(fd, data, len);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		data += n;
		len -= (size_t)n;
	}
	return 0;
}

/* A temporary file in the directory of `path`, written and closed. */
static int write_temporary(const char *path, const char *data, size_t len,
			   unsigned int mode, char *temp, size_t size,
			   struct err *e)
{
	const char *slash = strrchr(path, '/');
	int dir_len = slash ? (int)(slash - path) + 1 : 0;
	__cleanup(fd_close) int fd = -1;
	int ret;

	if ((size_t)snprintf(temp, size, "%.*s" FILE_TEMP_PREFIX "XXXXXX",
			     dir_len, path) >= size)
		return err_sys(e, ENAMETOOLONG, "write %s", path);
	fd = mkostemp(temp, O_CLOEXEC);
	if (fd < 0)
		return err_sys(e, errno, "create a file beside %s", path);
	ret = write_all(fd, data, len);
	if (!ret && fchmod(fd, mode))
		ret = -errno;
	if (close(take_fd(&fd)) && !ret)
		ret = -errno;
	if (ret) {
		unlink(temp);
		return err_sys(e, -ret, "write %s", path);
	}
	return 0;
}

int file_write_atomic(const char *path, const char *data, size_t len,
		      unsigned int mode, struct err *e)
{
	char temp[4096];
	int ret, code;

	ret = write_temporary(path, data, len, mode, temp, sizeof(temp), e);
	if (ret)
		return ret;
	if (rename(temp, path)) {
		code = errno;
		unlink(temp);
		return err_sys(e, code, "rename to %s", path);
	}
	return 0;
}

int file_create_atomic(const char *path, const char *data, size_t len,
		       unsigned int mode, struct err *e)
{
	char temp[4096];
	int ret;

	ret = write_temporary(path, data, len, mode, temp, sizeof(temp), e);
	if (ret)
		return ret;
	ret = link(temp, path) ? errno : 0;
	unlink(temp);
	if (ret)
		return err_sys(e, ret, "create %s", path);
	return 0;
}

static int read_all(int fd, const char *path, size_t max, char **data,
		    size_t *len, struct err *e)
{
	__cleanup(mem_free) char *text = NULL;
	size_t have = 0, room = 0;
	char *bigger;
	ssize_t n;

	for (;;) {
		if (have + 1 >= room) {
			room = room ? room * 2 : 4096;
			bigger = realloc(text, room);
			if (!bigger)
				return err_sys(e, ENOMEM, "read %s", path);
			text = bigger;
		}
		n = read(fd, text + have, room - 1 - have);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return err_sys(e, errno, "read %s", path);
		if (n == 0)
			break;
		have += (size_t)n;
		if (have > max)
			return err_set(e, EFBIG, "%s is larger than %zu bytes",
				       path, max);
	}
	text[have] = '\0';
	*data = take_ptr(text);
	if (len)
		*len = have;
	return 0;
}

bool file_is_out_of_reach(int ret)
{
	switch (ret) {
	case 0:
	case -ENOENT:
	case -ENOTDIR:
	case -EISDIR:
	case -ELOOP:
	case -EINVAL:
	case -EFBIG:
		return false;
	default:
		return true;
	}
}

int file_read(const char *path, size_t max, char **data, size_t *len,
	      struct err *e)
{
	__cleanup(fd_close) int fd =
		open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	struct stat st;

	if (fd < 0 || fstat(fd, &st))
		return err_sys(e, errno, "open %s", path);
	if (S_ISFIFO(st.st_mode))
		return err_set(e, EINVAL, "%s is a pipe, not a file", path);
	return read_all(fd, path, max, data, len, e);
}

/* Is it ours, or root's, and nobody else's to write? */
static int check_owner(const struct stat *st, const char *path, int code,
		       struct err *e)
{
	if (st->st_uid != 0 && st->st_uid != geteuid())
		return err_set(e, code, "%s belongs to user %u: not trusted",
			       path, st->st_uid);
	if (st->st_mode & (S_IWGRP | S_IWOTH))
		return err_set(e, code,
			       "%s can be written by others (mode %03o): not "
			       "trusted",
			       path, st->st_mode & 0777);
	return 0;
}

int state_file_read(const char *path, size_t max, char **data, size_t *len,
		    struct err *e)
{
	__cleanup(fd_close) int fd =
		open(path,
		     O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY);
	struct stat st;
	int ret;

	if (fd < 0 && errno == ELOOP)
		return err_set(e, ELOOP, "%s is a symbolic link: not trusted",
			       path);
	if (fd < 0 || fstat(fd, &st))
		return err_sys(e, errno, "open %s", path);
	if (!S_ISREG(st.st_mode))
		return err_set(e, EINVAL, "%s is no file: not trusted", path);
	ret = check_owner(&st, path, EINVAL, e);
	return ret ? ret : read_all(fd, path, max, data, len, e);
}

int state_dir_check(const char *path, struct err *e)
{
	struct stat st;

	if (stat(path, &st))
		return errno == ENOENT ? 0 : err_sys(e, errno, "%s", path);
	if (!S_ISDIR(st.st_mode))
		return err_set(e, ENOTDIR, "%s is no directory", path);
	return check_owner(&st, path, EPERM, e);
}

int state_dir_check_writable(const char *state_dir, struct err *e)
{
	struct statvfs st;

	if (statvfs(state_dir, &st))
		return err_sys(e, errno, "state-dir %s", state_dir);
	if (st.f_flag & ST_RDONLY)
		return err_set(e, EROFS,
			       "state-dir %s is read-only: no pod can be added "
			       "or deleted until it is mounted for writing",
			       state_dir);
	if ((st.f_blocks && !st.f_bavail) || (st.f_files && !st.f_favail))
		return err_set(
			e, ENOSPC,
			"state-dir %s is full: no pod can be added until "
			"there is room",
			state_dir);
	return 0;
}

static int make(const char *path, mode_t mode, struct err *e)
{
	char partial[4096];
	size_t len = strlen(path);
	char *slash;

	if (!len || len >= sizeof(partial))
		return err_sys(e, ENAMETOOLONG, "make directory %s", path);
	/* Mostly it is there: one system call. */
	if (!mkdir(path, mode) || errno == EEXIST)
		return 0;
	strcpy(partial, path);
	for (slash = partial + 1; (slash = strchr(slash, '/')); slash++) {
		*slash = '\0';
		if (mkdir(partial, 0755) && errno != EEXIST)
			return err_sys(e, errno, "make directory %s", partial);
		*slash = '/';
	}
	if (mkdir(path, mode) && errno != EEXIST)
		return err_sys(e, errno, "make directory %s", path);
	return 0;
}

int dir_make(const char *path, struct err *e)
{
	return make(path, 0755, e);
}

int state_dir_make(const char *path, struct err *e)
{
	return make(path, 0700, e);
}
