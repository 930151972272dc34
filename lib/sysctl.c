/* SPDX-License-Identifier: Apache-2.0 */
#include "link.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#include "cleanup.h"

/* Is it so already? Then a read-only /proc/sys, as containers have it, is no
 * obstacle. */
static bool has_value(const char *file, const char *value)
{
	__cleanup(fd_close) int fd = open(file, O_RDONLY | O_CLOEXEC);
	char now[64];
	ssize_t n = fd < 0 ? -1 : read(fd, now, sizeof(now) - 1);

	if (n < 0)
		return false;
	now[n] = '\0';
	now[strcspn(now, "\n")] = '\0';
	return !strcmp(now, value);
}

static int value_write(const char *file, const char *value)
{
	__cleanup(fd_close) int fd = open(file, O_WRONLY | O_CLOEXEC);
	size_t len = strlen(value);

	if (fd < 0 || write(fd, value, len) != (ssize_t)len)
		return -errno;
	return 0;
}

/* A container's /proc/sys is read-only, whatever it may do; the DaemonSet
 * mounts the host's once more where it can be written. It still shows the
 * namespace of whoever looks. */
static int write_anywhere(const char *path, const char *value)
{
	char file[256];
	int ret;

	snprintf(file, sizeof(file), "/proc/sys/%s", path);
	ret = value_write(file, value);
	if (!ret || has_value(file, value))
		return 0;
	snprintf(file, sizeof(file), "/host/proc/sys/%s", path);
	return ret != -EROFS || value_write(file, value) ? ret : 0;
}

int sysctl_write(const char *path, const char *value, struct err *e)
{
	int ret;

	if (strstr(path, "..") || strlen(path) > 200)
		return err_set(e, EINVAL, "sysctl %s: no such name", path);
	ret = write_anywhere(path, value);
	return ret ? err_sys(e, -ret, "set /proc/sys/%s to %s", path, value)
		   : 0;
}
